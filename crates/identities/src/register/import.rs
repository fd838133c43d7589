//! Writing what a file said.

use engine::{Actor, AuditEntry};
use futures_util::{Stream, StreamExt as _, TryStreamExt as _, stream};
use model::{Code, json};
use serde_json::Map;

use super::begun::Begun;
use super::feed::Portions;
use super::{Register, Stamp, TRIES};
use crate::error::Error;
use crate::identity::Identity;
use crate::import::{Ready, Record};
use crate::state::{Hindrance, State};

/// Records that are written at once.
const AT_ONCE: usize = 64;
/// Records that cannot be used are listed up to here; the others are counted.
const LISTED: usize = 10_000;

/// What several imports put together takes no more memory, in bytes.
const LARGEST: usize = 32 << 20;

/// How a file is imported.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// Only say what would be done.
    pub dry_run: bool,
    /// Somebody has looked at the file: what is new or changed goes out with the next synchronisation.
    pub validated: bool,
}

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
    /// Passwords that were left out.
    pub passwords: u64,
    /// Columns of a table that become nothing, and of which nobody said so.
    pub unused: Vec<String>,
    /// The records that could not be used: line, and why. Of very many the last entry counts the rest.
    pub bad: Vec<(u64, String)>,
}

/// What became of a record.
enum Outcome {
    New(State),
    Changed(State),
    Unchanged,
}

/// What became of it, and the passwords that were left out; or what is wrong with it.
type Written = Result<(Outcome, usize), String>;

impl Register {
    /// Imports records. Whatever happens in between, doing it again goes on where it was left: what is there already
    /// changes nothing. `handled` is told how many records are done.
    pub async fn import(
        &self,
        mut portions: Portions,
        options: Options,
        actor: &Actor,
        mut handled: impl FnMut(u64),
    ) -> Result<Imported, Error> {
        let mut report = Imported { unused: std::mem::take(&mut portions.unused), ..Imported::default() };
        let by = self.stamp(actor);
        let imported = Code::from_static("imported");
        let begun = Begun::new(AuditEntry::new(
            actor,
            "identities",
            imported.clone(),
            "imported: an import was begun",
        ));
        let (mut count, mut done, mut more) = (0, Ok(()), None);
        while let (Ok(()), Some(portion)) = (&done, portions.next().await) {
            done = self
                .write_over(portion, options, &by, &begun)
                .try_for_each(|(line, outcome)| {
                    report.add(line, outcome);
                    count += 1;
                    handled(count);
                    std::future::ready(Ok(()))
                })
                .await;
            report.shorten(&mut more);
        }
        report.bad.sort();
        report.bad.extend(more.map(|(line, more): (u64, u64)| {
            (line, format!("{more} more records cannot be used, from this line on: mend those above first"))
        }));
        if report.new + report.changed > 0 && !options.dry_run {
            let message = format!("imported: {} new, {} changed", report.new, report.changed);
            let entry = AuditEntry::new(actor, "identities", imported, message);
            self.hub.audit_when_possible(entry).await?;
        }
        done.map(|()| report)
    }

    /// Writes records over what is there, many at once.
    fn write_over<'r>(
        &'r self,
        records: Vec<Record>,
        options: Options,
        by: &'r Stamp,
        begun: &'r Begun,
    ) -> impl Stream<Item = Result<(u64, Written), Error>> + 'r {
        let one = move |Record { line, identity }| async move {
            let outcome = match identity {
                Ok(ready) => self.take_over(ready, options, by, begun).await?,
                Err(why) => Err(why),
            };
            Ok((line, outcome))
        };
        stream::iter(records).map(one).buffer_unordered(AT_ONCE)
    }

    /// Writes one record over what is there; an `Err` inside is what is wrong with it.
    async fn take_over(
        &self,
        ready: Ready,
        options: Options,
        by: &Stamp,
        begun: &Begun,
    ) -> Result<Written, Error> {
        for _ in 0..TRIES {
            let passwords = ready.passwords;
            let found = match self.find_one(&ready.id).await {
                Err(error @ Error::Damaged { .. }) => return Ok(Err(error.to_string())),
                found => found?,
            };
            let (mut identity, known) = match found {
                None => {
                    let mut document = Map::new();
                    ready.lay_over(&mut document);
                    (Identity::new(ready.id.clone(), document, by.clone()), false)
                }
                Some(mut identity) => {
                    let mut document = identity.kept.document.clone();
                    ready.lay_over(&mut document);
                    if json::check_part(&document).is_ok_and(|weight| weight > LARGEST) {
                        let most = LARGEST >> 20;
                        return Ok(Err(format!(
                            "with what is there it would take more than {most} MiB of memory"
                        )));
                    }
                    if !identity.edit(document, by.clone()) {
                        return Ok(Ok((Outcome::Unchanged, passwords)));
                    }
                    (identity, true)
                }
            };
            if options.validated && identity.state == State::ToValidate {
                identity.move_to(State::ToSynchronise);
            }
            let outcome = if known { Outcome::Changed } else { Outcome::New }(identity.state);
            let claim = match self.claim(&identity.id, &identity.kept.document).await {
                Err(taken @ Error::Taken { .. }) => return Ok(Err(taken.to_string())),
                claim => claim?,
            };
            if options.dry_run {
                return Ok(Ok((outcome, passwords)));
            }
            match self.write_one(&identity, claim, begun).await {
                Err(error) if error.is_conflict() => {}
                Ok(()) => return Ok(Ok((outcome, passwords))),
                Err(error) => return Err(error),
            }
        }
        Ok(Err(Hindrance::Changed.sentence().to_owned()))
    }
}

impl Imported {
    /// Keeps what is listed within its bound: `more` is where the rest begins, and how much it is.
    fn shorten(&mut self, more: &mut Option<(u64, u64)>) {
        if self.bad.len() <= LISTED {
            return;
        }
        self.bad.sort();
        let rest = self.bad.split_off(LISTED);
        let (first, count) =
            (rest.iter().map(|(line, _)| *line).min(), u64::try_from(rest.len()).unwrap_or(u64::MAX));
        let (line, before) = more.unwrap_or((first.unwrap_or_default(), 0));
        *more = Some((line, before.saturating_add(count)));
    }

    fn add(&mut self, line: u64, outcome: Written) {
        let (outcome, passwords) = match outcome {
            Ok(outcome) => outcome,
            Err(why) => return self.bad.push((line, why)),
        };
        self.passwords += u64::try_from(passwords).unwrap_or(u64::MAX);
        let state = match outcome {
            Outcome::New(state) => {
                self.new += 1;
                state
            }
            Outcome::Changed(state) => {
                self.changed += 1;
                state
            }
            Outcome::Unchanged => return self.unchanged += 1,
        };
        self.incomplete += u64::from(state == State::ToComplete);
    }
}
