//! What one hub does for all that work on a journal, from when it leads.

use std::sync::Arc;

use crate::state::core::Core;
use crate::work::outbox::Outbox;
use crate::work::recover;

/// Does what the one that leads does when it begins to, in the place of another hub.
pub(crate) async fn begin(core: Arc<Core>) {
    if core.is_leading() || !core.leads().await {
        return;
    }
    tracing::info!("this hub leads now: sources, deliveries and what is done at times are its own");
    if let Err(error) = recover::withdraw_lost(&core).await {
        tracing::warn!("jobs that somebody else has taken over may run: {error}");
    }
}

/// Delivers what must leave, once this hub leads.
pub(crate) async fn deliver(core: Arc<Core>) {
    if core.leads().await {
        Outbox::new(core).run().await;
    }
}
