//! Leaving backends alone that keep failing, and finding out when they work again. Where several hubs work, see
//! [`crate::work::breakers`].

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use journal::EffectSet;
use model::{BreakerRule, EventKind, JobId, Outcome, OutcomeKind};

use crate::port::{BackendEntry, Standing};
use crate::state::core::Core;
use crate::work::ping::{PING, ping};

/// The wall clock is looked at this often at least: it may be set.
const LOOK: Duration = Duration::from_secs(5);

/// Takes note of how an attempt ended. Before its slot is given back, so that no other attempt slips in.
pub(crate) fn note(core: &Arc<Core>, backend: &Arc<str>, job: JobId, outcome: &Outcome) {
    match outcome.kind {
        OutcomeKind::Done | OutcomeKind::Hard => {
            if core.slots.answered(backend) && !core.slots.has_others() {
                tokio::spawn(say_recovered(Arc::clone(core), Arc::clone(backend)));
            }
        }
        // It says nothing of whether the backend works.
        OutcomeKind::Wait => {}
        OutcomeKind::Soft => {
            let rule = rule_of(core, backend);
            if let Some(until) = core.slots.failed(backend, job, &rule, core.clock.now()) {
                keeps_failing(backend, until);
                if core.slots.has_others() {
                    return;
                }
                tokio::spawn(leave_alone(Arc::clone(core), Arc::clone(backend), until));
            }
        }
    }
}

/// For the log.
pub(crate) fn keeps_failing(backend: &str, until: Timestamp) {
    tracing::warn!(backend, "{backend} keeps failing: it is left alone until {until}");
}

/// When this backend is left alone: as it says itself, else as the hub does with all.
pub(crate) fn rule_of(core: &Core, backend: &str) -> BreakerRule {
    let snapshot = core.snapshot();
    let own = snapshot.backend(backend).and_then(|entry| entry.bounds.breaker);
    own.unwrap_or(snapshot.limits.breaker)
}

/// Somebody says or has seen that the backend works.
pub(crate) async fn closed(core: &Arc<Core>, backend: &str) {
    if core.slots.answered(backend) && !core.slots.has_others() {
        say_recovered(Arc::clone(core), Arc::from(backend)).await;
    }
}

/// Whether a ping tells if the backend's target is there.
pub(crate) fn can_be_asked(entry: &BackendEntry) -> bool {
    entry.standing == Standing::Active && entry.actions.contains_key(PING)
}

/// Waits until the pause is over, then asks the backend whether its target is there. One that cannot be asked gets a
/// single job to decide.
async fn leave_alone(core: Arc<Core>, backend: Arc<str>, mut until: Timestamp) {
    say(&core, EventKind::Tripped, &backend).await;
    loop {
        loop {
            let now = core.clock.now();
            match core.slots.still_left_alone(&backend, until, now) {
                Some(still) if !core.is_stopping() => until = still,
                _ => return,
            }
            if until <= now {
                break;
            }
            core.clock.sleep_until(until, LOOK).await;
        }
        if !core.snapshot().backend(&backend).is_some_and(can_be_asked) {
            return core.slots.probe(&backend);
        }
        let asked = ping(&core, &backend).await;
        if asked.is_ok_and(|outcome| outcome.kind == OutcomeKind::Done) {
            return closed(&core, &backend).await;
        }
        if core.slots.left_alone_until(&backend) != Some(until) {
            return;
        }
        until = core.slots.lengthen(&backend, &rule_of(&core, &backend), core.clock.now());
        tracing::info!(%backend, "{backend} does not answer a ping yet: it is left alone until {until}");
    }
}

pub(crate) async fn say_recovered(core: Arc<Core>, backend: Arc<str>) {
    tracing::info!(%backend, "{backend} works again");
    say(&core, EventKind::Recovered, &backend).await;
}

/// An event is news for whoever watches; work goes on without it.
pub(crate) async fn say(core: &Core, event: EventKind, backend: &str) {
    let told = core.journal.apply(EffectSet::default(), Some((event, backend.to_owned())), core.clock.now());
    if let Err(error) = told.await
        && !error.is_told()
    {
        tracing::warn!(backend, "the journal could not take an event: {error}");
    }
}
