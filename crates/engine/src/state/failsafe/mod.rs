//! The failsafe: caps on destructive jobs. What exceeds them is held in a set until somebody decides.
//!
//! A start counts by a row written in the commit that freezes the job's plan, so that a crash neither loses nor
//! doubles it. A held job waits in the lane of its set; a decision is one write of the set, after which the lane is
//! free and its jobs run, or end as rejected. What was approved does not count: somebody has looked at it.

pub(crate) mod store;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use model::failsafe::{Start, Starts};
use model::{Destructive, Entity, EntityWrite, JobId};

pub use self::store::{Decision, Verdict};
pub(crate) use self::store::{drop_if_empty, load, look_for_stamp, tidy};
use crate::state::copies::Follower;
use crate::state::core::Core;
use crate::state::failsafe::store::Set;

/// What is counted and held. The journal has the same in rows of its own.
#[derive(Default)]
pub(crate) struct Failsafe {
    state: Mutex<State>,
    /// Holding and deciding come one after the other: a decision names exactly what is held.
    turn: tokio::sync::Mutex<()>,
}

#[derive(Default)]
pub(crate) struct State {
    pub(crate) starts: Starts,
    /// Those that left the window, and whose rows are there.
    gone: BTreeSet<JobId>,
    pub(crate) sets: BTreeMap<String, Set>,
    /// Sets of which nobody knows what was decided.
    unreadable: Vec<String>,
    /// Starts of which nobody knows when they were, and on which backend.
    unreadable_starts: Vec<String>,
    /// The number of the last set.
    last: u64,
    /// The due time of the job held last. Each is later than the one before, also when the clock is set back. `None` = another
    /// hub may have held some since: it is to be looked for.
    stamp: Option<Timestamp>,
}

/// Why a job may not start.
pub(crate) struct Tripped {
    pub(crate) kind: Destructive,
    pub(crate) backend: String,
    pub(crate) count: u32,
    pub(crate) cap: u32,
    pub(crate) window: Duration,
    /// The set that is held already, which it joins.
    open: Option<String>,
}

/// Where a job is held.
pub(crate) struct Held {
    /// The set's name.
    pub(crate) set: String,
    /// Its due time there: its place in the order of the set.
    pub(crate) stamp: Timestamp,
    /// The write that opens the set, for its first job.
    pub(crate) opening: Option<EntityWrite>,
}

/// That a start counts. Dropped, it never did.
pub(crate) struct Ticket {
    core: Arc<Core>,
    start: Option<Start>,
}

impl Failsafe {
    pub(crate) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until nobody else holds or decides.
    pub(crate) async fn turn(&self) -> tokio::sync::MutexGuard<'_, ()> {
        self.turn.lock().await
    }

    /// Whether the jobs of a set wait for a decision.
    pub(crate) fn is_held(&self, set: &str) -> bool {
        self.lock().sets.get(set).is_some_and(|set| set.decision.is_none())
    }

    /// The decision on the job that has this place in a lane.
    pub(crate) fn decision(&self, lane: &str, place: Timestamp) -> Option<Decision> {
        self.lock().sets.get(set_of(lane)?)?.decision.clone().filter(|decision| decision.covers(place))
    }
}

/// The sets are as the journal has them.
impl Follower for Failsafe {
    fn told(&self, name: &str, now: Option<&Entity>) {
        let Some(entity) = now else {
            self.lock().sets.remove(name);
            return;
        };
        match Set::read(entity) {
            Ok(set) => {
                let mut state = self.lock();
                state.last = state.last.max(number(name));
                state.sets.insert(name.to_owned(), set);
            }
            Err(_) => self.unreadable(name),
        }
    }

    fn unreadable(&self, name: &str) {
        self.lock().unreadable.push(name.to_owned());
    }
}

/// The starts are counted as the journal has them.
pub(crate) struct Counted(pub(crate) Arc<Failsafe>);

impl Follower for Counted {
    fn told(&self, job: &str, now: Option<&Entity>) {
        let mut state = self.0.lock();
        let Some(entity) = now else {
            if let Ok(job) = job.parse() {
                state.gone.remove(&job);
                state.starts.forget(job);
            }
            return;
        };
        match store::read_start(entity) {
            Ok(start) => state.starts.note(start),
            Err(_) => state.unreadable_starts.push(job.to_owned()),
        }
    }

    fn unreadable(&self, job: &str) {
        self.0.lock().unreadable_starts.push(job.to_owned());
    }
}

impl State {
    /// What left the window counts no more.
    pub(crate) fn expire(&mut self, now: Timestamp, window: Duration) {
        let gone = self.starts.expire(now, window);
        self.gone.extend(gone.into_iter().map(|start| start.job));
    }

    fn open(&self, kind: Destructive, backend: &str) -> Option<&String> {
        let is_it = |set: &Set| set.decision.is_none() && set.kind == kind && set.backend == backend;
        // The newest, should there be two: a split that was interrupted leaves the older one to those who looked.
        self.sets
            .iter()
            .filter(|(_, set)| is_it(set))
            .max_by_key(|(name, _)| number(name))
            .map(|(name, _)| name)
    }

    /// Makes room for a new set and says how it is called.
    pub(crate) fn new_set(&mut self, kind: Destructive, backend: &str) -> String {
        self.last += 1;
        format!("{}-{backend}-{}", kind.as_str(), self.last)
    }

    fn next_stamp(&mut self, now: Timestamp) -> Timestamp {
        let last = self.stamp.unwrap_or(Timestamp::MIN);
        let next = now.max(last.checked_add(SignedDuration::from_millis(1)).unwrap_or(now));
        self.stamp = Some(next);
        next
    }
}

/// Lets a job start, or says which backend of its plan has had enough. `None` = its start counts already.
pub(crate) fn admit(
    core: &Arc<Core>,
    job: JobId,
    kind: Destructive,
    plan: Vec<String>,
    cap: u32,
) -> Result<Option<Ticket>, Tripped> {
    let now = core.clock.now();
    let window = core.snapshot().limits.failsafe.window;
    let mut state = core.failsafe.lock();
    state.expire(now, window);
    if state.starts.has(job) {
        return Ok(None);
    }
    let held = plan.iter().find_map(|backend| Some((backend.as_str(), state.open(kind, backend)?.clone())));
    let full = state.starts.full(kind, &plan, cap);
    if let Some(backend) = held.as_ref().map(|(backend, _)| *backend).or(full) {
        return Err(Tripped {
            kind,
            count: state.starts.count(kind, backend),
            backend: backend.to_owned(),
            cap,
            window,
            open: held.map(|(_, set)| set),
        });
    }
    let start = Start { job, at: now, kind, backends: plan };
    state.starts.note(start.clone());
    Ok(Some(Ticket { core: Arc::clone(core), start: Some(start) }))
}

/// The place of one more job in the set that is held, or in a new one. The caller has the turn until that is written.
pub(crate) fn join(core: &Core, tripped: &Tripped) -> Held {
    let now = core.clock.now();
    let mut state = core.failsafe.lock();
    let stamp = state.next_stamp(now);
    if let Some(set) = state.open(tripped.kind, &tripped.backend) {
        return Held { set: set.clone(), stamp, opening: None };
    }
    let name = state.new_set(tripped.kind, &tripped.backend);
    let Tripped { kind, backend, count, cap, window, .. } = tripped;
    let (backend, window) = (backend.clone(), *window);
    let set = Set { kind: *kind, backend, count: *count, cap: *cap, window, since: now, decision: None };
    let opening = Some(set.write(&name, 0));
    Held { set: name, stamp, opening }
}

impl Tripped {
    /// The set it joins only because others are held in it: on the backend itself there is room again.
    pub(crate) fn only_behind(&self) -> Option<&str> {
        self.open.as_deref().filter(|_| self.count < self.cap)
    }

    /// Why the job is held.
    pub(crate) fn sentence(&self) -> String {
        let Tripped { kind, backend, count, cap, .. } = self;
        let (kind, minutes) = (kind.as_str(), self.window.as_secs().div_ceil(60));
        if count < cap {
            return format!("others that {kind} on {backend} are held by the failsafe");
        }
        format!(
            "of jobs that {kind}, failsafe.{kind} allows {cap} on {backend} within {minutes} min, and {count} started"
        )
    }
}

impl Ticket {
    /// The row that counts it.
    pub(crate) fn write(&self) -> Option<EntityWrite> {
        self.start.as_ref().map(store::start_write)
    }

    /// The start is on disk.
    pub(crate) fn keep(mut self) {
        self.start = None;
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        if let Some(start) = &self.start {
            self.core.failsafe.lock().starts.forget(start.job);
        }
    }
}

/// The set whose lane this is.
pub(crate) fn set_of(lane: &str) -> Option<&str> {
    lane.strip_prefix('!')
}

/// The lane of a set.
pub(crate) fn lane_of(set: &str) -> String {
    format!("!{set}")
}

/// The number at the end of a set's name.
fn number(set: &str) -> u64 {
    set.rsplit('-').next().and_then(|number| number.parse().ok()).unwrap_or(0)
}
