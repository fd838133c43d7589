//! The documents of identities: passed through, not modelled. What the register itself says of an identity is taken
//! out when a document comes in, and put back when it goes out. Pure.

use std::borrow::Cow;

use model::composed::composed;
use model::redact::names_secret;
use model::{Name, json};
use serde_json::{Map, Value};

use crate::state::State;

/// The members that the register keeps itself.
const OWN: [&str; 9] = [
    "_id",
    "metadata",
    "state",
    "dataStatus",
    "deletedFlag",
    "fingerprint",
    "lastSync",
    "lastBackendSync",
    "__v",
];
/// Members that every document has when it goes out, as Sesame's orchestrator has them.
pub(crate) const DEFAULTS: [(&str, i32); 2] = [("lifecycle", -1), ("initState", 0)];
/// What every backend needs (RFC 2798 asks for `cn` and `sn`, an account for `uid`).
const NEEDED: [&str; 3] = ["uid", "cn", "sn"];
/// What makes up the name under which people find an identity.
const NAMES: [&str; 3] = ["cn", "uid", "employeeNumber"];
/// No id is longer.
const ID: usize = 64;

/// Whether the register keeps a member of this name itself, and takes it from nobody.
pub(crate) fn is_own(name: &str) -> bool {
    OWN.contains(&name)
}

/// Whether every backend needs this member of `inetOrgPerson`.
pub(crate) fn is_needed(name: &str) -> bool {
    NEEDED.contains(&name)
}

/// A document that came in.
#[derive(Clone, Debug, PartialEq)]
pub struct Taken {
    /// The id that it brought along.
    pub id: Option<String>,
    /// What is its own.
    pub document: Map<String, Value>,
    /// How many passwords were in it. None is kept.
    pub passwords: usize,
    /// Bytes of memory that the document takes, about.
    pub weight: usize,
    /// It says of itself that it is deleted, as an export does.
    pub deleted: bool,
}

/// Takes in a document. An error is a sentence for whoever wrote it.
pub fn take(value: Value) -> Result<Taken, String> {
    let Value::Object(mut document) = value else {
        return Err("it is no JSON object".to_owned());
    };
    let id = match document.get("_id") {
        None | Some(Value::Null) => None,
        // As in a row that somebody added below an export.
        Some(Value::String(id)) if id.is_empty() => None,
        Some(id) => Some(read_id(id)?),
    };
    let says = |member: &str, word: Value| document.get(member) == Some(&word);
    let deleted =
        says("deletedFlag", Value::Bool(true)) || says("state", Value::from(State::Deleted.as_str()));
    for member in OWN {
        document.shift_remove(member);
    }
    // What goes out has these where nobody says otherwise: one that comes back has not changed by that.
    for (member, default) in DEFAULTS {
        if document.get(member).is_some_and(|value| value == default) {
            document.shift_remove(member);
        }
    }
    match document.get("inetOrgPerson") {
        Some(Value::Object(_)) => {}
        None => return Err("it has no member inetOrgPerson".to_owned()),
        Some(_) => return Err("its member inetOrgPerson is no JSON object".to_owned()),
    }
    let passwords = blank_secrets(&mut document);
    let mut document = as_one(document);
    clean_uid(&mut document)?;
    let weight = json::check_part(&document).map_err(|bad| format!("it cannot be kept: {bad}"))?;
    Ok(Taken { id, document, passwords, weight, deleted })
}

/// The same with letters and their accents as one character (NFC): who writes them apart means the same person.
fn as_one(members: Map<String, Value>) -> Map<String, Value> {
    let one = |text: String| match composed(&text) {
        Cow::Borrowed(_) => text,
        Cow::Owned(composed) => composed,
    };
    members.into_iter().map(|(name, value)| (one(name), value_as_one(value, one))).collect()
}

fn value_as_one(value: Value, one: fn(String) -> String) -> Value {
    match value {
        Value::String(text) => Value::String(one(text)),
        Value::Array(items) => items.into_iter().map(|item| value_as_one(item, one)).collect(),
        Value::Object(members) => Value::Object(as_one(members)),
        other => other,
    }
}

/// Removes the blanks around account names, and refuses what no directory takes.
fn clean_uid(document: &mut Map<String, Value>) -> Result<(), String> {
    let Some(uid) = document.get_mut("inetOrgPerson").and_then(|person| person.get_mut("uid")) else {
        return Ok(());
    };
    let names = match uid {
        Value::Array(items) => items.as_mut_slice(),
        one => std::slice::from_mut(one),
    };
    for name in names {
        if let Value::String(text) = name {
            let trimmed = text.trim();
            if trimmed.contains(char::is_control) {
                return Err("its uid has a control character in it".to_owned());
            }
            if trimmed.len() < text.len() {
                *text = trimmed.to_owned();
            }
        }
    }
    Ok(())
}

/// A text, or what exports of document databases make of an id.
fn read_id(id: &Value) -> Result<String, String> {
    let id = id.get("$oid").unwrap_or(id).as_str().unwrap_or_default();
    if is_id(id) {
        return Ok(id.to_owned());
    }
    Err(format!("its _id must be 1 to {ID} letters, digits, - or _"))
}

/// Whether a text can be the id of an identity.
pub fn is_id(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    (1..=ID).contains(&text.len()) && text.bytes().all(plain)
}

/// Passwords are never kept in the register: they go to the backends, and are set by a reset.
fn blank_secrets(members: &mut Map<String, Value>) -> usize {
    members
        .iter_mut()
        .map(|(name, value)| if names_secret(name) { blank(value) } else { within(value) })
        .sum()
}

/// The same in a value whose own name says nothing.
fn within(value: &mut Value) -> usize {
    match value {
        Value::Array(items) => items.iter_mut().map(within).sum(),
        Value::Object(members) => blank_secrets(members),
        _ => 0,
    }
}

/// Leaves nothing of a secret, whatever it is written as. Yes and no are none.
fn blank(value: &mut Value) -> usize {
    match value {
        Value::Null | Value::Bool(_) => 0,
        Value::String(text) => {
            let there = usize::from(!text.is_empty());
            text.clear();
            there
        }
        Value::Number(_) => {
            *value = Value::from("");
            1
        }
        Value::Array(items) => {
            let there = usize::from(!items.is_empty());
            items.clear();
            there
        }
        Value::Object(members) => members.values_mut().map(blank).sum(),
    }
}

/// A member of `inetOrgPerson` as text; of several values the first.
pub fn person(document: &Map<String, Value>, name: &str) -> Option<String> {
    let value = document.get("inetOrgPerson")?.get(name)?;
    let value = value.as_array().map_or(Some(value), |items| items.first())?;
    match value {
        Value::String(text) => Some(text.trim().to_owned()).filter(|text| !text.is_empty()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// The name of the account.
pub fn account(document: &Map<String, Value>) -> Option<String> {
    person(document, "uid")
}

/// What is the same for account names that directories take for one: they see no case. Always of the same length.
pub fn account_key(uid: &str) -> String {
    blake3::hash(composed(uid).to_lowercase().as_bytes()).to_hex().chars().take(32).collect()
}

/// Members of `inetOrgPerson` that backends need and that are not there.
pub fn missing(document: &Map<String, Value>) -> Vec<&'static str> {
    NEEDED.into_iter().filter(|name| person(document, name).is_none()).collect()
}

/// The name for people, in clear: also what a search looks at.
pub fn label(document: &Map<String, Value>) -> String {
    let mut parts: Vec<String> = NAMES.iter().filter_map(|name| person(document, name)).collect();
    parts.dedup();
    Name::joined(&parts)
}

/// The id of an identity that brings none: always the same for the same values of the members that tell identities
/// apart, JSON pointers. `None` when one of them is missing.
pub fn derived_id(document: &Map<String, Value>, key: &[String]) -> Option<String> {
    let mut hasher = blake3::Hasher::new();
    for pointer in key {
        let value = at(document, pointer)?;
        let value = value.as_array().map_or(Some(value), |items| items.first())?;
        let value = match value {
            Value::String(text) if !text.trim().is_empty() => text.trim().to_owned(),
            Value::Number(number) => number.to_string(),
            _ => return None,
        };
        hasher.update(value.as_bytes());
        hasher.update(&[0]);
    }
    // As long as the orchestrator's own ids: 24 hexadecimal digits.
    Some(hasher.finalize().to_hex().chars().take(24).collect())
}

/// What a JSON pointer leads to.
pub fn at<'d>(document: &'d Map<String, Value>, pointer: &str) -> Option<&'d Value> {
    let rest = pointer.strip_prefix('/')?;
    let (first, rest) = rest.split_once('/').map_or((rest, None), |(first, rest)| (first, Some(rest)));
    let value = document.get(&first.replace("~1", "/").replace("~0", "~"))?;
    rest.map_or(Some(value), |rest| value.pointer(&format!("/{rest}")))
}

/// Lays what was imported over what is there: members that the import does not name stay.
pub fn merge(kept: &mut Map<String, Value>, new: Map<String, Value>) {
    for (name, value) in new {
        match (kept.get_mut(&name), value) {
            (Some(Value::Object(kept)), Value::Object(value)) => merge(kept, value),
            (Some(kept), value) => *kept = value,
            (None, value) => _ = kept.insert(name, value),
        }
    }
}

/// Lays a row of a table over what is there. It has one text for each column, which is no reason to change what says
/// the same in another way: a number, the first of several values, or nothing at all.
pub fn merge_row(kept: &mut Map<String, Value>, new: Map<String, Value>) {
    for (name, value) in new {
        match (kept.get_mut(&name), value) {
            (Some(Value::Object(kept)), Value::Object(value)) => merge_row(kept, value),
            (Some(kept), Value::String(text)) if says(kept, &text) => {}
            (Some(kept), value) => *kept = value,
            (None, Value::String(text)) if text.is_empty() => {}
            (None, Value::Object(value)) => {
                let mut whole = Map::new();
                merge_row(&mut whole, value);
                kept.insert(name, Value::Object(whole));
            }
            (None, value) => _ = kept.insert(name, value),
        }
    }
}

/// A member that differs between two documents: its place, what was there, what is there now.
pub type Altered<'d> = (String, Option<&'d Value>, Option<&'d Value>);

/// The members in which two documents differ, in the order of the first one. Lists are compared whole: it is a member
/// that somebody changed, and not its third value.
pub fn altered<'d>(before: &'d Map<String, Value>, after: &'d Map<String, Value>) -> Vec<Altered<'d>> {
    fn compare<'d>(
        before: &'d Map<String, Value>,
        after: &'d Map<String, Value>,
        place: &str,
        found: &mut Vec<Altered<'d>>,
    ) {
        let mut step = |name: &str, old: Option<&'d Value>, new: Option<&'d Value>| {
            let place = format!("{place}/{}", name.replace('~', "~0").replace('/', "~1"));
            match (old, new) {
                (Some(Value::Object(old)), Some(Value::Object(new))) => compare(old, new, &place, found),
                (old, new) if old == new => {}
                (old, new) => found.push((place, old, new)),
            }
        };
        before.iter().for_each(|(name, old)| step(name, Some(old), after.get(name)));
        let added = after.iter().filter(|(name, _)| !before.contains_key(*name));
        added.for_each(|(name, new)| step(name, None, Some(new)));
    }
    let mut found = Vec::new();
    compare(before, after, "", &mut found);
    found
}

/// Whether a table would say this of a value.
fn says(value: &Value, text: &str) -> bool {
    match value {
        Value::Null => text.is_empty(),
        Value::Bool(value) => text == value.to_string(),
        Value::Number(number) => text == number.to_string(),
        Value::String(value) => value.trim() == text,
        Value::Array(items) => items.first().map_or(text.is_empty(), |first| says(first, text)),
        Value::Object(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn map(value: impl Into<Value>) -> Map<String, Value> {
        value.into().as_object().unwrap().clone()
    }

    #[test]
    fn what_is_the_register_s_own_is_taken_out_and_passwords_are_not_kept() {
        let taken = take(json!({
            "_id": {"$oid": "66c22991bdc3c9a7563a9d4f"}, "state": 99, "metadata": {}, "lifecycle": "I",
            "inetOrgPerson": {"uid": "a", "userPassword": "{SSHA}x"},
            "additionalFields": {"attributes": {"x": {"apiKey": "k", "y": 1}}},
        }))
        .unwrap();
        assert_eq!(taken.id.as_deref(), Some("66c22991bdc3c9a7563a9d4f"));
        assert_eq!(taken.passwords, 2);
        assert_eq!(
            Value::Object(taken.document),
            json!({"lifecycle": "I", "inetOrgPerson": {"uid": "a", "userPassword": ""},
                   "additionalFields": {"attributes": {"x": {"apiKey": "", "y": 1}}}})
        );
    }

    #[test]
    fn a_password_is_not_kept_however_it_is_written() {
        let taken = take(json!({
            "inetOrgPerson": {"uid": "a", "userPassword": {"value": "s", "changed": true}, "mustChangePassword": "no"},
            "accounts": [{"newPass": "s"}, [{"codePin": 1234}], {"passport": "x1"}],
            "nouveauMdp": ["s", "t"], "otp": {"seeds": [["s"], {"a": 7}], "none": null}, "pwdLastSet": 12,
        }))
        .unwrap();
        assert_eq!(
            Value::Object(taken.document),
            json!({
                "inetOrgPerson": {"uid": "a", "userPassword": {"value": "", "changed": true}, "mustChangePassword": "no"},
                "accounts": [{"newPass": ""}, [{"codePin": ""}], {"passport": "x1"}],
                "nouveauMdp": [], "otp": {"seeds": [], "none": null}, "pwdLastSet": 12,
            })
        );
        assert_eq!(taken.passwords, 5);
    }

    #[test]
    fn account_names_have_no_blanks_around_them_and_accents_are_one_character() {
        let person = |uid: Value| json!({"inetOrgPerson": {"uid": uid, "cn": "RENE\u{301}E "}, "no\u{308}": ["e\u{301}"]});
        let taken = take(person(json!(" rene\u{301}e\t"))).unwrap();
        assert_eq!(
            Value::Object(taken.document),
            json!({"inetOrgPerson": {"uid": "ren\u{e9}e", "cn": "REN\u{c9}E "}, "n\u{f6}": ["\u{e9}"]})
        );
        assert_eq!(take(person(json!(["a ", 7]))).unwrap().document["inetOrgPerson"]["uid"], json!(["a", 7]));
        for bad in ["c1\0x", "a\nb", "a\u{85}b"] {
            assert!(take(person(json!(bad))).unwrap_err().contains("control character"), "{bad:?}");
        }
    }

    #[test]
    fn what_is_no_identity_is_refused_with_a_reason() {
        for (bad, why) in [
            (json!([]), "no JSON object"),
            (json!({"uid": "a"}), "no member inetOrgPerson"),
            (json!({"inetOrgPerson": "a"}), "inetOrgPerson is no JSON object"),
            (json!({"_id": "a b", "inetOrgPerson": {}}), "_id"),
            (json!({"_id": 7, "inetOrgPerson": {}}), "_id"),
        ] {
            let said = take(bad.clone()).unwrap_err();
            assert!(said.contains(why), "{bad}: {said}");
        }
    }

    #[test]
    fn names_and_needs_are_found() {
        let person = |value: Value| map(json!({ "inetOrgPerson": value }));
        let whole =
            person(json!({"uid": "adupont", "cn": "DUPONT Alain", "sn": "DUPONT", "employeeNumber": ["7"]}));
        assert_eq!(label(&whole), "DUPONT Alain · adupont · 7");
        assert_eq!(missing(&whole), Vec::<&str>::new());
        assert_eq!(missing(&person(json!({"uid": 7, "cn": " ", "sn": null}))), ["cn", "sn"]);
    }

    #[test]
    fn the_same_person_has_the_same_id() {
        let key = ["/inetOrgPerson/employeeNumber".to_owned(), "/inetOrgPerson/employeeType".to_owned()];
        let id = |number: Value, kind: &str| {
            derived_id(&map(json!({"inetOrgPerson": {"employeeNumber": number, "employeeType": kind}})), &key)
        };
        let one = id(json!("12"), "TAIGA").unwrap();
        assert!(one.len() == 24 && is_id(&one));
        assert_eq!(id(json!([" 12 "]), "TAIGA"), Some(one.clone()));
        assert_eq!(id(json!(12), "TAIGA"), Some(one.clone()));
        assert_ne!(id(json!("1"), "2TAIGA"), Some(one));
        assert_eq!(id(json!(""), "TAIGA"), None);
        assert_eq!(id(Value::Null, "TAIGA"), None);
    }

    #[test]
    fn members_that_differ_are_named_whole() {
        let before = map(json!({"a": {"x": 1, "y": [1, 2], "z": 1}, "b": 1}));
        let after = map(json!({"a": {"x": 1, "y": [1, 3], "w/": {"v": 1}}, "b": 1}));
        let found = altered(&before, &after);
        let places: Vec<_> =
            found.iter().map(|(place, old, new)| (place.as_str(), old.is_some(), new.is_some())).collect();
        assert_eq!(places, [("/a/y", true, true), ("/a/z", true, false), ("/a/w~1", false, true)]);
        assert_eq!(altered(&before, &before), []);
    }

    #[test]
    fn an_import_keeps_what_it_does_not_name() {
        let mut kept = map(json!({"a": {"x": 1, "y": [1, 2]}, "b": 1}));
        merge(&mut kept, map(json!({"a": {"y": [3], "z": {}}, "c": 2})));
        assert_eq!(Value::Object(kept), json!({"a": {"x": 1, "y": [3], "z": {}}, "b": 1, "c": 2}));
    }
}
