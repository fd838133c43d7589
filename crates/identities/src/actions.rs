//! The vocabulary of identities, as Sesame's orchestrator has it: entries of the action table.

use engine::PING;
use model::{ActionSpec, Class, Destructive};

/// An action's name, whether someone waits for it, and what it destroys.
const VOCABULARY: [(&str, Class, Option<Destructive>); 9] = [
    (PING, Class::Interactive, None),
    ("IDENTITY_CREATE", Class::Bulk, None),
    ("IDENTITY_UPDATE", Class::Bulk, None),
    ("IDENTITY_DELETE", Class::Bulk, Some(Destructive::Delete)),
    ("IDENTITY_PASSWORD_RESET", Class::Interactive, None),
    ("IDENTITY_PASSWORD_CHANGE", Class::Interactive, None),
    ("IDENTITY_DISABLE", Class::Bulk, Some(Destructive::Disable)),
    ("IDENTITY_ENABLE", Class::Bulk, None),
    ("IDENTITY_LIFECYCLE_CHANGED", Class::Bulk, None),
];

/// Where an identity's own id is, in every shape that a payload has. The orchestrator sends the same id in all of them, so one person is one subject, whichever way the request came.
const IDS: [&str; 5] = [
    "/concernedTo",
    "/payload/identity/identity/_id",
    "/payload/_id",
    "/payload/after/_id",
    "/payload/before/_id",
];

/// Where the account name is, for a document that carries no id at all. It is another value than the id, so such a
/// request is not ordered with those that carry the id; it is ordered with its like.
const NAMES: [&str; 6] = [
    "/payload/identity/identity/inetOrgPerson/uid",
    "/payload/inetOrgPerson/uid",
    "/payload/after/inetOrgPerson/uid",
    "/payload/before/inetOrgPerson/uid",
    "/payload/identity/uid",
    "/payload/uid",
];

/// Where the identity's members are, in every shape that a payload has.
const IDENTITIES: [&str; 5] =
    ["/payload", "/payload/identity", "/payload/identity/identity", "/payload/before", "/payload/after"];

/// Members of an identity that hold a password.
const PASSWORDS: [&str; 4] = ["newPassword", "oldPassword", "userPassword", "inetOrgPerson/userPassword"];

/// The entries of the action table for this vocabulary. `LIST_BACKENDS` and `DUMP_PACKAGE_CONFIG` are not
/// among them: no backend implements those.
pub fn actions() -> Vec<(String, ActionSpec)> {
    VOCABULARY.iter().map(|(name, class, destroys)| ((*name).to_owned(), spec(*class, *destroys))).collect()
}

fn spec(class: Class, destructive: Option<Destructive>) -> ActionSpec {
    ActionSpec {
        subject_kind: Some("identity".to_owned()),
        subject_pointers: IDS.iter().chain(&NAMES).map(|pointer| (*pointer).to_owned()).collect(),
        class,
        secrets: secrets(),
        destructive,
        null_as_empty: true,
        ..ActionSpec::default()
    }
}

fn secrets() -> Vec<String> {
    IDENTITIES.iter().flat_map(|place| PASSWORDS.iter().map(move |name| format!("{place}/{name}"))).collect()
}

#[cfg(test)]
mod tests {
    use model::redact::take_secrets;
    use serde_json::{Value, json};

    use super::*;

    /// Every shape in which the orchestrator sends one person gives one subject, and hides every password.
    #[test]
    fn one_person_is_one_subject_in_every_shape() {
        let person =
            json!({"_id": "66c2", "inetOrgPerson": {"uid": "aabbas", "userPassword": "s3cret-word"}});
        let merged = |extra: Value| {
            let mut payload = person.clone();
            payload.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
            payload
        };
        let shapes = [
            json!({"identity": {"action": "IDENTITY_UPDATE", "identity": person}}),
            person.clone(),
            json!({"after": person}),
            json!({"before": person, "after": person}),
            merged(json!({"uid": "aabbas", "oldPassword": "s3cret-word", "newPassword": "s3cret-word"})),
        ];
        let (_, spec) = actions().into_iter().find(|(name, _)| name == "IDENTITY_PASSWORD_CHANGE").unwrap();
        for payload in shapes {
            for concerned in [
                json!({"concernedTo": "66c2", "payload": payload}),
                json!({"concernedTo": null, "payload": payload}),
            ] {
                let values =
                    spec.subject_pointers.iter().filter_map(|pointer| concerned.pointer(pointer)?.as_str());
                assert_eq!(values.into_iter().next(), Some("66c2"), "{concerned}");
                let mut masked = concerned.clone();
                take_secrets(&mut masked, &spec.secrets);
                assert!(!masked.to_string().contains("s3cret"), "{masked}");
            }
        }
    }

    #[test]
    fn the_vocabulary_says_who_waits_and_what_is_destroyed() {
        let table = actions();
        assert_eq!(table.len(), 9);
        for (name, spec) in &table {
            assert!(spec.null_as_empty && spec.subject_kind.as_deref() == Some("identity"), "{name}");
            let waited_for = name.contains("PASSWORD") || name == "PING_TARGET";
            assert_eq!(spec.class == Class::Interactive, waited_for, "{name}");
            let destroys = match name.as_str() {
                "IDENTITY_DELETE" => Some(Destructive::Delete),
                "IDENTITY_DISABLE" => Some(Destructive::Disable),
                _ => None,
            };
            assert_eq!(spec.destructive, destroys, "{name}");
        }
    }
}
