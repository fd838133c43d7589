//! The order of a subject's jobs.

use intendant_journal::{Expect, Journal, NewJob};
use model::{Class, JobState, OutcomeKind, Subject};

use crate::support::*;

async fn heads(journal: &dyn Journal, numbers: std::ops::RangeInclusive<u64>) -> Vec<u64> {
    let mut heads = Vec::new();
    for number in numbers {
        if the_job(journal, number).await.head {
            heads.push(number);
        }
    }
    heads
}

pub async fn only_the_oldest_live_job_of_a_subject_is_head(bed: &dyn Bed) {
    let Opened { journal, heard } = bed.open();
    for number in 1..=3 {
        accept(&*journal, job_of("ann", number)).await;
    }
    accept(&*journal, job_of("bob", 4)).await;
    // The same value of another kind is another subject.
    let other_kind = NewJob { subject: Subject::new("account", "ann"), ..job(5) };
    accept(&*journal, other_kind).await;
    assert_eq!(heads(&*journal, 1..=5).await, [1, 4, 5]);
    assert_eq!(heard.due().iter().map(|(id, ..)| *id).collect::<Vec<_>>(), [id(1), id(4), id(5)]);

    run(&*journal, 1, OutcomeKind::Done, at(10)).await;
    assert_eq!(heads(&*journal, 1..=5).await, [2, 4, 5]);
    assert_eq!(heard.due(), [(id(2), at(2), Class::Bulk)]);
    sound(&*journal).await;
}

pub async fn every_terminal_state_frees_the_next(bed: &dyn Bed) {
    let Opened { journal, heard } = bed.open();
    for number in 1..=5 {
        accept(&*journal, job_of("ann", number)).await;
    }
    run(&*journal, 1, OutcomeKind::Done, at(10)).await;
    run(&*journal, 2, OutcomeKind::Hard, at(11)).await;
    heard.take();
    journal.change(to(3, Expect::Ready, JobState::Cancelled, at(12))).await.unwrap();
    assert_eq!(heard.due(), [(id(4), at(4), Class::Bulk)]);
    journal.change(to(4, Expect::Waiting, JobState::Superseded, at(13))).await.unwrap();
    assert_eq!(heard.due(), [(id(5), at(5), Class::Bulk)]);
    assert_eq!(heads(&*journal, 1..=5).await, [5]);
    let states: Vec<_> = journal.tallies().await.unwrap().into_iter().map(|t| (t.state, t.jobs)).collect();
    assert_eq!(
        states,
        [
            (JobState::Queued, 1),
            (JobState::Running, 0),
            (JobState::Retrying, 0),
            (JobState::Succeeded, 1),
            (JobState::Failed, 1),
            (JobState::Cancelled, 1),
            (JobState::Superseded, 1),
        ]
    );
    sound(&*journal).await;
}

pub async fn cancelling_one_that_waits_frees_nobody(bed: &dyn Bed) {
    let Opened { journal, heard } = bed.open();
    for number in 1..=3 {
        accept(&*journal, job_of("ann", number)).await;
    }
    heard.take();
    journal.change(to(2, Expect::Waiting, JobState::Cancelled, at(10))).await.unwrap();
    assert_eq!(heard.due(), []);
    assert_eq!(heads(&*journal, 1..=3).await, [1]);
    run(&*journal, 1, OutcomeKind::Done, at(11)).await;
    assert_eq!(heads(&*journal, 1..=3).await, [3]);
    sound(&*journal).await;
}

pub async fn an_arrival_hurries_a_retrying_head_but_not_too_soon(bed: &dyn Bed) {
    let Opened { journal, heard } = bed.open();
    let arrive = |number: u64, now: i64| NewJob { accepted_at: at(now), ..job_of("ann", number) };
    accept(&*journal, arrive(1, 0)).await;
    journal.change(start(1, at(0))).await.unwrap();
    journal.change(retry(1, 1, at(1_000), at(600_000))).await.unwrap();
    assert_eq!(heard.due().last(), Some(&(id(1), at(600_000), Class::Bulk)));

    accept(&*journal, arrive(2, 2_000)).await;
    assert_eq!(heard.due(), [(id(1), at(11_000), Class::Bulk)], "ten seconds after its last attempt");
    accept(&*journal, arrive(3, 3_000)).await;
    assert_eq!(heard.due(), [], "it is not put off again");
    assert_eq!(the_job(&*journal, 1).await.due_at, at(11_000));

    journal.change(restart(1, 2, at(11_000))).await.unwrap();
    journal.change(retry(1, 2, at(12_000), at(900_000))).await.unwrap();
    heard.take();
    accept(&*journal, arrive(4, 60_000)).await;
    assert_eq!(heard.due(), [(id(1), at(60_000), Class::Bulk)], "at once when ten seconds are over");
    // A running head and a queued one are left alone.
    journal.change(restart(1, 3, at(60_000))).await.unwrap();
    accept(&*journal, arrive(5, 61_000)).await;
    journal.change(settle(1, 3, OutcomeKind::Done, at(62_000))).await.unwrap();
    heard.take();
    accept(&*journal, arrive(6, 63_000)).await;
    assert_eq!(heard.due(), []);
    assert_eq!(the_job(&*journal, 2).await.due_at, at(2_000));
}

pub async fn an_interactive_arrival_lends_its_class(bed: &dyn Bed) {
    let Opened { journal, heard } = bed.open();
    let urgent = |number| NewJob { class: Class::Interactive, ..job_of("ann", number) };
    for number in 1..=2 {
        accept(&*journal, job_of("ann", number)).await;
    }
    accept(&*journal, job_of("bob", 3)).await;
    heard.take();
    accept(&*journal, urgent(4)).await;
    assert_eq!(heard.due(), [(id(1), at(1), Class::Interactive)], "the head's class is told");
    let mut classes = Vec::new();
    for number in 1..=4 {
        classes.push(the_job(&*journal, number).await.class);
    }
    assert_eq!(classes, [Class::Interactive, Class::Interactive, Class::Bulk, Class::Interactive]);
    assert_eq!(
        journal.due("IDENTITY_UPDATE".to_owned(), Class::Interactive, 9).await.unwrap().rows[0].id,
        id(1)
    );

    accept(&*journal, job_of("ann", 5)).await;
    accept(&*journal, urgent(6)).await;
    assert_eq!(heard.due(), [], "the head was urgent already");
    assert_eq!(the_job(&*journal, 5).await.class, Class::Interactive, "those in between are lent it, too");
    // A running head is not offered again.
    accept(&*journal, job_of("cat", 7)).await;
    journal.change(start(7, at(7))).await.unwrap();
    heard.take();
    accept(&*journal, NewJob { class: Class::Interactive, ..job_of("cat", 8) }).await;
    assert_eq!(heard.due(), []);
    assert_eq!(the_job(&*journal, 7).await.class, Class::Interactive);
}

pub async fn jobs_without_subject_are_always_heads(bed: &dyn Bed) {
    let Opened { journal, heard } = bed.open();
    for number in 1..=3 {
        accept(&*journal, job(number)).await;
    }
    assert_eq!(heads(&*journal, 1..=3).await, [1, 2, 3]);
    heard.take();
    run(&*journal, 2, OutcomeKind::Done, at(10)).await;
    assert_eq!(heard.due(), []);
    assert_eq!(heads(&*journal, 1..=3).await, [1, 3]);
    sound(&*journal).await;
}
