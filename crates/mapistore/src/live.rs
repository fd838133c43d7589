//! What the parts of a running registry share: the table, who is connected, and whom to tell that something changed.

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use engine::Clock;
use tokio::sync::{Notify, watch};

use crate::ledger::Ledger;
use crate::registry::{Epoch, Process, Queue, Registry, Rules};
use crate::removal::Removal;
use crate::session::Session;

/// What the configuration says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settings {
    /// Where processes connect; `None` = nowhere, unless the service manager has made a socket.
    pub socket: Option<PathBuf>,
    /// The group whose members can connect.
    pub group: Option<u32>,
    /// Users who may speak, beside root and the hub's own.
    pub users: Vec<u32>,
    /// The queues that are read, too, by their names.
    pub queues: Vec<(Queue, String)>,
    /// What bounds the table.
    pub rules: Rules,
}

/// A registry at work. Cheap to clone.
#[derive(Clone)]
pub struct Live(Arc<Shared>);

struct Shared {
    settings: Settings,
    clock: Clock,
    begun: Instant,
    table: Mutex<Registry>,
    sessions: Mutex<HashMap<Process, Session>>,
    /// `None` = nothing is written any more.
    removals: Mutex<Option<VecDeque<Removal>>>,
    ledger: Arc<Ledger>,
    changed: Notify,
    watched: Notify,
    written: watch::Sender<u64>,
    epochs: AtomicU64,
    ended: AtomicBool,
}

/// Where the registry of a hub is found, once there is one.
#[derive(Default)]
pub struct Place(Mutex<Option<Live>>);

impl Place {
    /// Puts it there.
    pub fn put(&self, live: Option<Live>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = live;
    }

    /// The registry; `None` = the hub has none, or has not started.
    pub fn get(&self) -> Option<Live> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl fmt::Debug for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Place")
    }
}

impl Live {
    /// One in which nobody is registered yet.
    pub fn new(settings: Settings, clock: Clock) -> Self {
        Live(Arc::new(Shared {
            table: Mutex::new(Registry::new(settings.rules)),
            begun: clock.instant(),
            settings,
            clock,
            sessions: Mutex::default(),
            removals: Mutex::new(Some(VecDeque::new())),
            ledger: Arc::default(),
            changed: Notify::new(),
            watched: Notify::new(),
            written: watch::channel(0).0,
            epochs: AtomicU64::new(1),
            ended: AtomicBool::new(false),
        }))
    }

    /// What the configuration says.
    pub fn settings(&self) -> &Settings {
        &self.0.settings
    }

    /// The time.
    pub fn clock(&self) -> &Clock {
        &self.0.clock
    }

    /// How long it has been at work.
    pub fn now(&self) -> Duration {
        self.0.clock.instant().duration_since(self.0.begun)
    }

    /// The table, to look at.
    pub fn table(&self) -> MutexGuard<'_, Registry> {
        // A change that was broken off leaves counts that the next snapshot puts right.
        self.0.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes the table, and has written what follows.
    pub fn change<T>(&self, change: impl FnOnce(&mut Registry) -> T) -> T {
        let mut table = self.table();
        let (version, anomalies) = (table.version(), table.anomalies);
        let done = change(&mut table);
        if table.version() != version {
            self.0.changed.notify_one();
        }
        if table.anomalies != anomalies {
            self.0.ledger.count_more(anomalies.named(), table.anomalies.named());
        }
        done
    }

    /// Resolves when something was changed since the last time.
    pub async fn changed(&self) {
        self.0.changed.notified().await;
    }

    /// Nobody is heard any more: what is left is to be written.
    pub fn end(&self) {
        self.0.ended.store(true, Ordering::Release);
        self.0.changed.notify_one();
    }

    /// Whether that was said.
    pub fn has_ended(&self) -> bool {
        self.0.ended.load(Ordering::Acquire)
    }

    /// Somebody is to be given up at some time: whoever watches looks again.
    pub fn watch(&self) {
        self.0.watched.notify_one();
    }

    /// Resolves when that was said.
    pub async fn watched(&self) {
        self.0.watched.notified().await;
    }

    /// Who is registered by the last commit.
    pub fn ledger(&self) -> &Arc<Ledger> {
        &self.0.ledger
    }

    /// All changes up to this version of the table are on disk.
    pub fn wrote(&self, version: u64) {
        self.0.written.send_replace(version);
    }

    /// Up to which version of the table all changes are on disk.
    pub fn written(&self) -> watch::Receiver<u64> {
        self.0.written.subscribe()
    }

    /// A number for a connection, later than all before.
    pub fn epoch(&self) -> Epoch {
        self.0.epochs.fetch_add(1, Ordering::Relaxed)
    }

    /// Who is connected.
    pub fn sessions(&self) -> MutexGuard<'_, HashMap<Process, Session>> {
        self.0.sessions.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Removals that are to be written; `None` = nothing is written any more.
    pub(crate) fn removals(&self) -> MutexGuard<'_, Option<VecDeque<Removal>>> {
        self.0.removals.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts what happens.
    pub fn count(&self, what: &'static str) {
        self.0.ledger.count(what, 1);
    }
}
