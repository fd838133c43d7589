//! The end of what cannot be read: by force, with the least that has to be known of it.

use jiff::Timestamp;
use model::word::code;
use model::{Cause, Class, EventKind, JobId, JobState, Seq, Step, StepState, Subject};
use tokio_postgres::Row;

use super::op::{fail, leave};
use super::page::{JobRow, Page};
use super::row::{self, code_of};
use super::tx::Tx;
use super::{load, steps};
use crate::damage::{Burial, Damaged, Grave, Spot};
use crate::error::Error;

/// What is said of a job that ended so.
const JOB: &str = "what the journal holds of it cannot be read: it was ended, hand the request in again";
/// What is said of a delivery.
const DELIVERY: &str = "what the journal holds of it cannot be read: it does not leave";

/// See [`crate::Write::bury`].
pub(super) async fn bury(tx: &mut Tx, burial: &Burial) -> Result<bool, Error> {
    let found = match burial.grave {
        Grave::Delivery(seq) => return delivery(tx, seq, burial.at).await,
        Grave::Job(JobId(id)) => tx.first(load::LIVE_BY_ID, &[&id]).await?,
        Grave::Numbered(Seq(seq)) => tx.first(load::LIVE_BY_SEQ, &[&seq]).await?,
        Grave::Waiting(Seq(seq)) => tx
            .first(load::LIVE_BY_SEQ, &[&seq])
            .await?
            .filter(|row| matches!(row::get(row, 32), Ok(None::<i32>))),
    };
    let Some(found) = found else { return Ok(false) };
    let (buried, subject) = read(&found, burial)?;
    let was = row::word::<JobState>(&found, 7).ok();
    let id = buried.job.id;
    tx.execute("DELETE FROM secret WHERE job = $1", &[&id.0]).await?;
    tx.execute("DELETE FROM live WHERE id = $1", &[&id.0]).await?;
    let was = match was {
        Some(was) => Some(was),
        None => missing_from(tx).await?,
    };
    tx.rule(|page| {
        let mut row = buried.clone();
        fail(page, &mut row, &Cause::new(None, Some(&code::DAMAGED), Some(JOB), &[]))?;
        page.put(row);
        if let Some(was) = was {
            page.count(was, -1);
        }
        page.count(JobState::Failed, 1);
        page.event(burial.at, EventKind::Failed, Some(id), (None, None), Some(code::DAMAGED));
        match subject.as_ref().map(|subject| subject.as_ref().map(Subject::as_str)) {
            Ok(Some(subject)) => leave(page, subject, burial.at),
            _ => Ok(()),
        }
    })
    .await??;
    if subject.is_err() {
        mend(tx).await?;
    }
    Ok(true)
}

/// What can be read of a job, as it ends; and its subject, unless that cannot be read.
fn read(found: &Row, burial: &Burial) -> Result<(JobRow, Result<Option<Subject>, Error>), Error> {
    let at = burial.at;
    let subject = row::subject(found, 5);
    let value: Option<Vec<u8>> = row::get(found, 27)?;
    let (steps, backends) = match steps::read(value.as_deref()) {
        Ok(read) => {
            let read: Vec<Step> = read.into_iter().filter_map(Result::ok).map(end).collect();
            (read, None)
        }
        Err(_) => (Vec::new(), row::get::<Option<Vec<String>>>(found, 28)?),
    };
    let job = model::Job {
        seq: Seq(row::get(found, 0)?),
        id: row::job_id(found, 1)?,
        source: row::get(found, 2)?,
        external_id: row::get(found, 3)?,
        action: row::get(found, 4)?,
        subject: subject.as_ref().ok().cloned().flatten(),
        class: row::word(found, 6).unwrap_or(Class::Bulk),
        state: JobState::Failed,
        head: false,
        lane: row::get(found, 4)?,
        due_at: at,
        deadline: None,
        not_before: None,
        dry_run: row::get(found, 22)?,
        status: 1,
        code: Some(code::DAMAGED),
        message: Some(JOB.to_owned()),
        accepted_at: row::time(found, 15).unwrap_or(at),
        started_at: None,
        attempted_at: None,
        ended_at: Some(at),
        replay_of: row::maybe_job_id(found, 19)?,
        cancelled_by: None,
        failed: None,
    };
    let replies = row::get(found, 30)?;
    let rev = row::get(found, 36)?;
    let mut row = JobRow {
        job,
        steps: None,
        backends: None,
        plan: None,
        replies,
        secrets: false,
        open: None,
        rev,
        placed: true,
    };
    row.set_steps(&steps);
    if backends.is_some() {
        row.backends = backends;
    }
    Ok((row, subject))
}

/// Steps that have not ended fail.
fn end(mut step: Step) -> Step {
    if !matches!(step.state, StepState::Succeeded | StepState::Failed | StepState::Skipped) {
        step.state = StepState::Failed;
        step.status = 1;
        step.code = Some(code::DAMAGED);
        step.message = None;
    }
    step
}

/// The state of a job whose own cannot be read: the one of which the tally counts more than there are.
async fn missing_from(tx: &Tx) -> Result<Option<JobState>, Error> {
    for state in [JobState::Queued, JobState::Running, JobState::Retrying] {
        let counts = "SELECT (SELECT sum(jobs)::bigint FROM tally WHERE state = $1), (SELECT count(*) FROM live WHERE state = $1)";
        let found = tx.one(counts, &[&code_of(state)]).await?;
        if row::get::<Option<i64>>(&found, 0)?.unwrap_or_default() > row::get::<i64>(&found, 1)? {
            return Ok(Some(state));
        }
    }
    Ok(None)
}

/// A subject that cannot be read any more had a head: every subject gets one that has none.
async fn mend(tx: &mut Tx) -> Result<(), Error> {
    let headless = "UPDATE live SET head = true, rev = rev + 1 WHERE NOT head AND seq IN (
                        SELECT min(seq) FROM live WHERE subject IS NOT NULL AND placed GROUP BY subject) RETURNING id, seq";
    for found in tx.all(headless, &[]).await? {
        let id = row::job_id(&found, 0)?;
        let tell = |page: &mut Page| {
            let row = page.the_job(id)?;
            page.due(&row);
            Ok(())
        };
        if let Err(error) = tx.rule(tell).await? {
            let spot = Spot::Job(Seq(row::get(&found, 1)?));
            tx.committed.damaged.push(Damaged { spot, why: error.to_string() });
        }
    }
    Ok(())
}

/// A delivery becomes one of the dead.
async fn delivery(tx: &Tx, seq: i64, at: Timestamp) -> Result<bool, Error> {
    let end =
        "UPDATE delivery SET attempts = CASE WHEN attempts BETWEEN 0 AND 1000000 THEN attempts ELSE 0 END,
                   state = 2, due_at = $2, ended_at = $2, message = $3
               WHERE seq = $1 AND (state = 0 OR state NOT BETWEEN 0 AND 3)";
    Ok(tx.execute(end, &[&seq, &at.as_millisecond(), &DELIVERY]).await? > 0)
}
