//! The parameter `fields`: which parts of an answer are wanted, `users(id,name/givenName),nextPageToken`.

use serde_json::{Map, Value};

/// A tree of names; empty = everything below.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Fields(Vec<(String, Fields)>);

impl Fields {
    /// Reads one; `None` = it is none.
    pub(crate) fn read(text: &str) -> Option<Fields> {
        let (fields, rest) = list(text)?;
        rest.is_empty().then_some(fields)
    }

    /// What is left of a document.
    pub(crate) fn of(&self, value: &Value) -> Value {
        if self.0.is_empty() {
            return value.clone();
        }
        match value {
            Value::Array(entries) => entries.iter().map(|entry| self.of(entry)).collect(),
            Value::Object(object) => Value::Object(self.of_object(object)),
            other => other.clone(),
        }
    }

    fn of_object(&self, object: &Map<String, Value>) -> Map<String, Value> {
        let wanted = |name: &String| self.0.iter().find(|(wanted, _)| wanted == name || wanted == "*");
        let kept = object.iter().filter_map(|(name, value)| Some((name.clone(), wanted(name)?.1.of(value))));
        kept.collect()
    }
}

fn list(mut text: &str) -> Option<(Fields, &str)> {
    let mut fields = Vec::new();
    loop {
        let (field, rest) = one(text)?;
        fields.push(field);
        match rest.strip_prefix(',') {
            Some(rest) => text = rest,
            None => return Some((Fields(fields), rest)),
        }
    }
}

fn one(text: &str) -> Option<((String, Fields), &str)> {
    let end = text.find([',', '/', '(', ')']).unwrap_or(text.len());
    let (name, rest) = text.split_at(end);
    if name.is_empty() {
        return None;
    }
    if let Some(rest) = rest.strip_prefix('/') {
        let (below, rest) = one(rest)?;
        return Some(((name.to_owned(), Fields(vec![below])), rest));
    }
    if let Some(rest) = rest.strip_prefix('(') {
        let (below, rest) = list(rest)?;
        return Some(((name.to_owned(), below), rest.strip_prefix(')')?));
    }
    Some(((name.to_owned(), Fields::default()), rest))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_wanted_is_left() {
        let page =
            json!({ "kind": "k", "users": [{ "id": "1", "name": { "givenName": "A", "familyName": "B" } }] });
        let left = |fields: &str| Fields::read(fields).map(|fields| fields.of(&page));
        assert_eq!(
            left("users(id,name/givenName)"),
            Some(json!({ "users": [{ "id": "1", "name": { "givenName": "A" } }] }))
        );
        assert_eq!(left("users/id,kind"), Some(json!({ "kind": "k", "users": [{ "id": "1" }] })));
        assert_eq!(left("*"), Some(page.clone()));
        for wrong in ["", "users(", "users(id", "a,,b", "a)"] {
            assert_eq!(left(wrong), None, "{wrong}");
        }
    }
}
