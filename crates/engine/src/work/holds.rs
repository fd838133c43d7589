//! Backends that say "not now" to all that need them.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use journal::Error;
use model::word::code;
use model::{EventKind, Hold, Outcome, OutcomeKind, Wait, WaitFor, patience, plan};

use crate::state::core::Core;
use crate::work::breaker;

/// So many of the jobs that wait for a backend are looked at after a start.
const LOOK: usize = 256;

/// Takes note of how an attempt ended. Before its slot is given back, so that no other attempt slips in.
pub(crate) fn note(core: &Arc<Core>, backend: &Arc<str>, outcome: &Outcome) {
    match outcome.wait {
        Some(wait @ Wait { scope: WaitFor::Backend, .. }) if outcome.kind == OutcomeKind::Wait => {
            told(core, backend, wait, outcome.message.as_deref().unwrap_or_default());
        }
        _ if core.slots.heard(backend) => {
            tokio::spawn(breaker::say_recovered(Arc::clone(core), Arc::clone(backend)));
        }
        _ => {}
    }
}

fn told(core: &Arc<Core>, backend: &Arc<str>, wait: Wait, said: &str) {
    let now = core.clock.now();
    let longest = core.snapshot().limits.longest_wait;
    let pause = patience::pause(wait, Duration::ZERO, longest, now).unwrap_or(patience::SHORTEST);
    if let Some(until) = core.slots.told(backend, Hold::new(pause, said.to_owned(), now)) {
        tracing::info!(%backend, "{backend} wants not to be asked until {until:.0}: {said}");
        let (core, backend) = (Arc::clone(core), Arc::clone(backend));
        tokio::spawn(async move { breaker::say(&core, EventKind::Waiting, &backend).await });
    }
}

/// What the backends had said before this start. The jobs that they said it to wait until then, with their words: so
/// nobody has to ask again, and nothing else has to be kept.
pub(crate) async fn load(core: &Core) -> Result<(), Error> {
    let (snapshot, now) = (core.snapshot(), core.clock.now());
    for entry in &snapshot.catalogue.entries {
        let waiting = core.journal.lane(plan::lane(&entry.name), now, LOOK).await?;
        let told = waiting.into_iter().filter(|job| job.code == Some(code::WAIT_BACKEND));
        for job in told {
            core.slots
                .told(&entry.name, Hold::new(left(job.due_at, now), job.message.unwrap_or_default(), now));
        }
    }
    Ok(())
}

fn left(until: Timestamp, now: Timestamp) -> Duration {
    Duration::try_from(until.duration_since(now)).unwrap_or_default()
}
