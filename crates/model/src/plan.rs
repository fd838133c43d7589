//! The plan of a job: which step comes next and in which lane, and when the job ends. All of it follows from the steps and
//! the time.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::job::Step;
use crate::state::{JobState, StepState};

/// What a step's failure means for the later steps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OnError {
    /// Later steps do not run (after a soft failure: not before the retry succeeds).
    Stop,
    /// Later steps run all the same. The default of the original.
    #[default]
    Continue,
}

/// What to do next with a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// Run the step at this place.
    Run(usize),
    /// Wait for the retry of the step at this place, until then.
    Wait(usize, Timestamp),
    /// The job ends in this state; steps still pending are closed by [`closing`].
    End(JobState),
}

/// What comes next for a job whose steps stand so. What was not tried yet comes before what is to be tried again; of
/// several retries the one that is due first. Steps that ended are never run again.
pub fn next<'a>(steps: impl IntoIterator<Item = &'a Step>, now: Timestamp) -> Next {
    let mut retry: Option<(Timestamp, usize)> = None;
    let (mut some_succeeded, mut some_failed) = (false, false);
    for (place, step) in steps.into_iter().enumerate() {
        match (step.state, step.on_error) {
            (StepState::Skipped, _) => {}
            (StepState::Succeeded, _) => some_succeeded = true,
            (StepState::Failed, OnError::Continue) => some_failed = true,
            (StepState::Failed, OnError::Stop) => return Next::End(JobState::Failed),
            // A step still marked running was interrupted: its end was never recorded.
            (StepState::Pending | StepState::Running, on_error) => {
                let Some(due_at) = step.due_at else { return Next::Run(place) };
                retry = Some(retry.map_or((due_at, place), |first| first.min((due_at, place))));
                if on_error == OnError::Stop {
                    break;
                }
            }
        }
    }
    match retry {
        Some((due_at, place)) if due_at <= now => Next::Run(place),
        Some((due_at, place)) => Next::Wait(place, due_at),
        None if some_succeeded && !some_failed => Next::End(JobState::Succeeded),
        None => Next::End(JobState::Failed),
    }
}

/// The lane of jobs whose next step is on this backend.
pub fn lane(backend: &str) -> String {
    format!("@{backend}")
}

/// The backend that the jobs of this lane need next; `None` = it is a lane of jobs that have no plan yet.
pub fn backend_of(lane: &str) -> Option<&str> {
    lane.strip_prefix('@')
}

/// The state in which an open step is closed when its job ends: one that failed softly has failed, one that never
/// ran is skipped.
pub fn closing(step: &Step) -> Option<StepState> {
    if step.state.is_terminal() {
        None
    } else if step.attempts > 0 {
        Some(StepState::Failed)
    } else {
        Some(StepState::Skipped)
    }
}
