//! The journal's operations.

use std::future::Future;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use model::{
    Attempt, Class, Delivery, DeliveryId, DeliveryState, DeliveryTo, Entity, EntityKey, Event, EventKind,
    EventsCursor, Job, JobId, JobState, Record, RecordKind, Seq, Step, Subject,
};
use uuid::Uuid;
use zeroize::Zeroizing;

use crate::change::{Change, EffectSet, Fate, Mark, NewJob, NewRecord, Over, Pruned, Retention};
use crate::damage::{Burial, Damaged};
use crate::error::Error;
use crate::key::Key;
use crate::life::Life;

/// A boxed future, so that the trait can be used as an object.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// What became of a request that was handed over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Acceptance {
    /// A new job, durable.
    New,
    /// The same request was accepted before: the job as it stands (`None` = pruned; only its id is remembered).
    Known(Option<Box<Job>>, JobId),
    /// The external id was used before, with other content.
    IdReused(JobId),
    /// It is a replay, and this replay of the same job lives or has succeeded.
    Replayed(JobId, JobState),
}

/// A job that may run once it is due: the head of its subject, not running.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Due {
    /// The job.
    pub id: JobId,
    /// Its place in the order.
    pub seq: Seq,
    /// What it waits for next, see [`Job::lane`].
    pub lane: Arc<str>,
    /// How urgent.
    pub class: Class,
    /// When.
    pub due_at: Timestamp,
}

/// What a group of writes made true, told to the [`Observer`] after the commit and before any of their futures
/// resolves. Nobody has to wait for a write's future for this to arrive.
#[derive(Clone, Debug, Default)]
pub struct Committed {
    /// Jobs that can be taken up, now or at their due time: new heads, freed heads, retries, requeued jobs, heads
    /// whose due time or class changed (the newest word on a job counts).
    pub due: Vec<Due>,
    /// Deadlines of newly accepted jobs.
    pub deadlines: Vec<Timestamp>,
    /// Events written.
    pub events: Vec<Event>,
    /// Whether new deliveries were written.
    pub deliveries: bool,
    /// Entities that were written or removed, in that order: each as it stands now, `None` = it is gone. What is kept of
    /// entities in memory follows from these and from nothing else.
    pub entities: Vec<(EntityKey, Option<Arc<Entity>>)>,
    /// Running jobs that somebody wants cancelled.
    pub cancels: Vec<JobId>,
    /// Places of deliveries that had been given up and are to be made again. They are pending, without being new.
    pub revived: Vec<i64>,
    /// Rows that were in the way and cannot be read.
    pub damaged: Vec<Damaged>,
}

/// Told of each commit, on the writer's thread: it must not block.
pub type Observer = Arc<dyn Fn(Committed) + Send + Sync>;

/// Whose something is: the attempts under way, and with them the jobs that run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whose {
    /// Begun since this journal was opened.
    Ours,
    /// Begun in an earlier life, which is over: nobody leads them any more.
    Gone,
}

/// An attempt whose end was never recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenAttempt {
    /// The job.
    pub job: JobId,
    /// The step's place.
    pub step: u16,
    /// The backend; `None` = the step cannot be read.
    pub backend: Option<String>,
    /// The attempt's number.
    pub number: u32,
    /// When it started.
    pub started_at: Timestamp,
}

/// A filter over what is in clear. Empty = all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// Any of these states.
    pub states: Vec<JobState>,
    /// This action.
    pub action: Option<String>,
    /// This subject.
    pub subject: Option<Subject>,
    /// This source, or one of its callers: `http` also stands for `http/token:crm`.
    pub source: Option<String>,
    /// A step on this backend.
    pub backend: Option<String>,
    /// This code.
    pub code: Option<String>,
    /// Accepted at or after. When the clock was set by more than five minutes, a listing by time may leave out what was
    /// accepted just then.
    pub since: Option<Timestamp>,
    /// Accepted before.
    pub until: Option<Timestamp>,
    /// Holding this text, whatever the case of its letters: in id, external id, subject, action, source, code or
    /// message. A whole id (UUID) leads to its job at once.
    pub text: Option<String>,
    /// Waiting for this.
    pub waiting: Option<Waiting>,
}

/// What live jobs that do not run wait for, as far as the journal knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Waiting {
    /// Another job of their subject.
    Subject,
    /// What the jobs of these lanes wait for.
    Lanes {
        /// The lanes.
        lanes: Vec<String>,
        /// Only those due after this time.
        after: Option<Timestamp>,
        /// Only those due at this time or before.
        until: Option<Timestamp>,
    },
}

/// How many jobs there are, counted up to a bound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Count {
    /// So many.
    pub jobs: u64,
    /// And there are, or may be, more.
    pub more: bool,
}

/// The order of a listing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Order {
    /// The last one accepted comes first.
    #[default]
    Newest,
    /// The first one accepted comes first.
    Oldest,
}

/// A page of a listing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Page {
    /// Only jobs that come after this one in the listing: the `next` of the page before.
    pub after: Option<Seq>,
    /// In this order.
    pub order: Order,
    /// At most so many.
    pub limit: u32,
}

/// A page of a listing. `C`: by what it is continued.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listing<T, C = i64> {
    /// The rows, in the order of the listing. They may be fewer than asked for although there are more: a page looks
    /// at a bounded number of rows.
    pub rows: Vec<T>,
    /// Where the listing goes on; `None` = this was all.
    pub next: Option<C>,
    /// What stands between the rows and cannot be read.
    pub damaged: Vec<Damaged>,
}

/// Which records.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordFilter {
    /// Of this kind.
    pub kind: RecordKind,
    /// The source of a refusal, the actor of an audit record.
    pub who: Option<String>,
    /// What it is about.
    pub what: Option<Match>,
    /// This code.
    pub code: Option<String>,
    /// With this text in who, what or message, whatever the case of its letters (A to Z).
    pub text: Option<String>,
    /// Written at or after.
    pub since: Option<Timestamp>,
    /// Written before.
    pub until: Option<Timestamp>,
}

impl RecordFilter {
    /// All of a kind.
    pub fn of(kind: RecordKind) -> Self {
        RecordFilter { kind, who: None, what: None, code: None, text: None, since: None, until: None }
    }
}

/// How a text is compared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Match {
    /// It is this.
    Is(String),
    /// It begins with this.
    Begins(String),
}

/// Everything needed to take up a job, read in one go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Prepared {
    /// The job.
    pub job: Job,
    /// Its plan, empty before the first start.
    pub steps: Vec<Step>,
    /// Its body, as given to [`NewJob::body`]; empty when it is damaged.
    pub body: Vec<u8>,
    /// Its secrets, while they are kept.
    pub secrets: Option<Zeroizing<Vec<u8>>>,
    /// Its reply addresses, one for each caller, as given to [`NewJob::reply`].
    pub replies: Vec<Vec<u8>>,
    /// How many callers there are, those whose address is damaged as well: see [`Change::replies`].
    pub callers: usize,
    /// What of it cannot be read: then it must not run.
    pub damaged: Vec<Damaged>,
}

/// An attempt with its output as given to [`crate::AttemptEnd::output`]; none while it has no end.
pub type AttemptOutput = (Attempt, Option<Vec<u8>>);

/// A record with its body as given to [`NewRecord::body`].
pub type RecordBody = (Record, Vec<u8>);

/// Which deliveries.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DeliveryFilter {
    /// In this state.
    pub state: Option<DeliveryState>,
    /// Taken by this courier.
    pub courier: Option<String>,
    /// To this address.
    pub address: Option<String>,
}

/// Which entities.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EntityFilter {
    /// Of this kind.
    pub kind: String,
    /// In any of these states; empty = in any at all.
    pub states: Vec<String>,
    /// With this text in key or label, whatever the case of its letters.
    pub text: Option<String>,
}

/// A page of entities, by key.
#[derive(Clone, Debug, PartialEq)]
pub struct EntityPage {
    /// The entities. They may be fewer than asked for although there are more: a page looks at a bounded number.
    pub rows: Vec<Entity>,
    /// The key after which the listing goes on; `None` = this was all.
    pub next: Option<String>,
    /// Those between them that cannot be read.
    pub damaged: Vec<Damaged>,
}

/// What a job came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The job.
    pub job: Job,
    /// Its plan, each step with its last attempt, if that has ended.
    pub steps: Vec<(Step, Option<AttemptOutput>)>,
}

/// How many jobs are in a state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tally {
    /// The state.
    pub state: JobState,
    /// How many.
    pub jobs: u64,
}

/// How far sealing anew has come after a change of key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Renewal {
    /// It goes on.
    Under {
        /// So much of this round is behind it.
        percent: u8,
        /// This is not the first round: it makes sure that nothing was left.
        again: bool,
    },
    /// All rows are sealed with the one key.
    Done,
}

/// What can be asked of the journal. Reads see every write that resolved.
///
/// A row that cannot be read is left out, named where the answer has a place for it, and remembered: see
/// [`Read::damaged`]. Only who asks for that very row gets an error.
pub trait Read: Send + Sync {
    /// The journal's own id, made with it.
    fn id(&self) -> Uuid;

    /// This opening of it.
    fn life(&self) -> &Life;

    /// Rows that could not be read since start, as far as they were met.
    fn damaged(&self) -> Vec<Damaged>;

    /// The first jobs of a lane and class that may be taken up, by due time, due or not.
    fn due(&self, lane: String, class: Class, limit: usize) -> BoxFuture<'_, Result<Listing<Due>, Error>>;
    /// The lanes in which jobs wait.
    fn lanes(&self) -> BoxFuture<'_, Result<Vec<String>, Error>>;
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
    /// How many jobs there are, counted up to `at_most` and as far as a page looks; by state alone exactly.
    fn count(&self, filter: Filter, at_most: u32) -> BoxFuture<'_, Result<Count, Error>>;
    /// The live job directly before this one on its subject: what it waits for.
    fn before(&self, job: JobId) -> BoxFuture<'_, Result<Option<Job>, Error>>;
    /// The earliest deadline among the live jobs behind this one on its subject.
    fn deadline_behind(&self, job: JobId) -> BoxFuture<'_, Result<Option<Timestamp>, Error>>;
    /// The newest job of the same subject and action, later than this one, that succeeded: then a replay is stale.
    fn later_success(&self, job: JobId) -> BoxFuture<'_, Result<Option<Job>, Error>>;
    /// How many jobs are in each state.
    fn tallies(&self) -> BoxFuture<'_, Result<Vec<Tally>, Error>>;
    /// Pending deliveries after this place, in order, at most so many; of one courier or of all.
    fn deliveries(
        &self,
        courier: Option<String>,
        after: i64,
        limit: usize,
    ) -> BoxFuture<'_, Result<Listing<Delivery>, Error>>;
    /// The same, to one address.
    fn line(
        &self,
        to: DeliveryTo,
        after: i64,
        limit: usize,
    ) -> BoxFuture<'_, Result<Listing<Delivery>, Error>>;
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
    /// The position behind the last event.
    fn last_event(&self) -> BoxFuture<'_, Result<EventsCursor, Error>>;
    /// Whether the journal could be written of late; [`Error::Unwritable`] says why not. That is over once several
    /// writes in a row have succeeded, to which each call adds one that changes nothing.
    fn writable(&self) -> BoxFuture<'_, Result<(), Error>>;
}

/// What is written. A write resolves after fsync, and is all or nothing. One whose future is dropped is still carried
/// out, and the [`Observer`] hears of it.
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

    /// Makes a retrying head due now.
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

/// What maintains the journal.
pub trait Keep: Send + Sync {
    /// Writes message and body of a refusal anew; what its body was is overwritten. Nothing happens when it is gone.
    fn amend_refusal(&self, seq: i64, refusal: NewRecord) -> BoxFuture<'_, Result<(), Error>>;
    /// Removes what retention no longer keeps and secrets whose time has come, in small commits.
    fn prune(&self, retention: Retention, at: Timestamp) -> BoxFuture<'_, Result<Pruned, Error>>;
    /// Seals with this key from now on. What is sealed already opens as before, until [`Keep::renew`] has done it all;
    /// both keys have to be kept until then. Says whether that is to be done now: not when it is the key already.
    fn turn(&self, key: Key) -> BoxFuture<'_, Result<bool, Error>>;
    /// Seals some more values anew, in a small commit, and says how far that has come.
    fn renew(&self) -> BoxFuture<'_, Result<Renewal, Error>>;
    /// Brings back what waits for a time that no rule allows, because the clock ran ahead when it was written: jobs that
    /// are not due yet, secrets that are to be kept until later than `keep_secrets` from now. Returns how many there were.
    fn set_back(&self, now: Timestamp, keep_secrets: Duration) -> BoxFuture<'_, Result<u64, Error>>;
    /// Reads everything, checks that it fits together, and lists what does not.
    fn check(&self) -> BoxFuture<'_, Result<Vec<String>, Error>>;
    /// Writes a consistent copy to a new file while work goes on.
    fn backup(&self, to: PathBuf) -> BoxFuture<'_, Result<(), Error>>;
    /// Writes what is queued and closes. Later calls answer [`Error::Closed`].
    fn close(&self) -> BoxFuture<'_, ()>;
}

/// The durable memory, whole. Whoever needs a part of it takes that: [`Read`], [`Write`] or [`Keep`].
pub trait Journal: Read + Write + Keep {}

impl<J: Read + Write + Keep> Journal for J {}
