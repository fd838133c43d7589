//! Following something to the last: for sources that keep a message until nothing is left to do for it.

use std::sync::Arc;

use model::{DeliveryId, DeliveryState, JobId};
use tokio::sync::oneshot;

use crate::desk::hub::Hub;
use crate::error::Error;
use crate::state::wiring::Wiring;

/// What is owed for a request: a job until it has ended, and what is to leave for it until it has left or never will.
pub struct Debt {
    wiring: Arc<Wiring>,
    number: u64,
    told: oneshot::Receiver<()>,
}

impl Debt {
    /// Deliveries that are about to be written.
    pub(crate) fn of_deliveries(wiring: &Arc<Wiring>, owed: impl IntoIterator<Item = DeliveryId>) -> Self {
        let (number, told) = wiring.debts.of_deliveries(owed);
        Debt { wiring: Arc::clone(wiring), number, told }
    }

    /// Resolves when nothing is owed any more. It is on disk then. Not to be called again after that.
    pub async fn paid(&mut self) {
        // Whoever tells is never gone before: the wiring outlives its debts.
        let _ = (&mut self.told).await;
    }
}

impl Drop for Debt {
    fn drop(&mut self) {
        self.wiring.debts.forget(self.number);
    }
}

impl Hub {
    /// What is owed for a job.
    pub async fn debt_of(&self, job: JobId) -> Result<Debt, Error> {
        let wiring = &self.core.wiring;
        let (number, told) = wiring.debts.of_job(job);
        let debt = Debt { wiring: Arc::clone(wiring), number, told };
        let ended = self.job(job).await?.state.is_terminal();
        let deliveries = self.core.journal.deliveries_of(job).await?;
        let owed = deliveries.into_iter().filter(|delivery| delivery.state == DeliveryState::Pending);
        wiring.debts.found(number, ended, owed.map(|delivery| delivery.id));
        Ok(debt)
    }

    /// Whether a job is being run.
    pub fn runs(&self, job: JobId) -> bool {
        self.core.wiring.running.has(job)
    }

    /// Resolves when the hub takes up no job any more: what is not being run then is not run by it.
    pub async fn stops(&self) {
        self.core.stops().await;
    }
}
