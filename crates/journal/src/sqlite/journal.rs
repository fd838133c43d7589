//! [`SqliteJournal`]: the operations, each handed to the writer or to a reader.

mod turning;

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use jiff::Timestamp;
use model::{
    Class, Code, Delivery, DeliveryId, DeliveryTo, Entity, EntityKey, Event, EventKind, EventsCursor, Job,
    JobId, Record, Step,
};
use tokio::sync::oneshot;
use uuid::Uuid;

use super::checkpoint::Checkpoints;
use super::health::Health;
use super::lock::Lock;
use super::options::Options;
use super::presence::{self, Presence};
use super::queue::{Kind, Message, Queue};
use super::reader::Readers;
use super::sift::noting;
use super::tx::{Numbers, Tx};
use super::writer::Writer;
use super::{accept, backup, bury, change, effects, entity, job, list, open, operate, outbox, record};
use crate::address::Address;
use crate::api::{
    Acceptance, Answer, AttemptOutput, BoxFuture, Count, DeliveryFilter, Due, EntityFilter, EntityPage,
    Filter, Keep, Listing, Observer, OpenAttempt, Page, Prepared, Read, RecordBody, RecordFilter, Renewal,
    Tally, Whose, Write,
};
use crate::change::{Change, EffectSet, Fate, Mark, NewJob, NewRecord, Over, Pruned, Retention};
use crate::damage::{Burial, Damage, Damaged};
use crate::error::Error;
use crate::key::Key;
use crate::life::Life;
use crate::seal::Seal;
use crate::sealed::{SealedChange, SealedEffects, SealedJob, SealedRecord};

/// The journal on SQLite, see [`crate::Journal`].
pub(super) struct SqliteJournal {
    id: Uuid,
    life: Life,
    pub(super) seal: Arc<Seal>,
    /// One change of key at a time, and one step of sealing anew.
    turning: Arc<tokio::sync::Mutex<()>>,
    queue: Queue,
    pub(super) readers: Readers,
    health: Arc<Health>,
    presence: Arc<Presence>,
    pub(super) damage: Arc<Damage>,
    writer: Arc<Mutex<Option<JoinHandle<()>>>>,
}

impl SqliteJournal {
    /// See [`super::open`].
    pub(super) fn open(options: Options, observer: Observer) -> Result<Self, Error> {
        let Options { at: Address::Folder(folder), keys, expected, wal_bound } = options;
        expected.map_or(Ok(()), |expected| presence::require(&folder, expected))?;
        open::private_folder(&folder)?;
        let lock = Lock::take(&folder)?;
        let database = open::database(&folder);
        open::private_file(&database)?;
        let mut conn = open::connect(&database, open::Role::Writer)?;
        let (id, seal) = open::prepare(&mut conn, &folder, &keys)?;
        open::sync_folder(&folder)?;
        conn.pragma_update(None, "journal_size_limit", i64::try_from(wal_bound).unwrap_or(i64::MAX))?;
        let checkpoints = Checkpoints::start(&database, wal_bound)?;
        let log = Arc::clone(&checkpoints);
        conn.wal_hook(Some(move |_: &mut _, pages| {
            log.committed(u64::try_from(pages).unwrap_or_default());
            Ok(())
        }))?;
        let readers = Readers::open(&database, &checkpoints)?;
        let (queue, receiver) = Queue::new();
        let (health, damage) = (Arc::<Health>::default(), Arc::<Damage>::default());
        let observer = noting(observer, Arc::clone(&damage));
        let presence = Arc::new(Presence::of(&database)?);
        let (of_writer, present) = (Arc::clone(&health), Arc::clone(&presence));
        let life = Life::begin(lock.seat()?)?;
        let writer = Writer {
            numbers: Numbers::load(&conn)?,
            life: life.number(),
            observer,
            checkpoints,
            receiver,
            closing: false,
            health: of_writer,
            presence: present,
            _lock: lock,
        };
        let thread = thread::Builder::new()
            .name("journal-writer".to_owned())
            .spawn(move || writer.run(conn))
            .map_err(Error::io("starting the writer of", &database))?;
        let writer = Arc::new(Mutex::new(Some(thread)));
        let (seal, turning) = (Arc::new(seal), Arc::default());
        Ok(SqliteJournal { id, life, seal, turning, queue, readers, health, presence, damage, writer })
    }

    /// Queues a write at once; the future only waits for its answer.
    pub(super) fn write<T, W>(&self, kind: Kind, bytes: usize, work: W) -> BoxFuture<'_, Result<T, Error>>
    where
        T: Send + 'static,
        W: Fn(&mut Tx<'_>) -> Result<T, Error> + Send + 'static,
    {
        let outcome = self.queue.write(kind, bytes, work);
        Box::pin(async { outcome.await.unwrap_or(Err(Error::Closed)) })
    }
}

fn failed<'a, T: Send + 'a>(error: Error) -> BoxFuture<'a, Result<T, Error>> {
    Box::pin(async { Err(error) })
}

/// Waits until the writer has written what is queued and has closed its connection.
fn join(writer: &Mutex<Option<JoinHandle<()>>>) {
    let thread = writer.lock().unwrap_or_else(PoisonError::into_inner).take();
    if let Some(thread) = thread
        // The observer may hold the last handle.
        && thread.thread().id() != thread::current().id()
        && thread.join().is_err()
    {
        tracing::error!("the journal's writer has panicked");
    }
}

impl Drop for SqliteJournal {
    fn drop(&mut self) {
        self.queue.send(Message::Close);
        join(&self.writer);
    }
}

impl Write for SqliteJournal {
    fn accept(&self, job: NewJob, effects: EffectSet) -> BoxFuture<'_, Result<Acceptance, Error>> {
        let sealed = SealedJob::new(&self.seal, job)
            .and_then(|job| Ok((job, SealedEffects::new(&self.seal, effects)?)));
        match sealed {
            Err(error) => failed(error),
            Ok((job, effects)) => self.write(Kind::Accept, job.bytes() + effects.bytes(), move |tx| {
                accept::accept(tx, &job, &effects)
            }),
        }
    }

    fn record(&self, record: NewRecord) -> BoxFuture<'_, Result<i64, Error>> {
        match SealedRecord::new(&self.seal, record) {
            Err(error) => failed(error),
            Ok(sealed) => self.write(Kind::Other, sealed.body.len(), move |tx| record::append(tx, &sealed)),
        }
    }

    fn change(&self, change: Change) -> BoxFuture<'_, Result<(), Error>> {
        let settles = change.ended.is_some() || change.to.state.is_terminal();
        let kind = match change.started {
            _ if settles => Kind::Settle,
            Some(_) => Kind::Start,
            None => Kind::Other,
        };
        match SealedChange::new(&self.seal, change) {
            Err(error) => failed(error),
            Ok(sealed) => self.write(kind, sealed.bytes(), move |tx| change::change(tx, &sealed)),
        }
    }

    fn ask_cancel(&self, job: JobId, by: String, effects: EffectSet) -> BoxFuture<'_, Result<(), Error>> {
        match SealedEffects::new(&self.seal, effects) {
            Err(error) => failed(error),
            Ok(effects) => self
                .write(Kind::Other, effects.bytes(), move |tx| operate::ask_cancel(tx, job, &by, &effects)),
        }
    }

    fn hurry(&self, job: JobId, at: Timestamp, effects: EffectSet) -> BoxFuture<'_, Result<(), Error>> {
        match SealedEffects::new(&self.seal, effects) {
            Err(error) => failed(error),
            Ok(effects) => {
                self.write(Kind::Other, effects.bytes(), move |tx| operate::hurry(tx, job, at, &effects))
            }
        }
    }

    fn apply(
        &self,
        effects: EffectSet,
        event: Option<(EventKind, String)>,
        at: Timestamp,
    ) -> BoxFuture<'_, Result<(), Error>> {
        match SealedEffects::new(&self.seal, effects) {
            Err(error) => failed(error),
            Ok(effects) => self.write(Kind::Other, effects.bytes(), move |tx| {
                effects::write(tx, &effects, None)?;
                if let Some((kind, name)) = &event {
                    tx.event(at, *kind, None, (None, None), Some(Code(name.clone().into())));
                }
                Ok(())
            }),
        }
    }

    fn settle_dead(
        &self,
        deliveries: Vec<DeliveryId>,
        fate: Fate,
        effects: EffectSet,
        at: Timestamp,
    ) -> BoxFuture<'_, Result<u64, Error>> {
        match SealedEffects::new(&self.seal, effects) {
            Err(error) => failed(error),
            Ok(effects) => self.write(Kind::Other, effects.bytes(), move |tx| {
                outbox::settle_dead(tx, &deliveries, fate, &effects, at)
            }),
        }
    }

    fn give_up(&self, over: Over, at: Timestamp) -> BoxFuture<'_, Result<u64, Error>> {
        self.write(Kind::Other, 0, move |tx| outbox::give_up(tx, &over, at))
    }

    fn bound_lines(&self, most: u64, at: Timestamp) -> BoxFuture<'_, Result<u64, Error>> {
        self.write(Kind::Other, 0, move |tx| outbox::bound_lines(tx, most, at))
    }

    fn mark(&self, delivery: DeliveryId, mark: Mark, at: Timestamp) -> BoxFuture<'_, Result<(), Error>> {
        self.write(Kind::Mark, 0, move |tx| outbox::mark(tx, delivery, &mark, at))
    }

    fn bury(&self, burial: Burial) -> BoxFuture<'_, Result<bool, Error>> {
        self.write(Kind::Other, 0, move |tx| bury::bury(tx, &burial))
    }

    fn erase(&self, entity: EntityKey, effects: EffectSet) -> BoxFuture<'_, Result<bool, Error>> {
        let effects = match SealedEffects::new(&self.seal, effects) {
            Err(error) => return failed(error),
            Ok(effects) => effects,
        };
        self.write(Kind::Other, effects.bytes(), move |tx| effects::erase(tx, &entity, &effects))
    }
}

impl Read for SqliteJournal {
    fn id(&self) -> Uuid {
        self.id
    }

    fn life(&self) -> &Life {
        &self.life
    }

    fn damaged(&self) -> Vec<Damaged> {
        self.damage.all()
    }

    fn due(&self, lane: String, class: Class, limit: usize) -> BoxFuture<'_, Result<Listing<Due>, Error>> {
        self.sift(move |conn, _, sieve| job::due(conn, sieve, &lane, class, limit))
    }

    fn lanes(&self) -> BoxFuture<'_, Result<Vec<String>, Error>> {
        self.sift(|conn, _, sieve| job::lanes(conn, sieve))
    }

    fn lane(&self, lane: String, after: Timestamp, limit: usize) -> BoxFuture<'_, Result<Vec<Job>, Error>> {
        self.sift(move |conn, _, sieve| job::lane(conn, sieve, &lane, after, limit))
    }

    fn lane_size(&self, lane: String) -> BoxFuture<'_, Result<(u64, Option<Timestamp>), Error>> {
        self.read(move |conn| job::lane_size(conn, &lane))
    }

    fn expired(&self, at: Timestamp, limit: usize) -> BoxFuture<'_, Result<Vec<Job>, Error>> {
        self.sift(move |conn, _, sieve| job::expired(conn, sieve, at, limit))
    }

    fn next_deadline(&self) -> BoxFuture<'_, Result<Option<Timestamp>, Error>> {
        self.read(job::next_deadline)
    }

    fn prepare(&self, job: JobId) -> BoxFuture<'_, Result<Option<Prepared>, Error>> {
        self.sift(move |conn, seal, sieve| job::prepare(conn, seal, sieve, job))
    }

    fn open_attempts(&self, of: Whose) -> BoxFuture<'_, Result<Vec<OpenAttempt>, Error>> {
        let us = self.life.number();
        self.sift(move |conn, _, sieve| job::open_attempts(conn, sieve, of, us))
    }

    fn job(&self, job: JobId) -> BoxFuture<'_, Result<Option<Job>, Error>> {
        self.read(move |conn| super::row::job_by_id(conn, job))
    }

    fn steps(&self, job: JobId) -> BoxFuture<'_, Result<Vec<Step>, Error>> {
        self.sift(move |conn, _, sieve| job::steps(conn, sieve, job))
    }

    fn attempts(&self, job: JobId) -> BoxFuture<'_, Result<Vec<AttemptOutput>, Error>> {
        self.sift(move |conn, seal, sieve| job::attempts(conn, seal, sieve, job))
    }

    fn deliveries_of(&self, job: JobId) -> BoxFuture<'_, Result<Vec<Delivery>, Error>> {
        self.sift(move |conn, seal, sieve| outbox::of_job(conn, seal, sieve, job))
    }

    fn jobs(&self, filter: Filter, page: Page) -> BoxFuture<'_, Result<Listing<Job>, Error>> {
        self.sift(move |conn, _, sieve| list::jobs(conn, sieve, &filter, page))
    }

    fn count(&self, filter: Filter, at_most: u32) -> BoxFuture<'_, Result<Count, Error>> {
        self.read(move |conn| list::count(conn, &filter, at_most))
    }

    fn before(&self, job: JobId) -> BoxFuture<'_, Result<Option<Job>, Error>> {
        self.read(move |conn| job::before(conn, job))
    }

    fn deadline_behind(&self, job: JobId) -> BoxFuture<'_, Result<Option<Timestamp>, Error>> {
        self.read(move |conn| job::deadline_behind(conn, job))
    }

    fn later_success(&self, job: JobId) -> BoxFuture<'_, Result<Option<Job>, Error>> {
        self.read(move |conn| job::later_success(conn, job))
    }

    fn tallies(&self) -> BoxFuture<'_, Result<Vec<Tally>, Error>> {
        self.read(job::tallies)
    }

    fn deliveries(
        &self,
        courier: Option<String>,
        after: i64,
        limit: usize,
    ) -> BoxFuture<'_, Result<Listing<Delivery>, Error>> {
        self.sift(move |conn, seal, sieve| {
            outbox::pending(conn, seal, sieve, courier.as_deref(), after, limit)
        })
    }

    fn line(
        &self,
        to: DeliveryTo,
        after: i64,
        limit: usize,
    ) -> BoxFuture<'_, Result<Listing<Delivery>, Error>> {
        self.sift(move |conn, seal, sieve| outbox::line(conn, seal, sieve, &to, after, limit))
    }

    fn outbox(
        &self,
        filter: DeliveryFilter,
        before: Option<i64>,
        limit: usize,
    ) -> BoxFuture<'_, Result<Listing<Delivery>, Error>> {
        self.sift(move |conn, seal, sieve| outbox::list(conn, seal, sieve, &filter, before, limit))
    }

    fn answer(&self, job: JobId) -> BoxFuture<'_, Result<Option<Answer>, Error>> {
        self.sift(move |conn, seal, sieve| job::answer(conn, seal, sieve, job))
    }

    fn entity(&self, key: EntityKey) -> BoxFuture<'_, Result<Option<Entity>, Error>> {
        self.sift(move |conn, seal, sieve| entity::get(conn, seal, sieve, &key))
    }

    fn entities(
        &self,
        kind: String,
        after: Option<String>,
        limit: usize,
    ) -> BoxFuture<'_, Result<EntityPage, Error>> {
        self.sift(move |conn, seal, sieve| entity::list(conn, seal, sieve, &kind, after.as_deref(), limit))
    }

    fn find_entities(
        &self,
        filter: EntityFilter,
        after: Option<String>,
        limit: usize,
    ) -> BoxFuture<'_, Result<EntityPage, Error>> {
        self.sift(move |conn, seal, sieve| entity::find(conn, seal, sieve, &filter, after.as_deref(), limit))
    }

    fn entity_tallies(&self, kind: String) -> BoxFuture<'_, Result<Vec<(String, u64)>, Error>> {
        self.read(move |conn| entity::tallies(conn, &kind))
    }

    fn records(
        &self,
        filter: RecordFilter,
        before: Option<i64>,
        limit: usize,
    ) -> BoxFuture<'_, Result<Listing<Record>, Error>> {
        self.sift(move |conn, _, sieve| record::list(conn, sieve, &filter, before, limit))
    }

    fn refusals(&self, after: i64, limit: usize) -> BoxFuture<'_, Result<Vec<Record>, Error>> {
        self.sift(move |conn, _, sieve| record::refusals(conn, sieve, after, limit))
    }

    fn record_body(&self, seq: i64) -> BoxFuture<'_, Result<Option<RecordBody>, Error>> {
        self.unseal(move |conn, seal| record::get(conn, seal, seq))
    }

    fn events(
        &self,
        after: EventsCursor,
        limit: usize,
    ) -> BoxFuture<'_, Result<Listing<Event, EventsCursor>, Error>> {
        self.sift(move |conn, _, sieve| record::events(conn, sieve, &after, limit))
    }

    fn last_event(&self) -> BoxFuture<'_, Result<EventsCursor, Error>> {
        self.read(record::last_event)
    }

    fn writable(&self) -> BoxFuture<'_, Result<(), Error>> {
        Box::pin(async {
            if let Err(why) = self.presence.check() {
                self.health.failed(&why);
            }
            if self.health.trouble().is_none() {
                return Ok(());
            }
            let touch = "UPDATE meta SET value = value WHERE name = 'id'";
            self.write(Kind::Other, 0, move |tx| {
                tx.sql.execute(touch, [])?;
                Ok(())
            })
            .await?;
            self.health.trouble().map_or(Ok(()), |why| Err(Error::Unwritable(why)))
        })
    }
}

impl Keep for SqliteJournal {
    fn prune(&self, retention: Retention, at: Timestamp) -> BoxFuture<'_, Result<Pruned, Error>> {
        Box::pin(self.prune_in_steps(retention, at))
    }

    fn set_back(&self, now: Timestamp, keep_secrets: Duration) -> BoxFuture<'_, Result<u64, Error>> {
        Box::pin(self.set_back_in_steps(now, keep_secrets))
    }

    fn amend_refusal(&self, seq: i64, refusal: NewRecord) -> BoxFuture<'_, Result<(), Error>> {
        match SealedRecord::new(&self.seal, refusal) {
            Err(error) => failed(error),
            Ok(sealed) => {
                self.write(Kind::Other, sealed.body.len(), move |tx| record::amend(tx, seq, &sealed))
            }
        }
    }

    fn turn(&self, key: Key) -> BoxFuture<'_, Result<bool, Error>> {
        self.turn_to(key)
    }

    fn renew(&self) -> BoxFuture<'_, Result<Renewal, Error>> {
        Box::pin(self.renew_some())
    }

    fn check(&self) -> BoxFuture<'_, Result<Vec<String>, Error>> {
        Box::pin(self.check_in_steps())
    }

    fn backup(&self, to: PathBuf) -> BoxFuture<'_, Result<(), Error>> {
        let (answer, outcome) = oneshot::channel();
        self.queue.send(Message::Backup(backup::Request { to, answer }));
        Box::pin(async { outcome.await.unwrap_or(Err(Error::Closed)) })
    }

    fn close(&self) -> BoxFuture<'_, ()> {
        self.queue.send(Message::Close);
        let writer = Arc::clone(&self.writer);
        Box::pin(async move {
            self.readers.close().await;
            if let Err(error) = tokio::task::spawn_blocking(move || join(&writer)).await {
                tracing::error!(%error, "closing the journal");
            }
        })
    }
}
