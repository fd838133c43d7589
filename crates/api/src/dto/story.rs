//! Everything about one job.

use jiff::Timestamp;
use model::redact::take_secrets;
use model::{
    Code, DeliveryState, JobId, Notice, OnError, Outcome, OutcomeKind, StepState, Subject, WaitingOn,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::schema;
use serde_json::Value;
use uuid::Uuid;

use super::damaged::Damaged;
use super::job::Job;
use super::progress::Progress;
use crate::result::result;
use http::Time;

/// A job, what it asked, what became of it, and what happens next.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Story {
    /// The job.
    pub job: Job,
    /// Its document, secrets masked.
    pub document: Value,
    /// The caller's trace id.
    pub trace: Option<String>,
    /// Its steps.
    pub steps: Vec<Step>,
    /// Every attempt, in order.
    pub attempts: Vec<Attempt>,
    /// What left or is to leave.
    pub deliveries: Vec<Delivery>,
    /// What it waits for.
    pub waiting_on: Waiting,
    /// How far the attempt that runs says that it has come.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub progress: Option<Progress>,
    /// The result as its callers see it.
    pub result: Value,
    /// What of it cannot be read back from the journal.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub damaged: Vec<String>,
    /// That it was sent on to another place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub moved: Option<Moved>,
}

/// That a dead letter was sent on to another place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Moved {
    /// When, the last time.
    pub at: Time,
    /// By whom.
    pub by: String,
    /// Where to, in words.
    pub to: String,
}

impl From<engine::Moved> for Moved {
    fn from(moved: engine::Moved) -> Self {
        Moved { at: Time(moved.at), by: moved.by, to: moved.to }
    }
}

impl From<engine::Story> for Story {
    fn from(story: engine::Story) -> Self {
        Story {
            result: result(&story.job, &story.answered()),
            job: story.job.into(),
            document: story.body,
            trace: story.trace,
            steps: story.steps.into_iter().map(Step::from).collect(),
            attempts: story.attempts.into_iter().map(Attempt::from).collect(),
            deliveries: story.deliveries.into_iter().map(Delivery::from).collect(),
            waiting_on: story.waiting_on.into(),
            progress: story.report.as_deref().map(Progress::from),
            damaged: story.damaged,
            moved: story.moved.map(Moved::from),
        }
    }
}

/// One backend's part.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Step {
    /// Its place, from 0.
    pub index: u16,
    /// The backend.
    pub backend: String,
    /// What its failure means for later steps.
    #[schema(value_type = schema::OnError)]
    pub on_error: OnError,
    /// Where it stands.
    #[schema(value_type = schema::StepState)]
    pub state: StepState,
    /// How many attempts were started.
    pub attempts: u32,
    /// Numeric status of the last attempt.
    pub status: i32,
    /// Why it failed or was skipped.
    #[schema(value_type = Option<String>)]
    pub code: Option<Code>,
    /// The backend's own message.
    pub message: Option<String>,
    /// How often its backend said: not now. Of such attempts in a row only the last one is listed.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub waits: u32,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde hands over a reference")]
fn is_zero(number: &u32) -> bool {
    *number == 0
}

impl From<model::Step> for Step {
    fn from(step: model::Step) -> Self {
        let model::Step { index, backend, on_error, state, attempts, status, code, message, waits, .. } =
            step;
        Step { index, backend, on_error, state, attempts, status, code, message, waits }
    }
}

/// One execution of a step, with what the backend said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Attempt {
    /// The step's place.
    pub step: u16,
    /// Its number, from 1.
    pub number: u32,
    /// When it started.
    pub started_at: Time,
    /// When it ended.
    pub ended_at: Option<Time>,
    /// How it ended.
    #[schema(value_type = Option<schema::OutcomeKind>)]
    pub kind: Option<OutcomeKind>,
    /// Numeric status.
    pub status: i32,
    /// Why.
    #[schema(value_type = Option<String>)]
    pub code: Option<Code>,
    /// The backend's message.
    pub message: Option<String>,
    /// Its answer, whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data: Option<Value>,
    /// The last part of what it wrote beside its answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub log: Option<String>,
    /// What it wanted others to know.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schema(value_type = Vec<Object>)]
    pub notices: Vec<Notice>,
}

impl From<(model::Attempt, Option<Outcome>)> for Attempt {
    fn from((attempt, outcome): (model::Attempt, Option<Outcome>)) -> Self {
        let (data, log, notices) = outcome.map(|o| (o.data, o.log, o.notices)).unwrap_or_default();
        let model::Attempt { step, number, started_at, ended_at, kind, status, code, message } = attempt;
        Attempt {
            step,
            number,
            started_at: started_at.into(),
            ended_at: ended_at.map(Time),
            kind,
            status,
            code,
            message,
            data,
            log,
            notices,
        }
    }
}

/// Something that left, or is to leave.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Delivery {
    /// Its stable id, sent along.
    #[schema(value_type = String, format = "uuid")]
    pub id: Uuid,
    /// Who takes it.
    pub courier: String,
    /// Where to.
    pub address: String,
    /// Where it stands.
    #[schema(value_type = schema::DeliveryState)]
    pub state: DeliveryState,
    /// How often it was tried.
    pub attempts: u32,
    /// Not before this time.
    pub due_at: Time,
    /// Why the last try failed.
    pub message: Option<String>,
    /// What is sent, without what counts as secret by its name, and without texts in which that occurs: a link in a letter
    /// may open what whoever reads here may not see.
    pub body: Value,
}

impl From<model::Delivery> for Delivery {
    fn from(mut delivery: model::Delivery) -> Self {
        drop(take_secrets(&mut delivery.body, &[]));
        Delivery {
            id: delivery.id.0,
            courier: delivery.to.courier,
            address: delivery.to.address,
            state: delivery.state,
            attempts: delivery.attempts,
            due_at: delivery.due_at.into(),
            message: delivery.message,
            body: delivery.body,
        }
    }
}

/// A page of deliveries, newest first.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct DeliveryPage {
    /// The deliveries.
    pub deliveries: Vec<Delivery>,
    /// `before` of the next page; absent on the last one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<i64>,
    /// What stands between them and cannot be read.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub damaged: Vec<Damaged>,
}

/// What a job waits for. Which members are there depends on `on`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Waiting {
    /// `ended`, `running`, `subject`, `failsafe`, `pause`, `breaker`, `backend_wait`, `window`, `wait`, `not_before`, `retry`,
    /// `rate`, `slot` or `nothing`.
    pub on: String,
    /// The backend that it runs on or waits for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub backend: Option<String>,
    /// The subject that is busy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub subject: Option<Subject>,
    /// The job before it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = "uuid")]
    pub job: Option<JobId>,
    /// Until when.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Time>,
    /// The failsafe that holds it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failsafe: Option<String>,
    /// Why, in the words of the backend that said: not now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// What happens next, in a sentence.
    pub next: String,
}

impl From<WaitingOn> for Waiting {
    fn from(waiting: WaitingOn) -> Self {
        let next = waiting.sentence();
        let plain = |on: &str| Waiting {
            on: on.to_owned(),
            backend: None,
            subject: None,
            job: None,
            until: None,
            failsafe: None,
            message: None,
            next,
        };
        let time = |at: Timestamp| Some(Time(at));
        match waiting {
            WaitingOn::Ended { .. } => plain("ended"),
            WaitingOn::Running { backend } => Waiting { backend, ..plain("running") },
            WaitingOn::Subject { subject, job } => {
                Waiting { subject: Some(subject), job: Some(job), ..plain("subject") }
            }
            WaitingOn::Failsafe { failsafe } => Waiting { failsafe: Some(failsafe), ..plain("failsafe") },
            WaitingOn::Pause { backend } => Waiting { backend: Some(backend), ..plain("pause") },
            WaitingOn::Breaker { backend, until } => {
                Waiting { backend: Some(backend), until: time(until), ..plain("breaker") }
            }
            WaitingOn::BackendWait { backend, until, message } => Waiting {
                backend: Some(backend),
                until: time(until),
                message: Some(message),
                ..plain("backend_wait")
            },
            WaitingOn::Wait { backend, until, message } => {
                Waiting { backend, until: time(until), message: Some(message), ..plain("wait") }
            }
            WaitingOn::NotBefore { until } => Waiting { until: time(until), ..plain("not_before") },
            WaitingOn::Window { backend, until } => {
                Waiting { backend: Some(backend), until: until.map(Time), ..plain("window") }
            }
            WaitingOn::Rate { backend, until } => {
                Waiting { backend: Some(backend), until: time(until), ..plain("rate") }
            }
            WaitingOn::Retry { until } => Waiting { until: time(until), ..plain("retry") },
            WaitingOn::Slot { backend } => Waiting { backend, ..plain("slot") },
            WaitingOn::Nothing => plain("nothing"),
        }
    }
}

#[cfg(test)]
mod tests {
    use model::{DeliveryId, DeliveryTo, OutboxPlace};
    use serde_json::json;

    use super::*;

    #[test]
    fn a_letter_is_shown_without_what_opens_something() {
        let delivery = model::Delivery {
            id: DeliveryId(Uuid::nil()),
            job: None,
            seq: OutboxPlace::default(),
            to: DeliveryTo { courier: "mail".to_owned(), address: "a".to_owned() },
            state: DeliveryState::Pending,
            attempts: 0,
            due_at: Timestamp::UNIX_EPOCH,
            message: None,
            body: json!({
                "to": "a@b.example", "text": "open https://hub.example/page/AbCdEf0123456789",
                "secret": ["AbCdEf0123456789"],
            }),
        };
        let shown = Delivery::from(delivery).body;
        assert_eq!(shown["to"], "a@b.example");
        assert!(!shown.to_string().contains("AbCdEf"), "{shown}");
    }
}
