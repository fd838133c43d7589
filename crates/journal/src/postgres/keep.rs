//! Maintenance.

use std::path::PathBuf;
use std::time::Duration;

use jiff::Timestamp;

use super::journal::PostgresJournal;
use crate::api::{BoxFuture, Keep, Renewal};
use crate::change::{NewRecord, Pruned, Retention};
use crate::error::Error;
use crate::key::Key;

fn not_yet<'a, T: Send + 'a>() -> BoxFuture<'a, Result<T, Error>> {
    Box::pin(async { Err(Error::Engine("not yet".into())) })
}

impl Keep for PostgresJournal {
    fn prune(&self, _retention: Retention, _at: Timestamp) -> BoxFuture<'_, Result<Pruned, Error>> {
        not_yet()
    }
    fn set_back(&self, _now: Timestamp, _keep_secrets: Duration) -> BoxFuture<'_, Result<u64, Error>> {
        not_yet()
    }
    fn amend_refusal(&self, _seq: i64, _refusal: NewRecord) -> BoxFuture<'_, Result<(), Error>> {
        not_yet()
    }
    fn turn(&self, _key: Key) -> BoxFuture<'_, Result<bool, Error>> {
        not_yet()
    }
    fn renew(&self) -> BoxFuture<'_, Result<Renewal, Error>> {
        not_yet()
    }
    fn check(&self) -> BoxFuture<'_, Result<Vec<String>, Error>> {
        not_yet()
    }
    fn backup(&self, _to: PathBuf) -> BoxFuture<'_, Result<(), Error>> {
        not_yet()
    }
    fn close(&self) -> BoxFuture<'_, ()> {
        self.end()
    }
}
