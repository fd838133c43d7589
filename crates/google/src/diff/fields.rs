//! What an account says, field by field, and why two sides say different things. Pure.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::account::{Person, User, marked, said_by, same, sorted};
use crate::request::Wish;

/// What was asked for an account, beside what the referential says of the person. `None` = nobody ever said.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Asked {
    /// Its primary address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub primary: Option<String>,
    /// All its aliases.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub aliases: Option<Vec<String>>,
    /// Whether nobody gets in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub suspended: Option<bool>,
}

impl Asked {
    /// With what is asked for now. `before` = the primary address that becomes an alias by itself.
    pub fn ask(&mut self, wish: &Wish, before: Option<&str>) {
        self.primary = wish.primary.clone().or(self.primary.take());
        match (&wish.aliases, before, &mut self.aliases) {
            (Some(aliases), _, asked) => *asked = Some(aliases.clone()),
            (None, Some(before), Some(asked)) if !asked.iter().any(|alias| same(alias, before)) => {
                asked.push(before.to_owned());
            }
            _ => {}
        }
    }
}

/// What one side says, by the name of the field, in a form in which both sides can be compared.
pub type Said = BTreeMap<String, String>;

/// The fields, in the order in which they are shown.
const FIELDS: [&str; 6] =
    ["first_name", "last_name", "primary_email", "aliases", "external_ids", "suspended"];

/// A field that differs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Field {
    /// Its name.
    pub name: String,
    /// In the referential, or as it was asked for last.
    pub ours: String,
    /// At Google.
    pub theirs: String,
    /// Why, as far as one can tell.
    pub why: Why,
}

/// Why a field differs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Why {
    /// What we wrote was changed there.
    ChangedAtGoogle,
    /// What changed here did not get there.
    NotDelivered,
    /// Both.
    Both,
    /// Nothing is known of what was written.
    Unknown,
}

impl Why {
    /// The word, as it stands in the result.
    pub fn as_str(self) -> &'static str {
        match self {
            Why::ChangedAtGoogle => "changed_at_google",
            Why::NotDelivered => "not_delivered",
            Why::Both => "both",
            Why::Unknown => "unknown",
        }
    }
}

/// What an account is to say. Nobody is suspended unless somebody asked for it; addresses count where somebody did.
pub fn ours_of(person: &Person, asked: &Asked, user: &User) -> Said {
    let mut said = of_person(&person.given, &person.family, said_by(&person.marks));
    said.insert("suspended".to_owned(), asked.suspended.unwrap_or(false).to_string());
    if let Some(primary) = &asked.primary {
        said.insert("primary_email".to_owned(), sorted([primary.as_str()], &[]));
    }
    if let Some(aliases) = &asked.aliases {
        said.insert("aliases".to_owned(), sorted(texts(aliases), &beside_aliases(user)));
    }
    said
}

/// What it says. Of its marks only ours, and of its aliases only those that somebody can take away.
pub fn theirs_of(person: &Person, user: &User) -> Said {
    let marks = marked(&user.external_ids, &person.marks);
    let mut said = of_person(&user.name.given_name, &user.name.family_name, marks);
    said.insert("suspended".to_owned(), user.suspended.to_string());
    said.insert("primary_email".to_owned(), sorted([user.primary_email.as_str()], &[]));
    said.insert("aliases".to_owned(), sorted(texts(&user.aliases), &beside_aliases(user)));
    said
}

fn of_person(given: &str, family: &str, marks: String) -> Said {
    let said = [("first_name", given.to_owned()), ("last_name", family.to_owned()), ("external_ids", marks)];
    said.map(|(name, text)| (name.to_owned(), text)).into()
}

fn texts(all: &[String]) -> impl Iterator<Item = &str> {
    all.iter().map(String::as_str)
}

/// Addresses that are no aliases whoever lists them: the primary one, and those that follow from the domains.
fn beside_aliases(user: &User) -> Vec<&str> {
    texts(&user.non_editable_aliases).chain([user.primary_email.as_str()]).collect()
}

/// The fields in which both sides differ, of those that ours says. Why is told later.
pub fn differing(ours: &Said, theirs: &Said) -> Vec<Field> {
    let field = |name: &&str| {
        let (ours, theirs) = (ours.get(*name)?, theirs.get(*name)?);
        (ours != theirs).then(|| Field {
            name: (*name).to_owned(),
            ours: ours.clone(),
            theirs: theirs.clone(),
            why: Why::Unknown,
        })
    };
    FIELDS.iter().filter_map(field).collect()
}

/// Why a field differs, from fingerprints: of what was pushed last, of ours, of theirs.
pub fn why(pushed: Option<&str>, ours: &str, theirs: &str) -> Why {
    match pushed.map(|pushed| (pushed == ours, pushed == theirs)) {
        Some((true, false)) => Why::ChangedAtGoogle,
        Some((false, true)) => Why::NotDelivered,
        Some((false, false)) => Why::Both,
        Some((true, true)) | None => Why::Unknown,
    }
}
