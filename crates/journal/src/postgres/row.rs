//! Rows as our types. What cannot be read is [`Error::Damaged`].

use jiff::Timestamp;
use model::{
    Attempt, CauseId, Code, Delivery, DeliveryId, DeliveryTo, Entity, EntityKey, Event, EventSeq, Failed,
    Job, JobId, OutboxPlace, Record, Seq, Settled, Subject,
};
use tokio_postgres::Row;
use tokio_postgres::types::FromSql;
use uuid::Uuid;

use crate::code::Coded;
use crate::damage::Spot;
use crate::error::Error;

/// The columns of a job, as [`job`] reads them, from the first one on.
pub(super) const JOB: &str = "seq, id, source, external_id, action, subject, class, state, head, lane, due_at, deadline, \
    status, code, message, accepted_at, started_at, attempted_at, ended_at, replay_of, cancelled_by, not_before, dry_run, \
    failed_on, cause, settled, aside";

/// Reads [`JOB`].
pub(super) fn job(row: &Row) -> Result<Job, Error> {
    Ok(Job {
        seq: Seq(get(row, 0)?),
        id: job_id(row, 1)?,
        source: get(row, 2)?,
        external_id: get(row, 3)?,
        action: get(row, 4)?,
        subject: subject(row, 5)?,
        class: word(row, 6)?,
        state: word(row, 7)?,
        head: get(row, 8)?,
        lane: get(row, 9)?,
        due_at: time(row, 10)?,
        deadline: maybe_time(row, 11)?,
        status: get(row, 12)?,
        code: maybe_code(row, 13)?,
        message: get(row, 14)?,
        accepted_at: time(row, 15)?,
        started_at: maybe_time(row, 16)?,
        attempted_at: maybe_time(row, 17)?,
        ended_at: maybe_time(row, 18)?,
        replay_of: maybe_job_id(row, 19)?,
        cancelled_by: get(row, 20)?,
        not_before: maybe_time(row, 21)?,
        dry_run: get(row, 22)?,
        failed: failed(row, 23)?,
    })
}

/// Where the row of a job stands that [`job`] cannot read.
pub(super) fn job_spot(row: &Row) -> Spot {
    Spot::Job(Seq(get(row, 0).unwrap_or_default()))
}

/// What is known of a failure: `failed_on, cause, settled, aside` from this column on.
pub(super) fn failed(row: &Row, column: usize) -> Result<Option<Failed>, Error> {
    let Some(cause) = get::<Option<i64>>(row, column + 1)? else { return Ok(None) };
    Ok(Some(Failed {
        on: get(row, column)?,
        cause: CauseId(cause.cast_unsigned()),
        settled: settled(row, column + 2)?,
        record: get(row, column + 3)?,
    }))
}

/// Why a failed job or a refusal does not count any more.
fn settled(row: &Row, column: usize) -> Result<Option<Settled>, Error> {
    Ok(match get::<Option<i16>>(row, column)? {
        Some(0) | None => None,
        Some(_) => maybe_word(row, column)?,
    })
}

/// Reads `step, number, started_at, ended_at, kind, status, code, message`, from this column on.
pub(super) fn attempt(row: &Row, column: usize) -> Result<Attempt, Error> {
    Ok(Attempt {
        step: number(row, column)?,
        number: number(row, column + 1)?,
        started_at: time(row, column + 2)?,
        ended_at: maybe_time(row, column + 3)?,
        kind: maybe_word(row, column + 4)?,
        status: get(row, column + 5)?,
        code: maybe_code(row, column + 6)?,
        message: get(row, column + 7)?,
    })
}

/// Reads `seq, at, kind, job, step, attempt, code, origin`.
pub(super) fn event(row: &Row) -> Result<Event, Error> {
    Ok(Event {
        seq: EventSeq::of(get(row, 7)?, get(row, 0)?),
        at: time(row, 1)?,
        kind: word(row, 2)?,
        job: maybe_job_id(row, 3)?,
        step: maybe_number(row, 4)?,
        attempt: maybe_number(row, 5)?,
        code: maybe_code(row, 6)?,
    })
}

/// Reads `seq, kind, at, who, what, code, message`.
pub(super) fn record(row: &Row) -> Result<Record, Error> {
    Ok(Record {
        seq: get(row, 0)?,
        kind: word(row, 1)?,
        at: time(row, 2)?,
        who: get(row, 3)?,
        what: get(row, 4)?,
        code: code(row, 5)?,
        message: get(row, 6)?,
    })
}

/// Reads `seq, id, job, courier, address, state, attempts, due_at, message, sealed`: with its body still sealed.
pub(super) fn delivery(row: &Row) -> Result<(Delivery, Vec<u8>), Error> {
    let delivery = Delivery {
        seq: OutboxPlace::new(get(row, 0)?),
        id: DeliveryId(get(row, 1)?),
        job: maybe_job_id(row, 2)?,
        to: DeliveryTo { courier: get(row, 3)?, address: get(row, 4)? },
        body: serde_json::Value::Null,
        state: word(row, 5)?,
        attempts: number(row, 6)?,
        due_at: time(row, 7)?,
        message: get(row, 8)?,
    };
    Ok((delivery, get(row, 9)?))
}

/// Reads `kind, key, rev, state, label, sealed`: with its body still sealed.
pub(super) fn entity(row: &Row) -> Result<(Entity, Vec<u8>), Error> {
    let entity = Entity {
        key: EntityKey { kind: get(row, 0)?, key: get(row, 1)? },
        rev: number(row, 2)?,
        state: get(row, 3)?,
        label: get(row, 4)?,
        body: serde_json::Value::Null,
    };
    Ok((entity, get(row, 5)?))
}

/// A value of a column.
pub(super) fn get<'r, T: FromSql<'r>>(row: &'r Row, column: usize) -> Result<T, Error> {
    Ok(row.try_get(column)?)
}

fn out_of_range(column: usize, value: i64) -> Error {
    Error::Damaged(format!("column {column} holds {value}, which is nothing it can hold"))
}

/// A number that is kept in a wider or signed column.
fn narrow<T: TryFrom<i64>>(column: usize, value: i64) -> Result<T, Error> {
    T::try_from(value).map_err(|_| out_of_range(column, value))
}

/// A number: of an `integer` or a `bigint` column.
pub(super) fn number<T: TryFrom<i64>>(row: &Row, column: usize) -> Result<T, Error> {
    let value = match row.try_get::<_, i32>(column) {
        Ok(value) => value.into(),
        Err(_) => get::<i64>(row, column)?,
    };
    narrow(column, value)
}

/// A number of an `integer` column, if it is there.
pub(super) fn maybe_number<T: TryFrom<i64>>(row: &Row, column: usize) -> Result<Option<T>, Error> {
    get::<Option<i32>>(row, column)?.map(|value| narrow(column, value.into())).transpose()
}

pub(super) fn job_id(row: &Row, column: usize) -> Result<JobId, Error> {
    Ok(JobId(get(row, column)?))
}

pub(super) fn maybe_job_id(row: &Row, column: usize) -> Result<Option<JobId>, Error> {
    Ok(get::<Option<Uuid>>(row, column)?.map(JobId))
}

pub(super) fn subject(row: &Row, column: usize) -> Result<Option<Subject>, Error> {
    let text: Option<&str> = get(row, column)?;
    let parse = |text: &str| {
        text.parse().map_err(|error| Error::Damaged(format!("column {column} holds no subject: {error}")))
    };
    text.map(parse).transpose()
}

pub(super) fn word<T: Coded>(row: &Row, column: usize) -> Result<T, Error> {
    maybe_word(row, column)?.ok_or_else(|| Error::Damaged(format!("column {column} holds nothing")))
}

pub(super) fn maybe_word<T: Coded>(row: &Row, column: usize) -> Result<Option<T>, Error> {
    let Some(code) = get::<Option<i16>>(row, column)? else { return Ok(None) };
    T::of_code(code.into()).map(Some).ok_or_else(|| out_of_range(column, code.into()))
}

pub(super) fn time(row: &Row, column: usize) -> Result<Timestamp, Error> {
    let millis = get(row, column)?;
    Timestamp::from_millisecond(millis).map_err(|_| out_of_range(column, millis))
}

pub(super) fn maybe_time(row: &Row, column: usize) -> Result<Option<Timestamp>, Error> {
    let Some(millis) = get(row, column)? else { return Ok(None) };
    Timestamp::from_millisecond(millis).map(Some).map_err(|_| out_of_range(column, millis))
}

pub(super) fn code(row: &Row, column: usize) -> Result<Code, Error> {
    Ok(Code(get::<String>(row, column)?.into()))
}

pub(super) fn maybe_code(row: &Row, column: usize) -> Result<Option<Code>, Error> {
    Ok(get::<Option<String>>(row, column)?.map(|code| Code(code.into())))
}

/// A word as it is written.
pub(super) fn code_of(word: impl Coded) -> i16 {
    i16::try_from(word.code()).unwrap_or(i16::MAX)
}
