//! Retention.

use intendant_journal::{
    DeliveryFilter, EffectSet, Expect, Fate, Journal, Mark, NewJob, NewRecord, Over, Pruned, RecordFilter,
    Scrub,
};
use model::{
    Code, DeliveryState, DeliveryTo, EventKind, EventsCursor, JobState, OutboxPlace, OutcomeKind, RecordKind,
};
use zeroize::Zeroizing;

use crate::support::*;

fn audit(number: i64) -> NewRecord {
    NewRecord {
        kind: RecordKind::Audit,
        at: at(number),
        who: "alice".to_owned(),
        what: None,
        code: Code::from_static("paused"),
        message: String::new(),
        body: Vec::new(),
    }
}

/// How many audit records there are.
async fn audits(journal: &dyn Journal) -> usize {
    journal.records(RecordFilter::of(RecordKind::Audit), None, 999).await.unwrap().rows.len()
}

pub async fn what_is_old_or_too_much_is_pruned(bed: &dyn Bed) {
    let Opened { journal, .. } = bed.open();
    for number in 1..=300 {
        accept(&*journal, job_of("ann", number)).await;
        run(&*journal, number, OutcomeKind::Done, at(1_000 + i64::try_from(number).unwrap())).await;
        journal.record(audit(i64::try_from(number).unwrap())).await.unwrap();
    }
    let mut keep = everything();
    keep.jobs_before = at(1_101);
    assert_eq!(journal.prune(keep, at(5_000)).await.unwrap().jobs, 100);
    assert_eq!(journal.job(id(100)).await.unwrap(), None);
    the_job(&*journal, 101).await;
    assert_eq!(journal.steps(id(100)).await.unwrap(), []);
    assert_eq!(journal.attempts(id(100)).await.unwrap(), []);
    keep.jobs_max = 50;
    assert_eq!(journal.prune(keep, at(5_000)).await.unwrap().jobs, 150);
    assert_eq!(journal.job(id(250)).await.unwrap(), None);
    the_job(&*journal, 251).await;

    keep.records_before = at(101);
    keep.events_max = 10;
    assert_eq!(journal.prune(keep, at(5_000)).await.unwrap().jobs, 0);
    assert_eq!(audits(&*journal).await, 200);
    assert_eq!(journal.events(EventsCursor::default(), 999).await.unwrap().rows.len(), 10);
    keep.records_max = 7;
    journal.prune(keep, at(5_000)).await.unwrap();
    assert_eq!(audits(&*journal).await, 7);
    sound(&*journal).await;
}

pub async fn the_oldest_go_also_when_the_clock_is_behind_and_more_end_meanwhile(bed: &dyn Bed) {
    let Opened { journal, .. } = bed.open();
    let ends = async |numbers: std::ops::RangeInclusive<u64>| {
        for number in numbers {
            accept(&*journal, job_of(&number.to_string(), number)).await;
            run(&*journal, number, OutcomeKind::Done, at(1_000)).await;
        }
    };
    ends(1..=600).await;
    let mut keep = everything();
    keep.jobs_max = 590;
    // By its clock all of them were accepted in the future.
    let behind = at(-10 * 3_600_000);
    let pruning = async {
        for _ in 0..5 {
            journal.prune(keep, behind).await.unwrap();
        }
    };
    tokio::join!(pruning, ends(601..=700));
    journal.prune(keep, behind).await.unwrap();
    let mut gone = 0;
    for number in 1..=700 {
        match journal.job(id(number)).await.unwrap() {
            None if gone == number - 1 => gone = number,
            None => panic!("job {number} is gone, and there are older ones behind {gone}"),
            Some(_) => {}
        }
    }
    assert_eq!(gone, 110);
    sound(&*journal).await;
}

pub async fn messages_have_a_bound_of_their_own(bed: &dyn Bed) {
    let Opened { journal, .. } = bed.open();
    let seen = |second| NewRecord { kind: RecordKind::Message, ..audit(second) };
    let messages = async || {
        let filter = RecordFilter::of(RecordKind::Message);
        journal.records(filter, None, 999).await.unwrap().rows.iter().map(|r| r.at).collect::<Vec<_>>()
    };
    journal.record(audit(1)).await.unwrap();
    for second in 2..=40 {
        journal.record(seen(second)).await.unwrap();
    }
    let mut keep = everything();
    keep.messages_max = 10;
    journal.prune(keep, at(100)).await.unwrap();
    assert_eq!(messages().await.len(), 10, "too many are removed, the oldest first");
    keep.messages_before = at(38);
    journal.prune(keep, at(100)).await.unwrap();
    assert_eq!(messages().await, [at(40), at(39), at(38)]);
    assert_eq!(audits(&*journal).await, 1, "the audit is kept");
    sound(&*journal).await;
}

pub async fn what_lives_is_kept_and_what_is_owed_too_long_is_given_up(bed: &dyn Bed) {
    use DeliveryState::{Delivered, Pending, Undeliverable};

    let Opened { journal, .. } = bed.open();
    for number in 1..=4 {
        accept(&*journal, job_of(&number.to_string(), number)).await;
    }
    // One waits, one runs, one still owes a delivery, one is done.
    journal.change(start(2, at(10))).await.unwrap();
    journal.change(start(3, at(10))).await.unwrap();
    let mut owing = settle(3, 1, OutcomeKind::Done, at(11));
    owing.effects.deliveries = vec![delivery(1, at(11)), delivery(4, at(11))];
    journal.change(owing).await.unwrap();
    journal.mark(delivery_id(4), Mark::Delivered, at(12)).await.unwrap();
    run(&*journal, 4, OutcomeKind::Done, at(12)).await;
    let free =
        EffectSet { deliveries: vec![delivery(2, at(13)), delivery(3, at(13))], ..EffectSet::default() };
    journal.apply(free, None, at(13)).await.unwrap();
    journal.mark(delivery_id(3), Mark::Delivered, at(14)).await.unwrap();

    let mut keep = everything();
    keep.jobs_max = 2;
    assert_eq!(
        journal.prune(keep, at(500)).await.unwrap(),
        Pruned::default(),
        "no rule says anything of them"
    );
    keep.jobs_before = at(12);
    let last = journal.last_event().await.unwrap();
    let pruned = journal.prune(keep, at(1_000)).await.unwrap();
    assert_eq!(pruned, Pruned { jobs: 1, given_up: 1, over: false });
    for number in [1, 2, 4] {
        the_job(&*journal, number).await;
    }
    assert_eq!(journal.job(id(3)).await.unwrap(), None);
    // It is told, and stays to be seen and to be sent again.
    let told = journal.events(last, 9).await.unwrap().rows;
    assert_eq!(
        told.iter().map(|e| (e.kind, e.job)).collect::<Vec<_>>(),
        [(EventKind::Undeliverable, Some(id(3)))]
    );
    let all = journal.outbox(DeliveryFilter::default(), None, 9).await.unwrap().rows;
    let found: Vec<_> = all.iter().map(|d| (d.id, d.job, d.state, d.attempts)).collect();
    assert_eq!(
        found,
        [
            (delivery_id(3), None, Delivered, 1),
            (delivery_id(2), None, Pending, 0),
            (delivery_id(1), None, Undeliverable, 0)
        ]
    );
    assert!(all[2].message.as_ref().unwrap().contains("given up"), "{:?}", all[2]);
    // Whoever still had it under way does not bring it back, and may have succeeded.
    journal.mark(delivery_id(1), Mark::Later(at(2_000), "busy".to_owned()), at(1_001)).await.unwrap();
    assert_eq!(journal.deliveries(None, OutboxPlace::default(), 9).await.unwrap().rows.len(), 1);
    let again = vec![delivery_id(1)];
    journal.settle_dead(again, Fate::Again, EffectSet::default(), at(1_002)).await.unwrap();
    assert_eq!(journal.deliveries(None, OutboxPlace::default(), 9).await.unwrap().rows.len(), 2);
    sound(&*journal).await;
}

pub async fn deliveries_of_no_job_are_bounded_too(bed: &dyn Bed) {
    let Opened { journal, .. } = bed.open();
    let deliveries = (1..=300).map(|number| delivery(number, at(13))).collect();
    journal.apply(EffectSet { deliveries, ..EffectSet::default() }, None, at(13)).await.unwrap();
    let mut keep = everything();
    keep.jobs_max = 100;
    let pruned = journal.prune(keep, at(1_000)).await.unwrap();
    assert_eq!(pruned, Pruned { jobs: 0, given_up: 200, over: false });
    let left = journal.outbox(DeliveryFilter::default(), None, 999).await.unwrap().rows;
    let count = |state| left.iter().filter(|delivery| delivery.state == state).count();
    assert_eq!((count(DeliveryState::Pending), count(DeliveryState::Undeliverable)), (100, 100));
    assert_eq!(left[0].id, delivery_id(300), "the newest are kept");
    sound(&*journal).await;
}

pub async fn what_waits_for_one_address_is_bounded(bed: &dyn Bed) {
    let Opened { journal, .. } = bed.open();
    let elsewhere = DeliveryTo { courier: "sesame".to_owned(), address: "elsewhere".to_owned() };
    let mut deliveries: Vec<_> = (1..=9).map(|number| delivery(number, at(1))).collect();
    deliveries[4].1 = elsewhere.clone();
    journal.apply(EffectSet { deliveries, ..EffectSet::default() }, None, at(1)).await.unwrap();
    let to = delivery(1, at(1)).1;
    let start = OutboxPlace::default();
    let line = async |to: &DeliveryTo, after, limit| {
        let page = journal.line(to.clone(), after, limit).await.unwrap();
        (page.rows.iter().map(|row| delivery_number(row.id)).collect::<Vec<_>>(), page.next)
    };
    let all = journal.line(to.clone(), start, 9).await.unwrap().rows;
    let place = |number| all.iter().find(|row| row.id == delivery_id(number)).unwrap().seq;
    assert_eq!(line(&to, place(2), 3).await, (vec![3, 4, 6], Some(place(6))));
    assert_eq!(line(&elsewhere, start, 9).await, (vec![5], None));
    // Those that came before a time, after a place.
    let over = Over { to: to.clone(), after: place(1), before: delivery_id(4), why: "too old".to_owned() };
    assert_eq!(journal.give_up(over, at(5)).await.unwrap(), 2);
    assert_eq!(line(&to, start, 9).await.0, [1, 4, 6, 7, 8, 9]);
    // The oldest of too many.
    assert_eq!(journal.bound_lines(4, at(6)).await.unwrap(), 2);
    assert_eq!(
        (line(&to, start, 9).await.0, line(&elsewhere, start, 9).await.0),
        (vec![6, 7, 8, 9], vec![5])
    );
    let dead = DeliveryFilter { state: Some(DeliveryState::Undeliverable), ..DeliveryFilter::default() };
    let dead = journal.outbox(dead, None, 9).await.unwrap().rows;
    assert_eq!(dead.iter().map(|row| delivery_number(row.id)).collect::<Vec<_>>(), [4, 3, 2, 1]);
    assert!(dead.iter().all(|row| row.message.is_some()));
    sound(&*journal).await;
}

pub async fn too_many_bytes_make_the_oldest_go(bed: &dyn Bed) {
    const BIG: usize = 20_000;
    let Opened { journal, .. } = bed.open();
    for number in 1..=300 {
        accept(&*journal, NewJob { body: vec![b'x'; BIG], ..job(number) }).await;
        if number > 5 {
            run(&*journal, number, OutcomeKind::Done, at(1_000 + i64::try_from(number).unwrap())).await;
        }
    }
    // As old as the middle of them, and one of each kind.
    for kind in [RecordKind::Refusal, RecordKind::Audit] {
        journal.record(NewRecord { kind, at: at(1_150), body: vec![b'x'; BIG], ..audit(1) }).await.unwrap();
    }
    let mut keep = everything();
    keep.bytes_max = 1 << 30;
    assert_eq!(journal.prune(keep, at(5_000)).await.unwrap(), Pruned::default());
    keep.bytes_max = 2_000_000;
    let pruned = journal.prune(keep, at(5_000)).await.unwrap();
    assert!((150..290).contains(&pruned.jobs) && !pruned.over, "{pruned:?}");
    assert_eq!(journal.job(id(6)).await.unwrap(), None);
    the_job(&*journal, 300).await;
    for number in 1..=5 {
        the_job(&*journal, number).await;
    }
    let refusals = journal.records(RecordFilter::of(RecordKind::Refusal), None, 9).await.unwrap().rows;
    assert_eq!(refusals, [], "it was as old");
    assert_eq!(audits(&*journal).await, 1, "who changed what is kept");
    assert_eq!(journal.prune(keep, at(5_000)).await.unwrap(), Pruned::default(), "it is small enough");
    keep.bytes_max = 1;
    let pruned = journal.prune(keep, at(5_000)).await.unwrap();
    assert!(pruned.over, "what lives is kept, and it is said");
    the_job(&*journal, 5).await;
    sound(&*journal).await;
}

pub async fn secrets_are_scrubbed_when_their_time_comes(bed: &dyn Bed) {
    let Opened { journal, .. } = bed.open();
    for number in 1..=2 {
        let secrets = Some(Zeroizing::new(b"a secret".to_vec()));
        accept(&*journal, NewJob { secrets, ..job(number) }).await;
        journal.change(start(number, at(10))).await.unwrap();
        let mut failed = settle(number, 1, OutcomeKind::Hard, at(20));
        failed.to.scrub = Scrub::Until(at(1_000 * i64::try_from(number).unwrap()));
        journal.change(failed).await.unwrap();
    }
    let kept = async || -> Vec<bool> {
        let mut kept = Vec::new();
        for number in 1..=2 {
            kept.push(journal.prepare(id(number)).await.unwrap().unwrap().secrets.is_some());
        }
        kept
    };
    journal.prune(everything(), at(999)).await.unwrap();
    assert_eq!(kept().await, [true, true]);
    journal.prune(everything(), at(1_000)).await.unwrap();
    assert_eq!(kept().await, [false, true]);
    journal.prune(everything(), at(9_000)).await.unwrap();
    assert_eq!(kept().await, [false, false]);
    sound(&*journal).await;
}

pub async fn numbers_are_never_given_twice(bed: &dyn Bed) {
    let (events, last, record) = {
        let Opened { journal, .. } = bed.open();
        let mut numbers = Vec::new();
        for number in 1..=2 {
            let seq = accept(&*journal, job(number)).await;
            numbers.push((seq, journal.record(audit(1)).await.unwrap()));
        }
        assert!(numbers[0].0 < numbers[1].0 && numbers[0].1 < numbers[1].1);
        journal.change(to(1, Expect::Waiting, JobState::Cancelled, at(10))).await.unwrap();
        journal.change(to(2, Expect::Waiting, JobState::Cancelled, at(10))).await.unwrap();
        let mut keep = everything();
        (keep.jobs_max, keep.records_max, keep.events_max) = (0, 0, 0);
        assert_eq!(journal.prune(keep, at(100)).await.unwrap().jobs, 2);
        assert_eq!(journal.events(EventsCursor::default(), 9).await.unwrap().rows, []);
        let last = journal.last_event().await.unwrap();
        journal.close().await;
        (last, numbers[1].0, numbers[1].1)
    };
    let Opened { journal, .. } = bed.open();
    assert_eq!(journal.last_event().await.unwrap(), events);
    assert!(accept(&*journal, job(3)).await > last);
    assert!(journal.record(audit(2)).await.unwrap() > record);
    let told = journal.events(events.clone(), 9).await.unwrap().rows;
    assert_eq!(told.iter().map(|event| event.job).collect::<Vec<_>>(), [Some(id(3))]);
}
