//! What happened to a job, whole, and what happens next.

use std::sync::Arc;

use model::wait::{Facts, Later, WaitingOn, waiting_on};
use model::{Attempt, Delivery, Job, JobId, JobState, MASK, Outcome, Step, StepState, plan};
use serde_json::Value;

use crate::desk::hub::Hub;
use crate::desk::moved::{Letter, Moved};
use crate::error::Error;
use crate::intake::Envelope;
use crate::state::failsafe;
use crate::state::gate::Shut;
use crate::state::running::Report;
use crate::work::dispatcher::waits_for;
use crate::work::read_back::outcome_of;

/// Everything that is known of a job and may be shown.
#[derive(Clone, Debug)]
pub struct Story {
    /// The job.
    pub job: Job,
    /// Its body, masked; null when it cannot be read.
    pub body: Value,
    /// The caller's trace id.
    pub trace: Option<String>,
    /// Its steps.
    pub steps: Vec<Step>,
    /// Every attempt, with what the backend said.
    pub attempts: Vec<(Attempt, Option<Outcome>)>,
    /// What left or is to leave.
    pub deliveries: Vec<Delivery>,
    /// What it waits for.
    pub waiting_on: WaitingOn,
    /// How far the attempt that runs says that it has come.
    pub report: Option<Arc<Report>>,
    /// What of it cannot be read back.
    pub damaged: Vec<String>,
    /// That it was sent on to another place.
    pub moved: Option<Moved>,
}

/// A job and what it came to.
#[derive(Clone, Debug)]
pub struct JobResult {
    /// The job.
    pub job: Job,
    /// Its steps, each with its last outcome, where one is known; `None` while the job lives.
    pub steps: Option<Vec<(Step, Option<Outcome>)>>,
}

impl Story {
    /// Its steps, each with its last outcome, where one is known.
    pub fn answered(&self) -> Vec<(Step, Option<Outcome>)> {
        let last = |step: &Step| {
            let attempt = self.attempts.iter().rev().find(|(attempt, _)| attempt.step == step.index);
            attempt.and_then(|(_, outcome)| outcome.clone())
        };
        self.steps.iter().map(|step| (step.clone(), last(step))).collect()
    }
}

impl Hub {
    /// What a job came to: a fraction of [`Hub::story`], for those who wait for it.
    pub async fn result(&self, id: JobId) -> Result<JobResult, Error> {
        let answer = self.core.journal.answer(id).await?;
        let journal::Answer { job, steps } = answer.ok_or_else(|| Error::Missing(format!("job {id}")))?;
        if !job.state.is_terminal() {
            return Ok(JobResult { job, steps: None });
        }
        let outcome = |(attempt, output): (Attempt, Option<Vec<u8>>)| shown(&attempt, output.as_deref());
        let steps = steps.into_iter().map(|(step, last)| (step, last.and_then(outcome))).collect();
        Ok(JobResult { job, steps: Some(steps) })
    }

    /// Everything about a job.
    pub async fn story(&self, id: JobId) -> Result<Story, Error> {
        let journal = &self.core.journal;
        let prepared = journal.prepare(id).await?.ok_or_else(|| Error::Missing(format!("job {id}")))?;
        let mut damaged: Vec<String> = prepared.damaged.iter().map(|row| row.why.clone()).collect();
        let envelope: Envelope = serde_json::from_slice(&prepared.body).unwrap_or_else(|error| {
            if damaged.is_empty() {
                damaged.push(format!("the body of job {id} is no JSON: {error}"));
            }
            Envelope { body: Value::Null, trace: None }
        });
        let attempts: Vec<_> = journal.attempts(id).await?;
        let attempts: Vec<_> = attempts
            .into_iter()
            .map(|(attempt, output)| {
                let outcome = shown(&attempt, output.as_deref());
                (attempt, outcome)
            })
            .collect();
        Ok(Story {
            moved: match prepared.job.state {
                JobState::Failed | JobState::Cancelled => self.moved(Letter::Job(id)).await?,
                _ => None,
            },
            waiting_on: self.waiting_on(&prepared.job).await?,
            report: self.report_of(id),
            deliveries: journal.deliveries_of(id).await?,
            body: envelope.body,
            trace: envelope.trace,
            job: prepared.job,
            steps: prepared.steps,
            attempts,
            damaged,
        })
    }

    /// What a job waits for.
    pub async fn waiting_on(&self, job: &Job) -> Result<WaitingOn, Error> {
        let core = &self.core;
        let live = !job.state.is_terminal();
        let before = if live && !job.head { core.journal.before(job.id).await? } else { None };
        let snapshot = core.snapshot();
        let runs_on = if job.state == JobState::Running { self.runs_on(job.id).await? } else { None };
        let lane = runs_on.map_or_else(|| job.lane.clone(), |backend| plan::lane(&backend));
        let needed = waits_for(&snapshot, &lane);
        let backend = needed.map(|entry| &*entry.name);
        let shut = needed.and_then(|entry| core.slots.shown_shut(entry));
        Ok(waiting_on(&Facts {
            state: job.state,
            now: core.clock.now(),
            due_at: job.due_at,
            before: before.as_ref().and_then(|before| Some((before.id, before.subject.as_ref()?))),
            backend,
            paused: backend.is_some_and(|name| core.slots.is_paused(name)),
            breaker_until: match shut {
                Some(Shut::Breaker(until)) => Some(until),
                _ => None,
            },
            told: match &shut {
                Some(Shut::Told(until, said)) => Some((*until, said)),
                _ => None,
            },
            window: match shut {
                Some(Shut::Window(until)) => Some(until),
                _ => None,
            },
            rate_until: match shut {
                Some(Shut::Rate(until)) => Some(until),
                _ => None,
            },
            later: Later::of(job),
            failsafe: failsafe::set_of(&lane).filter(|set| core.failsafe.is_held(set)),
            backend_full: needed.is_some_and(|entry| !core.slots.free(entry)),
            hub_full: core.slots.full(),
        }))
    }

    /// The backend on which a job runs: its lane is still that in which it waited.
    async fn runs_on(&self, job: JobId) -> Result<Option<String>, Error> {
        let steps = self.core.journal.steps(job).await?;
        Ok(steps.into_iter().find(|step| step.state == StepState::Running).map(|step| step.backend))
    }
}

/// How an attempt ended, as it may be shown. What an answer itself marks as secret, `{"value": …, "secret": true}`, is for
/// the reactors.
fn shown(attempt: &Attempt, output: Option<&[u8]>) -> Option<Outcome> {
    let mut outcome = outcome_of(attempt, output)?;
    outcome.data.iter_mut().for_each(hide_marked);
    Some(outcome)
}

fn hide_marked(value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(hide_marked),
        Value::Object(members) => {
            members.values_mut().for_each(hide_marked);
            let marked =
                members.get("secret").is_some_and(|mark| !matches!(mark, Value::Bool(false) | Value::Null));
            if let Some(value) = members.get_mut("value").filter(|_| marked) {
                *value = Value::from(MASK);
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_an_answer_marks_as_secret_is_hidden_wherever_it_stands() {
        let mut answer = json!({"data": {"rows": [
            {"label": "a", "value": "p", "secret": true}, {"label": "b", "value": "q", "secret": false},
            {"label": "c", "value": {"deep": "r"}, "secret": 1}, {"secret": true},
        ]}, "value": "s"});
        hide_marked(&mut answer);
        let values: Vec<_> =
            answer["data"]["rows"].as_array().unwrap().iter().map(|row| row["value"].clone()).collect();
        assert_eq!(values, [json!(MASK), json!("q"), json!(MASK), json!(null)]);
        assert_eq!(answer["value"], "s");
    }
}
