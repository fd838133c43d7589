//! A message as it came, whatever is in it: what a refusal keeps, and what goes back to the bus unchanged. Pure.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use engine::Why;
use model::word::code;
use serde::{Deserialize, Serialize};

use crate::envelope::{Message, Poison, Properties, decode};

/// A message with everything the broker said of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RawMessage {
    /// The exchange that it was published on.
    pub exchange: String,
    /// Its routing key.
    pub routing_key: String,
    /// The broker had handed it out before.
    #[serde(default)]
    pub redelivered: bool,
    /// Its properties and headers.
    pub properties: Properties,
    /// Its body.
    #[serde(flatten)]
    pub body: Body,
}

/// A body, as text where it is one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Body {
    /// UTF-8.
    Body(String),
    /// Anything else, in Base64.
    BodyBase64(String),
}

impl Body {
    /// From its bytes.
    pub fn new(bytes: Vec<u8>) -> Self {
        match String::from_utf8(bytes) {
            Ok(text) => Body::Body(text),
            Err(error) => Body::BodyBase64(STANDARD.encode(error.as_bytes())),
        }
    }

    /// Its bytes.
    pub fn bytes(&self) -> Vec<u8> {
        match self {
            Body::Body(text) => text.clone().into_bytes(),
            Body::BodyBase64(text) => STANDARD.decode(text).unwrap_or_default(),
        }
    }
}

impl RawMessage {
    /// Reads it.
    pub fn decode(&self) -> Result<Message, Poison> {
        match &self.body {
            Body::Body(text) => decode(&self.routing_key, &self.properties, text.as_bytes()),
            Body::BodyBase64(_) => decode(&self.routing_key, &self.properties, &self.body.bytes()),
        }
    }

    /// As it is kept when it is refused.
    pub fn to_bytes(&self) -> Vec<u8> {
        serde_json::to_vec(self).unwrap_or_default()
    }

    /// Reads what [`RawMessage::to_bytes`] wrote.
    pub fn from_bytes(raw: &[u8]) -> Result<Self, Why> {
        serde_json::from_slice(raw).map_err(|error| Why {
            code: code::UNREADABLE,
            message: format!("no message of the bus: line {}, column {}", error.line(), error.column()),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_body_is_kept_as_it_came() {
        for body in [&b"{\"a\": 1}"[..], &[0xff, 0x00, 0x78], b""] {
            let raw = RawMessage {
                exchange: "gdd.request".to_owned(),
                routing_key: "request.a".to_owned(),
                redelivered: true,
                properties: Properties { reply_to: Some("x".to_owned()), ..Properties::default() },
                body: Body::new(body.to_vec()),
            };
            let read = RawMessage::from_bytes(&raw.to_bytes()).unwrap();
            assert_eq!(read, raw);
            assert_eq!(read.body.bytes(), body);
        }
        assert!(RawMessage::from_bytes(b"{}").is_err());
    }
}
