//! What is told of jobs whoever asked for them, by their action. Pure.

use super::{BadAnnouncement, Pattern, Route, sound};

/// What is sent on when nobody says it.
const ALL: &str = "notify.#";

/// Which of the backends' own notices are sent on.
#[derive(Clone, Debug)]
pub struct Notices {
    names: Vec<String>,
    patterns: Vec<Pattern>,
}

impl Notices {
    pub(super) fn new(names: &[String]) -> Self {
        Notices { names: names.to_vec(), patterns: names.iter().map(|name| Pattern::new(name)).collect() }
    }

    /// The names when nobody says any.
    pub fn default_names() -> Vec<String> {
        vec![ALL.to_owned()]
    }

    /// Whether they name this notice.
    pub(super) fn name(&self, notice: &str) -> bool {
        self.patterns.iter().any(|pattern| pattern.matches(notice))
    }

    /// Whether they are what nobody said otherwise.
    pub(super) fn by_default(&self) -> bool {
        self.names == [ALL]
    }

    /// Their names and patterns, as they are written.
    pub fn names(&self) -> &[String] {
        &self.names
    }
}

/// What configuration says of an announcement.
#[derive(Clone, Debug, PartialEq)]
pub struct AnnounceSpec {
    /// The routing key of a notification that is sent after success, with the answer's data.
    pub notify: Option<String>,
    /// Which of the backends' own notices are sent on, by their names.
    pub notices: Vec<String>,
}

impl Default for AnnounceSpec {
    fn default() -> Self {
        AnnounceSpec { notify: None, notices: Notices::default_names() }
    }
}

/// What is told of an action's jobs.
#[derive(Debug)]
pub struct Announced {
    /// The action's name, or the beginning of names followed by `*`.
    pub action: String,
    /// The routing key of a notification that is sent after success.
    pub notify: Option<String>,
    /// Which of the backends' own notices are sent on.
    pub notices: Notices,
}

impl Announced {
    pub(super) fn new(action: &str, spec: AnnounceSpec) -> Result<Self, BadAnnouncement> {
        let bad = |why: String| BadAnnouncement { action: action.to_owned(), why };
        if action.is_empty() {
            return Err(bad("an action has a name".to_owned()));
        }
        sound(spec.notify.as_deref()).map_err(bad)?;
        let notices = Notices::new(&spec.notices);
        Ok(Announced { action: action.to_owned(), notify: spec.notify, notices })
    }

    /// Whether it is about this action.
    pub(super) fn is_of(&self, action: &str) -> bool {
        match self.action.strip_suffix('*') {
            Some(beginning) => action.starts_with(beginning),
            None => self.action == action,
        }
    }

    /// Whether it may be about what a route asks for.
    pub(super) fn may_be_of(&self, route: &Route) -> bool {
        if route.spec.action.is_some() || route.pattern.is_exact() {
            return self.is_of(route.action(route.pattern.as_str()));
        }
        // The routing keys that fit are the actions.
        self.action.ends_with('*') || route.pattern.matches(&self.action)
    }

    /// The order in which announcements are looked through.
    pub(super) fn precision(&self) -> (bool, std::cmp::Reverse<usize>) {
        (self.action.ends_with('*'), std::cmp::Reverse(self.action.len()))
    }
}
