//! How far what runs says that it has come.

use model::JobId;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::job::Event;
use http::Time;

/// How far an attempt says that it has come: a word of the moment, which is shown while it runs and kept nowhere.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Progress {
    /// Says that it is none of the events that are kept.
    pub kind: ProgressKind,
    /// When it said so.
    pub at: Time,
    /// The job.
    #[schema(value_type = String, format = "uuid")]
    pub job: JobId,
    /// The step's place.
    pub step: u16,
    /// The attempt's number.
    pub attempt: u32,
    /// What runs it.
    pub backend: String,
    /// So much is done, in whatever unit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub done: Option<u64>,
    /// Of so much.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub of: Option<u64>,
    /// What it is doing, in one line of at most 200 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// So many seconds are left, as far as it knows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub eta_seconds: Option<u64>,
}

/// The word by which a report is told from an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum ProgressKind {
    /// Always this one.
    Progress,
}

/// What is told on the stream of events.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(untagged)]
pub enum News {
    /// Something happened. The stream can be resumed after it.
    Event(Event),
    /// An attempt says how far it has come: a server-sent event named `progress`, without an id.
    Progress(Progress),
}

impl From<&engine::Report> for Progress {
    fn from(report: &engine::Report) -> Self {
        let model::Progress { done, of, message, eta_seconds } = report.progress.clone();
        Progress {
            kind: ProgressKind::Progress,
            at: report.at.into(),
            job: report.mark.job,
            step: report.mark.step,
            attempt: report.mark.attempt,
            backend: report.backend.to_string(),
            done,
            of,
            message,
            eta_seconds,
        }
    }
}
