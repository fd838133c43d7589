//! Referential against Workspace: how each account stands. Pure.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::account::{Mark, Person, User, differs, same, update};

/// How an account stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Situation {
    /// Both say the same.
    Same,
    /// They say different things.
    Differs,
    /// The referential knows a Google account that is not there.
    Missing,
    /// A Google account carries the mark of somebody whom the referential does not have.
    Extra,
    /// A Google account carries somebody's mark, and the referential has another one for them, or none.
    Moved,
    /// Two claim one account.
    Disputed,
    /// It cannot be read.
    Unreadable,
}

impl Situation {
    /// All of them.
    pub const ALL: [Situation; 7] = [
        Situation::Same,
        Situation::Differs,
        Situation::Missing,
        Situation::Extra,
        Situation::Moved,
        Situation::Disputed,
        Situation::Unreadable,
    ];

    /// The word, as shown.
    pub fn as_str(self) -> &'static str {
        match self {
            Situation::Same => "same",
            Situation::Differs => "differs",
            Situation::Missing => "missing",
            Situation::Extra => "extra",
            Situation::Moved => "moved",
            Situation::Disputed => "disputed",
            Situation::Unreadable => "unreadable",
        }
    }
}

/// An account of the referential that has, or should have, a Google account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ours {
    /// The person.
    pub person: Person,
    /// The id of the Google account.
    pub google_id: Option<String>,
}

/// An account that is to be told of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Found {
    /// How it stands.
    pub situation: Situation,
    /// The account of the referential.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub uuid: Option<String>,
    /// Its id at Google.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub google_id: Option<String>,
    /// Its primary address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub primary_email: Option<String>,
    /// What differs.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<Field>,
}

/// A field that differs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Field {
    /// Its name.
    pub name: &'static str,
    /// In the referential.
    pub ours: String,
    /// At Google.
    pub theirs: String,
    /// Why, as far as one can tell: `changed_at_google`, `not_delivered`, or `unknown`.
    pub why: &'static str,
}

/// Compares all accounts of the referential that have a number at Google with all accounts at Google. What is missing in
/// the listing is only missing when somebody has looked: see [`unseen`].
pub fn compare(ours: &[Ours], users: &BTreeMap<String, User>) -> Vec<Found> {
    let mut claims: BTreeMap<&str, usize> = BTreeMap::new();
    for id in ours.iter().filter_map(|ours| ours.google_id.as_deref()) {
        *claims.entry(id).or_default() += 1;
    }
    let mut found: Vec<Found> = ours.iter().filter_map(|ours| of_ours(ours, users, &claims)).collect();
    let by_uuid: BTreeMap<String, &Ours> =
        ours.iter().map(|ours| (ours.person.key.to_lowercase(), ours)).collect();
    found.extend(users.values().filter_map(|user| of_theirs(user, &by_uuid, &claims)));
    found
}

fn of_ours(ours: &Ours, users: &BTreeMap<String, User>, claims: &BTreeMap<&str, usize>) -> Option<Found> {
    let id = ours.google_id.as_deref()?;
    let found = |situation, user: Option<&User>, fields| Found {
        situation,
        uuid: Some(ours.person.key.clone()),
        google_id: Some(id.to_owned()),
        primary_email: user.map(|user| user.primary_email.clone()),
        fields,
    };
    let Some(user) = users.get(id) else { return Some(found(Situation::Missing, None, Vec::new())) };
    let others = user.uuid().is_some_and(|uuid| !same(uuid, &ours.person.key));
    if others || claims.get(id).is_some_and(|claims| *claims > 1) {
        return Some(found(Situation::Disputed, Some(user), Vec::new()));
    }
    let fields = fields(&ours.person, user);
    let situation = if fields.is_empty() { Situation::Same } else { Situation::Differs };
    Some(found(situation, Some(user), fields))
}

/// A Google account that the referential does not have under the mark that it carries.
fn of_theirs(
    user: &User,
    by_uuid: &BTreeMap<String, &Ours>,
    claims: &BTreeMap<&str, usize>,
) -> Option<Found> {
    let uuid = user.uuid()?;
    if claims.contains_key(user.id.as_str()) {
        return None;
    }
    let known = by_uuid.contains_key(&uuid.to_lowercase());
    Some(Found {
        situation: if known { Situation::Moved } else { Situation::Extra },
        uuid: Some(uuid.to_owned()),
        google_id: Some(user.id.clone()),
        primary_email: Some(user.primary_email.clone()),
        fields: Vec::new(),
    })
}

/// What differs between a person and their account.
fn fields(person: &Person, user: &User) -> Vec<Field> {
    let field = |name, ours: String, theirs: String| Field { name, ours, theirs, why: "unknown" };
    let mut fields = Vec::new();
    if person.given != user.name.given_name {
        fields.push(field("first_name", person.given.clone(), user.name.given_name.clone()));
    }
    if person.family != user.name.family_name {
        fields.push(field("last_name", person.family.clone(), user.name.family_name.clone()));
    }
    let wanted = update(person, user, None, None, false);
    let marks = wanted.into_iter().filter(|(name, _)| name == "externalIds").collect();
    if differs(&marks, user) {
        let ours = person.marks.iter().map(|mark: &Mark| mark.value.as_str()).collect::<Vec<_>>().join(", ");
        let theirs = serde_json::Value::from(user.external_ids.clone()).to_string();
        fields.push(field("external_ids", ours, theirs));
    }
    fields
}

/// The Google accounts that the referential knows and the listing does not have: they are looked at one by one, since a
/// listing may be short.
pub fn unseen(ours: &[Ours], users: &BTreeMap<String, User>) -> BTreeSet<String> {
    let ids = ours.iter().filter_map(|ours| ours.google_id.clone());
    ids.filter(|id| !users.contains_key(id)).collect()
}

/// The name of a person, as its fingerprint is taken when it is pushed.
pub fn name_of(given: &str, family: &str) -> String {
    format!("{given}\n{family}")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn ours(uuid: &str, given: &str, id: Option<&str>) -> Ours {
        let person = Person {
            key: uuid.to_owned(),
            number: None,
            given: given.to_owned(),
            family: "B".to_owned(),
            password: None,
            marks: vec![Mark::uuid(uuid)],
        };
        Ours { person, google_id: id.map(str::to_owned) }
    }

    fn user(id: &str, given: &str, uuid: Option<&str>) -> (String, User) {
        let entries = uuid.map(|uuid| json!([{ "type": "organization", "value": uuid }]));
        let user = json!({
            "id": id, "primaryEmail": format!("{id}@x.org"), "externalIds": entries,
            "name": { "givenName": given, "familyName": "B" },
        });
        (id.to_owned(), serde_json::from_value(user).unwrap())
    }

    fn uuid(n: u32) -> String {
        format!("00000000-0000-4000-8000-{n:012}")
    }

    #[test]
    fn each_account_stands_in_one_way() {
        let ids: Vec<_> = (0..9).map(uuid).collect();
        let all = [
            ours(&ids[0], "A", Some("10")),
            ours(&ids[1], "A", Some("11")),
            ours(&ids[2], "A", Some("12")),
            ours(&ids[3], "A", None),
            ours(&ids[4], "A", Some("14")),
            ours(&ids[5], "A", Some("15")),
            ours(&ids[6], "A", Some("15")),
        ];
        let users = BTreeMap::from([
            user("10", "A", Some(&ids[0])),
            user("11", "Other", Some(&ids[1])),
            user("13", "A", Some(&ids[3])),
            user("14", "A", Some(&ids[7])),
            user("15", "A", Some(&ids[5])),
            user("18", "A", Some(&ids[8])),
            user("19", "A", None),
        ]);
        let stands: Vec<_> = compare(&all, &users)
            .iter()
            .map(|found| (found.google_id.clone().unwrap(), found.situation))
            .collect();
        let expected = [
            ("10", Situation::Same),
            ("11", Situation::Differs),
            ("12", Situation::Missing),
            ("14", Situation::Disputed),
            ("15", Situation::Disputed),
            ("15", Situation::Disputed),
            ("13", Situation::Moved),
            ("18", Situation::Extra),
        ];
        assert_eq!(stands, expected.map(|(id, situation)| (id.to_owned(), situation)));
        assert_eq!(unseen(&all, &users), BTreeSet::from(["12".to_owned()]));
    }

    #[test]
    fn what_differs_is_named_field_by_field() {
        let id = uuid(1);
        let users = BTreeMap::from([user("10", "Grace", None)]);
        let found = compare(&[ours(&id, "Ada", Some("10"))], &users);
        let names: Vec<_> = found[0].fields.iter().map(|field| field.name).collect();
        assert_eq!(names, ["first_name", "external_ids"]);
        assert_eq!((found[0].fields[0].ours.as_str(), found[0].fields[0].theirs.as_str()), ("Ada", "Grace"));
    }
}
