//! Backends as operators see them, and asking one whether it is there.

use jiff::Timestamp;
use model::{Dependency, Opening, Outcome, OutcomeKind, Windows};

use crate::desk::hub::Hub;
use crate::error::Error;
use crate::port::{BackendEntry, Standing};
use crate::work::breaker;
use crate::work::ping::ping;

/// A backend as it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BackendView {
    /// Its name.
    pub name: String,
    /// Whether it is a part of the program: there is no folder of it.
    pub native: bool,
    /// Whether it takes part.
    pub standing: Standing,
    /// Why it is broken, and what to do.
    pub trouble: Option<String>,
    /// How many attempts may run at once.
    pub concurrency: Option<usize>,
    /// The same as it is configured; it differs where an operator has set another.
    pub configured: Option<usize>,
    /// How many attempts run.
    pub running: usize,
    /// Whether an operator paused it.
    pub paused: bool,
    /// Until when it is left alone because it kept failing; then it is probed.
    pub left_alone_until: Option<Timestamp>,
    /// Until when it wants not to be asked, as it said, and why.
    pub held: Option<(Timestamp, String)>,
    /// How many attempts may begin in a span of time.
    pub rate: Option<String>,
    /// When attempts may begin.
    pub windows: Option<WindowsView>,
    /// Whether it can be asked for a dry run.
    pub dry_run: bool,
    /// The actions it maps.
    pub actions: Vec<String>,
    /// What it asks over HTTP meanwhile.
    pub depends_on: Vec<Dependency>,
}

/// The windows of a backend as they stand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WindowsView {
    /// Their patterns and their time zone.
    pub pattern: String,
    /// Whether one is open.
    pub open: bool,
    /// When the next one opens, while none is.
    pub opens_at: Option<Timestamp>,
    /// What the next change of the clocks means for them, in a sentence.
    pub change_of_clocks: Option<String>,
}

impl WindowsView {
    /// How these windows stand at this time.
    pub fn at(windows: &Windows, now: Timestamp) -> Self {
        let (open, opens_at) = match windows.at(now) {
            Opening::Open(_) => (true, None),
            Opening::Shut(until) => (false, until),
        };
        let change_of_clocks = windows.at_change_of_clocks(now);
        WindowsView { pattern: windows.to_string(), open, opens_at, change_of_clocks }
    }
}

impl BackendView {
    /// A backend as its entry says, at rest.
    pub fn at_rest(entry: &BackendEntry, now: Timestamp) -> Self {
        BackendView {
            name: entry.name.to_string(),
            native: entry.backend.is_native(),
            standing: entry.standing,
            trouble: entry.trouble.clone(),
            concurrency: entry.concurrency,
            configured: entry.concurrency,
            running: 0,
            paused: false,
            left_alone_until: None,
            held: None,
            rate: entry.bounds.rate.map(|rate| rate.to_string()),
            windows: entry.bounds.windows.as_deref().map(|windows| WindowsView::at(windows, now)),
            dry_run: entry.dry_run,
            actions: entry.actions.keys().cloned().collect(),
            depends_on: entry.backend.depends_on().to_vec(),
        }
    }
}

impl Hub {
    /// All backends, in the order in which they run.
    pub fn backends(&self) -> Vec<BackendView> {
        let snapshot = self.core.snapshot();
        let slots = &self.core.slots;
        let now = self.core.clock.now();
        let view = |entry: &BackendEntry| BackendView {
            concurrency: slots.limit(entry),
            running: slots.running(&entry.name),
            paused: slots.is_paused(&entry.name),
            left_alone_until: slots.shown_left_alone_until(&entry.name),
            held: slots.held(&entry.name),
            ..BackendView::at_rest(entry, now)
        };
        snapshot.catalogue.entries.iter().map(view).collect()
    }

    /// Asks one backend whether its target is there, now, beside all jobs. Nothing is journaled. One that was left
    /// alone because it kept failing, and answers, gets work again.
    pub async fn ping(&self, backend: &str) -> Result<Outcome, Error> {
        let outcome = ping(&self.core, backend).await?;
        if outcome.kind == OutcomeKind::Done {
            breaker::closed(&self.core, backend).await;
        }
        Ok(outcome)
    }
}
