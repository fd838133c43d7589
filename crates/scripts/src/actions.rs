//! The actions that the seed's orchestrator knows (contracts/sesame.md §3.4), as entries of the action table.

use model::{ActionSpec, Class, Destructive};

use crate::catalogue::nearest;

/// An action's name, whether someone waits for it, and what it destroys.
const VOCABULARY: [(&str, Class, Option<Destructive>); 9] = [
    ("PING_TARGET", Class::Interactive, None),
    ("IDENTITY_CREATE", Class::Bulk, None),
    ("IDENTITY_UPDATE", Class::Bulk, None),
    ("IDENTITY_DELETE", Class::Bulk, Some(Destructive::Delete)),
    ("IDENTITY_PASSWORD_RESET", Class::Interactive, None),
    ("IDENTITY_PASSWORD_CHANGE", Class::Interactive, None),
    ("IDENTITY_DISABLE", Class::Bulk, Some(Destructive::Disable)),
    ("IDENTITY_ENABLE", Class::Bulk, None),
    ("IDENTITY_LIFECYCLE_CHANGED", Class::Bulk, None),
];

/// Where an identity's own id is, in every shape that a payload has (contracts/sesame.md §1.3). The orchestrator
/// sends the same id in all of them, so one person is one subject, whichever way the request came.
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

/// The entries of the action table for the seed's vocabulary. `LIST_BACKENDS` and `DUMP_PACKAGE_CONFIG` are not
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

/// The action that a name is probably meant to be; none for a name that is known, or like no other.
pub(crate) fn near_miss(name: &str) -> Option<&'static str> {
    nearest(name, &VOCABULARY.map(|(name, ..)| name))
}
