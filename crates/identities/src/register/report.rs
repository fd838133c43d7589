//! What an import came to, within bounds, in the order of the file's lines. Pure.

use std::collections::BTreeMap;

use serde_json::Value;

use super::import::{Outcome, Written};
use crate::import::short;
use crate::state::State;

/// Reasons that are listed; what has others is counted.
const LISTED: usize = 10_000;
/// Records with one reason are listed one by one up to here; more of them are one cause.
const ALIKE: usize = 3;
/// Runs of lines that are named of one cause.
const RUNS: usize = 1_000;
/// People of whom it is told who they are and what changes.
const SHOWN: usize = 100;
/// Members that are counted by name.
const MEMBERS: usize = 200;
/// Characters of a value that are shown.
const LONG: usize = 120;

/// What an import came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Imported {
    /// Identities that were not there.
    pub new: u64,
    /// Those that say something else now.
    pub changed: u64,
    /// Those that say the same as before.
    pub unchanged: u64,
    /// Of the new and changed ones: something is missing in them.
    pub incomplete: u64,
    /// Of the changed ones: somebody set them aside, and they stay so.
    pub aside: u64,
    /// Passwords that were left out.
    pub passwords: u64,
    /// Records that could not be used.
    pub refused: u64,
    /// Columns of a table that become nothing, and of which nobody said so.
    pub unused: Vec<String>,
    /// The first of the new ones.
    pub people: Vec<Met>,
    /// The first of the changed ones.
    pub changes: Vec<Change>,
    /// How many each member is changed of.
    pub members: BTreeMap<String, u64>,
    /// Lines of what could not be used, by reason.
    reasons: BTreeMap<String, Vec<u64>>,
    /// Where what is not listed begins, and how much it is.
    more: Option<(u64, u64)>,
}

/// Somebody in a file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Met {
    /// The line on which the record begins.
    pub line: u64,
    /// Who.
    pub id: String,
    /// The name for people.
    pub label: String,
    /// What is needed and not there.
    pub missing: Vec<&'static str>,
}

/// Somebody who says something else now.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Change {
    /// Who.
    pub met: Met,
    /// In what.
    pub members: Vec<Member>,
    /// It was deleted, and comes back.
    pub back: bool,
}

/// A member that is changed, with what was there and what is there now, cut short.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Member {
    /// Its place, as a mapping would name it.
    pub name: String,
    /// What was there.
    pub before: Option<String>,
    /// What is there now.
    pub after: Option<String>,
}

/// Records that could not be used for one reason.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Refused {
    /// The line of the first of them.
    pub line: u64,
    /// Why.
    pub reason: String,
    /// How many they are.
    pub count: u64,
    /// The lines of the others, from one to another.
    pub others: Vec<(u64, u64)>,
}

impl Member {
    pub(super) fn new(place: &str, before: Option<&Value>, after: Option<&Value>) -> Self {
        Member { name: short(place).to_owned(), before: before.map(shown), after: after.map(shown) }
    }
}

/// A value for people to read.
fn shown(value: &Value) -> String {
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Array(items) if items.iter().all(|item| !item.is_array() && !item.is_object()) => {
            items.iter().map(shown).collect::<Vec<_>>().join(", ")
        }
        other => other.to_string(),
    };
    match text.char_indices().nth(LONG) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text,
    }
}

impl Imported {
    pub(super) fn new(unused: Vec<String>) -> Self {
        Imported { unused, ..Imported::default() }
    }

    pub(super) fn add(&mut self, line: u64, outcome: Written) {
        let (outcome, state, passwords) = match outcome {
            Ok(outcome) => outcome,
            Err(why) => return self.refuse(line, why),
        };
        self.passwords += u64::try_from(passwords).unwrap_or(u64::MAX);
        match outcome {
            Outcome::New(met) => {
                self.new += 1;
                self.people.push(met);
            }
            Outcome::Changed(change) => {
                self.changed += 1;
                for member in &change.members {
                    if self.members.len() < MEMBERS || self.members.contains_key(&member.name) {
                        *self.members.entry(member.name.clone()).or_default() += 1;
                    }
                }
                self.aside += u64::from(state == State::NotToSynchronise);
                self.changes.push(change);
            }
            Outcome::Unchanged => return self.unchanged += 1,
        }
        self.incomplete += u64::from(state == State::ToComplete);
    }

    fn refuse(&mut self, line: u64, why: String) {
        self.refused += 1;
        if self.reasons.len() < LISTED || self.reasons.contains_key(&why) {
            self.reasons.entry(why).or_default().push(line);
        } else {
            let (first, count) = self.more.unwrap_or((line, 0));
            self.more = Some((first.min(line), count.saturating_add(1)));
        }
    }

    /// Keeps what is shown of people within its bound: those of the first lines.
    pub(super) fn shorten(&mut self) {
        self.people.sort();
        self.people.truncate(SHOWN);
        self.changes.sort();
        self.changes.truncate(SHOWN);
    }

    /// What could not be used, in the order of the lines; what many records have in common is one entry.
    pub fn bad(&self) -> Vec<Refused> {
        let mut bad = Vec::new();
        for (reason, lines) in &self.reasons {
            let one = |line: u64| Refused { line, reason: reason.clone(), count: 1, others: Vec::new() };
            let mut lines = lines.clone();
            lines.sort_unstable();
            match lines.split_first() {
                Some((first, others)) if lines.len() > ALIKE => bad.push(Refused {
                    count: u64::try_from(lines.len()).unwrap_or(u64::MAX),
                    others: runs(others),
                    ..one(*first)
                }),
                _ => bad.extend(lines.iter().map(|line| one(*line))),
            }
        }
        bad.extend(self.more.map(|(line, count)| Refused {
            line,
            reason: format!("{count} more records cannot be used, from this line on: mend those above first"),
            count,
            others: Vec::new(),
        }));
        bad.sort();
        bad
    }
}

/// Lines as runs of neighbours.
fn runs(lines: &[u64]) -> Vec<(u64, u64)> {
    let mut runs: Vec<(u64, u64)> = Vec::new();
    for line in lines {
        match runs.last_mut().filter(|(_, last)| *last + 1 == *line) {
            Some((_, last)) => *last = *line,
            None => runs.push((*line, *line)),
        }
    }
    runs.truncate(RUNS);
    runs
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn one_cause_is_one_report() {
        let mut report = Imported::default();
        for line in [9, 3, 4, 5, 12, 2, 7] {
            report.add(line, Err(if line == 7 { "other" } else { "same" }.to_owned()));
        }
        let said: Vec<_> =
            report.bad().into_iter().map(|bad| (bad.line, bad.reason, bad.count, bad.others)).collect();
        assert_eq!(
            said,
            [(2, "same".to_owned(), 6, vec![(3, 5), (9, 9), (12, 12)]), (7, "other".to_owned(), 1, vec![]),]
        );
        assert_eq!(report.refused, 7);
    }

    #[test]
    fn a_report_is_bounded_whatever_the_file_is() {
        let mut report = Imported::default();
        for line in (0..20_000).rev() {
            report.add(line, Err(format!("reason {line}")));
            let met = Met { line, id: String::new(), label: String::new(), missing: Vec::new() };
            let member = Member::new(&format!("/a/{line}"), None, Some(&json!("x".repeat(500))));
            assert_eq!(member.after.as_ref().map(|text| text.chars().count()), Some(LONG + 1));
            let change = Change { met, members: vec![member], back: false };
            report.add(line, Ok((Outcome::Changed(change), State::ToValidate, 0)));
            report.shorten();
        }
        assert_eq!((report.refused, report.changed), (20_000, 20_000));
        let bad = report.bad();
        assert_eq!((bad.len(), bad[0].line, bad[0].count), (LISTED + 1, 0, 10_000));
        assert_eq!(
            (report.changes.len(), report.members.len(), report.changes[0].met.line),
            (SHOWN, MEMBERS, 0)
        );
    }

    #[test]
    fn values_are_shown_as_people_write_them() {
        let member = Member::new("/inetOrgPerson/mail", Some(&json!(["a", 2])), Some(&json!({"x": 1})));
        assert_eq!(member.name, "mail");
        assert_eq!((member.before.as_deref(), member.after.as_deref()), (Some("a, 2"), Some("{\"x\":1}")));
    }
}
