//! What became of what was asked.

use model::{JobId, JobState};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::schema;
use serde_json::Value;

use super::job::Job;
use http::Problem;

/// How a request was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Acceptance {
    /// As a new job, on disk.
    New,
    /// It was known: nothing new runs, the answer is that of the job it made the first time.
    Known,
    /// It merely tells something, and no active backend wants to know: there is no job.
    Unclaimed,
}

/// What became of a request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Submitted {
    /// How it was taken.
    pub accepted: Acceptance,
    /// Its job.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = "uuid")]
    pub job: Option<JobId>,
    /// How the job stood last; absent when it is so old that only its id is remembered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<schema::JobState>)]
    pub state: Option<JobState>,
    /// The result, once the job has ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub result: Option<Value>,
}

/// A job that was waited for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Waited {
    /// The job, as it stands now.
    pub job: Job,
    /// The result, once the job has ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub result: Option<Value>,
}

/// What became of a line of a batch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(untagged)]
pub enum BatchLine {
    /// It was accepted.
    Accepted {
        /// The line's number, from 1.
        line: u64,
        /// What became of it.
        #[serde(flatten)]
        submitted: Submitted,
    },
    /// It was not; the other lines go on.
    Refused {
        /// The line's number, from 1.
        line: u64,
        /// Why.
        problem: Problem,
    },
}

/// What a retry came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Replayed {
    /// The job that runs now: a new one, or the same when it was only waiting for its retry.
    #[schema(value_type = String, format = "uuid")]
    pub job: JobId,
}

/// What a retry of many came to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ReplayedMany {
    /// How many run again.
    pub replayed: u64,
    /// How many do not.
    pub refused: u64,
    /// How many were not tried, because the hub could not go on.
    pub left: u64,
    /// Why not, for the first thousand of them.
    pub refusals: Vec<RefusedReplay>,
}

/// What a wish to cancel many came to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CancelledMany {
    /// How many have ended.
    pub cancelled: u64,
    /// Of how many a step is being ended by force; they end with it.
    pub ending: u64,
    /// How many stay as they are.
    pub refused: u64,
    /// How many were not tried, because the hub could not go on.
    pub left: u64,
    /// Why not, for the first thousand of them.
    pub refusals: Vec<RefusedReplay>,
}

/// A job that stays as it was.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RefusedReplay {
    /// The job.
    #[schema(value_type = String, format = "uuid")]
    pub job: JobId,
    /// Why.
    pub problem: Problem,
}

/// Whether a cancelled job has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Cancelling {
    /// It had not started, or waited: it has ended.
    Now,
    /// A step of it is running and is being ended by force; the job ends with it.
    Ending,
}

/// What a wish to cancel came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CancelReport {
    /// Whether it has ended.
    pub cancelled: Cancelling,
}
