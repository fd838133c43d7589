//! Reads: handed to a reader.

use jiff::Timestamp;
use model::{
    CauseId, Class, Delivery, DeliveryTo, Entity, EntityKey, Event, EventsCursor, Job, JobId, Name,
    OutboxPlace, Record, Seq, Step, Subject,
};
use uuid::Uuid;

use super::SqliteJournal;
use crate::api::{
    Answer, AttemptOutput, BoxFuture, CauseTally, Count, DeadTally, DeliveryFilter, Due, EntityFilter,
    EntityPage, Filter, Listing, Naming, OpenAttempt, Page, Prepared, Read, RecordBody, RecordFilter, Tally,
    Whose,
};
use crate::damage::Damaged;
use crate::error::Error;
use crate::life::Life;
use crate::sqlite::queue::Kind;
use crate::sqlite::{dead, entity, job, list, name, outbox, record, row};

impl Read for SqliteJournal {
    fn id(&self) -> Uuid {
        self.id
    }

    fn life(&self) -> &Life {
        &self.life
    }

    fn owns(&self, _: JobId, _: Option<&Subject>) -> bool {
        true
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
        self.read(move |conn| row::job_by_id(conn, job))
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

    fn count(
        &self,
        filter: Filter,
        before: Option<Seq>,
        at_most: u32,
    ) -> BoxFuture<'_, Result<Count, Error>> {
        self.read(move |conn| list::count(conn, &filter, before, at_most))
    }

    fn newest(&self) -> BoxFuture<'_, Result<Option<Seq>, Error>> {
        self.read(list::newest)
    }

    fn names(&self, subjects: Vec<Subject>) -> BoxFuture<'_, Result<Vec<(Subject, Name)>, Error>> {
        self.read(move |conn| name::of(conn, &subjects))
    }

    fn named(&self, naming: Naming, at_most: usize) -> BoxFuture<'_, Result<Vec<(Subject, Name)>, Error>> {
        self.read(move |conn| name::find(conn, &naming, at_most))
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

    fn dead_letters(&self) -> BoxFuture<'_, Result<DeadTally, Error>> {
        self.read(dead::tally)
    }

    fn causes(&self, backend: Option<String>, limit: usize) -> BoxFuture<'_, Result<Vec<CauseTally>, Error>> {
        self.read(move |conn| dead::causes(conn, backend.as_deref(), limit))
    }

    fn cause(&self, id: CauseId) -> BoxFuture<'_, Result<Option<CauseTally>, Error>> {
        self.read(move |conn| dead::one(conn, id))
    }

    fn tallies(&self) -> BoxFuture<'_, Result<Vec<Tally>, Error>> {
        self.read(job::tallies)
    }

    fn deliveries(
        &self,
        courier: Option<String>,
        after: OutboxPlace,
        limit: usize,
    ) -> BoxFuture<'_, Result<Listing<Delivery, OutboxPlace>, Error>> {
        self.sift(move |conn, seal, sieve| {
            outbox::pending(conn, seal, sieve, courier.as_deref(), after, limit)
        })
    }

    fn line(
        &self,
        to: DeliveryTo,
        after: OutboxPlace,
        limit: usize,
    ) -> BoxFuture<'_, Result<Listing<Delivery, OutboxPlace>, Error>> {
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
