//! A look at a journal from beside, while a hub may be using it.

use std::path::Path;

use model::{JobId, Record};
use uuid::Uuid;

use crate::address::Address;
use crate::api::{Prepared, Renewal};
use crate::error::Error;
use crate::key::{Key, Keys};
#[cfg(feature = "postgres")]
use crate::postgres;
use crate::sqlite;

/// A journal opened read-only, for commands that work beside a running hub. Its methods block.
pub struct Look(Of);

enum Of {
    Folder(Box<sqlite::Look>),
    #[cfg(feature = "postgres")]
    Database(Box<postgres::Look>),
}

/// Asks whichever it is.
macro_rules! ask {
    ($look:expr, $it:ident => $answer:expr) => {
        match &$look.0 {
            Of::Folder($it) => $answer,
            #[cfg(feature = "postgres")]
            Of::Database($it) => $answer,
        }
    };
}

impl Look {
    /// Opens the journal at an address; `None` when there is none. Nothing is made, changed or brought up to date.
    ///
    /// Fails with [`Error::WrongKey`], with [`Error::Newer`], with [`Error::Older`] when a hub of this version has not
    /// used the journal yet, with [`Error::Moved`] and [`Error::Moving`], and with [`Error::Damaged`].
    pub fn open(at: impl Into<Address>, keys: &Keys) -> Result<Option<Self>, Error> {
        Ok(match at.into() {
            Address::Folder(folder) => sqlite::Look::open(folder, keys)?.map(Box::new).map(Of::Folder),
            #[cfg(feature = "postgres")]
            Address::Postgres(database) => {
                postgres::Look::open(&database, keys)?.map(Box::new).map(Of::Database)
            }
        }
        .map(Look))
    }

    /// The journal's own id.
    pub fn id(&self) -> Uuid {
        ask!(self, it => it.id())
    }

    /// Reads everything, checks that it fits together, and lists what does not. Ends with [`Error::Busy`] rather than be in
    /// the way of a busy hub.
    pub fn check(&self) -> Result<Vec<String>, Error> {
        ask!(self, it => it.check())
    }

    /// How far the hub has come with sealing rows anew after a change of key; `None` = all have the one key.
    pub fn renewal(&self) -> Result<Option<Renewal>, Error> {
        ask!(self, it => it.renewal())
    }

    /// Whether an older version has sealed rows that are not yet sealed anew.
    pub fn is_of_older_version(&self) -> bool {
        match &self.0 {
            Of::Folder(folder) => folder.is_of_older_version(),
            // There is no older version that sealed otherwise.
            #[cfg(feature = "postgres")]
            Of::Database(_) => false,
        }
    }

    /// Whether it is sealed with this key; rows may be left that are not, see [`Look::renewal`].
    pub fn is_sealed_with(&self, key: &Key) -> bool {
        ask!(self, it => it.is_sealed_with(key))
    }

    /// A job with its document and, while they are kept, its secrets.
    pub fn job(&self, job: JobId) -> Result<Option<Prepared>, Error> {
        ask!(self, it => it.job(job))
    }

    /// A record and its body.
    pub fn record(&self, seq: i64) -> Result<Option<(Record, Vec<u8>)>, Error> {
        ask!(self, it => it.record(seq))
    }

    /// Writes a consistent copy to a new file. What is written meanwhile is not in it. A database is copied by its own means:
    /// [`Error::NoBackup`].
    pub fn backup(&self, to: &Path) -> Result<(), Error> {
        match &self.0 {
            Of::Folder(folder) => folder.backup(to),
            #[cfg(feature = "postgres")]
            Of::Database(_) => Err(Error::NoBackup),
        }
    }
}
