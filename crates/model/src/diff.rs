//! What differs between two documents.

use serde_json::Value;

use crate::redact::push_segment;

/// One difference: where, what was there and what is there now; `None` = nothing.
pub type Difference = (String, Option<Value>, Option<Value>);

/// The places at which two documents differ, as JSON pointers (RFC 6901), in the order of the first one. Objects and
/// arrays are compared member by member.
pub fn differences(before: &Value, after: &Value) -> Vec<Difference> {
    let mut found = Vec::new();
    compare(Some(before), Some(after), &mut String::new(), &mut found);
    found
}

fn compare(before: Option<&Value>, after: Option<&Value>, path: &mut String, found: &mut Vec<Difference>) {
    if before == after {
        return;
    }
    let mut step = |key: &str, before: Option<&Value>, after: Option<&Value>| {
        let length = path.len();
        push_segment(path, key);
        compare(before, after, path, found);
        path.truncate(length);
    };
    match (before, after) {
        (Some(Value::Object(old)), Some(Value::Object(new))) => {
            old.iter().for_each(|(key, value)| step(key, Some(value), new.get(key)));
            new.iter().filter(|(key, _)| !old.contains_key(*key)).for_each(|(key, value)| {
                step(key, None, Some(value));
            });
        }
        (Some(Value::Array(old)), Some(Value::Array(new))) => {
            for place in 0..old.len().max(new.len()) {
                step(&place.to_string(), old.get(place), new.get(place));
            }
        }
        _ => found.push((path.clone(), before.cloned(), after.cloned())),
    }
}
