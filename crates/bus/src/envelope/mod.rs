//! Messages of the bus as they lie on the wire: envelopes 1 and 2. Pure.
//!
//! Reading is strict where the schema is strict, and lenient where producers that are in use need it. Writing follows
//! what the peers in use can read (§2.6).

mod check;
mod errors;
mod kinds;
mod v1;
mod v2;

#[cfg(test)]
mod tests;

use model::json::Bad;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

pub(crate) use check::uuid_in;
pub use errors::ErrorEntry;

/// The library that our messages name.
const LIBRARY: &str = concat!("Intendant ", env!("CARGO_PKG_VERSION"));
/// Bytes that AMQP's short texts hold: names, routing keys, properties.
pub(crate) const SHORT: usize = 255;
const SOA_VERSION: &str = "soa-version";
pub(crate) const SOFTFAIL_COUNT: &str = "softfail-count";
const CLIENT_LIBRARY: &str = "client-library";

/// Which envelope.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Version {
    /// Everything is in the body.
    V1,
    /// The body is the data; everything else is in AMQP's properties.
    V2,
}

/// What a message is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// It tells what happened (`notify.*`, `event.*`).
    Event,
    /// It asks for something.
    Request,
    /// It answers a request.
    Reply,
    /// It tells of a failure.
    Log,
}

impl Kind {
    /// The word on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Kind::Event => "event",
            Kind::Request => "request",
            Kind::Reply => "reply",
            Kind::Log => "log",
        }
    }

    fn from_word(word: &str) -> Option<Self> {
        [Kind::Event, Kind::Request, Kind::Reply, Kind::Log].into_iter().find(|kind| kind.as_str() == word)
    }

    /// What the first word of a routing key says.
    pub(crate) fn of_key(routing_key: &str) -> Option<Self> {
        match routing_key.split('.').next() {
            Some("notify") => Some(Kind::Event),
            Some(word) => Kind::from_word(word),
            None => None,
        }
    }
}

/// The properties of an AMQP message that mean something here. Header values are JSON: what JSON cannot hold is text.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Properties {
    /// Whose message it is for the broker: the id of a version 2 message.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message_id: Option<String>,
    /// The message that it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub correlation_id: Option<String>,
    /// Who sent it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub app_id: Option<String>,
    /// AMQP's `type`.
    #[serde(skip_serializing_if = "Option::is_none", rename = "type")]
    pub kind: Option<String>,
    /// The exchange for replies.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reply_to: Option<String>,
    /// `application/json`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub content_type: Option<String>,
    /// `deflate` from peers that do not compress.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub content_encoding: Option<String>,
    /// Seconds since 1970. Read, and never sent: it stops a peer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timestamp: Option<u64>,
    /// The headers.
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub headers: Map<String, Value>,
}

/// A message, whichever its envelope.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Message {
    /// Its envelope.
    pub version: Version,
    /// Its id: `event_uuid`, or AMQP's `message_id`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// What it is for.
    pub kind: Kind,
    /// The routing key under which it was published.
    pub routing_key: String,
    /// Who sent it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sender: Option<String>,
    /// When it was made, as its sender wrote it; version 1 only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created: Option<String>,
    /// The exchange for replies; its presence asks for them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reply_to: Option<String>,
    /// The message that it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub correlation_id: Option<String>,
    /// What it says; an object in version 1.
    pub data: Value,
    /// Its failures so far.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<ErrorEntry>,
    /// How often it has failed softly, as its header counts.
    #[serde(default)]
    pub softfails: u32,
    /// The other headers, kept as they are.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub headers: Map<String, Value>,
}

/// Why something is no message of the bus, in a sentence free of its values.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Poison(pub String);

impl Poison {
    fn new(text: impl Into<String>) -> Self {
        Poison(text.into())
    }
}

/// Reads a message.
pub fn decode(routing_key: &str, properties: &Properties, body: &[u8]) -> Result<Message, Poison> {
    match version(&properties.headers)? {
        Version::V1 => v1::decode(routing_key, properties, body),
        Version::V2 => v2::decode(routing_key, properties, body),
    }
}

/// Writes a message. Version 1 cannot say data that is no object, and then says `{"value": data}`.
pub fn encode(message: &Message) -> (Properties, Vec<u8>) {
    match message.version {
        Version::V1 => v1::encode(message),
        Version::V2 => v2::encode(message),
    }
}

impl Message {
    /// How often it has failed softly, whoever counted.
    pub fn tried_before(&self) -> u32 {
        let entries = self.errors.iter().filter(|entry| entry.is_soft()).count();
        self.softfails.max(u32::try_from(entries).unwrap_or(u32::MAX))
    }
}

/// The envelope that the headers name; none is version 1.
fn version(headers: &Map<String, Value>) -> Result<Version, Poison> {
    let said = match headers.get(SOA_VERSION) {
        None | Some(Value::Null) => return Ok(Version::V1),
        Some(Value::String(said)) => said.clone(),
        Some(Value::Number(said)) => said.to_string(),
        Some(_) => return Err(Poison::new("the header soa-version is no text such as \"2.0\"")),
    };
    match said.trim().split('.').next() {
        Some("1") => Ok(Version::V1),
        Some("2") => Ok(Version::V2),
        _ => Err(Poison::new("the header soa-version names an unknown version: 1.x and 2.x are known")),
    }
}

/// The number of soft failures: any integer, also as text; none is 0.
fn softfails(headers: &Map<String, Value>) -> Result<u32, Poison> {
    let count = match headers.get(SOFTFAIL_COUNT) {
        None | Some(Value::Null) => Some(0),
        Some(Value::Number(count)) => count.as_u64(),
        Some(Value::String(count)) => count.trim().parse().ok(),
        Some(_) => None,
    };
    let count = count.ok_or_else(|| Poison::new("the header softfail-count is no whole number"))?;
    Ok(u32::try_from(count).unwrap_or(u32::MAX))
}

/// The headers without those that the envelope itself is made of.
fn other_headers(headers: &Map<String, Value>) -> Map<String, Value> {
    let ours = [SOA_VERSION, SOFTFAIL_COUNT, CLIENT_LIBRARY];
    let others = headers.iter().filter(|(name, _)| !ours.contains(&name.as_str()));
    others.map(|(name, value)| (name.clone(), value.clone())).collect()
}

/// An id as a property holds it: of a longer text the UUID in it, which is what version 1 compares.
fn short_id(id: &str) -> Option<String> {
    if id.len() <= SHORT { Some(id) } else { uuid_in(id) }.map(str::to_owned)
}

/// A text as a header or a property holds it, at most so many bytes.
pub(crate) fn cut(text: &str, most: usize) -> &str {
    text.get(..text.floor_char_boundary(most)).unwrap_or_default()
}

/// What every message that we send has.
fn properties(message: &Message, soa_version: &str) -> Properties {
    let mut headers = message.headers.clone();
    headers.insert(SOA_VERSION.to_owned(), soa_version.into());
    headers.insert(CLIENT_LIBRARY.to_owned(), LIBRARY.into());
    headers.insert(SOFTFAIL_COUNT.to_owned(), message.softfails.into());
    Properties {
        message_id: message.id.clone(),
        correlation_id: message.correlation_id.as_deref().and_then(short_id),
        app_id: message.sender.clone(),
        kind: Some(message.kind.as_str().to_owned()),
        reply_to: message.reply_to.clone(),
        content_type: Some("application/json".to_owned()),
        headers,
        ..Properties::default()
    }
}

/// Why this body is no JSON that is taken.
fn no_json(body: &[u8], bad: &Bad) -> Poison {
    let binary = |byte: &u8| !byte.is_ascii() || (byte.is_ascii_control() && !byte.is_ascii_whitespace());
    if body.iter().take(2).any(binary) {
        return Poison::new("the body is no JSON text: if it is compressed, send it as it is");
    }
    Poison::new(format!("the body cannot be read as JSON: {bad}"))
}
