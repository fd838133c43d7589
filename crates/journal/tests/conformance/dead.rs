//! Dead letters: what makes one, what ends it, and what they have in common.

use intendant_journal::{
    Change, Count, EffectSet, Expect, Filter, Journal, NewJob, NewRecord, Order, Page, RecordFilter,
    Retention,
};
use model::{Cause, CauseId, Code, JobState, OutcomeKind, RecordKind, Settled};

use crate::support::*;

/// A job that fails on a backend with these words.
async fn fail(journal: &dyn Journal, new: NewJob, backend: &str, message: &str) {
    let number = number(new.id);
    accept(journal, new).await;
    journal.change(start(number, at(10))).await.unwrap();
    let mut failed = settle(number, 1, OutcomeKind::Hard, at(i64::try_from(100 * number).unwrap()));
    failed.to.message = Some(message.to_owned());
    failed.to.cause = Some(Cause::new(Some(backend), Some(&Code::from_static("failed")), Some(message), &[]));
    journal.change(failed).await.unwrap();
}

fn replay(number: u64, of: u64) -> NewJob {
    NewJob { replay_of: Some(id(of)), ..job(number) }
}

fn refusal() -> NewRecord {
    NewRecord {
        kind: RecordKind::Refusal,
        at: at(1),
        who: "http".to_owned(),
        what: None,
        code: Code::from_static("unreadable"),
        message: "no document".to_owned(),
        body: b"raw".to_vec(),
    }
}

fn why(text: &str) -> EffectSet {
    let record = NewRecord { kind: RecordKind::Audit, message: text.to_owned(), ..refusal() };
    EffectSet { records: vec![record], ..EffectSet::default() }
}

async fn dead(journal: &dyn Journal, filter: Filter) -> Vec<u64> {
    let page = Page { after: None, order: Order::Oldest, limit: 99 };
    let filter = Filter { dead: true, ..filter };
    let found = journal.jobs(filter.clone(), page).await.unwrap().rows;
    let counted = journal.count(filter, None, 1000).await.unwrap();
    assert_eq!(counted, Count { jobs: found.len() as u64, more: false, next: None });
    found.into_iter().map(|job| number(job.id)).collect()
}

async fn settled(journal: &dyn Journal, number: u64) -> Option<Settled> {
    the_job(journal, number).await.failed.unwrap().settled
}

pub async fn a_replay_that_succeeds_ends_a_dead_letter(bed: &dyn Bed) {
    let Opened { journal, .. } = bed.open();
    fail(&*journal, job(1), "10a", "no").await;
    fail(&*journal, job(2), "10a", "no").await;
    accept(&*journal, job(3)).await;
    run(&*journal, 3, OutcomeKind::Done, at(1)).await;
    assert_eq!(the_job(&*journal, 3).await.failed, None);
    assert_eq!(dead(&*journal, Filter::default()).await, [1, 2]);
    accept(&*journal, replay(4, 1)).await;
    assert_eq!(dead(&*journal, Filter::default()).await, [1, 2], "nothing is settled before it has ended");
    run(&*journal, 4, OutcomeKind::Done, at(2)).await;
    assert_eq!(dead(&*journal, Filter::default()).await, [2]);
    assert_eq!(settled(&*journal, 1).await, Some(Settled::Replayed));
    sound(&*journal).await;
    journal.close().await;
    let Opened { journal, .. } = bed.open();
    assert_eq!(dead(&*journal, Filter::default()).await, [2]);
    assert_eq!(journal.dead_letters().await.unwrap().jobs, 1);
}

pub async fn a_replay_that_fails_counts_in_the_place_of_its_original(bed: &dyn Bed) {
    let Opened { journal, .. } = bed.open();
    fail(&*journal, job(1), "10a", "no").await;
    fail(&*journal, replay(2, 1), "10b", "still no").await;
    assert_eq!(dead(&*journal, Filter::default()).await, [2]);
    assert_eq!(settled(&*journal, 1).await, Some(Settled::Followed));
    accept(&*journal, replay(3, 2)).await;
    journal.change(to(3, Expect::Waiting, JobState::Cancelled, at(3))).await.unwrap();
    assert_eq!(dead(&*journal, Filter::default()).await, [2], "a cancelled one settles nothing");
    accept(&*journal, replay(4, 2)).await;
    run(&*journal, 4, OutcomeKind::Done, at(4)).await;
    assert_eq!(dead(&*journal, Filter::default()).await, Vec::<u64>::new());
    for number in 1..=2 {
        assert_eq!(settled(&*journal, number).await, Some(Settled::Replayed));
    }
    assert_eq!(journal.causes(None, 9).await.unwrap(), []);
    sound(&*journal).await;
}

pub async fn dead_letters_are_set_aside_once_and_for_a_reason(bed: &dyn Bed) {
    let Opened { journal, .. } = bed.open();
    for number in 1..=3 {
        fail(&*journal, job(number), "10a", "no").await;
    }
    accept(&*journal, job(4)).await;
    let some = vec![id(1), id(2), id(4), id(99)];
    assert_eq!(journal.set_aside(some.clone(), Vec::new(), why("they left")).await.unwrap(), 2);
    assert_eq!(dead(&*journal, Filter::default()).await, [3]);
    let record = the_job(&*journal, 1).await.failed.unwrap().record.unwrap();
    assert_eq!(journal.record_body(record).await.unwrap().unwrap().0.message, "they left");
    // They are settled: nothing is written, and nobody is told twice.
    assert_eq!(journal.set_aside(some, Vec::new(), why("again")).await.unwrap(), 0);
    assert_eq!(journal.records(RecordFilter::of(RecordKind::Audit), None, 9).await.unwrap().rows.len(), 1);
    // A replay of one that was set aside is a letter of its own.
    fail(&*journal, replay(5, 1), "10a", "no").await;
    assert_eq!(dead(&*journal, Filter::default()).await, [3, 5]);
    assert_eq!(settled(&*journal, 1).await, Some(Settled::Aside));
    sound(&*journal).await;
}

pub async fn dead_letters_are_grouped_by_cause_and_backend(bed: &dyn Bed) {
    let Opened { journal, .. } = bed.open();
    for number in 1..=3 {
        fail(&*journal, job(number), "10a", &format!("no room for user{number}")).await;
    }
    fail(&*journal, job(4), "10b", "no room for user4").await;
    fail(&*journal, job(5), "10b", "unreachable").await;
    accept(&*journal, job(6)).await;
    let expired = Change { events: vec![], ..to(6, Expect::Waiting, JobState::Failed, at(6)) };
    journal.change(expired).await.unwrap();

    let causes = journal.causes(None, 9).await.unwrap();
    assert_eq!(causes.len(), 4);
    let first = &causes[0];
    assert_eq!((first.jobs, &*first.cause.shape), (3, "no room for …"));
    assert_eq!((first.first, first.last), (Some(at(100)), Some(at(300))));
    assert_eq!(first.sample.as_deref(), Some("no room for user3"));
    let of = |cause: CauseId| Filter { cause: Some(cause), ..Filter::default() };
    assert_eq!(dead(&*journal, of(first.id)).await, [1, 2, 3]);
    assert_eq!(the_job(&*journal, 1).await.failed.unwrap().cause, first.id);
    assert_eq!(dead(&*journal, of(CauseId(7))).await, Vec::<u64>::new());
    let on = |backend: &str| Filter { failed_on: Some(backend.to_owned()), ..Filter::default() };
    assert_eq!(dead(&*journal, on("10b")).await, [4, 5]);
    let tally = journal.dead_letters().await.unwrap();
    assert_eq!((tally.jobs, tally.by_backend["10a"], tally.by_backend["10b"]), (6, 3, 2));
    assert_eq!(journal.causes(Some("10b".to_owned()), 9).await.unwrap().len(), 2);

    // The backend is that of the failing step, whichever others the plan has.
    assert_eq!(dead(&*journal, on("00dummy")).await, Vec::<u64>::new());
    journal.set_aside(vec![id(5)], Vec::new(), why("mended")).await.unwrap();
    assert_eq!(dead(&*journal, on("10b")).await, [4]);
    let page = Page { after: None, order: Order::Newest, limit: 9 };
    assert_eq!(journal.jobs(on("10b"), page).await.unwrap().rows.len(), 2, "settled ones too");
    sound(&*journal).await;
    // What retention takes away counts no longer.
    let keep = Retention { jobs_max: 1, ..everything() };
    journal.prune(keep, at(9)).await.unwrap();
    let left = dead(&*journal, Filter::default()).await;
    assert_eq!(journal.dead_letters().await.unwrap().jobs, left.len() as u64);
    assert!(left.len() <= 1);
    sound(&*journal).await;
}

pub async fn refusals_end_too(bed: &dyn Bed) {
    let Opened { journal, .. } = bed.open();
    let (mut records, all) = (Vec::new(), RecordFilter::of(RecordKind::Refusal));
    for _ in 0..3 {
        records.push(journal.record(refusal()).await.unwrap());
    }
    let open = RecordFilter { dead: true, ..all.clone() };
    assert_eq!(journal.dead_letters().await.unwrap().refusals, 3);
    let effects = EffectSet { settles: vec![records[0]], ..EffectSet::default() };
    journal.accept(job(1), effects).await.unwrap();
    assert_eq!(journal.set_aside(Vec::new(), vec![records[0], records[1]], why("noise")).await.unwrap(), 1);
    let left = journal.records(open, None, 9).await.unwrap().rows;
    assert_eq!(left.iter().map(|record| record.seq).collect::<Vec<_>>(), [records[2]]);
    assert_eq!(journal.records(all, None, 9).await.unwrap().rows.len(), 3, "they are kept");
    assert_eq!(journal.dead_letters().await.unwrap().refusals, 1);
    sound(&*journal).await;
}

pub async fn however_many_messages_there_are_causes_are_bounded(bed: &dyn Bed) {
    let Opened { journal, .. } = bed.open();
    let word = |number: u64| -> String {
        number.to_string().bytes().map(|digit| char::from(digit - b'0' + b'a')).collect()
    };
    for number in 1..=1010 {
        accept(&*journal, job(number)).await;
        let mut failed = to(number, Expect::Waiting, JobState::Failed, at(5));
        failed.to.message = Some(word(number));
        journal.change(failed).await.unwrap();
    }
    let causes = journal.causes(None, 5000).await.unwrap();
    assert_eq!((causes.len(), causes[0].jobs), (1001, 10));
    assert_eq!(journal.dead_letters().await.unwrap().jobs, 1010);
    sound(&*journal).await;
}
