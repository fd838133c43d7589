//! The plan of a job: which step comes next, and when the job ends (design §2.5).

use serde::{Deserialize, Serialize};

use crate::state::{JobState, StepState};

/// What a step's failure means for the later steps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OnError {
    /// Later steps do not run (after a soft failure: not before the retry succeeds).
    Stop,
    /// Later steps run all the same. The default of the original (contracts/sesame.md §3.2).
    #[default]
    Continue,
}

/// A step as the plan sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stand {
    /// Its state.
    pub state: StepState,
    /// What its failure means.
    pub on_error: OnError,
    /// Whether it has failed softly in this round. A round begins each time the job is taken up.
    pub tried: bool,
}

/// What to do next with a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// Run the step at this place.
    Run(usize),
    /// Wait for the retry of the steps that failed softly.
    Retry,
    /// The job ends in this state; steps still pending are closed by [`closing`].
    End(JobState),
}

/// What comes next for a job whose steps stand so. Steps that ended are never run again.
pub fn next(steps: &[Stand]) -> Next {
    let mut waiting = false;
    for (place, step) in steps.iter().enumerate() {
        match (step.state, step.on_error) {
            (StepState::Succeeded | StepState::Skipped, _) | (StepState::Failed, OnError::Continue) => {}
            (StepState::Failed, OnError::Stop) => return Next::End(JobState::Failed),
            // A step still marked running was interrupted: its end was never recorded.
            (StepState::Pending | StepState::Running, on_error) => {
                if !step.tried {
                    return Next::Run(place);
                }
                if on_error == OnError::Stop {
                    return Next::Retry;
                }
                waiting = true;
            }
        }
    }
    if waiting {
        return Next::Retry;
    }
    let succeeded = steps.iter().any(|s| s.state == StepState::Succeeded)
        && !steps.iter().any(|s| s.state == StepState::Failed);
    Next::End(if succeeded { JobState::Succeeded } else { JobState::Failed })
}

/// The state in which an open step is closed when its job ends: one that failed softly has failed, one that never
/// ran is skipped.
pub fn closing(step: Stand, attempts: u32) -> Option<StepState> {
    if step.state.is_terminal() {
        None
    } else if attempts > 0 {
        Some(StepState::Failed)
    } else {
        Some(StepState::Skipped)
    }
}
