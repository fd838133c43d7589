//! Keeps the places on backends shared out among the hubs of a journal: see [`crate::state::shares`].

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use journal::{Error, NodeRole};

use crate::lasting::Lasting;
use crate::state::core::Core;
use crate::work::errand::write;
use crate::work::gone::Missing;

/// While somebody waits for a place it is looked at so often at least.
const LOOK: Duration = Duration::from_millis(500);
/// What is told of when it cannot be done.
const SHARING: &str = "sharing out the places on backends";

/// Works until the hub stops.
pub(crate) async fn share(core: Arc<Core>) {
    let Some(hubs) = core.journal.hubs().filter(|_| core.journal.is_shared()) else { return };
    let (trouble, mut missing) = (Lasting::default(), Missing::default());
    let mut seen = hubs.follow();
    while !core.is_stopping() {
        let nodes = hubs.now();
        core.slots.set_hubs(nodes.all.iter().filter(|node| node.role == NodeRole::AtWork).count());
        let named = core.slots.shared().into_iter().flat_map(|(_, lives)| lives).collect();
        let over = missing.over(&core, &nodes, named);
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
