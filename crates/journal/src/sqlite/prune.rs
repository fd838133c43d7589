//! Retention: removes what is no longer kept, in small commits between which other work goes on.

mod size;

use jiff::Timestamp;
use model::believe::is_ahead;
use model::{EventKind, JobId, JobState, RecordKind};
use rusqlite::params;
use uuid::Uuid;

use super::code::{Id, Time, Word};
use super::number;
use super::row;
use super::secret;
use super::tx::Tx;
use crate::change::{Pruned, Retention};
use crate::error::Error;
use crate::rules::retention::{self, Candidate, GIVEN_UP, made_before};

/// How many jobs and other big rows are looked at in one commit.
const BATCH: i64 = 128;
/// How many small rows are removed in one commit.
const MANY: i64 = 1000;
/// How many events are.
const EVENTS: i64 = 4096;

/// How far pruning has come. Everything is visited from the oldest to the newest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cursor {
    Secrets,
    /// Ended jobs after this seq, and how many more are kept than may be; `None` = that is not known yet.
    Jobs(i64, Option<u64>, Pruned),
    /// External ids after this seq.
    Ids(i64, Pruned),
    /// Deliveries of no job, records.
    Rest(Pruned),
    Events(Pruned),
    /// What has to go because the file is too large: ended jobs after this seq, and others.
    Size(i64, Pruned),
    Done(Pruned),
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
        Cursor::Jobs(after, excess, pruned) => jobs(tx, (after, excess), pruned, keep, at),
        Cursor::Ids(after, pruned) => ids(tx, after, pruned, keep),
        Cursor::Rest(pruned) => rest(tx, pruned, keep, at),
        Cursor::Events(pruned) => events(tx, pruned, keep),
        Cursor::Size(after, pruned) => size::step(tx, after, pruned, keep.bytes_max, at),
        Cursor::Done(pruned) => Ok(Cursor::Done(pruned)),
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
        secret::erase(&tx.sql, *seq, *seq)?;
        tx.sql.execute("UPDATE job SET secrets = 0 WHERE seq = ?1", [seq])?;
    }
    Ok(if seqs.is_empty() { Cursor::Jobs(0, None, Pruned::default()) } else { Cursor::Secrets })
}

/// A job that may have to go, and its state; `None` = it cannot be read.
type Found = (Candidate, Option<JobState>);

/// How many are too many is found out once: those that end meanwhile are newer than what lies behind us, and must not go in
/// place of what is oldest.
fn jobs(
    tx: &mut Tx<'_>,
    (after, excess): (i64, Option<u64>),
    mut pruned: Pruned,
    keep: &Retention,
    at: Timestamp,
) -> Result<Cursor, Error> {
    let excess = match excess {
        Some(excess) => excess,
        None => kept(tx)?.saturating_sub(keep.jobs_max),
    };
    let candidates = candidates(tx, after, at)?;
    let last = candidates.last().map(|(job, _)| job.seq);
    let choice = retention::choose(candidates.iter().map(|(job, _)| *job), excess, keep, at);
    let going: Vec<_> = candidates.into_iter().zip(choice.goes).collect();
    // Those that lie one behind the other go at once.
    for run in
        going.chunk_by(|(_, one), (_, next)| one == next).filter(|run| run.iter().all(|(_, goes)| *goes))
    {
        remove_jobs(tx, run.iter().map(|(job, _)| job), &mut pruned, at)?;
    }
    Ok(match last {
        Some(last) if !choice.all_seen => Cursor::Jobs(last, Some(choice.excess), pruned),
        _ => Cursor::Ids(0, pruned),
    })
}

/// How many ended jobs are kept.
fn kept(tx: &Tx<'_>) -> Result<u64, Error> {
    Ok(tx.sql.one("SELECT sum(jobs) FROM tally WHERE state > 2", [], |row| row.get(0))?)
}

fn candidates(tx: &Tx<'_>, after: i64, now: Timestamp) -> Result<Vec<Found>, Error> {
    let sql = "SELECT seq, state, accepted_at, ended_at FROM job WHERE seq > ?1 ORDER BY seq LIMIT ?2";
    let mut before = Timestamp::MIN;
    Ok(tx.sql.all(sql, [after, BATCH], |row| {
        let accepted_at = row::time(row, 2).unwrap_or(before);
        if !is_ahead(accepted_at, now) {
            before = accepted_at;
        }
        let candidate = Candidate {
            seq: row.get(0)?,
            // As old as the one before it when it cannot be read.
            accepted_at,
            // An end that cannot be read is one all the same.
            ended_at: row::maybe_time(row, 3).unwrap_or(Some(accepted_at)),
        };
        Ok((candidate, row::word(row, 1).ok()))
    })?)
}

/// Removes jobs between which there are no others, and all that belongs to them, but for their external ids, and for what
/// they still owe.
pub(super) fn remove_jobs<'a>(
    tx: &mut Tx<'_>,
    jobs: impl Iterator<Item = &'a Found>,
    pruned: &mut Pruned,
    at: Timestamp,
) -> Result<(), Error> {
    let (mut first, mut last) = (i64::MAX, i64::MIN);
    for (job, state) in jobs {
        (first, last) = (first.min(job.seq), last.max(job.seq));
        if let Some(state) = state {
            tx.count(*state, -1);
        }
        pruned.jobs += 1;
    }
    pruned.given_up += give_up(tx, first, last, at)?;
    secret::erase(&tx.sql, first, last)?;
    for sql in [
        "DELETE FROM job WHERE seq BETWEEN ?1 AND ?2",
        "DELETE FROM body WHERE seq BETWEEN ?1 AND ?2",
        "DELETE FROM reply WHERE seq BETWEEN ?1 AND ?2",
        "DELETE FROM delivery WHERE job BETWEEN ?1 AND ?2",
    ] {
        tx.sql.execute(sql, [first, last])?;
    }
    let ((step, _), (_, last_step)) = (number::steps_of(first), number::steps_of(last));
    tx.sql.execute("DELETE FROM step WHERE id BETWEEN ?1 AND ?2", [step, last_step])?;
    let ((attempt, _), (_, last_attempt)) = (number::attempts_of(first), number::attempts_of(last));
    tx.sql.execute("DELETE FROM attempt WHERE id BETWEEN ?1 AND ?2", [attempt, last_attempt])?;
    Ok(())
}

/// Gives up what jobs still owe, so that they can go: it stays, as deliveries of no job.
fn give_up(tx: &mut Tx<'_>, first: i64, last: i64, at: Timestamp) -> Result<u64, Error> {
    let owing: Vec<JobId> = tx.sql.all(
        "SELECT job.id FROM delivery INDEXED BY delivery_job JOIN job ON job.seq = delivery.job
         WHERE delivery.job IS NOT NULL AND delivery.job BETWEEN ?1 AND ?2 AND delivery.state = 0
         ORDER BY delivery.job, delivery.seq",
        [first, last],
        |row| row::job_id(row, 0),
    )?;
    if owing.is_empty() {
        return Ok(0);
    }
    tx.sql.execute(
        "UPDATE delivery SET state = 2, job = NULL, ended_at = ?3, message = ?4
         WHERE job IS NOT NULL AND job BETWEEN ?1 AND ?2 AND state = 0",
        params![first, last, Time(at), GIVEN_UP],
    )?;
    for job in &owing {
        tx.event(at, EventKind::Undeliverable, Some(*job), (None, None), None);
    }
    Ok(u64::try_from(owing.len()).unwrap_or_default())
}

/// Forgets the external ids of pruned jobs that are old enough.
fn ids(tx: &Tx<'_>, after: i64, pruned: Pruned, keep: &Retention) -> Result<Cursor, Error> {
    let found: Vec<(i64, bool)> = tx.sql.all(
        "SELECT seq, EXISTS (SELECT 1 FROM job WHERE job.seq = external.seq) FROM external
         WHERE seq > ?1 AND at < ?2 ORDER BY seq LIMIT ?3",
        params![after, Time(keep.ids_before), BATCH],
        |row| Ok((row.get(0)?, row.get(1)?)),
    )?;
    for (seq, _) in found.iter().filter(|(_, used)| !used) {
        tx.sql.execute("DELETE FROM external WHERE seq = ?1", [seq])?;
    }
    Ok(found.last().map_or(Cursor::Rest(pruned), |(seq, _)| Cursor::Ids(*seq, pruned)))
}

/// Removes deliveries that belong to no job, and records: as many as fit one commit.
fn rest(tx: &mut Tx<'_>, mut pruned: Pruned, keep: &Retention, at: Timestamp) -> Result<Cursor, Error> {
    let given_up = give_up_free(tx, keep, at)?;
    pruned.given_up += given_up;
    let most = i64::try_from(keep.jobs_max).unwrap_or(i64::MAX);
    let free: i64 = tx.sql.one(
        "SELECT count(*) FROM delivery INDEXED BY delivery_free WHERE job IS NULL AND ended_at IS NOT NULL",
        [],
        |row| row.get(0),
    )?;
    let deliveries = tx.sql.execute(
        "DELETE FROM delivery WHERE seq IN (
             SELECT seq FROM delivery INDEXED BY delivery_free
             WHERE job IS NULL AND ended_at IS NOT NULL AND ended_at < ?1 LIMIT ?2)",
        params![Time(keep.jobs_before), BATCH],
    )? + remove_free(tx, free.saturating_sub(most).clamp(0, BATCH))?;
    let mut records = 0;
    for (kind, before, most, batch) in [
        (RecordKind::Refusal, keep.records_before, keep.records_max, BATCH),
        (RecordKind::Audit, keep.records_before, keep.records_max, BATCH),
        (RecordKind::Message, keep.messages_before, keep.messages_max, MANY),
    ] {
        records += records_of(tx, kind, before, most, batch)?;
    }
    let idle = given_up == 0 && deliveries + records == 0;
    Ok(if idle { Cursor::Events(pruned) } else { Cursor::Rest(pruned) })
}

/// Removes events, from the first one on: they are small, many, and lie one behind the other.
fn events(tx: &Tx<'_>, pruned: Pruned, keep: &Retention) -> Result<Cursor, Error> {
    let last = tx.numbers.event - i64::try_from(keep.events_max).unwrap_or(i64::MAX);
    let first: Option<i64> = tx.sql.one("SELECT min(seq) FROM event", [], |row| row.get(0))?;
    let Some(first) = first.filter(|first| *first <= last) else { return Ok(Cursor::Size(0, pruned)) };
    tx.sql.execute("DELETE FROM event WHERE seq <= ?1", [last.min(first + EVENTS)])?;
    Ok(Cursor::Events(pruned))
}

/// Removes so many ended deliveries of no job, the oldest first.
pub(super) fn remove_free(tx: &Tx<'_>, count: i64) -> Result<usize, Error> {
    Ok(tx.sql.execute(
        "DELETE FROM delivery WHERE seq IN (
             SELECT seq FROM delivery INDEXED BY delivery_free
             WHERE job IS NULL AND ended_at IS NOT NULL ORDER BY ended_at LIMIT ?1)",
        [count],
    )?)
}

/// Gives up deliveries of no job that are still to be made and are too old or too many.
fn give_up_free(tx: &mut Tx<'_>, keep: &Retention, at: Timestamp) -> Result<u64, Error> {
    let too_many: i64 = tx
        .sql
        .first(
            "SELECT seq FROM delivery INDEXED BY delivery_pending WHERE state = 0 AND job IS NULL
             ORDER BY seq DESC LIMIT 1 OFFSET ?1",
            [i64::try_from(keep.jobs_max).unwrap_or(i64::MAX)],
            |row| row.get(0),
        )?
        .unwrap_or_default();
    let oldest: Vec<(i64, Uuid)> = tx.sql.all(
        "SELECT seq, id FROM delivery INDEXED BY delivery_pending WHERE state = 0 AND job IS NULL
         ORDER BY seq LIMIT ?1",
        [BATCH],
        |row| Ok((row.get(0)?, row.get::<_, Id>(1)?.0)),
    )?;
    let mut given_up = 0;
    for (seq, id) in oldest {
        if seq > too_many && !made_before(id, keep.jobs_before) {
            break;
        }
        tx.sql.execute(
            "UPDATE delivery SET state = 2, ended_at = ?2, message = ?3 WHERE seq = ?1",
            params![seq, Time(at), GIVEN_UP],
        )?;
        tx.event(at, EventKind::Undeliverable, None, (None, None), None);
        given_up += 1;
    }
    Ok(given_up)
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
