//! Backends as operators see them, and asking one whether it is there.

use jiff::Timestamp;
use model::{Dependency, Outcome, OutcomeKind};

use crate::desk::hub::Hub;
use crate::error::Error;
use crate::port::Standing;
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
    /// How many attempts run.
    pub running: usize,
    /// Whether an operator paused it.
    pub paused: bool,
    /// Until when it is left alone because it kept failing; then it is probed.
    pub left_alone_until: Option<Timestamp>,
    /// The actions it maps.
    pub actions: Vec<String>,
    /// What it asks over HTTP meanwhile.
    pub depends_on: Vec<Dependency>,
}

impl Hub {
    /// All backends, in the order in which they run.
    pub fn backends(&self) -> Vec<BackendView> {
        let snapshot = self.core.snapshot();
        let slots = &self.core.slots;
        let view = |entry: &crate::port::BackendEntry| BackendView {
            name: entry.name.to_string(),
            native: entry.backend.is_native(),
            standing: entry.standing,
            trouble: entry.trouble.clone(),
            concurrency: entry.concurrency,
            running: slots.running(&entry.name),
            paused: slots.is_paused(&entry.name),
            left_alone_until: slots.left_alone_until(&entry.name),
            actions: entry.actions.keys().cloned().collect(),
            depends_on: entry.backend.depends_on().to_vec(),
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
