//! [`PostgresJournal`]: the operations, each handed to the writer or carried out on a reader's session. One thread with a
//! runtime of its own carries on all connections and the writer.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};

use tokio::sync::{oneshot, watch};
use uuid::Uuid;

use super::lanes::Lanes;
use super::queue::{Message, Queue};
use super::reader::{Readers, Reading};
use super::shard::{Owned, Shards};
use super::together::Together;
use super::tx::Tx;
use crate::api::BoxFuture;
use crate::damage::Damage;
use crate::error::Error;
use crate::health::Health;
use crate::hubs::Hubs;
use crate::life::Life;
use crate::node::{LeadsReceiver, Standing, StandingReceiver};
use crate::seal::Seal;

/// The journal on PostgreSQL, see [`crate::Journal`].
pub(crate) struct PostgresJournal {
    pub(super) id: Uuid,
    pub(super) life: Life,
    pub(super) seal: Arc<Seal>,
    /// One change of key at a time, and one step of sealing anew.
    pub(super) turning: Arc<tokio::sync::Mutex<()>>,
    /// Of each hub, the event before which those are gone that were removed here.
    pub(super) gone_events: tokio::sync::Mutex<BTreeMap<i64, i64>>,
    pub(super) queue: Queue,
    pub(super) readers: Arc<Readers>,
    pub(super) health: Arc<Health>,
    pub(super) damage: Arc<Damage>,
    /// The shards whose jobs are run here.
    pub(super) owned: Arc<Owned>,
    /// Those who take up jobs.
    pub(super) together: Together,
    /// Where lanes begin.
    pub(super) lanes: Arc<Lanes>,
    pub(super) standing: StandingReceiver,
    pub(super) leads: LeadsReceiver,
    /// Others may work on it at the same time.
    pub(super) is_shared: bool,
    pub(super) hubs: Option<Hubs>,
    pub(super) engine: Engine,
}

/// The thread that carries on all connections and the writer, until it has ended.
pub(super) type Engine = Arc<Mutex<Option<JoinHandle<()>>>>;

impl PostgresJournal {
    /// One that only reads, beside whoever writes.
    pub(super) fn beside(id: Uuid, seal: Seal, readers: Readers) -> Result<Self, Error> {
        let (queue, _) = Queue::new();
        Ok(PostgresJournal {
            id,
            life: Life::begin(String::new())?,
            seal: Arc::new(seal),
            turning: Arc::default(),
            gone_events: tokio::sync::Mutex::default(),
            queue,
            readers: Arc::new(readers),
            health: Arc::default(),
            damage: Arc::default(),
            owned: Arc::new(Owned::new(Shards::all())),
            lanes: Arc::default(),
            together: Together::default(),
            standing: watch::channel(Standing::Confirmed).1,
            leads: watch::channel(false).1,
            is_shared: true,
            hubs: None,
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
pub(super) fn join(engine: &Mutex<Option<JoinHandle<()>>>) {
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
