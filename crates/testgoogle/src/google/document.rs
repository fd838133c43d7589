//! The description of the Directory API that Google publishes: methods, their parameters, and schemas.

use std::sync::OnceLock;

use serde_json::{Map, Value};

/// A method of the description.
#[derive(Debug)]
pub(crate) struct Method {
    /// `directory.users.insert`.
    pub(crate) id: String,
    verb: String,
    path: Vec<Segment>,
    /// The parameters of its query.
    pub(crate) query: Map<String, Value>,
    /// The schema of its body.
    pub(crate) request: Option<String>,
    /// The schema of its answer.
    pub(crate) response: Option<String>,
    /// One of these is needed.
    pub(crate) scopes: Vec<String>,
}

#[derive(Debug, PartialEq)]
enum Segment {
    Fixed(String),
    One,
    Many,
}

/// The description.
#[derive(Debug)]
pub(crate) struct Document {
    methods: Vec<Method>,
    schemas: Map<String, Value>,
    /// Parameters of every method.
    pub(crate) global: Map<String, Value>,
}

/// The text of the description, from the package that testkit installs.
pub fn document() -> String {
    let file = testkit::directory::description().unwrap();
    std::fs::read_to_string(file).unwrap()
}

/// The description, read once.
pub(crate) fn get() -> &'static Document {
    static READ: OnceLock<Document> = OnceLock::new();
    READ.get_or_init(|| Document::read(&serde_json::from_str(&document()).unwrap()))
}

impl Document {
    fn read(json: &Value) -> Document {
        let mut methods = Vec::new();
        walk(json, &mut methods);
        // What is fixed comes before what is a parameter.
        methods.sort_by_key(|method| method.path.iter().filter(|segment| **segment != Segment::One).count());
        methods.reverse();
        Document { methods, schemas: object(json, "schemas"), global: object(json, "parameters") }
    }

    /// The method that is meant, with the values of its path's parameters.
    pub(crate) fn find(&self, verb: &str, path: &[String]) -> Option<(&Method, Vec<String>)> {
        let mut of_verb = self.methods.iter().filter(|method| method.verb == verb);
        of_verb.find_map(|method| Some((method, fits(&method.path, path)?)))
    }

    /// A schema.
    pub(crate) fn schema(&self, name: &str) -> &Value {
        self.schemas.get(name).unwrap_or_else(|| panic!("the description has no schema {name}"))
    }
}

fn walk(json: &Value, methods: &mut Vec<Method>) {
    methods.extend(object(json, "methods").values().map(method));
    for resource in object(json, "resources").values() {
        walk(resource, methods);
    }
}

fn method(json: &Value) -> Method {
    let text = |name: &str| json[name].as_str().unwrap_or_default().to_owned();
    let schema = |name: &str| json[name]["$ref"].as_str().map(str::to_owned);
    let of_query = |(_, parameter): &(String, Value)| parameter["location"] == "query";
    let scopes = json["scopes"].as_array().into_iter().flatten();
    Method {
        id: text("id"),
        verb: text("httpMethod"),
        path: template(json).split('/').map(segment).collect(),
        query: object(json, "parameters").into_iter().filter(of_query).collect(),
        request: schema("request"),
        response: schema("response"),
        scopes: scopes.filter_map(Value::as_str).map(str::to_owned).collect(),
    }
}

/// The template of its path. Where a parameter of many segments has a pattern, the flat one says the same more exactly.
fn template(json: &Value) -> &str {
    let mut parameters = json["parameters"].as_object().into_iter().flatten();
    let exact = parameters.any(|(_, parameter)| {
        parameter["location"] == "path"
            && parameter["pattern"].as_str().is_some_and(|pattern| pattern.contains('/'))
    });
    json[if exact { "flatPath" } else { "path" }].as_str().unwrap_or_default()
}

fn segment(text: &str) -> Segment {
    match text {
        _ if text.starts_with("{+") => Segment::Many,
        _ if text.starts_with('{') => Segment::One,
        _ => Segment::Fixed(text.to_owned()),
    }
}

/// The values of the parameters, where the path fits the template. One of many segments takes as few as it can.
fn fits(template: &[Segment], path: &[String]) -> Option<Vec<String>> {
    let Some((first, rest)) = template.split_first() else { return path.is_empty().then(Vec::new) };
    let (begin, end) = path.split_first()?;
    match first {
        Segment::Fixed(text) => (text == begin).then(|| fits(rest, end)).flatten(),
        Segment::One if begin.is_empty() => None,
        Segment::One => fits(rest, end).map(|values| with(begin.clone(), values)),
        Segment::Many => (1..=path.len()).find_map(|count| {
            let (taken, left) = path.split_at(count);
            fits(rest, left).map(|values| with(taken.join("/"), values))
        }),
    }
}

fn with(value: String, mut values: Vec<String>) -> Vec<String> {
    values.insert(0, value);
    values
}

fn object(json: &Value, name: &str) -> Map<String, Value> {
    json.get(name).and_then(Value::as_object).cloned().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(verb: &str, path: &str) -> Option<(&'static str, Vec<String>)> {
        let path: Vec<String> = path.split('/').map(str::to_owned).collect();
        get().find(verb, &path).map(|(method, values)| (method.id.as_str(), values))
    }

    #[test]
    fn every_method_of_the_description_is_read() {
        assert_eq!(get().methods.len(), 128);
        assert!(get().methods.iter().all(|method| !method.scopes.is_empty() && method.path.len() > 1));
    }

    #[test]
    fn a_path_leads_to_its_method() {
        let users = "admin/directory/v1/users";
        assert_eq!(found("POST", users).unwrap().0, "directory.users.insert");
        assert_eq!(found("GET", "admin/directory/v1/users/a@b.c").unwrap().1, ["a@b.c"]);
        let alias = found("DELETE", "admin/directory/v1/users/1/aliases/z+1@b.c").unwrap();
        assert_eq!(
            (alias.0, alias.1),
            ("directory.users.aliases.delete", vec!["1".into(), "z+1@b.c".into()])
        );
        let unit = found("GET", "admin/directory/v1/customer/c/orgunits/a/b").unwrap();
        assert_eq!((unit.0, unit.1), ("directory.orgunits.get", vec!["c".into(), "a/b".into()]));
    }

    #[test]
    fn other_paths_lead_nowhere() {
        assert!(found("PUT", "admin/directory/v1/users").is_none());
        assert!(found("GET", "admin/directory/v1/users/").is_none());
        assert!(found("GET", "admin/directory/v1/users/1/names").is_none());
        assert!(found("POST", "batch/admin/directory_v1").is_none());
    }
}
