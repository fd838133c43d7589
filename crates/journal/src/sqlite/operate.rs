//! What operators ask of single jobs.

use jiff::Timestamp;
use model::{JobId, JobState};
use rusqlite::params;

use super::code::Time;
use super::row;
use super::tx::{Ready, Tx};
use crate::error::Error;

fn find(tx: &Tx<'_>, id: JobId) -> Result<model::Job, Error> {
    row::job_by_id(tx.conn(), id)?.ok_or_else(|| Error::Missing(format!("job {id}")))
}

/// See [`crate::Journal::ask_cancel`].
pub(super) fn ask_cancel(tx: &Tx<'_>, id: JobId, by: &str) -> Result<(), Error> {
    let job = find(tx, id)?;
    if job.state != JobState::Running {
        return Err(Error::Fenced(format!("{id} is {}, not running", job.state.as_str())));
    }
    tx.sql.execute("UPDATE job SET cancelled_by = ?2 WHERE seq = ?1", params![job.seq.0, by])?;
    Ok(())
}

/// See [`crate::Journal::hurry`].
pub(super) fn hurry(tx: &mut Tx<'_>, id: JobId, at: Timestamp) -> Result<(), Error> {
    let job = find(tx, id)?;
    if job.state != JobState::Retrying || !job.head {
        return Err(Error::Fenced(format!("{id} is {}, not waiting for a retry", job.state.as_str())));
    }
    let due_at = job.due_at.min(at);
    tx.sql.execute("UPDATE job SET due_at = ?2 WHERE seq = ?1", params![job.seq.0, Time(due_at)])?;
    tx.due(Ready { id, seq: job.seq.0, lane: &job.lane, class: job.class, due_at });
    Ok(())
}
