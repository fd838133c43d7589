//! Where a school stands, in words. Pure.

use askama::Template;
use http::page::{Visit, When};

use crate::pages::show::{Last, left, name, tone};
use crate::state::State;
use crate::texts::StateText;
use crate::tracker::{Followed, Looked, Reported, Trouble, UNSEEN};

/// Seconds until the page is read again: while work is under way, while the school is waited for, and else.
const SOON: u32 = 4;
const WAITING: u32 = 8;
const CALM: u32 = 30;

/// Where it stands.
#[derive(Template)]
#[template(path = "school/now.html")]
pub(super) struct Now<'p> {
    v: &'p Visit,
    tone: &'static str,
    /// Changes whenever what can be done changes.
    pub(super) mark: String,
    /// Seconds until the page is read again.
    every: u32,
    /// Work is under way.
    pub(super) works: bool,
    text: StateText,
    away: bool,
    error: Option<&'p str>,
    change_failed: bool,
    left: Option<String>,
    since: Option<When>,
    last: Option<Last>,
    asked: Option<When>,
}

impl<'p> Now<'p> {
    pub(super) fn new(v: &'p Visit, looked: &'p Looked) -> Self {
        let Looked { school, said } = looked;
        let state = school.known_state();
        let works = state.is_some_and(|state| state.work().is_some()) || school.state == UNSEEN;
        let (heard, away) = (said.as_ref().ok(), said.is_err() && !is_over(looked));
        Now {
            v,
            tone: tone(&school.state),
            mark: mark(looked),
            every: match state {
                _ if works => SOON,
                Some(State::DbWait | State::UploadedError) => WAITING,
                _ => CALM,
            },
            works,
            text: StateText::of(&school.state, |key| v.with(key, "code", &school.state)),
            away,
            error: heard.and_then(|said| said.error.as_deref()),
            change_failed: state == Some(State::Ready) && heard.is_some_and(Reported::alter_failed),
            left: heard.and_then(|said| said.eta_seconds).map(|seconds| left(v, seconds)),
            since: school.since().map(Into::into),
            last: heard.and_then(|said| said.last.as_ref()).map(|last| Last::new(v, last)),
            asked: school.kept.looked_at.filter(|_| away).map(Into::into),
        }
    }
}

/// Whether the school is gone for so long that its host knows nothing of it any more.
pub(super) fn is_over(looked: &Looked) -> bool {
    looked.school.known_state() == Some(State::Deleted) && looked.said == Err(Trouble::Missing)
}

/// What tells whether something else can be done now.
fn mark(looked: &Looked) -> String {
    let said = looked.said.iter();
    let files: Vec<_> = said.flat_map(|said| &said.downloads).map(|file| (&file.name, file.size)).collect();
    let text = format!("{} {:?} {files:?}", looked.school.state, looked.school.since());
    blake3::hash(text.as_bytes()).to_hex().chars().take(16).collect()
}

/// The steps that were passed, the last one first.
#[derive(Template)]
#[template(path = "school/past.html")]
pub(super) struct Past<'p> {
    v: &'p Visit,
    steps: Vec<Step>,
}

struct Step {
    tone: &'static str,
    name: String,
    at: When,
}

impl<'p> Past<'p> {
    pub(super) fn new(v: &'p Visit, school: &Followed) -> Self {
        let newest = school.kept.steps.len().saturating_sub(1);
        let steps = school.kept.steps.iter().enumerate().rev().map(|(place, step)| Step {
            // What is over is done; what is now has the colour of how it stands.
            tone: if place == newest { tone(&step.state) } else { "idle" },
            name: name(v, &step.state),
            at: step.at.into(),
        });
        Past { v, steps: steps.collect() }
    }
}
