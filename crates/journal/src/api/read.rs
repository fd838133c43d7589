//! Reading.

use jiff::Timestamp;
use model::{
    CauseId, Class, Delivery, DeliveryTo, Entity, EntityKey, Event, EventsCursor, Job, JobId, Name,
    OutboxPlace, Record, Seq, Step, Subject,
};
use uuid::Uuid;

use super::{
    Answer, AttemptOutput, BoxFuture, CauseTally, Count, DeadTally, DeliveryFilter, Due, EntityFilter,
    EntityPage, Filter, Listing, Naming, OpenAttempt, Page, Prepared, RecordBody, RecordFilter, Tally, Whose,
};
use crate::damage::Damaged;
use crate::error::Error;
use crate::life::Life;

/// What can be asked of the journal. Reads see every write that resolved.
///
/// A row that cannot be read is left out, named where the answer has a place for it, and remembered: see
/// [`Read::damaged`]. Only who asks for that very row gets an error.
pub trait Read: Send + Sync {
    /// The journal's own id, made with it.
    fn id(&self) -> Uuid;

    /// This opening of it.
    fn life(&self) -> &Life;

    /// Whether a job with this id and subject is one that this hub runs, as long as no other one comes or goes.
    fn owns(&self, job: JobId, subject: Option<&Subject>) -> bool;

    /// Rows that could not be read since start, as far as they were met.
    fn damaged(&self) -> Vec<Damaged>;

    /// The first jobs of a lane and class that may be taken up, by due time, due or not.
    fn due(&self, lane: String, class: Class, limit: usize) -> BoxFuture<'_, Result<Listing<Due>, Error>>;
    /// The lanes in which jobs wait that are ours to run.
    fn lanes(&self) -> BoxFuture<'_, Result<Vec<String>, Error>>;
    /// The lanes in which jobs wait, whoever runs them.
    fn all_lanes(&self) -> BoxFuture<'_, Result<Vec<String>, Error>> {
        self.lanes()
    }
    /// The jobs of a lane that may be taken up and are due after this time, by due time, at most so many.
    fn lane(&self, lane: String, after: Timestamp, limit: usize) -> BoxFuture<'_, Result<Vec<Job>, Error>>;
    /// How many jobs of a lane may be taken up, and the latest of their due times.
    fn lane_size(&self, lane: String) -> BoxFuture<'_, Result<(u64, Option<Timestamp>), Error>>;
    /// Live jobs not running whose deadline is at or before this time, at most so many, earliest first.
    fn expired(&self, at: Timestamp, limit: usize) -> BoxFuture<'_, Result<Vec<Job>, Error>>;
    /// The earliest deadline of a live job that is not running.
    fn next_deadline(&self) -> BoxFuture<'_, Result<Option<Timestamp>, Error>>;
    /// Everything needed to take up a job; `None` = no such job.
    fn prepare(&self, job: JobId) -> BoxFuture<'_, Result<Option<Prepared>, Error>>;
    /// Attempts whose end was never recorded. Those of lives that are gone are to be taken back ([`Expect::Orphan`]).
    ///
    /// [`Expect::Orphan`]: crate::Expect::Orphan
    fn open_attempts(&self, of: Whose) -> BoxFuture<'_, Result<Vec<OpenAttempt>, Error>>;
    /// A job.
    fn job(&self, job: JobId) -> BoxFuture<'_, Result<Option<Job>, Error>>;
    /// A job's plan.
    fn steps(&self, job: JobId) -> BoxFuture<'_, Result<Vec<Step>, Error>>;
    /// A job's attempts, each with its output as given to [`crate::AttemptEnd::output`].
    fn attempts(&self, job: JobId) -> BoxFuture<'_, Result<Vec<AttemptOutput>, Error>>;
    /// A job's deliveries.
    fn deliveries_of(&self, job: JobId) -> BoxFuture<'_, Result<Vec<Delivery>, Error>>;
    /// Jobs in the order in which they were accepted, or against it.
    fn jobs(&self, filter: Filter, page: Page) -> BoxFuture<'_, Result<Listing<Job>, Error>>;
    /// How many jobs there are, of all or of those before this one, counted up to `at_most` and as far as a page looks; all of
    /// some states exactly.
    fn count(&self, filter: Filter, before: Option<Seq>, at_most: u32)
    -> BoxFuture<'_, Result<Count, Error>>;
    /// The place of the last job accepted, of those that are kept.
    fn newest(&self) -> BoxFuture<'_, Result<Option<Seq>, Error>>;
    /// What these subjects are called: each as the entity of its kind and value. Those without a name are left out.
    fn names(&self, subjects: Vec<Subject>) -> BoxFuture<'_, Result<Vec<(Subject, Name)>, Error>>;
    /// The subjects of jobs that are called so, at most so many.
    fn named(&self, naming: Naming, at_most: usize) -> BoxFuture<'_, Result<Vec<(Subject, Name)>, Error>>;
    /// The live job directly before this one on its subject: what it waits for.
    fn before(&self, job: JobId) -> BoxFuture<'_, Result<Option<Job>, Error>>;
    /// The earliest deadline among the live jobs behind this one on its subject.
    fn deadline_behind(&self, job: JobId) -> BoxFuture<'_, Result<Option<Timestamp>, Error>>;
    /// The newest job of the same subject and action, later than this one, that succeeded: then a replay is stale.
    fn later_success(&self, job: JobId) -> BoxFuture<'_, Result<Option<Job>, Error>>;
    /// How many dead letters there are, but for deliveries: told without counting jobs.
    fn dead_letters(&self) -> BoxFuture<'_, Result<DeadTally, Error>>;
    /// The causes of dead letters, on this backend or on any, those of most jobs first, at most so many.
    fn causes(&self, backend: Option<String>, limit: usize) -> BoxFuture<'_, Result<Vec<CauseTally>, Error>>;
    /// One of them; `None` = it has no dead letter.
    fn cause(&self, id: CauseId) -> BoxFuture<'_, Result<Option<CauseTally>, Error>>;
    /// How many jobs are in each state.
    fn tallies(&self) -> BoxFuture<'_, Result<Vec<Tally>, Error>>;
    /// Pending deliveries behind this place, in order, at most so many; of one courier or of all. None is put in line later
    /// before one that was read.
    fn deliveries(
        &self,
        courier: Option<String>,
        after: OutboxPlace,
        limit: usize,
    ) -> BoxFuture<'_, Result<Listing<Delivery, OutboxPlace>, Error>>;
    /// The same, to one address.
    fn line(
        &self,
        to: DeliveryTo,
        after: OutboxPlace,
        limit: usize,
    ) -> BoxFuture<'_, Result<Listing<Delivery, OutboxPlace>, Error>>;
    /// Deliveries with their bodies, newest first, before this place.
    fn outbox(
        &self,
        filter: DeliveryFilter,
        before: Option<i64>,
        limit: usize,
    ) -> BoxFuture<'_, Result<Listing<Delivery>, Error>>;
    /// What a job came to: itself, its plan, and the last attempt of each step.
    fn answer(&self, job: JobId) -> BoxFuture<'_, Result<Option<Answer>, Error>>;
    /// An entity.
    fn entity(&self, key: EntityKey) -> BoxFuture<'_, Result<Option<Entity>, Error>>;
    /// The entities of a kind whose key is greater than `after`, by key, at most so many.
    fn entities(
        &self,
        kind: String,
        after: Option<String>,
        limit: usize,
    ) -> BoxFuture<'_, Result<EntityPage, Error>>;
    /// The entities that fit and whose key is greater than `after`, by key, at most so many.
    fn find_entities(
        &self,
        filter: EntityFilter,
        after: Option<String>,
        limit: usize,
    ) -> BoxFuture<'_, Result<EntityPage, Error>>;
    /// How many entities of a kind are in each state; states without any may be left out.
    fn entity_tallies(&self, kind: String) -> BoxFuture<'_, Result<Vec<(String, u64)>, Error>>;
    /// Records, newest first, before this place.
    fn records(
        &self,
        filter: RecordFilter,
        before: Option<i64>,
        limit: usize,
    ) -> BoxFuture<'_, Result<Listing<Record>, Error>>;
    /// Refusals after this place, oldest first, at most so many.
    fn refusals(&self, after: i64, limit: usize) -> BoxFuture<'_, Result<Vec<Record>, Error>>;
    /// A record and its body.
    fn record_body(&self, seq: i64) -> BoxFuture<'_, Result<Option<RecordBody>, Error>>;
    /// Events behind this position, in order, at most so many. None is committed later and lies before one that was read.
    fn events(
        &self,
        after: EventsCursor,
        limit: usize,
    ) -> BoxFuture<'_, Result<Listing<Event, EventsCursor>, Error>>;
    /// The position behind the last event of everyone who has written any that are kept, also of those who write no more.
    fn last_event(&self) -> BoxFuture<'_, Result<EventsCursor, Error>>;
    /// Whether the journal could be written of late; [`Error::Unwritable`] says why not. That is over once several
    /// writes in a row have succeeded, to which each call adds one that changes nothing.
    fn writable(&self) -> BoxFuture<'_, Result<(), Error>>;
}
