//! Reading jobs: what is due, what a job needs to be taken up, what belongs to it.

use std::sync::Arc;

use jiff::Timestamp;
use model::{Attempt, Class, Job, JobId, Seq, Step};
use rusqlite::{Connection, OptionalExtension, params};
use zeroize::Zeroizing;

use super::code::{Id, Time, Word};
use super::number;
use super::row::{self, select_job};
use super::values;
use crate::api::{Answer, AttemptOutput, Due, OpenAttempt, Prepared, Tally};
use crate::error::Error;
use crate::place::{Deciding, Ending, Place};
use crate::seal::{Format, Seal};

/// The first jobs of a lane and class that may be taken up.
pub(super) fn due(conn: &Connection, lane: &str, class: Class, limit: usize) -> Result<Vec<Due>, Error> {
    let lane: Arc<str> = lane.into();
    let mut select = conn.prepare_cached(
        "SELECT id, seq, due_at FROM job INDEXED BY job_ready
         WHERE head = 1 AND state IN (0, 2) AND lane = ?1 AND class = ?2 ORDER BY due_at, seq LIMIT ?3",
    )?;
    let rows = select.query_map(params![lane, Word(class), limit], |row| {
        Ok(Due {
            id: row::job_id(row, 0)?,
            seq: Seq(row.get(1)?),
            lane: Arc::clone(&lane),
            class,
            due_at: row::time(row, 2)?,
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// The lanes in which jobs wait: one step through the index for each, however many jobs there are.
pub(super) fn lanes(conn: &Connection) -> Result<Vec<String>, Error> {
    let mut select = conn.prepare_cached(
        "SELECT lane FROM job INDEXED BY job_ready
         WHERE head = 1 AND state IN (0, 2) AND lane > ?1 ORDER BY lane LIMIT 1",
    )?;
    let mut lanes: Vec<String> = Vec::new();
    loop {
        let last = lanes.last().map_or("", String::as_str);
        match select.query_row([last], |row| row.get(0)).optional()? {
            Some(lane) => lanes.push(lane),
            None => return Ok(lanes),
        }
    }
}

/// See [`crate::Journal::lane`].
pub(super) fn lane(conn: &Connection, lane: &str, after: Timestamp, limit: usize) -> Result<Vec<Job>, Error> {
    // Both classes, so that the index leads to the due time.
    let mut select = conn.prepare_cached(select_job!(
        "INDEXED BY job_ready WHERE head = 1 AND state IN (0, 2) AND lane = ?1 AND class IN (0, 1) AND due_at > ?2
         ORDER BY due_at, seq LIMIT ?3"
    ))?;
    let rows = select.query_map(params![lane, Time(after), limit], row::job)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// See [`crate::Journal::lane_size`].
pub(super) fn lane_size(conn: &Connection, lane: &str) -> Result<(u64, Option<Timestamp>), Error> {
    let mut select = conn.prepare_cached(
        "SELECT count(*), max(due_at) FROM job INDEXED BY job_ready
         WHERE head = 1 AND state IN (0, 2) AND lane = ?1",
    )?;
    Ok(select.query_row([lane], |row| Ok((row.get(0)?, row::maybe_time(row, 1)?)))?)
}

/// Live jobs not running whose deadline has come, earliest first.
pub(super) fn expired(conn: &Connection, at: Timestamp, limit: usize) -> Result<Vec<Job>, Error> {
    let mut select = conn.prepare_cached(select_job!(
        "INDEXED BY job_deadline WHERE deadline IS NOT NULL AND state IN (0, 2) AND deadline <= ?1
         ORDER BY deadline, seq LIMIT ?2"
    ))?;
    let rows = select.query_map(params![Time(at), limit], row::job)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// The earliest deadline of a live job that is not running.
pub(super) fn next_deadline(conn: &Connection) -> Result<Option<Timestamp>, Error> {
    let mut select = conn.prepare_cached(
        "SELECT deadline FROM job INDEXED BY job_deadline WHERE deadline IS NOT NULL AND state IN (0, 2)
         ORDER BY deadline, seq LIMIT 1",
    )?;
    Ok(select.query_row([], |row| row::time(row, 0)).optional()?)
}

/// Everything needed to take up a job.
pub(super) fn prepare(conn: &Connection, seal: &Seal, id: JobId) -> Result<Option<Prepared>, Error> {
    let found = conn
        .prepare_cached(
            "SELECT job.seq, job.id, source, external_id, action, subject, class, state, head, lane, due_at, deadline,
                    status, code, message, accepted_at, started_at, attempted_at, ended_at, replay_of, cancelled_by,
                    steps, replies, secrets, plan, sealed
             FROM job LEFT JOIN body ON body.seq = job.seq WHERE id = ?1",
        )?
        .query_row([Id(id.0)], |row| {
            let counts: (u32, u32, bool) = (row.get(21)?, row.get(22)?, row.get(23)?);
            Ok((row::job(row)?, counts, row.get::<_, Option<Vec<u8>>>(24)?, row.get::<_, Option<Vec<u8>>>(25)?))
        })
        .optional()?;
    let Some((job, (steps, replies, secrets), plan, body)) = found else { return Ok(None) };
    let seq = job.seq.0;
    let body = body.ok_or_else(|| Error::Damaged(format!("the body of job {id} is missing")))?;
    Ok(Some(Prepared {
        steps: if steps > 0 { self::plan(conn, seal, &job, plan)? } else { Vec::new() },
        body: seal.open(&Place::body(Deciding::from(&job)), body, &format!("the body of job {id}"))?,
        secrets: if secrets { self::secrets(conn, seal, id, seq)? } else { None },
        replies: if replies > 0 { self::replies(conn, seal, &job)? } else { Vec::new() },
        first_attempt_at: job.started_at,
        job,
    }))
}

/// A job's plan; that of a live one is what it was when it was frozen.
fn plan(conn: &Connection, seal: &Seal, job: &Job, sealed: Option<Vec<u8>>) -> Result<Vec<Step>, Error> {
    let what = || format!("the plan of job {}", job.id);
    match sealed {
        _ if job.state.is_terminal() => {}
        Some(sealed) => drop(seal.open(&values::plan(conn, job.seq.0, job.id)?, sealed, &what())?),
        // Older versions did not seal it.
        None if seal.is_turning_from(Format::Id) => {}
        None => return Err(Error::Damaged(format!("{} is not sealed: its row was changed", what()))),
    }
    steps(conn, job.id)
}

fn secrets(conn: &Connection, seal: &Seal, id: JobId, seq: i64) -> Result<Option<Zeroizing<Vec<u8>>>, Error> {
    let sealed: Option<Vec<u8>> = conn
        .prepare_cached("SELECT sealed FROM secret WHERE seq = ?1")?
        .query_row([seq], |row| row.get(0))
        .optional()?;
    let open = |sealed| seal.open(&Place::secrets(id), sealed, &format!("the secrets of job {id}"));
    Ok(sealed.map(open).transpose()?.map(Zeroizing::new))
}

fn replies(conn: &Connection, seal: &Seal, job: &Job) -> Result<Vec<Vec<u8>>, Error> {
    let place = Place::reply(&job.source, job.external_id.as_deref(), job.id);
    let mut select = conn.prepare_cached("SELECT sealed FROM reply WHERE seq = ?1 ORDER BY place")?;
    let rows = select.query_map([job.seq.0], |row| row.get(0))?;
    rows.map(|sealed| seal.open(&place, sealed?, &format!("a reply address of job {}", job.id))).collect()
}

/// Attempts of running jobs: they have no end yet.
pub(super) fn open_attempts(conn: &Connection) -> Result<Vec<OpenAttempt>, Error> {
    let mut select = conn.prepare_cached(
        "SELECT job.id, open_step, open_number, open_at, step.backend
         FROM job INDEXED BY job_live LEFT JOIN step ON step.id = job.seq * ?1 + open_step
         WHERE ended_at IS NULL AND open_step IS NOT NULL ORDER BY job.seq",
    )?;
    let rows = select.query_map([number::STEPS], |row| {
        Ok(OpenAttempt {
            job: row::job_id(row, 0)?,
            step: row.get(1)?,
            number: row.get(2)?,
            started_at: row::time(row, 3)?,
            backend: row.get(4)?,
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

fn seq_of(conn: &Connection, id: JobId) -> Result<Option<i64>, Error> {
    let mut select = conn.prepare_cached("SELECT seq FROM job WHERE id = ?1")?;
    Ok(select.query_row([Id(id.0)], |row| row.get(0)).optional()?)
}

/// A job's plan.
pub(super) fn steps(conn: &Connection, id: JobId) -> Result<Vec<Step>, Error> {
    let Some(seq) = seq_of(conn, id)? else { return Ok(Vec::new()) };
    let (first, last) = number::steps_of(seq);
    let mut select = conn.prepare_cached(
        "SELECT id, backend, on_error, state, attempts, status, code, message FROM step
         WHERE id BETWEEN ?1 AND ?2 ORDER BY id",
    )?;
    let rows = select.query_map([first, last], row::step)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// A job's attempts in the order of steps and numbers, the open one as well, each with its output.
pub(super) fn attempts(conn: &Connection, seal: &Seal, id: JobId) -> Result<Vec<AttemptOutput>, Error> {
    let Some(seq) = seq_of(conn, id)? else { return Ok(Vec::new()) };
    let (first, last) = number::attempts_of(seq);
    let mut select = conn.prepare_cached(
        "SELECT id, started_at, ended_at, kind, status, code, message, sealed FROM attempt
         WHERE id BETWEEN ?1 AND ?2 ORDER BY id",
    )?;
    let rows =
        select.query_map([first, last], |row| Ok((row::attempt(row)?, row.get::<_, Option<Vec<u8>>>(7)?)))?;
    let mut attempts = Vec::new();
    for row in rows {
        let (attempt, sealed) = row?;
        attempts.push(open_output(seal, id, attempt, sealed)?);
    }
    attempts.extend(open_attempt(conn, seq)?.map(|attempt| (attempt, None)));
    attempts.sort_by_key(|(attempt, _)| (attempt.step, attempt.number));
    Ok(attempts)
}

/// See [`crate::Journal::answer`].
pub(super) fn answer(conn: &Connection, seal: &Seal, id: JobId) -> Result<Option<Answer>, Error> {
    let Some(job) = row::job_by_id(conn, id)? else { return Ok(None) };
    let mut select = conn.prepare_cached(
        "SELECT id, started_at, ended_at, kind, status, code, message, sealed FROM attempt WHERE id = ?1",
    )?;
    let mut answered = Vec::new();
    for step in steps(conn, id)? {
        let place = number::attempt(job.seq.0, step.index, step.attempts)?;
        let last = select
            .query_row([place], |row| Ok((row::attempt(row)?, row.get::<_, Option<Vec<u8>>>(7)?)))
            .optional()?;
        let last = last.map(|(attempt, sealed)| open_output(seal, id, attempt, sealed)).transpose()?;
        answered.push((step, last));
    }
    Ok(Some(Answer { job, steps: answered }))
}

fn open_output(
    seal: &Seal,
    id: JobId,
    attempt: Attempt,
    sealed: Option<Vec<u8>>,
) -> Result<AttemptOutput, Error> {
    let (step, number) = (attempt.step, attempt.number);
    let Attempt { ended_at: at, kind, status, code, message, .. } = &attempt;
    let (code, message) = (code.as_ref(), message.as_deref());
    let place =
        Place::output(id, step, number, Ending { at: *at, kind: *kind, status: *status, code, message });
    let what = || format!("the output of attempt {number} of step {step} of job {id}");
    let output = sealed.map(|sealed| seal.open(&place, sealed, &what())).transpose()?;
    Ok((attempt, output))
}

fn open_attempt(conn: &Connection, seq: i64) -> Result<Option<Attempt>, Error> {
    let mut select = conn.prepare_cached(
        "SELECT open_step, open_number, open_at FROM job WHERE seq = ?1 AND open_step IS NOT NULL",
    )?;
    let open = select.query_row([seq], |row| {
        Ok(Attempt {
            step: row.get(0)?,
            number: row.get(1)?,
            started_at: row::time(row, 2)?,
            ended_at: None,
            kind: None,
            status: 0,
            code: None,
            message: None,
        })
    });
    Ok(open.optional()?)
}

/// The live job directly before this one on its subject.
pub(super) fn before(conn: &Connection, id: JobId) -> Result<Option<Job>, Error> {
    let Some(job) = row::job_by_id(conn, id)? else { return Ok(None) };
    let Some(subject) = &job.subject else { return Ok(None) };
    let mut select = conn.prepare_cached(select_job!(
        "INDEXED BY job_live WHERE subject = ?1 AND ended_at IS NULL AND seq < ?2 ORDER BY seq DESC LIMIT 1"
    ))?;
    Ok(select.query_row(params![subject.as_str(), job.seq.0], row::job).optional()?)
}

/// The newest later job of the same subject and action that succeeded.
pub(super) fn later_success(conn: &Connection, id: JobId) -> Result<Option<Job>, Error> {
    let Some(job) = row::job_by_id(conn, id)? else { return Ok(None) };
    let Some(subject) = &job.subject else { return Ok(None) };
    let mut select = conn.prepare_cached(select_job!(
        "INDEXED BY job_subject WHERE subject = ?1 AND seq > ?2 AND action = ?3 AND state = 3
         ORDER BY seq DESC LIMIT 1"
    ))?;
    Ok(select.query_row(params![subject.as_str(), job.seq.0, job.action], row::job).optional()?)
}

/// How many jobs are in each state.
pub(super) fn tallies(conn: &Connection) -> Result<Vec<Tally>, Error> {
    let mut select = conn.prepare_cached("SELECT state, jobs FROM tally ORDER BY state")?;
    let rows = select.query_map([], |row| Ok(Tally { state: row::word(row, 0)?, jobs: row.get(1)? }))?;
    Ok(rows.collect::<Result<_, _>>()?)
}
