//! The members of a request document, one by one. `null` counts as absent.

use engine::Why;
use jiff::{SignedDuration, Timestamp};
use model::Class;
use serde_json::{Map, Value};

use super::unreadable;

/// Ids, subjects and the like are at most so many bytes long.
const LONGEST: usize = 512;

/// Takes a text out, keeping the order of the rest.
pub(super) fn text(members: &mut Map<String, Value>, key: &str) -> Result<Option<String>, Why> {
    match members.shift_remove(key) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) if text.is_empty() => {
            Err(unreadable(format!("{key:?} is empty: leave it out, or say something")))
        }
        Some(Value::String(text)) if text.len() > LONGEST => {
            Err(unreadable(format!("{key:?} is longer than {LONGEST} bytes")))
        }
        Some(Value::String(text)) if text.chars().any(char::is_control) => {
            Err(unreadable(format!("{key:?} holds control characters (a line break, for example)")))
        }
        Some(Value::String(text)) => Ok(Some(text)),
        Some(other) => Err(unreadable(format!("{key:?} must be a string, not {}", kind(&other)))),
    }
}

pub(super) fn action(members: &mut Map<String, Value>) -> Result<Option<String>, Why> {
    let action = text(members, "action")?;
    action.map(|action| check_action(&action).map(|()| action)).transpose()
}

/// An action is a name: it reaches backends in their environment, and is a key in tables and routes.
pub(super) fn check_action(action: &str) -> Result<(), Why> {
    let sound = action.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_')
        && action.chars().all(|c| c.is_ascii_alphanumeric() || "_-.:/".contains(c))
        && action.len() <= LONGEST;
    if sound {
        return Ok(());
    }
    Err(unreadable(
        "an action is a name of letters, digits and _ - . : /, such as IDENTITY_UPDATE or request.account.create",
    ))
}

pub(super) fn class(members: &mut Map<String, Value>) -> Result<Option<Class>, Why> {
    match text(members, "class")?.as_deref() {
        None => Ok(None),
        Some("interactive") => Ok(Some(Class::Interactive)),
        Some("bulk") => Ok(Some(Class::Bulk)),
        Some(_) => Err(unreadable("\"class\" must be \"interactive\" (someone waits) or \"bulk\"")),
    }
}

/// A moment, or seconds from now; to the millisecond.
pub(super) fn time(
    members: &mut Map<String, Value>,
    key: &str,
    now: Timestamp,
) -> Result<Option<Timestamp>, Why> {
    let at = match members.shift_remove(key) {
        None | Some(Value::Null) => return Ok(None),
        Some(Value::String(text)) => text.parse().ok(),
        Some(Value::Number(seconds)) => seconds
            .as_f64()
            .filter(|seconds| *seconds >= 0.0)
            .and_then(|seconds| SignedDuration::try_from_secs_f64(seconds).ok())
            .and_then(|pause| now.checked_add(pause).ok()),
        Some(_) => None,
    };
    let at = at.and_then(|at: Timestamp| Timestamp::from_millisecond(at.as_millisecond()).ok());
    at.map(Some).ok_or_else(|| {
        unreadable(format!(
            "{key:?} must be a time such as 2026-11-30T18:00:00Z, or a number of seconds from now"
        ))
    })
}

/// `true` or `false`.
pub(super) fn flag(members: &mut Map<String, Value>, key: &str) -> Result<bool, Why> {
    match members.shift_remove(key) {
        None | Some(Value::Null) => Ok(false),
        Some(Value::Bool(said)) => Ok(said),
        Some(other) => Err(unreadable(format!("{key:?} must be true or false, not {}", kind(&other)))),
    }
}

/// What is left goes to the backends as it is, if it has the right shape.
pub(super) fn check_body(members: &Map<String, Value>) -> Result<(), Why> {
    match members.get("concernedTo") {
        None | Some(Value::Null | Value::String(_) | Value::Number(_)) => {}
        Some(other) => {
            return Err(unreadable(format!("\"concernedTo\" must be a string or null, not {}", kind(other))));
        }
    }
    for key in ["payload", "options"] {
        match members.get(key) {
            None | Some(Value::Null | Value::Object(_)) => {}
            Some(other) => {
                return Err(unreadable(format!("{key:?} must be an object or null, not {}", kind(other))));
            }
        }
    }
    Ok(())
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}
