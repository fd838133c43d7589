//! What was asked of the backends for many identities at once, and what it came to. Pure: times are arguments.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use model::cause::{CauseId, shape};
use model::effect::EntityContent;
use model::{Entity, EntityKey, EntityWrite, Job, JobId, JobState};
use serde::{Deserialize, Serialize};

use crate::state::Deed;

/// The kind of the entities.
pub const KIND: &str = "identity_run";
/// The last moment that an id can name, in milliseconds: the year 2527.
const LAST: i64 = 0xfff_ffff_ffff;
/// Causes that are told apart; what has others is only counted as failed.
const CAUSES: usize = 50;

/// A run with its place in the journal.
#[derive(Clone, Debug, PartialEq)]
pub struct Run {
    /// Its id: the newer, the lower. Its jobs have it at the end of their external ids.
    pub id: String,
    /// Its revision.
    pub rev: u64,
    /// The rest.
    pub kept: Kept,
}

/// What is kept of a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Kept {
    /// What was asked.
    pub deed: Deed,
    /// Who asked.
    pub by: String,
    /// When.
    pub begun: Timestamp,
    /// For how many it was asked; `None` = that is going on, or was interrupted.
    pub asked: Option<Asked>,
    /// What it came to, once all its jobs have ended.
    pub came_to: Option<Tally>,
}

/// For how many identities something was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asked {
    /// When the last one was.
    pub at: Timestamp,
    /// For so many there is a job.
    pub jobs: u64,
    /// So many were left as they are.
    pub left: u64,
}

/// How the jobs of a run stand.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    /// They have not ended.
    pub under_way: u64,
    /// They succeeded.
    pub succeeded: u64,
    /// They failed.
    pub failed: u64,
    /// They were cancelled, rejected or replaced.
    pub cancelled: u64,
    /// Why they failed, most frequent first.
    pub causes: Vec<Cause>,
}

/// Why jobs of a run failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cause {
    /// The backend that failed, where it is known.
    pub backend: Option<String>,
    /// The code.
    pub code: Option<String>,
    /// In words.
    pub message: String,
    /// How many.
    pub count: u64,
    /// One of them.
    pub job: JobId,
}

/// Where a run stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// Jobs are being made, or have not ended.
    UnderWay,
    /// All have ended.
    Ended,
    /// The hub stopped in the middle: those that had no job yet got none.
    Interrupted,
}

impl Run {
    /// One that begins. `at` is moved on by a millisecond when its id is taken.
    pub fn new(deed: Deed, by: String, at: Timestamp) -> Self {
        let id = format!("{:011x}", LAST.saturating_sub(at.as_millisecond()).max(0));
        Run { id, rev: 0, kept: Kept { deed, by, begun: at, asked: None, came_to: None } }
    }

    /// Reads it from the journal. An error says what is wrong with it.
    pub fn read(entity: Entity) -> Result<Self, String> {
        let Entity { key, rev, body, .. } = entity;
        let kept = serde_json::from_value(body).map_err(|error| format!("run {}: {error}", key.key))?;
        Ok(Run { id: key.key, rev, kept })
    }

    /// The write of it over the revision that was read.
    pub fn write(&self) -> EntityWrite {
        let content = EntityContent {
            state: if self.kept.came_to.is_some() { "ended" } else { "open" }.to_owned(),
            label: String::new(),
            // Plain data: there is nothing that could fail.
            body: serde_json::to_value(&self.kept).unwrap_or_default(),
        };
        EntityWrite { key: entity_key(&self.id), expected_rev: self.rev, content: Some(content) }
    }

    /// Whether a job is one of it.
    pub fn has(&self, job: &Job) -> bool {
        let named = job.external_id.as_deref().and_then(|id| id.rsplit_once('/'));
        named.is_some_and(|(_, run)| run == self.id)
    }

    /// Between which times its jobs were accepted. A clock may have been set by a little meanwhile.
    pub fn span(&self) -> (Timestamp, Option<Timestamp>) {
        const SLACK: SignedDuration = SignedDuration::from_mins(1);
        let Kept { begun, asked, .. } = &self.kept;
        let until = asked.map(|asked| asked.at.checked_add(SLACK).unwrap_or(asked.at));
        (begun.checked_sub(SLACK).unwrap_or(*begun), until)
    }

    /// Where it stands, by the state of its jobs. `since` is when this hub began: what it does not know was another's.
    pub fn stage(&self, tally: &Tally, since: Timestamp) -> Stage {
        match self.kept.asked {
            _ if self.kept.came_to.is_some() => Stage::Ended,
            None if self.kept.begun >= since => Stage::UnderWay,
            None => Stage::Interrupted,
            Some(_) if tally.under_way > 0 => Stage::UnderWay,
            Some(_) => Stage::Ended,
        }
    }
}

/// By what causes are told apart: what failures have in common, or where that is not known their words.
type Key = (Option<CauseId>, String);

/// Counts jobs.
#[derive(Debug, Default)]
pub struct Counting {
    tally: Tally,
    causes: BTreeMap<Key, Cause>,
}

impl Counting {
    /// Counts a job of the run.
    pub fn add(&mut self, job: &Job) {
        let tally = &mut self.tally;
        match job.state {
            JobState::Queued | JobState::Running | JobState::Retrying => tally.under_way += 1,
            JobState::Succeeded => tally.succeeded += 1,
            JobState::Cancelled | JobState::Superseded => tally.cancelled += 1,
            JobState::Failed => {
                tally.failed += 1;
                let message = job.message.clone().unwrap_or_default();
                let known = job.failed.as_ref().map(|failed| failed.cause);
                let key = (known, if known.is_some() { String::new() } else { message.clone() });
                if self.causes.len() < CAUSES || self.causes.contains_key(&key) {
                    let cause = self.causes.entry(key).or_insert_with(|| Cause {
                        backend: job.failed.as_ref().and_then(|failed| failed.on.clone()),
                        code: job.code.as_ref().map(ToString::to_string),
                        message,
                        count: 0,
                        job: job.id,
                    });
                    cause.count += 1;
                }
            }
        }
    }

    /// What they come to.
    pub fn tally(self) -> Tally {
        // What is said of several leaves out what is one's own.
        let common = |cause: Cause| match cause.count {
            1 => cause,
            _ => Cause { message: shape(&cause.message, &[]), ..cause },
        };
        let mut causes: Vec<Cause> = self.causes.into_values().map(common).collect();
        causes.sort_by_key(|cause| std::cmp::Reverse(cause.count));
        Tally { causes, ..self.tally }
    }
}

/// Names the entity of a run.
pub fn entity_key(id: &str) -> EntityKey {
    EntityKey { kind: KIND.to_owned(), key: id.to_owned() }
}
