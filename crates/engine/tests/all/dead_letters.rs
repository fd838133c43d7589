//! Dead letters: edited and replayed, replayed once only, many in their order; deliveries sent again or dropped.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use crate::support::{Bed, Fake, SLOW, entry, request, setup};
use engine::port::{BoxFuture, Courier, Delivered, Moment, Reactor, View};
use engine::{Actor, Dead, Error, Replay, Setup};
use futures_util::future::join_all;
use journal::{DeliveryFilter, Filter, RecordFilter};
use model::word::code;
use model::{
    Delivery, DeliveryState, DeliveryTo, Effects, Entity, JobState, MASK, NewDelivery, OnError, Outcome,
    RecordKind, Request, Subject,
};
use serde_json::{Value, json};

fn actor() -> Actor {
    Actor("alice".into())
}

fn no() -> Outcome {
    Outcome::hard(3, code::FAILED, "no")
}

/// The newest audit record of this code: message, before, after.
async fn audit(bed: &Bed, code: &str) -> (String, Option<Value>, Option<Value>) {
    let filter = RecordFilter { code: Some(code.into()), ..RecordFilter::of(RecordKind::Audit) };
    let newest = bed.hub.journal().records(filter, None, 1).await.unwrap().rows.remove(0);
    assert_eq!(newest.who, "alice");
    let (record, changed) = bed.hub.audited(newest.seq).await.unwrap();
    (record.message, changed.before, changed.after)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_edited_document_keeps_the_secrets_it_does_not_touch() {
    let fake = Fake::answers(vec![no(), no()]);
    let bed = Bed::with(vec![entry("b", fake.clone(), OnError::Stop, SLOW)]).await;
    let body = json!({"concernedTo": "wrong", "payload": {
        "mail": "a@b.c", "newPassword": "first-canary", "pin": {"secret": "second-canary"}, "gone": 1}});
    let failed = bed.accept(Request::new("test", "DO", body)).await;
    bed.ended(failed).await;
    let mut shown = bed.hub.body(failed).await.unwrap();
    shown["concernedTo"] = json!("right");
    shown["payload"]["newPassword"] = json!("third-canary");
    shown["payload"].as_object_mut().unwrap().remove("gone");
    assert_eq!(shown["payload"]["pin"]["secret"], MASK);
    let replay = Replay { document: Some(shown), ..Replay::default() };
    let again = bed.hub.retry(failed, &replay, &actor()).await.unwrap();
    bed.ended(again).await;
    let expected = json!({"concernedTo": "right", "payload": {
        "mail": "a@b.c", "newPassword": "third-canary", "pin": {"secret": "second-canary"}}});
    assert_eq!(fake.bodies()[1], expected);
    assert_eq!(bed.job(again).await.subject, Subject::new("identity", "right"), "the subject is found anew");

    let (message, before, after) = audit(&bed, "replayed").await;
    assert!(message.contains("/concernedTo") && message.contains("/payload/newPassword"), "{message}");
    let expected = json!({"/payload/newPassword": "changed", "/concernedTo": "wrong", "/payload/gone": 1});
    assert_eq!(before, Some(expected));
    assert_eq!(after, Some(json!({"/payload/newPassword": "changed", "/concernedTo": "right"})));

    // A mask where no secret was is a secret that is asked for.
    let lost = Replay { document: Some(json!({"concernedTo": "x", "note": MASK})), ..Replay::default() };
    let refused = bed.hub.retry(again, &lost, &actor()).await.unwrap_err();
    assert!(matches!(&refused, Error::SecretsGone { pointers, .. } if pointers == &["/note"]), "{refused}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dead_letter_is_replayed_once_however_many_ask() {
    let fake = Fake::answers(vec![no()]);
    let bed = Bed::with(vec![entry("b", fake.clone(), OnError::Stop, SLOW)]).await;
    let failed = bed.accept(Request { subject: None, ..Request::new("test", "DO", json!({"n": 1})) }).await;
    bed.ended(failed).await;
    let (plain, actor) = (Replay::default(), actor());
    let asked = join_all((0..8).map(|_| bed.hub.retry(failed, &plain, &actor))).await;
    let new: Vec<_> = asked.iter().filter_map(|outcome| outcome.as_ref().ok()).collect();
    assert_eq!(new.len(), 1, "{asked:?}");
    for refused in asked.iter().filter_map(|outcome| outcome.as_ref().err()) {
        assert!(
            matches!(refused, Error::Replayed { job, replay, .. } if *job == failed && replay == new[0]),
            "{refused}"
        );
    }
    assert_eq!(bed.ended(*new[0]).await.state, JobState::Succeeded);
    let late = bed.hub.retry(failed, &Replay { stale: true, ..plain }, &actor).await.unwrap_err();
    assert!(late.to_string().contains("has succeeded"), "{late}");
    assert_eq!(fake.count(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_are_retried_in_the_order_in_which_they_came() {
    let mended = Arc::new(AtomicBool::new(false));
    let fake = {
        let mended = Arc::clone(&mended);
        Fake::new(move |_| if mended.load(Ordering::SeqCst) { Outcome::done() } else { no() })
    };
    let bed = Bed::with(vec![entry("b", fake.clone(), OnError::Stop, SLOW)]).await;
    let mut failed = Vec::new();
    for n in 0..30 {
        failed.push(bed.accept(request("DO", ["ann", "bob", "cat"][n % 3])).await);
    }
    for id in &failed {
        bed.ended(*id).await;
    }
    mended.store(true, Ordering::SeqCst);
    let report = bed.hub.retry_many(Filter::default(), false, &actor()).await.unwrap();
    assert_eq!((report.retried, report.refused, report.left), (30, 0, 0));
    bed.until(async || fake.count() == 60).await;
    let mut origins = Vec::new();
    for id in &fake.jobs()[30..] {
        let job = bed.job(*id).await;
        origins.push((job.subject.unwrap(), job.replay_of.unwrap()));
    }
    for who in ["ann", "bob", "cat"] {
        let of = |place: usize| ["ann", "bob", "cat"][place % 3] == who;
        let expected: Vec<_> = (0..30).filter(|n| of(*n)).map(|n| failed[n]).collect();
        let ran: Vec<_> =
            origins.iter().filter(|(subject, _)| subject.value() == who).map(|(_, of)| *of).collect();
        assert_eq!(ran, expected, "{who}");
    }
    // Each has a replay that lives, or has succeeded: then it is no dead letter any more.
    let again = bed.hub.retry_many(Filter::default(), true, &actor()).await.unwrap();
    assert_eq!(again.retried, 0);
    bed.until(async || bed.hub.journal().dead_letters().await.unwrap().jobs == 0).await;
    let again = bed.hub.retry_many(Filter::default(), true, &actor()).await.unwrap();
    assert_eq!((again.retried, again.refused), (0, 0));
    let named = bed.hub.retry_many(engine::Which::These(failed), true, &actor()).await.unwrap();
    assert_eq!((named.retried, named.refused), (0, 30), "also where they are named");
}

/// Replies to an address that takes nothing until it is told to.
struct Post {
    open: AtomicBool,
    /// There is no connection.
    lost: AtomicBool,
    taken: Mutex<Vec<Value>>,
}

impl Reactor for Post {
    fn react(&self, view: &View<'_>, moment: Moment, _: &[Entity]) -> Effects {
        let to = DeliveryTo { courier: "post".into(), address: view.body["to"].as_str().unwrap().into() };
        let delivery = NewDelivery { to, body: view.body["n"].clone(), due_at: None };
        let deliveries = if moment == Moment::Settled { vec![delivery] } else { Vec::new() };
        Effects { deliveries, ..Effects::default() }
    }
}

impl Courier for Post {
    fn is_open(&self) -> bool {
        !self.lost.load(Ordering::SeqCst)
    }

    fn deliver(&self, delivery: Delivery) -> BoxFuture<'_, Delivered> {
        let answer = if self.open.load(Ordering::SeqCst) {
            self.taken.lock().unwrap().push(delivery.body);
            Delivered::Done
        } else {
            Delivered::Never(format!("{} moved away", delivery.to.address))
        };
        Box::pin(async move { answer })
    }
}

fn posted(post: &Arc<Post>) -> Setup {
    let mut parts = setup(vec![entry("b", Fake::done(), OnError::Stop, SLOW)]);
    parts.reactors.push(Arc::clone(post) as Arc<dyn Reactor>);
    for name in ["post", "other"] {
        parts.couriers.insert(name.into(), Arc::clone(post) as Arc<dyn Courier>);
    }
    parts
}

async fn dead(bed: &Bed) -> Vec<Delivery> {
    let filter = DeliveryFilter { state: Some(DeliveryState::Undeliverable), ..DeliveryFilter::default() };
    bed.hub.deliveries(filter, None, 99).await.unwrap().rows
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_could_not_be_delivered_is_sent_again_or_dropped() {
    let post =
        Arc::new(Post { open: AtomicBool::new(false), lost: AtomicBool::default(), taken: Mutex::default() });
    let bed = Bed::new(posted(&post)).await;
    for n in 0..6 {
        let to = if n % 2 == 0 { "ann" } else { "bob" };
        let id = bed.accept(Request::new("test", "DO", json!({"to": to, "n": n}))).await;
        bed.ended(id).await;
    }
    bed.until(async || dead(&bed).await.len() == 6).await;
    let told = bed.hub.delivery_causes().await.unwrap();
    let [group] = told.causes.as_slice() else { panic!("one cause: {told:?}") };
    assert_eq!((group.letters, &*group.cause.shape, told.more), (6, "… moved away", false));
    assert_eq!(group.sample, "bob moved away", "the last one's words");
    let of = async |cause| {
        let filter = DeliveryFilter { address: Some("ann".into()), ..DeliveryFilter::default() };
        bed.hub.deliveries_of(cause, filter, None, 2).await.unwrap()
    };
    assert_eq!((of(group.id).await.rows.len(), of(model::CauseId(7)).await.rows.len()), (2, 0));
    post.open.store(true, Ordering::SeqCst);
    let ann = Dead::All { courier: Some("post".into()), address: Some("ann".into()), cause: None };
    assert_eq!(bed.hub.retry_deliveries(ann, &actor()).await.unwrap(), 3);
    bed.until(async || post.taken.lock().unwrap().len() == 3).await;
    assert_eq!(*post.taken.lock().unwrap(), [json!(0), json!(2), json!(4)], "in their order");
    let (message, before, _) = audit(&bed, "redelivered").await;
    assert_eq!(
        (message.as_str(), before.unwrap()["state"].clone()),
        ("3 deliveries to be sent again", json!("undeliverable"))
    );

    let rest = dead(&bed).await;
    let one = Dead::These(vec![rest[0].id]);
    let silent = bed.hub.drop_deliveries(one.clone(), " \n", &actor()).await;
    assert!(matches!(silent, Err(Error::Refused { .. })), "{silent:?}");
    assert_eq!(bed.hub.drop_deliveries(one.clone(), " ann left ", &actor()).await.unwrap(), 1);
    assert_eq!(bed.hub.retry_deliveries(one, &actor()).await.unwrap(), 0, "dropped is dropped");
    let (message, _, after) = audit(&bed, "dropped").await;
    assert_eq!((&*message, after.unwrap()), ("dropped: ann left", json!({ "why": "ann left" })));
    let one = Dead::These(vec![rest[1].id]);
    assert_eq!(bed.hub.retry_deliveries(one, &actor()).await.unwrap(), 1);
    bed.until(async || post.taken.lock().unwrap().len() == 4).await;
    bed.until(async || bed.hub.stats().deliveries["post"].delivered == 4).await;
    assert_eq!(bed.hub.stats().deliveries["post"].undeliverable, 6);
    assert_eq!(dead(&bed).await.len(), 1);
    let cause = |cause| Dead::All { courier: None, address: None, cause: Some(cause) };
    let other = bed.hub.drop_deliveries(cause(model::CauseId(7)), "none", &actor()).await;
    assert_eq!(other.unwrap(), 0);
    assert_eq!(bed.hub.drop_deliveries(cause(group.id), "bob left", &actor()).await.unwrap(), 1);
    assert_eq!((dead(&bed).await.len(), bed.hub.delivery_causes().await.unwrap().causes.len()), (0, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn more_than_memory_holds_is_sent_again_once_and_in_order() {
    const MANY: u64 = 6_000;
    const ADDRESSES: u64 = 20;
    let post =
        Arc::new(Post { open: AtomicBool::new(false), lost: AtomicBool::default(), taken: Mutex::default() });
    let bed = Bed::new(posted(&post)).await;
    let delivery = |n: u64| NewDelivery {
        to: DeliveryTo { courier: "post".into(), address: (n % ADDRESSES).to_string() },
        body: json!(n),
        due_at: None,
    };
    bed.hub.tell((0..MANY).map(delivery).collect()).await.unwrap();
    let undelivered = |bed: &Bed| bed.hub.stats().deliveries.get("post").map_or(0, |sent| sent.undeliverable);
    bed.until(async || undelivered(&bed) == MANY).await;

    // After a restart none of them is in memory, and one that leaves shows that they were passed over.
    let bed = bed.restart(posted(&post)).await;
    post.open.store(true, Ordering::SeqCst);
    let to = DeliveryTo { courier: "other".into(), address: "elsewhere".into() };
    bed.hub.tell(vec![NewDelivery { to, body: Value::Null, due_at: None }]).await.unwrap();
    let delivered = |by: &str| bed.hub.stats().deliveries.get(by).map_or(0, |sent| sent.delivered);
    bed.until(async || delivered("other") == 1).await;

    post.lost.store(true, Ordering::SeqCst);
    let all = Dead::All { courier: Some("post".into()), address: None, cause: None };
    assert_eq!(bed.hub.retry_deliveries(all, &actor()).await.unwrap(), MANY);
    bed.until(async || bed.hub.stats().waiting_to_leave == usize::try_from(MANY).unwrap()).await;
    // There is no room for what is new: it is read later, without those that were sent again.
    bed.hub.tell(vec![delivery(MANY)]).await.unwrap();
    bed.until(async || bed.hub.stats().waiting_to_leave == usize::try_from(MANY).unwrap()).await;
    post.lost.store(false, Ordering::SeqCst);
    bed.hub.wake_outbox();
    bed.until(async || delivered("post") > MANY).await;

    let taken: Vec<u64> = post.taken.lock().unwrap().iter().filter_map(Value::as_u64).collect();
    for address in 0..ADDRESSES {
        let came: Vec<u64> = taken.iter().copied().filter(|n| n % ADDRESSES == address).collect();
        let expected: Vec<u64> = (0..=MANY).filter(|n| n % ADDRESSES == address).collect();
        assert_eq!(came, expected, "address {address}");
    }
}
