//! Jobs, events and records in lists.

use model::{Class, Code, EventKind, EventSeq, JobId, JobState, RecordKind, Seq, Subject};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::damaged::Damaged;
use super::dead::Failed;
use super::schema;
use serde_json::Value;

use super::story::Moved;
use http::Problem;
use http::Time;

/// A job.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Job {
    /// Its name.
    #[schema(value_type = String, format = "uuid")]
    pub id: JobId,
    /// Its place in the order; what `before` of the next page is compared with.
    #[schema(value_type = i64)]
    pub seq: Seq,
    /// The source that received it.
    pub source: String,
    /// The caller's own id of it.
    pub external_id: Option<String>,
    /// What is asked.
    pub action: String,
    /// What it is about.
    #[schema(value_type = Option<String>)]
    pub subject: Option<Subject>,
    /// What that is called, where the hub knows it: a name, then what else tells it apart, such as the account of a person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// How urgent.
    #[schema(value_type = schema::Class)]
    pub class: Class,
    /// Where it stands.
    #[schema(value_type = schema::JobState)]
    pub state: JobState,
    /// Whether it is the first of its subject.
    pub head: bool,
    /// Code of the first failed step; 0 while none failed.
    pub status: i32,
    /// Why it failed or waits.
    #[schema(value_type = Option<String>)]
    pub code: Option<Code>,
    /// The same in words.
    pub message: Option<String>,
    /// When it was accepted.
    pub accepted_at: Time,
    /// When it may run next.
    pub due_at: Time,
    /// Not to be started after this time.
    pub deadline: Option<Time>,
    /// Not to be started before this time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_before: Option<Time>,
    /// Nothing is changed: backends that can are asked what they would do.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub dry_run: bool,
    /// When its first attempt started.
    pub started_at: Option<Time>,
    /// When it ended.
    pub ended_at: Option<Time>,
    /// The job of which it is the replay.
    #[schema(value_type = Option<String>, format = "uuid")]
    pub replay_of: Option<JobId>,
    /// Who asked to cancel it, while its step is still being ended.
    pub cancelled_by: Option<String>,
    /// Of one that failed: of what, and whether it is still a dead letter.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failed: Option<Failed>,
}

impl From<model::Job> for Job {
    fn from(job: model::Job) -> Self {
        Job {
            id: job.id,
            seq: job.seq,
            source: job.source,
            external_id: job.external_id,
            action: job.action,
            subject: job.subject,
            name: None,
            class: job.class,
            state: job.state,
            head: job.head,
            status: job.status,
            code: job.code,
            message: job.message,
            accepted_at: job.accepted_at.into(),
            due_at: job.due_at.into(),
            deadline: job.deadline.map(Time),
            not_before: job.not_before.map(Time),
            dry_run: job.dry_run,
            started_at: job.started_at.map(Time),
            ended_at: job.ended_at.map(Time),
            replay_of: job.replay_of,
            cancelled_by: job.cancelled_by,
            failed: job.failed.map(Into::into),
        }
    }
}

impl Job {
    /// A job, with what its subject is called.
    pub fn named(job: model::Job, names: &engine::Names) -> Self {
        let name = names.of(job.subject.as_ref()).map(|name| name.as_str().to_owned());
        Job { name, ..Job::from(job) }
    }
}

/// A page of jobs, newest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct JobPage {
    /// The jobs.
    pub jobs: Vec<Job>,
    /// `before` of the next page; absent on the last one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<i64>)]
    pub next: Option<Seq>,
    /// The page is short, since no more than the newest so many jobs were looked at for it: `next` goes on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub looked_at: Option<u64>,
    /// What stands between them and cannot be read.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub damaged: Vec<Damaged>,
}

/// How many jobs fit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct JobCount {
    /// So many.
    pub jobs: u64,
    /// And there are, or may be, more.
    pub more: bool,
}

/// A line of an export.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(untagged)]
pub enum Exported {
    /// A job, with its masked document when that was asked for.
    Job {
        /// The job.
        #[serde(flatten)]
        job: Box<Job>,
        /// Its document.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        document: Option<Value>,
    },
    /// A job that cannot be read, or whose document cannot: the export goes on after it.
    Damaged {
        /// Which, and why.
        damaged: Damaged,
    },
    /// The export breaks off here: the last line.
    Broken {
        /// Why.
        problem: Problem,
    },
}

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Event {
    /// Its name, given once: `120`, or `3:120` where several hubs write. Where a stream goes on is the id of the
    /// server-sent event.
    #[schema(value_type = String)]
    pub seq: EventSeq,
    /// When.
    pub at: Time,
    /// What.
    #[schema(value_type = schema::EventKind)]
    pub kind: EventKind,
    /// The job it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = "uuid")]
    pub job: Option<JobId>,
    /// The step's place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step: Option<u16>,
    /// The attempt's number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attempt: Option<u32>,
    /// Why; for events about a backend, its name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub code: Option<Code>,
}

impl From<model::Event> for Event {
    fn from(event: model::Event) -> Self {
        let model::Event { seq, at, kind, job, step, attempt, code } = event;
        Event { seq, at: at.into(), kind, job, step, attempt, code }
    }
}

/// A record: a refusal, or a line of the audit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Record {
    /// Its place and name.
    pub seq: i64,
    /// What it is.
    #[schema(value_type = schema::RecordKind)]
    pub kind: RecordKind,
    /// When.
    pub at: Time,
    /// The source of a refusal, the actor of an audit record.
    pub who: String,
    /// What it is about.
    pub what: Option<String>,
    /// Why, or which change.
    #[schema(value_type = String)]
    pub code: Code,
    /// The same in words.
    pub message: String,
}

impl From<model::Record> for Record {
    fn from(record: model::Record) -> Self {
        let model::Record { seq, kind, at, who, what, code, message } = record;
        Record { seq, kind, at: at.into(), who, what, code, message }
    }
}

/// A page of records, newest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RecordPage {
    /// The records.
    pub records: Vec<Record>,
    /// `before` of the next page; absent on the last one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<i64>,
    /// What stands between them and cannot be read.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub damaged: Vec<Damaged>,
}

/// A refusal. The message itself is sealed: nobody knows where the secrets are in what could not be read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Refused {
    /// Its record.
    #[serde(flatten)]
    pub record: Record,
    /// How many bytes the message has.
    pub size: u64,
    /// That it was sent on to another place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub moved: Option<Moved>,
}
