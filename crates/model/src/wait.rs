//! Why a job does not run now, and what happens next: one answer for command, API and console.

use jiff::Timestamp;
use serde::Serialize;

use crate::id::JobId;
use crate::job::Job;
use crate::state::JobState;
use crate::word::{Subject, code};

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
    /// Until when that backend said that it wants not to be asked, and why.
    pub told: Option<(Timestamp, &'a str)>,
    /// None of that backend's windows is open; the next one opens then, if ever.
    pub window: Option<Option<Timestamp>>,
    /// When the next attempt may begin on that backend by its rate, if not now.
    pub rate_until: Option<Timestamp>,
    /// Why it is due later, when it is.
    pub later: Later<'a>,
    /// The name of the set in which the failsafe holds it until somebody approves.
    pub failsafe: Option<&'a str>,
    /// As many attempts run on that backend as may.
    pub backend_full: bool,
    /// As many attempts run in the hub as may.
    pub hub_full: bool,
}

/// Why a job is due later.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Later<'a> {
    /// An attempt has failed, and is made again.
    Retry,
    /// Its backend said: not now, because.
    Told(&'a str),
    /// Its request says so.
    NotBefore,
}

impl<'a> Later<'a> {
    /// Why this job is, when it is.
    pub fn of(job: &'a Job) -> Self {
        match (&job.code, job.not_before) {
            (Some(said), _) if code::WAITS.contains(said) => {
                Later::Told(job.message.as_deref().unwrap_or_default())
            }
            (_, Some(time)) if job.state == JobState::Queued && time == job.due_at => Later::NotBefore,
            _ => Later::Retry,
        }
    }
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
    /// Its backend said to all that need it: not now.
    BackendWait {
        /// The backend.
        backend: String,
        /// Until when.
        until: Timestamp,
        /// The backend's words.
        message: String,
    },
    /// Its backend said of this job: not now.
    Wait {
        /// The backend.
        #[serde(skip_serializing_if = "Option::is_none")]
        backend: Option<String>,
        /// Until when.
        until: Timestamp,
        /// The backend's words.
        message: String,
    },
    /// Its request says that it does not start before.
    NotBefore {
        /// Then it may.
        until: Timestamp,
    },
    /// Its backend works at other times.
    Window {
        /// The backend.
        backend: String,
        /// When its next window opens; `None` = it has no more.
        #[serde(skip_serializing_if = "Option::is_none")]
        until: Option<Timestamp>,
    },
    /// As many attempts have begun on its backend as may in a span of time.
    Rate {
        /// The backend.
        backend: String,
        /// When the next one may.
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
    let is_later = |time: Timestamp| time > facts.due_at;
    if let (Some(backend), Some((until, said))) = (&backend, facts.told)
        && facts.due_at <= until
    {
        return WaitingOn::BackendWait { backend: backend.clone(), until, message: said.to_owned() };
    }
    if let (Some(backend), Some(until)) = (&backend, facts.window)
        && until.is_none_or(is_later)
    {
        return WaitingOn::Window { backend: backend.clone(), until };
    }
    if facts.due_at > facts.now {
        let until = facts.due_at;
        return match facts.later {
            Later::Retry => WaitingOn::Retry { until },
            Later::Told(said) => WaitingOn::Wait { backend, until, message: said.to_owned() },
            Later::NotBefore => WaitingOn::NotBefore { until },
        };
    }
    if let (Some(backend), Some(until)) = (&backend, facts.rate_until) {
        return WaitingOn::Rate { backend: backend.clone(), until };
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
            WaitingOn::BackendWait { backend, until, message } => {
                format!("It waits until {}, as {backend} asks of all jobs: {}", clock(*until), ended(message))
            }
            WaitingOn::Wait { backend, until, message } => {
                let backend = backend.as_deref().unwrap_or("its backend");
                format!("It waits until {}, as {backend} asks: {}", clock(*until), ended(message))
            }
            WaitingOn::NotBefore { until } => format!("It starts at {}, as its request says.", clock(*until)),
            WaitingOn::Window { backend, until: Some(until) } => {
                format!("It waits until {backend} works again, at {}.", clock(*until))
            }
            WaitingOn::Window { backend, until: None } => {
                format!(
                    "It waits because none of the windows of {backend} opens any more: see its config.yml."
                )
            }
            WaitingOn::Rate { backend, until } => {
                format!("It waits for its turn on {backend}, whose rate is bounded: at {}.", clock(*until))
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

/// Somebody's words as the end of a sentence.
fn ended(words: &str) -> String {
    let words = words.trim();
    if words.ends_with(['.', '!', '?']) { words.to_owned() } else { format!("{words}.") }
}

fn clock(at: Timestamp) -> impl std::fmt::Display {
    at.strftime("%Y-%m-%d %H:%M:%S UTC")
}
