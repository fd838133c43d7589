//! Rows as our types.

use std::time::Duration;

use jiff::Timestamp;
use model::{Attempt, Code, Event, EventSeq, Job, JobId, Record, Seq, Step};
use rusqlite::{Connection, OptionalExtension, Result, Row};

use super::code::{CodeText, Coded, Id, SubjectText, Time, Word};
use super::dead;
use super::number;
use crate::damage::Spot;
use crate::error::Error;

/// The text of a query for whole jobs, as [`job`] reads them.
macro_rules! select_job {
    ($($rest:literal)+) => {
        concat!(
            "SELECT seq, id, source, external_id, action, subject, class, state, head, lane, due_at, deadline, ",
            "status, code, message, accepted_at, started_at, attempted_at, ended_at, replay_of, cancelled_by, ",
            "not_before, dry_run, failed_on, cause, settled, aside ",
            "FROM job ",
            $($rest),+
        )
    };
}
pub(super) use select_job;

pub(super) fn job(row: &Row<'_>) -> Result<Job> {
    Ok(Job {
        seq: Seq(row.get(0)?),
        id: job_id(row, 1)?,
        source: row.get(2)?,
        external_id: row.get(3)?,
        action: row.get(4)?,
        subject: row.get::<_, Option<SubjectText>>(5)?.map(|s| s.0),
        class: word(row, 6)?,
        state: word(row, 7)?,
        head: row.get(8)?,
        lane: row.get(9)?,
        due_at: time(row, 10)?,
        deadline: maybe_time(row, 11)?,
        status: row.get(12)?,
        code: maybe_code(row, 13)?,
        message: row.get(14)?,
        accepted_at: time(row, 15)?,
        started_at: maybe_time(row, 16)?,
        attempted_at: maybe_time(row, 17)?,
        ended_at: maybe_time(row, 18)?,
        replay_of: row.get::<_, Option<Id>>(19)?.map(|id| JobId(id.0)),
        cancelled_by: row.get(20)?,
        not_before: maybe_time(row, 21)?,
        dry_run: row.get(22)?,
        failed: dead::failed(row, 23)?,
    })
}

/// Where the row of a job stands that [`job`] cannot read.
pub(super) fn job_spot(row: &Row<'_>) -> Spot {
    // It is the row's own number in the file, and cannot be anything else.
    Spot::Job(Seq(row.get(0).unwrap_or_default()))
}

/// The job of that id.
pub(super) fn job_by_id(conn: &Connection, id: JobId) -> Result<Option<Job>, Error> {
    let mut select = conn.prepare_cached(select_job!("WHERE id = ?1"))?;
    Ok(select.query_row([Id(id.0)], job).optional()?)
}

/// The columns of a step, as [`step`] reads them.
macro_rules! step_columns {
    () => {
        "id, backend, on_error, state, attempts, status, code, message, tried, due_at, waits, waited"
    };
}
pub(super) use step_columns;

/// Reads [`step_columns`].
pub(super) fn step(row: &Row<'_>) -> Result<Step> {
    Ok(Step {
        index: number::place_of_step(row.get(0)?),
        backend: row.get(1)?,
        on_error: word(row, 2)?,
        state: word(row, 3)?,
        attempts: row.get(4)?,
        status: row.get(5)?,
        code: maybe_code(row, 6)?,
        message: row.get(7)?,
        tried: row.get(8)?,
        due_at: maybe_time(row, 9)?,
        waits: row.get(10)?,
        waited: Duration::from_millis(row.get::<_, i64>(11)?.unsigned_abs()),
    })
}

/// Reads `id, started_at, ended_at, kind, status, code, message`.
pub(super) fn attempt(row: &Row<'_>) -> Result<Attempt> {
    let (step, number) = number::place_of_attempt(row.get(0)?);
    Ok(Attempt {
        step,
        number,
        started_at: time(row, 1)?,
        ended_at: maybe_time(row, 2)?,
        kind: maybe_word(row, 3)?,
        status: row.get(4)?,
        code: maybe_code(row, 5)?,
        message: row.get(6)?,
    })
}

/// Reads `seq, at, kind, job, step, attempt, code`.
pub(super) fn event(row: &Row<'_>) -> Result<Event> {
    Ok(Event {
        seq: EventSeq::new(row.get(0)?),
        at: time(row, 1)?,
        kind: word(row, 2)?,
        job: row.get::<_, Option<Id>>(3)?.map(|id| JobId(id.0)),
        step: row.get(4)?,
        attempt: row.get(5)?,
        code: maybe_code(row, 6)?,
    })
}

/// Reads `seq, kind, at, who, what, code, message`.
pub(super) fn record(row: &Row<'_>) -> Result<Record> {
    Ok(Record {
        seq: row.get(0)?,
        kind: word(row, 1)?,
        at: time(row, 2)?,
        who: row.get(3)?,
        what: row.get(4)?,
        code: row.get::<_, CodeText>(5)?.0,
        message: row.get(6)?,
    })
}

pub(super) fn job_id(row: &Row<'_>, column: usize) -> Result<JobId> {
    Ok(JobId(row.get::<_, Id>(column)?.0))
}

pub(super) fn word<T: Coded>(row: &Row<'_>, column: usize) -> Result<T> {
    Ok(row.get::<_, Word<T>>(column)?.0)
}

pub(super) fn maybe_word<T: Coded>(row: &Row<'_>, column: usize) -> Result<Option<T>> {
    Ok(row.get::<_, Option<Word<T>>>(column)?.map(|word| word.0))
}

pub(super) fn time(row: &Row<'_>, column: usize) -> Result<Timestamp> {
    Ok(row.get::<_, Time>(column)?.0)
}

pub(super) fn maybe_time(row: &Row<'_>, column: usize) -> Result<Option<Timestamp>> {
    Ok(row.get::<_, Option<Time>>(column)?.map(|t| t.0))
}

pub(super) fn maybe_code(row: &Row<'_>, column: usize) -> Result<Option<Code>> {
    Ok(row.get::<_, Option<CodeText>>(column)?.map(|c| c.0))
}
