//! Maintenance.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::{oneshot, watch};

use super::{SqliteJournal, failed, join};
use crate::api::{BoxFuture, Keep, Renewal};
use crate::change::{NewRecord, Pruned, Retention};
use crate::error::Error;
use crate::hubs::Hubs;
use crate::key::Key;
use crate::node::{LeadsReceiver, Standing, StandingReceiver};
use crate::sealed::SealedRecord;
use crate::sqlite::queue::{Kind, Message};
use crate::sqlite::{backup, record};

impl Keep for SqliteJournal {
    fn prune(&self, retention: Retention, at: Timestamp) -> BoxFuture<'_, Result<Pruned, Error>> {
        Box::pin(self.prune_in_steps(retention, at))
    }

    fn set_back(&self, now: Timestamp, keep_secrets: Duration) -> BoxFuture<'_, Result<u64, Error>> {
        Box::pin(self.set_back_in_steps(now, keep_secrets))
    }

    fn amend_refusal(&self, seq: i64, refusal: NewRecord) -> BoxFuture<'_, Result<(), Error>> {
        match SealedRecord::new(&self.seal, refusal) {
            Err(error) => failed(error),
            Ok(sealed) => {
                self.write(Kind::Other, sealed.body.len(), move |tx| record::amend(tx, seq, &sealed))
            }
        }
    }

    fn turn(&self, key: Key) -> BoxFuture<'_, Result<bool, Error>> {
        self.turn_to(key)
    }

    fn renew(&self) -> BoxFuture<'_, Result<Renewal, Error>> {
        Box::pin(self.renew_some())
    }

    fn check(&self) -> BoxFuture<'_, Result<Vec<String>, Error>> {
        Box::pin(self.check_in_steps())
    }

    fn backup(&self, to: PathBuf) -> BoxFuture<'_, Result<(), Error>> {
        let (answer, outcome) = oneshot::channel();
        self.queue.send(Message::Backup(backup::Request { to, answer }));
        Box::pin(async { outcome.await.unwrap_or(Err(Error::Closed)) })
    }

    fn standing(&self) -> StandingReceiver {
        watch::channel(Standing::Confirmed).1
    }

    fn is_shared(&self) -> bool {
        false
    }

    fn leads(&self) -> LeadsReceiver {
        watch::channel(true).1
    }

    fn hubs(&self) -> Option<Hubs> {
        None
    }

    fn close(&self) -> BoxFuture<'_, ()> {
        self.queue.send(Message::Close);
        let writer = Arc::clone(&self.writer);
        Box::pin(async move {
            self.readers.close().await;
            if let Err(error) = tokio::task::spawn_blocking(move || join(&writer)).await {
                tracing::error!(%error, "closing the journal");
            }
        })
    }
}
