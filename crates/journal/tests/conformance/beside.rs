//! Two handles on one journal: what is done by one of them counts for the other.

use futures_util::future::join;
use intendant_journal::{Acceptance, EffectSet, Error};
use model::{JobState, OutcomeKind};

use crate::support::*;

pub async fn what_one_accepts_the_other_knows(bed: &dyn Bed) {
    let one = bed.open();
    let two = bed.beside(&one);
    assert_eq!(one.journal.id(), two.journal.id());
    let first = accept(&*one.journal, known_as("abc", b"content", job_of("ann", 1))).await;
    let again = known_as("abc", b"content", job_of("ann", 2));
    let answer = two.journal.accept(again, EffectSet::default()).await.unwrap();
    assert!(matches!(answer, Acceptance::Known(Some(_), known) if known == id(1)), "{answer:?}");
    // One line for each subject, whoever accepts.
    assert!(accept(&*two.journal, job_of("ann", 3)).await > first);
    assert!(!the_job(&*one.journal, 3).await.head);
    run(&*one.journal, 1, OutcomeKind::Done, at(10)).await;
    assert!(the_job(&*two.journal, 3).await.head);
    sound(&*two.journal).await;
}

pub async fn of_two_who_start_a_job_one_does(bed: &dyn Bed) {
    let one = bed.open();
    let two = bed.beside(&one);
    accept(&*one.journal, job(1)).await;
    let (first, second) =
        join(one.journal.change(start(1, at(10))), two.journal.change(start(1, at(10)))).await;
    assert!(first.is_ok() != second.is_ok(), "{first:?}, {second:?}");
    assert_eq!(one.journal.attempts(id(1)).await.unwrap().len(), 1);
}

pub async fn of_two_who_write_an_entity_one_does(bed: &dyn Bed) {
    let one = bed.open();
    let two = bed.beside(&one);
    let write = |state| EffectSet { entities: vec![entity("ann", 0, Some(state))], ..EffectSet::default() };
    let (first, second) =
        join(one.journal.apply(write("a"), None, at(1)), two.journal.apply(write("b"), None, at(1))).await;
    let conflicts = |result: &Result<(), Error>| matches!(result, Err(Error::Conflict { .. }));
    assert!(conflicts(&first) != conflicts(&second), "{first:?}, {second:?}");
    let stored = two.journal.entity(entity_key("ann")).await.unwrap().unwrap();
    assert_eq!(stored.state, if first.is_ok() { "a" } else { "b" });
    // Both are told: copies in memory follow from what was committed, not from who did it.
    let told: Vec<_> = one.heard.take().into_iter().flat_map(|committed| committed.entities).collect();
    assert_eq!(told[0].1.as_ref().unwrap().state, stored.state);
}

pub async fn whoever_runs_a_job_is_told_of_its_cancel(bed: &dyn Bed) {
    let one = bed.open();
    let two = bed.beside(&one);
    accept(&*one.journal, job(1)).await;
    one.journal.change(start(1, at(10))).await.unwrap();
    one.heard.take();
    two.journal.ask_cancel(id(1), "alice".to_owned(), EffectSet::default()).await.unwrap();
    let cancels: Vec<_> = one.heard.take().into_iter().flat_map(|committed| committed.cancels).collect();
    assert_eq!(cancels, [id(1)]);
    assert_eq!(the_job(&*one.journal, 1).await.state, JobState::Running, "it is ended by who runs it");
}

pub async fn events_of_both_are_followed(bed: &dyn Bed) {
    let one = bed.open();
    let two = bed.beside(&one);
    let mut seen = two.journal.last_event().await.unwrap();
    for number in 1..=6 {
        let by = if number % 2 == 0 { &one } else { &two };
        accept(&*by.journal, job(number)).await;
        let page = two.journal.events(seen.clone(), 9).await.unwrap();
        let jobs: Vec<_> = page.rows.iter().map(|event| event.job).collect();
        assert_eq!(jobs, [Some(id(number))], "each once, whoever wrote it");
        assert!(page.rows.iter().all(|event| seen.pass(event.seq)));
    }
    let all = one.journal.events(model::EventsCursor::default(), 99).await.unwrap();
    assert_eq!(all.rows.len(), 6);
}
