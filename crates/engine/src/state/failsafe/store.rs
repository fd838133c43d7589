//! The failsafe's rows in the journal.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use journal::{EffectSet, Error};
use model::effect::EntityContent;
use model::failsafe::Start;
use model::{Destructive, Entity, EntityKey, EntityWrite, JobId};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{Counted, Failsafe, lane_of};
use crate::state::core::Core;

/// The kind of the rows that count starts.
const START: &str = "failsafe_start";
/// The kind of the rows that keep sets.
const SET: &str = "failsafe_set";

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
    /// The last of them was held here; `None` = for all that were in the set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) through: Option<Timestamp>,
}

impl Decision {
    /// Whether it was made for the job that has this place in the set. One may come into a set just when it is decided on, from
    /// another hub.
    pub(crate) fn covers(&self, place: Timestamp) -> bool {
        self.through.is_none_or(|through| place <= through)
    }
}

/// A set as it is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Set {
    pub(crate) kind: Destructive,
    pub(crate) backend: String,
    /// How many had started when it was opened.
    pub(crate) count: u32,
    pub(crate) cap: u32,
    pub(crate) window: Duration,
    pub(crate) since: Timestamp,
    pub(crate) decision: Option<Decision>,
}

impl Set {
    /// The write of it over this revision.
    pub(crate) fn write(&self, name: &str, expected_rev: u64) -> EntityWrite {
        let state = self.decision.as_ref().map_or("held", |decision| decision.verdict.as_str());
        let content = EntityContent {
            state: state.to_owned(),
            label: name.to_owned(),
            // Words, numbers and times: there is nothing that could fail.
            body: serde_json::to_value(self).unwrap_or_default(),
        };
        EntityWrite { key: set_key(name), expected_rev, content: Some(content) }
    }

    pub(crate) fn read(entity: &Entity) -> Result<Self, Error> {
        serde_json::from_value(entity.body.clone()).map_err(|e| unreadable(entity, &e))
    }
}

pub(crate) fn set_key(name: &str) -> EntityKey {
    EntityKey { kind: SET.to_owned(), key: name.to_owned() }
}

/// The write of the row that counts a start.
pub(crate) fn start_write(start: &Start) -> EntityWrite {
    let content = EntityContent {
        state: start.kind.as_str().to_owned(),
        label: start.backends.join(" "),
        body: json!({ "job": start.job, "at": start.at, "kind": start.kind, "backends": start.backends }),
    };
    EntityWrite { key: start_key(start.job), expected_rev: 0, content: Some(content) }
}

fn start_key(job: JobId) -> EntityKey {
    EntityKey { kind: START.to_owned(), key: job.to_string() }
}

pub(super) fn read_start(entity: &Entity) -> Result<Start, Error> {
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
    core.keep_copy(START, Arc::new(Counted(Arc::clone(&core.failsafe)))).await?;
    let unreadable = std::mem::take(&mut core.failsafe.lock().unreadable_starts);
    for job in unreadable {
        uncount(core, EntityKey { kind: START.to_owned(), key: job }).await?;
    }
    core.keep_copy(SET, Arc::<Failsafe>::clone(&core.failsafe)).await?;
    let unreadable = std::mem::take(&mut core.failsafe.lock().unreadable);
    for name in unreadable {
        hold_again(core, &name).await?;
    }
    if core.is_leading() { look_for_stamp(core).await } else { Ok(()) }
}

/// Finds out which job was held last, unless that is known.
pub(crate) async fn look_for_stamp(core: &Core) -> Result<(), Error> {
    if core.failsafe.lock().stamp.is_some() {
        return Ok(());
    }
    let names: Vec<_> = core.failsafe.lock().sets.keys().cloned().collect();
    let mut newest = Timestamp::MIN;
    for name in names {
        let (_, last) = core.journal.lane_size(lane_of(&name)).await?;
        newest = last.map_or(newest, |last| last.max(newest));
    }
    core.failsafe.lock().stamp.get_or_insert(newest);
    Ok(())
}

/// A start that cannot be read counts for nothing any more: nobody knows when it was and on which backend.
async fn uncount(core: &Core, key: EntityKey) -> Result<(), Error> {
    tracing::error!("the failsafe does not count the start of job {}: it cannot be read", key.key);
    core.journal.erase(key, EffectSet::default()).await.map(drop)
}

/// Of a set that cannot be read nobody knows what was decided: its jobs are held until somebody decides, again perhaps.
async fn hold_again(core: &Core, name: &str) -> Result<(), Error> {
    let parts = name.split_once('-').and_then(|(kind, rest)| Some((kind, rest.rsplit_once('-')?.0)));
    let kinds = [Destructive::Delete, Destructive::Disable];
    let known = parts.and_then(|(kind, backend)| {
        Some((kinds.into_iter().find(|known| known.as_str() == kind)?, backend.to_owned()))
    });
    core.journal.erase(set_key(name), EffectSet::default()).await?;
    let Some((kind, backend)) = known else { return Ok(()) };
    tracing::error!("what the failsafe holds in {name} cannot be read: somebody has to decide on it anew");
    let now = core.clock.now();
    let window = core.snapshot().limits.failsafe.window;
    let set = Set { kind, backend, count: 0, cap: 0, window, since: now, decision: None };
    let effects = EffectSet { entities: vec![set.write(name, 0)], ..EffectSet::default() };
    core.journal.apply(effects, None, now).await
}

/// Removes the rows of starts that left the window, and of sets on which somebody decided long ago.
pub(crate) async fn tidy(core: &Core) -> Result<(), Error> {
    let (now, limits) = (core.clock.now(), core.snapshot().limits.clone());
    let (gone, old) = {
        let mut state = core.failsafe.lock();
        state.expire(now, limits.failsafe.window);
        let is_old = |decision: &Decision| {
            now.duration_since(decision.at).unsigned_abs() >= limits.keep.records && decision.at < now
        };
        let old = state.sets.iter().filter(|(_, set)| set.decision.as_ref().is_some_and(is_old));
        let old: Vec<String> = old.map(|(name, _)| name.clone()).collect();
        (state.gone.clone(), old)
    };
    for job in gone {
        // That it is gone is told to all who count.
        remove(core, start_key(job), now).await?;
        core.failsafe.lock().gone.remove(&job);
    }
    for name in old {
        remove(core, set_key(&name), now).await?;
    }
    Ok(())
}

/// Removes a row, if it is there.
pub(crate) async fn remove(core: &Core, key: EntityKey, at: Timestamp) -> Result<(), Error> {
    let entity = match core.journal.entity(key.clone()).await {
        Err(Error::Damaged(_)) => return core.journal.erase(key, EffectSet::default()).await.map(drop),
        entity => entity?,
    };
    let Some(entity) = entity else { return Ok(()) };
    let write = EntityWrite { key: entity.key, expected_rev: entity.rev, content: None };
    core.journal.apply(EffectSet { entities: vec![write], ..EffectSet::default() }, None, at).await
}

/// Drops an open set when every job of it was cancelled; whether that was so. The caller has the turn.
pub(crate) async fn drop_if_empty(core: &Core, set: &str) -> Result<bool, Error> {
    let (jobs, _) = core.journal.lane_size(lane_of(set)).await?;
    if jobs > 0 {
        return Ok(false);
    }
    remove(core, set_key(set), core.clock.now()).await?;
    Ok(true)
}
