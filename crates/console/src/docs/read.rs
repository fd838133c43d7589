//! The description of the API, as its page shows it. Pure.

use std::fmt::Write as _;
use std::sync::Arc;

use serde_json::Value;

/// All routes, ready to be shown. Cheap to clone.
#[derive(Clone, Default)]
pub struct Described(pub(super) Arc<[Section]>);

/// What belongs together.
pub(super) struct Section {
    pub(super) name: String,
    pub(super) about: String,
    pub(super) operations: Vec<Operation>,
}

/// A route with one method.
pub(super) struct Operation {
    pub(super) id: String,
    pub(super) method: String,
    pub(super) path: String,
    /// What it does, in pieces: whether a piece is code.
    pub(super) about: Vec<(bool, String)>,
    /// Rights of which one is needed.
    pub(super) needs: Vec<String>,
    pub(super) parameters: Vec<Field>,
    pub(super) body: Option<Body>,
    pub(super) answers: Vec<Answer>,
    pub(super) curl: String,
}

/// A parameter, or a member of a body.
pub(super) struct Field {
    pub(super) name: String,
    /// Where it stands: `path`, `query`, `header`.
    pub(super) place: String,
    pub(super) kind: String,
    pub(super) required: bool,
    pub(super) about: Vec<(bool, String)>,
}

/// What is sent.
pub(super) struct Body {
    pub(super) kind: String,
    pub(super) example: String,
    pub(super) fields: Vec<Field>,
}

/// What comes back.
pub(super) struct Answer {
    pub(super) status: String,
    pub(super) about: String,
    pub(super) example: Option<String>,
}

impl Described {
    /// What an OpenAPI document describes, in the order of its tags.
    pub fn of(document: &Value) -> Self {
        let none = Value::Null;
        let named = document.pointer("/components/schemas").unwrap_or(&none);
        let mut sections: Vec<Section> =
            list(document, "tags").map(|tag| section(text(tag, "name"), text(tag, "description"))).collect();
        for (path, item) in members(document, "paths") {
            for (method, operation) in item.as_object().into_iter().flatten() {
                let tag = list(operation, "tags").next().and_then(Value::as_str).unwrap_or("hub").to_owned();
                let read = Operation::read(path, method, operation, named);
                match sections.iter_mut().find(|section| section.name == tag) {
                    Some(section) => section.operations.push(read),
                    None => sections.push(Section { operations: vec![read], ..section(tag, String::new()) }),
                }
            }
        }
        sections.retain(|section| !section.operations.is_empty());
        Described(sections.into())
    }
}

fn section(name: String, about: String) -> Section {
    Section { name, about, operations: Vec::new() }
}

impl Operation {
    fn read(path: &str, method: &str, operation: &Value, named: &Value) -> Self {
        let both = [text(operation, "summary"), text(operation, "description")].join("\n");
        let body = members(operation.get("requestBody").unwrap_or(&Value::Null), "content").next();
        let body = body.map(|(kind, content)| Body::read(kind, content, named));
        let needs = list(operation, "security").filter_map(|one| list(one, "token").next()?.as_str());
        let needs: Vec<String> = needs.map(str::to_owned).collect();
        let method = method.to_uppercase();
        Operation {
            id: text(operation, "operationId"),
            about: pieces(both.trim()),
            parameters: list(operation, "parameters").map(Field::parameter).collect(),
            answers: members(operation, "responses")
                .map(|(status, answer)| Answer::read(status, answer, named))
                .collect(),
            curl: curl(&method, path, !needs.is_empty(), body.as_ref()),
            path: path.to_owned(),
            method,
            needs,
            body,
        }
    }

    /// The names of what stands in its path.
    pub(super) fn places(&self) -> impl Iterator<Item = &str> {
        self.parameters.iter().filter(|field| field.place == "path").map(|field| field.name.as_str())
    }
}

impl Field {
    fn parameter(parameter: &Value) -> Self {
        let schema = parameter.get("schema").unwrap_or(&Value::Null);
        Field {
            name: text(parameter, "name"),
            place: text(parameter, "in"),
            kind: kind(schema),
            required: parameter.get("required").and_then(Value::as_bool).unwrap_or_default(),
            about: pieces(&text(parameter, "description")),
        }
    }
}

impl Body {
    fn read(kind_of: &str, content: &Value, named: &Value) -> Self {
        let none = Value::Null;
        let schema = content.get("schema").unwrap_or(&none);
        let example = content.get("example").cloned().unwrap_or_else(|| api::example(schema, named));
        let resolved = resolve(schema, named);
        let required: Vec<&str> = list(resolved, "required").filter_map(Value::as_str).collect();
        let field = |(name, member): (&str, &Value)| Field {
            name: name.to_owned(),
            place: String::new(),
            kind: kind(member),
            required: required.contains(&name),
            about: pieces(&text(member, "description")),
        };
        Body {
            kind: kind_of.to_owned(),
            example: shown(&example),
            fields: members(resolved, "properties").map(field).collect(),
        }
    }
}

impl Answer {
    fn read(status: &str, answer: &Value, named: &Value) -> Self {
        let content = members(answer, "content").find(|(kind, _)| kind.ends_with("json"));
        let example =
            content.and_then(|(_, content)| Some(shown(&api::example(content.get("schema")?, named))));
        Answer { status: status.to_owned(), about: text(answer, "description"), example }
    }
}

/// What one types to try it.
fn curl(method: &str, path: &str, token: bool, body: Option<&Body>) -> String {
    let mut command = format!("curl -X {method} \"$HUB{path}\"");
    if token {
        command.push_str(" \\\n  -H \"Authorization: Bearer $TOKEN\"");
    }
    if let Some(body) = body {
        let quoted = body.example.replace('\'', r"'\''");
        // Writing to a string cannot fail.
        let _ = write!(command, " \\\n  -H 'Content-Type: {}' \\\n  -d '{quoted}'", body.kind);
    }
    command
}

fn shown(example: &Value) -> String {
    match example {
        Value::String(text) => text.clone(),
        example => serde_json::to_string_pretty(example).unwrap_or_default(),
    }
}

fn kind(schema: &Value) -> String {
    let named = schema.get("$ref").and_then(Value::as_str).and_then(|name| name.rsplit('/').next());
    let own = match schema.get("type") {
        Some(Value::String(kind)) => Some(kind.as_str()),
        Some(Value::Array(kinds)) => kinds.iter().filter_map(Value::as_str).find(|kind| *kind != "null"),
        _ => None,
    };
    schema.get("format").and_then(Value::as_str).or(own).or(named).unwrap_or("any").to_owned()
}

fn resolve<'d>(schema: &'d Value, named: &'d Value) -> &'d Value {
    let name = schema.get("$ref").and_then(Value::as_str).and_then(|name| name.rsplit('/').next());
    name.and_then(|name| named.get(name)).unwrap_or(schema)
}

fn text(value: &Value, member: &str) -> String {
    value.get(member).and_then(Value::as_str).unwrap_or_default().to_owned()
}

fn list<'d>(value: &'d Value, member: &str) -> impl Iterator<Item = &'d Value> + use<'d> {
    value.get(member).and_then(Value::as_array).into_iter().flatten()
}

fn members<'d>(value: &'d Value, member: &str) -> impl Iterator<Item = (&'d str, &'d Value)> + use<'d> {
    value
        .get(member)
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
        .map(|(name, value)| (name.as_str(), value))
}

/// A text in pieces, each with whether it is code.
pub(crate) fn pieces(text: &str) -> Vec<(bool, String)> {
    let pieces = text.split('`').enumerate().filter(|(_, piece)| !piece.is_empty());
    pieces.map(|(place, piece)| (place % 2 == 1, piece.to_owned())).collect()
}
