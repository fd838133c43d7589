//! The story of a job in one look.

use api::dto::{Attempt, Delivery, Story};
use model::{DeliveryState, JobState, Settled};

use super::step::{Line, name_column};
use super::time::{between, took};
use super::{Look, Mark, job, progress, text};

/// More attempts than this are shown by their first and last ones.
const MOST_ATTEMPTS: usize = 12;

/// The whole story.
pub fn lines(story: &Story, look: &Look) -> Vec<String> {
    let mut lines = head(story, look);
    section(&mut lines, look, "Timeline", timeline(story, look));
    section(&mut lines, look, "What happens next", next(story, look));
    let damaged =
        |why: &String| format!("  {}", look.say(&format!("cannot be read back: {}", text::one_line(why))));
    let damaged = story.damaged.iter().map(damaged);
    section(&mut lines, look, "Damaged", damaged.collect());
    let document = serde_json::to_string_pretty(&story.document).unwrap_or_default();
    section(&mut lines, look, "Request", text::lines(&document).map(|line| format!("  {line}")).collect());
    section(&mut lines, look, "Deliveries", story.deliveries.iter().map(|d| delivery(d, look)).collect());
    lines
}

/// What the job is, and how it stands.
pub fn head(story: &Story, look: &Look) -> Vec<String> {
    let job = &story.job;
    let mark = job::mark(job.state);
    let subject = job::about(job).unwrap_or_default();
    let title = format!(
        "{} {}  {}  {}",
        mark.paint(look.paint, mark.sign()),
        look.paint.bold(&text::one_line(&job.action)),
        text::one_line(&subject),
        mark.paint(look.paint, &look.say(job.state.as_str())),
    );
    let mut facts = vec![("job", job.id.to_string())];
    facts.extend(job.subject.as_ref().filter(|_| job.name.is_some()).map(|it| ("subject", it.to_string())));
    facts.extend([
        (
            "from",
            format!(
                "{}{}",
                job.source,
                job.external_id.as_ref().map_or(String::new(), |id| format!(", id {id}"))
            ),
        ),
        ("accepted", look.times.full(job.accepted_at.0)),
    ]);
    if let (Some(started), Some(ended)) = (job.started_at, job.ended_at) {
        facts.push(("took", took(between(started.0, ended.0))));
    }
    facts.extend(job.deadline.map(|at| ("deadline", look.times.full(at.0))));
    facts.extend(job.not_before.map(|at| ("not before", look.times.full(at.0))));
    facts.extend(job.dry_run.then(|| ("dry run", "nothing is changed".to_owned())));
    facts.extend(job.replay_of.map(|id| ("replay of", id.to_string())));
    facts.extend(job.failed.as_ref().map(|failed| ("cause", failed.cause.to_string())));
    facts.extend(
        job.failed.as_ref().and_then(|failed| failed.settled).map(|settled| ("settled", of(settled))),
    );
    facts.extend(story.trace.clone().map(|trace| ("trace", trace)));
    facts.extend(story.moved.as_ref().map(|moved| ("moved", look.times.moved(moved))));
    facts.extend(job.cancelled_by.clone().map(|by| ("cancelled by", by)));
    let facts = facts
        .iter()
        .map(|(name, value)| (text::pad(&look.say(name), 12), look.say(&text::one_line(value))))
        .map(|(name, value)| format!("  {} {value}", look.paint.dim(&name)));
    std::iter::once(title.trim_end().to_owned()).chain(facts).collect()
}

/// Why a failed job is no dead letter any more.
fn of(settled: Settled) -> String {
    match settled {
        Settled::Replayed => "a replay has succeeded".to_owned(),
        Settled::Followed => "a replay has failed too: that one counts in its place".to_owned(),
        Settled::Aside => "set aside; the audit says by whom and why".to_owned(),
    }
}

/// Every attempt in the order in which they began, then the steps that have none.
pub fn timeline(story: &Story, look: &Look) -> Vec<String> {
    let names = name_column(&story.steps);
    let mut attempts: Vec<&Attempt> = story.attempts.iter().collect();
    attempts.sort_by_key(|attempt| (attempt.started_at, attempt.step, attempt.number));
    let mut lines = Vec::new();
    let hidden = attempts.len().saturating_sub(MOST_ATTEMPTS);
    for (place, attempt) in attempts.iter().enumerate() {
        if hidden > 0 && place == MOST_ATTEMPTS / 2 {
            let words = look.say(&format!("{} more, see --json", text::count(hidden, "attempt")));
            lines.push(look.paint.dim(&format!("                {words}")));
        }
        let shown = hidden == 0 || place < MOST_ATTEMPTS / 2 || place >= MOST_ATTEMPTS / 2 + hidden;
        if let Some(step) = story.steps.iter().find(|step| step.index == attempt.step && shown) {
            lines.extend(Line::of_attempt(step, attempt).lines(names, look));
        }
    }
    for step in story.steps.iter().filter(|step| !attempts.iter().any(|a| a.step == step.index)) {
        lines.extend(Line::of_step(step).lines(names, look));
    }
    lines
}

/// In words; for a job that failed before any backend was asked, the reason first.
fn next(story: &Story, look: &Look) -> Vec<String> {
    let job = &story.job;
    let mut said = Vec::new();
    if job.state == JobState::Failed && story.steps.is_empty() {
        said.extend(job.message.clone());
    }
    said.push(match (story.waiting_on.until, job.state) {
        (_, JobState::Failed) => {
            format!("It is a dead letter. `intendant jobs retry {}` runs it again.", job.id)
        }
        (Some(until), _) if story.waiting_on.on == "retry" => {
            format!(
                "It is tried again at {}, sooner with `intendant jobs retry {}`.",
                look.times.full(until.0),
                job.id
            )
        }
        _ => story.waiting_on.next.clone(),
    });
    said.extend(story.progress.as_ref().map(|said| progress::words(said, look)));
    let wrapped = said
        .iter()
        .flat_map(|words| text::wrap(&look.say(&text::one_line(words)), look.width.saturating_sub(2)));
    wrapped.map(|line| format!("  {line}")).collect()
}

fn delivery(delivery: &Delivery, look: &Look) -> String {
    let mark = match delivery.state {
        DeliveryState::Delivered => Mark::Good,
        DeliveryState::Undeliverable => Mark::Bad,
        DeliveryState::Pending if delivery.attempts > 0 => Mark::Warn,
        DeliveryState::Pending | DeliveryState::Dropped => Mark::Idle,
    };
    let why = delivery.message.as_ref().map(|why| format!(": {why}")).unwrap_or_default();
    let state = look.say(delivery.state.as_str());
    let words = format!("{} {}  {state}{why}", delivery.courier, delivery.address);
    format!("  {} {}", mark.paint(look.paint, mark.sign()), text::one_line(&words))
}

fn section(lines: &mut Vec<String>, look: &Look, title: &str, content: Vec<String>) {
    if !content.is_empty() {
        lines.push(String::new());
        lines.push(look.paint.bold(&look.say(title)));
        lines.extend(content);
    }
}
