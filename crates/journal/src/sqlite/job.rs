//! Reading jobs: what is due, what a job needs to be taken up, what belongs to it.

use std::sync::Arc;

use jiff::Timestamp;
use model::{Attempt, Class, Job, JobId, Seq, Step};
use rusqlite::{Connection, OptionalExtension, Row, Rows, params};
use zeroize::Zeroizing;

use super::code::{Id, Raw, Time, Word};
use super::number;
use super::row::{self, select_job, step_columns};
use super::values;
use crate::api::{Answer, AttemptOutput, Due, Listing, OpenAttempt, Prepared, Tally, Whose};
use crate::damage::{Damaged, Sieve, Spot};
use crate::error::Error;
use crate::opened;
use crate::seal::Seal;

/// The first jobs of a lane and class that may be taken up.
pub(super) fn due(
    conn: &Connection,
    sieve: &mut Sieve,
    lane: &str,
    class: Class,
    limit: usize,
) -> Result<Listing<Due>, Error> {
    let lane: Arc<str> = lane.into();
    let mut select = conn.prepare_cached(
        "SELECT id, seq, due_at FROM job INDEXED BY job_ready
         WHERE head = 1 AND state IN (0, 2) AND lane = ?1 AND class = ?2 ORDER BY due_at, seq LIMIT ?3",
    )?;
    let mut found = select.query(params![lane, Word(class), limit])?;
    let (mut rows, mut looked_at, mut last) = (Vec::new(), 0, None);
    while let Some(row) = found.next()? {
        let seq: i64 = row.get(1)?;
        (looked_at, last) = (looked_at + 1, Some(seq));
        let read = || -> rusqlite::Result<Due> {
            let (id, due_at) = (row::job_id(row, 0)?, row::time(row, 2)?);
            Ok(Due { id, seq: Seq(seq), lane: Arc::clone(&lane), class, due_at })
        };
        rows.extend(sieve.pass(|| Spot::Job(Seq(seq)), read())?);
    }
    let next = last.filter(|_| looked_at >= limit);
    Ok(Listing { rows, next, damaged: sieve.damaged.clone() })
}

/// Whole jobs, as far as they can be read.
fn jobs(sieve: &mut Sieve, mut found: Rows<'_>) -> Result<Vec<Job>, Error> {
    let mut jobs = Vec::new();
    while let Some(row) = found.next()? {
        jobs.extend(sieve.pass(|| row::job_spot(row), row::job(row))?);
    }
    Ok(jobs)
}

/// The lanes in which jobs wait: one step through the index for each, however many jobs there are.
pub(super) fn lanes(conn: &Connection, sieve: &mut Sieve) -> Result<Vec<String>, Error> {
    let mut select = conn.prepare_cached(
        "SELECT lane, seq FROM job INDEXED BY job_ready
         WHERE head = 1 AND state IN (0, 2) AND lane > ?1 ORDER BY lane LIMIT 1",
    )?;
    let mut lanes: Vec<String> = Vec::new();
    // As it is stored: a damaged one has to be got past.
    let mut last = Raw::first();
    while let Some((raw, lane, seq)) =
        select.query_row([&last], |row| Ok((Raw::get(row, 0)?, row.get(0), row.get(1)?))).optional()?
    {
        lanes.extend(sieve.pass(|| Spot::Job(Seq(seq)), lane)?);
        if raw <= last {
            // A damaged index leads back.
            break;
        }
        last = raw;
    }
    Ok(lanes)
}

/// See [`crate::Read::lane`].
pub(super) fn lane(
    conn: &Connection,
    sieve: &mut Sieve,
    lane: &str,
    after: Timestamp,
    limit: usize,
) -> Result<Vec<Job>, Error> {
    // Of each class by itself, as the index leads through them: a lane may be long.
    let mut select = conn.prepare_cached(select_job!(
        "WHERE seq IN (
             SELECT seq FROM (SELECT seq FROM job INDEXED BY job_ready
                              WHERE head = 1 AND state IN (0, 2) AND lane = ?1 AND class = 0 AND due_at > ?2
                              ORDER BY due_at, seq LIMIT ?3)
             UNION ALL
             SELECT seq FROM (SELECT seq FROM job INDEXED BY job_ready
                              WHERE head = 1 AND state IN (0, 2) AND lane = ?1 AND class = 1 AND due_at > ?2
                              ORDER BY due_at, seq LIMIT ?3))
         ORDER BY due_at, seq LIMIT ?3"
    ))?;
    jobs(sieve, select.query(params![lane, Time(after), limit])?)
}

/// See [`crate::Read::lane_size`].
pub(super) fn lane_size(conn: &Connection, lane: &str) -> Result<(u64, Option<Timestamp>), Error> {
    let mut select = conn.prepare_cached(&format!(
        "SELECT count(*), max(due_at) FILTER (WHERE {}) FROM job INDEXED BY job_ready
         WHERE head = 1 AND state IN (0, 2) AND lane = ?1",
        Time::is_sound("due_at")
    ))?;
    Ok(select.query_row([lane], |row| Ok((row.get(0)?, row::maybe_time(row, 1)?)))?)
}

/// Live jobs not running whose deadline has come, earliest first.
pub(super) fn expired(
    conn: &Connection,
    sieve: &mut Sieve,
    at: Timestamp,
    limit: usize,
) -> Result<Vec<Job>, Error> {
    let mut select = conn.prepare_cached(select_job!(
        "INDEXED BY job_deadline WHERE deadline IS NOT NULL AND state IN (0, 2) AND deadline <= ?1
         ORDER BY deadline, seq LIMIT ?2"
    ))?;
    jobs(sieve, select.query(params![Time(at), limit])?)
}

/// The earliest deadline of a live job that is not running.
pub(super) fn next_deadline(conn: &Connection) -> Result<Option<Timestamp>, Error> {
    let mut select = conn.prepare_cached(&format!(
        "SELECT deadline FROM job INDEXED BY job_deadline
         WHERE deadline IS NOT NULL AND state IN (0, 2) AND {} ORDER BY deadline, seq LIMIT 1",
        Time::is_sound("deadline")
    ))?;
    Ok(select.query_row([], |row| row::time(row, 0)).optional()?)
}

/// Everything needed to take up a job. What belongs to it and cannot be read is left out and named.
pub(super) fn prepare(
    conn: &Connection,
    seal: &Seal,
    sieve: &mut Sieve,
    id: JobId,
) -> Result<Option<Prepared>, Error> {
    let found = conn
        .prepare_cached(
            "SELECT job.seq, job.id, source, external_id, action, subject, class, state, head, lane, due_at, deadline,
                    status, code, message, accepted_at, started_at, attempted_at, ended_at, replay_of, cancelled_by,
                    not_before, dry_run, failed_on, cause, settled, aside, steps, replies, secrets, plan, sealed
             FROM job LEFT JOIN body ON body.seq = job.seq WHERE id = ?1",
        )?
        .query_row([Id(id.0)], |row| {
            let counts: (u32, u32, bool) = (row.get(27)?, row.get(28)?, row.get(29)?);
            let sealed = (row.get::<_, Option<Vec<u8>>>(30), row.get::<_, Option<Vec<u8>>>(31));
            Ok((row::job(row)?, counts, sealed))
        })
        .optional()?;
    let Some((job, (steps, replies, secrets), (plan, body))) = found else { return Ok(None) };
    let part = || Spot::OfJob(job.seq);
    let body = body.map_err(Error::from).and_then(|body| opened::body(seal, &job, body));
    let body = sieve.pass(part, body)?.unwrap_or_default();
    let secrets = if secrets { self::secrets(conn, seal, id, job.seq.0) } else { Ok(None) };
    let secrets = sieve.pass(part, secrets)?.flatten();
    let mut frozen = Vec::new();
    if steps > 0 {
        frozen = steps_of(conn, sieve, job.seq.0)?;
        let of = || values::plan(conn, job.seq.0, job.id);
        let plan = plan.map_err(Error::from).and_then(|plan| opened::plan(seal, &job, plan, of));
        sieve.pass(part, plan)?;
    }
    if frozen.len() != steps as usize && sieve.damaged.is_empty() {
        let why = format!("of the {steps} steps of job {id} {} are there", frozen.len());
        sieve.damaged.push(Damaged { spot: part(), why });
    }
    Ok(Some(Prepared {
        steps: frozen,
        body,
        secrets,
        replies: if replies > 0 { self::replies(conn, seal, sieve, &job)? } else { Vec::new() },
        callers: replies as usize,
        damaged: sieve.damaged.clone(),
        job,
    }))
}

fn secrets(conn: &Connection, seal: &Seal, id: JobId, seq: i64) -> Result<Option<Zeroizing<Vec<u8>>>, Error> {
    let sealed: Option<Vec<u8>> = conn
        .prepare_cached("SELECT sealed FROM secret WHERE seq = ?1")?
        .query_row([seq], |row| row.get(0))
        .optional()?;
    sealed.map(|sealed| opened::secrets(seal, id, sealed)).transpose()
}

fn replies(conn: &Connection, seal: &Seal, sieve: &mut Sieve, job: &Job) -> Result<Vec<Vec<u8>>, Error> {
    let mut select = conn.prepare_cached("SELECT sealed FROM reply WHERE seq = ?1 ORDER BY place")?;
    let mut rows = select.query([job.seq.0])?;
    let mut replies = Vec::new();
    while let Some(row) = rows.next()? {
        let reply = row.get(0).map_err(Error::from).and_then(|sealed| opened::reply(seal, job, sealed));
        replies.extend(sieve.pass(|| Spot::OfJob(job.seq), reply)?);
    }
    Ok(replies)
}

/// Attempts of running jobs: they have no end yet. Nobody but us has the file open, so every other life is gone.
pub(super) fn open_attempts(
    conn: &Connection,
    sieve: &mut Sieve,
    of: Whose,
    us: i64,
) -> Result<Vec<OpenAttempt>, Error> {
    let mut select = conn.prepare_cached(
        "SELECT job.id, open_step, open_number, open_at, step.backend, job.seq
         FROM job INDEXED BY job_live LEFT JOIN step ON step.id = job.seq * ?1 + open_step
         WHERE ended_at IS NULL AND open_step IS NOT NULL AND (open_life IS ?2) = ?3 ORDER BY job.seq",
    )?;
    let mut found = select.query(params![number::STEPS, us, of == Whose::Ours])?;
    let mut attempts = Vec::new();
    while let Some(row) = found.next()? {
        let seq = Seq(row.get(5)?);
        let read = || -> rusqlite::Result<OpenAttempt> {
            Ok(OpenAttempt {
                job: row::job_id(row, 0)?,
                step: row.get(1)?,
                number: row.get(2)?,
                started_at: row::time(row, 3)?,
                // Its processes can be found without it.
                backend: row.get(4).ok(),
            })
        };
        attempts.extend(sieve.pass(|| Spot::Job(seq), read())?);
    }
    Ok(attempts)
}

fn seq_of(conn: &Connection, id: JobId) -> Result<Option<i64>, Error> {
    let mut select = conn.prepare_cached("SELECT seq FROM job WHERE id = ?1")?;
    Ok(select.query_row([Id(id.0)], |row| row.get(0)).optional()?)
}

/// A job's plan.
pub(super) fn steps(conn: &Connection, sieve: &mut Sieve, id: JobId) -> Result<Vec<Step>, Error> {
    let Some(seq) = seq_of(conn, id)? else { return Ok(Vec::new()) };
    steps_of(conn, sieve, seq)
}

fn steps_of(conn: &Connection, sieve: &mut Sieve, seq: i64) -> Result<Vec<Step>, Error> {
    let (first, last) = number::steps_of(seq);
    let mut select = conn.prepare_cached(concat!(
        "SELECT ",
        step_columns!(),
        " FROM step WHERE id BETWEEN ?1 AND ?2 ORDER BY id"
    ))?;
    let mut rows = select.query([first, last])?;
    let mut steps = Vec::new();
    while let Some(row) = rows.next()? {
        steps.extend(sieve.pass(|| Spot::OfJob(Seq(seq)), row::step(row))?);
    }
    Ok(steps)
}

/// A job's attempts in the order of steps and numbers, the open one as well, each with its output.
pub(super) fn attempts(
    conn: &Connection,
    seal: &Seal,
    sieve: &mut Sieve,
    id: JobId,
) -> Result<Vec<AttemptOutput>, Error> {
    let Some(seq) = seq_of(conn, id)? else { return Ok(Vec::new()) };
    let (first, last) = number::attempts_of(seq);
    let mut select = conn.prepare_cached(
        "SELECT id, started_at, ended_at, kind, status, code, message, sealed FROM attempt
         WHERE id BETWEEN ?1 AND ?2 ORDER BY id",
    )?;
    let mut rows = select.query([first, last])?;
    let mut attempts = Vec::new();
    while let Some(row) = rows.next()? {
        attempts.extend(attempt(seal, sieve, id, Seq(seq), row)?);
    }
    let open = sieve.pass(|| Spot::Job(Seq(seq)), open_attempt(conn, seq))?.flatten();
    attempts.extend(open.map(|attempt| (attempt, None)));
    attempts.sort_by_key(|(attempt, _)| (attempt.step, attempt.number));
    Ok(attempts)
}

/// See [`crate::Read::answer`].
pub(super) fn answer(
    conn: &Connection,
    seal: &Seal,
    sieve: &mut Sieve,
    id: JobId,
) -> Result<Option<Answer>, Error> {
    let Some(job) = row::job_by_id(conn, id)? else { return Ok(None) };
    let mut select = conn.prepare_cached(
        "SELECT id, started_at, ended_at, kind, status, code, message, sealed FROM attempt WHERE id = ?1",
    )?;
    let mut answered = Vec::new();
    for step in steps_of(conn, sieve, job.seq.0)? {
        let place = number::attempt(job.seq.0, step.index, step.attempts)?;
        let mut rows = select.query([place])?;
        let last = match rows.next()? {
            Some(row) => attempt(seal, sieve, id, job.seq, row)?,
            None => None,
        };
        answered.push((step, last));
    }
    Ok(Some(Answer { job, steps: answered }))
}

/// An attempt with its output, as far as they can be read.
fn attempt(
    seal: &Seal,
    sieve: &mut Sieve,
    id: JobId,
    seq: Seq,
    row: &Row<'_>,
) -> Result<Option<AttemptOutput>, Error> {
    let Some(attempt) = sieve.pass(|| Spot::OfJob(seq), row::attempt(row))? else { return Ok(None) };
    let sealed = row.get::<_, Option<Vec<u8>>>(7).map_err(Error::from);
    let output = sealed.and_then(|sealed| opened::output(seal, id, &attempt, sealed));
    let output = sieve.pass(|| Spot::OfJob(seq), output)?.flatten();
    Ok(Some((attempt, output)))
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

/// The earliest deadline among the live jobs behind this one on its subject.
pub(super) fn deadline_behind(conn: &Connection, id: JobId) -> Result<Option<Timestamp>, Error> {
    let mut select = conn.prepare_cached(
        "SELECT min(behind.deadline) FROM job JOIN job AS behind INDEXED BY job_live ON behind.subject = job.subject
         WHERE job.id = ?1 AND behind.ended_at IS NULL AND behind.seq > job.seq",
    )?;
    Ok(select.query_row([Id(id.0)], |row| row::maybe_time(row, 0))?)
}

/// The newest later job of the same subject and action that succeeded.
pub(super) fn later_success(conn: &Connection, id: JobId) -> Result<Option<Job>, Error> {
    let Some(job) = row::job_by_id(conn, id)? else { return Ok(None) };
    let Some(subject) = &job.subject else { return Ok(None) };
    let mut select = conn.prepare_cached(select_job!(
        "INDEXED BY job_subject WHERE subject = ?1 AND seq > ?2 AND action = ?3 AND state = 3 AND dry_run = 0
         ORDER BY seq DESC LIMIT 1"
    ))?;
    Ok(select.query_row(params![subject.as_str(), job.seq.0, job.action], row::job).optional()?)
}

/// How many jobs are in each state.
pub(super) fn tallies(conn: &Connection) -> Result<Vec<Tally>, Error> {
    let mut select = conn.prepare_cached("SELECT state, jobs FROM tally ORDER BY state")?;
    let mut rows = select.query([])?;
    let mut tallies = Vec::new();
    while let Some(row) = rows.next()? {
        let read =
            || -> rusqlite::Result<Tally> { Ok(Tally { state: row::word(row, 0)?, jobs: row.get(1)? }) };
        // One that cannot be read is told by the check.
        tallies.extend(read().ok());
    }
    Ok(tallies)
}
