//! Lists of jobs and of refusals.

use api::dto::{Job, Record};
use jiff::Timestamp;
use model::JobState;

use super::{Align, Cell, Look, Mark, Table, Times, text};

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

/// Two lines for each job: how it stands and what it is about; then its id, which commands take, and the reason.
pub fn list(jobs: &[Job], look: &Look, now: Timestamp) -> Vec<String> {
    let states = jobs.iter().map(|job| job.state.as_str().len()).max().unwrap_or(0);
    let times: Vec<String> = jobs.iter().map(|job| look.times.short(job.accepted_at.0, now)).collect();
    let width = times.iter().map(|time| text::width(time)).max().unwrap_or(0);
    let lines = jobs.iter().zip(times).flat_map(|(job, time)| {
        let mark = mark(job.state);
        let state = format!("{} {}", mark.sign(), text::pad(job.state.as_str(), states));
        let subject = about(job).map(|subject| format!("  {subject}")).unwrap_or_default();
        let dry = if job.dry_run { " (dry run)" } else { "" };
        let what = text::one_line(&format!("{}{dry}{subject}", job.action));
        let room = look.width.saturating_sub(2 + states + 2 + width + 2);
        let first = format!(
            "{}  {}  {}",
            mark.paint(look.paint, &state),
            text::pad(&time, width),
            text::cut(&what, room)
        );
        let why = job.message.as_deref().filter(|_| job.state != JobState::Succeeded).unwrap_or_default();
        let why = text::cut(&text::one_line(why), look.width.saturating_sub(2 + 36 + 2));
        let second = format!("  {}  {why}", look.paint.dim(&job.id.to_string()));
        [first, second.trim_end().to_owned()]
    });
    lines.collect()
}

/// What a job is about: its name for people where it has one, else the subject itself.
pub fn about(job: &Job) -> Option<String> {
    job.name.clone().or_else(|| job.subject.as_ref().map(ToString::to_string))
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
