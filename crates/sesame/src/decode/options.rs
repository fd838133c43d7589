//! The members of `options` that mean something here; all of them are echoed.

use std::time::Duration;

use jiff::Timestamp;
use model::Class;
use serde_json::Value;

/// How long the orchestrator waits when it does not say.
const WAIT: Duration = Duration::from_secs(30);

/// What the orchestrator says of how it waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Options {
    /// `async` is not said to be: somebody waits for the answer.
    waited_for: bool,
    /// `timeoutDiscard: true`: nobody wants the answer once the wait is over.
    discard: bool,
    /// How long it waits.
    wait: Duration,
}

impl Options {
    pub(super) fn of(body: &Value) -> Self {
        let option = |name: &str| body.get("options").and_then(|options| options.get(name));
        Options {
            waited_for: !option("async").is_some_and(is_true),
            discard: option("timeoutDiscard") == Some(&Value::Bool(true)),
            wait: option("syncTimeout").and_then(millis).unwrap_or(WAIT),
        }
    }

    /// Interactive where somebody waits; else what the action table says.
    pub(super) fn class(self) -> Option<Class> {
        (self.waited_for || self.discard).then_some(Class::Interactive)
    }

    /// The end of the wait, where the answer is worth nothing afterwards.
    pub(super) fn deadline(self, added_at: Timestamp) -> Option<Timestamp> {
        if self.discard { added_at.checked_add(self.wait).ok() } else { None }
    }
}

/// Whether JavaScript takes it for true: the orchestrator asks for no more.
fn is_true(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Bool(is) => *is,
        Value::Number(number) => number.as_f64() != Some(0.0),
        Value::String(text) => !text.is_empty(),
        Value::Array(_) | Value::Object(_) => true,
    }
}

/// A number of milliseconds above zero; as text when it came through a query string.
fn millis(value: &Value) -> Option<Duration> {
    let number = match value {
        Value::Number(number) => number.as_f64()?,
        Value::String(text) => text.trim().parse().ok()?,
        _ => return None,
    };
    Duration::try_from_secs_f64(number / 1000.0).ok().filter(|wait| !wait.is_zero())
}
