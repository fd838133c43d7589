//! Dead letters end: by a replay that succeeds, or set aside for a reason; in groups by their cause.

use std::sync::Arc;

use engine::port::Decoder;
use engine::{Actor, Error, Refusals, Which, Why};
use journal::{Filter, Order, Page, RecordFilter};
use model::word::code;
use model::{Code, OnError, Outcome, RecordKind, Refusal, Request, Settled};

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
    assert_eq!(bed.hub.set_aside_refusals(Refusals::All(bus, None), "noise", &actor()).await.unwrap(), 1);
    assert_eq!(refusals().await, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn refusals_of_one_cause_are_listed_handed_in_again_and_set_aside() {
    let mut parts = setup(vec![entry("b", Fake::done(), OnError::Stop, SLOW)]);
    parts.decoders.insert("bus".to_owned(), Arc::new(Lines));
    let bed = Bed::new(parts).await;
    for (raw, message) in [
        ("ann", "no action for \"ann\""),
        ("?", "line 3 is no document"),
        ("bob", "no action for \"bob\""),
        ("?", "line 17 is no document"),
    ] {
        let refusal = Refusal {
            source: "bus".to_owned(),
            external_id: None,
            action: None,
            code: Code::from_static("unreadable"),
            message: message.to_owned(),
            raw: raw.as_bytes().to_vec(),
        };
        bed.hub.refuse(refusal).await.unwrap();
    }
    let told = bed.hub.refusal_causes().await.unwrap();
    let shapes: Vec<_> = told.causes.iter().map(|group| (&*group.cause.shape, group.letters)).collect();
    assert_eq!((shapes.len(), told.looked_at, told.more), (2, 4, false));
    assert!(shapes.contains(&("no action for …", 2)) && shapes.contains(&("line … is no document", 2)));
    let id = |shape: &str| told.causes.iter().find(|group| group.cause.shape == shape).unwrap().id;
    let (action, line) = (id("no action for …"), id("line … is no document"));
    let all = || RecordFilter::of(RecordKind::Refusal);
    let first = bed.hub.refusals_of(action, all(), None, 1).await.unwrap();
    assert_eq!(first.rows[0].message, "no action for \"bob\"");
    let second = bed.hub.refusals_of(action, all(), first.next, 9).await.unwrap();
    assert_eq!((second.rows.len(), second.next), (1, None));
    assert_eq!(second.rows[0].message, "no action for \"ann\"");

    // What can be read now is accepted, in the order in which it came; what cannot is told, and stays.
    let again = bed.hub.resubmit_many(Refusals::All(all(), Some(action)), &actor()).await.unwrap();
    assert_eq!((again.accepted, again.refused, again.left), (2, 0, 0));
    let page = Page { after: None, order: Order::Oldest, limit: 9 };
    let jobs = bed.hub.jobs(Filter::default(), None, page).await.unwrap().rows;
    let about: Vec<_> = jobs.iter().map(|job| job.subject.as_ref().unwrap().value()).collect();
    assert_eq!(about, ["ann", "bob"]);
    let again = bed.hub.resubmit_many(Refusals::All(all(), None), &actor()).await.unwrap();
    assert_eq!((again.accepted, again.refused), (0, 2), "those that are settled are not handed in again");
    assert_eq!(again.refusals[0].1, "not a name");
    let aside = bed.hub.set_aside_refusals(Refusals::All(all(), Some(line)), "a toy", &actor()).await;
    assert_eq!(aside.unwrap(), 2);
    assert_eq!(bed.hub.refusal_causes().await.unwrap().causes, []);
}

/// Takes a name for a request about somebody.
struct Lines;

impl Decoder for Lines {
    fn decode(&self, raw: &[u8]) -> Result<Request, Why> {
        match str::from_utf8(raw).unwrap() {
            "?" => Err(Why { code: code::UNREADABLE, message: "not a name".to_owned() }),
            name => Ok(request("DO", name)),
        }
    }
}
