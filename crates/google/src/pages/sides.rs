//! Both accounts, side by side. Pure.

use serde_json::{Map, Value};

/// A field of both accounts.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Row {
    /// The message that names it.
    pub(super) name: &'static str,
    /// In the referential.
    pub(super) gram: String,
    /// At Google.
    pub(super) google: String,
}

/// The fields: name, member in the referential, member of what is told of an account at Google.
const FIELDS: [(&str, &str, &str); 8] = [
    ("google-id", "gapps_id", "google_id"),
    ("google-uuid", "uuid", "google_uuid"),
    ("google-number", "id_soce", ""),
    ("google-address", "email", "primary_email"),
    ("google-first", "firstname", "first_name"),
    ("google-last", "lastname", "last_name"),
    ("google-suspended", "", "suspended"),
    ("google-last-login", "", "gapps_last_login"),
];

/// What is known of both accounts.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Sides {
    /// In the referential.
    pub(super) gram: Map<String, Value>,
    /// At Google.
    pub(super) google: Map<String, Value>,
}

impl Sides {
    /// As a failure tells them.
    pub(super) fn of_failure(data: &Value) -> Self {
        let object = |name: &str| data.get(name).and_then(Value::as_object).cloned();
        let mut gram = object("target_data").or_else(|| object("gram_account")).unwrap_or_default();
        if let Some(uuid) = data.get("uuid") {
            gram.entry("uuid").or_insert_with(|| uuid.clone());
        }
        let google = object("google_account").or_else(|| data.as_object().cloned()).unwrap_or_default();
        Sides { gram, google }
    }

    /// A member in the referential.
    pub(super) fn in_gram(&self, member: &str) -> String {
        text(self.gram.get(member))
    }

    /// A member at Google.
    pub(super) fn at_google(&self, member: &str) -> String {
        text(self.google.get(member))
    }

    /// Field by field.
    pub(super) fn rows(&self) -> Vec<Row> {
        let row = |(name, gram, google): &(&'static str, &str, &str)| Row {
            name,
            gram: self.in_gram(gram),
            google: self.at_google(google),
        };
        let rows = FIELDS.iter().map(row);
        rows.filter(|row| !row.gram.is_empty() || !row.google.is_empty()).collect()
    }
}

fn text(value: Option<&Value>) -> String {
    match value {
        Some(Value::String(text)) => text.clone(),
        None | Some(Value::Null) => String::new(),
        Some(other) => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn both_are_found_in_what_a_failure_tells() {
        let sides = Sides::of_failure(&json!({
            "uuid": "u", "google_id": "1", "primary_email": "a@b.c", "gram_account": { "firstname": "Ada" },
        }));
        assert_eq!((sides.in_gram("uuid").as_str(), sides.in_gram("firstname").as_str()), ("u", "Ada"));
        assert_eq!(sides.at_google("primary_email"), "a@b.c");
        let names: Vec<_> = sides.rows().into_iter().map(|row| row.name).collect();
        assert_eq!(names, ["google-id", "google-uuid", "google-address", "google-first"]);
        let refused = json!({ "uuid": "u", "google_account": { "google_id": "2" }, "target_data": { "uuid": "u", "id_soce": 5 } });
        let refused = Sides::of_failure(&refused);
        assert_eq!(
            (refused.in_gram("id_soce").as_str(), refused.at_google("google_id").as_str()),
            ("5", "2")
        );
    }
}
