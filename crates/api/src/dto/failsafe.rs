//! The failsafe, and what it holds.

use model::Destructive;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::job::Job;
use super::schema;
use http::Time;

/// The failsafe as it stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Failsafe {
    /// The sources whose jobs it guards.
    pub sources: Vec<String>,
    /// How far back it counts, in seconds.
    pub window: u64,
    /// Jobs that delete, on one backend within the window; absent = no cap.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delete: Option<u32>,
    /// The same for jobs that disable.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disable: Option<u32>,
    /// How much of the caps is used.
    pub counts: Vec<Count>,
    /// What is held, those that wait for a decision first.
    pub sets: Vec<HeldSet>,
}

/// How many jobs of a kind started on a backend within the window.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Count {
    /// What they do.
    #[schema(value_type = schema::Destructive)]
    pub kind: Destructive,
    /// On which backend.
    pub backend: String,
    /// How many.
    pub jobs: u32,
}

/// Jobs that wait for somebody's decision, or did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct HeldSet {
    /// Its name.
    pub name: String,
    /// What its jobs do.
    #[schema(value_type = schema::Destructive)]
    pub kind: Destructive,
    /// The backend on which no more of them may start.
    pub backend: String,
    /// How many had started when it was opened.
    pub count: u32,
    /// How many may.
    pub cap: u32,
    /// Within so many seconds.
    pub window: u64,
    /// When it was opened.
    pub since: Time,
    /// How many jobs are in it.
    pub jobs: u64,
    /// What a decision made after this look has to name, so that it is made for no other jobs.
    pub through: Time,
    /// What was decided.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decision: Option<Decision>,
}

/// A decision.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Decision {
    /// `approved` or `rejected`.
    pub verdict: String,
    /// Who made it.
    pub by: String,
    /// When.
    pub at: Time,
    /// For how many jobs.
    pub jobs: u64,
}

impl From<engine::HeldSet> for HeldSet {
    fn from(set: engine::HeldSet) -> Self {
        let engine::HeldSet { name, kind, backend, count, cap, window, since, jobs, through, decision } = set;
        let decision = decision.map(|made| Decision {
            verdict: made.verdict.as_str().to_owned(),
            by: made.by,
            at: made.at.into(),
            jobs: made.jobs,
        });
        let (since, through, window) = (since.into(), through.into(), window.as_secs());
        HeldSet { name, kind, backend, count, cap, window, since, jobs, through, decision }
    }
}

/// A set and the first of its jobs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct HeldJobs {
    /// The set.
    pub set: HeldSet,
    /// Its jobs in the order in which they were held.
    pub jobs: Vec<Job>,
    /// `after` of the next page; absent on the last one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<Time>,
}

/// A decision to be made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Decide {
    /// The `through` of the set when it was looked at: jobs held later stay held, in a set of their own.
    pub through: Time,
    /// How many jobs the caller means. An approval of more than 50 needs it; one that names another number than the set holds
    /// decides nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = 60)]
    pub expected: Option<u64>,
}

/// What a decision came to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Decided {
    /// How many jobs it was made for.
    pub jobs: u64,
    /// The set that holds those that came after the caller had looked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rest: Option<String>,
}

/// An audit record with what was changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Audited {
    /// The record.
    #[serde(flatten)]
    pub record: super::job::Record,
    /// What it was before; absent = it was not there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<serde_json::Value>,
    /// What it is after; absent = it is not there any more. A secret is `changed`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<serde_json::Value>,
}

/// A setting as it holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Setting {
    /// Its name, `retention.jobs`.
    pub key: String,
    /// Its value as it would be written in the file; a secret is masked.
    pub value: String,
    /// Where the value comes from: a line of the file, a variable, or nobody said.
    pub origin: String,
    /// What it means.
    pub meaning: String,
    /// Whether a change needs a restart of the hub.
    pub needs_restart: bool,
}
