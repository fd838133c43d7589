//! The hub itself: how it is, and whether it can take work.

use std::collections::BTreeMap;

use model::{JobId, JobState};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::schema;
use http::Time;
use http::dependency::DEPENDENCY;

/// How the hub is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Status {
    /// Version of the program.
    pub version: String,
    /// The journal's own id.
    #[schema(value_type = String, format = "uuid")]
    pub journal: Uuid,
    /// When the hub started.
    pub started_at: Time,
    /// Seconds since then.
    pub uptime: u64,
    /// How many jobs are in each state.
    pub jobs: Vec<Tally>,
    /// How many jobs are being run at this moment.
    pub running: usize,
    /// The job that could run and has been due for the longest time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub oldest_waiting: Option<Oldest>,
    /// The connections that the hub keeps.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub links: Vec<Link>,
}

/// A connection to another server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Link {
    /// The configured instance that it belongs to.
    pub name: String,
    /// What is at the other end: `redis`, …
    pub kind: String,
    /// Whether it is up.
    pub connected: bool,
    /// It is left to the hub that leads, which is another one: it is down, and nothing is amiss.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub waits: bool,
    /// Since when it is, or is not.
    pub since: Time,
    /// What else is to be known, such as that another hub serves.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// Why it was lost the last time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_error: Option<String>,
    /// What went over it since start, by name.
    #[serde(default)]
    pub counters: BTreeMap<String, u64>,
}

impl From<engine::LinkView> for Link {
    fn from(view: engine::LinkView) -> Self {
        let engine::LinkView { name, kind, connected, waits, since, note, last_error, counters } = view;
        Link {
            name,
            kind: kind.to_owned(),
            connected,
            waits,
            since: since.into(),
            note,
            last_error,
            counters: counters.into_iter().map(|(what, number)| (what.to_owned(), number)).collect(),
        }
    }
}

/// How many jobs are in a state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Tally {
    /// The state.
    #[schema(value_type = schema::JobState)]
    pub state: JobState,
    /// How many.
    pub jobs: u64,
}

/// A job that waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Oldest {
    /// The job.
    #[schema(value_type = String, format = "uuid")]
    pub job: JobId,
    /// Since when it could have run.
    pub due_at: Time,
}

/// Whether the process answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Health {
    /// `ok`.
    pub status: String,
}

/// Whether the hub can take work, and which part of it cannot.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Readiness {
    /// Whether all parts are ready.
    pub ready: bool,
    /// The parts.
    pub parts: Vec<Part>,
}

/// A part of the hub.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Part {
    /// Its name.
    pub name: String,
    /// Whether it is ready.
    pub ready: bool,
    /// The hub does its work without it: it is shown, and does not count.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub optional: bool,
    /// Why it is not, or what else is to be known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
}

impl From<engine::LinkView> for Part {
    fn from(view: engine::LinkView) -> Self {
        let engine::LinkView { name, kind, connected, waits, note, last_error, .. } = view;
        let why = match (connected, waits) {
            (true, _) => note,
            (false, true) => Some("it is left to the hub that leads".to_owned()),
            (false, false) => last_error,
        };
        Part { name: format!("{kind} {name}"), ready: connected || waits, optional: kind == DEPENDENCY, why }
    }
}
