//! What happened, counted in memory: since start for metrics, and in the last 30 days for charts.

mod histogram;
mod history;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use journal::Mark;
use model::{Code, JobId, JobState, Outcome, OutcomeKind};

pub use self::histogram::{BOUNDS, Histogram};
use self::history::History;
pub(crate) use self::history::{Kept, Unkept};
pub use self::history::{Range, Stretch};

/// Names counted apart in each list; what comes later is counted under [`OTHER`].
const NAMES: usize = 500;
/// The name of what is not counted apart.
const OTHER: &str = "other";

/// What happened since start. Names beyond the first 500 of a list are counted as `other`.
#[derive(Clone, Debug, Default)]
pub struct Stats {
    /// Attempts, by backend.
    pub backends: BTreeMap<String, BackendStats>,
    /// Jobs accepted, by source. `http` stands for all its callers.
    pub accepted: BTreeMap<String, u64>,
    /// Jobs ended, by action and state.
    pub ended: BTreeMap<String, BTreeMap<&'static str, u64>>,
    /// From acceptance to the end of a job.
    pub latency: Histogram,
    /// Messages refused, by source and code.
    pub refused: BTreeMap<String, BTreeMap<String, u64>>,
    /// Tries to deliver, by courier.
    pub deliveries: BTreeMap<String, DeliveryStats>,
    /// Deliveries in the outbox that wait to leave, as far as they are in memory: 4096 means so many or more.
    pub waiting_to_leave: usize,
}

/// What a backend did.
#[derive(Clone, Debug, Default)]
pub struct BackendStats {
    /// Attempts that succeeded.
    pub done: u64,
    /// Attempts that failed for now.
    pub soft: u64,
    /// Attempts that failed for good.
    pub hard: u64,
    /// Attempts that ended because the backend said: not now.
    pub wait: u64,
    /// How long attempts took.
    pub duration: Histogram,
    /// The last one that did not succeed.
    pub last_failure: Option<Failure>,
    /// When the last one succeeded.
    pub last_success: Option<Timestamp>,
}

/// An attempt that did not succeed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// When it ended.
    pub at: Timestamp,
    /// The job.
    pub job: JobId,
    /// Why.
    pub code: Option<Code>,
    /// In the backend's words, redacted.
    pub message: Option<String>,
}

/// How tries to deliver went.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DeliveryStats {
    /// Confirmed.
    pub delivered: u64,
    /// To be tried again.
    pub later: u64,
    /// Given up.
    pub undeliverable: u64,
}

#[derive(Default)]
struct Counted {
    stats: Stats,
    history: History,
    /// What other hubs have counted, and this one before, by where that was.
    elsewhere: BTreeMap<String, History>,
    /// Where this hub counts, when others count as well.
    seat: String,
}

/// The counters. Each call takes a lock for a few additions. Cheap to clone.
#[derive(Clone, Default)]
pub(crate) struct Counters(Arc<Mutex<Counted>>);

impl Counters {
    fn lock(&self) -> MutexGuard<'_, Counted> {
        // Plain additions only are made under the lock; a poisoned one is still sound.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn accepted(&self, source: &str) {
        *named(&mut self.lock().stats.accepted, family(source)) += 1;
    }

    pub(crate) fn refused(&self, source: &str, code: &Code) {
        let mut counted = self.lock();
        *named(named(&mut counted.stats.refused, family(source)), code.as_str()) += 1;
    }

    pub(crate) fn attempt(
        &self,
        backend: &str,
        job: JobId,
        outcome: &Outcome,
        took: Duration,
        now: Timestamp,
    ) {
        let mut counted = self.lock();
        counted.history.note(now, |tally| tally.backend(backend).note(outcome.kind, took));
        let backend = named(&mut counted.stats.backends, backend);
        backend.duration.note(took);
        match outcome.kind {
            OutcomeKind::Done => {
                backend.done += 1;
                backend.last_success = Some(now);
                return;
            }
            OutcomeKind::Soft => backend.soft += 1,
            OutcomeKind::Hard => backend.hard += 1,
            // Nothing has failed.
            OutcomeKind::Wait => {
                backend.wait += 1;
                return;
            }
        }
        let (code, message) = (outcome.code.clone(), outcome.message.clone());
        backend.last_failure = Some(Failure { at: now, job, code, message });
    }

    pub(crate) fn ended(&self, action: &str, state: JobState, accepted_at: Timestamp, now: Timestamp) {
        let took = Duration::try_from(now.duration_since(accepted_at)).unwrap_or(Duration::ZERO);
        let mut counted = self.lock();
        *named(&mut counted.stats.ended, action).entry(state.as_str()).or_default() += 1;
        counted.stats.latency.note(took);
        let outcome = match state {
            JobState::Succeeded => OutcomeKind::Done,
            JobState::Failed => OutcomeKind::Hard,
            _ => return,
        };
        counted.history.note(now, |tally| tally.jobs.note(outcome, took));
    }

    pub(crate) fn delivery(&self, courier: &str, mark: &Mark) {
        let mut counted = self.lock();
        let courier = named(&mut counted.stats.deliveries, courier);
        match mark {
            Mark::Delivered => courier.delivered += 1,
            Mark::Later(..) => courier.later += 1,
            Mark::Never(_) => courier.undeliverable += 1,
        }
    }

    /// What was counted since start.
    pub(crate) fn view(&self) -> Stats {
        self.lock().stats.clone()
    }

    /// What happened in a range up to now: to jobs, or on a backend.
    pub(crate) fn history(&self, range: Range, backend: Option<&str>, now: Timestamp) -> Vec<Stretch> {
        let counted = self.lock();
        counted.history.view(counted.elsewhere.values(), range, backend, now)
    }

    /// Others count as well: what is counted here is kept under this name.
    pub(crate) fn count_as(&self, seat: &str) {
        seat.clone_into(&mut self.lock().seat);
    }

    /// What of it the journal does not know yet, each under the key that it has there.
    pub(crate) fn unkept(&self) -> Vec<(String, Unkept)> {
        let counted = self.lock();
        let named = |slot: Unkept| (key_of(&slot.key, &counted.seat), slot);
        counted.history.unkept().into_iter().map(named).collect()
    }

    /// It knows this now.
    pub(crate) fn keep(&self, written: &[(String, Unkept)]) {
        self.lock().history.keep(written.iter().map(|(_, slot)| slot));
    }

    /// It knew this at the start, when nothing had been counted.
    pub(crate) fn load(&self, key: &str, kept: Kept) {
        let mut counted = self.lock();
        match split(key) {
            (slot, seat) if seat == counted.seat => counted.history.load(slot, kept),
            (slot, seat) => counted.elsewhere.entry(seat.to_owned()).or_default().load(slot, kept),
        }
    }

    /// Another hub has written this.
    pub(crate) fn heard(&self, key: &str, kept: Kept) {
        let mut counted = self.lock();
        let (slot, seat) = split(key);
        if seat != counted.seat {
            counted.elsewhere.entry(seat.to_owned()).or_default().load(slot, kept);
        }
    }

    /// Whether this is of another hub and so old that it is not shown any more.
    pub(crate) fn is_over(&self, key: &str, now: Timestamp) -> bool {
        let counted = self.lock();
        let (slot, seat) = split(key);
        counted.elsewhere.get(seat).is_some_and(|history| history.is_over(slot, now))
    }

    pub(crate) fn waiting_to_leave(&self, deliveries: usize) {
        self.lock().stats.waiting_to_leave = deliveries;
    }
}

/// The key of a slot that is counted in this seat.
fn key_of(slot: &str, seat: &str) -> String {
    if seat.is_empty() { slot.to_owned() } else { format!("{slot}@{seat}") }
}

/// A slot, and the seat in which it was counted.
fn split(key: &str) -> (&str, &str) {
    key.split_once('@').unwrap_or((key, ""))
}

/// The callers of a source are counted together: there may be many.
fn family(source: &str) -> &str {
    source.split('/').next().unwrap_or_default()
}

/// The entry of that name.
pub(crate) fn named<'a, T: Default>(list: &'a mut BTreeMap<String, T>, name: &str) -> &'a mut T {
    let name = if list.len() < NAMES || list.contains_key(name) { name } else { OTHER };
    list.entry(name.to_owned()).or_default()
}
