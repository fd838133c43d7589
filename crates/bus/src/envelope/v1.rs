//! Version 1: the whole envelope is in the body.

use model::json;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::check::{event_name, is_event_name, is_iso_8601, uuid_in};
use super::errors::there;
use super::{
    ErrorEntry, Kind, Message, Poison, Properties, Version, kinds, no_json, other_headers, properties,
    softfails,
};

/// The body, in the order in which peers write it.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Envelope {
    event_uuid: String,
    event_name: String,
    event_sender_id: String,
    event_creation_time: String,
    data: Map<String, Value>,
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "there")]
    errors_count: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "there")]
    errors: Option<Vec<ErrorEntry>>,
}

pub(super) fn decode(routing_key: &str, properties: &Properties, body: &[u8]) -> Result<Message, Poison> {
    let envelope = read(body)?;
    Ok(Message {
        version: Version::V1,
        id: Some(envelope.event_uuid),
        kind: properties
            .kind
            .as_deref()
            .and_then(Kind::from_word)
            .or_else(|| Kind::of_key(routing_key))
            .unwrap_or(Kind::Event),
        routing_key: routing_key.to_owned(),
        sender: Some(envelope.event_sender_id),
        created: Some(envelope.event_creation_time),
        reply_to: properties.reply_to.clone(),
        correlation_id: properties.correlation_id.clone(),
        data: Value::Object(envelope.data),
        errors: envelope.errors.unwrap_or_default(),
        softfails: softfails(&properties.headers)?,
        headers: other_headers(&properties.headers),
    })
}

fn read(body: &[u8]) -> Result<Envelope, Poison> {
    let said = json::read_around(body).map_err(|bad| no_json(body, &bad))?;
    let envelope = Envelope::deserialize(&said).map_err(|error| unreadable(&said, &error))?;
    if uuid_in(&envelope.event_uuid).is_none() {
        return Err(Poison::new("event_uuid is no UUID"));
    }
    if !is_event_name(&envelope.event_name) {
        return Err(Poison::new("event_name is not made of small letters, _ and single dots"));
    }
    if !is_iso_8601(&envelope.event_creation_time) {
        return Err(Poison::new("event_creation_time is no time in ISO 8601"));
    }
    envelope.errors.iter().flatten().try_for_each(ErrorEntry::check)?;
    Ok(envelope)
}

/// Why this body is no envelope. Of a field the parser's words name what its sender called it; of a value they could
/// quote it.
fn unreadable(said: &Value, error: &serde_json::Error) -> Poison {
    let words = error.to_string();
    let about = ["missing field", "unknown field", "duplicate field"];
    let is_about_a_field = about.iter().any(|begin| words.starts_with(begin));
    let what = words.split_inclusive('`').take(2).collect::<String>();
    let what = if is_about_a_field { Some(what) } else { kinds::wrong(said) };
    let what = what.unwrap_or_else(|| "a field has a value of the wrong kind".to_owned());
    Poison::new(format!("the body is no envelope of version 1: {what}"))
}

pub(super) fn encode(message: &Message) -> (Properties, Vec<u8>) {
    let data = match &message.data {
        Value::Object(data) => data.clone(),
        other => Map::from_iter([("value".to_owned(), other.clone())]),
    };
    let errors = message.errors.clone();
    let envelope = Envelope {
        event_uuid: message.id.clone().unwrap_or_default(),
        event_name: event_name(&message.routing_key),
        event_sender_id: message.sender.clone().unwrap_or_default(),
        event_creation_time: message.created.clone().unwrap_or_default(),
        data,
        errors_count: (!errors.is_empty()).then(|| i64::try_from(errors.len()).unwrap_or(i64::MAX)),
        errors: (!errors.is_empty()).then_some(errors),
    };
    // Text and numbers written to memory: there is nothing that could fail.
    (properties(message, "1.0"), serde_json::to_vec(&envelope).unwrap_or_default())
}
