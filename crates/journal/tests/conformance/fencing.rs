//! Moves that do not fit are not written, not even in part.

use futures_util::future::join_all;
use intendant_journal::{AttemptStart, Change, EffectSet, Error, Expect, NewJob, Whose};
use model::{Class, JobState, OutcomeKind, StepState};

use crate::support::*;

pub async fn what_is_not_ready_is_not_started(bed: &dyn Bed) {
    let Opened { journal, .. } = bed.open();
    accept(&*journal, job_of("ann", 1)).await;
    accept(&*journal, job_of("ann", 2)).await;
    fenced(&*journal, start(2, at(10))).await;
    // Also not under another name.
    fenced(&*journal, Change { expect: Expect::Waiting, ..start(2, at(10)) }).await;
    journal.change(start(1, at(10))).await.unwrap();
    fenced(&*journal, start(1, at(11))).await;
    fenced(&*journal, to(1, Expect::Waiting, JobState::Cancelled, at(11))).await;
    assert!(matches!(journal.change(start(9, at(10))).await, Err(Error::Missing(_))));
    sound(&*journal).await;
}

pub async fn only_the_open_attempt_ends(bed: &dyn Bed) {
    let Opened { journal, .. } = bed.open();
    accept(&*journal, job(1)).await;
    let done = |attempt| settle(1, attempt, OutcomeKind::Done, at(20));
    fenced(&*journal, done(1)).await;
    journal.change(start(1, at(10))).await.unwrap();
    fenced(&*journal, done(2)).await;
    let elsewhere = Change { expect: Expect::Running(1, 1), ..done(1) };
    fenced(&*journal, elsewhere).await;
    let unlike = Change { ended: Some(ended(2, OutcomeKind::Done)), ..done(1) };
    fenced(&*journal, unlike).await;
    // A later attempt fences the earlier one.
    journal.change(retry(1, 1, at(15), at(16))).await.unwrap();
    journal.change(restart(1, 2, at(16))).await.unwrap();
    fenced(&*journal, done(1)).await;
    journal.change(done(2)).await.unwrap();
    fenced(&*journal, done(2)).await;
    sound(&*journal).await;
}

pub async fn an_attempt_belongs_to_the_life_that_began_it(bed: &dyn Bed) {
    let take_back = |attempt| to(1, Expect::Orphan(0, attempt), JobState::Queued, at(20));
    let done = |attempt| settle(1, attempt, OutcomeKind::Done, at(30));
    let not_ours = |result| assert!(matches!(result, Err(Error::NotOurs(job)) if job == id(1)), "{result:?}");
    {
        let Opened { journal, .. } = bed.open();
        accept(&*journal, job_of("ann", 1)).await;
        journal.change(start(1, at(10))).await.unwrap();
        assert_eq!(journal.open_attempts(Whose::Ours).await.unwrap().len(), 1);
        assert_eq!(journal.open_attempts(Whose::Gone).await.unwrap(), [], "its own are never taken back");
        not_ours(journal.change(take_back(1)).await);
        journal.close().await;
    }
    let Opened { journal, .. } = bed.open();
    assert_eq!(journal.open_attempts(Whose::Ours).await.unwrap(), []);
    assert_eq!(journal.open_attempts(Whose::Gone).await.unwrap().len(), 1);
    not_ours(journal.change(done(1)).await);
    fenced(&*journal, take_back(2)).await;
    assert_eq!(the_job(&*journal, 1).await.state, JobState::Running);
    journal.change(take_back(1)).await.unwrap();
    assert_eq!(journal.open_attempts(Whose::Gone).await.unwrap(), []);
    journal.change(restart(1, 2, at(25))).await.unwrap();
    assert_eq!(journal.open_attempts(Whose::Ours).await.unwrap().len(), 1);
    journal.change(done(2)).await.unwrap();
    sound(&*journal).await;
}

pub async fn impossible_moves_are_not_written(bed: &dyn Bed) {
    let Opened { journal, .. } = bed.open();
    accept(&*journal, job(1)).await;
    // From queued.
    fenced(&*journal, to(1, Expect::Ready, JobState::Succeeded, at(5))).await;
    fenced(&*journal, to(1, Expect::Ready, JobState::Running, at(5))).await;
    fenced(&*journal, Change { started: Some(AttemptStart { step: 1, number: 1 }), ..start(1, at(5)) }).await;
    fenced(&*journal, Change { started: Some(AttemptStart { step: 0, number: 2 }), ..start(1, at(5)) }).await;
    fenced(&*journal, restart(1, 1, at(5))).await;
    journal.change(start(1, at(10))).await.unwrap();
    // An attempt's number is one more than any before; a plan is frozen once.
    journal.change(retry(1, 1, at(20), at(21))).await.unwrap();
    fenced(&*journal, restart(1, 1, at(21))).await;
    fenced(&*journal, restart(1, 3, at(21))).await;
    fenced(&*journal, Change { plan: start(1, at(21)).plan, ..restart(1, 2, at(21)) }).await;
    // A job runs as long as an attempt does.
    journal.change(restart(1, 2, at(21))).await.unwrap();
    let idle = Change {
        ended: Some(ended(2, OutcomeKind::Done)),
        steps: vec![step(StepState::Succeeded)],
        ..to(1, Expect::Running(0, 2), JobState::Running, at(22))
    };
    fenced(&*journal, idle).await;
    // A step that succeeded is never run again.
    let handed_back = Change {
        ended: Some(ended(2, OutcomeKind::Done)),
        steps: vec![step(StepState::Succeeded)],
        ..to(1, Expect::Running(0, 2), JobState::Queued, at(22))
    };
    journal.change(handed_back).await.unwrap();
    fenced(&*journal, restart(1, 3, at(23))).await;
    sound(&*journal).await;
}

pub async fn a_failed_move_leaves_no_trace(bed: &dyn Bed) {
    let Opened { journal, heard } = bed.open();
    accept(&*journal, job_of("ann", 1)).await;
    journal.change(start(1, at(10))).await.unwrap();
    let (before, steps) = (the_job(&*journal, 1).await, journal.steps(id(1)).await.unwrap());
    let events = journal.last_event().await.unwrap();
    heard.take();
    // Fails at its last part, when the rest has been written.
    let mut change = settle(1, 1, OutcomeKind::Done, at(20));
    change.effects.entities = vec![entity("ann", 7, Some("synced"))];
    change.effects.follow_ups = vec![job(5)];
    assert!(matches!(journal.change(change).await, Err(Error::Conflict { .. })));
    assert_eq!(the_job(&*journal, 1).await, before);
    assert_eq!(journal.steps(id(1)).await.unwrap(), steps);
    assert_eq!(journal.attempts(id(1)).await.unwrap().len(), 1);
    assert_eq!(journal.last_event().await.unwrap(), events);
    assert_eq!(journal.job(id(5)).await.unwrap(), None);
    let told = heard.take();
    assert!(told.iter().all(|c| c.due.is_empty() && c.events.is_empty() && c.owed.is_empty()), "{told:?}");
    sound(&*journal).await;
}

pub async fn a_failing_neighbour_does_no_harm(bed: &dyn Bed) {
    let Opened { journal, heard } = bed.open();
    for number in 1..=60 {
        accept(&*journal, job_of(&number.to_string(), number)).await;
    }
    let before = journal.last_event().await.unwrap();
    heard.take();
    // All at once: every third one fails after it has written, every third one before.
    let moves = (1..=60_u64).map(|number| {
        let mut change = start(number, at(100));
        match number % 3 {
            0 => change.effects.entities = vec![entity("ann", 7, Some("synced"))],
            1 => change.expect = Expect::Running(0, 1),
            _ => {}
        }
        journal.change(change)
    });
    let outcomes = join_all(moves).await;
    for (number, outcome) in (1..=60_u64).zip(outcomes) {
        let state = the_job(&*journal, number).await.state;
        match number % 3 {
            0 => assert!(matches!(outcome, Err(Error::Conflict { .. })) && state == JobState::Queued),
            1 => assert!(matches!(outcome, Err(Error::Fenced(_))) && state == JobState::Queued),
            _ => assert!(outcome.is_ok() && state == JobState::Running),
        }
    }
    let mut events: Vec<_> = heard.take().into_iter().flat_map(|c| c.events).collect();
    assert_eq!(events.len(), 20, "only of those that were written");
    let mut read = journal.events(before, 100).await.unwrap().rows;
    // Where several write, each has an order of its own.
    for events in [&mut events, &mut read] {
        events.sort_by_key(|event| event.seq.origin());
    }
    assert_eq!(read, events);
    sound(&*journal).await;
}

pub async fn a_late_reply_address_is_a_conflict(bed: &dyn Bed) {
    let Opened { journal, .. } = bed.open();
    let with = |number, address: &str| NewJob {
        reply: Some(address.as_bytes().to_vec()),
        class: Class::Interactive,
        ..known_as("abc", b"content", job(number))
    };
    accept(&*journal, with(1, "first")).await;
    journal.change(start(1, at(10))).await.unwrap();
    let settled = |replies| Change { replies, ..settle(1, 1, OutcomeKind::Done, at(20)) };
    // Somebody joins after the effects were made for one.
    journal.accept(with(2, "second"), EffectSet::default()).await.unwrap();
    assert!(matches!(journal.change(settled(1)).await, Err(Error::Conflict { .. })));
    assert_eq!(the_job(&*journal, 1).await.state, JobState::Running);
    journal.change(settled(2)).await.unwrap();
}
