//! The end of what cannot be read: by force, with the least that has to be known of it.

use jiff::Timestamp;
use model::word::code;
use model::{Cause, Class, Code, DeliveryState, EventKind, JobId, JobState, Seq, StepState, Subject};
use rusqlite::{Row, params};

use super::code::{Coded, Id, SubjectText, Time, Word};
use super::tx::Tx;
use super::{dead, number, order, row, secret};
use crate::damage::{Burial, Grave};
use crate::error::Error;

/// What is said of a job that ended so.
const JOB: &str = "what the journal holds of it cannot be read: it was ended, hand the request in again";
/// What is said of a delivery.
const DELIVERY: &str = "what the journal holds of it cannot be read: it does not leave";
/// Stands where a name cannot be read.
const UNKNOWN: &str = "damaged";

/// See [`crate::Write::bury`].
pub(super) fn bury(tx: &mut Tx<'_>, burial: &Burial) -> Result<bool, Error> {
    let numbered = |sql, seq: i64| tx.sql.first(sql, [seq], |row| row.get::<_, i64>(0));
    let found = match burial.grave {
        Grave::Delivery(seq) => return delivery(tx, seq, burial),
        Grave::Job(id) => {
            let sql = "SELECT seq FROM job WHERE id = ?1 AND ended_at IS NULL";
            tx.sql.first(sql, [Id(id.0)], |row| row.get(0))?
        }
        Grave::Numbered(Seq(seq)) => {
            numbered("SELECT seq FROM job WHERE seq = ?1 AND ended_at IS NULL", seq)?
        }
        Grave::Waiting(Seq(seq)) => {
            numbered("SELECT seq FROM job WHERE seq = ?1 AND ended_at IS NULL AND open_step IS NULL", seq)?
        }
    };
    let Some(seq) = found else { return Ok(false) };
    job(tx, seq, burial)?;
    Ok(true)
}

/// What can be read of a job.
struct Rest {
    id: Option<JobId>,
    source: Option<String>,
    action: Option<String>,
    subject: Result<Option<Subject>, ()>,
    class: Option<Class>,
    state: Option<JobState>,
    accepted_at: Option<Timestamp>,
}

impl Rest {
    fn read(row: &Row<'_>) -> Self {
        Rest {
            id: row::job_id(row, 0).ok(),
            source: row.get(1).ok(),
            action: row.get(2).ok(),
            subject: row.get::<_, Option<SubjectText>>(3).map(|s| s.map(|s| s.0)).map_err(|_| ()),
            class: row::word(row, 4).ok(),
            state: row::word(row, 5).ok(),
            accepted_at: row::time(row, 6).ok(),
        }
    }
}

fn job(tx: &mut Tx<'_>, seq: i64, burial: &Burial) -> Result<(), Error> {
    let Burial { spare, at, .. } = *burial;
    let rest = tx.sql.one(
        "SELECT id, source, action, subject, class, state, accepted_at FROM job WHERE seq = ?1",
        [seq],
        |row| Ok(Rest::read(row)),
    )?;
    let was = match rest.state {
        Some(state) => Some(state),
        None => missing_from(tx)?,
    };
    let id = rest.id.unwrap_or(JobId(spare));
    let subject = rest.subject.as_ref().ok().and_then(Option::as_ref).map(Subject::as_str);
    secret::erase(&tx.sql, seq, seq)?;
    end_steps(tx, seq)?;
    tx.sql.execute(
        "UPDATE job SET id = ?2, source = ?3, external_id = CASE WHEN typeof(external_id) = 'text' THEN external_id END,
             action = ?4, subject = ?5, class = ?6, state = ?7, head = 0, lane = ?4, due_at = ?8, deadline = NULL, not_before = NULL,
             dry_run = (dry_run IS 1), status = 1,
             code = ?9, message = ?10, accepted_at = ?11, started_at = NULL, attempted_at = NULL, ended_at = ?8,
             replay_of = CASE WHEN length(replay_of) = 16 THEN replay_of END, cancelled_by = NULL,
             steps = (SELECT count(*) FROM step WHERE step.id BETWEEN ?12 AND ?13),
             replies = (SELECT count(*) FROM reply WHERE reply.seq = ?1), secrets = 0,
             open_step = NULL, open_number = NULL, open_at = NULL, open_life = NULL
         WHERE seq = ?1",
        params![
            seq,
            Id(id.0),
            rest.source.as_deref().unwrap_or(UNKNOWN),
            rest.action.as_deref().unwrap_or(UNKNOWN),
            subject,
            Word(rest.class.unwrap_or(Class::Bulk)),
            Word(JobState::Failed),
            Time(at),
            code::DAMAGED.as_str(),
            JOB,
            Time(rest.accepted_at.unwrap_or(at)),
            number::steps_of(seq).0,
            number::steps_of(seq).1,
        ],
    )?;
    dead::fail(tx, seq, &Cause::new(None, Some(&code::DAMAGED), Some(JOB), &[]))?;
    if let Some(was) = was {
        tx.count(was, -1);
    }
    tx.count(JobState::Failed, 1);
    let code: Code = code::DAMAGED;
    tx.event(at, EventKind::Failed, Some(id), (None, None), Some(code));
    match (&rest.subject, subject) {
        (Ok(_), Some(subject)) => order::leave(tx, subject, at),
        (Ok(_), None) => Ok(()),
        (Err(()), _) => order::mend(tx),
    }
}

/// Steps that have not ended fail; what they say is written anew where it cannot be read.
fn end_steps(tx: &Tx<'_>, seq: i64) -> Result<(), Error> {
    let (first, last) = number::steps_of(seq);
    let [succeeded, failed, skipped] = [StepState::Succeeded, StepState::Failed, StepState::Skipped];
    tx.sql.execute(
        "UPDATE step SET state = ?3, status = 1, code = ?4, message = NULL
             WHERE id BETWEEN ?1 AND ?2 AND state NOT IN (?3, ?5, ?6)",
        params![first, last, Word(failed), code::DAMAGED.as_str(), Word(succeeded), Word(skipped)],
    )?;
    Ok(())
}

/// The state of a job whose own cannot be read: the one of which the tally counts more than there are.
fn missing_from(tx: &Tx<'_>) -> Result<Option<JobState>, Error> {
    for state in [JobState::Queued, JobState::Running, JobState::Retrying] {
        let (told, counted): (i64, i64) = tx.sql.one(
            "SELECT (SELECT jobs FROM tally WHERE state = ?1),
                    (SELECT count(*) FROM job INDEXED BY job_alive WHERE ended_at IS NULL AND state = ?1)",
            [Word(state)],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )?;
        if told + tx.counted(state) > counted {
            return Ok(Some(state));
        }
    }
    Ok(None)
}

/// A delivery becomes one of the dead.
fn delivery(tx: &Tx<'_>, seq: i64, burial: &Burial) -> Result<bool, Error> {
    let Burial { spare, at, .. } = *burial;
    let (pending, dead) = (DeliveryState::Pending.code(), DeliveryState::Undeliverable.code());
    let ended = tx.sql.execute(
        "UPDATE delivery SET id = CASE WHEN typeof(id) = 'blob' AND length(id) = 16 THEN id ELSE ?2 END,
             job = CASE WHEN typeof(job) = 'integer' THEN job END,
             courier = CASE WHEN typeof(courier) = 'text' THEN courier ELSE ?3 END,
             address = CASE WHEN typeof(address) = 'text' THEN address ELSE ?3 END,
             attempts = CASE WHEN typeof(attempts) = 'integer' AND attempts BETWEEN 0 AND 1000000 THEN attempts ELSE 0 END,
             state = ?4, due_at = ?5, ended_at = ?5, message = ?6
         WHERE seq = ?1 AND (state = ?7 OR typeof(state) <> 'integer' OR state NOT BETWEEN 0 AND 3)",
        params![seq, Id(spare), UNKNOWN, dead, Time(at), DELIVERY, pending],
    )?;
    Ok(ended > 0)
}
