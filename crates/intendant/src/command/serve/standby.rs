//! A start behind another hub that works on the same journal: it stands by, says so, and goes on when it is its turn.

use anyhow::{Context as _, Result};
use journal::{Entry, Nodes, NodesReceiver};
use tokio::sync::watch;

use super::Start;
use super::listeners::Listeners;
use super::report;
use crate::compose::journal_error;
use crate::signals::Signals;
use crate::systemd;

/// Answers that it stands by, and who is at work, until it is our turn. `None`: told to stop before that.
pub(super) async fn wait(
    start: &Start<'_>,
    listeners: Listeners,
    mut entry: Entry,
    signals: &mut Signals,
) -> Result<Option<Entry>> {
    let Some(hubs) = entry.hubs() else { return Ok(Some(entry)) };
    let nodes = hubs.follow();
    let comparing = tokio::spawn(report::keep(start.context.clone(), hubs.clone()));
    let (stop, stopped) = watch::channel(());
    // Strangers are not told on which machines the hub lives.
    let people = api::standing_by(nodes.clone());
    let own = people.clone().merge(api::standing_by_nodes(hubs));
    let clock = start.context.clock.clone();
    let serving = tokio::spawn(listeners.serve_waiting(own, people, clock, stopped));
    let is_our_turn = tokio::select! {
        turn = entry.turn() => {
            turn.map_err(journal_error)?;
            true
        }
        never = tell(nodes) => match never {},
        () = signals.stop() => false,
    };
    drop(stop);
    comparing.abort();
    serving.await.context("stopping the socket")?;
    if is_our_turn {
        tracing::info!("it is this hub's turn: it starts to work");
        return Ok(Some(entry));
    }
    systemd::tell(systemd::STOPPING);
    tokio::task::spawn_blocking(move || drop(entry)).await.context("leaving the journal")?;
    Ok(None)
}

/// Tells the log and the service manager, which has not to wait for it, who is at work and whether this hub could be, as often
/// as that changes.
async fn tell(mut nodes: NodesReceiver) -> std::convert::Infallible {
    let mut told = None;
    loop {
        let now = said(&nodes.borrow_and_update());
        if now.is_some() && now != told {
            if let Some(now) = &now {
                tracing::info!("this hub {now}");
                systemd::tell(&format!("{}\nSTATUS=it {now}", systemd::READY));
            }
            told = now;
        }
        if nodes.changed().await.is_err() {
            // Its turn has come, or will never come.
            std::future::pending::<()>().await;
        }
    }
}

/// Who is at work, and whether this hub could be; `None` = nobody has looked yet, or nobody is, and it is this hub's turn.
fn said(nodes: &Nodes) -> Option<String> {
    let drained = nodes.own().is_some_and(|own| own.drained);
    let own = if drained { "is drained" } else { "stands by" };
    match nodes.at_work() {
        Some(node) => Some(format!("{own}: the hub in {} works on the journal", node.who())),
        None => drained.then(|| format!("{own}, and nobody works on the journal")),
    }
}
