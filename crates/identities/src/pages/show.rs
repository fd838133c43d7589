//! Small pieces that the register's pages are made of.

use http::page::Visit;
use model::JobState;

use crate::identity::Identity;
use crate::state::{Deed, State};

/// A state: a word in a colour, with a shape for those who see none.
#[derive(askama::Template)]
#[template(source = r#"<span class="state {{ tone }}">{{ word }}</span>"#, ext = "html")]
pub(super) struct Chip {
    tone: &'static str,
    word: String,
}

impl Chip {
    pub(super) fn state(v: &Visit, state: State) -> Self {
        Chip { tone: tone(state), word: name(v, state) }
    }

    pub(super) fn job(v: &Visit, state: JobState) -> Self {
        let tone = match state {
            JobState::Queued | JobState::Cancelled | JobState::Superseded => "idle",
            JobState::Running => "busy",
            JobState::Retrying => "warn",
            JobState::Succeeded => "good",
            JobState::Failed => "bad",
        };
        Chip { tone, word: v.t(&format!("identity-job-{}", state.as_str())) }
    }
}

/// The colour of a state.
pub(super) fn tone(state: State) -> &'static str {
    match state {
        State::ToComplete => "warn",
        State::ToValidate | State::NotToSynchronise | State::Deleted => "idle",
        State::ToSynchronise | State::Synchronising => "busy",
        State::Synchronised => "good",
        State::InError => "bad",
    }
}

/// The name of a state.
pub(super) fn name(v: &Visit, state: State) -> String {
    v.t(&format!("state-{}", word(state)))
}

/// A state's word as a part of a message's key.
pub(super) fn word(state: State) -> String {
    state.as_str().replace('_', "-")
}

/// Something that a button does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Act {
    /// A person moves identities.
    Move(State),
    /// The backends are asked.
    Ask(Deed),
}

impl Act {
    /// Everything that can be done to many, in the order of the buttons.
    pub(super) const ALL: [Act; 7] = [
        Act::Ask(Deed::Synchronise),
        Act::Move(State::ToSynchronise),
        Act::Move(State::ToValidate),
        Act::Move(State::NotToSynchronise),
        Act::Ask(Deed::Enable),
        Act::Ask(Deed::Disable),
        Act::Ask(Deed::Delete),
    ];

    /// The word for it, in forms and in keys of messages.
    pub(super) fn word(self) -> String {
        match self {
            Act::Move(state) => word(state),
            Act::Ask(deed) => deed.as_str().to_owned(),
        }
    }

    pub(super) fn of_word(word: &str) -> Option<Self> {
        Act::ALL.into_iter().find(|act| act.word() == word)
    }

    /// Whether it takes something away.
    pub(super) fn is_dangerous(self) -> bool {
        matches!(self, Act::Ask(Deed::Disable | Deed::Delete))
    }

    /// Whether it can be done to this identity just now.
    pub(super) fn fits(self, identity: &Identity) -> bool {
        match self {
            Act::Move(state) => identity.state.may_become(state),
            Act::Ask(deed) => identity.situation().allows(deed).is_ok(),
        }
    }
}

/// A button with its act.
pub(super) struct Button {
    pub(super) word: String,
    pub(super) name: String,
    pub(super) danger: bool,
    pub(super) primary: bool,
}

impl Button {
    pub(super) fn new(v: &Visit, act: Act, primary: bool) -> Self {
        let word = act.word();
        Button { name: v.t(&format!("act-{word}")), word, danger: act.is_dangerous(), primary }
    }
}

/// A document for people to read.
pub(super) fn pretty(value: &serde_json::Value) -> String {
    serde_json::to_string_pretty(value).unwrap_or_default()
}
