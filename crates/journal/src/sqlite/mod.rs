//! The journal on SQLite.

mod accept;
mod backup;
mod bury;
mod change;
mod check;
mod checkpoint;
mod code;
mod dead;
mod effects;
mod entity;
mod health;
mod job;
mod journal;
mod keep;
mod list;
mod lock;
mod look;
mod meta;
mod name;
mod number;
mod open;
mod operate;
mod options;
mod order;
mod outbox;
mod presence;
mod prune;
mod queue;
mod reader;
mod record;
mod row;
mod secret;
mod set_back;
mod sift;
mod statements;
mod stretch;
mod text;
mod turn;
mod tx;
mod unlock;
mod values;
mod writer;

pub use backup::{Restored, restore};
pub use look::Look;
pub use options::Options;
pub use presence::identify;

use std::sync::Arc;

use crate::api::{Journal, Observer};
use crate::error::Error;

/// Opens the journal at an address for work, or makes it. Looks at schema and key only, however large the journal is. It has to be
/// called within a tokio runtime, as have the journal's operations. Dropping the journal writes what is queued first.
///
/// Fails with [`Error::Gone`] or [`Error::Another`] when the one that is expected is not there; with
/// [`Error::Locked`], [`Error::WrongKey`], [`Error::KeyBefore`], [`Error::Newer`], [`Error::Damaged`]; and with
/// [`Error::Unwritable`] or [`Error::Io`] when the folder cannot be used.
pub fn open(options: Options, observer: Observer) -> Result<Arc<dyn Journal>, Error> {
    Ok(Arc::new(journal::SqliteJournal::open(options, observer)?))
}
