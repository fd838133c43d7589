//! Retention: removes what is no longer kept, in small commits between which other work goes on. What is removed leaves its
//! place to new rows once PostgreSQL has vacuumed its tables; until then old versions of rows, also of secrets, are still in
//! its files, sealed.

pub(super) mod size;

use jiff::Timestamp;
use model::believe::is_ahead;
use model::{DeliveryState, EventKind, JobId, JobState, RecordKind};
use uuid::Uuid;

use super::record::Origin;
use super::row::{self, code_of, get};
use super::session::Session;
use super::tx::Tx;
use crate::change::{Pruned, Retention};
use crate::error::Error;
use crate::rules::retention::{self, Candidate, GIVEN_UP, made_before};

/// How many jobs and other big rows are looked at in one commit.
const BATCH: i64 = 128;
/// How many small rows are removed in one commit.
const MANY: i64 = 1000;
/// How many external ids are looked at in one go.
const IDS: i64 = 8192;
/// That no job has an external id any more.
const UNUSED: &str = "NOT EXISTS (SELECT 1 FROM live WHERE live.seq = external.seq)
         AND NOT EXISTS (SELECT 1 FROM done WHERE done.seq = external.seq)";
/// How many events are removed in one.
const EVENTS: i64 = 4096;

/// How many signals are removed in one.
const SIGNALS: u64 = 4096;

/// How far pruning has come. Everything is visited from the oldest to the newest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cursor {
    Secrets,
    /// Ended jobs after this seq, and how many more are kept than may be; `None` = that is not known yet.
    Jobs(i64, Option<u64>, Pruned),
    /// External ids after this seq, see [`unused_ids`].
    Ids(i64, Pruned),
    /// Deliveries of no job, records.
    Rest(Pruned),
    /// Events, see [`oldest_events`].
    Events(Pruned),
    /// What has to go because too many bytes are in use, which is found out before each step.
    Size(Pruned),
    Done(Pruned),
}

/// Takes one small step and returns where to go on.
pub(super) async fn step(
    tx: &mut Tx,
    cursor: Cursor,
    keep: &Retention,
    at: Timestamp,
) -> Result<Cursor, Error> {
    match cursor {
        Cursor::Secrets => {
            fold(tx).await?;
            let removed = signals(tx).await?;
            let next = secrets(tx, at).await?;
            Ok(if removed < SIGNALS { next } else { Cursor::Secrets })
        }
        Cursor::Jobs(after, excess, pruned) => jobs(tx, (after, excess), pruned, keep, at).await,
        Cursor::Ids(_, pruned) => Ok(Cursor::Rest(pruned)),
        Cursor::Rest(pruned) => rest(tx, pruned, keep, at).await,
        Cursor::Events(pruned) => Ok(Cursor::Size(pruned)),
        Cursor::Size(pruned) => size::step(tx, pruned, at).await,
        Cursor::Done(pruned) => Ok(Cursor::Done(pruned)),
    }
}

/// Removes secrets whose time has come.
async fn secrets(tx: &Tx, at: Timestamp) -> Result<Cursor, Error> {
    let due = format!(
        "SELECT job FROM secret WHERE scrub_at IS NOT NULL AND scrub_at <= $1 ORDER BY scrub_at LIMIT {BATCH}"
    );
    let rows = tx.all(&due, &[&at.as_millisecond()]).await?;
    let jobs: Vec<Uuid> = rows.iter().map(|row| get(row, 0)).collect::<Result<_, _>>()?;
    for sql in [
        "DELETE FROM secret WHERE job = ANY($1)",
        "UPDATE live SET secrets = false, rev = rev + 1 WHERE id = ANY($1)",
        "UPDATE done SET secrets = false, rev = rev + 1 WHERE id = ANY($1)",
    ] {
        tx.execute(sql, &[&jobs]).await?;
    }
    Ok(if jobs.is_empty() { Cursor::Jobs(0, None, Pruned::default()) } else { Cursor::Secrets })
}

/// How many are too many is found out once: those that end meanwhile are newer than what lies behind us, and must not go in
/// place of what is oldest.
async fn jobs(
    tx: &mut Tx,
    (after, excess): (i64, Option<u64>),
    mut pruned: Pruned,
    keep: &Retention,
    at: Timestamp,
) -> Result<Cursor, Error> {
    let excess = match excess {
        Some(excess) => excess,
        None => kept(tx).await?.saturating_sub(keep.jobs_max),
    };
    let candidates = candidates(tx, after, at, BATCH).await?;
    let last = candidates.last().map(|(job, _)| job.seq);
    let choice = retention::choose(candidates.iter().map(|(job, _)| *job), excess, keep, at);
    let going = candidates.iter().zip(choice.goes).filter(|(_, goes)| *goes).map(|((_, id), _)| *id);
    remove_jobs(tx, going.collect(), &mut pruned, at).await?;
    Ok(match last {
        Some(last) if !choice.all_seen => Cursor::Jobs(last, Some(choice.excess), pruned),
        _ => Cursor::Ids(0, pruned),
    })
}

/// How many ended jobs are kept.
async fn kept(tx: &Tx) -> Result<u64, Error> {
    let kept = tx.one("SELECT sum(jobs)::bigint FROM tally WHERE state > 2", &[]).await?;
    Ok(get::<Option<i64>>(&kept, 0)?.unwrap_or_default().max(0).unsigned_abs())
}

/// The first ended jobs behind this one, with their ids.
async fn candidates(tx: &Tx, after: i64, now: Timestamp, most: i64) -> Result<Vec<(Candidate, Uuid)>, Error> {
    let select =
        format!("SELECT seq, id, accepted_at, ended_at FROM done WHERE seq > $1 ORDER BY seq LIMIT {most}");
    let mut before = Timestamp::MIN;
    let mut candidates = Vec::new();
    for row in &tx.all(&select, &[&after]).await? {
        // As old as the one before it when it cannot be read.
        let accepted_at = row::time(row, 2).unwrap_or(before);
        if !is_ahead(accepted_at, now) {
            before = accepted_at;
        }
        // An end that cannot be read is one all the same.
        let ended_at = row::maybe_time(row, 3).ok().flatten().unwrap_or(accepted_at);
        let candidate = Candidate { seq: get(row, 0)?, accepted_at, ended_at: Some(ended_at) };
        candidates.push((candidate, get(row, 1)?));
    }
    Ok(candidates)
}

/// Removes ended jobs, and all that belongs to them, but for their external ids, and for what they still owe.
async fn remove_jobs(tx: &mut Tx, ids: Vec<Uuid>, pruned: &mut Pruned, at: Timestamp) -> Result<(), Error> {
    if ids.is_empty() {
        return Ok(());
    }
    pruned.given_up += give_up(tx, &ids, at).await?;
    for sql in [
        "DELETE FROM secret WHERE job = ANY($1)",
        "DELETE FROM body WHERE job = ANY($1)",
        "DELETE FROM reply WHERE job = ANY($1)",
        "DELETE FROM attempt WHERE job = ANY($1)",
        "DELETE FROM delivery WHERE job IS NOT NULL AND job = ANY($1)",
    ] {
        tx.execute(sql, &[&ids]).await?;
    }
    let gone = "DELETE FROM done WHERE id = ANY($1) RETURNING state, settled, cause";
    for row in tx.all(gone, &[&ids]).await? {
        if let Ok(state) = row::word::<JobState>(&row, 0) {
            tx.count(state, -1);
        }
        if let (Some(0), Some(cause)) = (get::<Option<i16>>(&row, 1)?, get(&row, 2)?) {
            tx.count_cause(cause, -1);
        }
        pruned.jobs += 1;
    }
    Ok(())
}

/// Gives up what jobs still owe, so that they can go: it stays, as deliveries of no job.
async fn give_up(tx: &mut Tx, ids: &Vec<Uuid>, at: Timestamp) -> Result<u64, Error> {
    // Whether it is pending is seen here: the index of pending ones would lead to all of them.
    let owed = "SELECT seq, job, state FROM delivery WHERE job IS NOT NULL AND job = ANY($1)";
    let (mut places, mut owing) = (Vec::new(), Vec::new());
    for row in &tx.all(owed, &[ids]).await? {
        let (place, job): (i64, Uuid) = (get(row, 0)?, get(row, 1)?);
        if row::word(row, 2).is_ok_and(|state: DeliveryState| state == DeliveryState::Pending) {
            places.push(place);
            owing.push((ids.iter().position(|id| *id == job), place, job));
        }
    }
    if owing.is_empty() {
        return Ok(0);
    }
    let free = "UPDATE delivery SET state = 2, job = NULL, ended_at = $2, message = $3 WHERE seq = ANY($1)";
    tx.execute(free, &[&places, &at.as_millisecond(), &GIVEN_UP]).await?;
    owing.sort_unstable();
    for (.., job) in &owing {
        tx.event(at, EventKind::Undeliverable, Some(JobId(*job)), (None, None), None);
    }
    Ok(owing.len() as u64)
}

/// External ids behind this number that are old enough and whose jobs were pruned; and the number to go on behind, if there
/// are more. To find that there are none nothing is committed.
pub(super) async fn unused_ids(
    sql: &Session,
    after: i64,
    keep: &Retention,
) -> Result<(Vec<i64>, Option<i64>), Error> {
    let some = format!("SELECT seq, at FROM external WHERE seq > $1 ORDER BY seq LIMIT {IDS}");
    let found = sql.all(&some, &[&after]).await?;
    let before = keep.ids_before.as_millisecond();
    let mut old = Vec::new();
    for row in &found {
        if get::<i64>(row, 1)? < before {
            old.push(get::<i64>(row, 0)?);
        }
    }
    let last = found.last().map(|row| get(row, 0)).transpose()?;
    if old.is_empty() {
        return Ok((old, last));
    }
    let unused = format!("SELECT seq FROM external WHERE seq = ANY($1) AND {UNUSED}");
    let unused = sql.all(&unused, &[&old]).await?;
    Ok((unused.iter().map(|row| get(row, 0)).collect::<Result<_, _>>()?, last))
}

/// Forgets these external ids.
pub(super) async fn forget_ids(tx: &Tx, ids: &Vec<i64>) -> Result<(), Error> {
    tx.execute(&format!("DELETE FROM external WHERE seq = ANY($1) AND {UNUSED}"), &[ids]).await.map(|_| ())
}

/// A bound as PostgreSQL has it.
fn bound(most: u64) -> i64 {
    i64::try_from(most).unwrap_or(i64::MAX)
}

/// Removes deliveries that belong to no job, and records: as many as fit one commit.
async fn rest(tx: &mut Tx, mut pruned: Pruned, keep: &Retention, at: Timestamp) -> Result<Cursor, Error> {
    let given_up = give_up_free(tx, keep, at).await?;
    pruned.given_up += given_up;
    let free = "SELECT count(*) FROM delivery WHERE job IS NULL AND ended_at IS NOT NULL";
    let free: i64 = get(&tx.one(free, &[]).await?, 0)?;
    let old = format!(
        "DELETE FROM delivery WHERE seq IN (SELECT seq FROM delivery
             WHERE job IS NULL AND ended_at IS NOT NULL AND ended_at < $1 LIMIT {BATCH})"
    );
    let mut removed = tx.execute(&old, &[&keep.jobs_before.as_millisecond()]).await?;
    removed += remove_free(tx, free.saturating_sub(bound(keep.jobs_max)).clamp(0, BATCH)).await?;
    for (kind, before, most, batch) in [
        (RecordKind::Refusal, keep.records_before, keep.records_max, BATCH),
        (RecordKind::Audit, keep.records_before, keep.records_max, BATCH),
        (RecordKind::Message, keep.messages_before, keep.messages_max, MANY),
    ] {
        removed += records_of(tx, kind, before, most, batch).await?;
    }
    let idle = given_up == 0 && removed == 0;
    Ok(if idle { Cursor::Events(pruned) } else { Cursor::Rest(pruned) })
}

/// How many events there are more than may be, of those that are known.
pub(super) fn too_many_events(origins: &[Origin], keep: &Retention) -> i64 {
    origins.iter().map(|origin| origin.last - origin.first + 1).sum::<i64>() - bound(keep.events_max)
}

/// Some of the oldest events, at most so many: they are small, many, and those of each hub lie one behind the other, without gaps.
pub(super) fn oldest_events(origins: &[Origin], excess: i64) -> Option<(i64, i64, i64)> {
    let left = origins.iter().filter(|origin| origin.first <= origin.last && excess > 0);
    let oldest = left.min_by_key(|origin| (origin.tick, origin.node))?;
    Some((oldest.node, oldest.first, oldest.last.min(oldest.first + excess.min(EVENTS) - 1)))
}

/// Removes these events of a hub: they are named from both ends, since those before them that were removed may still lie there.
pub(super) async fn remove_events(tx: &Tx, (node, first, last): (i64, i64, i64)) -> Result<(), Error> {
    let remove = "DELETE FROM event WHERE origin = $1 AND seq BETWEEN $2 AND $3";
    tx.execute(remove, &[&node, &first, &last]).await.map(|_| ())
}

/// Removes so many ended deliveries of no job, the oldest first.
async fn remove_free(tx: &Tx, count: i64) -> Result<u64, Error> {
    if count == 0 {
        return Ok(0);
    }
    let oldest = format!(
        "DELETE FROM delivery WHERE seq IN (SELECT seq FROM delivery
             WHERE job IS NULL AND ended_at IS NOT NULL ORDER BY ended_at LIMIT {count})"
    );
    tx.execute(&oldest, &[]).await
}

/// Gives up deliveries of no job that are still to be made and are too old or too many.
async fn give_up_free(tx: &mut Tx, keep: &Retention, at: Timestamp) -> Result<u64, Error> {
    let too_many =
        "SELECT seq FROM delivery WHERE state = 0 AND job IS NULL ORDER BY seq DESC LIMIT 1 OFFSET $1";
    let too_many = tx.first(too_many, &[&bound(keep.jobs_max)]).await?;
    let too_many: i64 = too_many.map_or(Ok(0), |row| get(&row, 0))?;
    let oldest =
        format!("SELECT seq, id FROM delivery WHERE state = 0 AND job IS NULL ORDER BY seq LIMIT {BATCH}");
    let mut going = Vec::new();
    for row in &tx.all(&oldest, &[]).await? {
        let (seq, id): (i64, Uuid) = (get(row, 0)?, get(row, 1)?);
        if seq > too_many && !made_before(id, keep.jobs_before) {
            break;
        }
        going.push(seq);
    }
    if !going.is_empty() {
        let end = "UPDATE delivery SET state = 2, ended_at = $2, message = $3 WHERE seq = ANY($1)";
        tx.execute(end, &[&going, &at.as_millisecond(), &GIVEN_UP]).await?;
    }
    for _ in &going {
        tx.event(at, EventKind::Undeliverable, None, (None, None), None);
    }
    Ok(going.len() as u64)
}

/// Removes records of a kind that are too old or too many. They are in the order of their times but for jumps of the
/// clock.
async fn records_of(
    tx: &Tx,
    kind: RecordKind,
    before: Timestamp,
    most: u64,
    batch: i64,
) -> Result<u64, Error> {
    let kind = code_of(kind);
    let too_many = "SELECT seq FROM record WHERE kind = $1 ORDER BY kind DESC, seq DESC LIMIT 1 OFFSET $2";
    let too_many = tx.first(too_many, &[&kind, &bound(most)]).await?;
    let too_many: i64 = too_many.map_or(Ok(0), |row| get(&row, 0))?;
    let newest: Option<i64> = get(&tx.one("SELECT max(seq) FROM record", &[]).await?, 0)?;
    let young = "SELECT seq FROM record WHERE kind <= $1 AND (kind, seq) > ($1, $2) AND at >= $3
         ORDER BY kind, seq LIMIT 1";
    let young = tx.first(young, &[&kind, &too_many, &before.as_millisecond()]).await?;
    let last = young.map_or(Ok(newest.unwrap_or(0)), |row| get::<i64>(&row, 0).map(|seq| seq - 1))?;
    let old = format!(
        "DELETE FROM record WHERE seq IN (SELECT seq FROM record
             WHERE kind >= $1 AND (kind, seq) <= ($1, $2) ORDER BY kind, seq LIMIT {batch})"
    );
    tx.execute(&old, &[&kind, &last]).await
}

/// Removes signals that everybody has read who still lives: each does so every second. The last one of a life that goes on stays.
async fn signals(tx: &Tx) -> Result<u64, Error> {
    let old = format!(
        "DELETE FROM signal WHERE (origin, n) IN (
             SELECT origin, n FROM signal AS old WHERE at < now() - interval '1 hour' AND NOT (
                 EXISTS (SELECT 1 FROM pen WHERE node = old.origin AND NOT over)
                 AND NOT EXISTS (SELECT 1 FROM signal AS later WHERE later.origin = old.origin AND later.n > old.n))
             ORDER BY at LIMIT {SIGNALS})"
    );
    tx.execute(&old, &[]).await
}

/// What lives have counted that are over is counted in one row for all of them.
async fn fold(tx: &Tx) -> Result<(), Error> {
    for fold in [
        "WITH gone AS (DELETE FROM tally WHERE node IN (SELECT node FROM pen WHERE over) RETURNING state, jobs)
         INSERT INTO tally (node, state, jobs) SELECT 0, state, sum(jobs) FROM gone GROUP BY state
         ON CONFLICT (node, state) DO UPDATE SET jobs = tally.jobs + excluded.jobs",
        "WITH gone AS (DELETE FROM entity_tally WHERE node IN (SELECT node FROM pen WHERE over)
                       RETURNING kind, state, entities)
         INSERT INTO entity_tally (node, kind, state, entities)
         SELECT 0, kind, state, sum(entities) FROM gone GROUP BY kind, state
         ON CONFLICT (kind, state, node) DO UPDATE SET entities = entity_tally.entities + excluded.entities",
    ] {
        tx.execute(fold, &[]).await?;
    }
    Ok(())
}
