//! Lists of jobs and of refusals.

use api::dto::{Job, Record};
use jiff::Timestamp;
use model::JobState;

use super::{Align, Cell, Look, Mark, Table, text};

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

/// With fewer columns a state is its sign: what a job is about needs the room.
const ROOMY: usize = 100;

/// One line for each job: how it stands, when it was accepted, its id, which commands take, what it is about, and why it
/// failed or waits. The end of a line gives way where the terminal is too narrow.
pub fn list(jobs: &[Job], look: &Look, now: Timestamp) -> Vec<String> {
    let state = |job: &Job| {
        if look.columns < ROOMY { String::new() } else { format!(" {}", look.say(job.state.as_str())) }
    };
    let time = |job: &Job| look.times.short(job.accepted_at.0, now);
    let action = |job: &Job| {
        let dry = if job.dry_run { format!(" ({})", look.say("dry run")) } else { String::new() };
        text::one_line(&format!("{}{dry}", job.action))
    };
    let subject = |job: &Job| text::one_line(&about(job).unwrap_or_default());
    let widest =
        |of: &dyn Fn(&Job) -> String| jobs.iter().map(|job| text::width(&of(job))).max().unwrap_or(0);
    let (states, times) = (widest(&state), widest(&time));
    let (actions, subjects) = (widest(&action), widest(&subject));
    let line = |job: &Job| {
        let mark = mark(job.state);
        let sign = format!("{}{}", mark.sign(), text::pad(&state(job), states));
        let fixed = format!("{}  {}", text::pad(&time(job), times), job.id);
        let why = job.message.as_deref().filter(|_| job.state != JobState::Succeeded).unwrap_or_default();
        let what = format!(
            "{}  {}  {}",
            text::pad(&action(job), actions),
            text::pad(&subject(job), subjects),
            look.say(&text::one_line(why))
        );
        let room = look.columns.saturating_sub(text::width(&sign) + 2 + text::width(&fixed) + 2);
        format!("{}  {fixed}  {}", mark.paint(look.paint, &sign), text::cut(what.trim_end(), room))
    };
    jobs.iter().map(line).collect()
}

/// What a job is about: its name for people where it has one, else the subject itself.
pub fn about(job: &Job) -> Option<String> {
    job.name.clone().or_else(|| job.subject.as_ref().map(ToString::to_string))
}

/// A table of refusals.
pub fn refusals(records: &[Record], look: &Look, now: Timestamp) -> Table {
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
            Cell::from(look.times.short(record.at.0, now)),
            Cell::from(&record.who),
            Cell::from(record.what.as_deref().unwrap_or("-")),
            Cell::from(look.say(&record.message)),
        ]);
    }
    table
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn job(state: &str, subject: &str, message: &str) -> Job {
        serde_json::from_value(json!({
            "id": "0193a5b2-7f3e-7abc-8def-0123456789ab", "seq": 1, "source": "http", "external_id": null,
            "action": "IDENTITY_UPDATE", "subject": subject, "class": "bulk", "state": state, "head": true,
            "status": 0, "code": null, "message": message, "accepted_at": "2026-11-21T14:05:30Z",
            "due_at": "2026-11-21T14:05:30Z", "deadline": null, "started_at": null, "ended_at": null,
            "replay_of": null, "cancelled_by": null,
        }))
        .unwrap()
    }

    fn shown(columns: usize) -> Vec<String> {
        let jobs = [
            job("failed", "identity:alice", "the directory\nis full, and nobody has been told of it"),
            job("succeeded", "identity:bo", "entry written"),
        ];
        list(&jobs, &Look::plain(columns), "2026-11-21T15:00:00Z".parse().unwrap())
    }

    #[test]
    fn a_job_is_one_line_whose_end_gives_way() {
        let id = "0193a5b2-7f3e-7abc-8def-0123456789ab";
        for columns in [60, 80, 100, 120, 200] {
            let lines = shown(columns);
            assert_eq!(lines.len(), 2);
            assert!(lines.iter().all(|line| text::width(line) <= columns && line.contains(id)), "{lines:#?}");
        }
        let wide = shown(200);
        assert!(wide[0].starts_with("✗ failed     14:05:30  0193a5b2"), "{wide:#?}");
        assert!(
            wide[0].ends_with("identity:alice  the directory is full, and nobody has been told of it"),
            "{wide:#?}"
        );
        assert!(wide[1].ends_with("  IDENTITY_UPDATE  identity:bo"), "{wide:#?}");
        let narrow = shown(80);
        assert!(narrow[0].starts_with("✗  14:05:30") && narrow[0].ends_with('…'), "{narrow:#?}");
    }
}
