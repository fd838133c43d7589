//! Before anything runs after a start: which live jobs did somebody else take over while this hub was away?

use std::sync::Arc;
use std::time::Duration;

use engine::port::{BoxFuture, Reclaim};
use journal::Read;
use model::{JobId, RunMark};
use uuid::Uuid;

use crate::connection::{open_calls, said};
use crate::error::Error;
use crate::live::live;
use crate::queue::Held;
use crate::source::Shared;

/// How long the hub's start may wait for Redis. Later the jobs run, whoever else may have them.
const PATIENCE: Duration = Duration::from_secs(5);
/// Jobs asked about by one call.
const BATCH: usize = 500;

/// Asks the queue about the live jobs of the journal.
pub(crate) struct Recheck(pub(crate) Arc<Shared>);

impl Reclaim for Recheck {
    fn reclaim(&self, _: Uuid, _: Vec<RunMark>) -> BoxFuture<'_, ()> {
        Box::pin(std::future::ready(()))
    }

    fn lost<'a>(&'a self, journal: &'a dyn Read) -> BoxFuture<'a, Vec<JobId>> {
        Box::pin(async move {
            let source = &self.0.settings.name;
            let found = tokio::select! {
                found = self.find(journal) => found,
                () = self.0.clock.sleep(PATIENCE) => {
                    let (at, why) = (self.0.settings.address.to_string(), "no answer within 5 s".to_owned());
                    Err(Error::Redis { at, why })
                }
            };
            found.unwrap_or_else(|error| {
                tracing::warn!(
                    source,
                    "whether others took jobs over is not known, so all of them run: {error}"
                );
                Vec::new()
            })
        })
    }
}

impl Recheck {
    async fn find(&self, journal: &dyn Read) -> Result<Vec<JobId>, Error> {
        let Shared { settings, queue, .. } = &*self.0;
        let live = live(journal, &settings.name).await?;
        if live.is_empty() {
            return Ok(Vec::new());
        }
        let calls = open_calls(settings).await?;
        let refused = |error| said(&settings.address, &error);
        let us = self.0.server();
        let serves = queue.lease(calls.clone(), &us, self.0.life.seat()).await.map_err(refused)? == us;
        let mut lost = Vec::new();
        for batch in live.chunks(BATCH) {
            let ids: Vec<&str> = batch.iter().map(|(id, _)| id.as_str()).collect();
            let held = queue.hold(calls.clone(), &ids, serves).await.map_err(refused)?;
            let others = batch.iter().zip(held).filter(|(_, held)| is_lost(*held, serves));
            lost.extend(others.map(|((_, job), _)| *job));
        }
        Ok(lost)
    }
}

/// Whether a job that stands so in the queue is somebody else's, or about to be.
pub(crate) fn is_lost(held: Held, serves: bool) -> bool {
    match held {
        Held::Other | Held::Finished => true,
        // It comes to whoever serves. When that is us, it joins the job that the journal has.
        Held::Waiting | Held::Free => !serves,
        // When it is gone nobody else can do it: it is done here, and its answer has nowhere to go.
        Held::Ours | Held::Gone => false,
    }
}
