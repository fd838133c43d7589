//! Jobs that were just accepted, so that taking them up needs no reading and unsealing. Only a cache: what is not
//! here is read from the journal.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use model::JobId;

use crate::intake::Loaded;

/// Bytes held at most, roughly.
const BOUND: usize = 32 << 20;

#[derive(Default)]
struct Content {
    jobs: HashMap<JobId, Loaded>,
    bytes: usize,
}

#[derive(Default)]
pub(crate) struct Cache(Mutex<Content>);

impl Cache {
    /// Keeps a job, unless that would be too much.
    fn put(&self, loaded: Loaded) {
        let mut content = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if content.bytes + loaded.size > BOUND {
            return;
        }
        content.bytes += loaded.size;
        if let Some(old) = content.jobs.insert(loaded.job.id, loaded) {
            content.bytes -= old.size;
        }
    }

    /// Keeps a job that is about to be accepted.
    pub(crate) fn hold(self: &Arc<Self>, loaded: Loaded) -> Held {
        let job = loaded.job.id;
        self.put(loaded);
        Held { cache: Arc::clone(self), job, accepted: false }
    }

    /// Takes a job out.
    pub(crate) fn take(&self, job: JobId) -> Option<Loaded> {
        let mut content = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let loaded = content.jobs.remove(&job)?;
        content.bytes -= loaded.size;
        Some(loaded)
    }
}

/// A job that is kept here before it is accepted. Taken out again when it is not, or when nobody waits for that any more.
pub(crate) struct Held {
    cache: Arc<Cache>,
    job: JobId,
    accepted: bool,
}

impl Held {
    /// It is a new job: whoever takes it up takes it out.
    pub(crate) fn accepted(mut self) {
        self.accepted = true;
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        if !self.accepted {
            self.cache.take(self.job);
        }
    }
}
