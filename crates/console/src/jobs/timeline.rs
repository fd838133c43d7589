//! A job's attempts in time: a row for each backend, from acceptance to the end or to now. Pure.

use std::time::Duration;

use http::page::Visit;
use jiff::Timestamp;
use model::{Attempt, Job, Step};

use crate::show::{Chip, When, between, span};

/// The drawing, in its own units: it is stretched to the room there is.
const WIDTH: f64 = 1000.0;
/// What is shorter is drawn so wide.
const LEAST: f64 = 5.0;

/// What is drawn.
pub(super) struct Timeline {
    pub(super) rows: Vec<Row>,
    pub(super) from: When,
    pub(super) to: When,
    /// How long that is.
    pub(super) span: String,
}

/// A backend's attempts.
pub(super) struct Row {
    pub(super) backend: String,
    pub(super) bars: Vec<Bar>,
}

/// An attempt.
pub(super) struct Bar {
    pub(super) x: String,
    pub(super) width: String,
    pub(super) tone: &'static str,
    /// Where it is told.
    pub(super) link: String,
    pub(super) says: String,
}

impl Timeline {
    /// `None` = there is nothing to compare: at most one attempt was made, or no time passed.
    pub(super) fn new<'s>(
        v: &Visit,
        job: &Job,
        steps: &[Step],
        attempts: &(impl Iterator<Item = &'s Attempt> + Clone),
        now: Timestamp,
    ) -> Option<Self> {
        let from = job.accepted_at;
        let to = job.ended_at.unwrap_or(now);
        let whole = between(from, to);
        if attempts.clone().count() < 2 || whole.is_zero() {
            return None;
        }
        let over = job.state.is_terminal();
        let row = |step: &Step| Row {
            backend: step.backend.clone(),
            bars: attempts
                .clone()
                .filter(|attempt| attempt.step == step.index)
                .map(|attempt| Bar::new(v, attempt, from, to, whole, over))
                .collect(),
        };
        let rows = steps.iter().map(row).filter(|row| !row.bars.is_empty()).collect();
        Some(Timeline { rows, from: from.into(), to: to.into(), span: span(v, whole) })
    }
}

impl Bar {
    fn new(
        v: &Visit,
        attempt: &Attempt,
        from: Timestamp,
        to: Timestamp,
        whole: Duration,
        over: bool,
    ) -> Self {
        let ended = attempt.ended_at.unwrap_or(to);
        let took = between(attempt.started_at, ended);
        let (x, width) = place(between(from, attempt.started_at), took, whole);
        let chip = Chip::outcome(v, attempt.kind, over);
        let number = v.count("attempt-number", attempt.number);
        Bar {
            x: format!("{x:.1}"),
            width: format!("{width:.1}"),
            tone: chip.tone,
            link: format!("#a-{}-{}", attempt.step, attempt.number),
            says: format!("{number}: {}, {}", chip.word, span(v, took)),
        }
    }
}

/// Where it is drawn, within the whole and wide enough to be seen.
fn place(before: Duration, took: Duration, whole: Duration) -> (f64, f64) {
    let share = |time: Duration| (time.as_secs_f64() / whole.as_secs_f64()).clamp(0.0, 1.0) * WIDTH;
    let width = share(took).max(LEAST);
    (share(before).min(WIDTH - width).max(0.0), width)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_is_drawn_within_and_can_be_seen() {
        let second = Duration::from_secs;
        let close =
            |(x, width): (f64, f64), to: (f64, f64)| (x - to.0).abs() < 1e-6 && (width - to.1).abs() < 1e-6;
        assert!(close(place(second(5), second(2), second(10)), (500.0, 200.0)));
        assert!(close(place(second(10), second(0), second(10)), (995.0, 5.0)));
        assert!(close(place(second(20), second(20), second(10)), (0.0, 1000.0)));
    }
}
