//! What a comparison came to: the same for the table, for programs and for the page. Pure.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::fields::Field;

/// So many accounts are told of one by one, beyond those that are the same; of more it is told how many there are.
const TOLD: usize = 5_000;

/// How an account stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Situation {
    /// Two claim one account.
    Disputed,
    /// A Google account carries somebody's mark, and the referential has another one for them, or none.
    Moved,
    /// A Google account carries the mark of somebody whom the referential does not have.
    Extra,
    /// The referential knows a Google account that is not there.
    Missing,
    /// It cannot be read.
    Unreadable,
    /// They say different things.
    Differs,
    /// Both say the same.
    Same,
}

impl Situation {
    /// All of them, what is worst first.
    pub const ALL: [Situation; 7] = [
        Situation::Disputed,
        Situation::Moved,
        Situation::Extra,
        Situation::Missing,
        Situation::Unreadable,
        Situation::Differs,
        Situation::Same,
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

    /// The situation that this word names.
    pub fn from_word(word: &str) -> Option<Self> {
        Situation::ALL.into_iter().find(|situation| situation.as_str() == word)
    }
}

/// An account that is to be told of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Found {
    /// How it stands.
    pub situation: Situation,
    /// The account of the referential.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uuid: Option<String>,
    /// Its id at Google.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub google_id: Option<String>,
    /// Its primary address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub primary_email: Option<String>,
    /// What differs.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<Field>,
    /// Where it stands that cannot be read, and why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

impl Found {
    /// Of which nothing is known but how it stands.
    pub fn new(situation: Situation) -> Self {
        Found { situation, uuid: None, google_id: None, primary_email: None, fields: Vec::new(), note: None }
    }

    /// What differs, in words of one line.
    pub fn words(&self) -> String {
        let field = |field: &Field| {
            let Field { name, ours, theirs, why } = field;
            format!("{name}: {ours:?} here, {theirs:?} there ({})", why.as_str())
        };
        self.fields.iter().map(field).chain(self.note.clone()).collect::<Vec<_>>().join("; ")
    }
}

/// What a comparison came to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Report {
    /// How many accounts stand how: each situation has its number, also when that is 0.
    pub counts: BTreeMap<String, usize>,
    /// Those that are not the same, what is worst first.
    pub accounts: Vec<Found>,
    /// So many more are not listed.
    pub not_listed: usize,
    /// So many accounts were there that Google's listing lacked.
    pub listing_was_short_of: usize,
    /// So many accounts were there that the referential's listing lacked.
    pub referential_was_short_of: usize,
}

impl Report {
    /// Of all accounts; `only` = those that are listed one by one, an empty list = all that are not the same.
    pub fn of(found: Vec<Found>, only: &[Situation]) -> Self {
        let mut counts: BTreeMap<String, usize> =
            Situation::ALL.iter().map(|situation| (situation.as_str().to_owned(), 0)).collect();
        for found in &found {
            *counts.entry(found.situation.as_str().to_owned()).or_default() += 1;
        }
        let is_told = |found: &Found| match only {
            [] => found.situation != Situation::Same,
            only => only.contains(&found.situation),
        };
        let mut accounts: Vec<_> = found.into_iter().filter(is_told).collect();
        accounts.sort_by(|one, other| {
            (one.situation, &one.uuid, &one.google_id).cmp(&(other.situation, &other.uuid, &other.google_id))
        });
        let not_listed = accounts.len().saturating_sub(TOLD);
        accounts.truncate(TOLD);
        Report { counts, accounts, not_listed, ..Report::default() }
    }

    /// Reads it in what is told of a job, wherever it stands there.
    pub fn find(told: &Value) -> Option<Self> {
        match told {
            Value::Object(members) if members.contains_key("counts") => {
                serde_json::from_value(told.clone()).ok()
            }
            Value::Object(members) => members.values().find_map(Report::find),
            Value::Array(items) => items.iter().find_map(Report::find),
            _ => None,
        }
    }

    /// How many accounts stand so.
    pub fn count(&self, situation: Situation) -> usize {
        self.counts.get(situation.as_str()).copied().unwrap_or_default()
    }

    /// Whether all accounts say the same on both sides.
    pub fn is_same(&self) -> bool {
        Situation::ALL.into_iter().all(|one| one == Situation::Same || self.count(one) == 0)
    }

    /// The counts in words of one line.
    pub fn summary(&self) -> String {
        let counts = Situation::ALL.into_iter().rev().map(|one| (self.count(one), one.as_str()));
        let said: Vec<_> =
            counts.filter(|(count, _)| *count > 0).map(|(count, word)| format!("{count} {word}")).collect();
        if said.is_empty() { "no account has a Google account".to_owned() } else { said.join(", ") }
    }
}
