//! Identifiers: of jobs, of their place in the order, and of one execution of a step.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// A job's public name: a version 7 UUID. It says roughly when the job came, and nothing about its order.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct JobId(pub Uuid);

impl JobId {
    /// Makes an id from the time and ten random bytes that the caller passes in.
    pub fn from_parts(now: Timestamp, random: [u8; 10]) -> Self {
        let millis = u64::try_from(now.as_millisecond()).unwrap_or(0);
        JobId(uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid())
    }
}

impl fmt::Display for JobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for JobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for JobId {
    type Err = uuid::Error;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Uuid::parse_str(text.trim()).map(JobId)
    }
}

/// A job's place in the journal, given at commit. The only order there is: a smaller one came first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Seq(pub i64);

impl fmt::Display for Seq {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The mark of one execution of a step, `<journal>/<job>/<step>/<attempt>`, carried by every process that belongs
/// to it in `INTENDANT_RUN`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RunMark {
    /// The journal's own id, so that two hubs on one machine never touch each other's processes.
    pub journal: Uuid,
    /// The job.
    pub job: JobId,
    /// The step's place in the plan, from 0.
    pub step: u16,
    /// The attempt's number, from 1.
    pub attempt: u32,
}

impl fmt::Display for RunMark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}/{}", self.journal, self.job, self.step, self.attempt)
    }
}
