//! Reading a job back from the journal, to move it.

use std::sync::Arc;

use journal::{Expect, Prepared};
use model::redact::SecretSet;
use model::{Attempt, JobId, Outcome, Step};
use serde_json::Value;

use crate::intake::Envelope;
use crate::state::core::Core;
use crate::work::progress::Progress;
use crate::work::settle::{JobSnapshot, replies};

/// A job with everything that belongs to it.
pub(crate) struct ReadBack {
    pub(crate) progress: Progress,
    /// Masked.
    pub(crate) body: Arc<Value>,
    pub(crate) secrets: Arc<SecretSet>,
    pub(crate) replies: Vec<Value>,
    /// Why it must not run.
    pub(crate) broken: Option<String>,
}

impl ReadBack {
    /// What was prepared, with what its steps have answered. `expect`: what it is when it is moved.
    pub(crate) async fn of(core: &Core, prepared: Prepared, expect: Expect) -> Self {
        let envelope: Result<Envelope, _> = serde_json::from_slice(&prepared.body);
        let secrets = prepared.secrets.as_ref().map(|bytes| SecretSet::from_bytes(bytes)).transpose();
        let broken = prepared.damaged.first().map(|row| row.why.clone());
        let (body, secrets, broken) = match (envelope, secrets) {
            (Ok(envelope), Ok(secrets)) => (envelope.body, secrets.unwrap_or_default(), broken),
            (Err(error), _) => (Value::Null, SecretSet::default(), broken.or(Some(error.to_string()))),
            (_, Err(error)) => (Value::Null, SecretSet::default(), broken.or(Some(error.to_string()))),
        };
        let steps = answered(core, prepared.job.id, prepared.steps).await;
        ReadBack {
            progress: Progress::new(prepared.job, steps, prepared.callers, expect),
            body: Arc::new(body),
            secrets: Arc::new(secrets),
            replies: replies(&prepared.replies),
            broken,
        }
    }

    /// What the reactors see of it.
    pub(crate) fn shown(&self) -> JobSnapshot {
        JobSnapshot::of(&self.progress, &self.body, &self.replies)
    }
}

/// Steps with what they answered last.
async fn answered(core: &Core, job: JobId, steps: Vec<Step>) -> Vec<(Step, Option<Outcome>)> {
    let mut answered: Vec<_> = steps.into_iter().map(|step| (step, None)).collect();
    if answered.iter().all(|(step, _)| step.attempts == 0) {
        return answered;
    }
    for (attempt, output) in core.journal.attempts(job).await.unwrap_or_default() {
        if let Some((_, last)) = answered.get_mut(usize::from(attempt.step))
            && let Some(outcome) = outcome_of(&attempt, output.as_deref())
        {
            *last = Some(outcome);
        }
    }
    answered
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
