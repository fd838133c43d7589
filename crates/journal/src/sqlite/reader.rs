//! Reads: a few read-only connections, each used by one read at a time, off the async threads.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::Connection;
use tokio::sync::{Semaphore, oneshot};

use super::checkpoint::Checkpoints;
use super::open;
use crate::error::Error;

/// How many reads run at once.
const READERS: usize = 4;
/// A read asks every so many steps of SQLite's machine whether it is in the way; short ones never get there.
const STEPS: i32 = 50_000;

/// The connections.
pub(super) struct Readers {
    idle: Arc<Mutex<Vec<Connection>>>,
    free: Arc<Semaphore>,
}

impl Readers {
    pub(super) fn open(database: &Path, checkpoints: &Arc<Checkpoints>) -> Result<Self, Error> {
        let mut idle = Vec::with_capacity(READERS);
        for _ in 0..READERS {
            let mut conn = open::connect(database, open::Role::Reader)?;
            let checkpoints = Arc::clone(checkpoints);
            conn.progress_handler(STEPS, Some(move || checkpoints.readers_in_the_way()))?;
            idle.push(conn);
        }
        Ok(Readers { idle: Arc::new(Mutex::new(idle)), free: Arc::new(Semaphore::new(READERS)) })
    }

    /// Runs a read in a snapshot that holds every write that was answered before.
    pub(super) async fn read<T, F>(&self, read: F) -> Result<T, Error>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T, Error> + Send + 'static,
    {
        let permit = Arc::clone(&self.free).acquire_owned().await.map_err(|_| Error::Closed)?;
        let idle = Arc::clone(&self.idle);
        let (answer, answered) = oneshot::channel();
        apart(Box::new(move || {
            // It goes back after the connection: whoever has one finds a connection.
            let _permit = permit;
            // Nobody may wait for it any more.
            let _ = answer.send(lent(&idle, read));
        }));
        answered.await.unwrap_or(Err(Error::Closed))
    }

    /// Waits for the reads under way, while no other begins.
    pub(super) async fn settle(&self) {
        drop(self.free.acquire_many(u32::try_from(READERS).unwrap_or(u32::MAX)).await);
    }

    /// Waits for the reads under way and closes the connections; later reads answer [`Error::Closed`].
    pub(super) async fn close(&self) {
        let all = self.free.acquire_many(u32::try_from(READERS).unwrap_or(u32::MAX)).await;
        self.free.close();
        drop(all);
        lock(&self.idle).clear();
    }
}

fn lock(idle: &Mutex<Vec<Connection>>) -> std::sync::MutexGuard<'_, Vec<Connection>> {
    idle.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Runs this off the async threads. Of one type, so that the runtime's machinery is compiled once and not for each read.
fn apart(work: Box<dyn FnOnce() + Send>) {
    drop(tokio::task::spawn_blocking(work));
}

/// Reads on a connection that nobody has.
fn lent<T>(
    idle: &Mutex<Vec<Connection>>,
    read: impl FnOnce(&Connection) -> Result<T, Error>,
) -> Result<T, Error> {
    let conn = lock(idle).pop().ok_or(Error::Closed)?;
    let result = snapshot(&conn, read);
    lock(idle).push(conn);
    result
}

/// One transaction for all that is read: it sees one state, and takes SQLite's read lock once.
fn snapshot<T>(conn: &Connection, read: impl FnOnce(&Connection) -> Result<T, Error>) -> Result<T, Error> {
    conn.prepare_cached("BEGIN")?.execute([])?;
    let result = read(conn);
    conn.prepare_cached("ROLLBACK")?.execute([])?;
    result
}
