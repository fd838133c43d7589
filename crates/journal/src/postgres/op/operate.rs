//! What operators ask of single jobs, and how deliveries went.

use jiff::Timestamp;
use model::{DeliveryId, DeliveryState, JobId, JobState};

use super::super::page::{DeliveryRow, JobRow, Page, Ruled};
use super::{effects, order};
use crate::change::Mark;
use crate::error::Error;
use crate::sealed::SealedEffects;

/// See [`crate::Write::ask_cancel`].
pub(super) fn ask_cancel(page: &mut Page, id: JobId, by: &str, effects: &SealedEffects) -> Ruled<()> {
    let mut row = JobRow::clone(&*page.the_job(id)?);
    let state = row.job.state;
    if state != JobState::Running {
        return Err(Error::Fenced(format!("{id} is {}, not running", state.as_str())).into());
    }
    row.job.cancelled_by = Some(by.to_owned());
    page.put(row);
    page.committed.cancels.push(id);
    effects::write(page, effects, Some(id))
}

/// See [`crate::Write::hurry`].
pub(super) fn hurry(page: &mut Page, id: JobId, at: Timestamp, effects: &SealedEffects) -> Ruled<()> {
    let mut row = JobRow::clone(&*page.the_job(id)?);
    if !page.owns(&row.job) {
        // Its owner would not hear of it.
        return Err(Error::NotOurs(id).into());
    }
    let state = row.job.state;
    if state != JobState::Retrying || !row.job.head {
        return Err(Error::Fenced(format!("{id} is {}, not waiting for a retry", state.as_str())).into());
    }
    let due_at = row.job.due_at.min(at);
    order::hurry(&mut row, due_at)?;
    page.due(&row);
    page.put(row);
    effects::write(page, effects, Some(id))
}

/// Records how a delivery went.
pub(super) fn mark(page: &mut Page, id: DeliveryId, mark: &Mark, at: Timestamp) -> Ruled<()> {
    let Some(found) = page.delivery(id)? else {
        return Err(Error::Missing(format!("delivery {}", id.0)).into());
    };
    let was = found.state;
    if was == DeliveryState::Undeliverable && *mark != Mark::Delivered {
        // It was given up while it was under way. Only an operator has it tried again.
        page.committed.left.push(id);
        return Ok(());
    }
    let (state, due_at, message) = match mark {
        Mark::Delivered => (DeliveryState::Delivered, None, None),
        Mark::Later(due_at, why) => (DeliveryState::Pending, Some(*due_at), Some(why)),
        Mark::Never(why) => (DeliveryState::Undeliverable, None, Some(why)),
    };
    if !was.may_become(state) {
        let (was, state) = (was.as_str(), state.as_str());
        return Err(Error::Fenced(format!("delivery {} is {was} and cannot become {state}", id.0)).into());
    }
    let mut row = DeliveryRow::clone(&found);
    row.state = state;
    row.attempts = row.attempts.saturating_add(1);
    row.due_at = due_at.unwrap_or(row.due_at);
    row.message = message.cloned();
    row.ended_at = state.is_terminal().then_some(at);
    page.deliveries.set(id, Some(row));
    if state.is_terminal() {
        page.committed.left.push(id);
    }
    Ok(())
}
