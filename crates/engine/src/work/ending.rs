//! The end of a job from outside its runner: by an operator, at its deadline, because another worker has it.

use jiff::Timestamp;
use journal::{Error, Expect, Grave, NewRecord};
use model::word::code;
use model::{Code, Job, JobId, JobState};

use crate::port::Moment;
use crate::state::core::Core;
use crate::state::failsafe;
use crate::work::bury::bury;
use crate::work::log;
use crate::work::progress::Progress;
use crate::work::read_back::ReadBack;
use crate::work::settle::Wrote;

/// What is said of a job that an operator ended while it ran.
pub(crate) const CANCELLED: &str = "cancelled by an operator";
/// What is said of a job that somebody else does now.
pub(crate) const TAKEN_OVER: &str = "another worker has taken it over";

/// How and why a job ends.
pub(crate) struct End {
    pub(crate) state: JobState,
    pub(crate) code: Code,
    pub(crate) message: String,
    /// The record of who wanted it.
    pub(crate) record: Option<NewRecord>,
}

/// Ends a waiting job whose deadline has passed.
pub(crate) async fn give_up(core: &Core, job: Job, now: Timestamp) {
    let blocker = if job.head { None } else { core.journal.before(job.id).await.ok().flatten() };
    let behind = |before: &Job, why: &str| {
        let message = format!("its deadline passed while it waited behind job {}, which {why}", before.id);
        (code::BLOCKED_BY, message)
    };
    let (code, message) = match blocker {
        Some(before) if before.state != JobState::Running && failsafe::set_of(&before.lane).is_some() => {
            behind(&before, "the failsafe holds")
        }
        Some(before) if before.state == JobState::Retrying => behind(&before, "is being retried"),
        Some(before) if before.code.as_ref().is_some_and(|said| code::WAITS.contains(said)) => {
            behind(&before, "waits because its backend said so")
        }
        _ if job.started_at.is_some() => {
            (code::EXPIRED, "its deadline passed before it could go on".to_owned())
        }
        _ => (code::EXPIRED, "its deadline passed before it could be started".to_owned()),
    };
    end_waiting(core, job.id, End { state: JobState::Failed, code, message, record: None }, now).await;
}

/// Ends a waiting job that another worker has taken over. Says whether it was still waiting.
pub(crate) async fn end_taken_over(core: &Core, job: JobId, now: Timestamp) -> bool {
    let (state, code, message) = (JobState::Cancelled, code::TAKEN_OVER, TAKEN_OVER.to_owned());
    end_waiting(core, job, End { state, code, message, record: None }, now).await
}

/// Ends a job that is waiting. Says whether it was still waiting.
pub(crate) async fn end_waiting(core: &Core, job: JobId, end: End, now: Timestamp) -> bool {
    core.cache.take(job);
    let prepared = match core.journal.prepare(job).await {
        Ok(Some(prepared)) if !prepared.job.state.is_terminal() => prepared,
        Err(Error::Damaged(_)) => return bury(core, Grave::Job(job)).await.unwrap_or(false),
        Ok(_) | Err(_) => return false,
    };
    let mut found = ReadBack::of(core, prepared, Expect::Waiting).await;
    let keep = core.snapshot().limits.keep_secrets;
    let mut change = found.end(end.state, Some((end.code, end.message)), now, keep);
    change.effects.records.extend(end.record);
    let closed = core.insist(change, Some((found.shown(), Moment::Settled))).await == Wrote::Yes;
    if closed {
        ended(core, &found.progress, now);
    }
    closed
}

/// A job has ended, and that is on disk.
pub(crate) fn ended(core: &Core, progress: &Progress, now: Timestamp) {
    let job = &progress.job;
    core.stats.ended(&job.action, job.state, job.accepted_at, now);
    log::ended(job, progress.first_failed().map(|step| &*step.backend), now);
}
