//! What comes in: a request, or what could not become one.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::id::JobId;
use crate::word::{Class, Code, Subject};

/// A request as a source received and decoded it. Decoding is pure; intake does the rest.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Request {
    /// The configured instance of the source that took it (`http`, `sesame`, `run`).
    pub source: String,
    /// The caller's own id of the request, unique within the source; never invented by us.
    pub external_id: Option<String>,
    /// What is asked, `IDENTITY_UPDATE`.
    pub action: String,
    /// What it is about, where the source knows; otherwise the action table's pointers find it in the body.
    pub subject: Option<Subject>,
    /// The whole document a backend reads on its standard input, an object with `concernedTo`, `payload`, `options`
    /// in the order in which they came.
    pub body: Value,
    /// Where the answer goes, in the source's own terms. Data on the job: no channel or token in memory.
    pub reply: Option<Value>,
    /// How urgent, where the source knows better than the action table.
    pub class: Option<Class>,
    /// Not to be started after this time.
    pub deadline: Option<Timestamp>,
    /// Not to be started before this time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_before: Option<Timestamp>,
    /// Only what would be done is asked; nothing is changed.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub dry_run: bool,
    /// The caller's trace or correlation id, kept end to end.
    pub trace: Option<String>,
    /// The failed job of which this one is the replay.
    pub replay_of: Option<JobId>,
}

impl Request {
    /// A request with only what is required.
    pub fn new(source: impl Into<String>, action: impl Into<String>, body: Value) -> Self {
        Request {
            source: source.into(),
            external_id: None,
            action: action.into(),
            subject: None,
            body,
            reply: None,
            class: None,
            deadline: None,
            not_before: None,
            dry_run: false,
            trace: None,
            replay_of: None,
        }
    }
}

/// What could not be accepted, kept with the dead letters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The source that received it.
    pub source: String,
    /// The caller's id, when it could be read.
    pub external_id: Option<String>,
    /// The action, when it could be read.
    pub action: Option<String>,
    /// Why it was refused.
    pub code: Code,
    /// The same in a sentence that says what to do; free of the message's content.
    pub message: String,
    /// The message as it came.
    pub raw: Vec<u8>,
}
