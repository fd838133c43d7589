//! The journal's key while the hub serves: another one that came into its place is taken over, and rows are sealed anew
//! beside the work.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result};
use engine::Hub;
use journal::{Hubs, Key, Look, NodeRole, Renewal};
use tokio::sync::Notify;

use crate::compose::journal_error;
use crate::config::{Loaded, SecretSource};
use crate::context::Context;
use crate::exit::misuse;
use crate::keyring;

/// Pause when the journal had no room for a step, or was too busy.
const AGAIN: Duration = Duration::from_secs(10);

/// The key, and who seals anew.
pub(super) struct Keys {
    hub: Hub,
    context: Context,
    started: Loaded,
    wake: Notify,
}

impl Keys {
    /// For a hub that was started with this configuration.
    pub(super) fn new(hub: Hub, context: Context, started: Loaded) -> Arc<Self> {
        Arc::new(Keys { hub, context, started, wake: Notify::new() })
    }

    /// Turns the journal to the key that is in its place by now, when the one it has is kept beside it.
    pub(super) async fn follow(self: &Arc<Self>) -> Result<()> {
        let keys = Arc::clone(self);
        let newer = tokio::task::spawn_blocking(move || keys.newer()).await.context("reading the key")??;
        let Some(key) = newer else { return Ok(()) };
        let others =
            |hubs: Hubs| hubs.now().all.iter().any(|node| !node.is_own && node.role == NodeRole::AtWork);
        if self.hub.keeping().hubs().is_some_and(others) {
            return Err(misuse(
                "other hubs work on the journal, which could read nothing that is sealed with another key: stop them, \
                 change it, give it to them, and start them",
            ));
        }
        if self.hub.keeping().turn(key).await.map_err(journal_error)? {
            tracing::info!("the key was changed: what is written from now on is sealed with the new one");
            self.wake.notify_one();
        }
        Ok(())
    }

    /// The key in its place, when it is not the journal's. All that the journal needs have to be there, or it is refused:
    /// after a crash it could not be opened.
    fn newer(&self) -> Result<Option<Key>> {
        let config = &self.started.config;
        let keys = self.context.keys(config, false)?;
        let look = Look::open(self.context.address(config)?, &keys)
            .map_err(journal_error)
            .context("another key is in the place of the journal's and is not used")?;
        Ok(look.filter(|look| !look.is_sealed_with(&keys.now)).map(|_| keys.now))
    }

    /// Seals anew whatever has to be, until the hub stops.
    pub(super) async fn renew(self: Arc<Self>) {
        let mut under_way = false;
        loop {
            match self.hub.keeping().renew().await {
                Ok(Renewal::Under { .. }) => {
                    if !under_way {
                        tracing::info!("all rows of the journal are being sealed anew, beside the work");
                    }
                    under_way = true;
                }
                Ok(Renewal::Done) => {
                    if under_way {
                        tracing::info!("all rows of the journal are sealed anew{}", self.kept());
                    }
                    under_way = false;
                    self.wake.notified().await;
                }
                Err(journal::Error::Closed) => return,
                Err(error) => {
                    tracing::debug!("sealing anew: {error}");
                    self.context.clock.sleep(AGAIN).await;
                }
            }
        }
    }

    /// Which older keys are kept, and what for.
    fn kept(&self) -> String {
        let SecretSource::File(path) = &self.started.config.key else { return String::new() };
        let older = keyring::older(path);
        if older.is_empty() {
            return String::new();
        }
        let shown: Vec<String> = older.iter().map(|path| path.display().to_string()).collect();
        format!("; only backups made before need {}", shown.join(", "))
    }
}
