//! Taking a job up: from the cache when it was just accepted, else from the journal.

use std::sync::Arc;
use std::time::Duration;

use journal::{Due, Expect, Grave, Prepared};
use model::word::code;
use model::{Job, JobId, JobState};
use tokio::sync::watch;

use super::Runner;
use crate::intake::Loaded;
use crate::lasting::Lasting;
use crate::port::Stop;
use crate::state::core::Core;
use crate::work::bury::bury;
use crate::work::progress::Progress;
use crate::work::read_back::ReadBack;

impl Runner {
    pub(super) async fn load(
        core: &Arc<Core>,
        due: &Due,
        stop: watch::Receiver<Option<Stop>>,
    ) -> Option<Self> {
        if let Some(Loaded { job, body, secrets, replies, size: _ }) = core.cache.take(due.id) {
            let job = Job { seq: due.seq, class: due.class, head: true, ..job };
            let progress = Progress::new(job, Vec::new(), replies.len(), Expect::Ready);
            let found = ReadBack { progress, body, secrets, replies, broken: None };
            return Some(Runner::new(core, due, stop, found));
        }
        let prepared = prepare(core, due.id).await?;
        // An old notice: somebody else has moved it in the meantime.
        if prepared.job.state == JobState::Running || prepared.job.state.is_terminal() {
            return None;
        }
        let found = ReadBack::of(core, prepared, Expect::Ready).await;
        let broken = found.broken.clone();
        let mut runner = Runner::new(core, due, stop, found);
        if let Some(why) = broken {
            tracing::error!(job = %due.id, "the job ends, for the journal cannot read it back: {why}");
            let message = format!("what the journal holds of it cannot be read back: {why}");
            runner.end(JobState::Failed, Some((code::DAMAGED, message))).await;
            return None;
        }
        Some(runner)
    }

    fn new(core: &Arc<Core>, due: &Due, stop: watch::Receiver<Option<Stop>>, found: ReadBack) -> Self {
        let (core, due) = (Arc::clone(core), due.clone());
        Runner { core, stop, due, found, call: None, ticket: None }
    }
}

/// Reads a job, until that works. One whose own row cannot be read is ended.
async fn prepare(core: &Core, job: JobId) -> Option<Prepared> {
    const WHAT: &str = "a job cannot be taken up";
    let trouble = Lasting::default();
    loop {
        match core.journal.prepare(job).await {
            Ok(prepared) => {
                trouble.obeyed(WHAT);
                return prepared;
            }
            Err(journal::Error::Closed) => return None,
            Err(journal::Error::Damaged(_)) if bury(core, Grave::Job(job)).await.is_ok() => return None,
            Err(error) => {
                trouble.refused(WHAT, &error);
                core.clock.sleep(Duration::from_secs(1)).await;
                if core.is_stopping() {
                    return None;
                }
            }
        }
    }
}
