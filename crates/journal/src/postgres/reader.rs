//! Readers: a few sessions that all reads share, opened anew when they break.

use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::runtime::Handle;
use tokio::sync::{Mutex, OwnedRwLockReadGuard, RwLock};

use super::database::Database;
use super::session::Session;
use crate::damage::{Damage, Sieve};
use crate::error::Error;
use crate::seal::Seal;

/// So many sessions read.
const READERS: usize = 4;

/// The sessions.
pub(super) struct Readers {
    database: Database,
    /// Where their connections are carried on.
    engine: Handle,
    sessions: [Mutex<Option<Arc<Session>>>; READERS],
    next: AtomicUsize,
    /// Whether they are open; held by each read while it lasts.
    open: Arc<RwLock<bool>>,
}

impl Readers {
    pub(super) fn new(database: Database, engine: Handle) -> Self {
        let open = Arc::new(RwLock::new(true));
        Readers { database, engine, sessions: Default::default(), next: AtomicUsize::new(0), open }
    }

    /// A session to read with.
    async fn session(&self) -> Result<Arc<Session>, Error> {
        let next = self.next.fetch_add(1, Ordering::Relaxed) % READERS;
        let mut session = self.sessions.get(next).ok_or(Error::Closed)?.lock().await;
        match &*session {
            Some(open) if !open.is_over() => Ok(Arc::clone(open)),
            _ => {
                let database = self.database.clone();
                let opening = self.engine.spawn(async move { Session::open(&database).await });
                let opened = opening.await.map_err(|_| Error::Closed)??;
                *session = Some(Arc::clone(&opened));
                Ok(opened)
            }
        }
    }

    /// Begins to read. One at a time: whoever reads in the middle of a read could wait for ever.
    pub(super) async fn read(&self, seal: &Arc<Seal>, damage: &Arc<Damage>) -> Result<Reading, Error> {
        let open = Arc::clone(&self.open).read_owned().await;
        if !*open {
            return Err(Error::Closed);
        }
        let session = self.session().await?;
        let (seal, damage) = (Arc::clone(seal), Arc::clone(damage));
        Ok(Reading { session, seal, sieve: Sieve::default(), damage, _open: open })
    }

    /// Waits until the reads have ended that have begun.
    pub(super) async fn settle(&self) {
        drop(self.open.write().await);
    }

    /// The same; and there are no others.
    pub(super) async fn close(&self) {
        *self.open.write().await = false;
        for session in &self.sessions {
            *session.lock().await = None;
        }
    }
}

/// A read under way: a session, what opens sealed values, and a sieve for what cannot be read. What the sieve holds back
/// is noted when it ends.
pub(super) struct Reading {
    session: Arc<Session>,
    pub(super) seal: Arc<Seal>,
    pub(super) sieve: Sieve,
    damage: Arc<Damage>,
    _open: OwnedRwLockReadGuard<bool>,
}

impl Deref for Reading {
    type Target = Session;

    fn deref(&self) -> &Session {
        &self.session
    }
}

impl Drop for Reading {
    fn drop(&mut self) {
        self.damage.note(&self.sieve.damaged);
    }
}
