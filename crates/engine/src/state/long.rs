//! Attempts that nothing ends: they have no time limit, and run for longer than anybody expects.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use model::JobId;

/// An attempt that has been running for so long that somebody should look at it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LongRun {
    /// The job.
    pub job: JobId,
    /// The backend that it runs on.
    pub backend: String,
    /// Since when.
    pub since: Timestamp,
}

/// Those there are.
#[derive(Debug, Default)]
pub(crate) struct LongRuns(Mutex<BTreeMap<JobId, LongRun>>);

impl LongRuns {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<JobId, LongRun>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// All, the oldest first.
    pub(crate) fn all(&self) -> Vec<LongRun> {
        let mut runs: Vec<LongRun> = self.lock().values().cloned().collect();
        runs.sort_by_key(|run| run.since);
        runs
    }

    /// Counts it among them until what comes back is dropped.
    pub(crate) fn note(&self, run: LongRun) -> Noted<'_> {
        let job = run.job;
        self.lock().insert(job, run);
        Noted { runs: self, job }
    }
}

/// Forgets the attempt on drop.
pub(crate) struct Noted<'a> {
    runs: &'a LongRuns,
    job: JobId,
}

impl Drop for Noted<'_> {
    fn drop(&mut self) {
        self.runs.lock().remove(&self.job);
    }
}
