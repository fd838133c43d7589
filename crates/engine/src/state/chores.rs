//! How chores stand, for people who look.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use jiff::Timestamp;

/// A chore as it stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ChoreView {
    /// What it is, in words.
    pub name: &'static str,
    /// When it is done, in words.
    pub times: String,
    /// When what was done last was begun.
    pub last: Option<Timestamp>,
    /// When it is done next, where that is known.
    pub next: Option<Timestamp>,
    /// It is being done.
    pub running: bool,
    /// It fails.
    pub failing: Option<Failing>,
}

/// That a chore fails.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failing {
    /// How often it was tried.
    pub tries: u32,
    /// Why, the last time.
    pub error: String,
}

/// All of them, by name.
#[derive(Debug, Default)]
pub(crate) struct Chores(Mutex<BTreeMap<&'static str, ChoreView>>);

impl Chores {
    pub(crate) fn put(&self, view: ChoreView) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(view.name, view);
    }

    pub(crate) fn of(&self, name: &str) -> Option<ChoreView> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(name).cloned()
    }

    pub(crate) fn all(&self) -> Vec<ChoreView> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).values().cloned().collect()
    }
}
