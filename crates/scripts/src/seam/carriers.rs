//! What a lost hub left running.

use engine::port::{BoxFuture, Reclaim};
use model::RunMark;
use uuid::Uuid;

use crate::run::kill_lost;

/// Ends the scripts and workers that a lost hub left running.
pub(super) struct Carriers;

impl Reclaim for Carriers {
    fn reclaim(&self, journal: Uuid, marks: Vec<RunMark>) -> BoxFuture<'_, ()> {
        Box::pin(async move {
            match tokio::task::spawn_blocking(move || kill_lost(journal, &marks)).await {
                Ok(ended) if ended.is_empty() => {}
                Ok(ended) => tracing::warn!(
                    gone = ended.gone.len(),
                    left = ended.left.len(),
                    "processes that a lost hub left running were ended"
                ),
                Err(error) => tracing::error!("ending what a lost hub left running: {error}"),
            }
        })
    }
}
