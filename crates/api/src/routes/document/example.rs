//! Examples of what goes over the wire, made from its description: what a schema names as one, or the least that fits it.
//! Pure.

use serde_json::{Map, Value, json};

/// No description is nested deeper than its examples are worth.
const DEEPEST: usize = 8;

/// Values that people recognise, by the names of members.
const KNOWN: [(&str, &str); 22] = [
    ("action", "IDENTITY_UPDATE"),
    ("actor", "account:alice"),
    ("backend", "10directory"),
    ("by", "account:alice"),
    ("code", "failed"),
    ("concernedTo", "alice"),
    ("email", "alice@example.org"),
    ("id", "alice"),
    ("key", "request.mailinglist.update"),
    ("kind", "identity"),
    ("mail", "alice@example.org"),
    ("message", "the entry is written"),
    ("name", "alice"),
    ("password", "a long password"),
    ("newPassword", "a long password"),
    ("reason", "asked for by the school"),
    ("rne", "0123456A"),
    ("source", "http"),
    ("state", "failed"),
    ("subject", "identity:alice"),
    ("text", "refused"),
    ("url", "https://hub.example.org"),
];

/// An example of a schema, with the named schemas of its document.
pub fn example(schema: &Value, named: &Value) -> Value {
    of(schema, named, "", 0)
}

fn of(schema: &Value, named: &Value, name: &str, depth: usize) -> Value {
    if depth > DEEPEST {
        return Value::Null;
    }
    if let Some(given) = given(schema) {
        return given;
    }
    if let Some(reference) = schema.get("$ref").and_then(Value::as_str) {
        let found = reference.rsplit('/').next().and_then(|name| named.get(name));
        return found.map_or(Value::Null, |schema| of(schema, named, name, depth + 1));
    }
    if let Some(parts) = schema.get("allOf").and_then(Value::as_array) {
        return merged(parts.iter().map(|part| of(part, named, name, depth + 1)));
    }
    if let Some(choices) = schema.get("oneOf").or(schema.get("anyOf")).and_then(Value::as_array) {
        let first = choices.iter().find(|choice| kind(choice) != Some("null"));
        let chosen = first.map_or(Value::Null, |choice| of(choice, named, name, depth + 1));
        let own = schema.get("properties").map(|_| object(schema, named, depth));
        return own.map_or(chosen.clone(), |own| merged([own, chosen].into_iter()));
    }
    match kind(schema) {
        Some("object") => object(schema, named, depth),
        Some("array") => {
            let items = schema.get("items").map(|items| of(items, named, singular(name), depth + 1));
            Value::Array(items.into_iter().collect())
        }
        Some("string") => text(schema, name),
        Some("integer" | "number") => schema.get("minimum").cloned().unwrap_or(json!(1)),
        Some("boolean") => json!(false),
        Some("null") => Value::Null,
        _ if schema.get("properties").is_some() => object(schema, named, depth),
        _ => json!({}),
    }
}

/// What the schema itself names.
fn given(schema: &Value) -> Option<Value> {
    let first = |list: &str| schema.get(list)?.as_array()?.first().cloned();
    let own = schema.get("example").or(schema.get("const")).cloned();
    own.or_else(|| first("examples")).or_else(|| first("enum")).filter(|value| !value.is_null())
}

/// Its type; of several the first that says anything.
fn kind(schema: &Value) -> Option<&str> {
    match schema.get("type")? {
        Value::String(kind) => Some(kind),
        Value::Array(kinds) => kinds.iter().filter_map(Value::as_str).find(|kind| *kind != "null"),
        _ => None,
    }
}

fn object(schema: &Value, named: &Value, depth: usize) -> Value {
    let members = schema.get("properties").and_then(Value::as_object).into_iter().flatten();
    let required: Vec<&str> = schema
        .get("required")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    let shown = members.filter(|(name, member)| {
        // What may be left out is shown where it says something; of what is nested deep only what must be there.
        required.contains(&name.as_str()) || (depth < 3 && !is_empty(member))
    });
    Value::Object(shown.map(|(name, member)| (name.clone(), of(member, named, name, depth + 1))).collect())
}

/// Whether the least that fits it says nothing.
fn is_empty(schema: &Value) -> bool {
    matches!(kind(schema), Some("array" | "object" | "null")) && given(schema).is_none()
}

fn text(schema: &Value, name: &str) -> Value {
    let of_format = match schema.get("format").and_then(Value::as_str) {
        Some("date-time") => Some("2026-11-30T18:00:00Z"),
        Some("date") => Some("2026-11-30"),
        Some("uuid") => Some("019ad3c2-8f6e-7c41-a1d4-6f1c2b3a4d5e"),
        Some("uri") => Some("https://hub.example.org"),
        Some("email") => Some("alice@example.org"),
        _ => None,
    };
    let known = KNOWN.iter().find(|(known, _)| *known == name).map(|(_, value)| *value);
    json!(of_format.or(known).unwrap_or("text"))
}

/// `jobs` holds what `job` names.
fn singular(name: &str) -> &str {
    name.strip_suffix('s').unwrap_or(name)
}

fn merged(parts: impl Iterator<Item = Value>) -> Value {
    let mut all = Map::new();
    for part in parts {
        match part {
            Value::Object(members) => all.extend(members),
            other => return other,
        }
    }
    Value::Object(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_least_that_fits_is_made_and_what_is_named_is_taken() {
        let named = json!({"Who": {"type": "object", "required": ["name", "born"], "properties": {
            "name": {"type": "string"}, "born": {"type": ["null", "string"], "format": "date-time"},
            "role": {"type": "string", "enum": ["viewer", "admin"]}, "friends": {"type": "array", "items": {"$ref": "#/c/Who"}},
        }}});
        let schema = json!({"allOf": [{"$ref": "#/components/schemas/Who"}, {"type": "object", "properties": {"n": {"type": "integer", "minimum": 3}}}]});
        let made = example(&schema, &named);
        assert_eq!(made, json!({"name": "alice", "born": "2026-11-30T18:00:00Z", "role": "viewer", "n": 3}));
        assert_eq!(example(&json!({"type": "string", "example": "x"}), &named), "x");
        assert_eq!(
            example(&json!({"oneOf": [{"type": "null"}, {"$ref": "#/x/Missing"}]}), &named),
            Value::Null
        );
    }

    #[test]
    fn what_names_itself_comes_to_an_end() {
        let named = json!({"Tree": {"type": "object", "required": ["left"], "properties": {"left": {"$ref": "#/x/Tree"}}}});
        assert!(example(&json!({"$ref": "#/x/Tree"}), &named).is_object());
    }
}
