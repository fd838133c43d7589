//! What another worker took over ends here, and what cannot leave waits without being tried.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use crate::support::{Bed, Fake, SLOW, entry, request, setup};
use engine::port::{BoxFuture, Courier, Delivered, Moment, Reactor, Reclaim, View};
use journal::{DeliveryFilter, Filter, Order, Page, Read};
use model::{
    Delivery, DeliveryState, DeliveryTo, Effects, Entity, JobId, JobState, NewDelivery, OnError, RunMark,
};
use serde_json::Value;
use tokio::sync::Semaphore;
use uuid::Uuid;

#[tokio::test]
async fn a_job_that_waits_or_runs_ends_as_taken_over() {
    let gate = Arc::new(Semaphore::new(0));
    let fake = Fake::gated(&gate);
    let bed = Bed::with(vec![entry("a", fake, OnError::Stop, SLOW)]).await;
    let running = bed.accept(request("DO", "x")).await;
    bed.state(running, JobState::Running).await;
    let waiting = bed.accept(request("DO", "x")).await;

    assert!(bed.hub.withdraw(waiting).await.unwrap());
    assert!(bed.hub.withdraw(running).await.unwrap());

    for id in [waiting, running] {
        let job = bed.ended(id).await;
        assert_eq!(job.state, JobState::Cancelled);
        assert_eq!(job.code.unwrap().as_str(), "taken_over");
    }
    assert!(!bed.hub.withdraw(running).await.unwrap(), "one that has ended stays as it is");
}

/// Says at start that every live job is lost.
struct AllLost;

impl Reclaim for AllLost {
    fn reclaim(&self, _: Uuid, _: Vec<RunMark>) -> BoxFuture<'_, ()> {
        Box::pin(async {})
    }

    fn lost<'a>(&'a self, journal: &'a dyn Read) -> BoxFuture<'a, Vec<JobId>> {
        Box::pin(async move {
            let live = Filter { states: vec![JobState::Queued, JobState::Retrying], ..Filter::default() };
            let jobs = journal
                .jobs(live, Page { after: None, order: Order::Newest, limit: 100 })
                .await
                .unwrap()
                .rows;
            jobs.into_iter().map(|job| job.id).collect()
        })
    }
}

#[tokio::test]
async fn what_was_taken_over_while_the_hub_was_away_never_runs() {
    let closed = Arc::new(Semaphore::new(0));
    let first = Fake::gated(&closed);
    let bed = Bed::with(vec![entry("a", first, OnError::Stop, SLOW)]).await;
    let running = bed.accept(request("DO", "x")).await;
    bed.state(running, JobState::Running).await;
    let waiting = bed.accept(request("DO", "x")).await;
    bed.hub.stop(std::time::Duration::ZERO).await;

    let second = Fake::done();
    let mut parts = setup(vec![entry("a", second.clone(), OnError::Stop, SLOW)]);
    parts.reclaim.push(Arc::new(AllLost));
    let bed = Bed { hub: crate::support::start_in(bed.folder.path(), parts).await, folder: bed.folder };
    for id in [running, waiting] {
        assert_eq!(bed.ended(id).await.code.unwrap().as_str(), "taken_over");
    }
    assert_eq!(second.count(), 0);
}

/// Delivers while it is open.
#[derive(Default)]
struct Door {
    open: AtomicBool,
    tried: AtomicU32,
}

impl Courier for Door {
    fn is_open(&self) -> bool {
        self.open.load(Ordering::SeqCst)
    }

    fn deliver(&self, _: Delivery) -> BoxFuture<'_, Delivered> {
        self.tried.fetch_add(1, Ordering::SeqCst);
        Box::pin(async { Delivered::Done })
    }
}

struct Replies;

impl Reactor for Replies {
    fn react(&self, _: &View<'_>, moment: Moment, _: &[Entity]) -> Effects {
        let to = DeliveryTo { courier: "door".to_owned(), address: "here".to_owned() };
        let reply = NewDelivery { to, body: Value::Null, due_at: None };
        let deliveries = if moment == Moment::Settled { vec![reply] } else { Vec::new() };
        Effects { deliveries, ..Effects::default() }
    }
}

#[tokio::test]
async fn nothing_is_tried_through_a_closed_courier() {
    let door = Arc::new(Door::default());
    let mut parts = setup(vec![entry("a", Fake::done(), OnError::Stop, SLOW)]);
    parts.reactors.push(Arc::new(Replies));
    parts.couriers = HashMap::from([("door".to_owned(), Arc::clone(&door) as Arc<dyn Courier>)]);
    let bed = Bed::new(parts).await;
    let job = bed.accept(request("DO", "x")).await;
    bed.ended(job).await;
    let delivery = async || bed.hub.story(job).await.unwrap().deliveries.remove(0);
    assert_eq!((delivery().await.state, delivery().await.attempts), (DeliveryState::Pending, 0));

    door.open.store(true, Ordering::SeqCst);
    bed.hub.wake_outbox();
    bed.until(async || delivery().await.state == DeliveryState::Delivered).await;
    assert_eq!(door.tried.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn what_a_closed_courier_holds_back_keeps_no_other_waiting_and_leaves_later() {
    /// More than is held in memory for one courier.
    const MANY: u32 = 5_000;
    let (shut, free) = (Arc::new(Door::default()), Arc::new(Door::default()));
    free.open.store(true, Ordering::SeqCst);
    let mut parts = setup(Vec::new());
    parts.couriers = HashMap::from([
        ("shut".to_owned(), Arc::clone(&shut) as Arc<dyn Courier>),
        ("free".to_owned(), Arc::clone(&free) as Arc<dyn Courier>),
    ]);
    let bed = Bed::new(parts).await;
    let new = |courier: &str, n: u32| {
        let to = DeliveryTo { courier: courier.to_owned(), address: n.to_string() };
        NewDelivery { to, body: Value::Null, due_at: None }
    };
    bed.hub.tell((0..MANY).map(|n| new("shut", n)).collect()).await.unwrap();
    bed.hub.tell(vec![new("free", 1), new("shut", 1), new("free", 2)]).await.unwrap();
    bed.until(async || free.tried.load(Ordering::SeqCst) == 2).await;
    assert_eq!(shut.tried.load(Ordering::SeqCst), 0);

    shut.open.store(true, Ordering::SeqCst);
    bed.hub.wake_outbox();
    bed.until(async || {
        let pending = DeliveryFilter { state: Some(DeliveryState::Pending), ..DeliveryFilter::default() };
        bed.hub.deliveries(pending, None, 1).await.unwrap().rows.is_empty()
    })
    .await;
    assert_eq!(shut.tried.load(Ordering::SeqCst), MANY + 1, "each once");
}

#[tokio::test]
async fn a_link_says_how_it_stands() {
    let bed = Bed::with(Vec::new()).await;
    let link = bed.hub.link("main", "redis");
    let now = bed.hub.now();
    assert!(!bed.hub.links()[0].connected);
    // The first failure is news, and each other reason.
    assert!(link.down(now, "nobody listens".to_owned()) && !link.down(now, "nobody listens".to_owned()));
    assert!(link.down(now, "wrong password".to_owned()) && !link.down(now, "nobody listens".to_owned()));
    let later = now + std::time::Duration::from_secs(41);
    assert_eq!(link.up(later).unwrap().to_string(), "connected again after 41 s to");
    assert_eq!(link.up(later), None);
    link.count("taken", 2);
    link.count("taken", 3);
    assert!(link.down(now, "refused".to_owned()));
    let view = bed.hub.links().remove(0);
    assert_eq!((view.name.as_str(), view.kind, view.connected), ("main", "redis", false));
    assert_eq!((view.last_error.as_deref(), view.counters["taken"]), (Some("refused"), 5));
}

#[tokio::test]
async fn what_ends_while_the_hub_stops_is_still_answered() {
    let (gate, door) = (Arc::new(Semaphore::new(0)), Arc::new(Door::default()));
    door.open.store(true, Ordering::SeqCst);
    let mut parts = setup(vec![entry("a", Fake::gated(&gate), OnError::Stop, SLOW)]);
    parts.reactors.push(Arc::new(Replies));
    parts.couriers = HashMap::from([("door".to_owned(), Arc::clone(&door) as Arc<dyn Courier>)]);
    let bed = Bed::new(parts).await;
    let job = bed.accept(request("DO", "x")).await;
    bed.state(job, JobState::Running).await;

    let stopping = tokio::spawn({
        let hub = bed.hub.clone();
        async move { hub.stop(crate::support::LONG).await }
    });
    gate.add_permits(1);
    stopping.await.unwrap();
    assert_eq!(door.tried.load(Ordering::SeqCst), 1);
}
