//! What the failsafe counts and holds, for those who decide.

use std::time::Duration;

use jiff::Timestamp;
use model::{Destructive, FailsafeRule, Job};

use crate::desk::hub::Hub;
use crate::error::Error;
use crate::state::failsafe::lane_of;
use crate::state::failsafe::store::{Decision, Set, set_key};

/// Jobs read at once.
const READ: usize = 256;

/// The failsafe as it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FailsafeView {
    /// The rule that holds.
    pub rule: FailsafeRule,
    /// How many jobs have started within the window: kind, backend, how many.
    pub counts: Vec<(Destructive, String, u32)>,
}

/// Jobs that wait for somebody's decision, or did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeldSet {
    /// Its name.
    pub name: String,
    /// What its jobs do.
    pub kind: Destructive,
    /// The backend on which no more of them may start.
    pub backend: String,
    /// How many had started when it was opened.
    pub count: u32,
    /// How many may.
    pub cap: u32,
    /// Within this time.
    pub window: Duration,
    /// When it was opened.
    pub since: Timestamp,
    /// How many jobs are in it; of one that was decided on, those that have not been taken up since.
    pub jobs: u64,
    /// Its last job was held here: what a decision made after this look is given, so that it is made for no other.
    pub through: Timestamp,
    /// What was decided.
    pub decision: Option<Decision>,
}

impl Hub {
    /// The caps, and how much of them is used.
    pub fn failsafe(&self) -> FailsafeView {
        let rule = self.core.snapshot().limits.failsafe.clone();
        let mut state = self.core.failsafe.lock();
        state.expire(self.core.clock.now(), rule.window);
        let mut counts: Vec<_> =
            state.starts.counts().map(|(kind, backend, n)| (kind, backend.to_owned(), n)).collect();
        counts.sort_unstable_by(|a, b| (&a.1, a.0.as_str()).cmp(&(&b.1, b.0.as_str())));
        FailsafeView { rule, counts }
    }

    /// The sets, those that wait for a decision first, newest first. An empty one that waits is left out.
    pub async fn held_sets(&self) -> Result<Vec<HeldSet>, Error> {
        let sets = self.core.failsafe.lock().sets.clone();
        let mut views = Vec::with_capacity(sets.len());
        for (name, set) in sets {
            views.push(self.look_at(name, set).await?);
        }
        views.retain(|set| set.jobs > 0 || set.decision.is_some());
        views.sort_by_key(|set| (set.decision.is_some(), std::cmp::Reverse(set.since)));
        Ok(views)
    }

    /// One of them.
    pub async fn held_set(&self, name: &str) -> Result<HeldSet, Error> {
        let missing = || Error::Missing(format!("set {name} that the failsafe holds"));
        let entity = self.core.journal.entity(set_key(name)).await?.ok_or_else(missing)?;
        self.look_at(name.to_owned(), Set::read(&entity)?).await
    }

    async fn look_at(&self, name: String, set: Set) -> Result<HeldSet, Error> {
        let (jobs, last) = self.core.journal.lane_size(lane_of(&name)).await?;
        let Set { kind, backend, count, cap, window, since, decision } = set;
        let through = last.unwrap_or(since);
        Ok(HeldSet { name, kind, backend, count, cap, window, since, jobs, through, decision })
    }

    /// How many jobs of a set were held up to `through`: a decision that names it is made for so many.
    pub async fn held_through(&self, set: &str, through: Timestamp) -> Result<u64, Error> {
        let (all, _) = self.core.journal.lane_size(lane_of(set)).await?;
        let (mut later, mut after) = (0, through);
        loop {
            let jobs = self.core.journal.lane(lane_of(set), after, READ).await?;
            let Some(last) = jobs.last() else { return Ok(all.saturating_sub(later)) };
            (later, after) = (later + jobs.len() as u64, last.due_at);
        }
    }

    /// The jobs of a set in the order in which they were held, after this due time (that of the last job of the page
    /// before), at most so many.
    pub async fn held_jobs(
        &self,
        set: &str,
        after: Option<Timestamp>,
        limit: usize,
    ) -> Result<Vec<Job>, Error> {
        let after = after.unwrap_or(Timestamp::MIN);
        Ok(self.core.journal.lane(lane_of(set), after, limit).await?)
    }
}
