//! The order of a subject's jobs (design §5, invariant 3): only the oldest live one, the head, may run.

use jiff::{SignedDuration, Timestamp};
use model::{Class, JobId, JobState};
use rusqlite::{Row, params};

use super::code::{Time, Word};
use super::row;
use super::tx::{Ready, Tx};
use crate::error::Error;

/// A retrying head is hurried at most so often.
const HURRY: SignedDuration = SignedDuration::from_secs(10);

/// The first live job of a subject.
struct First {
    seq: i64,
    id: JobId,
    state: JobState,
    class: Class,
    lane: String,
    due_at: Timestamp,
    attempted_at: Option<Timestamp>,
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
        })
    }

    fn ready(&self) -> Ready<'_> {
        Ready { id: self.id, seq: self.seq, lane: &self.lane, class: self.class, due_at: self.due_at }
    }
}

fn first(tx: &Tx<'_>, subject: &str) -> Result<Option<First>, Error> {
    Ok(tx.sql.first(
        "SELECT seq, id, state, class, lane, due_at, attempted_at FROM job INDEXED BY job_live
             WHERE subject = ?1 AND ended_at IS NULL ORDER BY seq LIMIT 1",
        [subject],
        First::read,
    )?)
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
    let Some(mut first) = first(tx, subject)? else { return Ok(true) };
    let (due_at, lent) = (first.due_at, first.class);
    if first.state == JobState::Retrying {
        let allowed = first.attempted_at.and_then(|t| t.checked_add(HURRY).ok()).unwrap_or(at);
        first.due_at = first.due_at.min(at.max(allowed));
    }
    if first.due_at != due_at {
        tx.sql
            .execute("UPDATE job SET due_at = ?2 WHERE seq = ?1", params![first.seq, Time(first.due_at)])?;
    }
    if class == Class::Interactive {
        tx.sql.execute(
            "UPDATE job INDEXED BY job_live SET class = ?2
                 WHERE subject = ?1 AND ended_at IS NULL AND class <> ?2",
            params![subject, Word(class)],
        )?;
        first.class = class;
    }
    if first.state != JobState::Running && (first.due_at, first.class) != (due_at, lent) {
        tx.due(first.ready());
    }
    Ok(false)
}

/// A head has ended: the next live job of its subject becomes head.
pub(super) fn leave(tx: &mut Tx<'_>, subject: &str) -> Result<(), Error> {
    let Some(first) = first(tx, subject)? else { return Ok(()) };
    tx.sql.execute("UPDATE job SET head = 1 WHERE seq = ?1", [first.seq])?;
    tx.due(first.ready());
    Ok(())
}
