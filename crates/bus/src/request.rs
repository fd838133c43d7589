//! From a message to a request, and back to what the message said. Pure.
//!
//! What is the same however often a message comes is in the body, at `options.bus`, where backends see it and replays
//! keep it. What differs from one delivery to the next is with the reply address.

use engine::Why;
use model::word::code;
use model::{Code, Request};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::envelope::{ErrorEntry, Message, Version, uuid_in};
use crate::route::Routes;

/// No route takes the message's routing key.
pub(crate) const NO_ROUTE: Code = Code::from_static("no_route");
/// Its route has nothing to do with such data.
pub(crate) const SKIPPED: Code = Code::from_static("skipped");
/// The message was tried as often as it may be before it came here.
pub(crate) const EXHAUSTED: Code = Code::from_static("exhausted");

/// It was handed out again and again, and never done.
pub(crate) const POISONOUS: Code = Code::from_static("poisonous");

/// Headers that go along with whatever follows from a message.
const TRACES: [&str; 2] = ["traceparent", "tracestate"];
/// Longest of them, in bytes, as their standard wants it.
const TRACE: usize = 512;
/// The header of a message that was moved: the id that it had when it was asked for first.
pub(crate) const ORIGINAL_ID: &str = "original-id";
/// Longest id that is taken as it is.
const ID: usize = 255;

/// What a job's message said of itself.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Origin {
    /// Its envelope.
    pub version: Version,
    /// Its routing key.
    pub routing_key: String,
    /// Its id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Who sent it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sender: Option<String>,
    /// The exchange for replies.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reply_to: Option<String>,
    /// The message that it was about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub correlation_id: Option<String>,
    /// The id that it had before it was moved, by which whoever asked knows it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub original_id: Option<String>,
}

/// What a delivery of the message said beside that.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct History {
    /// How often others had tried it.
    pub tried_before: u32,
    /// Their failures.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<ErrorEntry>,
    /// When it was made, as its sender wrote it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub created: Option<String>,
    /// Its other headers.
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub headers: Map<String, Value>,
}

impl Origin {
    /// Of a message.
    pub fn of(message: &Message) -> Self {
        Origin {
            version: message.version,
            routing_key: message.routing_key.clone(),
            id: message.id.clone(),
            sender: message.sender.clone(),
            reply_to: message.reply_to.clone().filter(|exchange| !exchange.is_empty()),
            correlation_id: message.correlation_id.clone(),
            original_id: original_id(&message.headers),
        }
    }

    /// Of a job that no message of this bus asked for.
    pub(crate) fn of_nobody(version: Version, action: &str) -> Self {
        let (id, sender, reply_to, correlation_id, original_id) = (None, None, None, None, None);
        Origin { version, routing_key: action.to_owned(), id, sender, reply_to, correlation_id, original_id }
    }

    /// The id by which whoever asked knows it.
    pub(crate) fn known_as(&self) -> Option<&str> {
        self.original_id.as_deref().or(self.id.as_deref())
    }

    /// Of the message that became a job with this body; `None` = it was none.
    pub fn of_body(body: &Value) -> Option<Self> {
        serde_json::from_value(body.pointer("/options/bus")?.clone()).ok()
    }
}

impl History {
    /// Of a message.
    pub fn of(message: &Message) -> Self {
        History {
            tried_before: message.tried_before(),
            errors: message.errors.clone(),
            created: message.created.clone(),
            headers: message.headers.clone(),
        }
    }

    /// The last of those that a job was given, each with another delivery of the message.
    pub fn of_replies(replies: &[Value]) -> Self {
        let last = replies.iter().rev().find_map(|reply| serde_json::from_value(reply.clone()).ok());
        last.unwrap_or_default()
    }

    /// The headers of the trace that it belongs to, as far as they are some.
    pub fn traces(&self) -> Map<String, Value> {
        let is_one = |value: &Value| value.as_str().is_some_and(|text| text.len() <= TRACE);
        let traces = self.headers.iter();
        let traces = traces.filter(|(name, value)| TRACES.contains(&name.as_str()) && is_one(value));
        traces.map(|(name, value)| (name.clone(), value.clone())).collect()
    }
}

/// The request in a message of this source. The second part of an error is what is wrong with the data, place by place.
pub fn request(
    source: &str,
    message: &Message,
    routes: &Routes,
    max_attempts: u32,
) -> Result<Request, Refused> {
    let key = &message.routing_key;
    let Some(route) = routes.find(key) else {
        return Err(Refused::new(
            NO_ROUTE,
            format!("no route takes {key}: add it to the routes of bus {source}"),
        ));
    };
    let violations = route.violations(&message.data);
    if !violations.is_empty() {
        let message = format!("{key} does not fit the schema of its route: {}", violations.join("; "));
        let schema = route.spec.schema.clone().filter(|_| route.spec.tell_schema).map(Box::new);
        return Err(Refused { violations, schema, ..Refused::new(code::INVALID_PAYLOAD, message) });
    }
    if route.skips(&message.data) {
        return Err(Refused::new(
            SKIPPED,
            format!("{key}: its route skips such data (`skip`), nothing is done"),
        ));
    }
    let given = route.given(&message.data).map_err(|violations| {
        let message = format!("{key} lacks what its route makes `data` of: {}", violations.join("; "));
        Refused { violations, ..Refused::new(code::INVALID_PAYLOAD, message) }
    })?;
    let tried = message.tried_before();
    if tried >= max_attempts {
        let text =
            format!("{key} was tried {tried} times before it came here, and may be {max_attempts} times");
        return Err(Refused::new(EXHAUSTED, text));
    }
    let body = json!({
        "concernedTo": route.concerned_to(&message.data),
        "payload": given,
        "options": { "bus": Origin::of(message) },
    });
    Ok(Request {
        external_id: external_id(message),
        reply: serde_json::to_value(History::of(message)).ok(),
        trace: trace(message),
        ..Request::new(source, route.action(key), body)
    })
}

/// Why a message became no request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// Why, as code and sentence.
    pub why: Why,
    /// What does not fit, place by place.
    pub violations: Vec<String>,
    /// The schema that it does not fit, when whoever sent it is to be told.
    pub schema: Option<Box<Value>>,
}

impl Refused {
    pub(crate) fn new(code: Code, message: String) -> Self {
        Refused { why: Why { code, message }, violations: Vec::new(), schema: None }
    }
}

/// The id that a message had before it was moved.
pub(crate) fn original_id(headers: &Map<String, Value>) -> Option<String> {
    headers
        .get(ORIGINAL_ID)
        .and_then(Value::as_str)
        .filter(|id| !id.is_empty() && id.len() <= ID)
        .map(str::to_owned)
}

/// The id under which the journal knows a message: the UUID in its own, else its own.
fn external_id(message: &Message) -> Option<String> {
    let id = message.id.as_deref()?;
    let known = uuid_in(id).map(str::to_ascii_lowercase);
    known.or_else(|| (id.len() <= ID).then(|| id.to_owned()))
}

fn trace(message: &Message) -> Option<String> {
    let parent = message.headers.get("traceparent").and_then(Value::as_str).map(str::to_owned);
    parent.or_else(|| message.correlation_id.clone()).or_else(|| message.id.clone())
}
