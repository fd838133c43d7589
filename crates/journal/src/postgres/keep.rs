//! Maintenance: in small steps, between which other work goes on.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use model::RecordKind;

use super::journal::PostgresJournal;
use super::row::code_of;
use super::session::Session;
use super::{check, prune, record, set_back};
use crate::api::{BoxFuture, Keep, Renewal};
use crate::change::{NewRecord, Pruned, Retention};
use crate::damage::Spot;
use crate::error::Error;
use crate::hubs::Hubs;
use crate::key::Key;
use crate::node::{LeadsReceiver, StandingReceiver};
use crate::sealed::SealedRecord;

impl Keep for PostgresJournal {
    fn prune(&self, retention: Retention, at: Timestamp) -> BoxFuture<'_, Result<Pruned, Error>> {
        Box::pin(self.prune_in_steps(retention, at))
    }

    fn set_back(&self, now: Timestamp, keep_secrets: Duration) -> BoxFuture<'_, Result<u64, Error>> {
        Box::pin(self.set_back_in_steps(now, keep_secrets))
    }

    fn amend_refusal(&self, seq: i64, refusal: NewRecord) -> BoxFuture<'_, Result<(), Error>> {
        let sealed = match SealedRecord::new(&self.seal, refusal) {
            Err(error) => return Box::pin(async { Err(error) }),
            Ok(sealed) => Arc::new(sealed),
        };
        self.alone(sealed.body.len(), move |tx| {
            let sealed = Arc::clone(&sealed);
            Box::pin(async move {
                let amend = "UPDATE record SET message = $3, sealed = $4 WHERE seq = $1 AND kind = $2";
                let kind = code_of(RecordKind::Refusal);
                tx.execute(amend, &[&seq, &kind, &sealed.record.message, &sealed.body]).await.map(|_| ())
            })
        })
    }

    fn turn(&self, key: Key) -> BoxFuture<'_, Result<bool, Error>> {
        Box::pin(self.turn_to(key))
    }

    fn renew(&self) -> BoxFuture<'_, Result<Renewal, Error>> {
        Box::pin(self.renew_some())
    }

    fn check(&self) -> BoxFuture<'_, Result<Vec<String>, Error>> {
        Box::pin(self.check_in_steps())
    }

    fn backup(&self, _to: PathBuf) -> BoxFuture<'_, Result<(), Error>> {
        Box::pin(async { Err(Error::NoBackup) })
    }

    fn standing(&self) -> StandingReceiver {
        self.standing.clone()
    }

    fn is_shared(&self) -> bool {
        self.is_shared
    }

    fn leads(&self) -> LeadsReceiver {
        self.leads.clone()
    }

    fn hubs(&self) -> Option<Hubs> {
        self.hubs.clone()
    }

    fn close(&self) -> BoxFuture<'_, ()> {
        self.end()
    }
}

impl PostgresJournal {
    async fn prune_in_steps(&self, retention: Retention, at: Timestamp) -> Result<Pruned, Error> {
        let mut cursor = prune::Cursor::Secrets;
        loop {
            cursor = match cursor {
                prune::Cursor::Ids(after, pruned) => match self.forget_ids(after, &retention).await? {
                    Some(after) => prune::Cursor::Ids(after, pruned),
                    None => prune::Cursor::Rest(pruned),
                },
                prune::Cursor::Size(pruned)
                    if !prune::size::is_over(&*self.read().await?, retention.bytes_max).await? =>
                {
                    prune::Cursor::Done(pruned)
                }
                prune::Cursor::Done(pruned) => {
                    self.forget_gone().await?;
                    return Ok(pruned);
                }
                prune::Cursor::Events(pruned) => {
                    self.remove_events(&retention).await?;
                    prune::Cursor::Size(pruned)
                }
                _ => {
                    self.alone(0, move |tx| {
                        Box::pin(async move { prune::step(tx, cursor, &retention, at).await })
                    })
                    .await?
                }
            };
        }
    }

    /// Forgets some external ids that are old, behind this number, and returns behind which to go on.
    async fn forget_ids(&self, after: i64, retention: &Retention) -> Result<Option<i64>, Error> {
        let (unused, next) = prune::unused_ids(&*self.read().await?, after, retention).await?;
        if !unused.is_empty() {
            let unused = Arc::new(unused);
            let forgotten = self.alone(0, move |tx| {
                let unused = Arc::clone(&unused);
                Box::pin(async move { prune::forget_ids(tx, &unused).await })
            });
            forgotten.await?;
        }
        Ok(next)
    }

    /// Removes events that are too many by now; those that come meanwhile are for the next time.
    async fn remove_events(&self, retention: &Retention) -> Result<(), Error> {
        let mut gone = self.gone_events.lock().await;
        let mut origins = record::origins(&*self.read().await?, &gone).await?;
        gone.retain(|node, _| origins.iter().any(|origin| origin.node == *node));
        let mut excess = prune::too_many_events(&origins, retention);
        while let Some(going) = prune::oldest_events(&origins, excess) {
            self.alone(0, move |tx| Box::pin(prune::remove_events(tx, going))).await?;
            let (node, first, last) = going;
            excess -= last - first + 1;
            gone.insert(node, last + 1);
            if let Some(origin) = origins.iter_mut().find(|origin| origin.node == node) {
                let tick = record::tick(&*self.read().await?, node, last + 1).await?;
                (origin.first, origin.tick) = (last + 1, tick.unwrap_or(origin.tick));
            }
        }
        Ok(())
    }

    async fn set_back_in_steps(&self, now: Timestamp, keep_secrets: Duration) -> Result<u64, Error> {
        let mut cursor = set_back::Cursor::start();
        loop {
            cursor = self
                .alone(0, move |tx| {
                    let from = cursor.clone();
                    Box::pin(async move { set_back::step(tx, from, now, keep_secrets).await })
                })
                .await?;
            if let set_back::Cursor::Done(moved) = cursor {
                return Ok(moved);
            }
        }
    }

    async fn check_in_steps(&self) -> Result<Vec<String>, Error> {
        let (mut cursor, mut findings) = (check::Cursor::start(), Vec::new());
        while cursor != check::Cursor::Done {
            let mut read = self.snapshot().await?;
            let (sql, seal, sieve) = read.parts();
            cursor = check::step(sql, seal, sieve, cursor, &mut findings).await?;
        }
        Ok(findings)
    }

    /// Forgets damaged rows that are not there any more.
    async fn forget_gone(&self) -> Result<(), Error> {
        let known = self.damage.all();
        if known.is_empty() {
            return Ok(());
        }
        let read = self.read().await?;
        for row in known {
            if !is_there(&read, &row.spot).await? {
                self.damage.forget(&row.spot);
            }
        }
        Ok(())
    }
}

/// Whether there still is a row at this place.
async fn is_there(sql: &Session, spot: &Spot) -> Result<bool, Error> {
    let (select, seq) = match spot {
        Spot::Job(seq) | Spot::OfJob(seq) => ("SELECT 1 FROM job WHERE seq = $1", seq.0),
        Spot::Delivery(seq) => ("SELECT 1 FROM delivery WHERE seq = $1", *seq),
        Spot::Record(seq) => ("SELECT 1 FROM record WHERE seq = $1", *seq),
        Spot::Event(seq) => ("SELECT 1 FROM event WHERE seq = $1", *seq),
        Spot::Entity(kind, key) => {
            let select = "SELECT 1 FROM entity WHERE kind = $1 AND key = $2";
            return Ok(sql.first(select, &[kind, key]).await?.is_some());
        }
    };
    Ok(sql.first(select, &[&seq]).await?.is_some())
}
