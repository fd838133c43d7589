//! The failsafe's rows in the journal.

use std::time::Duration;

use jiff::Timestamp;
use journal::{EffectSet, Error};
use model::effect::EntityContent;
use model::failsafe::Start;
use model::{Destructive, Entity, EntityKey, EntityWrite, JobId};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{State, lane_of, number};
use crate::core::Core;

/// The kind of the rows that count starts.
const START: &str = "failsafe_start";
/// The kind of the rows that keep sets.
const SET: &str = "failsafe_set";
/// Rows read or written at once.
const ROWS: usize = 500;

/// What somebody decided on a set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// Its jobs run.
    Approved,
    /// Its jobs are cancelled.
    Rejected,
}

impl Verdict {
    /// The word, as shown and stored.
    pub fn as_str(self) -> &'static str {
        match self {
            Verdict::Approved => "approved",
            Verdict::Rejected => "rejected",
        }
    }
}

/// A decision, for the jobs that were held when it was made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decision {
    /// Which.
    pub verdict: Verdict,
    /// Who made it.
    pub by: String,
    /// When.
    pub at: Timestamp,
    /// For how many jobs.
    pub jobs: u64,
}

/// A set as it is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Set {
    pub(super) kind: Destructive,
    pub(super) backend: String,
    /// How many had started when it was opened.
    pub(super) count: u32,
    pub(super) cap: u32,
    pub(super) window: Duration,
    pub(super) since: Timestamp,
    pub(super) decision: Option<Decision>,
}

impl Set {
    /// The write of it over this revision.
    pub(super) fn write(&self, name: &str, expected_rev: u64) -> EntityWrite {
        let state = self.decision.as_ref().map_or("held", |decision| decision.verdict.as_str());
        let content = EntityContent {
            state: state.to_owned(),
            label: name.to_owned(),
            // Words, numbers and times: there is nothing that could fail.
            body: serde_json::to_value(self).unwrap_or_default(),
        };
        EntityWrite { key: set_key(name), expected_rev, content: Some(content) }
    }

    pub(super) fn read(entity: &Entity) -> Result<Self, Error> {
        serde_json::from_value(entity.body.clone()).map_err(|e| unreadable(entity, &e))
    }
}

pub(super) fn set_key(name: &str) -> EntityKey {
    EntityKey { kind: SET.to_owned(), key: name.to_owned() }
}

/// The write of the row that counts a start.
pub(super) fn start_write(start: &Start) -> EntityWrite {
    let content = EntityContent {
        state: start.kind.as_str().to_owned(),
        label: start.backends.join(" "),
        body: json!({ "job": start.job, "at": start.at, "kind": start.kind, "backends": start.backends }),
    };
    EntityWrite { key: start_key(start), expected_rev: 0, content: Some(content) }
}

fn start_key(start: &Start) -> EntityKey {
    EntityKey { kind: START.to_owned(), key: start.job.to_string() }
}

fn read_start(entity: &Entity) -> Result<Start, Error> {
    #[derive(Deserialize)]
    struct Row {
        job: JobId,
        at: Timestamp,
        kind: Destructive,
        backends: Vec<String>,
    }
    let row: Row = serde_json::from_value(entity.body.clone()).map_err(|e| unreadable(entity, &e))?;
    Ok(Start { job: row.job, at: row.at, kind: row.kind, backends: row.backends })
}

fn unreadable(entity: &Entity, error: &serde_json::Error) -> Error {
    Error::Damaged(format!("{} {} cannot be read: {error}", entity.key.kind, entity.key.key))
}

/// Reads what was counted and held before the start.
pub(crate) async fn load(core: &Core) -> Result<(), Error> {
    let mut state = State::default();
    for entity in all(core, START).await? {
        state.starts.note(read_start(&entity)?);
    }
    for entity in all(core, SET).await? {
        let (name, set) = (entity.key.key.clone(), Set::read(&entity)?);
        state.last = state.last.max(number(&name));
        let (_, last) = core.journal.lane_size(lane_of(&name)).await?;
        state.stamp = last.map_or(state.stamp, |last| last.max(state.stamp));
        state.sets.insert(name, set);
    }
    *core.failsafe.lock() = state;
    Ok(())
}

async fn all(core: &Core, kind: &str) -> Result<Vec<Entity>, Error> {
    let mut found: Vec<Entity> = Vec::new();
    loop {
        let after = found.last().map(|entity| entity.key.key.clone());
        let page = core.journal.entities(kind.to_owned(), after, ROWS).await?;
        let complete = page.len() < ROWS;
        found.extend(page);
        if complete {
            return Ok(found);
        }
    }
}

/// Removes the rows of starts that left the window, and of sets on which somebody decided long ago.
pub(crate) async fn tidy(core: &Core) -> Result<(), Error> {
    let (now, limits) = (core.clock.now(), core.snapshot().limits.clone());
    let (gone, old) = {
        let mut state = core.failsafe.lock();
        let expired = state.starts.expire(now, limits.failsafe.window);
        state.gone.extend(expired);
        let is_old = |decision: &Decision| {
            now.duration_since(decision.at).unsigned_abs() >= limits.keep.records && decision.at < now
        };
        let old = state.sets.iter().filter(|(_, set)| set.decision.as_ref().is_some_and(is_old));
        let old: Vec<String> = old.map(|(name, _)| name.clone()).collect();
        (std::mem::take(&mut state.gone), old)
    };
    let mut gone = gone.into_iter();
    while let Some(start) = gone.next() {
        if let Err(error) = remove(core, start_key(&start), now).await {
            core.failsafe.lock().gone.extend(std::iter::once(start).chain(gone));
            return Err(error);
        }
    }
    for name in old {
        remove(core, set_key(&name), now).await?;
        core.failsafe.forget(&name);
    }
    Ok(())
}

/// Removes a row, if it is there.
pub(super) async fn remove(core: &Core, key: EntityKey, at: Timestamp) -> Result<(), Error> {
    let Some(entity) = core.journal.entity(key).await? else { return Ok(()) };
    let write = EntityWrite { key: entity.key, expected_rev: entity.rev, content: None };
    core.journal.apply(EffectSet { entities: vec![write], ..EffectSet::default() }, None, at).await
}
