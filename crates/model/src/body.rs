//! What backends read.

use serde_json::Value;

/// Replaces every `null`, at any depth, by `""`, as Sesame's backends expect it.
pub fn null_to_empty(body: &mut Value) {
    match body {
        Value::Null => *body = Value::from(""),
        Value::Array(items) => items.iter_mut().for_each(null_to_empty),
        Value::Object(members) => members.values_mut().for_each(null_to_empty),
        Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}
