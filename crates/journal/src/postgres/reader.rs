//! Readers: a few sessions that all reads share, and a few that one read has alone while it sees one snapshot. They are
//! opened anew when they break.

use std::ops::Deref;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, PoisonError};

use futures_util::FutureExt;
use tokio::runtime::Handle;
use tokio::sync::{Mutex, OwnedRwLockReadGuard, OwnedSemaphorePermit, RwLock, Semaphore};

use super::database::Database;
use super::session::Session;
use crate::damage::{Damage, Sieve};
use crate::error::Error;
use crate::seal::Seal;

/// So many sessions are shared.
const SHARED: usize = 2;
/// So many reads have one of their own at once.
const OWN: usize = 3;
/// A snapshot, in which nothing can be written.
const SNAPSHOT: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY";

/// The sessions.
pub(super) struct Readers {
    database: Database,
    /// Where their connections are carried on.
    engine: Handle,
    shared: [Mutex<Option<Arc<Session>>>; SHARED],
    next: AtomicUsize,
    own: Own,
    free: Arc<Semaphore>,
    /// How often none could be opened.
    failures: AtomicUsize,
    /// Whether they are open; held by each read while it lasts.
    open: Arc<RwLock<bool>>,
}

/// Sessions that nobody has at the moment.
type Own = Arc<std::sync::Mutex<Vec<Arc<Session>>>>;

impl Readers {
    pub(super) fn new(database: Database, engine: Handle) -> Self {
        let (free, open) = (Arc::new(Semaphore::new(OWN)), Arc::new(RwLock::new(true)));
        let (shared, next, own, failures) = Default::default();
        Readers { database, engine, shared, next, own, free, failures, open }
    }

    /// Opens a session, unless that has failed since there were so many failures: whoever waited for another one to fail
    /// does not wait once more.
    async fn fresh(&self, failures: usize) -> Result<Arc<Session>, Error> {
        if self.failures.load(Ordering::Relaxed) != failures {
            return Err(Error::Unwritable("PostgreSQL: no session can be opened".to_owned()));
        }
        let database = self.database.clone();
        let opening = self.engine.spawn(async move { Session::open(&database).await });
        let opened = opening.await.map_err(|_| Error::Closed)?;
        if opened.is_err() {
            self.failures.fetch_add(1, Ordering::Relaxed);
        }
        opened
    }

    /// A session that others use as well.
    async fn shared(&self) -> Result<Arc<Session>, Error> {
        let failures = self.failures.load(Ordering::Relaxed);
        let next = self.next.fetch_add(1, Ordering::Relaxed) % SHARED;
        let mut session = self.shared.get(next).ok_or(Error::Closed)?.lock().await;
        match &*session {
            Some(open) if !open.is_over() => Ok(Arc::clone(open)),
            _ => {
                let opened = self.fresh(failures).await?;
                *session = Some(Arc::clone(&opened));
                Ok(opened)
            }
        }
    }

    /// A session in a snapshot of its own.
    async fn own(&self) -> Result<Lent, Error> {
        let failures = self.failures.load(Ordering::Relaxed);
        let permit = Arc::clone(&self.free).acquire_owned().await.map_err(|_| Error::Closed)?;
        let idle = idle(&self.own).pop().filter(|session| !session.is_over());
        let session = match idle {
            Some(session) => session,
            None => self.fresh(failures).await?,
        };
        // From here on it is given back in any case.
        let lent = Lent { session, idle: Arc::clone(&self.own), _permit: permit };
        lent.session.answer(lent.session.client().batch_execute(SNAPSHOT)).await?;
        Ok(lent)
    }

    /// Begins to read, each statement of its own snapshot. One at a time: whoever reads in the middle of a read could wait for
    /// ever.
    pub(super) async fn read(&self, seal: &Arc<Seal>, damage: &Arc<Damage>) -> Result<Reading, Error> {
        let open = self.gate().await?;
        let session = self.shared().await?;
        let (seal, damage, lent) = (Arc::clone(seal), Arc::clone(damage), None);
        Ok(Reading { session, seal, sieve: Sieve::default(), damage, _lent: lent, _open: open })
    }

    /// The same, all statements in one snapshot.
    pub(super) async fn snapshot(&self, seal: &Arc<Seal>, damage: &Arc<Damage>) -> Result<Reading, Error> {
        let open = self.gate().await?;
        let lent = self.own().await?;
        let (seal, damage, session) = (Arc::clone(seal), Arc::clone(damage), Arc::clone(&lent.session));
        Ok(Reading { session, seal, sieve: Sieve::default(), damage, _lent: Some(lent), _open: open })
    }

    async fn gate(&self) -> Result<OwnedRwLockReadGuard<bool>, Error> {
        let open = Arc::clone(&self.open).read_owned().await;
        if *open { Ok(open) } else { Err(Error::Closed) }
    }

    /// Waits until the reads have ended that have begun.
    pub(super) async fn settle(&self) {
        drop(self.open.write().await);
    }

    /// The same; and there are no others.
    pub(super) async fn close(&self) {
        *self.open.write().await = false;
        for session in &self.shared {
            *session.lock().await = None;
        }
        idle(&self.own).clear();
    }
}

/// A read under way: a session, what opens sealed values, and a sieve for what cannot be read. What the sieve holds back
/// is noted when it ends.
pub(super) struct Reading {
    session: Arc<Session>,
    pub(super) seal: Arc<Seal>,
    pub(super) sieve: Sieve,
    damage: Arc<Damage>,
    _lent: Option<Lent>,
    _open: OwnedRwLockReadGuard<bool>,
}

impl Reading {
    /// What reading takes.
    pub(super) fn parts(&mut self) -> (&Session, &Seal, &mut Sieve) {
        (&self.session, &self.seal, &mut self.sieve)
    }
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

/// A session that one read has alone. It ends its snapshot and gives itself back, wherever the read was left.
struct Lent {
    session: Arc<Session>,
    idle: Own,
    _permit: OwnedSemaphorePermit,
}

impl Drop for Lent {
    fn drop(&mut self) {
        // Polled once it is on its way, behind all that was sent before; nobody needs to wait for the answer.
        let _ = self.session.client().batch_execute("ROLLBACK").now_or_never();
        idle(&self.idle).push(Arc::clone(&self.session));
    }
}

fn idle(own: &Own) -> std::sync::MutexGuard<'_, Vec<Arc<Session>>> {
    own.lock().unwrap_or_else(PoisonError::into_inner)
}
