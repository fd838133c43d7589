//! Reading jobs: what is due, what a job needs to be taken up, what belongs to it.

use std::sync::Arc;

use jiff::Timestamp;
use model::{Attempt, Class, Job, JobId, Seq, Step};
use tokio_postgres::Row;

use super::lanes::ReadingLane;
use super::row::{self, JOB, code_of, get};
use super::session::{Param, Session};
use super::shard::Shards;
use super::steps;
use super::together::Together;
use crate::api::{Answer, AttemptOutput, Due, Listing, OpenAttempt, Prepared, Tally, Whose};
use crate::damage::{Sieve, Spot};
use crate::error::Error;
use crate::opened;
use crate::seal::Seal;

/// What jobs that may be taken up have in common.
const READY: &str = "head AND state IN (0, 2)";

/// What is true of a column that holds a time.
pub(super) fn is_sound(column: &str) -> String {
    let (first, last) = (Timestamp::MIN.as_millisecond(), Timestamp::MAX.as_millisecond());
    format!("{column} BETWEEN {first} AND {last}")
}

/// The first jobs of a lane and class that may be taken up; none stands before `place`.
pub(super) async fn due(
    sql: &Session,
    sieve: &mut Sieve,
    (lane, class): (&str, Class),
    place: &mut ReadingLane<'_>,
    (ours, limit): (Shards, usize),
) -> Result<Listing<Due>, Error> {
    let ours = ours.condition();
    let select = format!(
        "SELECT id, seq, due_at FROM live WHERE {READY} AND lane = $1 AND class = $2 AND (due_at, seq) >= ($3, $4){ours}
         ORDER BY lane, class, due_at, seq LIMIT {limit}"
    );
    let (due_at, seq) = place.from;
    let found = sql.all(&select, &[&lane, &code_of(class), &due_at, &seq]).await?;
    if let Some(first) = found.first() {
        place.found((get(first, 2)?, get(first, 1)?));
    }
    let lane: Arc<str> = lane.into();
    let mut rows = Vec::with_capacity(found.len());
    for row in &found {
        let seq = Seq(get(row, 1)?);
        let read = || -> Result<Due, Error> {
            let (id, due_at) = (row::job_id(row, 0)?, row::time(row, 2)?);
            Ok(Due { id, seq, lane: Arc::clone(&lane), class, due_at })
        };
        rows.extend(sieve.pass(|| Spot::Job(seq), read())?);
    }
    let next = found.last().filter(|_| found.len() >= limit).map(|row| get(row, 1)).transpose()?;
    Ok(Listing { rows, next, damaged: sieve.damaged.clone() })
}

/// Whole jobs, as far as they can be read.
async fn jobs(
    sql: &Session,
    sieve: &mut Sieve,
    select: &str,
    params: &[Param<'_>],
) -> Result<Vec<Job>, Error> {
    let mut jobs = Vec::new();
    for row in &sql.all(select, params).await? {
        jobs.extend(sieve.pass(|| row::job_spot(row), row::job(row))?);
    }
    Ok(jobs)
}

/// The lanes in which jobs wait: one step through the index for each, however many jobs there are.
pub(super) async fn lanes(sql: &Session, ours: Shards) -> Result<Vec<String>, Error> {
    let ours = ours.condition();
    let select = format!(
        "WITH RECURSIVE lanes (lane) AS (
             (SELECT lane FROM live WHERE {READY}{ours} ORDER BY lane LIMIT 1)
             UNION ALL
             SELECT next.lane FROM lanes CROSS JOIN LATERAL (
                 SELECT lane FROM live WHERE {READY} AND lane > lanes.lane{ours} ORDER BY lane LIMIT 1) AS next)
         SELECT lane FROM lanes"
    );
    sql.all(&select, &[]).await?.iter().map(|row| get(row, 0)).collect()
}

/// See [`crate::Read::lane`]. Each class is a stretch of the index in the order of due times.
pub(super) async fn lane(
    sql: &Session,
    sieve: &mut Sieve,
    lane: &str,
    after: Timestamp,
    limit: usize,
) -> Result<Vec<Job>, Error> {
    let class = |class: Class| {
        let class = code_of(class);
        format!(
            "(SELECT * FROM live WHERE {READY} AND lane = $1 AND class = {class} AND due_at > $2
              ORDER BY lane, class, due_at, seq LIMIT {limit})"
        )
    };
    let (urgent, bulk) = (class(Class::Interactive), class(Class::Bulk));
    let select = format!(
        "SELECT {JOB} FROM ({urgent} UNION ALL {bulk}) AS waiting ORDER BY due_at, seq LIMIT {limit}"
    );
    jobs(sql, sieve, &select, &[&lane, &after.as_millisecond()]).await
}

/// See [`crate::Read::lane_size`].
pub(super) async fn lane_size(sql: &Session, lane: &str) -> Result<(u64, Option<Timestamp>), Error> {
    let select = format!(
        "SELECT count(*), max(due_at) FILTER (WHERE {}) FROM live WHERE {READY} AND lane = $1",
        is_sound("due_at")
    );
    let row = sql.one(&select, &[&lane]).await?;
    Ok((get::<i64>(&row, 0)?.unsigned_abs(), row::maybe_time(&row, 1)?))
}

/// Live jobs not running whose deadline has come, earliest first.
pub(super) async fn expired(
    sql: &Session,
    sieve: &mut Sieve,
    at: Timestamp,
    (ours, limit): (Shards, usize),
) -> Result<Vec<Job>, Error> {
    let ours = ours.condition();
    let select = format!(
        "SELECT {JOB} FROM live WHERE deadline IS NOT NULL AND state IN (0, 2) AND deadline <= $1 AND placed{ours}
         ORDER BY deadline, seq LIMIT {limit}"
    );
    jobs(sql, sieve, &select, &[&at.as_millisecond()]).await
}

/// The earliest deadline of a live job that is not running.
pub(super) async fn next_deadline(sql: &Session, ours: Shards) -> Result<Option<Timestamp>, Error> {
    let select = format!(
        "SELECT deadline FROM live WHERE deadline IS NOT NULL AND state IN (0, 2) AND placed AND {}{}
         ORDER BY deadline, seq LIMIT 1",
        is_sound("deadline"),
        ours.condition()
    );
    sql.first(&select, &[]).await?.map(|row| row::time(&row, 0)).transpose()
}

/// The job of that id.
pub(super) async fn one(sql: &Session, id: JobId) -> Result<Option<Job>, Error> {
    let select = format!("SELECT {JOB} FROM job WHERE id = $1");
    sql.first(&select, &[&id.0]).await?.map(|row| row::job(&row)).transpose()
}

/// Everything needed to take up a job. What belongs to it and cannot be read is left out and named.
pub(super) async fn prepare(
    sql: &Session,
    seal: &Seal,
    sieve: &mut Sieve,
    (together, id): (&Together, JobId),
) -> Result<Option<Prepared>, Error> {
    let select = format!(
        "SELECT {JOB}, steps, plan, replies, body.sealed,
                CASE WHEN secrets THEN (SELECT sealed FROM secret WHERE secret.job = id) END,
                CASE WHEN replies > 0 THEN ARRAY(SELECT sealed FROM reply WHERE reply.job = id ORDER BY place) END
         FROM job LEFT JOIN body ON body.job = id WHERE id = ANY($1)"
    );
    let Some(row) = together.row(sql, &select, id.0).await? else { return Ok(None) };
    let job = row::job(&row)?;
    let part = || Spot::OfJob(job.seq);
    let body = sieve.pass(part, opened::body(seal, &job, get(&row, 30)?))?.unwrap_or_default();
    let secrets = get::<Option<Vec<u8>>>(&row, 31)?.map(|sealed| opened::secrets(seal, id, sealed));
    let secrets = sieve.pass(part, secrets.transpose())?.flatten();
    let (value, plan): (Option<&[u8]>, Option<Vec<u8>>) = (get(&row, 27)?, get(&row, 28)?);
    let frozen = frozen(sieve, job.seq, value)?;
    if value.is_some() || plan.is_some() {
        sieve.pass(part, opened::plan(seal, &job, plan, || Ok(opened::plan_of(id, &frozen))))?;
    }
    let mut replies = Vec::new();
    for sealed in get::<Option<Vec<Vec<u8>>>>(&row, 32)?.unwrap_or_default() {
        replies.extend(sieve.pass(part, opened::reply(seal, &job, sealed))?);
    }
    let callers = row::number(&row, 29)?;
    let damaged = sieve.damaged.clone();
    Ok(Some(Prepared { steps: frozen, body, secrets, replies, callers, damaged, job }))
}

/// The steps of a job, as far as they can be read.
fn frozen(sieve: &mut Sieve, seq: Seq, value: Option<&[u8]>) -> Result<Vec<Step>, Error> {
    let mut frozen = Vec::new();
    for step in sieve.pass(|| Spot::OfJob(seq), steps::read(value))?.unwrap_or_default() {
        frozen.extend(sieve.pass(|| Spot::OfJob(seq), step)?);
    }
    Ok(frozen)
}

/// Attempts of running jobs: they have no end yet. Shards may have gone to somebody who lives since it was asked which are ours.
pub(super) async fn open_attempts(
    sql: &Session,
    sieve: &mut Sieve,
    (of, ours): (Whose, Shards),
    us: i64,
) -> Result<Vec<OpenAttempt>, Error> {
    let select = format!(
        "SELECT id, open_step, open_number, open_at, backends[open_step + 1], seq FROM live
         WHERE open_step IS NOT NULL AND (open_life IS NOT DISTINCT FROM $1) = $2
           AND ($2 OR coalesce(open_life <> ALL(ARRAY(SELECT life FROM pen WHERE NOT over)), true)){} ORDER BY seq",
        ours.condition()
    );
    let mut attempts = Vec::new();
    for row in &sql.all(&select, &[&us, &(of == Whose::Ours)]).await? {
        let seq = Seq(get(row, 5)?);
        let read = || -> Result<OpenAttempt, Error> {
            Ok(OpenAttempt {
                job: row::job_id(row, 0)?,
                step: row::number(row, 1)?,
                number: row::number(row, 2)?,
                started_at: row::time(row, 3)?,
                // Its processes can be found without it.
                backend: get(row, 4).ok().flatten(),
            })
        };
        attempts.extend(sieve.pass(|| Spot::Job(seq), read())?);
    }
    Ok(attempts)
}

/// A job's plan.
pub(super) async fn steps(sql: &Session, sieve: &mut Sieve, id: JobId) -> Result<Vec<Step>, Error> {
    match sql.first("SELECT seq, steps FROM job WHERE id = $1", &[&id.0]).await? {
        Some(row) => frozen(sieve, Seq(get(&row, 0)?), get(&row, 1)?),
        None => Ok(Vec::new()),
    }
}

/// A job's attempts in the order of steps and numbers, the open one as well, each with its output.
pub(super) async fn attempts(
    sql: &Session,
    seal: &Seal,
    sieve: &mut Sieve,
    id: JobId,
) -> Result<Vec<AttemptOutput>, Error> {
    let select =
        "SELECT seq, open_step, open_number, open_at, step, number, attempt.started_at, attempt.ended_at,
                kind, attempt.status, attempt.code, attempt.message, sealed
         FROM job LEFT JOIN attempt ON attempt.job = id WHERE id = $1";
    let found = sql.all(select, &[&id.0]).await?;
    let mut attempts = Vec::new();
    for row in &found {
        if get::<Option<i32>>(row, 4)?.is_some() {
            attempts.extend(attempt(seal, sieve, id, row, 4)?);
        }
    }
    if let Some(row) = found.first() {
        let seq = Seq(get(row, 0)?);
        let open = sieve.pass(|| Spot::Job(seq), open_attempt(row))?.flatten();
        attempts.extend(open.map(|attempt| (attempt, None)));
    }
    attempts.sort_by_key(|(attempt, _)| (attempt.step, attempt.number));
    Ok(attempts)
}

/// See [`crate::Read::answer`].
pub(super) async fn answer(
    sql: &Session,
    seal: &Seal,
    sieve: &mut Sieve,
    id: JobId,
) -> Result<Option<Answer>, Error> {
    let columns = JOB.split(", ").map(|column| format!("job.{column}")).collect::<Vec<_>>().join(", ");
    let select = format!(
        "SELECT {columns}, steps, step, number, attempt.started_at, attempt.ended_at, kind, attempt.status,
                attempt.code, attempt.message, sealed
         FROM job LEFT JOIN attempt ON attempt.job = id AND number = (
             SELECT max(number) FROM attempt AS other WHERE other.job = id AND other.step = attempt.step)
         WHERE id = $1"
    );
    let found = sql.all(&select, &[&id.0]).await?;
    let Some(first) = found.first() else { return Ok(None) };
    let job = row::job(first)?;
    let mut answered = Vec::new();
    for step in frozen(sieve, job.seq, get(first, 27)?)? {
        let is_last = |row: &&Row| {
            let found: Result<(i32, i32), Error> = get(row, 28).and_then(|step| Ok((step, get(row, 29)?)));
            found.is_ok_and(|found| found == (step.index.into(), step.attempts.cast_signed()))
        };
        let last = match found.iter().find(is_last) {
            Some(row) => attempt(seal, sieve, id, row, 28)?,
            None => None,
        };
        answered.push((step, last));
    }
    Ok(Some(Answer { job, steps: answered }))
}

/// An attempt, from this column on, with its output, as far as they can be read. The job's number is in the first column.
fn attempt(
    seal: &Seal,
    sieve: &mut Sieve,
    id: JobId,
    row: &Row,
    column: usize,
) -> Result<Option<AttemptOutput>, Error> {
    let seq = Seq(get(row, 0)?);
    let Some(attempt) = sieve.pass(|| Spot::OfJob(seq), row::attempt(row, column))? else { return Ok(None) };
    let output = opened::output(seal, id, &attempt, get(row, column + 8)?);
    let output = sieve.pass(|| Spot::OfJob(seq), output)?.flatten();
    Ok(Some((attempt, output)))
}

/// Reads `open_step, open_number, open_at` from the second column on.
fn open_attempt(row: &Row) -> Result<Option<Attempt>, Error> {
    let Some(step) = row::maybe_number(row, 1)? else { return Ok(None) };
    Ok(Some(Attempt {
        step,
        number: row::number(row, 2)?,
        started_at: row::time(row, 3)?,
        ended_at: None,
        kind: None,
        status: 0,
        code: None,
        message: None,
    }))
}

/// A value of the job $1, to compare others with.
macro_rules! of_it {
    ($column:literal) => {
        concat!("(SELECT ", $column, " FROM job WHERE id = $1)")
    };
}

/// The live job directly before this one on its subject.
pub(super) async fn before(sql: &Session, id: JobId) -> Result<Option<Job>, Error> {
    let (subject, seq) = (of_it!("subject"), of_it!("seq"));
    let select = format!(
        "SELECT {JOB} FROM live WHERE subject >= {subject} AND (subject, seq) < ({subject}, {seq}) AND placed
         ORDER BY subject DESC, seq DESC LIMIT 1"
    );
    sql.first(&select, &[&id.0]).await?.map(|row| row::job(&row)).transpose()
}

/// The earliest deadline among the live jobs behind this one on its subject.
pub(super) async fn deadline_behind(sql: &Session, id: JobId) -> Result<Option<Timestamp>, Error> {
    let (subject, seq) = (of_it!("subject"), of_it!("seq"));
    let select =
        format!("SELECT min(deadline) FROM live WHERE subject = {subject} AND seq > {seq} AND placed");
    row::maybe_time(&sql.one(&select, &[&id.0]).await?, 0)
}

/// The newest later job of the same subject and action that succeeded.
pub(super) async fn later_success(sql: &Session, id: JobId) -> Result<Option<Job>, Error> {
    let (subject, seq, action) = (of_it!("subject"), of_it!("seq"), of_it!("action"));
    let select = format!(
        "SELECT {JOB} FROM done WHERE subject <= {subject} AND (subject, seq) > ({subject}, {seq})
         AND action = {action} AND state = 3 AND NOT dry_run ORDER BY subject DESC, seq DESC LIMIT 1"
    );
    sql.first(&select, &[&id.0]).await?.map(|row| row::job(&row)).transpose()
}

/// How many jobs are in each state. One that cannot be read is told by the check.
pub(super) async fn tallies(sql: &Session) -> Result<Vec<Tally>, Error> {
    let rows =
        sql.all("SELECT state, sum(jobs)::bigint FROM tally GROUP BY state ORDER BY state", &[]).await?;
    let read =
        |row| -> Result<Tally, Error> { Ok(Tally { state: row::word(row, 0)?, jobs: row::number(row, 1)? }) };
    Ok(rows.iter().filter_map(|row| read(row).ok()).collect())
}
