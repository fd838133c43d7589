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
