//! What may happen to the steps of a job.

use model::StepState;

use super::fence::Stored;
use crate::change::{AttemptStart, Change};
use crate::error::Error;

/// A plan has at most so many steps.
pub(crate) const STEPS: i64 = 1 << 8;
/// A step has less than so many attempts.
pub(crate) const ATTEMPTS: i64 = 1 << 16;

/// A step's place, which is less than [`STEPS`].
pub(crate) fn place(step: u16) -> Result<i64, Error> {
    let step = i64::from(step);
    if step < STEPS {
        Ok(step)
    } else {
        Err(Error::TooMany(format!("a plan has at most {STEPS} steps, this one has step {step}")))
    }
}

/// An attempt's number, which is less than [`ATTEMPTS`].
pub(crate) fn number(attempt: u32) -> Result<i64, Error> {
    let number = i64::from(attempt);
    if number < ATTEMPTS {
        Ok(number)
    } else {
        Err(Error::TooMany(format!("a step has less than {ATTEMPTS} attempts, this is number {number}")))
    }
}

/// Refuses a move with more steps or attempts than can be numbered, wherever the journal is: what is in one can be carried
/// into any other.
pub(crate) fn numbered(change: &Change) -> Result<(), Error> {
    if let Some(last) = change.plan.len().checked_sub(1) {
        place(u16::try_from(last).unwrap_or(u16::MAX))?;
    }
    for step in &change.steps {
        place(step.index)?;
    }
    if let Some(AttemptStart { step, number: attempt }) = change.started {
        place(step)?;
        number(attempt)?;
    }
    Ok(())
}

/// Where a step has to stand so that something may be done to it. Kept as conditions, so that it can be a part of the
/// write itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Guard {
    /// In one of these states: a bit for each, by [`StepState::ALL`].
    states: u8,
    /// With so many attempts; `None` = any.
    pub(crate) attempts: Option<u32>,
}

impl Guard {
    /// The states from which it may be done.
    pub(crate) fn states(self) -> impl Iterator<Item = StepState> {
        StepState::ALL
            .into_iter()
            .enumerate()
            .filter_map(move |(bit, state)| (self.states & (1 << bit) != 0).then_some(state))
    }

    fn of(may: impl Fn(StepState) -> bool, attempts: Option<u32>) -> Self {
        let bits = StepState::ALL.into_iter().enumerate().filter(|(_, state)| may(*state));
        Guard { states: bits.map(|(bit, _)| 1 << bit).sum(), attempts }
    }
}

/// What must hold of a step that is moved: it goes along the diagram.
pub(crate) fn to_move(to: StepState) -> Guard {
    Guard::of(|from| from.may_become(to), None)
}

/// What must hold of a step of which an attempt starts: it waits, and this is the next one.
pub(crate) fn to_start(number: u32) -> Guard {
    Guard::of(|from| from == StepState::Pending, Some(number.saturating_sub(1)))
}

/// Whether a plan may be frozen with this move.
pub(crate) fn freeze(was: &Stored, change: &Change) -> Result<(), Error> {
    if was.steps > 0 {
        return Err(Error::Fenced(format!("{} has a plan already", change.job)));
    }
    if let Some(AttemptStart { step, number }) = change.started
        && (number != 1 || usize::from(step) >= change.plan.len())
    {
        return Err(Error::Fenced(format!(
            "{} has no step {step} to start with attempt {number}",
            change.job
        )));
    }
    Ok(())
}

/// The state in which a step of a new plan is written.
pub(crate) fn first_state(place: u16, started: Option<AttemptStart>) -> StepState {
    if started.is_some_and(|start| start.step == place) { StepState::Running } else { StepState::Pending }
}

/// Whether a step whose attempt is over waits again, because the move says nothing else of it.
pub(crate) fn waits_again(step: u16, change: &Change) -> bool {
    !change.steps.iter().any(|moved| moved.index == step)
}
