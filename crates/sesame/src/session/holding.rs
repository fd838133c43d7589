//! Holding jobs: locks are renewed in batches, and what is no longer ours ends here.

use std::convert::Infallible;

use model::JobId;
use tokio::sync::watch;

use super::Session;
use crate::error::Error;
use crate::live::live;
use crate::queue::Held;
use crate::reclaim::is_lost;

/// Locks renewed by one call: Redis does nothing else meanwhile.
const BATCH: usize = 500;

impl Session {
    /// Finds back what is ours after a restart or a lost connection: live jobs of the journal whose lock may have run
    /// out, and jobs that were taken and never reached the journal.
    pub(super) async fn resume(&self, serves: bool) -> Result<(), Error> {
        for (id, job) in live(self.hub.journal(), &self.shared.settings.name).await? {
            self.shared.held.insert(id, job);
        }
        self.hold(serves).await?;
        if !serves {
            // Whoever serves has them: also another source of this hub, whose token is the same.
            return Ok(());
        }
        let ours = self.shared.queue.ours(self.pair.calls.clone()).await;
        let mut lost = Vec::new();
        // The list begins with what was taken last.
        for id in self.unless_lost(ours)?.unwrap_or_default().into_iter().rev() {
            if !self.shared.held.contains(&id) {
                let read = self.shared.queue.read(self.pair.calls.clone(), &id).await;
                lost.extend(self.unless_lost(read)?);
            }
        }
        // What the journal does not take goes back to the queue.
        self.take_in(lost).await.map(drop)
    }

    /// Renews all locks long before they run out.
    pub(super) async fn keep_holding(&self, serves: watch::Receiver<bool>) -> Result<Infallible, Error> {
        loop {
            self.shared.clock.sleep(self.shared.settings.lock / 3).await;
            let serves = *serves.borrow();
            self.hold(serves).await?;
        }
    }

    async fn hold(&self, serves: bool) -> Result<(), Error> {
        for batch in self.shared.held.all().chunks(BATCH) {
            let ids: Vec<&str> = batch.iter().map(|(id, _)| id.as_str()).collect();
            let held = self.shared.queue.hold(self.pair.calls.clone(), &ids, serves).await;
            let Some(held) = self.unless_lost(held)? else { return Ok(()) };
            for ((id, job), held) in batch.iter().zip(held) {
                self.heed(id, *job, held, serves).await?;
            }
        }
        Ok(())
    }

    /// Draws the conclusion of how a job stands in the queue.
    async fn heed(&self, id: &str, job: JobId, held: Held, serves: bool) -> Result<(), Error> {
        let lost = is_lost(held, serves);
        if lost && self.hub.withdraw(job).await? {
            self.link.count("taken_over", 1);
        }
        if lost || held == Held::Gone {
            self.shared.held.let_go(id);
        }
        Ok(())
    }
}
