//! What is told: the events of a job, and their documents.

use std::fmt;
use std::str::FromStr;

use engine::port::{Moment, View};
use jiff::Timestamp;
use model::JobState;
use serde_json::{Value, json};

/// Declares the events with their words.
macro_rules! events {
    ($($(#[$doc:meta])* $variant:ident = $word:literal,)*) => {
        /// Something that happens to a job.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum EventType { $($(#[$doc])* $variant,)* }

        impl EventType {
            /// All of them.
            pub const ALL: &[EventType] = &[$(EventType::$variant),*];

            /// The word for it, `job.failed`.
            pub fn as_str(self) -> &'static str {
                match self { $(EventType::$variant => $word,)* }
            }
        }

        impl FromStr for EventType {
            type Err = String;

            fn from_str(word: &str) -> Result<Self, String> {
                match word {
                    $($word => Ok(EventType::$variant),)*
                    _ => Err(format!("{word:?} is no event: known are {}", [$($word),*].join(", "))),
                }
            }
        }
    };
}

events! {
    /// It was accepted.
    Accepted = "job.accepted",
    /// An attempt failed softly; it will be tried again.
    Retrying = "job.retrying",
    /// It succeeded.
    Succeeded = "job.succeeded",
    /// It failed: a dead letter.
    Failed = "job.failed",
    /// It was cancelled.
    Cancelled = "job.cancelled",
    /// A newer job took its place.
    Superseded = "job.superseded",
}

impl fmt::Display for EventType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl EventType {
    /// What a transition is for those who are told; `None` = nothing.
    pub(crate) fn of(view: &View<'_>, moment: Moment) -> Option<Self> {
        match (moment, view.job.state) {
            (Moment::Accepted, _) => Some(EventType::Accepted),
            (Moment::Soft, _) => Some(EventType::Retrying),
            (Moment::Settled, JobState::Succeeded) => Some(EventType::Succeeded),
            (Moment::Settled, JobState::Failed) => Some(EventType::Failed),
            (Moment::Settled, JobState::Cancelled) => Some(EventType::Cancelled),
            (Moment::Settled, JobState::Superseded) => Some(EventType::Superseded),
            (Moment::Settled, JobState::Queued | JobState::Running | JobState::Retrying) => None,
        }
    }
}

/// The document that is posted. Only what is in clear anyway: no payload, no answer.
pub(crate) fn document(event: EventType, view: &View<'_>) -> Value {
    let job = view.job;
    let time = |at: Option<Timestamp>| at.map(|at| format!("{at:.3}"));
    let steps: Vec<Value> = view
        .steps
        .iter()
        .map(|(step, _)| {
            json!({
                "backend": step.backend, "state": step.state, "attempts": step.attempts,
                "status": step.status, "code": step.code, "message": step.message,
            })
        })
        .collect();
    json!({
        "type": event.as_str(),
        "timestamp": time(job.ended_at.or(job.started_at).or(Some(job.accepted_at))),
        "data": {
            "id": job.id,
            "action": job.action,
            "subject": job.subject,
            "source": job.source,
            "external_id": job.external_id,
            "state": job.state,
            "status": job.status,
            "code": job.code,
            "message": job.message,
            "accepted_at": time(Some(job.accepted_at)),
            "ended_at": time(job.ended_at),
            "replay_of": job.replay_of,
            "steps": steps,
        },
    })
}
