//! Asking a backend whether its target is there.

use std::time::Duration;

use model::word::code;
use model::{Outcome, RunMark};
use serde_json::json;
use tokio::sync::watch;

use crate::error::Error;
use crate::port::{Call, Control, Reporter, Standing};
use crate::state::core::Core;

/// The action that asks a backend whether its target is there.
pub const PING: &str = "PING_TARGET";

/// A ping takes no longer.
const PATIENCE: Duration = Duration::from_mins(1);

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
    let limit = mapping.limit.unwrap_or(PATIENCE).min(PATIENCE);
    let job = core.clock.job_id(core.clock.now());
    let mark = RunMark { journal: core.journal.id(), job, step: 0, attempt: 1 };
    let call = Call::new(mark, PING, json!({ "payload": {} }));
    let (_keep, stop) = watch::channel(None);
    let control = Control { limit: Some(limit), stop, progress: Reporter::unheard() };
    Ok(entry.backend.run(call, control).await)
}
