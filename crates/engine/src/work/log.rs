//! What the log says of each job: one record when it ends, and one when it has to wait for a retry. Whoever reads the log
//! of a service needs to find who was concerned, by which backend, and in its words.

use std::time::Duration;

use jiff::Timestamp;
use model::{Job, JobState, Step};

/// What these records are told apart by from all others.
pub const JOBS: &str = "engine::jobs";
/// Characters of a backend's words that are quoted; the journal has all of them.
const WORDS: usize = 500;

/// A job has ended. `backend` is the first one that failed.
pub(crate) fn ended(job: &Job, backend: Option<&str>, now: Timestamp) {
    let Told { id, action, source, subject, about } = told(job);
    let took = Duration::try_from(now.duration_since(job.accepted_at)).unwrap_or_default().as_secs_f64();
    match job.state {
        JobState::Succeeded => tracing::info!(
            target: JOBS, job = %id, subject, action, source, took,
            "{action}{about} succeeded after {took:.3} s"
        ),
        JobState::Failed => {
            let (why, code) = (why(job), job.code.as_ref().map_or("", model::Code::as_str));
            let on = backend.map(|name| format!(" on {name}")).unwrap_or_default();
            tracing::warn!(
                target: JOBS, job = %id, subject, action, source, backend, code, status = job.status,
                "{action}{about} failed{on}: {why}"
            );
        }
        state => {
            let (state, why) = (state.as_str(), why(job));
            tracing::info!(target: JOBS, job = %id, subject, action, source, "{action}{about} is {state}: {why}");
        }
    }
}

/// A job failed for now.
pub(crate) fn waits(job: &Job, backend: &str, until: Timestamp) {
    let Told { id, action, source, subject, about } = told(job);
    let (why, code) = (why(job), job.code.as_ref().map_or("", model::Code::as_str));
    tracing::warn!(
        target: JOBS, job = %id, subject, action, source, backend, code,
        "{action}{about} failed on {backend} and is tried again at {until:.0}: {why}"
    );
}

/// A backend said: not now. The first time of a step is worth a record; it may say so thousands of times.
pub(crate) fn put_off(job: &Job, step: &Step, until: Timestamp) {
    let (Told { id, action, source, subject, about }, backend) = (told(job), step.backend.as_str());
    let why = why(job);
    if step.waits <= 1 {
        tracing::info!(
            target: JOBS, job = %id, subject, action, source, backend,
            "{action}{about} waits until {until:.0}, as {backend} says: {why}"
        );
    } else {
        tracing::debug!(
            target: JOBS, job = %id, subject, action, source, backend, waits = step.waits,
            "{action}{about} waits again until {until:.0}: {why}"
        );
    }
}

/// What all records say.
struct Told<'a> {
    id: model::JobId,
    action: &'a str,
    source: &'a str,
    subject: Option<&'a str>,
    about: String,
}

fn told(job: &Job) -> Told<'_> {
    let subject = job.subject.as_ref().map(model::Subject::as_str);
    let about = subject.map(|subject| format!(" for {subject}")).unwrap_or_default();
    let about = if job.dry_run { format!("{about} (a dry run)") } else { about };
    Told { id: job.id, action: &job.action, source: &job.source, subject, about }
}

/// The backend's words, on one line and not endless.
fn why(job: &Job) -> String {
    let said = job
        .message
        .as_deref()
        .or(job.code.as_ref().map(model::Code::as_str))
        .unwrap_or("it does not say why");
    let line = said.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(WORDS) {
        Some((end, _)) => format!("{}…", line.get(..end).unwrap_or_default()),
        None => line,
    }
}
