//! Listing jobs also by what they wait for, which the journal knows only in part.

use std::time::Duration;

use journal::{BoxFuture, Count, Filter, Listing, Naming, Order, Page, RecordFilter, Waiting};
use model::{Job, JobState, Record, Seq, Subject};
use serde::{Deserialize, Serialize};

use crate::desk::hub::Hub;
use crate::error::Error;
use crate::state::core::Snapshot;
use crate::state::failsafe;
use crate::state::gate::Shut;
use crate::work::dispatcher::waits_for;

/// The journal looks at a bounded number of rows at once. A listing that finds too little in them looks further for about so
/// long, then it says where to go on: nobody waits without seeing how far it is.
pub(crate) const PATIENCE: Duration = Duration::from_millis(200);
/// So many whose name holds a text are looked up at once. Where there are more, each job is asked whom it is about, and finds
/// soon.
const NAMED: usize = 1000;

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
    /// although there is more, where even a long look did not find enough ([`Hub::looked_at`] says how far it went).
    pub async fn jobs(
        &self,
        filter: Filter,
        waits_for: Option<WaitsFor>,
        page: Page,
    ) -> Result<Listing<Job>, Error> {
        let filter = self.asked(filter, waits_for).await?;
        let limit = usize::try_from(page.limit).unwrap_or(usize::MAX);
        self.look(page.after.map(|seq| seq.0), limit, |after, left| {
            let limit = u32::try_from(left).unwrap_or(u32::MAX);
            let page = Page { after: after.map(Seq), limit, ..page };
            self.core.journal.jobs(filter.clone(), page)
        })
        .await
    }

    /// How many such jobs there are, counted up to `at_most`, and as far as a long look goes.
    pub async fn count(
        &self,
        filter: Filter,
        waits_for: Option<WaitsFor>,
        at_most: u32,
    ) -> Result<Count, Error> {
        let filter = self.asked(filter, waits_for).await?;
        let begun = self.core.clock.instant();
        let (mut jobs, mut before) = (0, None);
        loop {
            let left = at_most.saturating_sub(u32::try_from(jobs).unwrap_or(u32::MAX));
            let count = self.core.journal.count(filter.clone(), before, left).await?;
            (jobs, before) = (jobs + count.jobs, count.next);
            if before.is_none() || self.core.clock.instant().duration_since(begun) > PATIENCE {
                return Ok(Count { jobs, ..count });
            }
        }
    }

    /// How many jobs there are from where a listing of this order begins to this place: so many were looked at when it goes
    /// on after it.
    pub async fn looked_at(&self, order: Order, next: Seq) -> Result<u64, Error> {
        let journal = &self.core.journal;
        let (low, high) = match order {
            Order::Newest => (next, journal.newest().await?.unwrap_or(next)),
            Order::Oldest => {
                let first = Page { after: None, order, limit: 1 };
                let oldest = journal.jobs(Filter::default(), first).await?.rows.pop();
                (oldest.map_or(next, |job| job.seq), next)
            }
        };
        Ok(u64::try_from(high.0.saturating_sub(low.0).saturating_add(1)).unwrap_or_default())
    }

    /// Records, newest first, before this place; as patient as [`Hub::jobs`].
    pub async fn records(
        &self,
        filter: RecordFilter,
        before: Option<i64>,
        limit: usize,
    ) -> Result<Listing<Record>, Error> {
        self.look(before, limit, |before, left| self.core.journal.records(filter.clone(), before, left)).await
    }

    /// Goes on with a listing from one short page to the next.
    pub(crate) async fn look<'a, T>(
        &'a self,
        after: Option<i64>,
        limit: usize,
        page: impl Fn(Option<i64>, usize) -> BoxFuture<'a, Result<Listing<T>, journal::Error>>,
    ) -> Result<Listing<T>, Error> {
        let begun = self.core.clock.instant();
        let mut found = Listing { rows: Vec::new(), next: after, damaged: Vec::new() };
        loop {
            let left = limit.saturating_sub(found.rows.len() + found.damaged.len());
            let Listing { rows, next, damaged } = page(found.next, left).await?;
            found.rows.extend(rows);
            found.damaged.extend(damaged);
            found.next = next;
            let enough = found.rows.len() + found.damaged.len() >= limit;
            if next.is_none() || enough || self.core.clock.instant().duration_since(begun) > PATIENCE {
                return Ok(found);
            }
        }
    }

    /// With all that the journal does not find out by itself, or not at once.
    async fn asked(&self, filter: Filter, waits_for: Option<WaitsFor>) -> Result<Filter, Error> {
        let mut filter = self.waiting(filter, waits_for).await?;
        if let (Some(text), None) = (&filter.text, &filter.named) {
            let named = self.core.journal.named(Naming::Holds(text.clone()), NAMED + 1).await?;
            let subjects: Vec<Subject> = named.into_iter().map(|(subject, _)| subject).collect();
            filter.named = Some(subjects).filter(|subjects| subjects.len() <= NAMED);
        }
        Ok(filter)
    }

    pub(crate) async fn waiting(
        &self,
        mut filter: Filter,
        waits_for: Option<WaitsFor>,
    ) -> Result<Filter, Error> {
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
        let lanes = core.journal.all_lanes().await?.into_iter().filter(fits).collect();
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
        match core.slots.shown_shut(entry) {
            Some(Shut::Breaker(_)) => WaitsFor::Breaker,
            Some(Shut::Told(..)) => WaitsFor::BackendWait,
            Some(Shut::Window(_)) => WaitsFor::Window,
            Some(Shut::Rate(_)) => WaitsFor::Rate,
            None if core.slots.free(entry) => free,
            Some(Shut::Probing) | None => WaitsFor::Slot,
        }
    }
}
