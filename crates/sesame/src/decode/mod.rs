//! Reads a BullMQ job of the orchestrator into a request. Pure: the time is an argument.

mod external;
mod options;
mod surrogate;
#[cfg(test)]
mod tests;

use std::fmt;
use std::time::Duration;

use engine::Why;
use jiff::Timestamp;
use model::json;
use model::word::code;
use model::{Code, Request};
use serde::{Deserialize, Serialize};
use serde_json::Value;

pub(crate) use external::{external_id, job_of};
use options::Options;
use surrogate::without_halves;

use crate::keep::Keep;

/// A BullMQ job as it lies in its hash. As JSON it is also the raw form in which a refused one is kept.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Message {
    /// Its id in the queue.
    pub(crate) id: String,
    /// Its name: the action.
    pub(crate) name: String,
    /// Its data, a JSON text.
    pub(crate) data: String,
    /// When it was added, in milliseconds since 1970.
    pub(crate) timestamp: Option<i64>,
    /// How long it stays once it is completed, when whoever added it says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) keep: Option<Keep>,
}

/// Without its data, in which there may be passwords.
impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Message").field("id", &self.id).field("name", &self.name).finish_non_exhaustive()
    }
}

/// Where the answer to a job goes: data on the job, nothing in memory.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Reply {
    /// The BullMQ job.
    pub(crate) job: String,
    /// The answer must not arrive before this time when the job is about somebody.
    pub(crate) not_before: Timestamp,
    /// How long the job stays once it is completed, when whoever added it says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) keep: Option<Keep>,
}

impl Message {
    /// From the fields of its hash. What is not there is empty; what is no text is read as well as it can be.
    pub(crate) fn from_fields(id: String, fields: impl IntoIterator<Item = (Vec<u8>, Vec<u8>)>) -> Self {
        let mut message = Message { id, ..Message::default() };
        for (field, value) in fields {
            let text = || String::from_utf8_lossy(&value).into_owned();
            match field.as_slice() {
                b"name" => message.name = text(),
                b"data" => message.data = text(),
                b"timestamp" => message.timestamp = text().parse().ok(),
                b"opts" => message.keep = Keep::of_job(&text()),
                _ => {}
            }
        }
        message
    }

    /// As it is kept when it is refused.
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        serde_json::to_vec(self).unwrap_or_default()
    }

    /// Reads what [`Message::to_bytes`] wrote.
    pub(crate) fn from_bytes(raw: &[u8]) -> Result<Self, Why> {
        serde_json::from_slice(raw).map_err(|error| why(code::UNREADABLE, format!("no BullMQ job: {error}")))
    }

    /// Its data as JSON.
    pub(crate) fn body(&self) -> Result<Value, Why> {
        match json::read(without_halves(&self.data).as_bytes()) {
            Ok(body @ Value::Object(_)) => Ok(body),
            Ok(Value::Null) => Ok(Value::Object(serde_json::Map::new())),
            Ok(_) => Err(why(
                code::INVALID_PAYLOAD,
                "the job's data is no JSON object with concernedTo, payload and options".to_owned(),
            )),
            Err(bad) => Err(why(bad.code(), format!("the job's data cannot be read: {bad}"))),
        }
    }

    /// The `options` of its data, which every answer echoes.
    pub(crate) fn options(&self) -> Option<Value> {
        self.body().ok()?.get("options").cloned()
    }

    /// When it was added; the time of receipt where the job does not say or says a later one.
    fn added_at(&self, now: Timestamp) -> Timestamp {
        let added = self.timestamp.and_then(|millis| Timestamp::from_millisecond(millis).ok());
        added.map_or(now, |added| added.min(now))
    }
}

/// The request in a job that was received at `now`. Its answer is held back until `pause` after the job was added.
pub(crate) fn decode(
    message: &Message,
    source: &str,
    pause: Duration,
    now: Timestamp,
) -> Result<Request, Why> {
    if message.name.is_empty() {
        let text = format!("job {} has no name: it was removed, or was never added whole", message.id);
        return Err(why(code::UNREADABLE, text));
    }
    let body = message.body()?;
    let options = Options::of(&body);
    let added_at = message.added_at(now);
    let not_before = added_at.checked_add(pause).unwrap_or(now);
    let reply = Reply { job: message.id.clone(), not_before, keep: message.keep };
    Ok(Request {
        external_id: Some(external_id(&message.id, message.timestamp, 1)),
        class: options.class(),
        deadline: options.deadline(added_at),
        reply: serde_json::to_value(reply).ok(),
        ..Request::new(source, message.name.clone(), body)
    })
}

fn why(code: Code, message: String) -> Why {
    Why { code, message }
}
