//! Putting in line what other hubs have accepted, or what others owe: in the order in which it arrived.

use model::{JobId, Seq, Subject};

use super::super::number::Of;
use super::super::page::{JobRow, Note, Page, Ruled};
use super::order;

/// Puts a job at the end of the line of its subject. It keeps its number, unless somebody stands there already: who came at
/// the same moment may have a higher one.
pub(in super::super) fn place(page: &mut Page, id: JobId) -> Ruled<()> {
    let found = page.the_job(id)?;
    if found.placed || !found.is_live() {
        return Ok(());
    }
    let mut row = JobRow::clone(&found);
    let subject = row.job.subject.clone();
    let (class, at) = (row.job.class, row.job.accepted_at);
    row.job.head = order::arrive(page, subject.as_ref().map(Subject::as_str), class, at)?;
    row.placed = true;
    if row.job.head {
        page.due(&row);
    } else {
        row.job.seq = Seq(page.number(Of::Job)?);
        if let Some(value) = &row.job.external_id {
            page.notes.push(Note::Renumbered(value.clone(), row.job.source.clone(), row.job.seq.0));
        }
    }
    page.committed.deadlines.extend(row.job.deadline);
    page.put(row);
    Ok(())
}
