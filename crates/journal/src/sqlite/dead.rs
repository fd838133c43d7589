//! Dead letters: failed jobs and refusals that nobody has settled, counted and grouped by cause.

use std::collections::BTreeSet;

use model::{Cause, CauseId, Code, JobId, JobState, Seq, Settled};
use rusqlite::{Connection, Row, params};

use super::code::{CodeText, Id, Word};
use super::effects;
use super::row;
use super::tx::Tx;
use crate::api::{CauseTally, DeadTally, Filter};
use crate::error::Error;
use crate::rules::dead;
use crate::rules::dead::id_of;
use crate::sealed::SealedEffects;

/// So many causes are told apart by their messages; of others only backend and code are.
const CAUSES: i64 = 1000;
/// A replay of a replay of …: so many are followed back.
const REPLAYS: usize = 100;

/// The number of a cause in its table.
pub(super) fn place(id: CauseId) -> i64 {
    id.0.cast_signed()
}

/// A job has failed: it becomes a dead letter.
pub(super) fn fail(tx: &Tx<'_>, seq: i64, cause: &Cause) -> Result<(), Error> {
    let number = keep(tx, cause)?;
    tx.sql.execute(
        "UPDATE job SET failed_on = ?2, cause = ?3, settled = 0 WHERE seq = ?1",
        params![seq, cause.backend, number],
    )?;
    Ok(())
}

/// Finds the row of a cause, or makes it.
fn keep(tx: &Tx<'_>, cause: &Cause) -> Result<i64, Error> {
    let number = place(id_of(cause));
    if tx.sql.first("SELECT 1 FROM cause WHERE id = ?1", [number], |_| Ok(()))?.is_some() {
        return Ok(number);
    }
    let known: i64 = tx.sql.one("SELECT count(*) FROM cause", [], |row| row.get(0))?;
    let cause = told_apart(cause.clone(), known);
    let number = place(id_of(&cause));
    tx.sql.execute(
        "INSERT OR IGNORE INTO cause (id, backend, code, message) VALUES (?1, ?2, ?3, ?4)",
        params![number, cause.backend, cause.code.as_ref().map(Code::as_str), cause.shape],
    )?;
    Ok(number)
}

/// A cause as it is told apart when so many others are known.
fn told_apart(cause: Cause, known: i64) -> Cause {
    if known < CAUSES {
        return cause;
    }
    let code = cause.code.filter(|_| known < 2 * CAUSES);
    Cause { backend: cause.backend, code, shape: model::cause::LEFT_OUT.to_owned() }
}

/// A replay has ended: the jobs of which it is one are settled by it, or not.
pub(super) fn follow(tx: &Tx<'_>, replay: JobState, of: Option<JobId>) -> Result<(), Error> {
    let mut next = of;
    for _ in 0..REPLAYS {
        let Some(id) = next else { break };
        let found = tx.sql.first(
            "SELECT seq, settled, replay_of FROM job WHERE id = ?1 AND state = 4",
            [Id(id.0)],
            |row| Ok((row.get::<_, i64>(0)?, settled(row, 1)?, row.get::<_, Option<Id>>(2)?)),
        );
        // What cannot be read is nobody's dead letter.
        let Ok(Some((seq, was, before))) = found else { break };
        if let Some(settled) = dead::settle(replay, was) {
            tx.sql.execute("UPDATE job SET settled = ?2 WHERE seq = ?1", params![seq, Word(settled)])?;
        }
        next = before.map(|id| JobId(id.0));
    }
    Ok(())
}

/// Why a failed job does not count any more.
fn settled(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<Settled>> {
    Ok(match row.get(column)? {
        Some(0) | None => None,
        Some::<i64>(_) => row::maybe_word(row, column)?,
    })
}

/// What is known of a failure: `failed_on, cause, settled, aside` from this column on.
pub(super) fn failed(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<model::Failed>> {
    let Some(cause) = row.get::<_, Option<i64>>(column + 1)? else { return Ok(None) };
    Ok(Some(model::Failed {
        on: row.get(column)?,
        cause: CauseId(cause.cast_unsigned()),
        settled: settled(row, column + 2)?,
        record: row.get(column + 3)?,
    }))
}

/// See [`crate::Write::set_aside`].
pub(super) fn set_aside(
    tx: &mut Tx<'_>,
    jobs: &[JobId],
    refusals: &[i64],
    effects: &SealedEffects,
) -> Result<u64, Error> {
    // The first record of the effects says who did it.
    let record = (!effects.records.is_empty()).then_some(tx.numbers.record + 1);
    let mut aside = 0;
    for job in jobs {
        aside += tx.sql.execute(
            "UPDATE job SET settled = ?2, aside = ?3 WHERE id = ?1 AND settled = 0",
            params![Id(job.0), Word(Settled::Aside), record],
        )?;
    }
    for refusal in refusals {
        aside += settle_refusal(tx, *refusal, Settled::Aside)?;
    }
    if aside > 0 {
        effects::write(tx, effects, None)?;
    }
    Ok(aside as u64)
}

/// A refusal is no dead letter any more.
pub(super) fn settle_refusal(tx: &Tx<'_>, record: i64, settled: Settled) -> Result<usize, Error> {
    Ok(tx.sql.execute(
        "UPDATE record SET settled = ?2 WHERE seq = ?1 AND settled = 0",
        params![record, Word(settled)],
    )?)
}

/// See [`crate::Read::dead_letters`].
pub(super) fn tally(conn: &Connection) -> Result<DeadTally, Error> {
    let mut select = conn.prepare_cached("SELECT backend, sum(jobs) FROM cause GROUP BY backend")?;
    let mut rows = select.query([])?;
    let mut tally = DeadTally::default();
    while let Some(row) = rows.next()? {
        // One that cannot be read is told by the check.
        let read = || -> rusqlite::Result<(Option<String>, u64)> { Ok((row.get(0)?, row.get(1)?)) };
        if let Ok((backend, jobs)) = read() {
            tally.jobs += jobs;
            tally.by_backend.extend(backend.map(|backend| (backend, jobs)));
        }
    }
    let count = "SELECT count(*) FROM record INDEXED BY record_dead WHERE settled = 0";
    tally.refusals = conn.prepare_cached(count)?.query_row([], |row| row.get(0))?;
    Ok(tally)
}

/// How many dead letters fit a filter that asks for nothing but all of them, those of a backend, or those of a cause;
/// `None` = it asks for more.
pub(super) fn count(conn: &Connection, filter: &Filter) -> Result<Option<u64>, Error> {
    let Filter { dead, cause, failed_on, states, .. } = filter.clone();
    let only =
        Filter { dead, cause, failed_on: failed_on.clone(), states: states.clone(), ..Filter::default() };
    let failed = states.iter().all(|state| *state == JobState::Failed);
    if only != *filter || !failed {
        return Ok(None);
    }
    Ok(match (cause, failed_on) {
        (Some(cause), None) => Some(one(conn, cause)?.map_or(0, |tally| tally.jobs)),
        (None, Some(backend)) if dead => {
            Some(tally(conn)?.by_backend.get(&backend).copied().unwrap_or_default())
        }
        (None, None) if dead => Some(tally(conn)?.jobs),
        _ => None,
    })
}

/// See [`crate::Read::causes`].
pub(super) fn causes(
    conn: &Connection,
    backend: Option<&str>,
    limit: usize,
) -> Result<Vec<CauseTally>, Error> {
    let mut select = conn.prepare_cached(
        "SELECT id, backend, code, message, jobs FROM cause WHERE ?1 IS NULL OR backend = ?1
         ORDER BY jobs DESC, id LIMIT ?2",
    )?;
    let mut rows = select.query(params![backend, i64::try_from(limit).unwrap_or(i64::MAX)])?;
    let mut causes = Vec::new();
    while let Some(row) = rows.next()? {
        if let Ok((number, cause, jobs)) = cause(row) {
            causes.push(described(conn, number, cause, jobs)?);
        }
    }
    Ok(causes)
}

/// See [`crate::Read::cause`].
pub(super) fn one(conn: &Connection, id: CauseId) -> Result<Option<CauseTally>, Error> {
    let mut select =
        conn.prepare_cached("SELECT id, backend, code, message, jobs FROM cause WHERE id = ?1")?;
    let mut rows = select.query([place(id)])?;
    match rows.next()? {
        Some(row) => {
            let (number, cause, jobs) = cause(row)?;
            described(conn, number, cause, jobs).map(Some)
        }
        None => Ok(None),
    }
}

fn cause(row: &Row<'_>) -> rusqlite::Result<(i64, Cause, u64)> {
    let code = row.get::<_, Option<CodeText>>(2)?.map(|code| code.0);
    let cause = Cause { backend: row.get(1)?, code, shape: row.get(3)? };
    Ok((row.get(0)?, cause, row.get(4)?))
}

/// With the first and the last of its jobs: a step through an index for each.
fn described(conn: &Connection, number: i64, cause: Cause, jobs: u64) -> Result<CauseTally, Error> {
    let end = |order: &str| -> Result<_, Error> {
        let sql = format!(
            "SELECT ended_at, seq FROM job INDEXED BY job_cause_end WHERE settled = 0 AND cause = ?1
             AND {} ORDER BY ended_at {order} LIMIT 1",
            super::code::Time::is_sound("ended_at")
        );
        let mut select = conn.prepare_cached(&sql)?;
        let mut rows = select.query([number])?;
        Ok(match rows.next()? {
            Some(row) => Some((row::time(row, 0)?, Seq(row.get(1)?))),
            None => None,
        })
    };
    let (first, last) = (end("ASC")?, end("DESC")?);
    let mut message = conn.prepare_cached("SELECT message FROM job WHERE seq = ?1")?;
    let sample = last.and_then(|(_, Seq(seq))| message.query_row([seq], |row| row.get(0)).ok()).flatten();
    let id = CauseId(number.cast_unsigned());
    Ok(CauseTally { id, cause, jobs, first: first.map(|(at, _)| at), last: last.map(|(at, _)| at), sample })
}

/// A failed job of an older version: number, code, message, and the backend whose step failed.
type Told = (i64, Option<String>, Option<String>, Option<String>);

fn told(row: &Row<'_>) -> rusqlite::Result<Told> {
    Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))
}

/// Gives the failed jobs of an older version their causes, and settles those of which a replay has succeeded.
pub(super) fn fill(conn: &Connection) -> Result<(), Error> {
    let mut failed = conn.prepare(
        "SELECT job.seq, job.code, job.message,
                (SELECT backend FROM step WHERE step.id BETWEEN job.seq * 256 AND job.seq * 256 + 255
                 AND step.state = 3 ORDER BY step.id LIMIT 1)
         FROM job INDEXED BY job_unlucky WHERE state > 3 AND state = 4",
    )?;
    let mut keep =
        conn.prepare("INSERT OR IGNORE INTO cause (id, backend, code, message) VALUES (?1, ?2, ?3, ?4)")?;
    let mut fail = conn.prepare("UPDATE job SET failed_on = ?2, cause = ?3, settled = 0 WHERE seq = ?1")?;
    let mut rows = failed.query([])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.extend(told(row).ok());
    }
    let mut known = BTreeSet::new();
    for (seq, code, message, backend) in found {
        let code = code.map(|code| Code(code.into()));
        let cause = Cause::new(backend.as_deref(), code.as_ref(), message.as_deref(), &[]);
        let many =
            if known.contains(&id_of(&cause)) { 0 } else { i64::try_from(known.len()).unwrap_or(i64::MAX) };
        let cause = told_apart(cause, many);
        known.insert(id_of(&cause));
        let number = place(id_of(&cause));
        keep.execute(params![number, cause.backend, cause.code.as_ref().map(Code::as_str), cause.shape])?;
        fail.execute(params![seq, cause.backend, number])?;
    }
    conn.execute(
        "UPDATE job SET settled = 1 WHERE settled = 0 AND id IN (
             WITH RECURSIVE over (id, of) AS (
                 SELECT id, replay_of FROM job INDEXED BY job_replay WHERE replay_of IS NOT NULL AND state = 3
                 UNION SELECT job.id, job.replay_of FROM over JOIN job ON job.id = over.of)
             SELECT of FROM over WHERE of IS NOT NULL)",
        [],
    )?;
    conn.execute(
        "UPDATE job SET settled = 2 WHERE settled = 0 AND id IN (
             SELECT replay_of FROM job INDEXED BY job_replay WHERE replay_of IS NOT NULL AND state = 4)",
        [],
    )?;
    Ok(())
}
