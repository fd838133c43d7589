//! Small words: subject, class, code.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// What a request is about, `kind:value` (`identity:66c2…`, `account:36a7…`). The unit of ordering, shared by every
/// front door: jobs of one subject run one after the other, in the order in which they were accepted.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Subject {
    text: String,
    colon: usize,
}

impl Subject {
    /// Joins a kind (no colon in it, not empty) and a value (not empty).
    pub fn new(kind: &str, value: &str) -> Option<Self> {
        let sound = !kind.is_empty() && !kind.contains(':') && !value.is_empty();
        sound.then(|| Subject { text: format!("{kind}:{value}"), colon: kind.len() })
    }

    /// The part before the first colon.
    pub fn kind(&self) -> &str {
        self.text.get(..self.colon).unwrap_or_default()
    }

    /// The part after the first colon.
    pub fn value(&self) -> &str {
        self.text.get(self.colon + 1..).unwrap_or_default()
    }

    /// The whole, `kind:value`.
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// A subject that is not written `kind:value`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no subject: write it kind:value, for example identity:66c22991bdc3c9a7563a9d4f")]
pub struct BadSubject(pub String);

impl FromStr for Subject {
    type Err = BadSubject;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.split_once(':').and_then(|(k, v)| Subject::new(k, v)).ok_or_else(|| BadSubject(text.to_owned()))
    }
}

impl Serialize for Subject {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}

impl<'de> Deserialize<'de> for Subject {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// How urgent a job is. The order of the variants is the order of service.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Class {
    /// Someone waits for the answer.
    Interactive,
    /// Nobody does.
    Bulk,
}

/// A stable, machine-readable reason such as `timeout`, `expired` or `backend_broken`. Lower case, words joined by
/// `_`; part of the interface: once published, its meaning does not change.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Code(pub Cow<'static, str>);

impl Code {
    /// A code known at compile time.
    pub const fn from_static(text: &'static str) -> Self {
        Code(Cow::Borrowed(text))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl PartialEq<str> for Code {
    fn eq(&self, other: &str) -> bool {
        self.0 == other
    }
}

/// The codes that the engine itself gives. Backends and sources add their own.
pub mod code {
    use super::Code;

    /// The script's exit code, or the status in its answer, was not zero.
    pub const FAILED: Code = Code::from_static("failed");
    /// The backend asked for a later retry (exit code 75, `retry`, `retry_after`).
    pub const RETRY: Code = Code::from_static("retry");
    /// The backend said: not now, and until when.
    pub const WAIT: Code = Code::from_static("wait");
    /// The backend said so of all that need it.
    pub const WAIT_BACKEND: Code = Code::from_static("wait_backend");
    /// Both of these.
    pub const WAITS: [Code; 2] = [WAIT, WAIT_BACKEND];
    /// The backend said so for longer than jobs wait, or than the job's deadline allows.
    pub const WAITED: Code = Code::from_static("waited_too_long");
    /// The backend does not declare that it can be asked for a dry run: it was not started for one.
    pub const NO_DRY_RUN: Code = Code::from_static("no_dry_run");
    /// The time limit of the attempt was reached.
    pub const TIMEOUT: Code = Code::from_static("timeout");
    /// The backend ended without a valid answer.
    pub const INVALID_ANSWER: Code = Code::from_static("invalid_answer");
    /// The backend's process was ended by a signal.
    pub const KILLED: Code = Code::from_static("killed");
    /// The backend panicked, or its process could not be started or was lost.
    pub const LOST: Code = Code::from_static("lost");
    /// The machine had no process, memory or descriptor left to begin the attempt with.
    pub const SHORTAGE: Code = Code::from_static("shortage");
    /// The hub stopped while the attempt was running.
    pub const INTERRUPTED: Code = Code::from_static("interrupted");
    /// The backend is configured, and cannot be used: see `backends check`.
    pub const BACKEND_BROKEN: Code = Code::from_static("backend_broken");
    /// The backend was removed after the plan was frozen.
    pub const BACKEND_GONE: Code = Code::from_static("backend_gone");
    /// No usable backend maps the action.
    pub const NO_BACKEND: Code = Code::from_static("no_backend");
    /// The backend was made inactive after the plan was frozen.
    pub const BACKEND_INACTIVE: Code = Code::from_static("backend_inactive");
    /// An earlier step failed with `onError: stop`.
    pub const STOPPED: Code = Code::from_static("stopped");
    /// The deadline passed before the job started.
    pub const EXPIRED: Code = Code::from_static("expired");
    /// The deadline passed while the job waited behind a retrying one of its subject.
    pub const BLOCKED_BY: Code = Code::from_static("blocked_by");
    /// The failsafe holds it, or would have and it had a deadline.
    pub const FAILSAFE_HELD: Code = Code::from_static("failsafe_held");
    /// Cancelled by an operator.
    pub const CANCELLED: Code = Code::from_static("cancelled");
    /// Another worker has taken the request over.
    pub const TAKEN_OVER: Code = Code::from_static("taken_over");
    /// An external id that was used before, with other data.
    pub const ID_REUSED: Code = Code::from_static("id_reused");
    /// The request does not fit the action's schema.
    pub const INVALID_PAYLOAD: Code = Code::from_static("invalid_payload");
    /// The message could not be decoded.
    pub const UNREADABLE: Code = Code::from_static("unreadable");
    /// What the journal holds of it cannot be read back.
    pub const DAMAGED: Code = Code::from_static("damaged");
    /// Larger than the hub accepts.
    pub const TOO_LARGE: Code = Code::from_static("too_large");
    /// So many small values that it would take far more memory than its length lets expect.
    pub const TOO_MANY_VALUES: Code = Code::from_static("too_many_values");
    /// The subject could not be determined or is not well formed.
    pub const BAD_SUBJECT: Code = Code::from_static("bad_subject");
}
