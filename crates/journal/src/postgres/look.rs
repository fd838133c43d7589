//! A look at a journal in a database from beside, see [`crate::Look`]. Each question has a session of its own.

use std::time::Duration;

use model::{JobId, Record};
use tokio::runtime::Handle;
use uuid::Uuid;

use super::database::Database;
use super::journal::PostgresJournal;
use super::open::{self, PATIENCE, alone, kept};
use super::reader::Readers;
use super::schema;
use super::session::Session;
use super::turn;
use crate::address::Address;
use crate::api::{Keep as _, Prepared, Read as _, Renewal};
use crate::error::Error;
use crate::key::{Key, Keys};
use crate::seal::{Cipher, Format};

/// A journal may be large that is read whole.
const LONG: Duration = Duration::from_hours(6);

/// A journal in a database, looked at.
pub(crate) struct Look {
    database: Database,
    keys: Keys,
    id: Uuid,
    check: Vec<u8>,
}

impl Look {
    pub(crate) fn open(database: &Database, keys: &Keys) -> Result<Option<Self>, Error> {
        let (look, keys) = (database.clone(), keys.clone());
        alone(PATIENCE, async move {
            let at = Address::from(look.clone());
            let session = Session::open(&look).await?;
            schema::look(&session).await?;
            if !schema::is_there(&session).await? {
                return Ok(None);
            }
            schema::examine(&session, &at).await?;
            open::refuse_moved(&session, &at).await?;
            let kept = kept(&session, &at).await?;
            let (id, check) = (kept.id, kept.check.clone());
            kept.seal(&at, &keys)?;
            Ok(Some(Look { database: look, keys, id, check }))
        })
    }

    pub(crate) fn id(&self) -> Uuid {
        self.id
    }

    /// Asks it as the hub does that reads it.
    fn ask<T: Send + 'static, A>(
        &self,
        patience: Duration,
        question: impl FnOnce(PostgresJournal) -> A + Send + 'static,
    ) -> Result<T, Error>
    where
        A: Future<Output = Result<T, Error>> + Send,
    {
        let (database, keys) = (self.database.clone(), self.keys.clone());
        alone(patience, async move {
            let at = Address::from(database.clone());
            let kept = kept(&*Session::open(&database).await?, &at).await?;
            let (id, seal) = (kept.id, kept.seal(&at, &keys)?);
            question(PostgresJournal::beside(id, seal, Readers::new(database, Handle::current()))?).await
        })
    }

    pub(crate) fn check(&self) -> Result<Vec<String>, Error> {
        self.ask(LONG, |journal| async move { journal.check().await })
    }

    pub(crate) fn renewal(&self) -> Result<Option<Renewal>, Error> {
        let database = self.database.clone();
        alone(PATIENCE, async move { turn::progress(&*Session::open(&database).await?).await })
    }

    pub(crate) fn is_sealed_with(&self, key: &Key) -> bool {
        Cipher::check_of(key, self.id, Format::Row).as_slice() == self.check
    }

    pub(crate) fn job(&self, job: JobId) -> Result<Option<Prepared>, Error> {
        self.ask(PATIENCE, move |journal| async move { journal.prepare(job).await })
    }

    pub(crate) fn record(&self, seq: i64) -> Result<Option<(Record, Vec<u8>)>, Error> {
        self.ask(PATIENCE, move |journal| async move { journal.record_body(seq).await })
    }
}
