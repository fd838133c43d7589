//! Reading a job back from the journal, to move it.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use journal::{Change, Expect, JobChange, Prepared};
use model::redact::SecretSet;
use model::{Attempt, Cause, Code, JobId, JobState, Outcome, Step, Subject};
use serde_json::Value;

use crate::intake::Envelope;
use crate::state::core::Core;
use crate::work::progress::Progress;
use crate::work::settle::{JobSnapshot, replies};

/// So many texts of a document are looked for in the message of its failure, none of them longer than this.
const TEXTS: usize = 500;
const TEXT: usize = 200;

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

    /// The job ends, see [`Progress::end`]. A failure has a cause, in which nothing is that only its document says.
    pub(crate) fn end(
        &mut self,
        state: JobState,
        why: Option<(Code, String)>,
        now: Timestamp,
        keep_secrets: Duration,
    ) -> Change {
        let mut change = self.progress.end(state, why, now, keep_secrets);
        if state == JobState::Failed {
            let mut names = Vec::new();
            texts(&self.body, &mut names);
            names.extend(self.progress.job.subject.as_ref().map(Subject::value));
            names.extend(self.progress.job.external_id.as_deref());
            let backend = self.progress.first_failed().map(|step| step.backend.as_str());
            let JobChange { code, message, .. } = &change.to;
            // What was asked for may be repeated as a whole: then it is what happened, and no name in it.
            names.retain(|name| message.as_deref().is_none_or(|message| message.trim() != name.trim()));
            change.to.cause = Some(Cause::new(backend, code.as_ref(), message.as_deref(), &names));
        }
        change
    }

    /// What the reactors see of it.
    pub(crate) fn shown(&self) -> JobSnapshot {
        JobSnapshot::of(&self.progress, &self.body, &self.replies)
    }
}

/// Texts of a document, as many as are worth being looked for.
fn texts<'a>(value: &'a Value, found: &mut Vec<&'a str>) {
    match value {
        Value::String(text) if found.len() < TEXTS && text.len() <= TEXT => found.push(text),
        Value::Array(items) => items.iter().for_each(|item| texts(item, found)),
        Value::Object(members) => members.values().for_each(|member| texts(member, found)),
        _ => {}
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
