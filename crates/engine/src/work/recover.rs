//! What is done at start for what a lost hub left behind.

use futures_util::future::join_all;
use jiff::Timestamp;
use journal::{Error, Expect, Grave, OpenAttempt, Whose};
use model::word::code;
use model::{JobState, RunMark};

use crate::port::Moment;
use crate::state::core::Core;
use crate::work::bury::{Gravedigger, bury};
use crate::work::ending::{CANCELLED, end_taken_over, ended};
use crate::work::read_back::ReadBack;
use crate::work::settle::Wrote;

/// Ends every attempt that a life before this one has left open, after its processes are gone, and puts its job back in the
/// queue. Says how many there were.
pub(crate) async fn recover(core: &Core) -> Result<usize, Error> {
    let open = core.journal.open_attempts(Whose::Gone).await?;
    if core.is_leading() {
        // Jobs whose attempts cannot be read: nobody leads them, and nobody can find their processes.
        Gravedigger::default().dig_all(core).await;
    }
    put_back_all(core, &open).await
}

/// The same for jobs that have become ours while we work, beside others.
pub(crate) async fn take_back(core: &Core) -> Result<usize, Error> {
    put_back_all(core, &core.journal.open_attempts(Whose::Gone).await?).await
}

async fn put_back_all(core: &Core, open: &[OpenAttempt]) -> Result<usize, Error> {
    let marks: Vec<RunMark> = open.iter().map(|a| mark(core, a)).collect();
    let journal = core.journal.id();
    join_all(core.reclaim.iter().map(|reclaim| reclaim.reclaim(journal, marks.clone()))).await;
    for result in join_all(open.iter().map(|attempt| put_back(core, attempt))).await {
        result?;
    }
    Ok(open.len())
}

/// Puts the job of an attempt back in the queue. When what the journal says of the two does not fit together, it ends.
async fn put_back(core: &Core, attempt: &OpenAttempt) -> Result<(), Error> {
    let done = match core.journal.prepare(attempt.job).await {
        Ok(Some(prepared)) if attempt.backend.is_some() => {
            let expect = Expect::Orphan(attempt.step, attempt.number);
            let mut found = ReadBack::of(core, prepared, expect).await;
            let progress = &mut found.progress;
            let (place, now) = (usize::from(attempt.step), core.clock.now());
            progress.lost(place, now);
            if progress.job.cancelled_by.is_some() {
                return end_cancelled(core, found, now).await;
            }
            core.journal.change(progress.requeue(place, now)).await
        }
        Ok(_) => Err(Error::Damaged(format!("an attempt of job {} has no step", attempt.job))),
        Err(error) => Err(error),
    };
    match done {
        Err(Error::Damaged(_) | Error::Fenced(_)) => bury(core, Grave::Job(attempt.job)).await.map(drop),
        // Somebody else takes it back.
        Err(Error::NotOurs(_)) => Ok(()),
        done => done,
    }
}

/// Somebody had cancelled it while it ran.
async fn end_cancelled(core: &Core, mut found: ReadBack, now: Timestamp) -> Result<(), Error> {
    let why = Some((code::CANCELLED, CANCELLED.to_owned()));
    let change = found.progress.end(JobState::Cancelled, why, now, core.snapshot().limits.keep_secrets);
    if core.insist(change, Some((found.shown(), Moment::Settled))).await == Wrote::Yes {
        ended(core, &found.progress, now);
    }
    Ok(())
}

/// Ends live jobs that somebody else took over while this hub was away.
pub(crate) async fn withdraw_lost(core: &Core) -> Result<(), Error> {
    let lost = join_all(core.reclaim.iter().map(|reclaim| reclaim.lost(&*core.journal))).await;
    for id in lost.into_iter().flatten() {
        if let Some(job) = core.journal.job(id).await?.filter(|job| !job.state.is_terminal()) {
            end_taken_over(core, job.id, core.clock.now()).await;
        }
    }
    Ok(())
}

fn mark(core: &Core, attempt: &OpenAttempt) -> RunMark {
    RunMark { journal: core.journal.id(), job: attempt.job, step: attempt.step, attempt: attempt.number }
}
