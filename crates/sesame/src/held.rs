//! What is held: BullMQ jobs that are in the journal and not answered yet.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use model::JobId;
use tokio::sync::Notify;

/// Jobs by their id in the queue. Only a cache: journal and queue say the same.
#[derive(Debug, Default)]
pub(crate) struct HeldJobs {
    jobs: Mutex<HashMap<String, JobId>>,
    /// Told when one is let go.
    freed: Notify,
}

impl HeldJobs {
    fn lock(&self) -> MutexGuard<'_, HashMap<String, JobId>> {
        // Every change is a single insertion or removal; a poisoned map is still sound.
        self.jobs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn insert(&self, id: String, job: JobId) {
        self.lock().insert(id, job);
    }

    pub(crate) fn let_go(&self, id: &str) {
        if self.lock().remove(id).is_some() {
            self.freed.notify_waiters();
        }
    }

    pub(crate) fn contains(&self, id: &str) -> bool {
        self.lock().contains_key(id)
    }

    pub(crate) fn all(&self) -> Vec<(String, JobId)> {
        self.lock().iter().map(|(id, job)| (id.clone(), *job)).collect()
    }

    /// Room for more, once there is some.
    pub(crate) async fn room(&self, most: usize) -> usize {
        loop {
            let freed = self.freed.notified();
            let held = self.lock().len();
            if held < most {
                return most - held;
            }
            freed.await;
        }
    }
}
