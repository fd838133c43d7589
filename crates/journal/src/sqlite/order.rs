//! The order of a subject's jobs: only the oldest live one, the head, may run.

use jiff::Timestamp;
use model::word::code;
use model::{Class, JobId, JobState, Seq};
use rusqlite::{Row, params};

use super::code::{Time, Word};
use super::tx::{Ready, Tx};
use super::{number, row};
use crate::damage::{Damaged, Spot};
use crate::error::Error;
use crate::rules::order as rules;

/// The first live job of a subject.
struct First {
    seq: i64,
    id: JobId,
    state: JobState,
    class: Class,
    lane: String,
    due_at: Timestamp,
    attempted_at: Option<Timestamp>,
    not_before: Option<Timestamp>,
}

impl First {
    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(First {
            seq: row.get(0)?,
            id: row::job_id(row, 1)?,
            state: row::word(row, 2)?,
            class: row::word(row, 3)?,
            lane: row.get(4)?,
            due_at: row::time(row, 5)?,
            attempted_at: row::maybe_time(row, 6)?,
            not_before: row::maybe_time(row, 7)?,
        })
    }

    fn stands(&self) -> rules::First {
        let First { state, class, due_at, attempted_at, not_before, .. } = *self;
        rules::First { state, class, due_at, attempted_at, not_before }
    }

    fn ready(&self) -> Ready<'_> {
        Ready { id: self.id, seq: self.seq, lane: &self.lane, class: self.class, due_at: self.due_at }
    }
}

/// The first live job of a subject, or where it stands when it cannot be read.
fn first(tx: &Tx<'_>, subject: &str) -> Result<Option<Result<First, Damaged>>, Error> {
    let found = tx.sql.first(
        "SELECT seq, id, state, class, lane, due_at, attempted_at, not_before FROM job INDEXED BY job_live
             WHERE subject = ?1 AND ended_at IS NULL ORDER BY seq LIMIT 1",
        [subject],
        |row| Ok((row.get(0)?, First::read(row))),
    )?;
    let Some((seq, read)) = found else { return Ok(None) };
    match read.map_err(Error::from) {
        Ok(first) => Ok(Some(Ok(first))),
        Err(Error::Damaged(why)) => Ok(Some(Err(Damaged { spot: Spot::Job(Seq(seq)), why }))),
        Err(error) => Err(error),
    }
}

/// A job arrives at the end of its subject's line; returns whether it is the head. Someone before it that waits for
/// a retry is tried again soon, and someone who waits for an answer lends urgency to all before.
pub(super) fn arrive(
    tx: &mut Tx<'_>,
    subject: Option<&str>,
    class: Class,
    at: Timestamp,
) -> Result<bool, Error> {
    let Some(subject) = subject else { return Ok(true) };
    let mut first = match first(tx, subject)? {
        None => return Ok(true),
        Some(Ok(first)) => first,
        // It is told of after the commit, and ended; then this one is next.
        Some(Err(damaged)) => {
            tx.committed.damaged.push(damaged);
            return Ok(false);
        }
    };
    let arrival = rules::arrive(&first.stands(), class, at);
    if let Some(due_at) = arrival.hurry {
        hurry(tx, first.seq, due_at)?;
        first.due_at = due_at;
    }
    if let Some(class) = arrival.lend {
        tx.sql.execute(
            "UPDATE job INDEXED BY job_live SET class = ?2
                 WHERE subject = ?1 AND ended_at IS NULL AND class <> ?2",
            params![subject, Word(class)],
        )?;
        first.class = class;
    }
    if arrival.tell {
        tx.due(first.ready());
    }
    Ok(false)
}

/// A job that waits for a retry is due earlier, and so are its steps: all but those that their backends told to wait.
pub(super) fn hurry(tx: &Tx<'_>, seq: i64, at: Timestamp) -> Result<(), Error> {
    let [job, all] = code::WAITS;
    let (first, last) = number::steps_of(seq);
    tx.sql.execute("UPDATE job SET due_at = ?2 WHERE seq = ?1", params![seq, Time(at)])?;
    tx.sql.execute(
        "UPDATE step SET due_at = ?3 WHERE id BETWEEN ?1 AND ?2 AND due_at > ?3 AND (code IN (?4, ?5)) IS NOT TRUE",
        params![first, last, Time(at), job.as_str(), all.as_str()],
    )?;
    Ok(())
}

/// A job waits for a time that no rule allows, and is due earlier, and so are all of its steps.
pub(super) fn bring_back(tx: &Tx<'_>, seq: i64, at: Timestamp) -> Result<(), Error> {
    let (first, last) = number::steps_of(seq);
    tx.sql.execute("UPDATE job SET due_at = ?2 WHERE seq = ?1", params![seq, Time(at)])?;
    tx.sql.execute(
        "UPDATE step SET due_at = ?3 WHERE id BETWEEN ?1 AND ?2 AND due_at > ?3",
        params![first, last, Time(at)],
    )?;
    Ok(())
}

/// A head has ended: the next live job of its subject becomes head. It has waited for nothing else, and is due now
/// also when it was accepted under a clock that ran ahead. One that cannot be read is told of, to be ended.
pub(super) fn leave(tx: &mut Tx<'_>, subject: &str, at: Timestamp) -> Result<(), Error> {
    match first(tx, subject)? {
        None => {}
        Some(Err(damaged)) => tx.committed.damaged.push(damaged),
        Some(Ok(mut first)) => {
            first.due_at = rules::leave(&first.stands(), at);
            let values = params![first.seq, Time(first.due_at)];
            tx.sql.execute("UPDATE job SET head = 1, due_at = ?2 WHERE seq = ?1", values)?;
            tx.due(first.ready());
        }
    }
    Ok(())
}

/// A subject that cannot be read any more had a head: every subject gets one that has none.
pub(super) fn mend(tx: &mut Tx<'_>) -> Result<(), Error> {
    let headless: Vec<i64> = tx.sql.all(
        "SELECT seq FROM job WHERE head = 0 AND seq IN (
             SELECT min(seq) FROM job INDEXED BY job_live WHERE ended_at IS NULL AND subject IS NOT NULL GROUP BY subject)",
        [],
        |row| row.get(0),
    )?;
    for seq in headless {
        tx.sql.execute("UPDATE job SET head = 1 WHERE seq = ?1", [seq])?;
        let head = tx.sql.one(
            "SELECT seq, id, state, class, lane, due_at, attempted_at, not_before FROM job WHERE seq = ?1",
            [seq],
            |row| Ok(First::read(row)),
        )?;
        match head {
            Ok(head) => tx.due(head.ready()),
            Err(error) => {
                tx.committed.damaged.push(Damaged { spot: Spot::Job(Seq(seq)), why: error.to_string() });
            }
        }
    }
    Ok(())
}
