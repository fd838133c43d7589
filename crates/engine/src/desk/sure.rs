//! Whether the journal is surely our own, for those who act by it.

use journal::{End, Standing};

use super::hub::Hub;

impl Hub {
    /// Resolves when the life of the journal is over, and says why: another hub has taken over, or the database has forgotten
    /// what it had confirmed. Nothing that this hub knows counts any more.
    pub async fn over(&self) -> End {
        let mut standing = self.core.standing();
        let end = match standing.wait_for(|standing| matches!(standing, Standing::Over(_))).await.as_deref() {
            Ok(Standing::Over(end)) => Some(end.clone()),
            _ => None,
        };
        match end {
            Some(end) => end,
            // Nobody else can reach the journal.
            None => std::future::pending().await,
        }
    }

    /// Waits until this hub does what one alone must do for all hubs of its journal, as a hub that is alone always does. From then
    /// on it does so until its life is over. `false` = it stops before that.
    pub async fn leads(&self) -> bool {
        self.core.leads().await
    }

    /// Whether it does.
    pub fn is_leading(&self) -> bool {
        self.core.is_leading()
    }

    /// Whether other hubs may work on the journal at the same time.
    pub fn is_shared(&self) -> bool {
        self.core.journal.is_shared()
    }

    /// Whether what this hub knows of what others write is surely recent: see [`journal::Standing`].
    pub fn is_sure(&self) -> bool {
        self.core.is_sure()
    }

    /// Waits until the journal is surely our own, as it is wherever nobody else can reach it.
    pub(crate) async fn sure(&self) {
        let mut standing = self.core.standing();
        if standing.wait_for(|standing| *standing == Standing::Confirmed).await.is_err() {
            std::future::pending::<()>().await;
        }
    }

    /// Waits until another hub may be about to work on the journal.
    pub(crate) async fn doubted(&self) {
        let mut standing = self.core.standing();
        if standing.wait_for(|standing| *standing != Standing::Confirmed).await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}
