//! What an import says while it goes on, and at its end.

use std::collections::BTreeMap;

use http::Problem;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::register;

/// What is sent along with a file, as a form (`multipart/form-data`).
#[derive(ToSchema)]
pub struct Given {
    /// The file.
    #[schema(value_type = String, format = Binary)]
    #[allow(dead_code, reason = "only described")]
    file: Vec<u8>,
    /// What becomes what, in YAML; without it documents are taken as they are, and columns by their names.
    #[allow(dead_code, reason = "only described")]
    mapping: Option<String>,
}

/// A line of the answer to an import: how far it is, and at last the report.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ImportLine {
    /// So many records are handled.
    Handled {
        /// So many.
        records: u64,
        /// Of these.
        of: u64,
    },
    /// It is done.
    Report(ImportReport),
    /// It broke off here. Doing it again goes on.
    Broken(Problem),
}

/// What an import came to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ImportReport {
    /// Nothing was written.
    pub dry_run: bool,
    /// Identities that were not there.
    pub new: u64,
    /// Those that say something else now.
    pub changed: u64,
    /// Those that say the same as before.
    pub unchanged: u64,
    /// Of the new and changed ones: something is missing in them.
    pub incomplete: u64,
    /// Of the changed ones: somebody set them aside, and they stay so.
    #[serde(default)]
    pub aside: u64,
    /// Passwords that were left out: the register keeps none.
    pub passwords: u64,
    /// Records that could not be used.
    #[serde(default)]
    pub refused: u64,
    /// Columns of a table that become nothing, and of which nobody said so.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unused: Vec<String>,
    /// How many each member is changed of.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub members: BTreeMap<String, u64>,
    /// The first hundred of the changed ones, with what changes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<Changed>,
    /// The first hundred of the new ones.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub people: Vec<Brought>,
    /// The records that could not be used. What many have in common is one entry.
    pub bad: Vec<Bad>,
}

/// Somebody whom a file brings in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Brought {
    /// The line of the file on which the record begins.
    pub line: u64,
    /// Who.
    pub id: String,
    /// The name for people.
    pub label: String,
    /// Members of `inetOrgPerson` that are needed and not there.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub missing: Vec<String>,
}

/// Somebody whom a file changes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Changed {
    /// The line of the file on which the record begins.
    pub line: u64,
    /// Who.
    pub id: String,
    /// The name for people.
    pub label: String,
    /// It was deleted, and comes back.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub back: bool,
    /// What changes.
    pub members: Vec<ChangedMember>,
}

/// A member that is changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ChangedMember {
    /// Its name under `inetOrgPerson`, or its place as a JSON pointer.
    pub name: String,
    /// What was there, cut short; `null` = nothing.
    pub before: Option<String>,
    /// What is there now, cut short; `null` = nothing.
    pub after: Option<String>,
}

/// A record that could not be used, or several for one reason.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Bad {
    /// The line of the file on which it begins; of several that of the first one.
    pub line: u64,
    /// Why.
    pub reason: String,
    /// How many they are.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub count: u64,
    /// The lines of the others, from one to another.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub others: Vec<(u64, u64)>,
}

fn one() -> u64 {
    1
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands it so")]
fn is_one(count: &u64) -> bool {
    *count == 1
}

impl Bad {
    /// The lines of the others, `4–301, 305`.
    pub fn lines(&self) -> String {
        /// More runs of lines than these say nothing to anybody.
        const NAMED: usize = 8;
        let run =
            |(from, to): &(u64, u64)| if from == to { from.to_string() } else { format!("{from}–{to}") };
        let mut lines: Vec<String> = self.others.iter().take(NAMED).map(run).collect();
        if self.others.len() > NAMED {
            lines.push("…".to_owned());
        }
        lines.join(", ")
    }
}

impl ImportReport {
    pub(crate) fn new(imported: register::Imported, dry_run: bool) -> Self {
        let bad = imported.bad().into_iter().map(Bad::from).collect();
        let register::Imported { new, changed, unchanged, incomplete, aside, passwords, refused, .. } =
            imported;
        ImportReport {
            dry_run,
            new,
            changed,
            unchanged,
            incomplete,
            aside,
            passwords,
            refused,
            unused: imported.unused,
            members: imported.members,
            changes: imported.changes.into_iter().map(Changed::from).collect(),
            people: imported.people.into_iter().map(Brought::from).collect(),
            bad,
        }
    }
}

impl From<register::Refused> for Bad {
    fn from(refused: register::Refused) -> Self {
        let register::Refused { line, reason, count, others } = refused;
        Bad { line, reason, count, others }
    }
}

impl From<register::Met> for Brought {
    fn from(met: register::Met) -> Self {
        let register::Met { line, id, label, missing } = met;
        Brought { line, id, label, missing: missing.into_iter().map(str::to_owned).collect() }
    }
}

impl From<register::Change> for Changed {
    fn from(change: register::Change) -> Self {
        let register::Change { met: register::Met { line, id, label, .. }, members, back } = change;
        let member = |register::Member { name, before, after }| ChangedMember { name, before, after };
        Changed { line, id, label, back, members: members.into_iter().map(member).collect() }
    }
}
