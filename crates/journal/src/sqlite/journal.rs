//! [`SqliteJournal`]: the operations, each handed to the writer or to a reader.

mod keep;
mod read;
mod turning;
mod write;

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};

use uuid::Uuid;

use super::checkpoint::Checkpoints;
use super::presence::{self, Presence};
use super::queue::{Kind, Message, Queue};
use super::reader::Readers;
use super::{meta, open};
use crate::health::Health;
use crate::lock::Lock;
use crate::options::Options;

use super::tx::{Numbers, Tx};
use super::writer::Writer;
use crate::api::{BoxFuture, Observer};
use crate::carry;
use crate::damage::{Damage, noting};
use crate::error::Error;
use crate::life::Life;
use crate::seal::Seal;

/// The journal on SQLite, see [`crate::Journal`].
pub(crate) struct SqliteJournal {
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
    /// See [`crate::open`].
    pub(crate) fn open(folder: &Path, options: Options, observer: Observer) -> Result<Self, Error> {
        let Options { keys, expected, wal_bound, .. } = options;
        expected.map_or(Ok(()), |expected| presence::require(folder, expected))?;
        crate::folder::private(folder)?;
        let lock = Lock::take(folder)?;
        let database = open::database(folder);
        open::private_file(&database)?;
        let mut conn = open::connect(&database, open::Role::Writer)?;
        let (id, seal) = open::prepare(&mut conn, folder, &keys)?;
        open::refuse_moved(&conn, folder)?;
        // What is worked on from here on has to be carried anew.
        meta::remove(&conn, carry::MOVING)?;
        crate::folder::sync(folder)?;
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
