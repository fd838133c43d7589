//! Which jobs have a runner, how one is told to end, and how far it says that it has come.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use model::{JobId, Progress, RunMark};
use tokio::sync::{Notify, broadcast, watch};

use crate::port::Stop;

/// Reports kept for slow readers; who falls behind sees the next one.
const STREAM: usize = 256;

/// How far an attempt says that it has come. A word of the moment: it is kept while the attempt runs, and nowhere else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// When it said so.
    pub at: Timestamp,
    /// Of which attempt.
    pub mark: RunMark,
    /// What runs it.
    pub backend: Arc<str>,
    /// What it said, as it may be shown.
    pub progress: Progress,
}

/// The runners of this hub.
#[derive(Debug)]
pub(crate) struct Running {
    jobs: Mutex<HashMap<JobId, Runner>>,
    /// Told when the last runner is gone.
    pub(crate) idle: Notify,
    /// What attempts report, as they do.
    pub(crate) reports: broadcast::Sender<Arc<Report>>,
}

#[derive(Debug)]
struct Runner {
    stop: watch::Sender<Option<Stop>>,
    /// The last word of the attempt that runs.
    report: Option<Arc<Report>>,
}

impl Default for Running {
    fn default() -> Self {
        Running { jobs: Mutex::default(), idle: Notify::new(), reports: broadcast::channel(STREAM).0 }
    }
}

impl Running {
    fn lock(&self) -> MutexGuard<'_, HashMap<JobId, Runner>> {
        self.jobs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes that a job has a runner, which listens to the answer for a reason to stop.
    pub(crate) fn register(&self, job: JobId) -> watch::Receiver<Option<Stop>> {
        let (stop, receiver) = watch::channel(None);
        self.lock().insert(job, Runner { stop, report: None });
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

    /// Whether a job has a runner.
    pub(crate) fn has(&self, job: JobId) -> bool {
        self.lock().contains_key(&job)
    }

    /// Tells the runner of a job to end by force.
    pub(crate) fn signal(&self, job: JobId, why: Stop) {
        if let Some(runner) = self.lock().get(&job) {
            runner.stop.send_replace(Some(why));
        }
    }

    /// Tells all of them.
    pub(crate) fn signal_all(&self, why: Stop) {
        for runner in self.lock().values() {
            runner.stop.send_replace(Some(why));
        }
    }

    /// Notes how far an attempt has come, and tells whoever looks.
    pub(crate) fn report(&self, report: Report) {
        let report = Arc::new(report);
        if let Some(runner) = self.lock().get_mut(&report.mark.job) {
            runner.report = Some(Arc::clone(&report));
        }
        // Nobody who looks is no error.
        _ = self.reports.send(report);
    }

    /// Forgets what an attempt said, which is over.
    pub(crate) fn silence(&self, job: JobId) {
        if let Some(runner) = self.lock().get_mut(&job) {
            runner.report = None;
        }
    }

    /// What the running attempt of a job said last.
    pub(crate) fn said(&self, job: JobId) -> Option<Arc<Report>> {
        self.lock().get(&job)?.report.clone()
    }
}
