//! Maintenance.

use std::path::PathBuf;
use std::time::Duration;

use jiff::Timestamp;

use super::{BoxFuture, Renewal};
use crate::change::{NewRecord, Pruned, Retention};
use crate::error::Error;
use crate::hubs::Hubs;
use crate::key::Key;
use crate::node::{LeadsReceiver, StandingReceiver};

/// What maintains the journal.
pub trait Keep: Send + Sync {
    /// Writes message and body of a refusal anew; what its body was is overwritten. Nothing happens when it is gone.
    fn amend_refusal(&self, seq: i64, refusal: NewRecord) -> BoxFuture<'_, Result<(), Error>>;
    /// Removes what retention no longer keeps and secrets whose time has come, in small commits.
    fn prune(&self, retention: Retention, at: Timestamp) -> BoxFuture<'_, Result<Pruned, Error>>;
    /// Seals with this key from now on. What is sealed already opens as before, until [`Keep::renew`] has done it all;
    /// both keys have to be kept until then. Says whether that is to be done now: not when it is the key already. While other
    /// hubs work on the journal it is [`Error::Beside`].
    fn turn(&self, key: Key) -> BoxFuture<'_, Result<bool, Error>>;
    /// Seals some more values anew, in a small commit, and says how far that has come.
    fn renew(&self) -> BoxFuture<'_, Result<Renewal, Error>>;
    /// Brings back what waits for a time that no rule allows, because the clock ran ahead when it was written: jobs that
    /// are not due yet, secrets that are to be kept until later than `keep_secrets` from now. Of several hubs each does so with
    /// the jobs that it runs. Returns how many there were.
    fn set_back(&self, now: Timestamp, keep_secrets: Duration) -> BoxFuture<'_, Result<u64, Error>>;
    /// Reads everything, checks that it fits together, and lists what does not.
    fn check(&self) -> BoxFuture<'_, Result<Vec<String>, Error>>;
    /// Writes a consistent copy to a new file while work goes on.
    fn backup(&self, to: PathBuf) -> BoxFuture<'_, Result<(), Error>>;
    /// How sure this hub may be that it is the one that works on the journal, as that changes. Whoever acts outside follows
    /// it. A journal that nobody else can reach is always [`Standing::Confirmed`](crate::Standing::Confirmed).
    fn standing(&self) -> StandingReceiver;
    /// Whether others may work on it at the same time.
    fn is_shared(&self) -> bool;
    /// Whether this hub does what one alone must do for all hubs of the journal. Once it does, it does so to the end of its
    /// life. Where no other hub can work it always does.
    fn leads(&self) -> LeadsReceiver;
    /// The hubs that are there, this one among them; `None` where no other can be.
    fn hubs(&self) -> Option<Hubs>;
    /// Writes what is queued and closes. Later calls answer [`Error::Closed`].
    fn close(&self) -> BoxFuture<'_, ()>;
}
