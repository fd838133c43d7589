//! What is done at start for what a lost hub left behind (design §5, invariants 2 and 5).

use futures_util::future::join_all;
use journal::{
    AttemptEnd, Change, EffectSet, Error, Expect, Grave, JobChange, OpenAttempt, Scrub, StepChange,
};
use model::word::code;
use model::{EventKind, JobState, OutcomeKind, RunMark, StepState};

use crate::bury::{Gravedigger, bury};
use crate::core::Core;
use crate::dispatcher::close_taken_over;
use crate::runner::backend_lane;

/// Ends every attempt whose end was never recorded, after its processes are gone, and puts its job back in the
/// queue. Says how many there were.
pub(crate) async fn recover(core: &Core) -> Result<usize, Error> {
    let open = core.journal.open_attempts().await?;
    // Jobs whose attempts cannot be read: nobody leads them, and nobody can find their processes.
    Gravedigger::default().dig_all(core).await;
    if open.is_empty() {
        return Ok(0);
    }
    let marks: Vec<RunMark> = open.iter().map(|a| mark(core, a)).collect();
    join_all(core.reclaim.iter().map(|reclaim| reclaim.reclaim(marks.clone()))).await;
    for result in join_all(open.iter().map(|attempt| put_back(core, attempt))).await {
        result?;
    }
    Ok(open.len())
}

/// Puts the job of an attempt back in the queue. When what the journal says of the two does not fit together, it ends.
async fn put_back(core: &Core, attempt: &OpenAttempt) -> Result<(), Error> {
    let Some(backend) = &attempt.backend else {
        return bury(core, Grave::Job(attempt.job)).await.map(drop);
    };
    match core.journal.change(requeue(core, attempt, backend)).await {
        Err(Error::Damaged(_) | Error::Fenced(_)) => bury(core, Grave::Job(attempt.job)).await.map(drop),
        done => done,
    }
}

/// Ends live jobs that somebody else took over while this hub was away.
pub(crate) async fn withdraw_lost(core: &Core) -> Result<(), Error> {
    let lost = join_all(core.reclaim.iter().map(|reclaim| reclaim.lost(&*core.journal))).await;
    for id in lost.into_iter().flatten() {
        if let Some(job) = core.journal.job(id).await?.filter(|job| !job.state.is_terminal()) {
            close_taken_over(core, job, core.clock.now()).await;
        }
    }
    Ok(())
}

fn mark(core: &Core, attempt: &OpenAttempt) -> RunMark {
    RunMark { journal: core.journal.id(), job: attempt.job, step: attempt.step, attempt: attempt.number }
}

fn requeue(core: &Core, attempt: &OpenAttempt, backend: &str) -> Change {
    let now = core.clock.now();
    let message = "the hub stopped while this step was running; it runs again".to_owned();
    let step = StepChange {
        index: attempt.step,
        state: StepState::Pending,
        status: 0,
        code: Some(code::INTERRUPTED),
        message: Some(message.clone()),
    };
    let ended = AttemptEnd {
        step: attempt.step,
        number: attempt.number,
        kind: OutcomeKind::Soft,
        status: 0,
        code: Some(code::INTERRUPTED),
        message: Some(message),
        output: Vec::new(),
    };
    Change {
        job: attempt.job,
        at: now,
        expect: Expect::Running(attempt.step, attempt.number),
        replies: 0,
        plan: Vec::new(),
        ended: Some(ended),
        steps: vec![step],
        started: None,
        to: JobChange {
            state: JobState::Queued,
            lane: Some(backend_lane(backend)),
            due_at: now,
            status: 0,
            code: None,
            message: None,
            scrub: Scrub::Keep,
        },
        events: vec![(
            EventKind::Requeued,
            Some(attempt.step),
            Some(attempt.number),
            Some(code::INTERRUPTED),
        )],
        effects: EffectSet::default(),
    }
}
