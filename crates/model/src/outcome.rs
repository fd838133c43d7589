//! What a backend says of one attempt.

use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::word::{Code, code};

/// The four ways in which an attempt ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OutcomeKind {
    /// Done. The step has succeeded.
    Done,
    /// Try again later.
    Soft,
    /// Give up.
    Hard,
    /// Not now: the backend says until when. Nothing has failed, and nothing is counted.
    Wait,
}

impl OutcomeKind {
    /// All kinds, in the order in which they are shown.
    pub const ALL: [OutcomeKind; 4] =
        [OutcomeKind::Done, OutcomeKind::Soft, OutcomeKind::Hard, OutcomeKind::Wait];

    /// The word, as shown and stored.
    pub fn as_str(self) -> &'static str {
        match self {
            OutcomeKind::Done => "done",
            OutcomeKind::Soft => "soft",
            OutcomeKind::Hard => "hard",
            OutcomeKind::Wait => "wait",
        }
    }
}

/// Until when a backend wants not to be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Until {
    /// For so long from now.
    After(Duration),
    /// Until this time.
    At(Timestamp),
}

/// Who waits when a backend says that it cannot do it now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum WaitFor {
    /// This job only: an account that settles, a lock on one entry.
    #[default]
    Job,
    /// Every job that needs the backend: a quota, maintenance.
    Backend,
}

/// What a backend asks for that cannot do it now. [`crate::patience`] says how far it is followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wait {
    /// Until when.
    pub until: Until,
    /// Who waits.
    #[serde(rename = "for", default)]
    pub scope: WaitFor,
}

/// Something that happened and that others may want to know. Routes turn it into a notification, so that a backend
/// knows no bus.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notice {
    /// What happened, `notify.googleapps.user.created`.
    pub name: String,
    /// Its data.
    pub data: Value,
}

/// How an attempt ended. Everything textual in it is already free of the job's secrets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcome {
    /// Done, soft, hard or wait.
    pub kind: OutcomeKind,
    /// The numeric status that Sesame's callers see: exit code, or `status` of the answer; 0 when done.
    pub status: i32,
    /// Why, when it is not done.
    pub code: Option<Code>,
    /// What the backend said, in its own words.
    pub message: Option<String>,
    /// The answer as the backend printed it, whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data: Option<Value>,
    /// The last part of what it wrote beside its answer (stderr, noise), for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub log: Option<String>,
    /// What others may want to know.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notices: Vec<Notice>,
    /// When the backend itself wants to be asked again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after: Option<Duration>,
    /// What it asks for, when the kind is [`OutcomeKind::Wait`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wait: Option<Wait>,
}

impl Outcome {
    /// Success, with nothing more to say.
    pub fn done() -> Self {
        Outcome {
            kind: OutcomeKind::Done,
            status: 0,
            code: None,
            message: None,
            data: None,
            log: None,
            notices: Vec::new(),
            retry_after: None,
            wait: None,
        }
    }

    /// Not now, because. It uses none of the job's tries, holds no slot meanwhile and does not count for the breaker.
    pub fn wait(wait: Wait, message: impl Into<String>) -> Self {
        let code = match wait.scope {
            WaitFor::Job => code::WAIT,
            WaitFor::Backend => code::WAIT_BACKEND,
        };
        Outcome { kind: OutcomeKind::Wait, wait: Some(wait), ..Outcome::soft(75, code, message) }
    }

    /// A failure after which the step is tried again.
    pub fn soft(status: i32, code: Code, message: impl Into<String>) -> Self {
        Outcome {
            kind: OutcomeKind::Soft,
            status,
            code: Some(code),
            message: Some(message.into()),
            ..Outcome::done()
        }
    }

    /// Nothing was done, because this machine had no process, memory or descriptor left for it. It counts for nobody:
    /// the same attempt is made again when there is room.
    pub fn shortage(message: impl Into<String>) -> Self {
        Outcome::soft(126, code::SHORTAGE, message)
    }

    /// Whether it is [`Outcome::shortage`].
    pub fn is_shortage(&self) -> bool {
        self.kind == OutcomeKind::Soft && self.code == Some(code::SHORTAGE)
    }

    /// Whether a process was ended by a signal that asks it to stop, and not by its own doing: SIGHUP, SIGINT or
    /// SIGTERM, in the numbers of a shell.
    pub fn was_told_to_stop(&self) -> bool {
        self.kind != OutcomeKind::Done && matches!(self.status, 129 | 130 | 143)
    }

    /// A failure for good.
    pub fn hard(status: i32, code: Code, message: impl Into<String>) -> Self {
        Outcome { kind: OutcomeKind::Hard, ..Outcome::soft(status, code, message) }
    }
}
