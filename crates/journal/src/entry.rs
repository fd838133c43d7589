//! A place among the hubs of a journal.

use std::sync::Arc;

use crate::address::Address;
use crate::api::{Journal, Observer};
use crate::error::Error;
use crate::hubs::Hubs;
use crate::options::Options;
#[cfg(feature = "postgres")]
use crate::postgres;
use crate::sqlite::SqliteJournal;

/// A place among the hubs of a journal: at work on it, or standing by until the one at work has ended or is dead. Whoever drops
/// it leaves.
pub struct Entry(Of);

enum Of {
    Folder(Box<Options>),
    #[cfg(feature = "postgres")]
    Database(Box<postgres::Entry>),
}

impl Entry {
    /// Takes one. With [`Options::stand_by`] there is one behind whoever is at work, in a database; otherwise that is
    /// [`Error::Locked`]. Blocks, and fails as [`crate::open`] does: whoever could not open the journal does not stand by.
    pub fn take(options: Options) -> Result<Self, Error> {
        Ok(Entry(match options.at.clone() {
            Address::Folder(_) => Of::Folder(Box::new(options)),
            #[cfg(feature = "postgres")]
            Address::Postgres(database) => Of::Database(Box::new(postgres::Entry::take(*database, options)?)),
        }))
    }

    /// Whether it is ours to work.
    pub fn is_at_work(&self) -> bool {
        match &self.0 {
            Of::Folder(_) => true,
            #[cfg(feature = "postgres")]
            Of::Database(entry) => entry.is_at_work(),
        }
    }

    /// Who is there; `None` where nobody else can be.
    pub fn hubs(&self) -> Option<Hubs> {
        match &self.0 {
            Of::Folder(_) => None,
            #[cfg(feature = "postgres")]
            Of::Database(entry) => entry.hubs(),
        }
    }

    /// Resolves when it is ours to work. Fails when the journal cannot be opened any more, since it was moved, or sealed with
    /// another key: then the place is lost.
    #[cfg_attr(
        not(feature = "postgres"),
        allow(clippy::unused_async, reason = "only in a database somebody else can be at work")
    )]
    pub async fn turn(&mut self) -> Result<(), Error> {
        match &mut self.0 {
            Of::Folder(_) => Ok(()),
            #[cfg(feature = "postgres")]
            Of::Database(entry) => entry.turn().await,
        }
    }

    /// Opens the journal for work, see [`crate::open`]. One that stands by is told who works.
    pub fn open(self, observer: Observer) -> Result<Arc<dyn Journal>, Error> {
        match self.0 {
            Of::Folder(options) => {
                let Some(folder) = options.at.folder().map(std::path::Path::to_owned) else {
                    return Err(Error::Closed);
                };
                Ok(Arc::new(SqliteJournal::open(&folder, *options, observer)?))
            }
            #[cfg(feature = "postgres")]
            Of::Database(entry) => Ok(Arc::new(entry.open(observer)?)),
        }
    }
}
