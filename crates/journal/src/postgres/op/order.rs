//! The order of a subject's jobs: only the oldest live one, the head, may run.

use jiff::Timestamp;
use model::Class;
use model::word::code;

use super::super::page::{JobRow, Page, Ruled};
use crate::error::Error;
use crate::rules::order as rules;

/// A job arrives at the end of its subject's line; returns whether it is the head. Someone before it that waits for
/// a retry is tried again soon, and someone who waits for an answer lends urgency to all before.
pub(super) fn arrive(page: &mut Page, subject: Option<&str>, class: Class, at: Timestamp) -> Ruled<bool> {
    let Some(subject) = subject else { return Ok(true) };
    let first = match page.first(subject)? {
        None => return Ok(true),
        Some(Ok(first)) => first,
        // It is told of after the commit, and ended; then this one is next.
        Some(Err(damaged)) => {
            page.committed.damaged.push(damaged);
            return Ok(false);
        }
    };
    let arrival = rules::arrive(&first.stands(), class, at);
    let mut first = JobRow::clone(&first);
    if let Some(due_at) = arrival.hurry {
        hurry(&mut first, due_at)?;
        page.put(first.clone());
    }
    if let Some(class) = arrival.lend {
        for id in page.bulk(subject)? {
            let row = page.the_job(id)?;
            if row.job.class != class {
                let mut row = JobRow::clone(&row);
                row.job.class = class;
                page.put(row);
            }
        }
        first.job.class = class;
    }
    if arrival.tell {
        page.due(&first);
    }
    Ok(false)
}

/// A job that waits for a retry is due earlier, and so are its steps: all but those that their backends told to wait.
pub(super) fn hurry(row: &mut JobRow, at: Timestamp) -> Result<(), Error> {
    row.job.due_at = at;
    let mut steps = row.steps()?;
    for step in &mut steps {
        let told = step.code.as_ref().is_some_and(|code| code::WAITS.contains(code));
        if !told && step.due_at.is_some_and(|due_at| due_at > at) {
            step.due_at = Some(at);
        }
    }
    row.set_steps(&steps);
    Ok(())
}

/// A head has ended: the next live job of its subject becomes head. It has waited for nothing else, and is due now
/// also when it was accepted under a clock that ran ahead. One that cannot be read is told of, to be ended.
pub(in super::super) fn leave(page: &mut Page, subject: &str, at: Timestamp) -> Ruled<()> {
    match page.first(subject)? {
        None => {}
        Some(Err(damaged)) => page.committed.damaged.push(damaged),
        Some(Ok(first)) => {
            let mut row = JobRow::clone(&first);
            row.job.due_at = rules::leave(&first.stands(), at);
            row.job.head = true;
            page.due(&row);
            page.put(row);
        }
    }
    Ok(())
}
