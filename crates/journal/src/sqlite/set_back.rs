//! What waits for a time that no rule allows is brought back: it was written while the clock ran ahead.

use std::time::Duration;

use jiff::Timestamp;
use model::believe::within;
use model::word::code;
use model::{Class, JobId};
use rusqlite::{Row, params};

use super::code::{Raw, Time, Word};
use super::tx::{Ready, Tx};
use super::{order, row};
use crate::error::Error;
use crate::rules::order::{First, believed};

/// So many jobs are looked at in one commit.
const BATCH: usize = 500;

/// How far it has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Cursor {
    /// The lanes after this one; so many were brought back.
    Lanes(Raw, u64),
    /// The jobs of this lane and class that are due after this time and number.
    Lane(Raw, Class, (i64, i64), u64),
    Secrets(u64),
    Done(u64),
}

impl Cursor {
    pub(super) fn start() -> Self {
        Cursor::Lanes(Raw::first(), 0)
    }
}

/// Takes one small step and returns where to go on.
pub(super) fn step(
    tx: &mut Tx<'_>,
    cursor: Cursor,
    now: Timestamp,
    keep_secrets: Duration,
) -> Result<Cursor, Error> {
    match cursor {
        Cursor::Lanes(after, moved) => lanes(tx, after, moved, now),
        Cursor::Lane(lane, class, after, moved) => jobs(tx, lane, class, after, moved, now),
        Cursor::Secrets(moved) => secrets(tx, moved, now, keep_secrets),
        Cursor::Done(moved) => Ok(Cursor::Done(moved)),
    }
}

/// Looks for the next lane in which a job waits for a later time: one step through the index for each.
fn lanes(tx: &Tx<'_>, mut after: Raw, moved: u64, now: Timestamp) -> Result<Cursor, Error> {
    loop {
        let next = tx.sql.first(
            "SELECT lane, EXISTS (
                 SELECT 1 FROM job AS later INDEXED BY job_ready
                 WHERE later.head = 1 AND later.state IN (0, 2) AND later.lane = job.lane AND later.class IN (0, 1)
                   AND later.due_at > ?2)
             FROM job INDEXED BY job_ready WHERE head = 1 AND state IN (0, 2) AND lane > ?1 ORDER BY lane LIMIT 1",
            params![after, Time(now)],
            |row| Ok((Raw::get(row, 0)?, row.get::<_, bool>(1)?)),
        )?;
        match next {
            // A damaged index may lead back.
            Some((lane, _)) if lane <= after => return Ok(Cursor::Secrets(moved)),
            None => return Ok(Cursor::Secrets(moved)),
            // What the failsafe holds keeps its times: these are its order, and nothing waits for them.
            Some((lane, true)) if !lane.begins_with(b'!') => {
                return Ok(Cursor::Lane(lane, Class::Interactive, beginning(now), moved));
            }
            Some((lane, _)) => after = lane,
        }
    }
}

/// A job that waits for a later time.
struct Waiting {
    seq: i64,
    id: JobId,
    lane: String,
    first: First,
    /// Its backend said until when.
    told: bool,
}

impl Waiting {
    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Waiting {
            seq: row.get(0)?,
            id: row::job_id(row, 1)?,
            lane: row.get(4)?,
            told: row.get(8)?,
            first: First {
                state: row::word(row, 2)?,
                class: row::word(row, 3)?,
                due_at: row::time(row, 5)?,
                attempted_at: row::maybe_time(row, 6)?,
                not_before: row::maybe_time(row, 7)?,
            },
        })
    }
}

/// Everything that is due later than now comes after this.
fn beginning(now: Timestamp) -> (i64, i64) {
    (now.as_millisecond(), i64::MAX)
}

fn jobs(
    tx: &mut Tx<'_>,
    lane: Raw,
    class: Class,
    after: (i64, i64),
    mut moved: u64,
    now: Timestamp,
) -> Result<Cursor, Error> {
    // One that cannot be read is ended when it is met.
    let found: Vec<((i64, i64), Option<Waiting>)> = tx.sql.all(
        "SELECT seq, id, state, class, lane, due_at, max(coalesce(attempted_at, started_at), coalesce(started_at, attempted_at)),
                not_before, code IN (?6, ?7) IS TRUE FROM job INDEXED BY job_ready
         WHERE head = 1 AND state IN (0, 2) AND lane = ?1 AND class = ?2 AND (due_at, seq) > (?3, ?4)
           AND typeof(due_at) = 'integer'
         ORDER BY due_at, seq LIMIT ?5",
        params![lane, Word(class), after.0, after.1, BATCH, code::WAIT.as_str(), code::WAIT_BACKEND.as_str()],
        |row| Ok(((row.get(5)?, row.get(0)?), Waiting::read(row).ok())),
    )?;
    for job in found.iter().filter_map(|(_, job)| job.as_ref()) {
        let Waiting { seq, id, lane, first, told } = job;
        let believed = believed(first, *told, now);
        if believed != first.due_at {
            order::bring_back(tx, *seq, believed)?;
            tx.due(Ready { id: *id, seq: *seq, lane, class: first.class, due_at: believed });
            moved += 1;
        }
    }
    Ok(match (found.last(), class) {
        (Some((last, _)), _) => Cursor::Lane(lane, class, *last, moved),
        (None, Class::Interactive) => Cursor::Lane(lane, Class::Bulk, beginning(now), moved),
        (None, Class::Bulk) => Cursor::Lanes(lane, moved),
    })
}

/// Secrets that would be kept for longer than they may.
fn secrets(tx: &Tx<'_>, moved: u64, now: Timestamp, keep: Duration) -> Result<Cursor, Error> {
    let latest = within(Timestamp::MAX, keep, now);
    let shortened = tx.sql.execute(
        "UPDATE secret SET scrub_at = ?1 WHERE scrub_at IS NOT NULL AND scrub_at > ?1",
        params![Time(latest)],
    )?;
    Ok(Cursor::Done(moved + u64::try_from(shortened).unwrap_or_default()))
}
