//! Backends that a reload has left out, or that the hub needs no more, until they have stopped.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::future::join_all;
use tokio::task::JoinHandle;

use crate::clock::Clock;
use crate::port::Catalogue;

/// Those that are stopping.
#[derive(Default)]
pub(crate) struct Retired(Mutex<Vec<JoinHandle<()>>>);

impl Retired {
    /// Stops what is in the catalogue before and not in the one after, each as soon as nothing runs on it.
    pub(crate) fn leave(&self, before: &Catalogue, after: &Catalogue) {
        let stays = |entry: &crate::port::BackendEntry| {
            after.entries.iter().any(|other| Arc::ptr_eq(&other.backend, &entry.backend))
        };
        let left = before.entries.iter().filter(|entry| !stays(entry));
        let left = left.map(|entry| Arc::clone(&entry.backend));
        let stopping = left.map(|backend| tokio::spawn(async move { backend.stop().await }));
        let mut retired = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        retired.retain(|stopping| !stopping.is_finished());
        retired.extend(stopping);
    }

    /// Whether all of them have stopped within this time.
    pub(crate) async fn gone_within(&self, clock: &Clock, time: Duration) -> bool {
        let stopping = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        tokio::select! {
            _ = join_all(stopping) => true,
            () = clock.sleep(time) => false,
        }
    }
}
