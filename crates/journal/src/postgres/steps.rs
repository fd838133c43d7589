//! The steps of a job: one value in its row, each a list of its fields.

use std::time::Duration;

use jiff::Timestamp;
use model::{Code, Step};
use serde_json::{Value, json};

use crate::code::Coded;
use crate::error::Error;

/// The value of a plan; none for a job without one.
pub(super) fn write(steps: &[Step]) -> Option<Vec<u8>> {
    if steps.is_empty() {
        return None;
    }
    let steps: Vec<Value> = steps
        .iter()
        .map(|step| {
            json!([
                step.backend,
                step.on_error.code(),
                step.state.code(),
                step.attempts,
                step.status,
                step.code.as_ref().map(Code::as_str),
                step.message,
                step.tried,
                step.due_at.map(Timestamp::as_millisecond),
                step.waits,
                u64::try_from(step.waited.as_millis()).unwrap_or(u64::MAX),
            ])
        })
        .collect();
    Some(Value::from(steps).to_string().into_bytes())
}

/// What a step is read from.
type Fields = (String, i64, i64, u32, i32, Option<String>, Option<String>, u32, Option<i64>, u32, u64);

/// The steps of such a value, each as far as it can be read.
pub(super) fn read(value: Option<&[u8]>) -> Result<Vec<Result<Step, Error>>, Error> {
    let Some(value) = value else { return Ok(Vec::new()) };
    let steps: Vec<Value> = serde_json::from_slice(value).map_err(|error| damaged(&error))?;
    Ok((0..).zip(steps).map(|(index, fields)| step(index, fields)).collect())
}

/// All of them, or what is wrong with one.
pub(super) fn all(value: Option<&[u8]>) -> Result<Vec<Step>, Error> {
    read(value)?.into_iter().collect()
}

fn step(index: u16, fields: Value) -> Result<Step, Error> {
    let fields: Fields = serde_json::from_value(fields).map_err(|error| damaged(&error))?;
    let (backend, on_error, state, attempts, status, code, message, tried, due_at, waits, waited) = fields;
    let unknown = || Error::Damaged(format!("step {index} says of itself what no step says"));
    Ok(Step {
        index,
        backend,
        on_error: Coded::of_code(on_error).ok_or_else(unknown)?,
        state: Coded::of_code(state).ok_or_else(unknown)?,
        attempts,
        status,
        code: code.map(|code| Code(code.into())),
        message,
        tried,
        due_at: due_at.map(Timestamp::from_millisecond).transpose().map_err(|_| unknown())?,
        waits,
        waited: Duration::from_millis(waited),
    })
}

fn damaged(error: &serde_json::Error) -> Error {
    Error::Damaged(format!("the steps cannot be read: {error}"))
}

#[cfg(test)]
mod tests {
    use model::{OnError, StepState};

    use super::*;

    #[test]
    fn they_come_back() {
        let step = |index, message: Option<&str>| Step {
            index,
            backend: "00dummy".to_owned(),
            on_error: OnError::Continue,
            state: StepState::Failed,
            attempts: 3,
            status: -4,
            code: Some(Code::from_static("failed")),
            message: message.map(str::to_owned),
            tried: 2,
            due_at: Some(Timestamp::from_millisecond(5).unwrap()),
            waits: 1,
            waited: Duration::from_millis(7),
        };
        let steps = [step(0, None), step(1, Some("\u{1f600}\"\0"))];
        assert_eq!(all(write(&steps).as_deref()).unwrap(), steps);
        assert_eq!(write(&[]), None);
        assert!(all(Some(b"[[1]]")).is_err());
        assert!(read(Some(b"{}")).is_err());
    }
}
