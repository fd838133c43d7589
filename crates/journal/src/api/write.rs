//! Writing.

use jiff::Timestamp;
use model::{DeliveryId, EntityKey, EventKind, JobId};

use super::{Acceptance, BoxFuture};
use crate::change::{Change, EffectSet, Fate, Mark, NewJob, NewRecord, Over};
use crate::damage::Burial;
use crate::error::Error;

/// What is written. A write resolves after fsync, and is all or nothing. One whose future is dropped is still carried
/// out, and the [`crate::Observer`] hears of it.
pub trait Write: Send + Sync {
    /// Accepts a request with its effects. A replay is refused while another replay of the same job, or a replay of that
    /// one, lives or has succeeded. The rules of order that it carries out:
    /// - the job is head when no live job of its subject is before it (always, without a subject);
    /// - a retrying head of the subject becomes due now, but not less than ten seconds after its last attempt;
    /// - an interactive job lends its class to the live jobs of its subject before it.
    fn accept(&self, job: NewJob, effects: EffectSet) -> BoxFuture<'_, Result<Acceptance, Error>>;

    /// Appends a record (refusal, audit) and, for a refusal, its event.
    fn record(&self, record: NewRecord) -> BoxFuture<'_, Result<i64, Error>>;

    // === moving ===

    /// Writes one move of one job. When the job ends, the next live job of its subject becomes head.
    fn change(&self, change: Change) -> BoxFuture<'_, Result<(), Error>>;

    /// Marks that a running job is to be cancelled, and by whom.
    fn ask_cancel(&self, job: JobId, by: String, effects: EffectSet) -> BoxFuture<'_, Result<(), Error>>;

    /// Makes a retrying head due now. Asked of a hub that does not run the job it is [`Error::NotOurs`].
    fn hurry(&self, job: JobId, at: Timestamp, effects: EffectSet) -> BoxFuture<'_, Result<(), Error>>;

    /// Writes entities and deliveries that belong to no job.
    fn apply(
        &self,
        effects: EffectSet,
        event: Option<(EventKind, String)>,
        at: Timestamp,
    ) -> BoxFuture<'_, Result<(), Error>>;

    /// Does to undeliverable deliveries what an operator wants, in one commit with the effects; those that are no longer
    /// undeliverable are left alone. Returns how many others there were; without any, nothing is written.
    fn settle_dead(
        &self,
        deliveries: Vec<DeliveryId>,
        fate: Fate,
        effects: EffectSet,
        at: Timestamp,
    ) -> BoxFuture<'_, Result<u64, Error>>;

    /// Sets dead letters aside, failed jobs and refusals, in one commit with the effects, whose first record says who did
    /// it and why; those that are none are left alone. Returns how many others there were; without any, nothing is written.
    fn set_aside(
        &self,
        jobs: Vec<JobId>,
        refusals: Vec<i64>,
        effects: EffectSet,
    ) -> BoxFuture<'_, Result<u64, Error>>;

    /// Gives up pending deliveries to one address. Returns how many there were.
    fn give_up(&self, over: Over, at: Timestamp) -> BoxFuture<'_, Result<u64, Error>>;

    /// Gives up the oldest pending deliveries of each address to which more than so many wait to leave. Returns how many.
    fn bound_lines(&self, most: u64, at: Timestamp) -> BoxFuture<'_, Result<u64, Error>>;

    /// Records how a delivery went. Nobody needs to wait for it.
    fn mark(&self, delivery: DeliveryId, mark: Mark, at: Timestamp) -> BoxFuture<'_, Result<(), Error>>;

    /// Ends something that cannot be read: a job as failed with the code `damaged`, a delivery as undeliverable. What
    /// cannot be read of its own row is written anew, and a job leaves its place to the next one of its subject. `false`
    /// = there is nothing to end.
    fn bury(&self, burial: Burial) -> BoxFuture<'_, Result<bool, Error>>;

    /// Removes an entity whatever it says, for one that cannot be read. `false` = it is not there, and nothing is written.
    fn erase(&self, entity: EntityKey, effects: EffectSet) -> BoxFuture<'_, Result<bool, Error>>;
}
