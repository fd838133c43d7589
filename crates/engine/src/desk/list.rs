//! Listing jobs also by what they wait for, which the journal knows only in part.

use journal::{Count, Filter, Listing, Page, Waiting};
use model::Job;
use serde::{Deserialize, Serialize};

use crate::desk::hub::Hub;
use crate::error::Error;
use crate::state::failsafe;
use crate::work::dispatcher::waits_for;

/// What a live job that does not run waits for, see [`model::WaitingOn`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WaitsFor {
    /// Another job of its subject.
    Subject,
    /// Somebody's approval.
    Failsafe,
    /// A paused backend.
    Pause,
    /// A backend that is left alone because it keeps failing.
    Breaker,
    /// The time of its retry.
    Retry,
    /// Room on its backend, or in the hub.
    Slot,
    /// Nothing: it is about to start.
    Nothing,
}

impl Hub {
    /// Jobs, also by what they wait for just now. Go on with [`Listing::next`] until it is `None`: a page may be short
    /// although there is more.
    pub async fn jobs(
        &self,
        filter: Filter,
        waits_for: Option<WaitsFor>,
        page: Page,
    ) -> Result<Listing<Job>, Error> {
        let filter = self.waiting(filter, waits_for).await?;
        Ok(self.core.journal.jobs(filter, page).await?)
    }

    /// How many such jobs there are, counted up to `at_most`.
    pub async fn count(
        &self,
        filter: Filter,
        waits_for: Option<WaitsFor>,
        at_most: u32,
    ) -> Result<Count, Error> {
        let filter = self.waiting(filter, waits_for).await?;
        Ok(self.core.journal.count(filter, at_most).await?)
    }

    async fn waiting(&self, filter: Filter, waits_for: Option<WaitsFor>) -> Result<Filter, Error> {
        let waiting = match waits_for {
            None => return Ok(filter),
            Some(WaitsFor::Subject) => Waiting::Subject,
            Some(kind) => self.lanes_for(kind).await?,
        };
        Ok(Filter { waiting: Some(waiting), ..filter })
    }

    /// The lanes whose jobs wait for this. All jobs of a lane need the same next, so that it is decided for them all.
    async fn lanes_for(&self, kind: WaitsFor) -> Result<Waiting, Error> {
        let core = &self.core;
        let (snapshot, now) = (core.snapshot(), core.clock.now());
        let hub_full = core.slots.full();
        let fits = |lane: &String| {
            let held = failsafe::set_of(lane).is_some_and(|set| core.failsafe.is_held(set));
            let needed = waits_for(&snapshot, lane);
            let paused = needed.as_ref().is_some_and(|(backend, _)| core.slots.is_paused(backend));
            let left_alone =
                needed.as_ref().is_some_and(|(backend, _)| core.slots.left_alone_until(backend).is_some());
            let free = !held && !paused && !left_alone;
            let full =
                hub_full || needed.as_ref().is_some_and(|(backend, limit)| !core.slots.free(backend, *limit));
            match kind {
                WaitsFor::Subject => false,
                WaitsFor::Failsafe => held,
                WaitsFor::Pause => paused,
                WaitsFor::Breaker => !held && !paused && left_alone,
                WaitsFor::Retry => free,
                WaitsFor::Slot => free && full,
                WaitsFor::Nothing => free && !full,
            }
        };
        let lanes = core.journal.lanes().await?.into_iter().filter(fits).collect();
        let (after, until) = match kind {
            WaitsFor::Retry => (Some(now), None),
            WaitsFor::Slot | WaitsFor::Nothing => (None, Some(now)),
            WaitsFor::Subject | WaitsFor::Failsafe | WaitsFor::Pause | WaitsFor::Breaker => (None, None),
        };
        Ok(Waiting::Lanes { lanes, after, until })
    }
}
