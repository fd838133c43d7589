//! How much may run at once: globally and on each backend; and from which backends work is kept for a time.

mod breakers;
mod failures;
mod shared;

use std::collections::{BTreeSet, HashMap};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use jiff::Timestamp;
use model::{BreakerRule, Entity, Hold, JobId};
use tokio::sync::Notify;

use self::breakers::Breakers;
pub(crate) use self::breakers::{Finding, SharedBreakers};
use self::failures::Failures;
pub(crate) use self::failures::SharedFailures;
pub(crate) use self::shared::SharedOut;
use self::shared::Shares;
use crate::clock::Clock;
use crate::port::{BackendEntry, Bounds};
use crate::state::copies::Follower;
use crate::state::gate::{Gate, Now, Shut};

#[derive(Debug, Default)]
struct Use {
    limit: usize,
    jobs: usize,
    backends: HashMap<Arc<str>, usize>,
    paused: BTreeSet<String>,
    /// What operators set in the place of what the configuration says.
    limits: HashMap<String, usize>,
    /// Of backends of which anything is known.
    gates: HashMap<Arc<str>, Gate>,
    /// What all hubs of the journal share; `None` = this one works alone.
    shares: Option<Shares>,
    breakers: Breakers,
    failures: Failures,
}

impl Use {
    fn running(&self, backend: &str) -> usize {
        self.backends.get(backend).copied().unwrap_or(0)
    }

    fn gate(&mut self, backend: &Arc<str>) -> &mut Gate {
        self.gates.entry(Arc::clone(backend)).or_default()
    }

    /// Why no attempt may begin there, beside pauses and slots.
    fn shut(&mut self, entry: &BackendEntry, now: impl Fn() -> Now) -> Option<Shut> {
        let running = self.running(&entry.name);
        match self.gates.get_mut(&entry.name) {
            Some(gate) => gate.shut(&entry.bounds, running, now()),
            None if entry.bounds == Bounds::default() => None,
            None => self.gate(&entry.name).shut(&entry.bounds, running, now()),
        }
    }

    /// How many attempts may run there at once.
    fn limit(&self, entry: &BackendEntry) -> Option<usize> {
        self.limits.get(&*entry.name).copied().or(entry.concurrency)
    }

    fn has_room(&self, entry: &BackendEntry, now: &impl Fn() -> Now) -> bool {
        let running = self.running(&entry.name);
        !self.paused.contains(&*entry.name)
            && self.limit(entry).is_none_or(|limit| {
                running < limit
                    && self.usable(entry, limit, running, now).is_none_or(|usable| running < usable)
            })
    }

    fn is_free(&mut self, entry: &BackendEntry, now: impl Fn() -> Now) -> bool {
        self.has_room(entry, &now) && self.shut(entry, now).is_none()
    }
}

/// The slots. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Slots {
    inner: Arc<Mutex<Use>>,
    freed: Arc<Notify>,
    /// What all hubs share may have to be shared out anew.
    pub(crate) share: Arc<Notify>,
    /// Something is to be told of breakers, or looked at.
    pub(crate) open: Arc<Notify>,
    /// So many hubs work.
    hubs: Arc<AtomicU32>,
    clock: Clock,
    began: Instant,
}

/// A job's place among those that run; given back on drop.
#[derive(Debug)]
pub(crate) struct JobSlot(Slots);

/// A place on a backend; given back on drop.
#[derive(Debug)]
pub(crate) struct BackendSlot {
    slots: Slots,
    backend: Arc<str>,
    /// What its rate lost by it, unless an attempt is made.
    unused: Option<Bounds>,
}

/// A backend with a place on it. An attempt is made from one of these only: none runs on the place of another backend.
pub(crate) struct Seat {
    entry: BackendEntry,
    _slot: BackendSlot,
}

impl BackendSlot {
    /// The place, when it is one on this backend; otherwise it is given back.
    pub(crate) fn on(mut self, entry: &BackendEntry) -> Option<Seat> {
        (self.backend == entry.name).then(|| {
            self.unused = None;
            Seat { entry: entry.clone(), _slot: self }
        })
    }
}

impl Seat {
    /// The backend.
    pub(crate) fn entry(&self) -> &BackendEntry {
        &self.entry
    }
}

impl Slots {
    /// `limit` jobs at once; `freed` is told whenever something is given back.
    pub(crate) fn new(limit: usize, freed: Arc<Notify>, clock: Clock) -> Self {
        let slots = Slots {
            inner: Arc::default(),
            freed,
            share: Arc::default(),
            open: Arc::default(),
            hubs: Arc::new(AtomicU32::new(1)),
            began: clock.instant(),
            clock,
        };
        slots.set_limit(limit);
        slots
    }

    fn lock(&self) -> MutexGuard<'_, Use> {
        // The lock is held for plain counting only; a poisoned one is still sound.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn now(&self) -> Now {
        Now {
            wall: self.clock.now(),
            grown: self.clock.instant().duration_since(self.began),
            hubs: self.hubs.load(Ordering::Relaxed),
        }
    }

    /// Changes how many jobs may run at once; what runs goes on.
    pub(crate) fn set_limit(&self, limit: usize) {
        self.lock().limit = limit.max(1);
    }

    /// A place for one more job.
    pub(crate) fn job(&self) -> Option<JobSlot> {
        let mut used = self.lock();
        (used.jobs < used.limit).then(|| {
            used.jobs += 1;
            JobSlot(self.clone())
        })
    }

    /// Whether every job slot is taken.
    pub(crate) fn full(&self) -> bool {
        let used = self.lock();
        used.jobs >= used.limit
    }

    /// Whether the backend could take one more attempt.
    pub(crate) fn free(&self, entry: &BackendEntry) -> bool {
        self.lock().is_free(entry, || self.now())
    }

    /// Why no work goes to the backend now, beside pauses and slots.
    pub(crate) fn shut(&self, entry: &BackendEntry) -> Option<Shut> {
        self.lock().shut(entry, || self.now())
    }

    /// When the backend may take one more attempt: at once (the earliest time there is), or when a time has come; `None` =
    /// not before something else happens, which is told.
    pub(crate) fn opens_at(&self, entry: &BackendEntry) -> Option<Timestamp> {
        let mut used = self.lock();
        if !used.has_room(entry, &|| self.now()) {
            return None;
        }
        match used.shut(entry, || self.now()) {
            None => Some(Timestamp::MIN),
            // Somebody is finding out whether it works again, and that is told.
            Some(Shut::Breaker(until)) if until <= self.clock.now() => None,
            Some(shut) => shut.until(),
        }
    }

    /// A place for one more attempt on the backend.
    pub(crate) fn backend(&self, entry: &BackendEntry) -> Option<BackendSlot> {
        let mut used = self.lock();
        let is_free = used.is_free(entry, || self.now());
        if !is_free {
            self.wanted(&mut used, entry);
        }
        is_free.then(|| {
            *used.backends.entry(Arc::clone(&entry.name)).or_default() += 1;
            let unused = entry.bounds.rate.is_some().then(|| entry.bounds.clone());
            if unused.is_some() {
                used.gate(&entry.name).pass(&entry.bounds, self.now());
            }
            BackendSlot { slots: self.clone(), backend: Arc::clone(&entry.name), unused }
        })
    }

    /// The same, with the backend.
    pub(crate) fn seat(&self, entry: &BackendEntry) -> Option<Seat> {
        self.backend(entry)?.on(entry)
    }

    /// The backend said to all that need it: not now. Says until when, when that is news.
    pub(crate) fn told(&self, backend: &Arc<str>, hold: Hold) -> Option<Timestamp> {
        let now = self.clock.now();
        self.lock().gate(backend).told(hold, now)
    }

    /// An attempt ended otherwise. Says whether the backend had been asked whether it works again, and does.
    pub(crate) fn heard(&self, backend: &str) -> bool {
        let now = self.clock.now();
        let over = self.lock().gates.get_mut(backend).is_some_and(|gate| gate.heard(now));
        if over {
            self.freed.notify_one();
        }
        over
    }

    /// Somebody knows better than the backend, which had said: not now. Says whether it had.
    pub(crate) fn let_go(&self, backend: &str) -> bool {
        let held = self.lock().gates.get_mut(backend).is_some_and(Gate::let_go);
        if held {
            self.freed.notify_one();
        }
        held
    }

    /// Until when the backend said that it wants not to be asked, and why.
    pub(crate) fn held(&self, backend: &str) -> Option<(Timestamp, String)> {
        let now = self.clock.now();
        self.lock().gates.get(backend)?.held(now).map(|(until, said)| (until, said.to_owned()))
    }

    /// How many attempts run on the backend.
    pub(crate) fn running(&self, backend: &str) -> usize {
        self.lock().running(backend)
    }

    /// How many attempts may run on the backend at once.
    pub(crate) fn limit(&self, entry: &BackendEntry) -> Option<usize> {
        self.lock().limit(entry)
    }

    /// Until when the backend is left alone because it keeps failing.
    pub(crate) fn left_alone_until(&self, backend: &str) -> Option<Timestamp> {
        self.lock().gates.get(backend)?.breaker.until()
    }

    /// The same for somebody who knows until when it was: `None` when that has changed. A clock that was set back does
    /// not make the pause longer.
    pub(crate) fn still_left_alone(
        &self,
        backend: &str,
        until: Timestamp,
        now: Timestamp,
    ) -> Option<Timestamp> {
        let mut used = self.lock();
        let breaker = &mut used.gates.get_mut(backend)?.breaker;
        if breaker.until() != Some(until) {
            return None;
        }
        breaker.set_back(now);
        breaker.until()
    }

    /// A job failed softly on the backend. Says until when it is left alone, when that begins with it.
    pub(crate) fn failed(
        &self,
        backend: &Arc<str>,
        job: JobId,
        rule: &BreakerRule,
        now: Timestamp,
    ) -> Option<Timestamp> {
        let mut used = self.lock();
        let until = used.gate(backend).breaker.failed(job, rule, now);
        let is_told = match until {
            Some(_) => used.found(backend, Finding::Failing),
            None => self.is_one_of_many() && used.count_for_all(backend, job),
        };
        if is_told {
            self.open.notify_one();
        }
        until
    }

    /// The backend answered. Says whether it was left alone until then.
    pub(crate) fn answered(&self, backend: &str) -> bool {
        let mut used = self.lock();
        let was_left_alone = used.gates.get_mut(backend).is_some_and(|gate| gate.breaker.answered());
        let forgets = used.forget_failures(backend);
        let finds = was_left_alone && used.found(backend, |_| Finding::Works);
        if forgets || finds {
            self.open.notify_one();
        }
        drop(used);
        if was_left_alone {
            self.freed.notify_one();
        }
        was_left_alone
    }

    /// The backend is left alone for longer. Says until when.
    pub(crate) fn lengthen(&self, backend: &Arc<str>, rule: &BreakerRule, now: Timestamp) -> Timestamp {
        let mut used = self.lock();
        let until = used.gate(backend).breaker.lengthen(rule, now);
        if used.found(backend, Finding::Silent) {
            self.open.notify_one();
        }
        until
    }

    /// The backend gets one attempt, to decide.
    pub(crate) fn probe(&self, backend: &str) {
        if let Some(gate) = self.lock().gates.get_mut(backend) {
            gate.breaker.probe();
        }
        self.freed.notify_one();
    }

    /// Whether the backend is paused.
    pub(crate) fn is_paused(&self, backend: &str) -> bool {
        self.lock().paused.contains(backend)
    }

    fn set_paused(&self, backend: &str, paused: bool) {
        if paused {
            self.lock().paused.insert(backend.to_owned());
        } else {
            self.lock().paused.remove(backend);
            self.freed.notify_one();
        }
    }
}

/// A backend is paused as long as there is an entity that says so, whatever else that says.
impl Follower for Slots {
    fn told(&self, backend: &str, now: Option<&Entity>) {
        self.set_paused(backend, now.is_some());
    }

    fn unreadable(&self, backend: &str) {
        self.set_paused(backend, true);
    }
}

/// How many attempts operators let run at once on backends.
pub(crate) struct Bounded(pub(crate) Slots);

impl Follower for Bounded {
    fn told(&self, backend: &str, now: Option<&Entity>) {
        let limit = now.and_then(|entity| usize::try_from(entity.body.get("at_most")?.as_u64()?).ok());
        let mut used = self.0.lock();
        match limit {
            Some(limit) => used.limits.insert(backend.to_owned(), limit),
            None => used.limits.remove(backend),
        };
        drop(used);
        self.0.freed.notify_one();
    }

    /// What the configuration says holds.
    fn unreadable(&self, backend: &str) {
        self.told(backend, None);
    }
}

impl Drop for JobSlot {
    fn drop(&mut self) {
        self.0.lock().jobs -= 1;
        self.0.freed.notify_one();
    }
}

impl Drop for BackendSlot {
    fn drop(&mut self) {
        let mut used = self.slots.lock();
        if let Some(n) = used.backends.get_mut(&self.backend) {
            *n -= 1;
            if *n == 0 {
                used.backends.remove(&self.backend);
            }
        }
        if let Some(bounds) = &self.unused {
            used.gate(&self.backend).give_back(bounds, self.slots.hubs.load(Ordering::Relaxed));
        }
        if used.is_waited_for(&self.backend) {
            self.slots.share.notify_one();
        }
        drop(used);
        self.slots.freed.notify_one();
    }
}
