//! Holds requests and answers against the description.

use jiff::Timestamp;
use serde_json::Value;

use super::document::{Document, Method};
use crate::serve::Asked;

/// Fields of a user that the description gives no type, with the schema of what is meant: each entry of a list, or the
/// value itself.
const UNTYPED: &[(&str, &str, Many)] = &[
    ("addresses", "UserAddress", Many::List),
    ("emails", "UserEmail", Many::List),
    ("externalIds", "UserExternalId", Many::List),
    ("gender", "UserGender", Many::One),
    ("ims", "UserIm", Many::List),
    ("keywords", "UserKeyword", Many::List),
    ("languages", "UserLanguage", Many::List),
    ("locations", "UserLocation", Many::List),
    ("notes", "UserAbout", Many::One),
    ("organizations", "UserOrganization", Many::List),
    ("phones", "UserPhone", Many::List),
    ("posixAccounts", "UserPosixAccount", Many::List),
    ("relations", "UserRelation", Many::List),
    ("sshPublicKeys", "UserSshPublicKey", Many::List),
    ("websites", "UserWebsite", Many::List),
];

#[derive(Clone, Copy, PartialEq, Eq)]
enum Many {
    List,
    One,
}

/// Whose document it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Side {
    /// A client's: what is read-only must not be there, and null clears.
    Request,
    Answer,
}

/// What is wrong with a request.
pub(crate) fn request(document: &Document, method: &Method, asked: &Asked) -> Vec<String> {
    let mut wrong = query(document, method, &asked.query);
    match &method.request {
        None if !asked.bytes.is_empty() => {
            wrong.push("it has a body, which this method does not take".to_owned());
        }
        None => {}
        Some(schema) => wrong.extend(body(document, method, schema, asked)),
    }
    wrong
}

/// What is wrong with an answer.
pub(crate) fn answer(document: &Document, method: &Method, body: &Value) -> Vec<String> {
    let mut wrong = Vec::new();
    if let Some(schema) = &method.response {
        let checked = Checked { document, side: Side::Answer, method: &method.id };
        checked.reference(schema, body, "answer", &mut wrong);
    }
    wrong
}

fn query(document: &Document, method: &Method, query: &[(String, String)]) -> Vec<String> {
    let known = |name: &str| method.query.get(name).or_else(|| document.global.get(name));
    let mut wrong = Vec::new();
    for (place, (name, value)) in query.iter().enumerate() {
        let Some(parameter) = known(name) else {
            wrong.push(format!("there is no parameter {name:?}"));
            continue;
        };
        if parameter["repeated"] != true && query[..place].iter().any(|(before, _)| before == name) {
            wrong.push(format!("the parameter {name:?} is given twice"));
        }
        wrong
            .extend(of_parameter(parameter, value).map(|why| format!("the parameter {name}={value}: {why}")));
    }
    let required = method.query.iter().filter(|(_, parameter)| parameter["required"] == true);
    let missing = required.filter(|(name, _)| !query.iter().any(|(given, _)| given == *name));
    wrong.extend(missing.map(|(name, _)| format!("the parameter {name:?} is missing")));
    wrong
}

fn of_parameter(parameter: &Value, value: &str) -> Option<String> {
    let choices = parameter["enum"].as_array();
    if choices.is_some_and(|choices| !choices.iter().any(|choice| choice == value)) {
        return Some("it is none of the values there are".to_owned());
    }
    match parameter["type"].as_str() {
        Some("boolean") if !["true", "false"].contains(&value) => {
            Some("it is neither true nor false".to_owned())
        }
        Some("integer") => {
            let Ok(number) = value.parse::<i64>() else { return Some("it is no whole number".to_owned()) };
            let bound = |name: &str| parameter[name].as_str().and_then(|bound| bound.parse::<i64>().ok());
            let out = bound("minimum").is_some_and(|least| number < least)
                || bound("maximum").is_some_and(|most| number > most);
            out.then(|| "it is out of range".to_owned())
        }
        _ => None,
    }
}

fn body(document: &Document, method: &Method, schema: &str, asked: &Asked) -> Vec<String> {
    let kind = asked.header("content-type").unwrap_or_default();
    if kind.split(';').next().unwrap_or_default().trim() != "application/json" {
        return vec![format!("its body is {kind:?}, not application/json")];
    }
    let mut wrong = Vec::new();
    let checked = Checked { document, side: Side::Request, method: &method.id };
    checked.reference(schema, &asked.body, "body", &mut wrong);
    checked.required(document.schema(schema), &asked.body, "body", &mut wrong);
    wrong
}

struct Checked<'d> {
    document: &'d Document,
    side: Side,
    method: &'d str,
}

impl Checked<'_> {
    fn reference(&self, name: &str, value: &Value, at: &str, wrong: &mut Vec<String>) {
        let schema = self.document.schema(name);
        self.value(schema, value, at, wrong);
        let untyped = UNTYPED.iter().filter(|_| name == "User");
        for (field, schema, many) in untyped {
            let at = format!("{at}.{field}");
            match value.get(field) {
                None | Some(Value::Null) => {}
                Some(Value::Array(entries)) if *many == Many::List => {
                    for (number, entry) in entries.iter().enumerate() {
                        self.reference(schema, entry, &format!("{at}[{number}]"), wrong);
                    }
                }
                Some(other) if *many == Many::List => wrong.push(format!("{at} is no list: {other}")),
                Some(one) => self.reference(schema, one, &at, wrong),
            }
        }
    }

    fn value(&self, schema: &Value, value: &Value, at: &str, wrong: &mut Vec<String>) {
        if let Some(name) = schema["$ref"].as_str() {
            return self.reference(name, value, at, wrong);
        }
        let fits = match schema["type"].as_str() {
            Some("string") => value.as_str().is_some_and(|text| is_format(schema["format"].as_str(), text)),
            Some("boolean") => value.is_boolean(),
            Some("integer") => value.is_i64() || value.is_u64(),
            Some("number") => value.is_number(),
            Some("array") => value.is_array(),
            Some("object") => value.is_object(),
            _ => true,
        };
        if !fits {
            return wrong
                .push(format!("{at} is {value}, not {}", schema["type"].as_str().unwrap_or_default()));
        }
        if let Some(entries) = value.as_array() {
            for (number, entry) in entries.iter().enumerate() {
                self.value(&schema["items"], entry, &format!("{at}[{number}]"), wrong);
            }
        }
        if schema["type"] == "object" {
            self.object(schema, value, at, wrong);
        }
    }

    fn object(&self, schema: &Value, value: &Value, at: &str, wrong: &mut Vec<String>) {
        for (name, value) in value.as_object().into_iter().flatten() {
            let at = format!("{at}.{name}");
            let property = schema["properties"].get(name).or_else(|| schema.get("additionalProperties"));
            let Some(property) = property else {
                wrong.push(format!("{at} does not exist"));
                continue;
            };
            if self.side == Side::Request && is_read_only(property) {
                wrong.push(format!("{at} can only be read"));
            }
            if self.side == Side::Request && value.is_null() {
                continue;
            }
            self.value(property, value, &at, wrong);
        }
    }

    /// What the description requires of this method, to any depth.
    fn required(&self, schema: &Value, value: &Value, at: &str, wrong: &mut Vec<String>) {
        if let Some(name) = schema["$ref"].as_str() {
            return self.required(self.document.schema(name), value, at, wrong);
        }
        for (name, property) in schema["properties"].as_object().into_iter().flatten() {
            let of = property["annotations"]["required"].as_array().into_iter().flatten();
            let required = of.filter_map(Value::as_str).any(|method| method == self.method);
            let at = format!("{at}.{name}");
            match value.get(name) {
                None | Some(Value::Null) if required => wrong.push(format!("{at} is missing")),
                Some(value) if required => self.required(property, value, &at, wrong),
                _ => {}
            }
        }
    }
}

fn is_read_only(property: &Value) -> bool {
    let described = property["description"].as_str().unwrap_or_default();
    property["readOnly"] == true || described.starts_with("Output only")
}

fn is_format(format: Option<&str>, text: &str) -> bool {
    match format {
        Some("int64") => text.parse::<i64>().is_ok(),
        Some("uint64") => text.parse::<u64>().is_ok(),
        Some("date-time" | "google-datetime") => text.parse::<Timestamp>().is_ok(),
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::document;
    use super::*;

    fn asked(verb: &str, path: &str, query: &str, body: &Value) -> Vec<String> {
        let path: Vec<String> = format!("admin/directory/v1/{path}").split('/').map(str::to_owned).collect();
        let mut headers = hyper::HeaderMap::new();
        headers.insert("content-type", "application/json".parse().unwrap());
        let query = form_urlencoded::parse(query.as_bytes()).into_owned().collect();
        let bytes = if body.is_null() { Vec::new() } else { body.to_string().into_bytes() };
        let (method, _) = document::get().find(verb, &path).unwrap();
        let asked = Asked { verb: verb.to_owned(), path, query, headers, bytes, body: body.clone() };
        request(document::get(), method, &asked)
    }

    fn user() -> Value {
        json!({
            "primaryEmail": "a@b.c", "password": "p", "name": { "givenName": "A", "familyName": "B" },
            "externalIds": [{ "type": "organization", "value": "u" }],
        })
    }

    fn changed(change: &Value) -> Value {
        let mut user = user();
        user.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        user
    }

    #[test]
    fn what_is_described_passes() {
        assert!(asked("POST", "users", "", &user()).is_empty());
        assert!(asked("PUT", "users/1", "fields=id&alt=json", &json!({ "phones": null })).is_empty());
        assert!(asked("GET", "users", "customer=my_customer&maxResults=500", &Value::Null).is_empty());
    }

    #[test]
    fn what_is_not_described_is_told() {
        let cases = [
            (
                changed(&json!({ "externalIds": [{ "value": 84189 }] })),
                "body.externalIds[0].value is 84189, not string",
            ),
            (
                changed(&json!({ "externalIds": { "value": "1" } })),
                "body.externalIds is no list: {\"value\":\"1\"}",
            ),
            (changed(&json!({ "aliases": ["b@b.c"] })), "body.aliases can only be read"),
            (changed(&json!({ "etag": "x" })), "body.etag can only be read"),
            (changed(&json!({ "nickname": "x" })), "body.nickname does not exist"),
            (changed(&json!({ "suspended": "true" })), "body.suspended is \"true\", not boolean"),
            (changed(&json!({ "name": { "givenName": "A" } })), "body.name.familyName is missing"),
            (changed(&json!({ "password": null })), "body.password is missing"),
        ];
        for (body, wrong) in cases {
            assert_eq!(asked("POST", "users", "", &body), [wrong]);
        }
        let names = asked("PUT", "users/1", "", &json!({ "name": { "first": "A" } }));
        assert_eq!(names, ["body.name.first does not exist"]);
    }

    #[test]
    fn parameters_are_checked_too() {
        let wrong = |query: &str| asked("GET", "users", query, &Value::Null).len();
        assert_eq!(wrong("maxResults=501"), 1);
        assert_eq!(wrong("maxResults=many"), 1);
        assert_eq!(wrong("orderBy=age"), 1);
        assert_eq!(wrong("page=2"), 1);
        assert_eq!(wrong("domain=a&domain=b"), 1);
        assert_eq!(asked("GET", "users/1", "", &user()), ["it has a body, which this method does not take"]);
    }
}
