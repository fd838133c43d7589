//! Writing what a file said.

use engine::{Actor, AuditEntry};
use futures_util::{Stream, StreamExt as _, TryStreamExt as _, stream};
use model::{Code, json};
use serde_json::Map;

use super::begun::Begun;
use super::feed::Portions;
use super::report::{Change, Imported, Member, Met};
use super::{Register, Stamp, TRIES};
use crate::document;
use crate::error::Error;
use crate::identity::Identity;
use crate::import::{Ready, Record};
use crate::state::{Hindrance, State};

/// Records that are written at once.
const AT_ONCE: usize = 64;

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

/// What became of a record.
pub(super) enum Outcome {
    New(Met),
    Changed(Change),
    Unchanged,
}

/// What became of it, the state in which it is then, and the passwords that were left out; or what is wrong with it.
pub(super) type Written = Result<(Outcome, State, usize), String>;

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
        let mut report = Imported::new(std::mem::take(&mut portions.unused));
        let by = self.stamp(actor);
        let imported = Code::from_static("imported");
        let begun = Begun::new(AuditEntry::new(
            actor,
            "identities",
            imported.clone(),
            "imported: an import was begun",
        ));
        let (mut count, mut done) = (0, Ok(()));
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
            report.shorten();
        }
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
                Ok(ready) => self.take_over(line, ready, options, by, begun).await?,
                Err(why) => Err(why),
            };
            Ok((line, outcome))
        };
        stream::iter(records).map(one).buffer_unordered(AT_ONCE)
    }

    /// Writes one record over what is there; an `Err` inside is what is wrong with it.
    async fn take_over(
        &self,
        line: u64,
        ready: Ready,
        options: Options,
        by: &Stamp,
        begun: &Begun,
    ) -> Result<Written, Error> {
        for _ in 0..TRIES {
            let found = match self.find_one(&ready.id).await {
                Err(error @ Error::Damaged { .. }) => return Ok(Err(error.to_string())),
                found => found?,
            };
            let state = found.as_ref().map(|identity| identity.state);
            if ready.deleted {
                return Ok(match state {
                    // An export that comes back brings nobody back.
                    Some(State::Deleted) => Ok((Outcome::Unchanged, State::Deleted, ready.passwords)),
                    _ => Err("the file says that it is deleted: take that out of the file to import it all the same"
                        .to_owned()),
                });
            }
            let (mut identity, outcome) = match laid_over(line, &ready, found, by) {
                Ok(Some(laid)) => laid,
                Ok(None) => {
                    return Ok(Ok((Outcome::Unchanged, state.unwrap_or(State::ToValidate), ready.passwords)));
                }
                Err(why) => return Ok(Err(why)),
            };
            if options.validated && identity.state == State::ToValidate {
                identity.move_to(State::ToSynchronise);
            }
            let claim = match self.claim(&identity.id, &identity.kept.document).await {
                Err(taken @ Error::Taken { .. }) => return Ok(Err(taken.to_string())),
                claim => claim?,
            };
            let written = Ok(Ok((outcome, identity.state, ready.passwords)));
            if options.dry_run {
                return written;
            }
            match self.write_one(&identity, claim, begun).await {
                Err(error) if error.is_conflict() => {}
                Ok(()) => return written,
                Err(error) => return Err(error),
            }
        }
        Ok(Err(Hindrance::Changed.sentence().to_owned()))
    }
}

/// An identity as it is once a record is laid over it, and what became of it; `None` = it says the same as before.
fn laid_over(
    line: u64,
    ready: &Ready,
    found: Option<Identity>,
    by: &Stamp,
) -> Result<Option<(Identity, Outcome)>, String> {
    let known = found.as_ref().map(|identity| (identity.kept.document.clone(), identity.state));
    let mut document = known.as_ref().map(|(document, _)| document.clone()).unwrap_or_default();
    ready.lay_over(&mut document);
    if json::check_part(&document).is_ok_and(|weight| weight > LARGEST) {
        return Err(format!("with what is there it would take more than {} MiB of memory", LARGEST >> 20));
    }
    let met = |identity: &Identity| Met {
        line,
        id: identity.id.clone(),
        label: document::label(&identity.kept.document),
        missing: document::missing(&identity.kept.document),
    };
    let Some((before, state)) = known else {
        let identity = Identity::new(ready.id.clone(), document, by.clone());
        let outcome = Outcome::New(met(&identity));
        return Ok(Some((identity, outcome)));
    };
    let Some(mut identity) = found else { return Ok(None) };
    if !identity.edit(document, by.clone()) {
        return Ok(None);
    }
    let members = members(&before, &identity.kept.document);
    let outcome = Outcome::Changed(Change { met: met(&identity), members, back: state == State::Deleted });
    Ok(Some((identity, outcome)))
}

/// The members that a record changes.
fn members(before: &Map<String, serde_json::Value>, after: &Map<String, serde_json::Value>) -> Vec<Member> {
    document::altered(before, after)
        .into_iter()
        .map(|(place, old, new)| Member::new(&place, old, new))
        .collect()
}
