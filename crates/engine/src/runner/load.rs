//! Taking a job up: from the cache when it was just accepted, else from the journal.

use std::sync::Arc;
use std::time::Duration;

use journal::{Due, Grave, Prepared};
use model::redact::SecretSet;
use model::word::code;
use model::{Attempt, Job, JobId, JobState, Outcome};
use serde_json::Value;
use tokio::sync::watch;

use super::{Carry, Local, Runner};
use crate::bury::bury;
use crate::core::Core;
use crate::intake::{Envelope, Loaded};
use crate::lasting::Lasting;
use crate::port::Stop;
use crate::settle::replies;

impl Runner {
    pub(super) async fn load(
        core: &Arc<Core>,
        due: &Due,
        stop: watch::Receiver<Option<Stop>>,
    ) -> Option<Self> {
        if let Some(loaded) = core.cache.take(due.id) {
            return Some(Runner::new(core, due, stop, loaded));
        }
        let prepared = prepare(core, due.id).await?;
        // An old notice: somebody else has moved it in the meantime.
        if prepared.job.state == JobState::Running || prepared.job.state.is_terminal() {
            return None;
        }
        let envelope: Result<Envelope, _> = serde_json::from_slice(&prepared.body);
        let secrets = prepared.secrets.as_ref().map(|bytes| SecretSet::from_bytes(bytes)).transpose();
        let broken = prepared.damaged.first().map(|row| row.why.clone());
        let (body, secrets, broken) = match (envelope, secrets) {
            (Ok(envelope), Ok(secrets)) => (envelope.body, secrets.unwrap_or_default(), broken),
            (Err(error), _) => (Value::Null, SecretSet::default(), broken.or(Some(error.to_string()))),
            (_, Err(error)) => (Value::Null, SecretSet::default(), broken.or(Some(error.to_string()))),
        };
        let loaded = Loaded {
            body: Arc::new(body),
            secrets: Arc::new(secrets),
            replies: replies(&prepared.replies),
            size: 0,
            job: prepared.job,
        };
        let mut runner = Runner::new(core, due, stop, loaded);
        runner.callers = prepared.callers;
        runner.first_attempt_at = prepared.first_attempt_at;
        runner.steps = prepared.steps.into_iter().map(Local::from).collect();
        if let Some(why) = broken {
            tracing::error!(job = %due.id, "the job ends, for the journal cannot read it back: {why}");
            let message = format!("what the journal holds of it cannot be read back: {why}");
            runner.end(JobState::Failed, Some((code::DAMAGED, message))).await;
            return None;
        }
        if runner.steps.iter().any(|local| local.step.attempts > 0) {
            runner.recall().await;
        }
        Some(runner)
    }

    fn new(core: &Arc<Core>, due: &Due, stop: watch::Receiver<Option<Stop>>, loaded: Loaded) -> Self {
        let Loaded { job, body, secrets, replies, size: _ } = loaded;
        let callers = replies.len();
        let job = Job { seq: due.seq, class: due.class, head: true, ..job };
        Runner {
            core: Arc::clone(core),
            stop,
            due: due.clone(),
            job,
            masked: body,
            secrets,
            replies,
            callers,
            steps: Vec::new(),
            first_attempt_at: None,
            call: None,
            carry: Carry::default(),
            open: None,
            ticket: None,
        }
    }

    /// What the steps answered in earlier rounds.
    async fn recall(&mut self) {
        let attempts = self.core.journal.attempts(self.job.id).await.unwrap_or_default();
        for (attempt, output) in attempts {
            let outcome = outcome_of(&attempt, output.as_deref());
            if let Some(local) = self.steps.get_mut(usize::from(attempt.step)) {
                local.excused += u32::from(attempt.code == Some(code::INTERRUPTED));
                local.outcome = outcome;
            }
        }
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

/// An attempt's outcome as it was, from what the journal holds.
pub(crate) fn outcome_of(attempt: &Attempt, output: Option<&[u8]>) -> Option<Outcome> {
    let stored =
        output.filter(|bytes| !bytes.is_empty()).and_then(|bytes| serde_json::from_slice(bytes).ok());
    stored.or_else(|| {
        Some(Outcome {
            kind: attempt.kind?,
            status: attempt.status,
            code: attempt.code.clone(),
            message: attempt.message.clone(),
            ..Outcome::done()
        })
    })
}
