//! What an attempt says of how far it has come, told while it runs.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use model::{Mask, Progress, RunMark};
use tokio::sync::watch;

use crate::port::{Call, Reporter};
use crate::state::core::Core;
use crate::state::running::Report;

/// Between two reports that are told. What is said meanwhile is one, the last.
const PAUSE: Duration = Duration::from_millis(500);

/// Hears what an attempt says.
pub(super) struct Listener {
    core: Arc<Core>,
    mark: RunMark,
    backend: Arc<str>,
    mask: Arc<Mask>,
    said: watch::Receiver<Option<Progress>>,
}

impl Listener {
    /// With what the attempt says it through.
    pub(super) fn new(core: &Arc<Core>, call: &Call, backend: &Arc<str>) -> (Reporter, Self) {
        let (reporter, said) = Reporter::new();
        let (core, backend) = (Arc::clone(core), Arc::clone(backend));
        let (mark, mask) = (call.mark.clone(), Arc::clone(&call.mask));
        (reporter, Listener { core, mark, backend, mask, said })
    }

    /// Tells what it says, for as long as it runs.
    pub(super) async fn around<T>(mut self, running: impl Future<Output = T>) -> T {
        tokio::select! {
            biased;
            ended = running => ended,
            never = self.tell() => match never {},
        }
    }

    async fn tell(&mut self) -> Infallible {
        while self.said.changed().await.is_ok() {
            let Some(progress) = self.said.borrow_and_update().clone() else { continue };
            self.core.wiring.running.report(Report {
                at: self.core.clock.now(),
                mark: self.mark.clone(),
                backend: Arc::clone(&self.backend),
                progress: progress.shown(&self.mask),
            });
            self.core.clock.sleep(PAUSE).await;
        }
        // It has no more to say.
        std::future::pending().await
    }
}

/// What was said is over with the attempt, also when it was given up.
impl Drop for Listener {
    fn drop(&mut self) {
        self.core.wiring.running.silence(self.mark.job);
    }
}
