//! A registry at work: its socket, its queues, and what keeps the journal at what it says.

use std::sync::{Arc, Mutex, PoisonError};

use engine::Hub;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::live::Live;
use crate::{SOURCE, keeper, legacy, socket};

/// What is done as long as the hub runs.
pub struct Work {
    /// Dropped when nothing more is to be taken.
    listens: Mutex<Option<watch::Sender<()>>>,
    all: Mutex<Option<JoinHandle<()>>>,
}

impl Work {
    /// Begins: takes back who was there, then listens.
    pub fn begin(live: Live, hub: Hub) -> Self {
        let (listens, stop) = watch::channel(());
        let all = tokio::spawn(work(live, hub, stop));
        Work { listens: Mutex::new(Some(listens)), all: Mutex::new(Some(all)) }
    }

    /// Processes are heard no more; they say all again when a hub is back.
    pub fn quiesce(&self) {
        self.listens.lock().unwrap_or_else(PoisonError::into_inner).take();
    }

    /// Ends, with all written that the journal still takes.
    pub async fn close(&self) {
        self.quiesce();
        let all = self.all.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(all) = all {
            // What went wrong in it was told.
            let _ = all.await;
        }
    }
}

async fn work(live: Live, hub: Hub, stop: watch::Receiver<()>) {
    let link = hub.link(SOURCE, socket::KIND);
    live.ledger().count_with(Arc::clone(&link));
    // Nobody is heard before it is known who was there.
    let restored = keeper::restored(&live, &hub).await;
    if restored > 0 {
        let grace = live.settings().rules.grace.as_secs();
        tracing::info!(
            source = SOURCE,
            users = restored,
            "{restored} users were registered when the hub ended: their processes have {grace} s to say so again"
        );
    }
    let queues = live.settings().queues.clone();
    let read =
        |(queue, name)| tokio::spawn(legacy::read(live.clone(), hub.clone(), queue, name, stop.clone()));
    let readers: Vec<_> = queues.into_iter().map(read).collect();
    let expire = tokio::spawn(keeper::expire(live.clone()));
    let write = tokio::spawn(keeper::write(live.clone(), hub.clone()));
    socket::serve(live.clone(), &hub, &link, stop).await;
    for reader in readers {
        let _ = reader.await;
    }
    expire.abort();
    live.end();
    let _ = write.await;
}
