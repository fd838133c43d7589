//! How much may run at once: globally and on each backend; and which backends are paused or left alone.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use model::{Breaker, BreakerRule, Entity, JobId};
use tokio::sync::Notify;

use crate::port::BackendEntry;
use crate::state::copies::Follower;

#[derive(Debug, Default)]
struct Use {
    limit: usize,
    jobs: usize,
    backends: HashMap<Arc<str>, usize>,
    paused: BTreeSet<String>,
    /// Of backends that failed of late.
    breakers: HashMap<Arc<str>, Breaker>,
}

impl Use {
    fn running(&self, backend: &str) -> usize {
        self.backends.get(backend).copied().unwrap_or(0)
    }

    fn is_free(&self, backend: &str, limit: Option<usize>) -> bool {
        let running = self.running(backend);
        !self.paused.contains(backend)
            && running < limit.unwrap_or(usize::MAX)
            && self.breakers.get(backend).is_none_or(|breaker| breaker.lets_through(running))
    }
}

/// The slots. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Slots {
    inner: Arc<Mutex<Use>>,
    freed: Arc<Notify>,
}

/// A job's place among those that run; given back on drop.
#[derive(Debug)]
pub(crate) struct JobSlot(Slots);

/// A place on a backend; given back on drop.
#[derive(Debug)]
pub(crate) struct BackendSlot(Slots, Arc<str>);

/// A backend with a place on it. An attempt is made from one of these only: none runs on the place of another backend.
pub(crate) struct Seat {
    entry: BackendEntry,
    _slot: BackendSlot,
}

impl BackendSlot {
    /// The place, when it is one on this backend; otherwise it is given back.
    pub(crate) fn on(self, entry: &BackendEntry) -> Option<Seat> {
        (self.1 == entry.name).then(|| Seat { entry: entry.clone(), _slot: self })
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
    pub(crate) fn new(limit: usize, freed: Arc<Notify>) -> Self {
        let slots = Slots { inner: Arc::default(), freed };
        slots.set_limit(limit);
        slots
    }

    fn lock(&self) -> MutexGuard<'_, Use> {
        // The lock is held for plain counting only; a poisoned one is still sound.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
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
    pub(crate) fn free(&self, backend: &str, limit: Option<usize>) -> bool {
        self.lock().is_free(backend, limit)
    }

    /// A place for one more attempt on the backend.
    pub(crate) fn backend(&self, backend: &Arc<str>, limit: Option<usize>) -> Option<BackendSlot> {
        let mut used = self.lock();
        used.is_free(backend, limit).then(|| {
            *used.backends.entry(Arc::clone(backend)).or_default() += 1;
            BackendSlot(self.clone(), Arc::clone(backend))
        })
    }

    /// The same, with the backend.
    pub(crate) fn seat(&self, entry: &BackendEntry) -> Option<Seat> {
        self.backend(&entry.name, entry.concurrency)?.on(entry)
    }

    /// How many attempts run on the backend.
    pub(crate) fn running(&self, backend: &str) -> usize {
        self.lock().running(backend)
    }

    /// Until when the backend is left alone because it keeps failing.
    pub(crate) fn left_alone_until(&self, backend: &str) -> Option<Timestamp> {
        self.lock().breakers.get(backend)?.until()
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
        let breaker = used.breakers.get_mut(backend).filter(|breaker| breaker.until() == Some(until))?;
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
        self.lock().breakers.entry(Arc::clone(backend)).or_default().failed(job, rule, now)
    }

    /// The backend answered. Says whether it was left alone until then.
    pub(crate) fn answered(&self, backend: &str) -> bool {
        let was_left_alone =
            self.lock().breakers.remove(backend).is_some_and(|mut breaker| breaker.answered());
        if was_left_alone {
            self.freed.notify_one();
        }
        was_left_alone
    }

    /// The backend is left alone for longer. Says until when.
    pub(crate) fn lengthen(&self, backend: &Arc<str>, rule: &BreakerRule, now: Timestamp) -> Timestamp {
        self.lock().breakers.entry(Arc::clone(backend)).or_default().lengthen(rule, now)
    }

    /// The backend gets one attempt, to decide.
    pub(crate) fn probe(&self, backend: &str) {
        if let Some(breaker) = self.lock().breakers.get_mut(backend) {
            breaker.probe();
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

impl Drop for JobSlot {
    fn drop(&mut self) {
        self.0.lock().jobs -= 1;
        self.0.freed.notify_one();
    }
}

impl Drop for BackendSlot {
    fn drop(&mut self) {
        let mut used = self.0.lock();
        if let Some(n) = used.backends.get_mut(&self.1) {
            *n -= 1;
            if *n == 0 {
                used.backends.remove(&self.1);
            }
        }
        drop(used);
        self.0.freed.notify_one();
    }
}
