//! Referential against Workspace: how each account stands. Pure.

mod fields;
mod report;
mod seen;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::account::{Person, User, same};

pub use fields::{Asked, Field, Said, Why, differing, ours_of, theirs_of, why};
pub use report::{Found, Report, Situation};
pub use seen::{Page, Seen};

/// An account of the referential, with what has to be known of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ours {
    /// Its UUID.
    pub uuid: String,
    /// Its number.
    pub number: Option<String>,
    /// First name.
    pub given: String,
    /// Name of the family.
    pub family: String,
    /// The id of its Google account.
    pub google_id: Option<String>,
}

impl Ours {
    /// The person whose account it is.
    pub fn person(&self) -> Person {
        Person::of_referential(&self.uuid, self.number.clone(), &self.given, &self.family)
    }
}

/// Compares all accounts of the referential that have a number at Google with all accounts at Google. `asked` = what was
/// asked for an account beside what the referential says of the person.
pub fn compare(seen: &Seen, asked: impl Fn(&str) -> Asked) -> Vec<Found> {
    let mut claims: BTreeMap<&str, usize> = BTreeMap::new();
    for id in seen.ours.values().filter_map(|ours| ours.google_id.as_deref()) {
        *claims.entry(id).or_default() += 1;
    }
    let of_ours = seen.ours.values().filter_map(|ours| of_ours(ours, seen, &claims, &asked));
    let of_theirs = seen.users.values().filter_map(|user| of_theirs(user, seen, &claims));
    of_ours.chain(of_theirs).chain(seen.unreadable.iter().cloned()).collect()
}

fn of_ours(
    ours: &Ours,
    seen: &Seen,
    claims: &BTreeMap<&str, usize>,
    asked: impl Fn(&str) -> Asked,
) -> Option<Found> {
    let id = ours.google_id.as_deref()?;
    let found = |situation, user: Option<&User>| Found {
        uuid: Some(ours.uuid.clone()),
        google_id: Some(id.to_owned()),
        primary_email: user.map(|user| user.primary_email.clone()),
        ..Found::new(situation)
    };
    let Some(user) = seen.users.get(id) else {
        // One that nobody could look at is told of as such.
        return (!seen.is_unreadable(id)).then(|| found(Situation::Missing, None));
    };
    let others = user.uuid().is_some_and(|uuid| !same(uuid, &ours.uuid));
    if others || claims.get(id).is_some_and(|claims| *claims > 1) {
        return Some(found(Situation::Disputed, Some(user)));
    }
    let (person, asked) = (ours.person(), asked(&ours.uuid));
    let fields = differing(&ours_of(&person, &asked, user), &theirs_of(&person, user));
    let situation = if fields.is_empty() { Situation::Same } else { Situation::Differs };
    Some(Found { fields, ..found(situation, Some(user)) })
}

/// A Google account that the referential does not have under the mark that it carries.
fn of_theirs(user: &User, seen: &Seen, claims: &BTreeMap<&str, usize>) -> Option<Found> {
    let uuid = user.uuid()?;
    if claims.contains_key(user.id.as_str()) {
        return None;
    }
    let situation =
        if seen.ours.contains_key(&uuid.to_lowercase()) { Situation::Moved } else { Situation::Extra };
    Some(Found {
        uuid: Some(uuid.to_owned()),
        google_id: Some(user.id.clone()),
        primary_email: Some(user.primary_email.clone()),
        ..Found::new(situation)
    })
}

#[cfg(test)]
mod tests;
