//! The hubs of a journal that are told to lay down their work, or that they may work again, as the one at work sees it.

use std::collections::HashMap;

use engine::{Actor, AuditEntry, Hub};
use journal::Node;
use model::Code;

use crate::exit::sentence;

/// Writes into the audit who is drained and who is not any more; resolves when this hub is to lay down its work.
pub(super) async fn told(hub: &Hub) {
    let Some(hubs) = hub.keeping().hubs() else { return std::future::pending().await };
    let mut nodes = hubs.follow();
    let mut known: HashMap<String, bool> = HashMap::new();
    let mut has_looked = false;
    loop {
        let now = nodes.borrow_and_update().clone();
        for node in &now.all {
            let before = known.insert(node.life.to_string(), node.drained);
            // What others had been told before is in the audit of the hub that worked then; and one that is drained still as it
            // begins a new life was told nothing in that one.
            let is_old = (!has_looked && !node.is_own) || node.told_by.is_empty();
            if node.drained != before.unwrap_or(is_old && node.drained) {
                note(hub, node).await;
            }
        }
        has_looked = true;
        known.retain(|life, _| now.all.iter().any(|node| node.life.to_string() == *life));
        if now.own().is_some_and(|own| own.drained) {
            return;
        }
        if nodes.changed().await.is_err() {
            // Its life is over.
            return std::future::pending().await;
        }
    }
}

/// Whether this hub is drained, as it was seen last.
pub(super) fn is_drained(hub: &Hub) -> bool {
    hub.keeping().hubs().is_some_and(|hubs| hubs.now().own().is_some_and(|own| own.drained))
}

async fn note(hub: &Hub, node: &Node) {
    let (code, what) = if node.drained {
        (Code::from_static("drained"), "takes no work until it is resumed or started anew")
    } else {
        (Code::from_static("resumed"), "may take work again")
    };
    tracing::info!(by = node.told_by, "the hub in {} {what}", node.who());
    let entry = AuditEntry::new(
        &Actor(node.told_by.clone()),
        format!("hub {}", node.life.seat()),
        code,
        format!("the hub in {} {what}", node.who()),
    );
    if let Err(error) = hub.audit_when_possible(entry).await {
        tracing::warn!(
            "that a hub is drained, or not any more, is not in the audit: {}",
            sentence(&error.into())
        );
    }
}
