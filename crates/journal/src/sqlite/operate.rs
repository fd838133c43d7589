//! What operators ask of single jobs.

use jiff::Timestamp;
use model::{JobId, JobState};
use rusqlite::params;

use super::tx::{Ready, Tx};
use super::{effects, order, row};
use crate::error::Error;
use crate::sealed::SealedEffects;

fn find(tx: &Tx<'_>, id: JobId) -> Result<model::Job, Error> {
    row::job_by_id(tx.conn(), id)?.ok_or_else(|| Error::Missing(format!("job {id}")))
}

/// See [`crate::Write::ask_cancel`].
pub(super) fn ask_cancel(tx: &mut Tx<'_>, id: JobId, by: &str, effects: &SealedEffects) -> Result<(), Error> {
    let job = find(tx, id)?;
    if job.state != JobState::Running {
        return Err(Error::Fenced(format!("{id} is {}, not running", job.state.as_str())));
    }
    tx.sql.execute("UPDATE job SET cancelled_by = ?2 WHERE seq = ?1", params![job.seq.0, by])?;
    tx.committed.cancels.push(id);
    effects::write(tx, effects, Some((job.seq.0, id)))
}

/// See [`crate::Write::hurry`].
pub(super) fn hurry(tx: &mut Tx<'_>, id: JobId, at: Timestamp, effects: &SealedEffects) -> Result<(), Error> {
    let job = find(tx, id)?;
    if job.state != JobState::Retrying || !job.head {
        return Err(Error::Fenced(format!("{id} is {}, not waiting for a retry", job.state.as_str())));
    }
    let due_at = job.due_at.min(at);
    order::hurry(tx, job.seq.0, due_at)?;
    tx.due(Ready { id, seq: job.seq.0, lane: &job.lane, class: job.class, due_at });
    effects::write(tx, effects, Some((job.seq.0, id)))
}
