//! Version 2: the body is the data, the envelope is in AMQP's properties (contracts/gorg.md §2.2).

use model::json;

use super::{Kind, Message, Poison, Properties, Version, no_json, other_headers, properties, softfails};

pub(super) fn decode(routing_key: &str, properties: &Properties, body: &[u8]) -> Result<Message, Poison> {
    let kind = match properties.kind.as_deref().filter(|kind| !kind.is_empty()) {
        Some(word) => Kind::from_word(word),
        None => Kind::of_key(routing_key),
    };
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
        data: json::read(body).map_err(|bad| no_json(body, &bad))?,
        errors: Vec::new(),
        softfails: softfails(&properties.headers)?,
        headers: other_headers(&properties.headers),
    })
}

pub(super) fn encode(message: &Message) -> (Properties, Vec<u8>) {
    (properties(message, "2.0"), message.data.to_string().into_bytes())
}
