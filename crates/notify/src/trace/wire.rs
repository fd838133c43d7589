//! Spans as OTLP writes them: `ExportTraceServiceRequest` in protobuf (opentelemetry-proto, `trace/v1`). The format is
//! stable and small; only the fields that are used are written. Pure.

use std::collections::BTreeMap;

use super::span::{Kind, Span, Value};

/// The body of a post.
pub(super) fn request(resource: &BTreeMap<&'static str, Value>, spans: &[Span]) -> Vec<u8> {
    let mut scope = Message::default();
    scope.text(1, "intendant");
    scope.text(2, env!("CARGO_PKG_VERSION"));
    let mut of_scope = Message::default();
    of_scope.message(1, &scope);
    for one in spans {
        of_scope.message(2, &span(one));
    }
    let mut about = Message::default();
    for (key, value) in resource {
        about.message(1, &attribute(key, value));
    }
    let mut of_resource = Message::default();
    of_resource.message(1, &about);
    of_resource.message(2, &of_scope);
    let mut request = Message::default();
    request.message(1, &of_resource);
    request.0
}

fn span(span: &Span) -> Message {
    let mut message = Message::default();
    message.bytes(1, &span.trace);
    message.bytes(2, &span.id);
    if let Some(parent) = span.parent {
        message.bytes(4, &parent);
    }
    message.text(5, &span.name);
    message.number(
        6,
        match span.kind {
            Kind::Internal => 1,
            Kind::Client => 3,
            Kind::Producer => 4,
            Kind::Consumer => 5,
        },
    );
    message.fixed(7, nanos(span.start));
    message.fixed(8, nanos(span.end));
    for (key, value) in &span.attributes {
        message.message(9, &attribute(key, value));
    }
    if let Some(why) = &span.failure {
        let mut status = Message::default();
        status.text(2, why);
        status.number(3, 2);
        message.message(15, &status);
    }
    message
}

fn attribute(key: &str, value: &Value) -> Message {
    let mut any = Message::default();
    match value {
        Value::Text(text) => any.text(1, text),
        Value::Number(number) => any.number(3, number.cast_unsigned()),
    }
    let mut pair = Message::default();
    pair.text(1, key);
    pair.message(2, &any);
    pair
}

fn nanos(at: jiff::Timestamp) -> u64 {
    u64::try_from(at.as_nanosecond()).unwrap_or_default()
}

/// A protobuf message that is being written.
#[derive(Default)]
struct Message(Vec<u8>);

impl Message {
    fn number(&mut self, field: u8, number: u64) {
        self.varint(u64::from(field) << 3);
        self.varint(number);
    }

    fn fixed(&mut self, field: u8, number: u64) {
        self.varint((u64::from(field) << 3) | 1);
        self.0.extend_from_slice(&number.to_le_bytes());
    }

    fn bytes(&mut self, field: u8, bytes: &[u8]) {
        self.varint((u64::from(field) << 3) | 2);
        self.varint(bytes.len() as u64);
        self.0.extend_from_slice(bytes);
    }

    fn text(&mut self, field: u8, text: &str) {
        self.bytes(field, text.as_bytes());
    }

    fn message(&mut self, field: u8, message: &Message) {
        self.bytes(field, &message.0);
    }

    /// Seven bits in a byte, the lowest first; the eighth says that more follow.
    fn varint(&mut self, mut number: u64) {
        loop {
            let [low, ..] = number.to_le_bytes();
            number >>= 7;
            if number == 0 {
                return self.0.push(low & 0x7f);
            }
            self.0.push(low | 0x80);
        }
    }
}
