//! Keeps the places on backends shared out among the hubs of a journal: see [`crate::state::shares`].

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use journal::{Error, NodeRole};

use crate::lasting::Lasting;
use crate::state::core::Core;
use crate::work::errand::write;

/// While somebody waits for a place it is looked at so often at least.
const LOOK: Duration = Duration::from_millis(500);
/// A hub that is not among those that are there for so long is gone. One that has just come is not seen at once.
const GONE: Duration = Duration::from_secs(3);
/// What is told of when it cannot be done.
const SHARING: &str = "sharing out the places on backends";

/// Works until the hub stops.
pub(crate) async fn share(core: Arc<Core>) {
    let Some(hubs) = core.journal.hubs().filter(|_| core.journal.is_shared()) else { return };
    let (trouble, mut missing) = (Lasting::default(), BTreeMap::new());
    let mut seen = hubs.follow();
    while !core.is_stopping() {
        let nodes = hubs.now();
        core.slots.set_hubs(nodes.all.iter().filter(|node| node.role == NodeRole::AtWork).count());
        let living = nodes.all.iter().map(|node| node.life.to_string()).collect();
        let over = over(&core, &mut missing, &living);
        match share_out(&core, &over).await {
            Ok(()) => trouble.obeyed(SHARING),
            Err(Error::Closed) => return,
            Err(error) => trouble.refused(SHARING, &error),
        }
        let is_waited_for = core.slots.is_waited_for();
        tokio::select! {
            () = core.slots.share.notified() => {}
            // As often as they are looked at.
            Ok(()) = seen.changed() => {}
            () = core.stops() => return,
            () = core.clock.sleep(LOOK), if is_waited_for => core.slots.look_again(),
        }
    }
}

/// Those that have a part and are gone.
fn over(core: &Core, missing: &mut BTreeMap<String, Instant>, living: &BTreeSet<String>) -> BTreeSet<String> {
    let (now, own) = (core.clock.instant(), core.journal.life().to_string());
    let shared = core.slots.shared();
    let named: BTreeSet<&String> = shared.iter().flat_map(|(_, lives)| lives).collect();
    missing.retain(|life, _| named.contains(life) && !living.contains(life));
    for life in named.into_iter().filter(|life| **life != own && !living.contains(*life)) {
        missing.entry(life.clone()).or_insert(now);
    }
    let gone = missing.iter().filter(|(_, since)| now.duration_since(**since) >= GONE);
    gone.map(|(life, _)| life.clone()).collect()
}

async fn share_out(core: &Core, over: &BTreeSet<String>) -> Result<(), Error> {
    if !core.is_sure() {
        return Ok(());
    }
    let snapshot = core.snapshot();
    for (backend, _) in core.slots.shared() {
        let Some(entry) = snapshot.backend(&backend) else { continue };
        let Some(next) = core.slots.share_out(entry, over) else { continue };
        match write(core, vec![next], core.clock.now()).await {
            // Somebody else was first, and we hear of it.
            Ok(()) | Err(Error::Conflict { .. }) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}
