//! Dead letters: what they have in common, and setting them aside.

use model::{CauseId, Code, JobId, Settled};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::ask::Filter;
use super::schema;
use http::Time;

/// What is known of a failure.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Failed {
    /// The backend of the step that failed; absent = none had its turn.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on: Option<String>,
    /// What it has in common with others.
    #[schema(value_type = String, example = "5f0c3d1e9a7b2468")]
    pub cause: CauseId,
    /// Why it is no dead letter any more: a replay has succeeded (`replayed`), a replay failed in its place (`followed`), or
    /// somebody set it aside (`aside`); absent = it is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<schema::Settled>)]
    pub settled: Option<Settled>,
    /// The record of the audit that says who set it aside, and why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub record: Option<i64>,
}

impl From<model::Failed> for Failed {
    fn from(failed: model::Failed) -> Self {
        let model::Failed { on, cause, settled, record } = failed;
        Failed { on, cause, settled, record }
    }
}

/// A cause of dead letters.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Cause {
    /// Its name, as the filter `cause` takes it.
    #[schema(value_type = String, example = "5f0c3d1e9a7b2468")]
    pub id: CauseId,
    /// The backend of the steps that failed; absent = none had its turn.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub backend: Option<String>,
    /// The code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub code: Option<Code>,
    /// The message with names and numbers left out.
    pub message: String,
    /// How many failed jobs have it that nothing has settled.
    pub jobs: u64,
    /// When the first of them failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first: Option<Time>,
    /// When the last one did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last: Option<Time>,
    /// The whole message of the last one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sample: Option<String>,
}

impl From<journal::CauseTally> for Cause {
    fn from(tally: journal::CauseTally) -> Self {
        let journal::CauseTally { id, cause, jobs, first, last, sample } = tally;
        let model::Cause { backend, code, shape } = cause;
        let (first, last) = (first.map(Time), last.map(Time));
        Cause { id, backend, code, message: shape, jobs, first, last, sample }
    }
}

/// Dead letters, by cause.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Causes {
    /// How many failed jobs are dead letters in all.
    pub jobs: u64,
    /// How many refused messages are.
    pub refusals: u64,
    /// The causes of the jobs, those of most first.
    pub causes: Vec<Cause>,
}

/// Which failed jobs are set aside, and why.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct AsideMany {
    /// Which; only dead letters are.
    pub filter: Filter,
    /// These jobs, in the place of a filter.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(value_type = Vec<String>, format = "uuid")]
    pub jobs: Vec<JobId>,
    /// All dead letters, where there is neither filter nor jobs.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub all: bool,
    /// Why nobody has to do anything about them: up to 1000 letters, kept in the audit.
    #[schema(min_length = 1, max_length = 1000, example = "these people have left")]
    pub reason: String,
}

/// Which refused messages are set aside, and why.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct AsideRefusals {
    /// These.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub records: Vec<i64>,
    /// All of them instead, or all of this source, code and cause.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub all: bool,
    /// With `all`: those of this source.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// With `all`: those of this code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// With `all`: those of this cause.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub cause: Option<CauseId>,
    /// Why nobody has to do anything about them: up to 1000 letters, kept in the audit.
    #[schema(min_length = 1, max_length = 1000, example = "an old client")]
    pub reason: String,
}

/// How many dead letters were set aside.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Aside {
    /// So many.
    pub aside: u64,
}
