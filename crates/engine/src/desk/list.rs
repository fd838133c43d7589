//! Listing jobs also by what they wait for, which the journal knows only in part.

use journal::{Count, Filter, Listing, Page, Waiting};
use model::{Job, JobState};
use serde::{Deserialize, Serialize};

use crate::desk::hub::Hub;
use crate::error::Error;
use crate::state::core::Snapshot;
use crate::state::failsafe;
use crate::state::gate::Shut;
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
    /// A backend that said "not now" to all that need it.
    BackendWait,
    /// A window of its backend.
    Window,
    /// Its turn on a backend whose rate is bounded.
    Rate,
    /// The time of its retry.
    Retry,
    /// A time that its backend said to it, or that its request says.
    Later,
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

    async fn waiting(&self, mut filter: Filter, waits_for: Option<WaitsFor>) -> Result<Filter, Error> {
        let Some(kind) = waits_for else { return Ok(filter) };
        // Who waits for a retry and who was told to wait are in the same lanes, and told apart by their state.
        let state = match kind {
            WaitsFor::Retry => Some(JobState::Retrying),
            WaitsFor::Later => Some(JobState::Queued),
            _ => None,
        };
        let wanted = state.is_none_or(|state| filter.states.is_empty() || filter.states.contains(&state));
        filter.waiting = Some(match kind {
            WaitsFor::Subject => Waiting::Subject,
            _ if !wanted => Waiting::Lanes { lanes: Vec::new(), after: None, until: None },
            kind => self.lanes_for(kind).await?,
        });
        if let Some(state) = state {
            filter.states = vec![state];
        }
        Ok(filter)
    }

    /// The lanes whose jobs wait for this. All jobs of a lane need the same next, so that it is decided for them all.
    async fn lanes_for(&self, kind: WaitsFor) -> Result<Waiting, Error> {
        let core = &self.core;
        let (snapshot, now) = (core.snapshot(), core.clock.now());
        let hub_full = core.slots.full();
        let fits = |lane: &String| {
            let waits = self.lane_waits_for(&snapshot, lane, hub_full);
            match kind {
                // What is due later does so whether or not there is room.
                WaitsFor::Retry | WaitsFor::Later => {
                    matches!(waits, WaitsFor::Slot | WaitsFor::Rate | WaitsFor::Nothing)
                }
                kind => kind == waits,
            }
        };
        let lanes = core.journal.lanes().await?.into_iter().filter(fits).collect();
        let (after, until) = match kind {
            WaitsFor::Retry | WaitsFor::Later => (Some(now), None),
            WaitsFor::Slot | WaitsFor::Rate | WaitsFor::Nothing => (None, Some(now)),
            _ => (None, None),
        };
        Ok(Waiting::Lanes { lanes, after, until })
    }

    /// What the jobs of a lane wait for that are due.
    fn lane_waits_for(&self, snapshot: &Snapshot, lane: &str, hub_full: bool) -> WaitsFor {
        let core = &self.core;
        if failsafe::set_of(lane).is_some_and(|set| core.failsafe.is_held(set)) {
            return WaitsFor::Failsafe;
        }
        let free = if hub_full { WaitsFor::Slot } else { WaitsFor::Nothing };
        let Some(entry) = waits_for(snapshot, lane) else { return free };
        if core.slots.is_paused(&entry.name) {
            return WaitsFor::Pause;
        }
        match core.slots.shut(entry) {
            Some(Shut::Breaker(_)) => WaitsFor::Breaker,
            Some(Shut::Told(..)) => WaitsFor::BackendWait,
            Some(Shut::Window(_)) => WaitsFor::Window,
            Some(Shut::Rate(_)) => WaitsFor::Rate,
            None if core.slots.free(entry) => free,
            Some(Shut::Probing) | None => WaitsFor::Slot,
        }
    }
}
