//! What the journal answers.

use std::collections::BTreeMap;

use jiff::Timestamp;
use model::{Attempt, Cause, CauseId, Entity, Job, JobId, JobState, Record, Seq, Step};
use zeroize::Zeroizing;

use crate::damage::Damaged;

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

/// How many jobs there are, counted up to a bound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Count {
    /// So many.
    pub jobs: u64,
    /// And there are, or may be, more.
    pub more: bool,
    /// After which job counting goes on, where it has looked at as many as a page does.
    pub next: Option<Seq>,
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

/// What a job came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The job.
    pub job: Job,
    /// Its plan, each step with its last attempt, if that has ended.
    pub steps: Vec<(Step, Option<AttemptOutput>)>,
}

/// Everything needed to take up a job, read in one go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Prepared {
    /// The job.
    pub job: Job,
    /// Its plan, empty before the first start.
    pub steps: Vec<Step>,
    /// Its body, as given to [`crate::NewJob::body`]; empty when it is damaged.
    pub body: Vec<u8>,
    /// Its secrets, while they are kept.
    pub secrets: Option<Zeroizing<Vec<u8>>>,
    /// Its reply addresses, one for each caller, as given to [`crate::NewJob::reply`].
    pub replies: Vec<Vec<u8>>,
    /// How many callers there are, those whose address is damaged as well: see [`crate::Change::replies`].
    pub callers: usize,
    /// What of it cannot be read: then it must not run.
    pub damaged: Vec<Damaged>,
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

/// An attempt with its output as given to [`crate::AttemptEnd::output`]; none while it has no end.
pub type AttemptOutput = (Attempt, Option<Vec<u8>>);

/// A record with its body as given to [`crate::NewRecord::body`].
pub type RecordBody = (Record, Vec<u8>);

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

/// How many jobs are in a state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tally {
    /// The state.
    pub state: JobState,
    /// How many.
    pub jobs: u64,
}

/// How many dead letters there are, but for deliveries.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DeadTally {
    /// Failed jobs that nothing has settled.
    pub jobs: u64,
    /// Of these, how many failed on each backend.
    pub by_backend: BTreeMap<String, u64>,
    /// Refusals that nothing has settled.
    pub refusals: u64,
}

/// A cause and its dead letters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CauseTally {
    /// Its name.
    pub id: CauseId,
    /// The cause.
    pub cause: Cause,
    /// How many failed jobs have it that nothing has settled.
    pub jobs: u64,
    /// When the first of them failed.
    pub first: Option<Timestamp>,
    /// When the last one did.
    pub last: Option<Timestamp>,
    /// What the last one says, as it says it.
    pub sample: Option<String>,
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
