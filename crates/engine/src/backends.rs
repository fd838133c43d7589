//! Backends as operators see them, and asking one whether it is there.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use model::mask::Mask;
use model::word::code;
use model::{Dependency, Outcome, OutcomeKind, RunMark};
use serde_json::json;
use tokio::sync::watch;

use crate::breaker;
use crate::core::Core;
use crate::error::Error;
use crate::hub::Hub;
use crate::port::{Call, Control, Standing};

/// The action that asks a backend whether its target is there (seed 000).
pub const PING: &str = "PING_TARGET";

/// A ping takes no longer.
const PATIENCE: Duration = Duration::from_mins(1);

/// A backend as it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BackendView {
    /// Its name.
    pub name: String,
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

/// Asks one backend whether its target is there.
pub(crate) async fn ping(core: &Core, backend: &str) -> Result<Outcome, Error> {
    let snapshot = core.snapshot();
    let entry = snapshot.backend(backend);
    let entry =
        entry.ok_or_else(|| Error::Missing(format!("backend {backend}; see `intendant backends list`")))?;
    if entry.standing == Standing::Broken {
        let why = entry.trouble.clone().unwrap_or_else(|| "it cannot be used".to_owned());
        return Ok(Outcome::hard(1, code::BACKEND_BROKEN, why));
    }
    let Some(mapping) = entry.actions.get(PING) else {
        return Err(Error::Missing(format!(
            "{PING} in the actions of backend {backend}: add it to its config.yml"
        )));
    };
    let limit = mapping.limit.or(snapshot.limits.attempt).unwrap_or(PATIENCE).min(PATIENCE);
    let job = core.clock.job_id(core.clock.now());
    let call = Call {
        mark: RunMark { journal: core.journal.id(), job, step: 0, attempt: 1 },
        action: Arc::from(PING),
        body: Arc::new(json!({ "payload": {} })),
        mask: Arc::new(Mask::default()),
        deadline: None,
    };
    let (_keep, stop) = watch::channel(None);
    Ok(entry.backend.run(call, Control { limit: Some(limit), stop }).await)
}
