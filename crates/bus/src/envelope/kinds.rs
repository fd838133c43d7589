//! Which field of an envelope of version 1 holds what it may not, by its name and never by what is in it. Pure.

use serde_json::{Map, Value};

/// What a field has to be.
#[derive(Clone, Copy)]
enum Kind {
    Text,
    Object,
    Whole,
    List,
}

const ENVELOPE: [(&str, Kind); 7] = [
    ("event_uuid", Kind::Text),
    ("event_name", Kind::Text),
    ("event_sender_id", Kind::Text),
    ("event_creation_time", Kind::Text),
    ("data", Kind::Object),
    ("errors_count", Kind::Whole),
    ("errors", Kind::List),
];

const ENTRY: [(&str, Kind); 7] = [
    ("error_type", Kind::Text),
    ("error_uuid", Kind::Text),
    ("error_sender", Kind::Text),
    ("error_code", Kind::Text),
    ("error_message", Kind::Text),
    ("timestamp", Kind::Text),
    ("error_debug", Kind::Object),
];

/// The first field that is of another kind than it has to be, in a sentence.
pub(super) fn wrong(envelope: &Value) -> Option<String> {
    let Value::Object(members) = envelope else {
        return Some(format!("it is {}, and has to be an object", name(envelope)));
    };
    let mut errors = members.get("errors").and_then(Value::as_array).into_iter().flatten().enumerate();
    of(members, &ENVELOPE, "").or_else(|| errors.find_map(|(place, entry)| of_entry(place, entry)))
}

fn of_entry(place: usize, entry: &Value) -> Option<String> {
    match entry {
        Value::Object(members) => of(members, &ENTRY, &format!("errors[{place}].")),
        other => Some(format!("errors[{place}] is {}, and has to be an object", name(other))),
    }
}

fn of(members: &Map<String, Value>, fields: &[(&str, Kind)], place: &str) -> Option<String> {
    fields.iter().find_map(|(field, kind)| {
        let wrong = kind.is_wrong(members.get(*field)?)?;
        Some(format!("{place}{field} is {wrong}"))
    })
}

impl Kind {
    fn is_wrong(self, value: &Value) -> Option<String> {
        let (fits, wanted) = match self {
            Kind::Text => (value.is_string(), "a text"),
            Kind::Object => (value.is_object(), "an object"),
            Kind::List => (value.is_array(), "a list"),
            Kind::Whole if value.is_number() && value.as_i64().is_none() => {
                return Some("no whole number of at most 63 bits".to_owned());
            }
            Kind::Whole => (value.is_number(), "a whole number"),
        };
        (!fits).then(|| format!("{}, and has to be {wanted}", name(value)))
    }
}

fn name(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}
