//! Which jobs have a runner, and how one is told to end.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use model::JobId;
use tokio::sync::{Notify, watch};

use crate::port::Stop;

/// The runners of this hub.
#[derive(Debug, Default)]
pub(crate) struct Running {
    jobs: Mutex<HashMap<JobId, watch::Sender<Option<Stop>>>>,
    /// Told when the last runner is gone.
    pub(crate) idle: Notify,
}

impl Running {
    fn lock(&self) -> MutexGuard<'_, HashMap<JobId, watch::Sender<Option<Stop>>>> {
        self.jobs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes that a job has a runner, which listens to the answer for a reason to stop.
    pub(crate) fn register(&self, job: JobId) -> watch::Receiver<Option<Stop>> {
        let (sender, receiver) = watch::channel(None);
        self.lock().insert(job, sender);
        receiver
    }

    /// Notes that it has none any more.
    pub(crate) fn unregister(&self, job: JobId) {
        let mut jobs = self.lock();
        jobs.remove(&job);
        if jobs.is_empty() {
            self.idle.notify_waiters();
        }
    }

    /// How many jobs have a runner.
    pub(crate) fn len(&self) -> usize {
        self.lock().len()
    }

    /// Tells the runner of a job to end by force.
    pub(crate) fn signal(&self, job: JobId, why: Stop) {
        if let Some(sender) = self.lock().get(&job) {
            sender.send_replace(Some(why));
        }
    }

    /// Tells all of them.
    pub(crate) fn signal_all(&self, why: Stop) {
        for sender in self.lock().values() {
            sender.send_replace(Some(why));
        }
    }
}
