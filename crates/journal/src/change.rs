//! What is written: the arguments of the journal's operations.
//!
//! Bodies are plain bytes here; the journal seals them before they reach its queue, and opens them on reading.

use std::time::Duration;

use jiff::Timestamp;
use model::{
    Cause, Class, Code, DeliveryId, DeliveryTo, EntityKey, EntityWrite, EventKind, JobId, JobState, OnError,
    OutboxPlace, OutcomeKind, RecordKind, StepState, Subject,
};
use zeroize::Zeroizing;

/// A caller's id of a request, with what is needed to tell a repetition from a reuse.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExternalId {
    /// The id, unique within the source.
    pub value: String,
    /// Canonical bytes of the request (action and unmasked body); the journal keeps only a keyed hash of them.
    pub content: Zeroizing<Vec<u8>>,
    /// The same as version 0.1 had them, by which its rows are recognised.
    pub formerly: Zeroizing<Vec<u8>>,
}

/// Whether a text can name something in every journal: it has at most 1 KiB, which is what all kinds of databases keep in
/// an index, and no U+0000, which some of them cannot hold.
pub fn is_name(text: &str) -> bool {
    text.len() <= 1024 && !text.contains('\0')
}

/// Whether kind and key of an entity are such names.
pub fn is_named(entity: &EntityKey) -> bool {
    is_name(&entity.kind) && is_name(&entity.key)
}

/// A request that passed intake.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewJob {
    /// Its public name.
    pub id: JobId,
    /// The source that received it.
    pub source: String,
    /// The caller's id of it.
    pub external_id: Option<ExternalId>,
    /// What is asked.
    pub action: String,
    /// What it is about; `None` = unordered.
    pub subject: Option<Subject>,
    /// How urgent.
    pub class: Class,
    /// Not to be started after this time.
    pub deadline: Option<Timestamp>,
    /// Not to be started before this time.
    pub not_before: Option<Timestamp>,
    /// Nothing is changed by it.
    pub dry_run: bool,
    /// Now.
    pub accepted_at: Timestamp,
    /// The job of which it is the replay.
    pub replay_of: Option<JobId>,
    /// Masked body, reply address and the like: opaque here, sealed at rest, pruned with the job.
    pub body: Vec<u8>,
    /// The secrets taken out of the body: opaque here, sealed in a record of their own, scrubbed by [`Scrub`].
    pub secrets: Option<Zeroizing<Vec<u8>>>,
    /// Where the answer goes: opaque here, sealed at rest. When the job turns out to be known and live, this caller
    /// joins it: the address is added to the job's, unless it is there already.
    pub reply: Option<Vec<u8>>,
}

/// Effects, with everything resolved that needs a clock, randomness or the action table.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct EffectSet {
    /// Entity writes, compare-and-set.
    pub entities: Vec<EntityWrite>,
    /// Deliveries in the order in which they leave: id, address, not before, body bytes.
    pub deliveries: Vec<(DeliveryId, DeliveryTo, Timestamp, Vec<u8>)>,
    /// Jobs that follow, accepted in the same commit. One that was accepted before is [`crate::Error::Known`].
    pub follow_ups: Vec<NewJob>,
    /// Such jobs: they join those there are. One whose id was forgotten since is accepted.
    pub joins: Vec<NewJob>,
    /// Records of it: who changed what.
    pub records: Vec<NewRecord>,
    /// Refusals that were handed in again with it: they are no dead letters any more.
    pub settles: Vec<i64>,
}

/// The state a job must be in for a change to be written; otherwise the change is [`crate::Error::Fenced`], or
/// [`crate::Error::NotOurs`] when the attempt was begun by somebody else than the change expects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expect {
    /// Queued or retrying, and head of its subject.
    Ready,
    /// Queued or retrying, head or not.
    Waiting,
    /// Running, and this attempt (step, number) is its open one, begun since this journal was opened.
    Running(u16, u32),
    /// The same, but begun in a life that is gone: it is taken back.
    Orphan(u16, u32),
}

/// A step of the plan, frozen at first start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewStep {
    /// The backend's name.
    pub backend: String,
    /// What its failure means for later steps.
    pub on_error: OnError,
}

/// A step's new state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StepChange {
    /// Its place.
    pub index: u16,
    /// Its state.
    pub state: StepState,
    /// Numeric status.
    pub status: i32,
    /// Why.
    pub code: Option<Code>,
    /// In words, redacted.
    pub message: Option<String>,
    /// How many of its attempts have come to their own end.
    pub tried: u32,
    /// When it is tried again, after one that failed softly or was told to wait.
    pub due_at: Option<Timestamp>,
    /// How many of its attempts were told to wait.
    pub waits: u32,
    /// For how long, in all.
    pub waited: Duration,
}

/// An attempt that starts. Its step becomes `running`, its job too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AttemptStart {
    /// The step's place.
    pub step: u16,
    /// The attempt's number, from 1: one more than any before.
    pub number: u32,
}

/// An attempt that ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttemptEnd {
    /// The step's place.
    pub step: u16,
    /// The attempt's number.
    pub number: u32,
    /// How.
    pub kind: OutcomeKind,
    /// Numeric status.
    pub status: i32,
    /// Why.
    pub code: Option<Code>,
    /// The backend's message, redacted.
    pub message: Option<String>,
    /// Answer and log: opaque here, sealed at rest.
    pub output: Vec<u8>,
}

/// What becomes of a job's secrets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scrub {
    /// They stay: the job goes on.
    Keep,
    /// They stay until then, for a replay.
    Until(Timestamp),
    /// They are overwritten and removed in this commit.
    Now,
}

/// What becomes of the job itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobChange {
    /// Its new state.
    pub state: JobState,
    /// What it waits for next; `None` = as before.
    pub lane: Option<String>,
    /// When it may run next.
    pub due_at: Timestamp,
    /// Code of the first failed step.
    pub status: i32,
    /// Why.
    pub code: Option<Code>,
    /// In words, redacted.
    pub message: Option<String>,
    /// What becomes of its secrets.
    pub scrub: Scrub,
    /// Of one that fails: the cause; `None` = it is what code and message say.
    pub cause: Option<Cause>,
}

/// An event of a job: kind, step, attempt, code.
pub type NewEvent = (EventKind, Option<u16>, Option<u32>, Option<Code>);

/// One move of one job: everything in it, and its effects, is one commit.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// The job.
    pub job: JobId,
    /// Now.
    pub at: Timestamp,
    /// What must hold, or nothing is written.
    pub expect: Expect,
    /// How many reply addresses the effects were made for; when the job ends and has more by now, nothing is
    /// written ([`crate::Error::Conflict`]): prepare it again.
    pub replies: usize,
    /// The plan, at first start only.
    pub plan: Vec<NewStep>,
    /// The attempt that ended.
    pub ended: Option<AttemptEnd>,
    /// Steps that change state (beside the one of `started`, which becomes `running`).
    pub steps: Vec<StepChange>,
    /// The attempt that starts.
    pub started: Option<AttemptStart>,
    /// The job's new state.
    pub to: JobChange,
    /// Events to write.
    pub events: Vec<NewEvent>,
    /// Its effects.
    pub effects: EffectSet,
}

/// How a delivery went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mark {
    /// Confirmed by the other side.
    Delivered,
    /// To be tried again at this time, because.
    Later(Timestamp, String),
    /// Given up, because.
    Never(String),
}

/// Pending deliveries to one address that are given up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Over {
    /// Where they were to go.
    pub to: DeliveryTo,
    /// After this place.
    pub after: OutboxPlace,
    /// With a smaller id: ids begin with the time.
    pub before: DeliveryId,
    /// Why, in a sentence for whoever finds them among the dead letters.
    pub why: String,
}

/// What becomes of an undeliverable delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It is tried again.
    Again,
    /// It is dropped for good.
    Drop,
}

/// A record to append.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewRecord {
    /// What it is.
    pub kind: RecordKind,
    /// Now.
    pub at: Timestamp,
    /// The source of a refusal, the actor of an audit record, the sender of a message.
    pub who: String,
    /// What it is about.
    pub what: Option<String>,
    /// Why, or which change.
    pub code: Code,
    /// In words; the ids of a message.
    pub message: String,
    /// Opaque bytes, sealed at rest.
    pub body: Vec<u8>,
}

/// How much is kept. Live jobs are never removed. What an ended job still owes when it has to go is given up: it stays as
/// an undeliverable delivery of no job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retention {
    /// Ended jobs older than this are removed.
    pub jobs_before: Timestamp,
    /// No more than this many ended jobs are kept.
    pub jobs_max: u64,
    /// External ids of pruned jobs are remembered until they are older than this.
    pub ids_before: Timestamp,
    /// Refusals and audit records older than this are removed.
    pub records_before: Timestamp,
    /// No more than this many of either are kept.
    pub records_max: u64,
    /// Messages that were seen passing and are older than this are removed.
    pub messages_before: Timestamp,
    /// No more than this many of them are kept.
    pub messages_max: u64,
    /// No more than this many events are kept.
    pub events_max: u64,
    /// When more bytes of the file than this are in use, the oldest ended jobs, refusals, messages and ended deliveries
    /// are removed until they are not.
    pub bytes_max: u64,
}

/// What retention removed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pruned {
    /// So many jobs.
    pub jobs: u64,
    /// So many deliveries that were still to be made were given up.
    pub given_up: u64,
    /// More bytes than [`Retention::bytes_max`] are still in use: nothing is left that may go.
    pub over: bool,
}
