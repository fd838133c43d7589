//! Small pieces that pages are made of: states, times, lengths of time, documents.

mod ahead;

use std::time::Duration;

use askama::Template;
use engine::port::Standing;
use engine::{BackendView, Moved};
use http::page::Visit;
pub(crate) use http::page::When;
use jiff::Timestamp;
use model::{DeliveryState, Job, JobState, OutcomeKind, StepState, WaitingOn};
use serde_json::Value;

pub(crate) use ahead::Ahead;

/// Where a dead letter was sent on to, when and by whom.
pub(crate) fn sent_on(v: &Visit, moved: &Moved) -> String {
    let at = format!("{:.0}", moved.at);
    v.say(
        "dead-moved",
        &[("to", moved.to.as_str().into()), ("by", moved.by.as_str().into()), ("at", at.into())],
    )
}

/// A state: a word in a colour, with a shape for those who see none.
#[derive(Template)]
#[template(source = r#"<span class="state {{ tone }}">{{ word }}</span>"#, ext = "html")]
pub(crate) struct Chip {
    /// The class of the colour.
    pub(crate) tone: &'static str,
    pub(crate) word: String,
}

/// The colour of a job's state.
pub(crate) fn tone(state: JobState) -> &'static str {
    match state {
        JobState::Queued | JobState::Cancelled | JobState::Superseded => "idle",
        JobState::Running => "busy",
        JobState::Retrying => "warn",
        JobState::Succeeded => "good",
        JobState::Failed => "bad",
    }
}

impl Chip {
    /// The state of this job; a failure that is settled alarms nobody.
    pub(crate) fn of(v: &Visit, job: &Job) -> Self {
        let settled = job.failed.as_ref().is_some_and(|failed| failed.settled.is_some());
        let chip = Chip::job(v, job.state);
        if settled { Chip { tone: "idle", ..chip } } else { chip }
    }

    pub(crate) fn job(v: &Visit, state: JobState) -> Self {
        Chip { tone: tone(state), word: v.t(&format!("job-{}", state.as_str())) }
    }

    pub(crate) fn step(v: &Visit, state: StepState) -> Self {
        let tone = match state {
            StepState::Pending | StepState::Skipped => "idle",
            StepState::Running => "busy",
            StepState::Succeeded => "good",
            StepState::Failed => "bad",
        };
        Chip { tone, word: v.t(&format!("step-{}", state.as_str())) }
    }

    pub(crate) fn outcome(v: &Visit, kind: Option<OutcomeKind>, over: bool) -> Self {
        let (tone, word) = match kind {
            Some(OutcomeKind::Done) => ("good", "attempt-done"),
            Some(OutcomeKind::Soft) => ("warn", "attempt-soft"),
            Some(OutcomeKind::Hard) => ("bad", "attempt-hard"),
            Some(OutcomeKind::Wait) => ("idle", "attempt-wait"),
            None if over => ("idle", "attempt-lost"),
            None => ("busy", "attempt-running"),
        };
        Chip { tone, word: v.t(word) }
    }

    pub(crate) fn delivery(v: &Visit, state: DeliveryState) -> Self {
        let tone = match state {
            DeliveryState::Pending => "busy",
            DeliveryState::Delivered => "good",
            DeliveryState::Undeliverable => "bad",
            DeliveryState::Dropped => "idle",
        };
        Chip { tone, word: v.t(&format!("delivery-{}", state.as_str())) }
    }

    pub(crate) fn backend(v: &Visit, backend: &BackendView) -> Self {
        let (tone, word) = match backend.standing {
            Standing::Broken => ("bad", "backend-broken"),
            Standing::Inactive => ("idle", "backend-inactive"),
            Standing::Active if backend.paused => ("warn", "backend-paused"),
            Standing::Active if backend.left_alone_until.is_some() => ("bad", "backend-left-alone"),
            Standing::Active if backend.held.is_some() => ("warn", "backend-held"),
            Standing::Active if backend.windows.as_ref().is_some_and(|windows| !windows.open) => {
                ("idle", "backend-closed")
            }
            Standing::Active if backend.running > 0 => ("busy", "backend-running"),
            Standing::Active => ("good", "backend-active"),
        };
        Chip { tone, word: v.t(word) }
    }
}

/// A length of time with its two largest units: `850 ms`, `4 min 10 s`.
pub(crate) fn span(v: &Visit, time: Duration) -> String {
    let millis = time.as_millis();
    let seconds = time.as_secs();
    match seconds {
        0 => format!("{millis}\u{a0}ms"),
        1..10 => format!("{}\u{a0}s", v.decimal(time.as_secs_f64(), 1)),
        _ => {
            let units = [
                (86_400, v.t("unit-day")),
                (3600, "h".to_owned()),
                (60, "min".to_owned()),
                (1, "s".to_owned()),
            ];
            let mut rest = seconds;
            let mut parts = Vec::new();
            for (length, unit) in units {
                let n = rest / length;
                rest %= length;
                if n > 0 || !parts.is_empty() {
                    parts.push((n, unit));
                }
            }
            let shown = parts.into_iter().take(2).filter(|(n, _)| *n > 0);
            shown.map(|(n, unit)| format!("{}\u{a0}{unit}", v.number(n))).collect::<Vec<_>>().join(" ")
        }
    }
}

/// The time between two moments.
pub(crate) fn between(from: Timestamp, to: Timestamp) -> Duration {
    Duration::try_from(to.duration_since(from)).unwrap_or_default()
}

/// A document for people to read.
pub(crate) fn pretty(value: &Value) -> String {
    serde_json::to_string_pretty(value).unwrap_or_default()
}

/// A name as a part of a path.
pub(crate) fn segment(name: &str) -> String {
    let name: String = form_urlencoded::byte_serialize(name.as_bytes()).collect();
    name.replace('+', "%20")
}

/// What happens next, in words.
pub(crate) fn next(v: &Visit, waiting: &WaitingOn) -> String {
    match waiting {
        WaitingOn::Ended { state } => v.t(&format!("next-ended-{}", state.as_str())),
        WaitingOn::Running { backend: Some(backend) } => v.with("next-running-on", "backend", backend),
        WaitingOn::Running { backend: None } => v.t("next-running"),
        WaitingOn::Subject { subject, .. } => v.with("next-subject", "subject", subject.as_str()),
        WaitingOn::Failsafe { failsafe } => v.with("next-failsafe", "failsafe", failsafe),
        WaitingOn::Pause { backend } => v.with("next-pause", "backend", backend),
        WaitingOn::Breaker { backend, .. } => v.with("next-breaker", "backend", backend),
        WaitingOn::BackendWait { backend, .. } => v.with("next-backend-wait", "backend", backend),
        WaitingOn::Wait { backend: Some(backend), .. } => v.with("next-wait-on", "backend", backend),
        WaitingOn::Wait { backend: None, .. } => v.t("next-wait"),
        WaitingOn::NotBefore { .. } => v.t("next-not-before"),
        WaitingOn::Window { backend, until: Some(_) } => v.with("next-window", "backend", backend),
        WaitingOn::Window { backend, until: None } => v.with("next-window-never", "backend", backend),
        WaitingOn::Rate { backend, .. } => v.with("next-rate", "backend", backend),
        WaitingOn::Retry { .. } => v.t("next-retry"),
        WaitingOn::Slot { backend: Some(backend) } => v.with("next-slot", "backend", backend),
        WaitingOn::Slot { backend: None } => v.t("next-slot-hub"),
        WaitingOn::Nothing => v.t("next-nothing"),
    }
}

/// The moment that [`next`] speaks of.
pub(crate) fn next_at(waiting: &WaitingOn) -> Option<When> {
    match waiting {
        WaitingOn::Breaker { until, .. }
        | WaitingOn::BackendWait { until, .. }
        | WaitingOn::Wait { until, .. }
        | WaitingOn::NotBefore { until }
        | WaitingOn::Window { until: Some(until), .. }
        | WaitingOn::Rate { until, .. }
        | WaitingOn::Retry { until } => Some((*until).into()),
        _ => None,
    }
}

/// What a backend said to all that need it, for a job that does not say so itself.
pub(crate) fn said_to_all(waiting: &WaitingOn) -> Option<String> {
    match waiting {
        WaitingOn::BackendWait { message, .. } => Some(message.clone()),
        _ => None,
    }
}
