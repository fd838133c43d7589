//! Keeps the journal at what the table says, and gives up those of whom nothing is heard.

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;

use engine::door::Patience;
use engine::{AuditEntry, Error, Follower, Hub};

use crate::live::Live;
use crate::process::is_gone;
use crate::registry::{Holder, Process, Triple};
use crate::removal::Removal;
use crate::request::SOURCE;
use crate::stored::KIND;

/// So many who came or went are written in one commit.
const BATCH: usize = 256;

/// Takes back who was there when the hub ended, however long the journal takes.
pub(crate) async fn restored(live: &Live, hub: &Hub) -> usize {
    let patience = Patience::new(SOURCE, "users who were registered", "are not known");
    let restore = || async { restore(live, hub).await.map_err(ended) };
    patience.until_taken(live.clock(), restore).await.unwrap_or_default()
}

async fn restore(live: &Live, hub: &Hub) -> Result<usize, Error> {
    let ledger = Arc::clone(live.ledger());
    hub.follow(KIND, ledger as Arc<dyn Follower>).await?;
    let (stored, unreadable) = live.ledger().filled();
    for key in unreadable {
        tracing::warn!(key = key.key, "somebody who was registered cannot be read back, and is left out");
        hub.erase(key, None).await?;
    }
    let restored = stored.len();
    let processes: BTreeSet<Process> = stored.iter().flat_map(|one| one.kept.processes.clone()).collect();
    // Whoever has ended meanwhile does not come back, and nobody waits for him.
    let gone: BTreeSet<Process> = processes.into_iter().filter(is_gone).collect();
    let is_expected = |(holder, _): &(Holder, u64)| match holder {
        Holder::Process(process) => !gone.contains(process),
        // On a queue that is not read any more nobody can be unregistered.
        Holder::Queue(queue) => live.settings().queues.iter().any(|(read, _)| read == queue),
        Holder::Unseen => true,
    };
    let now = live.now();
    live.change(|table| {
        for one in stored {
            table.restore(one.triple, one.kept.holders().filter(is_expected), now);
        }
    });
    live.watch();
    Ok(restored)
}

/// Writes who has come and gone, as fast as the journal takes it: all that happens while one commit is made is in the next.
/// Ends when nobody is heard any more and all is written, or when the hub stops.
pub(crate) async fn write(live: Live, hub: Hub) {
    write_all(&live, &hub).await;
    // Whoever waits for the removal of somebody is told that it does not come.
    live.removals().take();
}

async fn write_all(live: &Live, hub: &Hub) {
    let patience = Patience::new(SOURCE, "users who came and went", "stay in memory");
    loop {
        let (version, removal, changed) = {
            let mut table = live.table();
            let removal = live.removals().as_mut().and_then(VecDeque::pop_front);
            // What is changed after this is of a later version.
            let at_most = if removal.is_some() { 0 } else { BATCH };
            (table.version(), removal, table.take_changed(at_most))
        };
        if let Some(Removal { triple, audit, done }) = removal {
            let write = || write_batch(live, hub, [&triple], Some(&audit));
            if patience.until_taken(live.clock(), write).await.is_err() {
                return;
            }
            // Whoever asked may have gone away.
            let _ = done.send(());
            continue;
        }
        if changed.is_empty() {
            live.wrote(version);
            if live.has_ended() {
                return;
            }
            live.changed().await;
            continue;
        }
        let write = || write_batch(live, hub, changed.iter().map(|triple| &**triple), None);
        if patience.until_taken(live.clock(), write).await.is_err() {
            return;
        }
    }
}

/// Writes how things stand now; nothing, when the journal says the same and nobody wants it in the audit.
async fn write_batch<'t>(
    live: &Live,
    hub: &Hub,
    changed: impl IntoIterator<Item = &'t Triple>,
    audit: Option<&AuditEntry>,
) -> Result<(), Error> {
    let effects = {
        let table = live.table();
        live.ledger().writes(&table, changed, hub.now())
    };
    if effects.is_empty() && audit.is_none() {
        return Ok(());
    }
    hub.write(effects, audit.cloned()).await.map_err(ended)
}

/// A journal that is closed is so because the hub stops.
fn ended(error: Error) -> Error {
    match error {
        Error::Journal(journal::Error::Closed) => Error::Stopping,
        other => other,
    }
}

/// Gives up those of whom nothing was heard in time.
pub(crate) async fn expire(live: Live) {
    loop {
        let now = live.now();
        match live.change(|table| table.expire(now)) {
            Some(next) => tokio::select! {
                () = live.clock().sleep(next.saturating_sub(now)) => {}
                () = live.watched() => {}
            },
            None => live.watched().await,
        }
    }
}
