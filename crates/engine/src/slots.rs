//! How much may run at once: globally and on each backend; and which backends are paused.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

#[derive(Debug, Default)]
struct Use {
    limit: usize,
    jobs: usize,
    backends: HashMap<Arc<str>, usize>,
    paused: BTreeSet<String>,
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
        let used = self.lock();
        !used.paused.contains(backend)
            && used.backends.get(backend).copied().unwrap_or(0) < limit.unwrap_or(usize::MAX)
    }

    /// A place for one more attempt on the backend.
    pub(crate) fn backend(&self, backend: &Arc<str>, limit: Option<usize>) -> Option<BackendSlot> {
        if !self.free(backend, limit) {
            return None;
        }
        *self.lock().backends.entry(Arc::clone(backend)).or_default() += 1;
        Some(BackendSlot(self.clone(), Arc::clone(backend)))
    }

    /// How many attempts run on the backend.
    pub(crate) fn running(&self, backend: &str) -> usize {
        self.lock().backends.get(backend).copied().unwrap_or(0)
    }

    /// Whether the backend is paused.
    pub(crate) fn is_paused(&self, backend: &str) -> bool {
        self.lock().paused.contains(backend)
    }

    /// Pauses or resumes a backend.
    pub(crate) fn set_paused(&self, backend: &str, paused: bool) {
        if paused {
            self.lock().paused.insert(backend.to_owned());
        } else {
            self.lock().paused.remove(backend);
            self.freed.notify_one();
        }
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
