//! How a journal is opened.

use uuid::Uuid;

use crate::address::Address;
use crate::key::Keys;

/// How a journal is opened.
#[derive(Clone, Debug)]
#[allow(clippy::struct_excessive_bools, reason = "each is a choice of its own")]
pub struct Options {
    /// Where it is.
    pub at: Address,
    /// The key that seals it, and others that it may still need.
    pub keys: Keys,
    /// The id of the journal that has to be there: nothing is made when it is not. `None` = it is made when there is none.
    pub expected: Option<Uuid>,
    /// Above this size of the write-ahead log, in bytes, the writer waits for it to be emptied.
    pub wal_bound: u64,
    /// In a database: whoever finds another hub at work waits for its end, see [`crate::Entry`].
    pub stand_by: bool,
    /// There it takes no work until somebody says that it may, see [`crate::Hubs::tell`].
    pub drained: bool,
    /// There it works beside the hub at work: it accepts, and owns a part of the jobs, which are run by it alone.
    pub beside: bool,
    /// Hubs that work beside each other tell each other at once what there is to read. Otherwise each looks every second: where
    /// connections are those of a pooler that lends sessions for one transaction each, nobody can listen.
    pub notify: bool,
}

impl Options {
    /// The usual ones: a write-ahead log of 64 MiB.
    pub fn new(at: impl Into<Address>, keys: impl Into<Keys>) -> Self {
        Options {
            at: at.into(),
            keys: keys.into(),
            expected: None,
            wal_bound: 64 * 1024 * 1024,
            stand_by: false,
            drained: false,
            beside: false,
            notify: true,
        }
    }
}
