//! What will be lost, told before anybody agrees to it: names, types, and a sample of the documents.

use std::collections::BTreeMap;

use askama::Template;
use serde_json::Value;

use super::visit::Visit;

/// Names and types that are shown.
const NAMES: usize = 12;
/// Documents that are.
const SAMPLES: usize = 3;
/// Where documents say what somebody is, in the words of directories.
const SAYS: [&str; 3] = ["employeeType", "eduPersonPrimaryAffiliation", "type"];

/// What was looked at of what will be lost.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lost {
    looked_at: u64,
    names: Vec<String>,
    types: BTreeMap<String, u64>,
    samples: Vec<(String, String)>,
}

impl Lost {
    /// One more, with its name, and its document where that can be read.
    pub fn add(&mut self, name: impl Into<String>, document: Option<&Value>) {
        self.looked_at += 1;
        let name = name.into();
        if let Some(document) = document {
            if let Some(kind) = type_in(document) {
                *self.types.entry(kind.to_owned()).or_default() += 1;
            }
            if self.samples.len() < SAMPLES {
                let text = serde_json::to_string_pretty(document).unwrap_or_default();
                self.samples.push((name.clone(), text));
            }
        }
        if self.names.len() < NAMES {
            self.names.push(name);
        }
    }

    /// The same as a part of a page; `n` = so many there are in all.
    pub fn told<'v>(&self, v: &'v Visit, n: u64) -> Told<'v> {
        let mut types: Vec<_> = self.types.clone().into_iter().collect();
        types.sort_by_key(|(_, n)| std::cmp::Reverse(*n));
        types.truncate(NAMES);
        Told {
            v,
            names: self.names.clone(),
            unnamed: n.saturating_sub(self.names.len() as u64),
            types,
            among: (self.looked_at < n).then_some(self.looked_at),
            samples: self.samples.clone(),
        }
    }
}

/// What will be lost, as a part of a page.
#[derive(Template)]
#[template(path = "lost.html")]
pub struct Told<'v> {
    v: &'v Visit,
    names: Vec<String>,
    unnamed: u64,
    types: Vec<(String, u64)>,
    among: Option<u64>,
    samples: Vec<(String, String)>,
}

/// What somebody is, as far as a document says so.
fn type_in(document: &Value) -> Option<&str> {
    SAYS.into_iter().find_map(|name| find(document, name))
}

/// The first text of this name, however deep.
fn find<'b>(value: &'b Value, name: &str) -> Option<&'b str> {
    match value {
        Value::Object(members) => {
            let here = members.get(name).and_then(|found| match found {
                Value::Array(items) => items.first().and_then(Value::as_str),
                found => found.as_str(),
            });
            let here = here.filter(|text| !text.is_empty());
            here.or_else(|| members.values().find_map(|member| find(member, name)))
        }
        Value::Array(items) => items.iter().find_map(|item| find(item, name)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_somebody_is_stands_anywhere_in_the_document() {
        for (document, expected) in [
            (json!({"payload": {"inetOrgPerson": {"employeeType": "student"}}}), Some("student")),
            (json!({"payload": {"employeeType": ["", "x"], "type": "staff"}}), Some("staff")),
            (json!([{"a": 1}, {"type": "staff", "employeeType": "guest"}]), Some("guest")),
            (json!({"type": {"type": "deep"}}), Some("deep")),
            (json!({"uid": "a"}), None),
        ] {
            assert_eq!(type_in(&document), expected, "{document}");
        }
    }

    #[test]
    fn all_are_counted_and_some_are_shown() {
        let mut lost = Lost::default();
        for n in 0..40 {
            let document = json!({"type": if n % 4 == 0 { "staff" } else { "student" }});
            lost.add(format!("p{n}"), Some(&document));
        }
        lost.add("unreadable", None);
        assert_eq!((lost.names.len(), lost.samples.len(), lost.looked_at), (NAMES, SAMPLES, 41));
        assert_eq!((lost.types["staff"], lost.types["student"]), (10, 30));
    }
}
