//! How the journal is read: rows that cannot be read are left out and remembered.

use std::sync::Arc;

use rusqlite::Connection;

use super::journal::SqliteJournal;
use super::look;
use crate::api::BoxFuture;
use crate::damage::Sieve;
use crate::error::Error;
use crate::seal::Seal;

impl SqliteJournal {
    pub(super) fn read<T, F>(&self, read: F) -> BoxFuture<'_, Result<T, Error>>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T, Error> + Send + 'static,
    {
        Box::pin(self.readers.read(read))
    }

    /// Forgets damaged rows that are not there any more.
    pub(super) async fn forget_gone(&self) -> Result<(), Error> {
        let known = self.damage.all();
        if known.is_empty() {
            return Ok(());
        }
        let damage = Arc::clone(&self.damage);
        self.read(move |conn| {
            for row in known {
                if !look::is_there(conn, &row.spot)? {
                    damage.forget(&row.spot);
                }
            }
            Ok(())
        })
        .await
    }

    /// A read that leaves out what cannot be read, and opens sealed values.
    pub(super) fn sift<T, F>(&self, read: F) -> BoxFuture<'_, Result<T, Error>>
    where
        T: Send + 'static,
        F: FnOnce(&Connection, &Seal, &mut Sieve) -> Result<T, Error> + Send + 'static,
    {
        let damage = Arc::clone(&self.damage);
        self.unseal(move |conn, seal| {
            let mut sieve = Sieve::default();
            let result = read(conn, seal, &mut sieve);
            damage.note(&sieve.damaged);
            result
        })
    }

    /// A read that opens sealed values.
    pub(super) fn unseal<T, F>(&self, read: F) -> BoxFuture<'_, Result<T, Error>>
    where
        T: Send + 'static,
        F: FnOnce(&Connection, &Seal) -> Result<T, Error> + Send + 'static,
    {
        let seal = Arc::clone(&self.seal);
        self.read(move |conn| read(conn, &seal))
    }
}
