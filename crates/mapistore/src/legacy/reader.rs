//! Reads the queues.

use std::sync::Arc;
use std::time::Duration;

use engine::{Hub, Link, Pacer};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::mq::{Mq, QueueError, Way};
use super::{Heard, hear};
use crate::live::Live;
use crate::registry::Queue;

/// What is at the other end, for those who look at connections.
const KIND: &str = "queue";
/// So often it is looked whether somebody has put another queue in the place of ours.
const LOOK: Duration = Duration::from_secs(5);
/// Messages that are counted together at most: a queue that never becomes empty is no reason to wait for ever.
const TOGETHER: usize = 10_000;
/// Queues without a name that are still read: those who had opened them write on.
const NAMELESS: usize = 4;

/// Reads a queue until `stop` changes or is gone. It is made where it is missing, and never removed.
pub(crate) async fn read(live: Live, hub: Hub, queue: Queue, name: String, mut stop: watch::Receiver<()>) {
    let link = hub.link(&name, KIND);
    let mut pacer = Pacer::new(&link, live.clock());
    let mut readers = JoinSet::new();
    let mut current = None;
    loop {
        let looked = look(&live, &name, current).map(|found| {
            if let Some((mq, identity)) = found {
                if current.replace(identity).is_some() {
                    tracing::info!(
                        "{name} is another queue now; the one before is read as long as somebody writes it"
                    );
                }
                if readers.len() > NAMELESS {
                    readers.abort_all();
                }
                readers.spawn(follow(live.clone(), queue, mq, Arc::clone(&link)));
            }
        });
        match looked {
            Ok(()) => {
                let _ = link.up(hub.now());
                tokio::select! {
                    () = live.clock().sleep(LOOK) => {}
                    _ = stop.changed() => return,
                }
            }
            Err(error) => tokio::select! {
                () = pacer.lost(&error) => {}
                _ = stop.changed() => return,
            },
        }
    }
}

/// What something is, whatever it is called.
type Identity = (u64, u64);

/// The queue of that name, when it is another one than the one that is read.
fn look(live: &Live, name: &str, current: Option<Identity>) -> Result<Option<(Mq, Identity)>, QueueError> {
    let found = match Mq::open(name, Way::Look) {
        Err(error) if error.is_missing() => {
            let made = Mq::open(name, Way::Read)?;
            made.open_to(live.settings().group)?;
            made
        }
        found => found?,
    };
    let identity = found.identity()?;
    Ok((current != Some(identity)).then_some((found, identity)))
}

/// Takes what comes.
async fn follow(live: Live, queue: Queue, mq: Mq, link: Arc<Link>) {
    let mut buffer = vec![0; mq.longest()];
    #[allow(deprecated, reason = "what took its place is unsafe")]
    let Ok(mq) = AsyncFd::with_interest(mq, Interest::READABLE) else { return };
    loop {
        let Ok(mut ready) = mq.readable().await else { return };
        match drain(mq.get_ref(), &mut buffer, &link) {
            Ok(commands) if commands.is_empty() => ready.clear_ready(),
            // Nobody is counted away before all that was there has been counted.
            Ok(commands) => live.change(|table| table.apply(queue, commands)),
            Err(error) => {
                let _ = link.down(live.clock().now(), error.to_string());
                return;
            }
        }
        tokio::task::yield_now().await;
    }
}

/// All that is in a queue now.
fn drain(mq: &Mq, buffer: &mut [u8], link: &Link) -> Result<Vec<crate::registry::Command>, QueueError> {
    let mut commands = Vec::new();
    while commands.len() < TOGETHER {
        let message = match mq.receive(buffer) {
            Ok(Some(message)) => message,
            // What was taken out is counted first; an error comes again.
            Err(error) if commands.is_empty() => return Err(error),
            Ok(None) | Err(_) => break,
        };
        link.count("messages", 1);
        match hear(message) {
            Heard::Command(command) => commands.push(command),
            Heard::Nothing(why) => {
                link.count("ignored", 1);
                tracing::debug!("a message of a queue asks for nothing that is counted: {why}");
            }
            Heard::Rejected(why) => {
                link.count("rejected", 1);
                link.count(why.code(), 1);
                tracing::warn!("a message of a queue cannot be read, and is left out: {why}");
            }
        }
    }
    Ok(commands)
}
