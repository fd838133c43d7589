//! Version 2: the body is the data, the envelope is in AMQP's properties. What it has no place for, the failures so far, is
//! in a header that others pass over.

use model::json as reader;
use serde_json::{Map, Value, json};

use super::{
    ErrorEntry, Kind, Message, Poison, Properties, Version, cut, no_json, other_headers, properties,
    softfails,
};

/// The header with the failures so far.
const ERRORS: &str = "errors";
/// The last of them are kept, with so many bytes of each text: some peers take small headers only.
const KEPT: (usize, usize) = (8, 250);

pub(super) fn decode(routing_key: &str, properties: &Properties, body: &[u8]) -> Result<Message, Poison> {
    let kind = match properties.kind.as_deref().filter(|kind| !kind.is_empty()) {
        Some(word) => Kind::from_word(word),
        None => Kind::of_key(routing_key),
    };
    let mut headers = other_headers(&properties.headers);
    Ok(Message {
        version: Version::V2,
        id: properties.message_id.clone().filter(|id| !id.is_empty()),
        kind: kind.ok_or_else(|| {
            Poison::new("neither the property type nor the routing key says event, request, reply or log")
        })?,
        routing_key: routing_key.to_owned(),
        sender: properties.app_id.clone(),
        created: None,
        reply_to: properties.reply_to.clone(),
        correlation_id: properties.correlation_id.clone(),
        data: reader::read(body).map_err(|bad| no_json(body, &bad))?,
        errors: take_errors(&mut headers),
        softfails: softfails(&properties.headers)?,
        headers,
    })
}

pub(super) fn encode(message: &Message) -> (Properties, Vec<u8>) {
    let mut properties = properties(message, "2.0");
    if !message.errors.is_empty() {
        let last = message.errors.len().saturating_sub(KEPT.0);
        let errors = message.errors.iter().skip(last).map(short).collect();
        properties.headers.insert(ERRORS.to_owned(), errors);
    }
    (properties, message.data.to_string().into_bytes())
}

fn short(entry: &ErrorEntry) -> Value {
    let text = |text: &str| Value::from(cut(text, KEPT.1));
    let mut short = json!({
        "error_type": text(&entry.error_type),
        "error_uuid": text(&entry.error_uuid),
        "error_sender": text(&entry.error_sender),
        "error_message": text(&entry.error_message),
        "timestamp": text(&entry.timestamp),
    });
    if let (Some(code), Some(members)) = (&entry.error_code, short.as_object_mut()) {
        members.insert("error_code".to_owned(), text(code));
    }
    short
}

/// The failures in the headers, if that is what the header holds; otherwise it is somebody else's and stays.
fn take_errors(headers: &mut Map<String, Value>) -> Vec<ErrorEntry> {
    let found =
        headers.get(ERRORS).and_then(|errors| serde_json::from_value::<Vec<ErrorEntry>>(errors.clone()).ok());
    let Some(errors) = found.filter(|errors| !errors.is_empty() && errors.iter().all(|e| e.check().is_ok()))
    else {
        return Vec::new();
    };
    headers.remove(ERRORS);
    errors
}
