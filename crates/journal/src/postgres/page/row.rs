//! The rows that lie on a page: as they are loaded, and as they are stored.

use jiff::Timestamp;
use model::{Code, DeliveryId, Job, JobId, OutcomeKind, Step};

use crate::api::Whose;
use crate::error::Error;
use crate::postgres::steps;
use crate::rules::fence::{Open, Stored};
use crate::rules::order::First;
use crate::seal::DIGEST;

/// The row of a job.
#[derive(Clone, Debug)]
pub(in super::super) struct JobRow {
    pub(in super::super) job: Job,
    /// The value of its steps, see [`steps`].
    pub(in super::super) steps: Option<Vec<u8>>,
    pub(in super::super) backends: Option<Vec<String>>,
    pub(in super::super) plan: Option<Vec<u8>>,
    pub(in super::super) replies: i32,
    pub(in super::super) secrets: bool,
    pub(in super::super) open: Option<OpenRow>,
    /// How often it was written, as it was loaded.
    pub(in super::super) rev: i32,
    /// It is in the line of its subject, or has none and can run.
    pub(in super::super) placed: bool,
}

/// The attempt under way, and the life that began it.
#[derive(Clone, Copy, Debug)]
pub(in super::super) struct OpenRow {
    pub(in super::super) step: u16,
    pub(in super::super) number: u32,
    pub(in super::super) at: Timestamp,
    pub(in super::super) life: Option<i64>,
}

impl JobRow {
    pub(in super::super) fn is_live(&self) -> bool {
        self.job.ended_at.is_none()
    }

    /// Whether it is a dead letter; of which cause.
    pub(in super::super) fn dead_of(&self) -> Option<i64> {
        let failed = self.job.failed.as_ref().filter(|failed| failed.settled.is_none())?;
        Some(failed.cause.0.cast_signed())
    }

    pub(in super::super) fn steps(&self) -> Result<Vec<Step>, Error> {
        steps::all(self.steps.as_deref())
    }

    pub(in super::super) fn set_steps(&mut self, steps: &[Step]) {
        self.backends = (!steps.is_empty()).then(|| steps.iter().map(|step| step.backend.clone()).collect());
        self.steps = steps::write(steps);
    }

    pub(in super::super) fn planned(&self) -> usize {
        self.backends.as_ref().map_or(0, Vec::len)
    }

    /// As the fence sees it.
    pub(in super::super) fn stored(&self, us: i64) -> Stored {
        Stored {
            state: self.job.state,
            head: self.job.head,
            steps: i64::try_from(self.planned()).unwrap_or(i64::MAX),
            replies: usize::try_from(self.replies).unwrap_or_default(),
            cancelled: self.job.cancelled_by.is_some(),
            open: self.open.map(|open| Open {
                step: open.step,
                number: open.number,
                at: open.at,
                whose: if open.life == Some(us) { Whose::Ours } else { Whose::Gone },
            }),
        }
    }

    /// As those behind it in its line see it.
    pub(in super::super) fn stands(&self) -> First {
        let Job { state, class, due_at, attempted_at, not_before, .. } = self.job;
        First { state, class, due_at, attempted_at, not_before }
    }
}

/// A caller's id.
#[derive(Clone, Debug)]
pub(in super::super) struct External {
    /// `None` = it cannot be read.
    pub(in super::super) digest: Option<[u8; DIGEST]>,
    pub(in super::super) job: JobId,
    pub(in super::super) seq: i64,
    pub(in super::super) at: Timestamp,
}

/// An entity: what it is compared by, and what is written when it is new or other.
#[derive(Clone, Debug)]
pub(in super::super) struct EntityRow {
    pub(in super::super) rev: i64,
    pub(in super::super) state: String,
    pub(in super::super) label: String,
    pub(in super::super) sealed: Vec<u8>,
}

/// A delivery.
#[derive(Clone, Debug)]
pub(in super::super) struct DeliveryRow {
    pub(in super::super) seq: i64,
    pub(in super::super) state: model::DeliveryState,
    pub(in super::super) attempts: i32,
    pub(in super::super) due_at: Timestamp,
    pub(in super::super) ended_at: Option<Timestamp>,
    pub(in super::super) message: Option<String>,
    /// Of a new one.
    pub(in super::super) made: Option<NewDelivery>,
}

/// What never changes of a delivery.
#[derive(Clone, Debug)]
pub(in super::super) struct NewDelivery {
    pub(in super::super) job: Option<JobId>,
    pub(in super::super) courier: String,
    pub(in super::super) address: String,
    pub(in super::super) sealed: Vec<u8>,
    pub(in super::super) placed: bool,
}

/// What failed jobs have in common.
#[derive(Clone, Debug)]
pub(in super::super) struct CauseRow {
    /// Of a new one.
    pub(in super::super) cause: Option<model::Cause>,
}

/// A closed attempt.
#[derive(Clone, Debug)]
pub(in super::super) struct AttemptRow {
    pub(in super::super) job: JobId,
    pub(in super::super) step: u16,
    pub(in super::super) number: u32,
    pub(in super::super) started_at: Timestamp,
    pub(in super::super) ended_at: Option<Timestamp>,
    pub(in super::super) kind: Option<OutcomeKind>,
    pub(in super::super) status: i32,
    pub(in super::super) code: Option<Code>,
    pub(in super::super) message: Option<String>,
    pub(in super::super) sealed: Option<Vec<u8>>,
}

/// What is written without having been read, in this order.
#[derive(Clone, Debug)]
pub(in super::super) enum Note {
    Body(JobId, Vec<u8>),
    Secret(JobId, Vec<u8>),
    SecretUntil(JobId, Timestamp),
    SecretGone(JobId),
    Reply {
        job: JobId,
        place: i32,
        digest: [u8; DIGEST],
        sealed: Vec<u8>,
    },
    Attempt(AttemptRow),
    /// If it was told to wait.
    WaitGone(JobId, u16, u32),
    Record(i64, Box<crate::change::NewRecord>, Vec<u8>),
    /// A refusal was handed in again.
    Settled(i64),
    /// The job with this external id (value, source) has another number.
    Renumbered(String, String, i64),
    /// A delivery is put in line, with this number.
    DeliveryPlaced(DeliveryId, i64),
}
