//! Another key for the journal, and the steps in which its rows are sealed anew.

use std::sync::Arc;

use super::SqliteJournal;
use crate::api::{BoxFuture, Renewal};
use crate::error::Error;
use crate::key::Key;
use crate::seal::{Cipher, Format};
use crate::sqlite::queue::Kind;
use crate::sqlite::turn;
use crate::sqlite::tx::Tx;

impl SqliteJournal {
    /// See [`crate::Keep::turn`].
    pub(super) fn turn_to(&self, key: Key) -> BoxFuture<'_, Result<bool, Error>> {
        let (id, queue, seal) = (self.id, self.queue.clone(), Arc::clone(&self.seal));
        let turning = Arc::clone(&self.turning);
        let turn = async move {
            let _turn = turning.lock().await;
            let (now, before) = (Cipher::new(&key, id, Format::Row)?, seal.now());
            if now.check() == before.check() {
                return Ok(false);
            }
            if seal.is_turning() {
                return Err(Error::Turning);
            }
            let now = Arc::new(now);
            let cipher = Arc::clone(&now);
            let begin =
                move |tx: &mut Tx<'_>| turn::begin(tx.conn(), &cipher, before.check(), before.digest_key());
            queue.write(Kind::Other, 0, begin).await.unwrap_or(Err(Error::Closed))?;
            // Only now: what has a key that the journal does not name could not be read after a crash.
            seal.turn(now);
            Ok(true)
        };
        // In a task of its own: once it is written it has to be followed, whether somebody waits or not.
        let turn = tokio::spawn(turn);
        Box::pin(async { turn.await.map_err(|_| Error::Closed)? })
    }

    /// See [`crate::Keep::renew`].
    pub(super) async fn renew_some(&self) -> Result<Renewal, Error> {
        let _turn = self.turning.lock().await;
        if !self.seal.is_turning() {
            return Ok(Renewal::Done);
        }
        let batch = self.unseal(turn::gather).await?;
        let (renewal, bytes) = (batch.renewal, batch.bytes());
        self.write(Kind::Other, bytes, move |tx| turn::exchange(tx, &batch)).await?;
        if renewal == Renewal::Done {
            // Reads that began before may still hold rows as they were.
            self.readers.settle().await;
            self.seal.forget();
        }
        Ok(renewal)
    }
}
