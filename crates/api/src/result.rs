//! A job's result as those who asked see it.

use model::{Job, Outcome, OutcomeKind, Step, StepState};
use serde_json::{Map, Value, json};

/// `{"jobId","status","data":[…],"jobName"}`: one entry in `data` for each backend that was asked, with `output` on
/// success and `error` otherwise; of a dry run also `dryRun`. `error.message` begins with the backend's name: those who show it show nothing else.
pub fn result(job: &Job, steps: &[(Step, Option<Outcome>)]) -> Value {
    let mut data: Vec<Value> =
        steps.iter().filter_map(|(step, outcome)| entry(step, outcome.as_ref())).collect();
    if data.is_empty() && job.status != 0 {
        let message = job.message.clone().unwrap_or_else(|| job.state.as_str().to_owned());
        data.push(json!({ "backend": "intendant", "status": job.status, "error": error(job.status, &message, None) }));
    }
    let mut result = json!({ "jobId": job.id, "status": job.status, "data": data, "jobName": job.action });
    if let (true, Some(members)) = (job.dry_run, result.as_object_mut()) {
        members.insert("dryRun".to_owned(), true.into());
    }
    result
}

fn entry(step: &Step, outcome: Option<&Outcome>) -> Option<Value> {
    match step.state {
        StepState::Succeeded => {
            let output = outcome.and_then(|o| o.data.clone());
            let output = output.unwrap_or_else(|| json!({ "status": 0, "message": step.message }));
            Some(json!({ "backend": step.backend, "status": 0, "output": output }))
        }
        StepState::Failed => {
            let said = outcome.filter(|o| o.kind != OutcomeKind::Done).and_then(|o| o.data.as_ref());
            let message =
                step.message.as_deref().or(step.code.as_ref().map(model::Code::as_str)).unwrap_or("failed");
            let message = format!("{}: {message}", step.backend);
            Some(
                json!({ "backend": step.backend, "status": step.status, "error": error(step.status, &message, said) }),
            )
        }
        StepState::Pending | StepState::Running | StepState::Skipped => None,
    }
}

/// The backend's own answer, with the message that names it.
fn error(status: i32, message: &str, said: Option<&Value>) -> Value {
    let mut error = Map::new();
    error.insert("status".to_owned(), json!(status));
    error.insert("message".to_owned(), json!(message));
    for (key, value) in said.and_then(Value::as_object).into_iter().flatten() {
        if key != "message" {
            error.insert(key.clone(), value.clone());
        }
    }
    Value::Object(error)
}
