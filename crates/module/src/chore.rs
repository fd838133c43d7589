//! Chores: what a module wants done at times.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use engine::port::BoxFuture;
use engine::{Clock, Hub, Lasting};
use jiff::Timestamp;
use model::believe::happened;
use model::effect::EntityContent;
use model::{Effects, EntityKey, EntityWrite};
use serde_json::json;

use crate::exit::whole;

/// The clock may be set: it is looked at so often at least.
const LOOK: Duration = Duration::from_mins(1);

/// Something that is done at times, from the hub's start until it takes no more work. When it was done last is stored: a
/// time that passed while the hub was away is made up for, once.
#[derive(Clone)]
pub struct Chore {
    /// What it is, in words.
    pub name: &'static str,
    /// The entity that keeps when it was done last.
    pub kept: EntityKey,
    /// The first time after another one; `None` = never again.
    pub after: Arc<dyn Fn(Timestamp) -> Option<Timestamp> + Send + Sync>,
    /// Is told when it is done next.
    pub tell: Arc<dyn Fn(Option<Timestamp>) + Send + Sync>,
    /// Does it.
    pub act: Arc<dyn Fn(Hub) -> BoxFuture<'static, Result<()>> + Send + Sync>,
}

impl Chore {
    /// Works until it is dropped.
    pub async fn run(self, hub: Hub, clock: Clock) {
        let (name, trouble) = (self.name, Lasting::default());
        loop {
            match self.turn(&hub, &clock).await {
                Ok(()) if trouble.ended() => tracing::info!("the {name} works again"),
                Ok(()) => {}
                Err(error) if hub_ends(&error) => return,
                Err(error) => {
                    if trouble.began() {
                        let why = whole(&error);
                        tracing::warn!("the {name} is tried again each minute until it works: {why}");
                    }
                    clock.sleep(LOOK).await;
                }
            }
        }
    }

    /// Waits for the next time, or a minute, and does what is due.
    async fn turn(&self, hub: &Hub, clock: &Clock) -> Result<()> {
        let now = clock.now();
        let stored = match hub.journal().entity(self.kept.clone()).await {
            Err(journal::Error::Damaged(_)) => {
                hub.erase(self.kept.clone(), None).await?;
                None
            }
            stored => stored?,
        };
        let (rev, last) = match stored {
            Some(entity) => (entity.rev, entity.body.get("last").and_then(|at| at.as_str()?.parse().ok())),
            None => (0, None),
        };
        let Some(last) = believed(last, now) else {
            // The first start: nothing was missed.
            return self.mark(hub, rev, now).await;
        };
        let next = (self.after)(last);
        (self.tell)(next.map(|next| next.max(now)));
        match next {
            Some(next) if next <= now => {
                (self.act)(hub.clone()).await?;
                // Marked afterwards: what a crash leaves over is done at the next start, and what is under way is not
                // asked for twice.
                self.mark(hub, rev, now).await
            }
            Some(next) => {
                clock.sleep_until(next, LOOK).await;
                Ok(())
            }
            None => {
                clock.sleep(LOOK).await;
                Ok(())
            }
        }
    }

    async fn mark(&self, hub: &Hub, rev: u64, last: Timestamp) -> Result<()> {
        let content = EntityContent {
            state: "done".to_owned(),
            label: self.name.to_owned(),
            body: json!({ "last": last }),
        };
        let write = EntityWrite { key: self.kept.clone(), expected_rev: rev, content: Some(content) };
        Ok(hub.write(Effects { entities: vec![write], ..Effects::default() }, None).await?)
    }
}

/// When it was done last, as far as that is believed: not in the future.
fn believed(stored: Option<Timestamp>, now: Timestamp) -> Option<Timestamp> {
    stored.map(|at| happened(at, now))
}

/// Whether the hub stops, or has stopped.
fn hub_ends(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| {
        matches!(cause.downcast_ref(), Some(engine::Error::Stopping))
            || matches!(cause.downcast_ref(), Some(journal::Error::Closed))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_last_time_in_the_future_is_not_believed() {
        let at = |text: &str| -> Timestamp { text.parse().unwrap() };
        let now = at("2026-07-01T12:00:30Z");
        assert_eq!(believed(None, now), None);
        assert_eq!(believed(Some(at("2026-07-01T11:59:59Z")), now), Some(at("2026-07-01T11:59:59Z")));
        assert_eq!(believed(Some(at("2026-07-31T12:00:00Z")), now), Some(now), "thirty days ahead");
        let soon = at("2026-07-01T12:01:00Z");
        assert_eq!(believed(Some(soon), now), Some(soon), "clocks differ: not twice");
    }
}
