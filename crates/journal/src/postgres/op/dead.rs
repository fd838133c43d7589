//! Dead letters: failed jobs that nobody has settled, grouped by cause.

use model::{Cause, Failed, JobId, JobState};

use super::super::page::{CauseRow, Halt, JobRow, Page, Ruled};
use crate::error::Error;
use crate::rules::dead::{REPLAYS, id_of, place, settle, told_apart};

/// A job has failed: it becomes a dead letter.
pub(in super::super) fn fail(page: &mut Page, row: &mut JobRow, cause: &Cause) -> Ruled<()> {
    let id = keep(page, cause)?;
    row.job.failed = Some(Failed { on: cause.backend.clone(), cause: id, settled: None, record: None });
    Ok(())
}

/// Finds the row of a cause, or makes it.
fn keep(page: &mut Page, cause: &Cause) -> Ruled<model::CauseId> {
    let id = id_of(cause);
    if page.has_cause(place(id))? {
        return Ok(id);
    }
    let known = page.causes_known()?;
    let cause = told_apart(cause.clone(), known);
    let id = id_of(&cause);
    if !page.has_cause(place(id))? {
        page.causes.set(place(id), Some(CauseRow { cause: Some(cause) }));
    }
    Ok(id)
}

/// A replay has ended: the jobs of which it is one are settled by it, or not.
pub(super) fn follow(page: &mut Page, replay: JobState, of: Option<JobId>) -> Ruled<()> {
    let mut next = of;
    for _ in 0..REPLAYS {
        let Some(id) = next else { break };
        let found = match page.job(id) {
            Ok(Some(found)) if found.job.state == JobState::Failed => found,
            Err(Halt::Missing) => return Err(Halt::Missing),
            // What cannot be read is nobody's dead letter.
            Ok(_) | Err(Halt::Failed(Error::Damaged(_))) => break,
            Err(halt) => return Err(halt),
        };
        let mut row = JobRow::clone(&found);
        if let Some(failed) = &mut row.job.failed
            && let Some(settled) = settle(replay, failed.settled)
        {
            failed.settled = Some(settled);
            page.put(row);
        }
        next = found.job.replay_of;
    }
    Ok(())
}
