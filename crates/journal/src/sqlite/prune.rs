//! Retention: removes what is no longer kept, in small commits between which other work goes on.

use jiff::Timestamp;
use model::{JobState, RecordKind};
use rusqlite::params;

use super::code::{Time, Word};
use super::number;
use super::row;
use super::secret;
use super::tx::Tx;
use crate::change::Retention;
use crate::error::Error;

/// How many jobs and other big rows are looked at in one commit.
const BATCH: i64 = 64;
/// How many small rows are removed in one commit.
const MANY: i64 = 1000;

/// How far pruning has come. Everything is visited from the oldest to the newest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cursor {
    Secrets,
    /// Ended jobs after this seq; so many were removed.
    Jobs(i64, u64),
    /// External ids after this seq.
    Ids(i64, u64),
    /// Deliveries of no job, records, events.
    Rest(u64),
    Done(u64),
}

/// Takes one small step and returns where to go on.
pub(super) fn step(
    tx: &mut Tx<'_>,
    cursor: Cursor,
    keep: &Retention,
    at: Timestamp,
) -> Result<Cursor, Error> {
    raise_floors(tx)?;
    match cursor {
        Cursor::Secrets => secrets(tx, at),
        Cursor::Jobs(after, removed) => jobs(tx, after, removed, keep),
        Cursor::Ids(after, removed) => ids(tx, after, removed, keep),
        Cursor::Rest(removed) => rest(tx, removed, keep),
        Cursor::Done(removed) => Ok(Cursor::Done(removed)),
    }
}

/// Removes secrets whose time has come.
fn secrets(tx: &Tx<'_>, at: Timestamp) -> Result<Cursor, Error> {
    let seqs: Vec<i64> = tx.sql.all(
        "SELECT seq FROM secret INDEXED BY secret_scrub
         WHERE scrub_at IS NOT NULL AND scrub_at <= ?1 ORDER BY scrub_at LIMIT ?2",
        params![Time(at), BATCH],
        |row| row.get(0),
    )?;
    for seq in &seqs {
        secret::erase(&tx.sql, *seq)?;
        tx.sql.execute("UPDATE job SET secrets = 0 WHERE seq = ?1", [seq])?;
    }
    Ok(if seqs.is_empty() { Cursor::Jobs(0, 0) } else { Cursor::Secrets })
}

/// A job that may have to go.
struct Candidate {
    seq: i64,
    state: JobState,
    accepted_at: Timestamp,
    ended_at: Option<Timestamp>,
    /// It has a delivery that is still to be made.
    owes: bool,
}

fn jobs(tx: &mut Tx<'_>, after: i64, mut removed: u64, keep: &Retention) -> Result<Cursor, Error> {
    let kept: u64 = tx.sql.one("SELECT sum(jobs) FROM tally WHERE state > 2", [], |row| row.get(0))?;
    let mut excess = kept.saturating_sub(keep.jobs_max);
    let candidates = candidates(tx, after)?;
    for job in &candidates {
        // Nothing behind this one is older, and there are not too many.
        if excess == 0 && job.accepted_at >= keep.jobs_before {
            return Ok(Cursor::Ids(0, removed));
        }
        let Some(ended_at) = job.ended_at else { continue };
        if !job.owes && (excess > 0 || ended_at < keep.jobs_before) {
            remove_job(tx, job)?;
            removed += 1;
            excess = excess.saturating_sub(1);
        }
    }
    Ok(candidates.last().map_or(Cursor::Ids(0, removed), |last| Cursor::Jobs(last.seq, removed)))
}

fn candidates(tx: &Tx<'_>, after: i64) -> Result<Vec<Candidate>, Error> {
    let sql = "SELECT seq, state, accepted_at, ended_at, EXISTS (
                   SELECT 1 FROM delivery INDEXED BY delivery_job
                   WHERE delivery.job IS NOT NULL AND delivery.job = job.seq AND delivery.state = 0
               ) FROM job WHERE seq > ?1 ORDER BY seq LIMIT ?2";
    Ok(tx.sql.all(sql, [after, BATCH], |row| {
        Ok(Candidate {
            seq: row.get(0)?,
            state: row::word(row, 1)?,
            accepted_at: row::time(row, 2)?,
            ended_at: row::maybe_time(row, 3)?,
            owes: row.get(4)?,
        })
    })?)
}

/// Removes a job and all that belongs to it, but for its external id.
fn remove_job(tx: &mut Tx<'_>, job: &Candidate) -> Result<(), Error> {
    let seq = job.seq;
    secret::erase(&tx.sql, seq)?;
    for sql in [
        "DELETE FROM job WHERE seq = ?1",
        "DELETE FROM body WHERE seq = ?1",
        "DELETE FROM reply WHERE seq = ?1",
        "DELETE FROM delivery WHERE job = ?1",
    ] {
        tx.sql.execute(sql, [seq])?;
    }
    let (first, last) = number::steps_of(seq);
    tx.sql.execute("DELETE FROM step WHERE id BETWEEN ?1 AND ?2", [first, last])?;
    let (first, last) = number::attempts_of(seq);
    tx.sql.execute("DELETE FROM attempt WHERE id BETWEEN ?1 AND ?2", [first, last])?;
    tx.count(job.state, -1);
    Ok(())
}

/// Forgets the external ids of pruned jobs that are old enough.
fn ids(tx: &Tx<'_>, after: i64, removed: u64, keep: &Retention) -> Result<Cursor, Error> {
    let found: Vec<(i64, bool)> = tx.sql.all(
        "SELECT seq, EXISTS (SELECT 1 FROM job WHERE job.seq = external.seq) FROM external
         WHERE seq > ?1 AND at < ?2 ORDER BY seq LIMIT ?3",
        params![after, Time(keep.ids_before), BATCH],
        |row| Ok((row.get(0)?, row.get(1)?)),
    )?;
    for (seq, _) in found.iter().filter(|(_, used)| !used) {
        tx.sql.execute("DELETE FROM external WHERE seq = ?1", [seq])?;
    }
    Ok(found.last().map_or(Cursor::Rest(removed), |(seq, _)| Cursor::Ids(*seq, removed)))
}

/// Removes deliveries that belong to no job, records and events: as many as fit one commit.
fn rest(tx: &Tx<'_>, removed: u64, keep: &Retention) -> Result<Cursor, Error> {
    let deliveries = tx.sql.execute(
        "DELETE FROM delivery WHERE seq IN (
             SELECT seq FROM delivery INDEXED BY delivery_free
             WHERE job IS NULL AND ended_at IS NOT NULL AND ended_at < ?1 LIMIT ?2)",
        params![Time(keep.jobs_before), BATCH],
    )?;
    let mut records = 0;
    for (kind, before, most, batch) in [
        (RecordKind::Refusal, keep.records_before, keep.records_max, BATCH),
        (RecordKind::Audit, keep.records_before, keep.records_max, BATCH),
        (RecordKind::Message, keep.messages_before, keep.messages_max, MANY),
    ] {
        records += records_of(tx, kind, before, most, batch)?;
    }
    let last_event = tx.numbers.event - i64::try_from(keep.events_max).unwrap_or(i64::MAX);
    let events = tx.sql.execute(
        "DELETE FROM event WHERE seq IN (SELECT seq FROM event WHERE seq <= ?1 ORDER BY seq LIMIT ?2)",
        [last_event, MANY],
    )?;
    Ok(if deliveries + records + events == 0 { Cursor::Done(removed) } else { Cursor::Rest(removed) })
}

/// Removes records of a kind that are too old or too many. They are in the order of their times but for jumps of the
/// clock.
fn records_of(
    tx: &Tx<'_>,
    kind: RecordKind,
    before: Timestamp,
    most: u64,
    batch: i64,
) -> Result<usize, Error> {
    let too_many: Option<i64> = tx.sql.first(
        "SELECT seq FROM record INDEXED BY record_kind WHERE kind = ?1 ORDER BY seq DESC LIMIT 1 OFFSET ?2",
        params![Word(kind), i64::try_from(most).unwrap_or(i64::MAX)],
        |row| row.get(0),
    )?;
    let young: Option<i64> = tx.sql.first(
        "SELECT seq FROM record INDEXED BY record_kind WHERE kind = ?1 AND seq > ?2 AND at >= ?3
         ORDER BY seq LIMIT 1",
        params![Word(kind), too_many.unwrap_or(0), Time(before)],
        |row| row.get(0),
    )?;
    let last = young.map_or(tx.numbers.record, |seq| seq - 1);
    Ok(tx.sql.execute(
        "DELETE FROM record WHERE seq IN (
             SELECT seq FROM record INDEXED BY record_kind WHERE kind = ?1 AND seq <= ?2 ORDER BY seq LIMIT ?3)",
        params![Word(kind), last, batch],
    )?)
}

/// Remembers the last numbers given, so that none is given again when its row is gone.
fn raise_floors(tx: &Tx<'_>) -> Result<(), Error> {
    let numbers = tx.numbers;
    for (name, seq) in [
        ("job", numbers.job),
        ("delivery", numbers.delivery),
        ("record", numbers.record),
        ("event", numbers.event),
    ] {
        tx.sql.execute("UPDATE floor SET seq = ?2 WHERE name = ?1 AND seq < ?2", params![name, seq])?;
    }
    Ok(())
}
