//! Writes: sealed here, and handed to the writer.

use jiff::Timestamp;
use model::{DeliveryId, EntityKey, EventKind, JobId};

use super::journal::PostgresJournal;
use crate::api::{Acceptance, BoxFuture, Write};
use crate::change::{Change, EffectSet, Fate, Mark, NewJob, NewRecord, Over};
use crate::damage::Burial;
use crate::error::Error;

fn not_yet<'a, T: Send + 'a>() -> BoxFuture<'a, Result<T, Error>> {
    Box::pin(async { Err(Error::Engine("not yet".into())) })
}

impl Write for PostgresJournal {
    fn accept(&self, _job: NewJob, _effects: EffectSet) -> BoxFuture<'_, Result<Acceptance, Error>> {
        not_yet()
    }
    fn record(&self, _record: NewRecord) -> BoxFuture<'_, Result<i64, Error>> {
        not_yet()
    }
    fn change(&self, _change: Change) -> BoxFuture<'_, Result<(), Error>> {
        not_yet()
    }
    fn ask_cancel(&self, _job: JobId, _by: String, _effects: EffectSet) -> BoxFuture<'_, Result<(), Error>> {
        not_yet()
    }
    fn hurry(&self, _job: JobId, _at: Timestamp, _effects: EffectSet) -> BoxFuture<'_, Result<(), Error>> {
        not_yet()
    }
    fn apply(
        &self,
        _effects: EffectSet,
        _event: Option<(EventKind, String)>,
        _at: Timestamp,
    ) -> BoxFuture<'_, Result<(), Error>> {
        not_yet()
    }
    fn settle_dead(
        &self,
        _deliveries: Vec<DeliveryId>,
        _fate: Fate,
        _effects: EffectSet,
        _at: Timestamp,
    ) -> BoxFuture<'_, Result<u64, Error>> {
        not_yet()
    }
    fn set_aside(
        &self,
        _jobs: Vec<JobId>,
        _refusals: Vec<i64>,
        _effects: EffectSet,
    ) -> BoxFuture<'_, Result<u64, Error>> {
        not_yet()
    }
    fn give_up(&self, _over: Over, _at: Timestamp) -> BoxFuture<'_, Result<u64, Error>> {
        not_yet()
    }
    fn bound_lines(&self, _most: u64, _at: Timestamp) -> BoxFuture<'_, Result<u64, Error>> {
        not_yet()
    }
    fn mark(&self, _delivery: DeliveryId, _mark: Mark, _at: Timestamp) -> BoxFuture<'_, Result<(), Error>> {
        not_yet()
    }
    fn bury(&self, _burial: Burial) -> BoxFuture<'_, Result<bool, Error>> {
        not_yet()
    }
    fn erase(&self, _entity: EntityKey, _effects: EffectSet) -> BoxFuture<'_, Result<bool, Error>> {
        not_yet()
    }
}
