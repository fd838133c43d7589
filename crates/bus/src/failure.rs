//! A failure in the words of the bus. Pure.

use engine::Why;
use engine::port::{Moment, View};
use model::word::code;
use model::{JobState, Outcome, OutcomeKind, Step, StepState};
use serde_json::{Map, Value, json};

use crate::envelope::{SHORT, cut};
use crate::request::{EXHAUSTED, NO_ROUTE, Refused};

/// The level of a soft failure on the log exchange.
const SOFT: u8 = 3;
/// The level of one for good.
const HARD: u8 = 4;
/// What is not known better.
const INTERNAL: &str = "InternalError";

/// What is told of a failure.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Failure {
    /// It will be tried again.
    pub(crate) soft: bool,
    /// As HTTP counts.
    pub(crate) status: i64,
    /// A word for programs.
    pub(crate) name: Option<String>,
    /// A sentence for people.
    pub(crate) message: String,
    /// More about it; an object.
    pub(crate) data: Value,
    /// Milliseconds until it is tried again.
    pub(crate) next_try_in: Option<i64>,
}

impl Failure {
    /// Of a job at this moment; `None` = it has not failed.
    pub(crate) fn of(view: &View<'_>, moment: Moment) -> Option<Self> {
        match (moment, view.job.state) {
            (Moment::Soft, _) => Some(soft(view)),
            (Moment::Settled, JobState::Succeeded) | (Moment::Accepted, _) => None,
            (Moment::Settled, _) => Some(hard(view)),
        }
    }

    /// Of a message that became no job.
    pub(crate) fn of_refused(refused: &Refused) -> Self {
        let Refused { why: Why { code, message }, violations, schema } = refused;
        let (status, name) = match code {
            code if *code == code::UNREADABLE => (400, "InvalidMessage"),
            code if *code == code::INVALID_PAYLOAD => (422, "InvalidPayload"),
            code if *code == code::TOO_LARGE || *code == code::TOO_MANY_VALUES => (413, "TooLarge"),
            code if *code == code::ID_REUSED => (409, "IdReused"),
            code if *code == NO_ROUTE || *code == code::NO_BACKEND => (404, "RoutingError"),
            code if *code == EXHAUSTED => (500, INTERNAL),
            _ => (500, INTERNAL),
        };
        let mut data = if violations.is_empty() { Value::Null } else { json!({ "errors": violations }) };
        if let (Some(data), Some(schema)) = (data.as_object_mut(), schema) {
            data.insert("schema".to_owned(), Value::clone(schema));
        }
        let (name, message) = (Some(name.to_owned()), message.clone());
        Failure { soft: false, status, name, message, data, next_try_in: None }
    }

    /// The level on the log exchange.
    pub(crate) fn level(&self) -> u8 {
        if self.soft { SOFT } else { HARD }
    }

    /// The word on the wire.
    pub(crate) fn kind(&self) -> &'static str {
        if self.soft { "softfail" } else { "hardfail" }
    }

    /// The body of a reply. What is soft tells nothing that could be taken for an end (§2.6).
    pub(crate) fn body(&self) -> Value {
        let data = if self.soft { &Value::Null } else { &self.data };
        json!({ "error_message": self.message, "debug_message": null, "error_data": data })
    }

    /// What a reply says beside its status.
    pub(crate) fn headers(&self) -> Map<String, Value> {
        let mut headers = Map::new();
        headers.insert("error-type".to_owned(), self.kind().into());
        headers.insert("next-try-in".to_owned(), self.next_try_in.into());
        headers.insert("error-name".to_owned(), self.name.clone().into());
        headers
    }
}

type Answered = (Step, Option<Outcome>);

fn soft(view: &View<'_>) -> Failure {
    let waits = |(step, outcome): &&Answered| {
        step.state == StepState::Pending && outcome.as_ref().is_some_and(|o| o.kind == OutcomeKind::Soft)
    };
    let since = view.job.attempted_at.unwrap_or(view.job.due_at);
    let pause = view.job.due_at.as_millisecond() - since.as_millisecond();
    let said = view.steps.iter().find(waits);
    Failure { soft: true, next_try_in: Some(pause.max(0)), ..said_by(view, said) }
}

fn hard(view: &View<'_>) -> Failure {
    let failed = view.steps.iter().find(|(step, _)| step.state == StepState::Failed);
    let mut failure = said_by(view, failed);
    let exhausted = failed
        .and_then(|(_, outcome)| outcome.as_ref())
        .is_some_and(|outcome| outcome.kind == OutcomeKind::Soft);
    if exhausted {
        failure.message = format!("tried as often as it may be: {}", failure.message);
    }
    if failed.is_none() && view.job.code == Some(code::NO_BACKEND) {
        (failure.status, failure.name) = (404, Some("RoutingError".to_owned()));
    }
    failure.name.get_or_insert_with(|| INTERNAL.to_owned());
    failure
}

/// What a step's backend said of it: its status where that is one of HTTP's, `error_name`, `message`, `data`.
fn said_by(view: &View<'_>, said: Option<&Answered>) -> Failure {
    let answer = said.and_then(|(_, outcome)| outcome.as_ref()?.data.as_ref());
    let member = |name: &str| answer.and_then(|answer| answer.get(name));
    let status = said.map_or(0, |(step, _)| i64::from(step.status));
    let message = said.and_then(|(step, _)| step.message.as_deref()).or(view.job.message.as_deref());
    Failure {
        soft: false,
        status: if (400..600).contains(&status) { status } else { 500 },
        // It travels in a header, and a broker closes the connection over one that is too large.
        name: member("error_name").and_then(Value::as_str).map(|name| cut(name, SHORT).to_owned()),
        message: message.unwrap_or(view.job.state.as_str()).to_owned(),
        data: member("data").filter(|data| data.is_object()).cloned().unwrap_or_default(),
        next_try_in: None,
    }
}
