//! Opening: which engine keeps the journal follows from its address.

use std::sync::Arc;

use uuid::Uuid;

use crate::address::Address;
use crate::api::{Journal, Observer};
use crate::entry::Entry;
use crate::error::Error;
use crate::options::Options;
#[cfg(feature = "postgres")]
use crate::postgres;
use crate::sqlite;

/// Opens the journal at an address for work, or makes it. Looks at schema and key only, however large the journal is. It has to be
/// called within a tokio runtime, as have the journal's operations. Dropping the journal writes what is queued first.
///
/// Fails with [`Error::Gone`] or [`Error::Another`] when the one that is expected is not there; with
/// [`Error::Locked`], [`Error::WrongKey`], [`Error::KeyBefore`], [`Error::Newer`], [`Error::Damaged`]; and with
/// [`Error::Unwritable`] or [`Error::Io`] when the folder cannot be used, or the database cannot be reached.
pub fn open(options: Options, observer: Observer) -> Result<Arc<dyn Journal>, Error> {
    Entry::take(options)?.open(observer)
}

/// The id of the journal at an address, also while a hub uses it; `None` = there is none. The key is not needed.
///
/// Fails with [`Error::Damaged`] when there is a file that is no journal, and when it cannot be read; with
/// [`Error::Unwritable`] when the database cannot be reached.
pub fn identify(at: impl Into<Address>) -> Result<Option<Uuid>, Error> {
    match at.into() {
        Address::Folder(folder) => sqlite::identify(&folder),
        #[cfg(feature = "postgres")]
        Address::Postgres(database) => postgres::identify(*database),
    }
}
