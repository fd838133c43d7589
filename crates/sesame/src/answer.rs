//! What a BullMQ job is completed with. Pure.
//!
//! The status is always an integer from 0 on: a negative one, or none, would mean one thing to the orchestrator's
//! listener and another to the caller who waits.

use api::result;
use engine::Why;
use model::word::code;
use model::{Job, JobState, Outcome, Step};
use serde_json::{Map, Value, json};

/// The status of what went wrong before any backend was asked.
const GENERIC: i64 = 1;
/// Who speaks in that case.
const HUB: &str = "intendant";
/// Under the name of this action the orchestrator shows an answer to whoever still waits, and passes it over otherwise.
const PASSED_OVER: &str = "DUMP_PACKAGE_CONFIG";

/// The answer of a job that has ended. `options` is what its data held.
pub(crate) fn of_job(
    job: &Job,
    steps: &[(Step, Option<Outcome>)],
    id: &str,
    options: Option<&Value>,
) -> Value {
    let mut result = result(job, steps);
    let mut data = match result.get_mut("data").map(Value::take) {
        Some(Value::Array(data)) => data,
        _ => Vec::new(),
    };
    data.iter_mut().for_each(make_status_sound);
    let mut status = sound(job.status.into());
    if job.state != JobState::Succeeded {
        status = status.max(GENERIC);
        if data.is_empty() {
            let said = job.message.as_deref().unwrap_or(job.state.as_str());
            data.push(failure(status, said));
        }
    }
    let name = if was_never_started(job) { PASSED_OVER } else { &job.action };
    envelope(id, status, data, name, options)
}

/// Nobody's state has changed, and whoever asked has given up by now. Told of a failure, the orchestrator would take the
/// person to be in error and known to no backend, and would never have them deleted there.
fn was_never_started(job: &Job) -> bool {
    let too_late = [code::EXPIRED, code::BLOCKED_BY, code::FAILSAFE_HELD];
    job.started_at.is_none() && job.code.as_ref().is_some_and(|code| too_late.contains(code))
}

/// The answer to what could not be accepted.
pub(crate) fn refused(id: &str, action: &str, why: &Why, options: Option<&Value>) -> Value {
    envelope(id, GENERIC, vec![failure(GENERIC, &why.message)], action, options)
}

/// The answer to a job of which only the id is remembered.
pub(crate) fn forgotten(id: &str, action: &str, options: Option<&Value>) -> Value {
    let said = "this job was done long ago, its result is no longer kept: add it again under a new id";
    envelope(id, GENERIC, vec![failure(GENERIC, said)], action, options)
}

/// An answer that says what it was asked for.
pub(crate) fn told(id: &str, action: &str, data: Vec<Value>, options: Option<&Value>) -> Value {
    envelope(id, 0, data, action, options)
}

fn envelope(id: &str, status: i64, data: Vec<Value>, action: &str, options: Option<&Value>) -> Value {
    let mut members = Map::new();
    members.insert("jobId".to_owned(), id.into());
    members.insert("status".to_owned(), status.into());
    members.insert("data".to_owned(), data.into());
    members.insert("jobName".to_owned(), action.into());
    if let Some(options) = options {
        members.insert("options".to_owned(), options.clone());
    }
    Value::Object(members)
}

/// What the orchestrator shows is `data[i].error.message`, and nothing that would say who speaks.
fn failure(status: i64, said: &str) -> Value {
    let message = format!("{HUB}: {said}");
    json!({ "backend": HUB, "status": status, "error": { "status": status, "message": message } })
}

fn make_status_sound(entry: &mut Value) {
    if let Some(status) = entry.get_mut("status") {
        *status = sound(status.as_i64().unwrap_or(GENERIC)).into();
    }
}

fn sound(status: i64) -> i64 {
    if status < 0 { GENERIC } else { status }
}

#[cfg(test)]
mod tests;
