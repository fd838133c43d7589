//! Following the schools of a table: what could not be done is named with its line.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use engine::Actor;
use futures_util::{StreamExt as _, stream};

use super::Tracker;
use super::act::{How, NewSchool};
use super::error::{Error, Trouble};
use super::hosts::OWN;
use super::table::{Encoding, Table};

/// So often a host that does not answer is tried before the rest of its rows is left.
const ENOUGH: usize = 3;

/// A row that cannot be used, or could not be carried out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadRow {
    /// Its line, from 1.
    pub line: u64,
    /// What is wrong.
    pub reason: String,
}

/// What came of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bulk {
    /// How it was written.
    pub encoding: Encoding,
    /// How schools came to be followed, and how many in each way.
    pub done: BTreeMap<How, usize>,
    /// Rows that could not be used.
    pub bad: Vec<BadRow>,
    /// Columns that nobody knows.
    pub unused: Vec<String>,
    /// Nothing was done, since there are bad rows and nobody said that they are to be left out.
    pub untouched: bool,
}

/// How it is to be done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Manner {
    /// Rows that cannot be used are left out; otherwise nothing is done when there are any.
    pub leave_out: bool,
    /// Schools are told of the state in which they are found.
    pub tell: bool,
}

/// How far it is.
#[derive(Default)]
struct Tally {
    done: BTreeMap<How, usize>,
    bad: Vec<BadRow>,
    /// Failures of hosts as a whole, with nothing in between.
    failures: BTreeMap<String, usize>,
}

impl Tracker {
    /// Follows the schools of a table; `progress` is told how many rows were handled. The same table once more goes on where
    /// this ended: what is followed stays as it is.
    pub async fn follow_all(
        &self,
        table: Table,
        manner: Manner,
        actor: &Actor,
        mut progress: impl FnMut(usize),
    ) -> Result<Bulk, Error> {
        let Table { encoding, mut rows, mut bad, unused } = table;
        let known: BTreeSet<&str> = self.0.hosts.names().collect();
        for (line, school) in rows.extract_if(.., |(_, school)| !known.contains(school.host.as_str())) {
            bad.push(BadRow { line, reason: self.no_host(&school.host).to_string() });
        }
        bad.sort_by_key(|row| row.line);
        if !bad.is_empty() && !manner.leave_out {
            return Ok(Bulk { encoding, done: BTreeMap::new(), bad, unused, untouched: true });
        }
        let tally = Mutex::new(Tally { bad, ..Tally::default() });
        let mut rows = stream::iter(rows)
            .map(|(line, school)| self.row(line, NewSchool { tell: manner.tell, ..school }, actor, &tally))
            .buffer_unordered(self.0.at_once);
        let mut handled = 0;
        while let Some(followed) = rows.next().await {
            followed?;
            handled += 1;
            progress(handled);
        }
        drop(rows);
        let Tally { done, mut bad, .. } = tally.into_inner().unwrap_or_else(PoisonError::into_inner);
        bad.sort_by_key(|row| row.line);
        Ok(Bulk { encoding, done, bad, unused, untouched: false })
    }

    /// One row. An error ends all of it: the hub itself cannot go on.
    async fn row(
        &self,
        line: u64,
        school: NewSchool,
        actor: &Actor,
        tally: &Mutex<Tally>,
    ) -> Result<(), Error> {
        let host = school.host.clone();
        let failures = locked(tally).failures.get(&host).copied().unwrap_or_default();
        let followed = if failures < ENOUGH {
            self.follow(school, actor).await
        } else {
            let why = "it does not answer; the same table once more goes on with this row".to_owned();
            Err(Error::Host { host: host.clone(), trouble: Trouble::Down { why, retry_after: None } })
        };
        let mut tally = locked(tally);
        match followed {
            Ok(created) => {
                tally.failures.remove(&host);
                *tally.done.entry(created.how).or_default() += 1;
            }
            Err(error @ (Error::Engine(_) | Error::Journal(_))) => return Err(error),
            Err(error) => {
                if matches!(&error, Error::Host { trouble, .. } if trouble.is_of_host()) {
                    *tally.failures.entry(host).or_default() += 1;
                }
                tally.bad.push(BadRow { line, reason: error.to_string() });
            }
        }
        Ok(())
    }

    /// There is no such host.
    pub(super) fn no_host(&self, name: &str) -> Error {
        debug_assert_ne!(name, OWN);
        Error::NoHost { name: name.to_owned(), known: self.0.hosts.names().collect::<Vec<_>>().join(", ") }
    }
}

fn locked(tally: &Mutex<Tally>) -> MutexGuard<'_, Tally> {
    tally.lock().unwrap_or_else(PoisonError::into_inner)
}
