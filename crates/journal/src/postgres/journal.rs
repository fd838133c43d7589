//! [`PostgresJournal`]: the operations, each handed to the writer or carried out on a reader's session. One thread with a
//! runtime of its own carries on all connections and the writer.

use std::sync::mpsc as channel;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};

use tokio::runtime::{Builder, Handle};
use tokio::sync::oneshot;
use uuid::Uuid;

use super::database::Database;
use super::open::{self, Ready};
use super::queue::{Message, Queue};
use super::reader::{Readers, Reading};
use super::session::Session;
use super::tx::Tx;
use super::writer::Writer;
use crate::address::Address;
use crate::api::{BoxFuture, Observer};
use crate::damage::{Damage, noting};
use crate::error::Error;
use crate::folder;
use crate::health::Health;
use crate::life::Life;
use crate::lock::Lock;
use crate::options::Options;
use crate::seal::Seal;

/// The journal on PostgreSQL, see [`crate::Journal`].
pub(crate) struct PostgresJournal {
    pub(super) id: Uuid,
    pub(super) life: Life,
    pub(super) seal: Arc<Seal>,
    /// One change of key at a time, and one step of sealing anew.
    pub(super) turning: Arc<tokio::sync::Mutex<()>>,
    pub(super) queue: Queue,
    pub(super) readers: Arc<Readers>,
    pub(super) health: Arc<Health>,
    pub(super) damage: Arc<Damage>,
    engine: Arc<Mutex<Option<JoinHandle<()>>>>,
}

impl PostgresJournal {
    /// See [`crate::open`].
    pub(crate) fn open(database: Database, options: Options, observer: Observer) -> Result<Self, Error> {
        folder::private(database.folder())?;
        let lock = Lock::take(database.folder())?;
        let life = Life::begin(lock.seat()?)?;
        let (queue, receiver) = Queue::new();
        let (health, damage) = (Arc::<Health>::default(), Arc::<Damage>::default());
        let observer = noting(observer, Arc::clone(&damage));
        let (tell, hear) = channel::channel();
        let (of_writer, our_life) = (Arc::clone(&health), life.clone());
        let start = async move {
            let at = Address::from(database.clone());
            let session = Session::open(&database).await?;
            let ready = open::prepare(&session, &at, &options.keys, options.expected, &our_life).await?;
            let Ready { id, seal, pen, numbers } = ready;
            let readers = Arc::new(Readers::new(database.clone(), Handle::current()));
            let life = our_life.number();
            let writer = Writer {
                database,
                session: Some(session),
                pen,
                numbers,
                life,
                observer,
                receiver,
                health: of_writer,
                over: None,
                closing: false,
                _lock: lock,
            };
            Ok((writer, (id, seal, readers)))
        };
        let failed = |source| Error::Io { what: "starting the writer of the journal".to_owned(), source };
        let engine = thread::Builder::new()
            .name("journal-writer".to_owned())
            .spawn(move || {
                let runtime = match Builder::new_current_thread().enable_all().build() {
                    Ok(runtime) => runtime,
                    Err(error) => return drop(tell.send(Err(failed(error)))),
                };
                runtime.block_on(async {
                    match start.await {
                        Err(error) => drop(tell.send(Err(error))),
                        Ok((writer, opened)) => {
                            if tell.send(Ok(opened)).is_ok() {
                                writer.run().await;
                            }
                        }
                    }
                });
            })
            .map_err(failed)?;
        let engine = Arc::new(Mutex::new(Some(engine)));
        let (id, seal, readers) = match hear.recv().unwrap_or(Err(Error::Closed)) {
            Ok(opened) => opened,
            Err(error) => {
                // The lock is free, and its thread gone, when it has been said that it was not opened.
                join(&engine);
                return Err(error);
            }
        };
        let (seal, turning) = (Arc::new(seal), Arc::default());
        Ok(PostgresJournal { id, life, seal, turning, queue, readers, health, damage, engine })
    }

    /// One that only reads, beside whoever writes.
    pub(super) fn beside(id: Uuid, seal: Seal, readers: Readers) -> Result<Self, Error> {
        let (queue, _) = Queue::new();
        Ok(PostgresJournal {
            id,
            life: Life::begin(String::new())?,
            seal: Arc::new(seal),
            turning: Arc::default(),
            queue,
            readers: Arc::new(readers),
            health: Arc::default(),
            damage: Arc::default(),
            engine: Arc::default(),
        })
    }

    /// Begins to read. One at a time for each operation.
    pub(super) async fn read(&self) -> Result<Reading, Error> {
        self.readers.read(&self.seal, &self.damage).await
    }

    /// The same, where several statements have to see one state.
    pub(super) async fn snapshot(&self) -> Result<Reading, Error> {
        self.readers.snapshot(&self.seal, &self.damage).await
    }

    /// Queues at once what is written in a transaction of its own; the future only waits for its answer.
    pub(super) fn alone<T, W>(&self, bytes: usize, work: W) -> BoxFuture<'static, Result<T, Error>>
    where
        T: Send + 'static,
        W: for<'t> Fn(&'t mut Tx) -> BoxFuture<'t, Result<T, Error>> + Send + 'static,
    {
        answered(self.queue.alone(bytes, work))
    }

    /// Ends the writer, and waits for it.
    pub(super) fn end(&self) -> BoxFuture<'_, ()> {
        self.queue.send(Message::Close);
        let engine = Arc::clone(&self.engine);
        Box::pin(async move {
            self.readers.close().await;
            if let Err(error) = tokio::task::spawn_blocking(move || join(&engine)).await {
                tracing::error!(%error, "closing the journal");
            }
        })
    }
}

/// Waits for the answer to what was queued.
pub(super) fn answered<T: Send + 'static>(
    outcome: oneshot::Receiver<Result<T, Error>>,
) -> BoxFuture<'static, Result<T, Error>> {
    Box::pin(async { outcome.await.unwrap_or(Err(Error::Closed)) })
}

/// Waits until the writer has written what is queued and has ended.
fn join(engine: &Mutex<Option<JoinHandle<()>>>) {
    let thread = engine.lock().unwrap_or_else(PoisonError::into_inner).take();
    if let Some(thread) = thread
        // The observer may hold the last handle.
        && thread.thread().id() != thread::current().id()
        && thread.join().is_err()
    {
        tracing::error!("the journal's writer has panicked");
    }
}

impl Drop for PostgresJournal {
    fn drop(&mut self) {
        self.queue.send(Message::Close);
        join(&self.engine);
    }
}
