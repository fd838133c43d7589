//! Why a job does not run now, and what happens next: one answer for command, API and console.

use jiff::Timestamp;
use serde::Serialize;

use crate::id::JobId;
use crate::state::JobState;
use crate::word::Subject;

/// What is known of a job and of what could hold it.
#[derive(Clone, Copy, Debug)]
pub struct Facts<'a> {
    /// Where the job stands.
    pub state: JobState,
    /// Now.
    pub now: Timestamp,
    /// When it may run next.
    pub due_at: Timestamp,
    /// The live job directly before it on its subject.
    pub before: Option<(JobId, &'a Subject)>,
    /// The backend of its next step, once it has a plan.
    pub backend: Option<&'a str>,
    /// That backend was paused by an operator.
    pub paused: bool,
    /// Until when that backend's breaker keeps work from it, if it does.
    pub breaker_until: Option<Timestamp>,
    /// The name of the set in which the failsafe holds it until somebody approves.
    pub failsafe: Option<&'a str>,
    /// As many attempts run on that backend as may.
    pub backend_full: bool,
    /// As many attempts run in the hub as may.
    pub hub_full: bool,
}

/// What a job waits for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "on", rename_all = "snake_case")]
pub enum WaitingOn {
    /// Nothing, it has ended.
    Ended {
        /// How.
        state: JobState,
    },
    /// Nothing, it runs.
    Running {
        /// On this backend.
        #[serde(skip_serializing_if = "Option::is_none")]
        backend: Option<String>,
    },
    /// Another job of its subject is before it.
    Subject {
        /// The subject.
        subject: Subject,
        /// The job directly before it.
        job: JobId,
    },
    /// Somebody must approve it.
    Failsafe {
        /// The name of the set in which it is held.
        failsafe: String,
    },
    /// An operator paused its backend.
    Pause {
        /// The backend.
        backend: String,
    },
    /// Its backend failed too often of late.
    Breaker {
        /// The backend.
        backend: String,
        /// When it is tried again.
        until: Timestamp,
    },
    /// The pause before its retry.
    Retry {
        /// When it is over.
        until: Timestamp,
    },
    /// As much is running as may.
    Slot {
        /// On this backend; `None` = in the whole hub.
        #[serde(skip_serializing_if = "Option::is_none")]
        backend: Option<String>,
    },
    /// Nothing: it is about to start.
    Nothing,
}

/// What a job waits for. Of several things the one that a person could do something about comes first.
pub fn waiting_on(facts: &Facts<'_>) -> WaitingOn {
    let backend = facts.backend.map(str::to_owned);
    if facts.state.is_terminal() {
        return WaitingOn::Ended { state: facts.state };
    }
    if facts.state == JobState::Running {
        return WaitingOn::Running { backend };
    }
    if let Some((job, subject)) = facts.before {
        return WaitingOn::Subject { subject: subject.clone(), job };
    }
    if let Some(failsafe) = facts.failsafe {
        return WaitingOn::Failsafe { failsafe: failsafe.to_owned() };
    }
    if let Some(backend) = &backend {
        if facts.paused {
            return WaitingOn::Pause { backend: backend.clone() };
        }
        if let Some(until) = facts.breaker_until {
            return WaitingOn::Breaker { backend: backend.clone(), until };
        }
    }
    if facts.due_at > facts.now {
        return WaitingOn::Retry { until: facts.due_at };
    }
    if facts.backend_full && backend.is_some() {
        return WaitingOn::Slot { backend };
    }
    if facts.hub_full {
        return WaitingOn::Slot { backend: None };
    }
    WaitingOn::Nothing
}

impl WaitingOn {
    /// What happens next, in one sentence.
    pub fn sentence(&self) -> String {
        match self {
            WaitingOn::Ended { state: JobState::Failed } => {
                "It failed; `intendant jobs retry` runs it again as a new job.".to_owned()
            }
            WaitingOn::Ended { state } => format!("It has ended ({}); nothing more happens.", state.as_str()),
            WaitingOn::Running { backend: Some(backend) } => format!("It is running on {backend}."),
            WaitingOn::Running { backend: None } => "It is running.".to_owned(),
            WaitingOn::Subject { subject, job } => {
                format!("It waits until job {job}, which came before it on {subject}, has ended.")
            }
            WaitingOn::Failsafe { failsafe } => {
                format!("It is held by the failsafe until somebody approves or rejects the set {failsafe}.")
            }
            WaitingOn::Pause { backend } => {
                format!("It waits until {backend} is resumed: `intendant backends resume {backend}`.")
            }
            WaitingOn::Breaker { backend, until } => {
                format!(
                    "It waits because {backend} keeps failing; the backend is tried again at {}.",
                    clock(*until)
                )
            }
            WaitingOn::Retry { until } => format!("It is tried again at {}.", clock(*until)),
            WaitingOn::Slot { backend: Some(backend) } => {
                format!("It starts when one of the jobs running on {backend} ends.")
            }
            WaitingOn::Slot { backend: None } => "It starts when one of the running jobs ends.".to_owned(),
            WaitingOn::Nothing => "It starts in a moment.".to_owned(),
        }
    }
}

fn clock(at: Timestamp) -> impl std::fmt::Display {
    at.strftime("%Y-%m-%d %H:%M:%S UTC")
}
