//! Jobs that are told to wait, that are put off, and that change nothing.

use std::time::Duration;

use intendant_journal::{Change, Expect, NewJob, StepChange};
use jiff::Timestamp;
use model::word::code;
use model::{JobState, OutcomeKind, StepState};

use crate::support::*;

/// An attempt of step 0 ended in a wait: the job waits until then.
fn put_off(number: u64, attempt: u32, now: Timestamp, until: Timestamp) -> Change {
    let mut end = ended(attempt, OutcomeKind::Wait);
    end.code = Some(code::WAIT);
    let waits = StepChange {
        waits: attempt,
        waited: Duration::from_millis(7),
        due_at: Some(until),
        ..step(StepState::Pending)
    };
    let mut change = Change {
        ended: Some(end),
        steps: vec![waits],
        ..to(number, Expect::Running(0, attempt), JobState::Queued, now)
    };
    change.to.due_at = until;
    change.to.code = Some(code::WAIT);
    change.to.lane = Some("@00dummy".to_owned());
    change
}

pub async fn of_many_waits_the_last_one_is_kept(bed: &dyn Bed) {
    let Opened { journal, .. } = bed.open();
    accept(&*journal, job(1)).await;
    journal.change(start(1, at(10))).await.unwrap();
    for attempt in 1..=40 {
        let now = 10 + i64::from(attempt) * 2;
        journal.change(put_off(1, attempt, at(now), at(now + 1))).await.unwrap();
        journal.change(restart(1, attempt + 1, at(now + 1))).await.unwrap();
    }
    journal.change(settle(1, 41, OutcomeKind::Done, at(200))).await.unwrap();
    let kept: Vec<_> =
        journal.attempts(id(1)).await.unwrap().into_iter().map(|(a, _)| (a.number, a.kind)).collect();
    assert_eq!(kept, [(40, Some(OutcomeKind::Wait)), (41, Some(OutcomeKind::Done))]);
    sound(&*journal).await;
}

pub async fn waits_are_counted_with_their_step(bed: &dyn Bed) {
    let Opened { journal, heard } = bed.open();
    accept(&*journal, job(1)).await;
    journal.change(start(1, at(10))).await.unwrap();
    heard.take();
    journal.change(put_off(1, 1, at(20), at(500))).await.unwrap();
    assert_eq!(heard.due(), [(id(1), at(500), model::Class::Bulk)]);
    journal.close().await;
    let Opened { journal, .. } = bed.open();
    let steps = journal.steps(id(1)).await.unwrap();
    assert_eq!((steps[0].waits, steps[0].waited), (1, Duration::from_millis(7)));
    assert_eq!((steps[0].attempts, steps[0].tried), (1, 0));
}

pub async fn an_arrival_hurries_nobody_who_was_told_to_wait(bed: &dyn Bed) {
    let Opened { journal, .. } = bed.open();
    accept(&*journal, job_of("ann", 1)).await;
    journal.change(start(1, at(10))).await.unwrap();
    journal.change(put_off(1, 1, at(20), at(500_000))).await.unwrap();
    accept(&*journal, NewJob { accepted_at: at(60_000), ..job_of("ann", 2) }).await;
    assert_eq!(the_job(&*journal, 1).await.due_at, at(500_000));
}

pub async fn what_is_put_off_keeps_its_place_and_its_time(bed: &dyn Bed) {
    let Opened { journal, heard } = bed.open();
    let later = NewJob { not_before: Some(at(900)), ..job_of("ann", 1) };
    accept(&*journal, later).await;
    assert_eq!(heard.due(), [(id(1), at(900), model::Class::Bulk)]);
    accept(&*journal, job_of("ann", 2)).await;
    accept(&*journal, NewJob { not_before: Some(at(5_000)), ..job_of("ann", 3) }).await;
    assert_eq!(heard.due(), [], "the one before waits, and so do those behind it");
    let found = the_job(&*journal, 1).await;
    assert_eq!((found.not_before, found.due_at, found.head), (Some(at(900)), at(900), true));
    run(&*journal, 1, OutcomeKind::Done, at(1_000)).await;
    run(&*journal, 2, OutcomeKind::Done, at(1_001)).await;
    assert_eq!(the_job(&*journal, 3).await.due_at, at(5_000), "also when its turn comes earlier");
    sound(&*journal).await;
}

pub async fn a_clock_put_right_lets_nobody_wait_beyond_its_rule(bed: &dyn Bed) {
    const DAY: i64 = 24 * 3_600_000;
    let Opened { journal, .. } = bed.open();
    // Told to wait for a minute while the clock ran thirty days ahead.
    accept(&*journal, job(1)).await;
    journal.change(start(1, at(30 * DAY))).await.unwrap();
    journal.change(put_off(1, 1, at(30 * DAY), at(30 * DAY + 60_000))).await.unwrap();
    // Put off until tomorrow, and for ten years.
    accept(&*journal, NewJob { not_before: Some(at(DAY)), ..job(2) }).await;
    accept(&*journal, NewJob { not_before: Some(at(3_650 * DAY)), ..job(3) }).await;
    journal.set_back(at(5_000), Duration::ZERO).await.unwrap();
    let due = async |number| the_job(&*journal, number).await.due_at;
    assert_eq!(due(1).await, at(65_000));
    assert_eq!(due(2).await, at(DAY));
    assert_eq!(due(3).await, at(5_000 + 366 * DAY));
}

pub async fn a_dry_run_is_no_later_success(bed: &dyn Bed) {
    let Opened { journal, .. } = bed.open();
    accept(&*journal, job_of("ann", 1)).await;
    run(&*journal, 1, OutcomeKind::Hard, at(10)).await;
    accept(&*journal, NewJob { dry_run: true, ..job_of("ann", 2) }).await;
    run(&*journal, 2, OutcomeKind::Done, at(20)).await;
    assert!(the_job(&*journal, 2).await.dry_run);
    assert_eq!(journal.later_success(id(1)).await.unwrap(), None);
}
