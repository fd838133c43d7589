//! What all parts of the engine share.

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use journal::{Journal, LeadsReceiver, Standing, StandingReceiver};
use model::{BreakerRule, FailsafeRule, SourceRetry};
use tokio::sync::watch;

use crate::clock::Clock;
use crate::intake::table::{Action, ActionTable};
use crate::port::{BackendEntry, Catalogue, Courier, Decoder, Reactor, Reclaim};
use crate::state::cache::Cache;
use crate::state::chores::Chores;
use crate::state::copies::Follower;
use crate::state::errands::Errands;
use crate::state::failsafe::Failsafe;
use crate::state::long::LongRuns;
use crate::state::shortage::Shortage;
use crate::state::slots::Slots;
use crate::state::stats::Counters;
use crate::state::wiring::Wiring;

/// So long the word that the hub is to stop may take to arrive after its scripts have got it.
const MOMENT: Duration = Duration::from_secs(2);

/// What the hub is made of, besides its journal. Modules fill it; the command composes it.
pub struct Setup {
    /// Backends in the order in which they run.
    pub catalogue: Catalogue,
    /// What is known of each action.
    pub actions: ActionTable,
    /// Asked at every transition.
    pub reactors: Vec<Arc<dyn Reactor>>,
    /// By the name that [`model::DeliveryTo::courier`] gives.
    pub couriers: HashMap<String, Arc<dyn Courier>>,
    /// Reads refused messages again, by source.
    pub decoders: HashMap<String, Arc<dyn Decoder>>,
    /// Asked at start to end what a lost hub left running.
    pub reclaim: Vec<Arc<dyn Reclaim>>,
    /// The last word on retries, by source; a source that is not named has [`model::RetryPolicy::HTTP`].
    pub retry: HashMap<String, SourceRetry>,
    /// Sizes and times.
    pub limits: Limits,
}

impl Setup {
    /// A hub of these backends, with the usual sizes and times and nobody else around it yet.
    pub fn new(catalogue: Catalogue, actions: ActionTable) -> Self {
        Setup {
            catalogue,
            actions,
            reactors: Vec::new(),
            couriers: HashMap::new(),
            decoders: HashMap::new(),
            reclaim: Vec::new(),
            retry: HashMap::new(),
            limits: Limits::default(),
        }
    }
}

/// Sizes, times and caps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Jobs that run at once.
    pub concurrency: usize,
    /// Bytes of a request's body.
    pub max_size: usize,
    /// The same for sources that have a limit of their own, by name.
    pub max_sizes: BTreeMap<String, usize>,
    /// An attempt that may take as long as it wants needs somebody's attention after so long.
    pub long: Duration,
    /// How long a failed job's secrets are kept for a replay.
    pub keep_secrets: Duration,
    /// What is kept, and for how long.
    pub keep: Keep,
    /// How much may be destroyed before somebody has to look.
    pub failsafe: FailsafeRule,
    /// When a backend that keeps failing is left alone.
    pub breaker: BreakerRule,
    /// For how long a step is told to wait at most, in all: then it fails.
    pub longest_wait: Duration,
}

/// What is kept, and for how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Keep {
    /// Age of ended jobs.
    pub jobs: Duration,
    /// Number of ended jobs.
    pub jobs_max: u64,
    /// Age of external ids.
    pub ids: Duration,
    /// Age of records.
    pub records: Duration,
    /// Number of records.
    pub records_max: u64,
    /// Age of messages that were seen passing.
    pub messages: Duration,
    /// Number of them.
    pub messages_max: u64,
    /// Number of events.
    pub events_max: u64,
    /// Bytes of the journal's file in use.
    pub bytes_max: u64,
}

impl Limits {
    /// Bytes that the body of a request from this source may have.
    pub(crate) fn max_size_of(&self, source: &str) -> usize {
        self.max_sizes.get(source).copied().unwrap_or(self.max_size)
    }
}

impl Default for Limits {
    fn default() -> Self {
        const DAY: Duration = Duration::from_hours(24);
        Limits {
            concurrency: 256,
            max_size: 10 << 20,
            max_sizes: BTreeMap::new(),
            long: Duration::from_mins(10),
            keep_secrets: 3 * DAY,
            keep: Keep {
                jobs: 90 * DAY,
                jobs_max: 1_000_000,
                ids: 30 * DAY,
                records: 365 * DAY,
                records_max: 100_000,
                messages: 7 * DAY,
                messages_max: 100_000,
                events_max: 200_000,
                bytes_max: 32 << 30,
            },
            failsafe: FailsafeRule::off(),
            breaker: BreakerRule::OFF,
            longest_wait: model::patience::LONGEST,
        }
    }
}

/// What a reload swaps whole.
pub(crate) struct Snapshot {
    pub(crate) catalogue: Catalogue,
    pub(crate) actions: ActionTable,
    pub(crate) limits: Limits,
}

pub(crate) struct Core {
    pub(crate) journal: Arc<dyn Journal>,
    pub(crate) wiring: Arc<Wiring>,
    pub(crate) clock: Clock,
    pub(crate) slots: Slots,
    pub(crate) cache: Arc<Cache>,
    pub(crate) failsafe: Arc<Failsafe>,
    pub(crate) stats: Counters,
    pub(crate) reactors: Vec<Arc<dyn Reactor>>,
    pub(crate) couriers: HashMap<String, Arc<dyn Courier>>,
    pub(crate) decoders: HashMap<String, Arc<dyn Decoder>>,
    pub(crate) reclaim: Vec<Arc<dyn Reclaim>>,
    pub(crate) retry: HashMap<String, SourceRetry>,
    /// How sure the hub may be that the journal is its own.
    standing: StandingReceiver,
    /// Whether it does what one alone must do for all hubs of the journal.
    leads: LeadsReceiver,
    pub(crate) errands: Arc<Errands>,
    snapshot: RwLock<Arc<Snapshot>>,
    stopping: AtomicBool,
    /// The hub was told to stop: running steps may still end.
    leaving: watch::Sender<bool>,
    pub(crate) shortage: Shortage,
    pub(crate) long_runs: LongRuns,
    pub(crate) chores: Chores,
}

impl Core {
    /// What reads the raw messages of a source.
    pub(crate) fn decoder(&self, source: &str) -> Option<&Arc<dyn Decoder>> {
        // `http/token:crm`: what stands behind the first part only says which of its callers it was.
        let family = source.split('/').next().unwrap_or_default();
        self.decoders.get(source).or(self.decoders.get(family))
    }

    pub(crate) fn new(journal: Arc<dyn Journal>, wiring: Arc<Wiring>, clock: Clock, setup: Setup) -> Self {
        let Setup { catalogue, actions, reactors, couriers, decoders, reclaim, retry, limits } = setup;
        Core {
            slots: Slots::new(limits.concurrency, Arc::clone(&wiring.wake), clock.clone()),
            cache: Arc::default(),
            failsafe: Arc::default(),
            stats: Counters::default(),
            snapshot: RwLock::new(Arc::new(Snapshot { catalogue, actions, limits })),
            stopping: AtomicBool::new(false),
            leaving: watch::Sender::new(false),
            shortage: Shortage::default(),
            long_runs: LongRuns::default(),
            chores: Chores::default(),
            standing: journal.standing(),
            leads: journal.leads(),
            errands: Arc::default(),
            journal,
            wiring,
            clock,
            reactors,
            couriers,
            decoders,
            reclaim,
            retry,
        }
    }

    /// Backends and actions as they are now.
    pub(crate) fn snapshot(&self) -> Arc<Snapshot> {
        Arc::clone(&self.snapshot.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Replaces backends, actions and limits, and says which held before.
    pub(crate) fn swap(&self, snapshot: Snapshot) -> Arc<Snapshot> {
        self.slots.set_limit(snapshot.limits.concurrency);
        let mut held = self.snapshot.write().unwrap_or_else(PoisonError::into_inner);
        let before = std::mem::replace(&mut *held, Arc::new(snapshot));
        drop(held);
        self.wiring.wake.notify_one();
        before
    }

    /// Whether the journal is surely our own. Otherwise nothing begins.
    pub(crate) fn is_sure(&self) -> bool {
        *self.standing.borrow() == Standing::Confirmed
    }

    /// Hears whether it is.
    pub(crate) fn standing(&self) -> StandingReceiver {
        self.standing.clone()
    }

    /// Whether it does what one alone must do for all hubs of the journal.
    pub(crate) fn is_leading(&self) -> bool {
        *self.leads.borrow()
    }

    /// Waits until it does. `false` = the hub stops before that.
    pub(crate) async fn leads(&self) -> bool {
        let mut leads = self.leads.clone();
        tokio::select! {
            biased;
            led = leads.wait_for(|leads| *leads) => led.is_ok(),
            () = self.stops() => false,
        }
    }

    pub(crate) fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Acquire)
    }

    pub(crate) fn is_leaving(&self) -> bool {
        *self.leaving.borrow()
    }

    pub(crate) fn set_leaving(&self) {
        self.leaving.send_replace(true);
    }

    /// Waits a moment for the hub to be told to stop.
    pub(crate) async fn leaves_soon(&self) {
        let mut leaving = self.leaving.subscribe();
        tokio::select! {
            _ = leaving.wait_for(|leaving| *leaving) => {}
            () = self.clock.sleep(MOMENT) => {}
        }
    }

    /// Resolves when no new attempt begins any more.
    pub(crate) async fn stops(&self) {
        let mut leaving = self.leaving.subscribe();
        while !self.is_stopping() {
            if leaving.changed().await.is_err() {
                return;
            }
        }
    }

    pub(crate) fn set_stopping(&self) {
        self.stopping.store(true, Ordering::Release);
        self.set_leaving();
        self.wiring.wake.notify_one();
        self.wiring.outbox.notify_one();
        self.wiring.deadlines.notify_one();
    }

    /// Has a follower told of all entities of a kind.
    pub(crate) async fn keep_copy(
        &self,
        kind: &'static str,
        follower: Arc<dyn Follower>,
    ) -> Result<(), journal::Error> {
        self.wiring.followers.add(&*self.journal, kind, follower).await
    }
}

impl Snapshot {
    /// Whether the action merely tells something, and nobody here wants to know.
    pub(crate) fn is_unclaimed(&self, action: &Action, name: &str) -> bool {
        action.spec.optional && self.plan(name).next().is_none()
    }

    /// The backend of that name.
    pub(crate) fn backend(&self, name: &str) -> Option<&BackendEntry> {
        self.catalogue.entries.iter().find(|entry| &*entry.name == name)
    }
}
