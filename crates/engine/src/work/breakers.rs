//! Keeps breakers the same at all hubs of a journal: see [`crate::state::opened`].

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use journal::EffectSet;
use model::{Entity, EntityKey, EventKind, OutcomeKind};

use crate::error::Error;
use crate::lasting::Lasting;
use crate::port::Standing;
use crate::state::core::Core;
use crate::state::edit::Edit;
use crate::state::failures;
use crate::state::opened::{By, Opened, key_of};
use crate::state::slots::Finding;
use crate::work::breaker::{can_be_asked, keeps_failing, rule_of};
use crate::work::errand::write;
use crate::work::gone::Missing;
use crate::work::ping::ping;

/// The wall clock is looked at this often at least: it may be set.
const LOOK: Duration = Duration::from_secs(5);
/// What could not be written is tried again after so long.
const AGAIN: Duration = Duration::from_millis(500);
/// What is told of when it cannot be done.
const TELLING: &str = "telling other hubs of backends that fail";

/// Works until the hub stops.
pub(crate) async fn share(core: Arc<Core>) {
    let Some(hubs) = core.journal.hubs().filter(|_| core.journal.is_shared()) else { return };
    let (trouble, mut missing) = (Lasting::default(), Missing::default());
    let mut seen = hubs.follow();
    while !core.is_stopping() {
        let named = core.slots.opened().into_iter().filter_map(|(_, trier)| trier).collect();
        let over = missing.over(&core, &hubs.now(), named);
        match look(&core, &over).await {
            Ok(()) => trouble.obeyed(TELLING),
            Err(journal::Error::Closed) => return,
            Err(error) => trouble.refused(TELLING, &error),
        }
        let unwritten = core.slots.has_to_tell().then_some(AGAIN);
        let snapshot = core.snapshot();
        let again = core.slots.look_at_breakers(|backend| snapshot.backend(backend).is_some());
        let pause = again.into_iter().chain(unwritten).min();
        tokio::select! {
            () = core.slots.open.notified() => {}
            // As often as they are looked at.
            Ok(()) = seen.changed() => {}
            () = core.stops() => return,
            () = core.clock.sleep(pause.unwrap_or(LOOK).min(LOOK)), if pause.is_some() => core.slots.look_again(),
        }
    }
}

async fn look(core: &Arc<Core>, over: &BTreeSet<String>) -> Result<(), journal::Error> {
    if !core.is_sure() {
        return Ok(());
    }
    tell_all(core).await?;
    let snapshot = core.snapshot();
    for (backend, _) in core.slots.opened() {
        let entry = snapshot.backend(&backend).filter(|entry| entry.standing == Standing::Active);
        let asked = entry.is_some_and(can_be_asked);
        let Some((next, by)) = core.slots.next_trial(&backend, entry, asked, over) else { continue };
        match write(core, vec![next], core.clock.now()).await {
            Ok(()) if by == Some(By::Ping) => _ = tokio::spawn(try_by_ping(Arc::clone(core), backend)),
            // Somebody else was first, and we hear of it.
            Ok(()) | Err(journal::Error::Conflict { .. }) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// The last word of a hub that stops: what it has found out, and that others may try what it was about to.
pub(crate) async fn leave(core: &Core) {
    if !core.is_sure() {
        return;
    }
    if let Err(error) = say_last(core).await {
        tracing::warn!("other hubs are not told how backends do that kept failing: {error}");
    }
}

async fn say_last(core: &Core) -> Result<(), journal::Error> {
    tell_all(core).await?;
    for given_up in core.slots.trials_given_up() {
        match write(core, vec![given_up], core.clock.now()).await {
            // Somebody else was first.
            Ok(()) | Err(journal::Error::Conflict { .. }) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

async fn tell_all(core: &Core) -> Result<(), journal::Error> {
    // Before others hear that it works: what they count from then on is new.
    for backend in core.slots.answers() {
        let forget = |stored: Option<&Entity>| stored.map_or(Edit::Keep, |_| Edit::Remove);
        update(core, &backend, failures::key_of(&backend), None, forget).await?;
        core.slots.told_answer(&backend);
    }
    for (backend, jobs) in core.slots.untold_failures() {
        let count = |stored: Option<&Entity>| {
            let known = failures::read(stored);
            if known.is_superset(&jobs) {
                return Edit::Keep;
            }
            Edit::Put(failures::content(&backend, &(&known | &jobs)))
        };
        update(core, &backend, failures::key_of(&backend), None, count).await?;
        let rule = rule_of(core, &backend);
        if let Some(until) = core.slots.told_failures(&backend, &jobs, &rule, core.clock.now()) {
            keeps_failing(&backend, until);
        }
    }
    for (backend, finding) in core.slots.findings() {
        tell(core, &backend, &finding).await?;
        core.slots.told_others(&backend, &finding);
    }
    Ok(())
}

/// Has all hubs know what this one has found out. What another one has found out meanwhile stays.
async fn tell(core: &Core, backend: &str, finding: &Finding) -> Result<(), journal::Error> {
    let life = core.journal.life().to_string();
    let is_ours = |stored: Option<&Entity>| stored.is_some_and(|it| Opened::read(it).is_tried_by(&life));
    let edit = |stored: Option<&Entity>| match finding {
        Finding::Failing(opened) if stored.is_none() || is_ours(stored) => Edit::Put(opened.content(backend)),
        Finding::Silent(opened) if is_ours(stored) => Edit::Put(opened.content(backend)),
        Finding::Works if stored.is_some() => Edit::Remove,
        _ => Edit::Keep,
    };
    let event = match finding {
        Finding::Failing(_) => Some(EventKind::Tripped),
        Finding::Silent(_) => None,
        Finding::Works => Some(EventKind::Recovered),
    };
    let event = event.map(|kind| (kind, backend.to_owned()));
    update(core, backend, key_of(backend), event, edit).await?;
    if *finding == Finding::Works {
        tracing::info!(backend, "{backend} works again");
    }
    Ok(())
}

/// Writes what all hubs are to know of a backend.
async fn update(
    core: &Core,
    backend: &str,
    key: EntityKey,
    event: Option<(EventKind, String)>,
    edit: impl Fn(Option<&Entity>) -> Edit,
) -> Result<(), journal::Error> {
    let edit = |stored: Option<&Entity>| Ok::<_, Error>((edit(stored), None));
    let told = match core.update(key.clone(), event.clone(), edit).await {
        // What cannot be read goes.
        Err(Error::Journal(journal::Error::Damaged(_))) => {
            core.journal.erase(key.clone(), EffectSet::default()).await?;
            core.update(key, event, edit).await
        }
        told => told,
    };
    match told {
        Ok(()) => {}
        Err(Error::Journal(error)) => return Err(error),
        Err(error) => tracing::warn!(backend, "other hubs are not told how {backend} does: {error}"),
    }
    Ok(())
}

/// Asks the backend, for all hubs, whether its target is there.
async fn try_by_ping(core: Arc<Core>, backend: String) {
    let asked = ping(&core, &backend).await;
    // Somebody may have found out meanwhile.
    if !core.slots.is_pinged_here(&backend) {
        return;
    }
    if asked.is_ok_and(|outcome| outcome.kind == OutcomeKind::Done) {
        core.slots.answered(&backend);
        return;
    }
    let until = core.slots.lengthen(&Arc::from(&*backend), &rule_of(&core, &backend), core.clock.now());
    tracing::info!(backend, "{backend} does not answer a ping yet: it is left alone until {until}");
}
