//! Jobs, steps, attempts, events and records as they are stored and shown. Nothing secret is in them.

use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::cause::CauseId;
use crate::cursor::EventSeq;
use crate::id::{JobId, Seq};
use crate::outcome::OutcomeKind;
use crate::plan::OnError;
use crate::state::{JobState, StepState};
use crate::word::{Class, Code, Subject};

/// A request that was accepted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Job {
    /// Its public name.
    pub id: JobId,
    /// Its place in the order.
    pub seq: Seq,
    /// The source that received it.
    pub source: String,
    /// The caller's own id of it.
    pub external_id: Option<String>,
    /// What is asked.
    pub action: String,
    /// What it is about.
    pub subject: Option<Subject>,
    /// How urgent, after what later arrivals lent it.
    pub class: Class,
    /// Where it stands.
    pub state: JobState,
    /// Whether it is the oldest live job of its subject (always, without a subject).
    pub head: bool,
    /// What it waits for next: the action while no plan is frozen, later `@` and the next step's backend.
    #[serde(skip)]
    pub lane: String,
    /// When it may run next.
    pub due_at: Timestamp,
    /// Not to be started after this time.
    pub deadline: Option<Timestamp>,
    /// Not to be started before this time.
    pub not_before: Option<Timestamp>,
    /// Nothing is changed: backends that can are asked what they would do.
    pub dry_run: bool,
    /// Code of the first failed step; 0 while none failed.
    pub status: i32,
    /// Why it failed or waits.
    pub code: Option<Code>,
    /// The same in words, redacted.
    pub message: Option<String>,
    /// When it was accepted.
    pub accepted_at: Timestamp,
    /// When its first attempt started.
    pub started_at: Option<Timestamp>,
    /// When its last attempt ended.
    pub attempted_at: Option<Timestamp>,
    /// When it reached a terminal state.
    pub ended_at: Option<Timestamp>,
    /// The job of which it is the replay.
    pub replay_of: Option<JobId>,
    /// Who asked to cancel it, while its step is still being ended.
    pub cancelled_by: Option<String>,
    /// Of one that failed: of what, and whether it still counts among the dead letters.
    pub failed: Option<Failed>,
}

/// What is known of a failure.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Failed {
    /// The backend of the step that failed; `None` = none had its turn.
    pub on: Option<String>,
    /// What it has in common with others.
    pub cause: CauseId,
    /// Why it does not count among the dead letters any more; `None` = it does.
    pub settled: Option<Settled>,
    /// The record of the audit that says who set it aside, and why.
    pub record: Option<i64>,
}

/// Why a failed job is no dead letter any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Settled {
    /// A replay of it has succeeded.
    Replayed,
    /// A replay of it has failed: that one counts in its place.
    Followed,
    /// Somebody set it aside.
    Aside,
}

impl Settled {
    /// All of them.
    pub const ALL: [Settled; 3] = [Settled::Replayed, Settled::Followed, Settled::Aside];

    /// The word for it, as in the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Settled::Replayed => "replayed",
            Settled::Followed => "followed",
            Settled::Aside => "aside",
        }
    }
}

impl Job {
    /// Whether it counts among the dead letters.
    pub fn is_dead(&self) -> bool {
        self.failed.as_ref().is_some_and(|failed| failed.settled.is_none())
    }
}

/// One backend's part of a job, frozen at first start.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Step {
    /// Its place in the plan, from 0.
    pub index: u16,
    /// The backend's name.
    pub backend: String,
    /// What its failure means for later steps.
    pub on_error: OnError,
    /// Where it stands.
    pub state: StepState,
    /// How many attempts were started.
    pub attempts: u32,
    /// Numeric status of the last attempt.
    pub status: i32,
    /// Why it failed or was skipped.
    pub code: Option<Code>,
    /// The backend's own message, redacted.
    pub message: Option<String>,
    /// How many attempts have come to their own end; one that the hub's stop interrupted has not, nor one that was told to
    /// wait.
    #[serde(skip)]
    pub tried: u32,
    /// When it is tried again, after an attempt that failed softly or was told to wait.
    #[serde(skip)]
    pub due_at: Option<Timestamp>,
    /// How many attempts have ended because the backend said: not now. They use none of its tries.
    pub waits: u32,
    /// For how long it was told to wait, in all.
    #[serde(skip)]
    pub waited: Duration,
}

impl Step {
    /// A step that was not tried yet.
    pub fn new(index: u16, backend: String, on_error: OnError) -> Self {
        Step {
            index,
            backend,
            on_error,
            state: StepState::Pending,
            attempts: 0,
            status: 0,
            code: None,
            message: None,
            tried: 0,
            due_at: None,
            waits: 0,
            waited: Duration::ZERO,
        }
    }
}

/// One execution of a step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Attempt {
    /// The step's place.
    pub step: u16,
    /// Its number, from 1; a later one fences the earlier.
    pub number: u32,
    /// When it started.
    pub started_at: Timestamp,
    /// When it ended; `None` = running, or its end was never recorded.
    pub ended_at: Option<Timestamp>,
    /// How it ended.
    pub kind: Option<OutcomeKind>,
    /// Numeric status.
    pub status: i32,
    /// Why.
    pub code: Option<Code>,
    /// What the backend said, redacted.
    pub message: Option<String>,
}

/// What happened to a job or a backend. Live streams are made of these.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EventKind {
    /// A job was accepted.
    Accepted,
    /// An attempt of a step started.
    StepStarted,
    /// A step succeeded.
    StepSucceeded,
    /// A step failed softly.
    StepSoft,
    /// A step failed for good.
    StepFailed,
    /// A step was skipped.
    StepSkipped,
    /// The job went back to the queue: its next backend is paused or full, or its attempt was interrupted.
    Requeued,
    /// The job waits for a retry.
    Retrying,
    /// The job succeeded.
    Succeeded,
    /// The job failed.
    Failed,
    /// The job was cancelled.
    Cancelled,
    /// The job was replaced by a newer one.
    Superseded,
    /// Something could not be accepted.
    Refused,
    /// A backend was paused.
    Paused,
    /// A backend was resumed.
    Resumed,
    /// A delivery was given up.
    Undeliverable,
    /// The failsafe holds the job.
    Held,
    /// Somebody approved what the failsafe held.
    Approved,
    /// Somebody rejected what the failsafe held.
    Rejected,
    /// A backend kept failing and is left alone for a while.
    Tripped,
    /// A backend that was left alone works again.
    Recovered,
    /// A backend said: not now. The job waits, or, without a job, all that need the backend.
    Waiting,
}

/// A line of the journal's live history: no payload, bounded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Event {
    /// Its name. A stream resumes behind all that it saw, which is more than the last one: [`crate::EventsCursor`].
    pub seq: EventSeq,
    /// When.
    pub at: Timestamp,
    /// What.
    pub kind: EventKind,
    /// The job it is about.
    pub job: Option<JobId>,
    /// The step's place.
    pub step: Option<u16>,
    /// The attempt's number.
    pub attempt: Option<u32>,
    /// Why, as a code; for events about a backend or a set that the failsafe holds, its name.
    pub code: Option<Code>,
}

/// The kinds of append-only records.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RecordKind {
    /// A message that could not be accepted; its raw bytes are sealed in the body.
    Refusal,
    /// Something that a person or a program changed.
    Audit,
    /// A message that somebody watches and has seen pass; sealed in the body with its headers.
    Message,
}

/// An append-only record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Record {
    /// Its place.
    pub seq: i64,
    /// What it is.
    pub kind: RecordKind,
    /// When.
    pub at: Timestamp,
    /// The source of a refusal, the actor of an audit record.
    pub who: String,
    /// What it is about: the refused action, the changed thing.
    pub what: Option<String>,
    /// Why, or which change.
    pub code: Code,
    /// The same in words.
    pub message: String,
}
