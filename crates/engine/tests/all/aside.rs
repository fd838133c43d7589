//! Dead letters end: by a replay that succeeds, or set aside for a reason; in groups by their cause.

use engine::{Actor, Error, Refusals, Which};
use journal::{Filter, RecordFilter};
use model::word::code;
use model::{Code, OnError, Outcome, RecordKind, Refusal, Settled};

use crate::support::{Bed, Fake, SLOW, entry, request, setup};

fn actor() -> Actor {
    Actor("alice".into())
}

fn no(message: &str) -> Outcome {
    Outcome::hard(3, code::FAILED, message)
}

async fn dead(bed: &Bed) -> u64 {
    bed.hub.journal().dead_letters().await.unwrap().jobs
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_group_of_one_cause_is_retried_and_ends() {
    let fake =
        Fake::answers(vec![no("no room for anna.b (3)"), no("no room for Zoé (77)"), no("unreachable")]);
    let done = entry("a", Fake::done(), OnError::Stop, SLOW);
    let bed = Bed::with(vec![done, entry("b", fake, OnError::Stop, SLOW)]).await;
    let mut jobs = Vec::new();
    for subject in ["anna.b", "Zoé", "carl"] {
        let job = bed.accept(request("DO", subject)).await;
        bed.ended(job).await;
        jobs.push(job);
    }
    let causes = bed.hub.journal().causes(None, 9).await.unwrap();
    let shapes: Vec<_> = causes.iter().map(|found| (found.jobs, found.cause.shape.as_str())).collect();
    assert_eq!(shapes, [(2, "no room for … (…)"), (1, "unreachable")]);
    assert_eq!(causes[0].cause.backend.as_deref(), Some("b"), "the one whose step failed");

    let group = Filter { cause: Some(causes[0].id), ..Filter::default() };
    let report = bed.hub.retry_many(group.clone(), false, &actor()).await.unwrap();
    assert_eq!((report.retried, report.refused), (2, 0));
    bed.until(async || dead(&bed).await == 1).await;
    let settled = bed.job(jobs[0]).await.failed.unwrap().settled;
    assert_eq!(settled, Some(Settled::Replayed));
    // What is settled is not run again with the others, also after a restart.
    let bed = bed.restart(setup(vec![entry("b", Fake::done(), OnError::Stop, SLOW)])).await;
    assert_eq!(bed.hub.retry_many(group, false, &actor()).await.unwrap().retried, 0);
    assert_eq!(bed.hub.retry_many(Filter::default(), false, &actor()).await.unwrap().retried, 1);
    bed.until(async || dead(&bed).await == 0).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_set_aside_has_a_reason_in_the_audit_and_counts_no_longer() {
    let fake = Fake::answers(vec![no("first"), no("first"), no("second")]);
    let bed = Bed::with(vec![entry("b", fake, OnError::Stop, SLOW)]).await;
    let mut jobs = Vec::new();
    for subject in ["a", "b", "c"] {
        let job = bed.accept(request("DO", subject)).await;
        bed.ended(job).await;
        jobs.push(job);
    }
    for reason in [String::new(), " \n".to_owned(), "x".repeat(1001)] {
        let refused = bed.hub.set_aside(Filter::default(), &reason, &actor()).await;
        assert!(matches!(refused, Err(Error::Refused { .. })), "{refused:?}");
    }
    assert_eq!(dead(&bed).await, 3);
    let one = bed.hub.set_aside(Which::These(vec![jobs[2]]), " done by hand ", &actor()).await;
    assert_eq!(one.unwrap(), 1);
    let record = bed.job(jobs[2]).await.failed.unwrap().record.unwrap();
    let (record, changed) = bed.hub.audited(record).await.unwrap();
    assert_eq!((&*record.who, &*record.message), ("alice", "set aside: done by hand"));
    assert_eq!(record.what, Some(format!("job {}", jobs[2])));
    assert_eq!(changed.after.unwrap()["why"], "done by hand");

    let on = |backend: &str| Filter { failed_on: Some(backend.to_owned()), ..Filter::default() };
    assert_eq!(bed.hub.set_aside(on("a"), "none", &actor()).await.unwrap(), 0);
    assert_eq!(bed.hub.set_aside(on("b"), "they left", &actor()).await.unwrap(), 2);
    let filter = RecordFilter { code: Some("set_aside".to_owned()), ..RecordFilter::of(RecordKind::Audit) };
    let told = bed.hub.journal().records(filter, None, 9).await.unwrap().rows;
    assert_eq!(told.len(), 2, "nothing is told where nothing was done");
    assert_eq!(told[0].message, "2 dead letters set aside: they left");
    assert_eq!(dead(&bed).await, 0);
    assert_eq!(bed.hub.set_aside(Filter::default(), "again", &actor()).await.unwrap(), 0);
    // One alone can still be retried.
    let again = bed.hub.retry(jobs[0], &engine::Replay::default(), &actor()).await.unwrap();
    bed.ended(again).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn refusals_are_set_aside_too() {
    let bed = Bed::with(vec![entry("b", Fake::done(), OnError::Stop, SLOW)]).await;
    let mut records = Vec::new();
    for source in ["http", "bus", "bus"] {
        let refusal = Refusal {
            source: source.to_owned(),
            external_id: None,
            action: None,
            code: Code::from_static("unreadable"),
            message: "no".to_owned(),
            raw: b"x".to_vec(),
        };
        records.push(bed.hub.refuse(refusal).await.unwrap());
    }
    let refusals = async || bed.hub.journal().dead_letters().await.unwrap().refusals;
    let these = Refusals::These(vec![records[1]]);
    assert_eq!(bed.hub.set_aside_refusals(these, "noise", &actor()).await.unwrap(), 1);
    let bus = RecordFilter { who: Some("bus".to_owned()), ..RecordFilter::of(RecordKind::Refusal) };
    assert_eq!(bed.hub.set_aside_refusals(Refusals::All(bus), "noise", &actor()).await.unwrap(), 1);
    assert_eq!(refusals().await, 1);
}
