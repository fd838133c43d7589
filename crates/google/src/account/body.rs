//! What is written to Google. What is not in a body stays there as it is.

use serde_json::{Map, Value, json};

use super::address::same;
use super::person::{Mark, Person};
use super::user::User;

/// The body that makes an account.
pub fn insertion(person: &Person, primary: &str) -> Map<String, Value> {
    let mut body = said_of(person, true);
    body.insert("primaryEmail".to_owned(), primary.into());
    body.insert("externalIds".to_owned(), merged(&[], &person.marks).into());
    body
}

/// The body that brings an account up to date. An address is only there when one is wanted, and `suspended` only to
/// suspend or reactivate: who was suspended by hand stays so.
pub fn update(
    person: &Person,
    user: &User,
    primary: Option<&str>,
    suspended: Option<bool>,
    with_password: bool,
) -> Map<String, Value> {
    let mut body = said_of(person, with_password);
    body.insert("externalIds".to_owned(), merged(&user.external_ids, &person.marks).into());
    if let Some(primary) = primary {
        body.insert("primaryEmail".to_owned(), primary.into());
    }
    if let Some(suspended) = suspended {
        body.insert("suspended".to_owned(), suspended.into());
    }
    body
}

fn said_of(person: &Person, with_password: bool) -> Map<String, Value> {
    let mut body = Map::new();
    body.insert("name".to_owned(), json!({ "givenName": person.given, "familyName": person.family }));
    if let Some(password) = person.password.as_ref().filter(|_| with_password) {
        body.insert("password".to_owned(), password.expose().into());
        body.insert("hashFunction".to_owned(), "SHA-1".into());
    }
    body
}

/// What an account is known by, with our marks in it: each in the place of what it replaces, and what others keep there
/// as it is.
pub fn merged(there: &[Value], marks: &[Mark]) -> Vec<Value> {
    let mut entries = there.to_vec();
    for mark in marks {
        let mut placed = false;
        entries.retain_mut(|entry| {
            if !mark.in_its_place(entry) {
                return true;
            }
            // The first place is ours, others of the same name are left from somewhere.
            if std::mem::replace(&mut placed, true) {
                return false;
            }
            if !mark.is(entry) {
                *entry = mark.entry();
            }
            true
        });
        if !placed {
            entries.push(mark.entry());
        }
    }
    entries
}

/// Whether an account is not yet as a body wants it, as far as one can see that: nobody can see a password.
pub fn differs(body: &Map<String, Value>, user: &User) -> bool {
    body.iter().any(|(member, wanted)| match member.as_str() {
        "name" => {
            *wanted != json!({ "givenName": user.name.given_name, "familyName": user.name.family_name })
        }
        "externalIds" => wanted.as_array() != Some(&user.external_ids),
        "primaryEmail" => wanted.as_str().is_some_and(|wanted| !same(wanted, &user.primary_email)),
        "suspended" => wanted.as_bool() != Some(user.suspended),
        _ => false,
    })
}

#[cfg(test)]
mod tests {
    use super::super::person::PasswordHash;
    use super::*;

    const HASH: &str = "da39a3ee5e6b4b0d3255bfef95601890afd80709";
    const UUID: &str = "36a7e016-a300-4f52-85f4-6804dede6c6b";

    fn ada() -> Person {
        Person {
            key: UUID.to_owned(),
            number: Some("12453".to_owned()),
            given: "Ada".to_owned(),
            family: "Lovelace".to_owned(),
            password: Some(PasswordHash::new(HASH).unwrap()),
            marks: vec![Mark::uuid(UUID), Mark::custom("id_soce", "12453")],
        }
    }

    fn user(external_ids: &Value) -> User {
        serde_json::from_value(json!({
            "id": "1", "primaryEmail": "ada@example.org", "externalIds": external_ids,
            "name": { "givenName": "Ada", "familyName": "Lovelace" },
        }))
        .unwrap()
    }

    #[test]
    fn an_account_is_made_with_name_password_and_both_marks_as_texts() {
        assert_eq!(
            Value::Object(insertion(&ada(), "ada@example.org")),
            json!({
                "name": { "givenName": "Ada", "familyName": "Lovelace" },
                "password": HASH, "hashFunction": "SHA-1", "primaryEmail": "ada@example.org",
                "externalIds": [
                    { "type": "organization", "value": UUID },
                    { "type": "custom", "customType": "id_soce", "value": "12453" },
                ],
            })
        );
    }

    #[test]
    fn an_update_says_nothing_of_address_and_suspension_unless_asked() {
        let body = update(&ada(), &user(&json!([])), None, None, false);
        assert_eq!(body.keys().collect::<Vec<_>>(), ["name", "externalIds"]);
        let body = update(&ada(), &user(&json!([])), Some("a@b.c"), Some(false), true);
        assert_eq!((&body["primaryEmail"], &body["suspended"]), (&json!("a@b.c"), &json!(false)));
        assert_eq!(body["password"], HASH);
    }

    #[test]
    fn what_others_keep_in_external_ids_survives() {
        let others = json!([
            { "type": "organization", "value": "personnel-77" },
            { "type": "custom", "customType": "id_soce", "value": 9 },
            { "type": "custom", "customType": "badge", "value": "B1" },
            { "type": "organization", "value": "00000000-0000-0000-0000-000000000000" },
        ]);
        let merged = merged(others.as_array().unwrap(), &ada().marks);
        assert_eq!(
            Value::from(merged.clone()),
            json!([
                { "type": "organization", "value": "personnel-77" },
                { "type": "custom", "customType": "id_soce", "value": "12453" },
                { "type": "custom", "customType": "badge", "value": "B1" },
                { "type": "organization", "value": UUID },
            ])
        );
        assert_eq!(super::merged(&merged, &ada().marks), merged, "once more changes nothing");
    }

    #[test]
    fn a_mark_that_is_there_twice_is_there_once_afterwards() {
        let twice = json!([
            { "type": "custom", "customType": "id_soce", "value": "1" },
            { "type": "custom", "customType": "id_soce", "value": "2" },
        ]);
        let merged = merged(twice.as_array().unwrap(), &[Mark::custom("id_soce", "12453")]);
        assert_eq!(
            Value::from(merged),
            json!([{ "type": "custom", "customType": "id_soce", "value": "12453" }])
        );
    }

    #[test]
    fn it_is_seen_when_nothing_is_to_be_written() {
        let there = user(&Value::from(merged(&[], &ada().marks)));
        let same = update(&ada(), &there, Some("ADA@example.org"), None, true);
        assert!(!differs(&same, &there));
        for (primary, suspended) in [(Some("other@example.org"), None), (None, Some(true))] {
            assert!(differs(&update(&ada(), &there, primary, suspended, false), &there));
        }
        let renamed = Person { given: "Augusta".to_owned(), ..ada() };
        assert!(differs(&update(&renamed, &there, None, None, false), &there));
        assert!(differs(&update(&ada(), &user(&json!([])), None, None, false), &user(&json!([]))));
    }
}
