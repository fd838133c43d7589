//! Maintenance, by the one or the other.

use std::path::PathBuf;
use std::time::Duration;

use futures_util::future::join_all;
use intendant_journal::{
    BoxFuture, Error, Hubs, Keep, Key, LeadsReceiver, NewRecord, Pruned, Renewal, Retention, StandingReceiver,
};
use jiff::Timestamp;

use super::Dealer;

impl Keep for Dealer {
    fn amend_refusal(&self, seq: i64, refusal: NewRecord) -> BoxFuture<'_, Result<(), Error>> {
        self.hub().amend_refusal(seq, refusal)
    }

    fn prune(&self, retention: Retention, at: Timestamp) -> BoxFuture<'_, Result<Pruned, Error>> {
        self.hub().prune(retention, at)
    }

    fn turn(&self, key: Key) -> BoxFuture<'_, Result<bool, Error>> {
        self.hub().turn(key)
    }

    fn renew(&self) -> BoxFuture<'_, Result<Renewal, Error>> {
        self.hub().renew()
    }

    fn set_back(&self, now: Timestamp, keep_secrets: Duration) -> BoxFuture<'_, Result<u64, Error>> {
        // Each does so with the jobs that it runs.
        Box::pin(async move { Ok(self.of_all(|hub| hub.set_back(now, keep_secrets)).await?.iter().sum()) })
    }

    fn check(&self) -> BoxFuture<'_, Result<Vec<String>, Error>> {
        self.hub().check()
    }

    fn backup(&self, to: PathBuf) -> BoxFuture<'_, Result<(), Error>> {
        self.hub().backup(to)
    }

    fn standing(&self) -> StandingReceiver {
        self.hub().standing()
    }

    fn is_shared(&self) -> bool {
        self.hub().is_shared()
    }

    fn leads(&self) -> LeadsReceiver {
        self.hub().leads()
    }

    fn hubs(&self) -> Option<Hubs> {
        self.hub().hubs()
    }

    fn close(&self) -> BoxFuture<'_, ()> {
        let all = self.hubs.iter().map(|hub| hub.close());
        Box::pin(async move { drop(join_all(all).await) })
    }
}
