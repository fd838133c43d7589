//! Between AMQP's own types and ours.

use lapin::BasicProperties;
use lapin::types::{AMQPValue, FieldArray, FieldTable, LongString, ShortString};
use serde_json::{Map, Value};

use crate::envelope::Properties;

/// Kept on disk by the broker.
const PERSISTENT: u8 = 2;

/// The properties of a message that came.
pub(crate) fn read(properties: &BasicProperties) -> Properties {
    let text = |text: &Option<ShortString>| text.as_ref().map(ToString::to_string);
    Properties {
        message_id: text(properties.message_id()),
        correlation_id: text(properties.correlation_id()),
        app_id: text(properties.app_id()),
        kind: text(properties.kind()),
        reply_to: text(properties.reply_to()),
        content_type: text(properties.content_type()),
        content_encoding: text(properties.content_encoding()),
        timestamp: *properties.timestamp(),
        headers: properties.headers().as_ref().map(table).unwrap_or_default(),
    }
}

/// The properties of a message that leaves. A text that AMQP cannot hold (more than 255 bytes) is left out.
pub(crate) fn write(properties: &Properties) -> BasicProperties {
    let short =
        |text: &Option<String>| text.as_ref().and_then(|text| ShortString::try_new(text.as_str()).ok());
    let mut wire = BasicProperties::default().with_delivery_mode(PERSISTENT).with_priority(0);
    let headers = properties.headers.iter();
    let headers =
        headers.filter_map(|(name, value)| Some((ShortString::try_new(name.as_str()).ok()?, field(value))));
    wire = wire.with_headers(FieldTable::from(headers.collect::<std::collections::BTreeMap<_, _>>()));
    if let Some(text) = short(&properties.message_id) {
        wire = wire.with_message_id(text);
    }
    if let Some(text) = short(&properties.correlation_id) {
        wire = wire.with_correlation_id(text);
    }
    if let Some(text) = short(&properties.app_id) {
        wire = wire.with_app_id(text);
    }
    if let Some(text) = short(&properties.kind) {
        wire = wire.with_type(text);
    }
    if let Some(text) = short(&properties.reply_to) {
        wire = wire.with_reply_to(text);
    }
    if let Some(text) = short(&properties.content_type) {
        wire = wire.with_content_type(text);
    }
    if let Some(text) = short(&properties.content_encoding) {
        wire = wire.with_content_encoding(text);
    }
    wire
}

/// A name, if AMQP can hold it.
pub(crate) fn name(text: &str) -> Option<ShortString> {
    ShortString::try_new(text).ok()
}

fn table(table: &FieldTable) -> Map<String, Value> {
    table.inner().iter().map(|(name, field)| (name.to_string(), value(field))).collect()
}

fn value(field: &AMQPValue) -> Value {
    match field {
        AMQPValue::Boolean(value) => (*value).into(),
        AMQPValue::ShortShortInt(value) => (*value).into(),
        AMQPValue::ShortShortUInt(value) => (*value).into(),
        AMQPValue::ShortInt(value) => (*value).into(),
        AMQPValue::ShortUInt(value) => (*value).into(),
        AMQPValue::LongInt(value) => (*value).into(),
        AMQPValue::LongUInt(value) => (*value).into(),
        AMQPValue::LongLongInt(value) => (*value).into(),
        AMQPValue::Float(value) => (*value).into(),
        AMQPValue::Double(value) => (*value).into(),
        AMQPValue::Timestamp(value) => (*value).into(),
        AMQPValue::ShortString(text) => text.as_str().into(),
        AMQPValue::LongString(text) => String::from_utf8_lossy(text.as_bytes()).into_owned().into(),
        AMQPValue::ByteArray(bytes) => String::from_utf8_lossy(bytes.as_slice()).into_owned().into(),
        AMQPValue::FieldArray(items) => items.as_slice().iter().map(value).collect(),
        AMQPValue::FieldTable(inner) => Value::Object(table(inner)),
        AMQPValue::DecimalValue(value) => {
            (f64::from(value.value) / 10_f64.powi(i32::from(value.scale))).into()
        }
        AMQPValue::Void => Value::Null,
    }
}

fn field(value: &Value) -> AMQPValue {
    match value {
        Value::Null => AMQPValue::Void,
        Value::Bool(value) => AMQPValue::Boolean(*value),
        Value::Number(number) => match (number.as_i64(), number.as_f64()) {
            (Some(integer), _) => AMQPValue::LongLongInt(integer),
            (None, Some(float)) => AMQPValue::Double(float),
            (None, None) => AMQPValue::Void,
        },
        Value::String(text) => AMQPValue::LongString(LongString::from(text.as_str())),
        Value::Array(items) => {
            AMQPValue::FieldArray(FieldArray::from(items.iter().map(field).collect::<Vec<_>>()))
        }
        Value::Object(members) => {
            let members = members.iter();
            let members = members
                .filter_map(|(name, value)| Some((ShortString::try_new(name.as_str()).ok()?, field(value))));
            AMQPValue::FieldTable(FieldTable::from(members.collect::<std::collections::BTreeMap<_, _>>()))
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_written_is_read_as_it_was() {
        let Value::Object(headers) = json!({
            "soa-version": "2.0", "softfail-count": 3, "null": null, "list": [1, "two", { "three": 3.5 }], "yes": true
        }) else {
            unreachable!()
        };
        let properties = Properties {
            message_id: Some("id".to_owned()),
            correlation_id: Some("about".to_owned()),
            app_id: Some("gdd".to_owned()),
            kind: Some("reply".to_owned()),
            reply_to: Some("x.reply".to_owned()),
            content_type: Some("application/json".to_owned()),
            content_encoding: Some("deflate".to_owned()),
            timestamp: None,
            headers,
        };
        assert_eq!(read(&write(&properties)), properties);
    }

    #[test]
    fn what_amqp_cannot_hold_is_left_out() {
        let properties = Properties { reply_to: Some("x".repeat(256)), ..Properties::default() };
        assert_eq!(read(&write(&properties)).reply_to, None);
    }

    #[test]
    fn every_width_of_number_is_read() {
        for field in [
            AMQPValue::ShortShortInt(3),
            AMQPValue::ShortUInt(3),
            AMQPValue::LongUInt(3),
            AMQPValue::LongLongInt(3),
        ] {
            assert_eq!(value(&field), json!(3));
        }
    }
}
