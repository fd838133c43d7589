//! Which ended jobs are no longer kept.

use jiff::Timestamp;
use model::believe::is_ahead;
use uuid::Uuid;

use crate::change::Retention;

/// What is said of deliveries that could not be made for as long as is kept.
pub(crate) const GIVEN_UP: &str = "given up: nobody took it for as long as retention keeps ended jobs";

/// Whether an id that holds its time was made before this one.
pub(crate) fn made_before(id: Uuid, time: Timestamp) -> bool {
    let made = id.get_timestamp().map(|made| made.to_unix().0);
    made.is_some_and(|seconds| i64::try_from(seconds).is_ok_and(|seconds| seconds < time.as_second()))
}

/// A job that may have to go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Candidate {
    pub(crate) seq: i64,
    pub(crate) accepted_at: Timestamp,
    /// `None` = it lives.
    pub(crate) ended_at: Option<Timestamp>,
}

/// What is done with candidates.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Choice {
    /// For each of the first ones whether it goes; those behind stay.
    pub(crate) goes: Vec<bool>,
    /// Nothing behind them has to go either.
    pub(crate) all_seen: bool,
    /// So many more are kept than may be, without those that go.
    pub(crate) excess: u64,
}

/// Chooses among candidates, oldest first, when `excess` more are kept than may be.
pub(crate) fn choose(
    candidates: impl IntoIterator<Item = Candidate>,
    mut excess: u64,
    keep: &Retention,
    at: Timestamp,
) -> Choice {
    let mut choice = Choice::default();
    for job in candidates {
        // Nothing behind this one is older, and there are not too many. A clock that ran ahead says nothing.
        if excess == 0 && job.accepted_at >= keep.jobs_before && !is_ahead(job.accepted_at, at) {
            choice.all_seen = true;
            break;
        }
        let goes = job.ended_at.is_some_and(|ended_at| excess > 0 || ended_at < keep.jobs_before);
        excess = excess.saturating_sub(goes.into());
        choice.goes.push(goes);
    }
    choice.excess = excess;
    choice
}
