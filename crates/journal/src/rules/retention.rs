//! Which ended jobs are no longer kept.

use jiff::Timestamp;
use model::believe::is_ahead;

use crate::change::Retention;

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
    choice
}
