//! Lists of jobs and of refusals.

use http::dto::{Job, Record};
use jiff::Timestamp;
use model::JobState;

use super::{Align, Cell, Mark, Table, Times};

/// How a state looks.
pub fn mark(state: JobState) -> Mark {
    match state {
        JobState::Succeeded => Mark::Good,
        JobState::Failed => Mark::Bad,
        JobState::Retrying => Mark::Warn,
        JobState::Running => Mark::Busy,
        JobState::Queued | JobState::Cancelled | JobState::Superseded => Mark::Idle,
    }
}

/// A table of jobs.
pub fn table(jobs: &[Job], times: &Times, now: Timestamp) -> Table {
    let mut table = Table::new([
        ("STATE", Align::Left),
        ("ACCEPTED", Align::Left),
        ("JOB", Align::Left),
        ("WHAT", Align::Left),
    ]);
    for job in jobs {
        let mark = mark(job.state);
        table.row([
            Cell::marked(mark, format!("{} {}", mark.sign(), job.state.as_str())),
            Cell::from(times.short(job.accepted_at.0, now)),
            Cell::from(job.id.to_string()),
            Cell::from(what(job)),
        ]);
    }
    table
}

/// What was asked of whom, and why it did not work.
fn what(job: &Job) -> String {
    let subject = job.subject.as_ref().map(|subject| format!(" {subject}")).unwrap_or_default();
    let why = job.message.as_ref().filter(|_| job.state != JobState::Succeeded);
    let why = why.map(|why| format!(": {why}")).unwrap_or_default();
    format!("{}{subject}{why}", job.action)
}

/// A table of refusals.
pub fn refusals(records: &[Record], times: &Times, now: Timestamp) -> Table {
    let mut table = Table::new([
        ("NUMBER", Align::Right),
        ("REFUSED", Align::Left),
        ("SOURCE", Align::Left),
        ("WHAT", Align::Left),
        ("WHY", Align::Left),
    ]);
    for record in records {
        table.row([
            Cell::from(record.seq.to_string()),
            Cell::from(times.short(record.at.0, now)),
            Cell::from(&record.who),
            Cell::from(record.what.as_deref().unwrap_or("-")),
            Cell::from(&record.message),
        ]);
    }
    table
}
