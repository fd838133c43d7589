//! What is done in small steps, between which other work goes on.

use std::time::Duration;

use jiff::Timestamp;
use rusqlite::Connection;

use super::journal::SqliteJournal;
use super::queue::Kind;
use super::tx::Tx;
use super::{check, prune, set_back};
use crate::change::{Pruned, Retention};
use crate::damage::Sieve;
use crate::error::Error;
use crate::seal::Seal;

impl SqliteJournal {
    /// See [`crate::Keep::prune`].
    pub(super) async fn prune_in_steps(&self, retention: Retention, at: Timestamp) -> Result<Pruned, Error> {
        let mut cursor = prune::Cursor::Secrets;
        loop {
            let step = move |tx: &mut Tx<'_>| prune::step(tx, cursor, &retention, at);
            cursor = self.write(Kind::Other, 0, step).await?;
            if let prune::Cursor::Done(pruned) = cursor {
                self.forget_gone().await?;
                return Ok(pruned);
            }
        }
    }

    /// See [`crate::Keep::set_back`].
    pub(super) async fn set_back_in_steps(
        &self,
        now: Timestamp,
        keep_secrets: Duration,
    ) -> Result<u64, Error> {
        let mut cursor = set_back::Cursor::start();
        loop {
            let from = cursor.clone();
            let step = move |tx: &mut Tx<'_>| set_back::step(tx, from.clone(), now, keep_secrets);
            cursor = self.write(Kind::Other, 0, step).await?;
            if let set_back::Cursor::Done(moved) = cursor {
                return Ok(moved);
            }
        }
    }

    /// See [`crate::Keep::check`].
    pub(super) async fn check_in_steps(&self) -> Result<Vec<String>, Error> {
        let (mut cursor, mut findings) = (check::Cursor::Start, Vec::new());
        while cursor != check::Cursor::Done {
            let step = move |conn: &Connection, seal: &Seal, sieve: &mut Sieve| {
                check::step(conn, seal, sieve, cursor, &mut findings).map(|next| (next, findings))
            };
            (cursor, findings) = self.sift(step).await?;
        }
        Ok(findings)
    }
}
