//! A form from a JSON Schema: one field for each value, named by its JSON pointer. Pure.

use http::page::Form;
use model::json;
use serde_json::{Map, Value};

/// How a value is filled in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    Secret,
    Number,
    Flag,
    /// One of these.
    Choice(Vec<String>),
    /// Anything else, as JSON.
    Json,
}

/// A value to be filled in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Field {
    /// Where it belongs (RFC 6901).
    pub(super) pointer: String,
    pub(super) label: String,
    pub(super) help: String,
    pub(super) kind: Kind,
    pub(super) required: bool,
    /// What was filled in.
    pub(super) value: String,
    /// Why it does not fit.
    pub(super) wrong: Option<String>,
}

/// The fields of a schema.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Fields(Vec<Field>);

/// Objects deeper than this are filled in as JSON.
const DEEPEST: usize = 4;

impl Fields {
    /// The form of a schema whose body is an object with known members; `None` = it says too little for a form.
    pub(super) fn of_schema(schema: &Value) -> Option<Self> {
        let mut fields = Vec::new();
        members(schema, "", 0, true, &mut fields);
        if fields.is_empty() {
            return None;
        }
        if !fields.iter().any(|field| field.pointer == "/concernedTo") {
            let required = requires(schema, "concernedTo");
            fields.insert(0, field("/concernedTo", "concernedTo", &Value::Null, required));
        }
        Some(Fields(fields))
    }

    /// The document that was filled in. Fields left empty are left out.
    pub(super) fn document(&self, form: &Form) -> Result<Value, String> {
        let mut document = Value::Object(Map::new());
        for field in &self.0 {
            let Some(typed) = form.get(&field.pointer) else { continue };
            let value = field.read(typed).map_err(|why| format!("{}: {why}", field.pointer))?;
            put(&mut document, &field.pointer, value);
        }
        Ok(document)
    }

    /// The fields with what was filled in and what is wrong with it, and what is wrong elsewhere.
    pub(super) fn shown(self, form: &Form, violations: &[String]) -> (Vec<Field>, Vec<String>) {
        let mut fields = self.0;
        for field in &mut fields {
            if field.kind != Kind::Secret {
                field.value = form.raw(&field.pointer).unwrap_or_default().to_owned();
            }
        }
        let mut rest = Vec::new();
        for violation in violations {
            let (place, why) = violation.split_once(": ").unwrap_or(("/", violation));
            let at = fields.iter_mut().find(|field| field.pointer == place || is_missing(field, place, why));
            match at {
                Some(field) => field.wrong = Some(why.to_owned()),
                None => rest.push(violation.clone()),
            }
        }
        (fields, rest)
    }
}

/// Whether a rule of the object at `place` says that this member of it is missing.
fn is_missing(field: &Field, place: &str, why: &str) -> bool {
    let parent = field.pointer.rsplit_once('/').map_or("", |(parent, _)| parent);
    parent == place.trim_end_matches('/')
        && why.contains("required")
        && why.contains(&format!("{:?}", field.label))
}

impl Field {
    fn read(&self, typed: &str) -> Result<Value, String> {
        match self.kind {
            Kind::Text | Kind::Secret | Kind::Choice(_) => Ok(Value::from(typed)),
            Kind::Flag => Ok(Value::from(typed == "true")),
            Kind::Number | Kind::Json => json::read(typed.as_bytes()).map_err(|why| why.to_string()),
        }
    }
}

fn members(schema: &Value, path: &str, depth: usize, reached: bool, fields: &mut Vec<Field>) {
    let known = schema.get("properties").and_then(Value::as_object).into_iter().flatten();
    for (name, member) in known {
        let pointer = format!("{path}/{}", name.replace('~', "~0").replace('/', "~1"));
        let required = reached && requires(schema, name);
        if depth < DEEPEST && member.get("properties").is_some_and(Value::is_object) {
            members(member, &pointer, depth + 1, required, fields);
        } else {
            fields.push(field(&pointer, name, member, required));
        }
    }
}

fn requires(schema: &Value, name: &str) -> bool {
    schema.get("required").and_then(Value::as_array).is_some_and(|names| names.iter().any(|n| n == name))
}

fn field(pointer: &str, name: &str, schema: &Value, required: bool) -> Field {
    let text = |key: &str| schema.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    let words = |choices: &Vec<Value>| {
        choices.iter().map(|c| c.as_str().map(str::to_owned)).collect::<Option<Vec<_>>>()
    };
    let choices = schema.get("enum").and_then(Value::as_array).and_then(words);
    let kind = match (choices, text("type").as_str()) {
        (Some(choices), _) => Kind::Choice(choices),
        (None, _) if schema.is_null() => Kind::Text,
        (None, "string") if model::redact::names_secret(name) => Kind::Secret,
        (None, "string") => Kind::Text,
        (None, "number" | "integer") => Kind::Number,
        (None, "boolean") => Kind::Flag,
        (None, _) => Kind::Json,
    };
    Field {
        pointer: pointer.to_owned(),
        label: name.to_owned(),
        help: text("description"),
        kind,
        required,
        value: String::new(),
        wrong: None,
    }
}

/// Puts a value where a pointer leads, with the objects on the way.
fn put(document: &mut Value, pointer: &str, value: Value) {
    let mut place = document;
    for name in pointer.split('/').skip(1) {
        if !place.is_object() {
            *place = Value::Object(Map::new());
        }
        let Value::Object(members) = place else { return };
        place = members.entry(name.replace("~1", "/").replace("~0", "~")).or_insert(Value::Null);
    }
    *place = value;
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn schema() -> Value {
        json!({
            "type": "object", "required": ["payload"],
            "properties": {"payload": {"type": "object", "required": ["uid"], "properties": {
                "uid": {"type": "string", "description": "Who"},
                "age": {"type": "integer"},
                "active": {"type": "boolean"},
                "kind": {"enum": ["student", "teacher"]},
                "newPassword": {"type": "string"},
                "groups": {"type": "array"},
            }}},
        })
    }

    #[test]
    fn each_value_has_a_field_of_its_kind() {
        let Fields(fields) = Fields::of_schema(&schema()).unwrap();
        let kinds: Vec<_> = fields.iter().map(|f| (f.pointer.as_str(), f.kind.clone(), f.required)).collect();
        assert_eq!(kinds[0], ("/concernedTo", Kind::Text, false));
        assert_eq!(kinds[1], ("/payload/uid", Kind::Text, true));
        assert_eq!(kinds[2].1, Kind::Number);
        assert_eq!(kinds[3].1, Kind::Flag);
        assert_eq!(kinds[4].1, Kind::Choice(vec!["student".to_owned(), "teacher".to_owned()]));
        assert_eq!(kinds[5].1, Kind::Secret);
        assert_eq!(kinds[6].1, Kind::Json);
    }

    #[test]
    fn what_is_filled_in_becomes_a_document() {
        let form = Form::of_query(
            "/concernedTo=a&/payload/uid=a&/payload/age=7&/payload/active=true&/payload/groups=[1]&/payload/kind=",
        );
        let document = Fields::of_schema(&schema()).unwrap().document(&form).unwrap();
        assert_eq!(
            document,
            json!({"concernedTo": "a", "payload": {"uid": "a", "age": 7, "active": true, "groups": [1]}})
        );
        let wrong = Form::of_query("/payload/age=seven");
        assert!(
            Fields::of_schema(&schema()).unwrap().document(&wrong).unwrap_err().starts_with("/payload/age: ")
        );
    }

    #[test]
    fn what_does_not_fit_is_said_at_its_field() {
        let violations = [
            "/payload: \"uid\" is a required property".to_owned(),
            "/payload/age: too small".to_owned(),
            "/: odd".to_owned(),
        ];
        let (fields, rest) = Fields::of_schema(&schema()).unwrap().shown(&Form::default(), &violations);
        assert!(fields[1].wrong.as_deref().unwrap().contains("required"));
        assert_eq!(fields[2].wrong.as_deref(), Some("too small"));
        assert_eq!(rest, ["/: odd"]);
    }

    #[test]
    fn a_schema_that_names_nothing_has_no_form() {
        assert_eq!(Fields::of_schema(&json!({"type": "object"})), None);
    }
}
