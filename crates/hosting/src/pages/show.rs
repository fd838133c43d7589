//! Small pieces that the pages are made of.

use askama::Template;
use http::page::Visit;
use jiff::Timestamp;

use crate::state::State;
use crate::texts::word;
use crate::tracker::reported::LastWork;
use crate::tracker::{Followed, OWN};

/// A state: a word in a colour, with a shape for those who see none.
#[derive(Template)]
#[template(source = r#"<span class="state {{ tone }}">{{ word }}</span>"#, ext = "html")]
pub(super) struct Chip {
    tone: &'static str,
    word: String,
}

impl Chip {
    /// Of a state by its code.
    pub(super) fn state(v: &Visit, code: &str) -> Self {
        Chip { tone: tone(code), word: name(v, code) }
    }

    /// Of something that somebody should look at.
    pub(super) fn warning(v: &Visit, key: &str) -> Self {
        Chip { tone: "warn", word: v.t(key) }
    }

    /// That nobody at the school is told, if nobody is.
    pub(super) fn not_told(v: &Visit, school: &Followed) -> Option<Self> {
        let stopped = || school.kept.stopped_at.map(|_| Chip::warning(v, "hosting-stopped"));
        if school.is_mute() { Some(Chip::warning(v, "hosting-untold")) } else { stopped() }
    }
}

/// The name of a state in a word or two.
pub(super) fn name(v: &Visit, code: &str) -> String {
    about(v, "hosting-state", code)
}

/// What one of the messages about states says of this one.
pub(super) fn about(v: &Visit, key: &str, code: &str) -> String {
    v.with(&format!("{key}-{}", word(code)), "code", code)
}

/// The colour of a state.
pub(super) fn tone(code: &str) -> &'static str {
    match State::of_code(code) {
        Some(State::Ready) => "good",
        Some(State::DbWait) => "warn",
        Some(State::StartError | State::UploadedError) => "bad",
        Some(State::Deleted) | None => "idle",
        Some(_) => "busy",
    }
}

/// The name of a host for people.
pub(super) fn host(v: &Visit, name: &str) -> String {
    if name == OWN { v.t("hosting-here") } else { name.to_owned() }
}

/// What was done last.
pub(super) struct Last {
    pub(super) what: String,
    pub(super) how: String,
    pub(super) message: Option<String>,
}

impl Last {
    /// Words that nobody knows here are shown as they are.
    pub(super) fn new(v: &Visit, last: &LastWork) -> Self {
        const KINDS: [&str; 5] = ["create", "mount", "open", "alter", "delete"];
        const STATES: [&str; 4] = ["running", "done", "failed", "cancelled"];
        let say = |key: &str, known: &[&str], word: &str| {
            if known.contains(&word) { v.t(&format!("{key}-{word}")) } else { word.to_owned() }
        };
        Last {
            what: say("school-work", &KINDS, &last.kind),
            how: say("school-operation", &STATES, &last.state),
            message: last.message.clone(),
        }
    }
}

/// How long until it is open, in words.
pub(super) fn left(v: &Visit, seconds: u64) -> String {
    match seconds {
        0 => v.t("school-left-over"),
        left if left < 90 * 60 => v.count("school-left", left / 60),
        left => v.count("school-left-hours", left.div_ceil(3600)),
    }
}

/// How long something has lasted.
pub(super) fn age(v: &Visit, since: Timestamp, now: Timestamp) -> String {
    match now.duration_since(since).as_hours() {
        ..1 => v.t("hosting-age-now"),
        hours @ 1..48 => v.count("hosting-age-hours", hours),
        hours => v.count("hosting-age-days", hours / 24),
    }
}
