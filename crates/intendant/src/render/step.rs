//! One line for each attempt of a step: when, how it went, which backend, how long it took, what the backend said.

use std::time::Duration;

use api::dto::{Attempt, Step};
use jiff::Timestamp;
use model::word::code;
use model::{OutcomeKind, StepState};

use super::time::{between, took};
use super::{Look, Mark, text};

/// A message takes no more lines than this; the whole of it is in the result.
const MOST_LINES: usize = 6;
/// Room for the name is never wider than this.
const WIDEST_NAME: usize = 24;
/// `14:05:30.123`.
const CLOCK: usize = 12;
/// `59.99 s`; what takes minutes takes more room.
const TOOK: usize = 7;

/// A line of the timeline.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// When it began.
    pub at: Option<Timestamp>,
    /// How it went.
    pub mark: Mark,
    /// The backend.
    pub name: String,
    /// How long it took.
    pub took: Option<Duration>,
    /// What the backend said.
    pub words: String,
    /// What tells this attempt from others.
    pub remarks: Vec<String>,
}

/// The column of names for these steps.
pub fn name_column(steps: &[Step]) -> usize {
    let widest = steps.iter().map(|step| text::width(&step.backend)).max().unwrap_or(0);
    widest.clamp(8, WIDEST_NAME)
}

impl Line {
    /// An attempt.
    pub fn of_attempt(step: &Step, attempt: &Attempt) -> Self {
        let mark = match attempt.kind {
            Some(OutcomeKind::Done) => Mark::Good,
            Some(OutcomeKind::Soft) if step.state != StepState::Failed || attempt.number < step.attempts => {
                Mark::Warn
            }
            Some(OutcomeKind::Wait) if step.state != StepState::Failed || attempt.number < step.attempts => {
                Mark::Idle
            }
            Some(OutcomeKind::Soft | OutcomeKind::Hard | OutcomeKind::Wait) => Mark::Bad,
            None => Mark::Busy,
        };
        Line {
            at: Some(attempt.started_at.0),
            mark,
            name: step.backend.clone(),
            took: attempt.ended_at.map(|end| between(attempt.started_at.0, end.0)),
            words: attempt.message.clone().unwrap_or_default(),
            remarks: remarks(step, attempt),
        }
    }

    /// A step without an attempt: it waits, was skipped, or failed before it began.
    pub fn of_step(step: &Step) -> Self {
        let why = || match (&step.message, &step.code) {
            (Some(message), _) => Some(message.clone()),
            (None, Some(code)) if *code == code::STOPPED => Some("the job ended before its turn".to_owned()),
            (None, code) => code.as_ref().map(ToString::to_string),
        };
        let (mark, words) = match step.state {
            StepState::Pending => (Mark::Idle, "not yet".to_owned()),
            StepState::Running => (Mark::Busy, "running".to_owned()),
            StepState::Skipped => {
                (Mark::Idle, why().map_or("skipped".to_owned(), |why| format!("skipped: {why}")))
            }
            StepState::Succeeded => (Mark::Good, why().unwrap_or_default()),
            StepState::Failed => (Mark::Bad, why().unwrap_or_default()),
        };
        Line { at: None, mark, name: step.backend.clone(), took: None, words, remarks: Vec::new() }
    }

    /// The words, then the remarks in brackets.
    fn said(&self, look: &Look) -> String {
        let words = look.say(&text::one_line(&self.words));
        if self.remarks.is_empty() {
            return words;
        }
        let remarks: Vec<String> = self.remarks.iter().map(|remark| look.say(remark)).collect();
        format!("{words} ({})", remarks.join(", ")).trim_start().to_owned()
    }

    /// The line, and more lines where the message is long.
    pub fn lines(&self, names: usize, look: &Look) -> Vec<String> {
        let at = self.at.map(|at| look.times.clock(at)).unwrap_or_default();
        let took = self.took.map(took).unwrap_or_default();
        let name = text::pad(&text::cut(&self.name, names), names);
        let indent = CLOCK + 2 + 2 + names + 2 + TOOK + 2;
        let head = format!(
            "{}  {} {name}  {}  ",
            look.paint.dim(&text::pad(&at, CLOCK)),
            self.mark.paint(look.paint, self.mark.sign()),
            text::pad_left(&took, TOOK),
        );
        let mut words = text::wrap(&self.said(look), look.width.saturating_sub(indent).max(20));
        if words.len() > MOST_LINES {
            words.truncate(MOST_LINES);
            words.push("…".to_owned());
        }
        let emphasised = |line: &String| match self.mark {
            Mark::Idle => look.paint.dim(line),
            _ => line.clone(),
        };
        let mut lines = words.iter().map(emphasised);
        let first = format!("{head}{}", lines.next().unwrap_or_default());
        std::iter::once(first.trim_end().to_owned())
            .chain(lines.map(|line| format!("{}{line}", " ".repeat(indent))))
            .collect()
    }
}

/// What a person needs to tell an attempt from others.
fn remarks(step: &Step, attempt: &Attempt) -> Vec<String> {
    let mut remarks = Vec::new();
    if attempt.kind.is_some_and(|kind| kind != OutcomeKind::Done) {
        remarks.extend(attempt.code.as_ref().filter(|code| **code != *"failed").map(ToString::to_string));
        if attempt.status != 0 {
            remarks.push(format!("status {}", attempt.status));
        }
    }
    if step.attempts > 1 {
        remarks.push(format!("attempt {}", attempt.number));
    }
    remarks
}

#[cfg(test)]
mod tests {
    use model::{Code, OnError};

    use super::*;

    fn step(state: StepState, attempts: u32) -> Step {
        Step {
            index: 0,
            backend: "10ldap".to_owned(),
            on_error: OnError::Stop,
            state,
            attempts,
            status: 0,
            code: None,
            message: None,
            waits: 0,
        }
    }

    fn attempt(kind: OutcomeKind, message: &str) -> Attempt {
        let at = |text: &str| api::dto::Time(text.parse().unwrap());
        Attempt {
            step: 0,
            number: 1,
            started_at: at("2026-11-21T14:05:30.100Z"),
            ended_at: Some(at("2026-11-21T14:05:30.142Z")),
            kind: Some(kind),
            status: if kind == OutcomeKind::Done { 0 } else { 4 },
            code: (kind != OutcomeKind::Done).then(|| Code::from_static("failed")),
            message: Some(message.to_owned()),
            data: None,
            log: None,
            notices: Vec::new(),
        }
    }

    #[test]
    fn an_attempt_is_one_line() {
        let line =
            Line::of_attempt(&step(StepState::Succeeded, 1), &attempt(OutcomeKind::Done, "entry added"));
        assert_eq!(line.lines(8, &Look::plain(80)), ["14:05:30.100  ✓ 10ldap      42 ms  entry added"]);
    }

    #[test]
    fn a_failure_says_its_status_and_attempt() {
        let line = Line::of_attempt(&step(StepState::Failed, 2), &attempt(OutcomeKind::Hard, "no"));
        assert_eq!(
            line.lines(8, &Look::plain(80)),
            ["14:05:30.100  ✗ 10ldap      42 ms  no (status 4, attempt 1)"]
        );
        let soft = Line::of_attempt(&step(StepState::Pending, 1), &attempt(OutcomeKind::Soft, ""));
        assert_eq!((soft.mark, soft.said(&Look::plain(80)).as_str()), (Mark::Warn, "(status 4)"));
    }

    #[test]
    fn long_messages_hang_below_their_beginning() {
        let message = "word ".repeat(100);
        let line = Line::of_attempt(&step(StepState::Succeeded, 1), &attempt(OutcomeKind::Done, &message));
        let lines = line.lines(8, &Look::plain(80));
        assert_eq!(lines.len(), MOST_LINES + 1);
        assert!(lines.iter().all(|line| text::width(line) <= 80), "{lines:?}");
        assert!(lines[1].starts_with(&" ".repeat(35)), "{lines:?}");
    }

    #[test]
    fn a_skipped_step_says_why() {
        let skipped = Step { message: Some("stopped".to_owned()), ..step(StepState::Skipped, 0) };
        assert_eq!(Line::of_step(&skipped).words, "skipped: stopped");
    }
}
