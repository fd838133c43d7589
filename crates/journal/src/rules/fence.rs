//! Whether a move fits where its job stands, and what is open afterwards.

use jiff::Timestamp;
use model::JobState;

use crate::api::Whose;
use crate::change::{AttemptEnd, AttemptStart, Change, Expect};
use crate::error::Error;

/// An attempt under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Open {
    pub(crate) step: u16,
    pub(crate) number: u32,
    /// When it started.
    pub(crate) at: Timestamp,
    pub(crate) whose: Whose,
}

/// A job as it is stored, as far as a move needs to know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stored {
    pub(crate) state: JobState,
    pub(crate) head: bool,
    /// How many steps its plan has; 0 = none is frozen.
    pub(crate) steps: i64,
    /// How many callers wait for it.
    pub(crate) replies: usize,
    /// Somebody wants it cancelled.
    pub(crate) cancelled: bool,
    pub(crate) open: Option<Open>,
}

impl Stored {
    fn is_open(&self, step: u16, number: u32) -> bool {
        self.open.is_some_and(|open| (open.step, open.number) == (step, number))
    }
}

/// Whether the move fits where the job stands now.
pub(crate) fn fence(was: &Stored, change: &Change) -> Result<(), Error> {
    let job = change.job;
    let fenced = |why: String| Err(Error::Fenced(format!("{job} {why}")));
    let waiting = matches!(was.state, JobState::Queued | JobState::Retrying);
    match change.expect {
        Expect::Ready if !(waiting && was.head) => {
            return fenced(format!("is {}, and not the first of its subject to run", was.state.as_str()));
        }
        Expect::Waiting if !waiting => return fenced(format!("is {}, not waiting", was.state.as_str())),
        Expect::Running(step, number) | Expect::Orphan(step, number) => {
            if was.state != JobState::Running || !was.is_open(step, number) {
                return fenced(format!("does not run attempt {number} of step {step} any more"));
            }
        }
        Expect::Ready | Expect::Waiting => {}
    }
    let whose = if matches!(change.expect, Expect::Orphan(..)) { Whose::Gone } else { Whose::Ours };
    if was.open.is_some_and(|open| open.whose != whose) {
        return Err(Error::NotOurs(job));
    }
    let to = change.to.state;
    if was.cancelled && matches!(to, JobState::Queued | JobState::Retrying) {
        return Err(Error::Cancelled(job));
    }
    let stays = was.state == to && !to.is_terminal();
    if !stays && !was.state.may_become(to) {
        return fenced(format!("cannot become {} from {}", to.as_str(), was.state.as_str()));
    }
    if change.started.is_some() && !(to == JobState::Running && was.head) {
        return fenced("cannot start an attempt: only the first of its subject that runs may".to_owned());
    }
    // It runs exactly as long as an attempt is open.
    let opens = was.state != JobState::Running || change.ended.is_some();
    if to == JobState::Running && opens && change.started.is_none() {
        return fenced("cannot run without an attempt".to_owned());
    }
    if let Some(AttemptEnd { step, number, .. }) = &change.ended
        && !was.is_open(*step, *number)
    {
        return fenced(format!("has no open attempt {number} of step {step} to end"));
    }
    if to.is_terminal() && was.replies > change.replies {
        return Err(Error::Conflict { kind: "job".to_owned(), key: job.to_string() });
    }
    Ok(())
}

/// The attempt that is over with the move, be it with an end or without one.
pub(crate) fn closed(was: &Stored, change: &Change) -> Option<Open> {
    let moves_on = change.to.state != JobState::Running || change.started.is_some();
    was.open.filter(|_| moves_on)
}

/// The attempt that is under way after the move.
pub(crate) fn open(was: &Stored, change: &Change) -> Option<Open> {
    match change.started {
        Some(AttemptStart { step, number }) => Some(Open { step, number, at: change.at, whose: Whose::Ours }),
        None => was.open.filter(|_| change.to.state == JobState::Running),
    }
}
