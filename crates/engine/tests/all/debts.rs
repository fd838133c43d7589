//! What is owed for a job is followed to its last delivery, and the last word comes before the hub is gone.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use engine::Debt;
use engine::port::{BoxFuture, Courier, Delivered, Moment, Reactor, View};
use futures_util::FutureExt as _;
use model::{Delivery, DeliveryTo, Effects, Entity, NewDelivery, OnError};
use serde_json::Value;
use tokio::sync::Semaphore;
use tokio::time::timeout;

use crate::support::{Bed, Fake, LONG, QUICK, entry, request, setup};

/// Tells of every job that has ended, once it is open.
#[derive(Default)]
struct Post(AtomicBool);

fn letter() -> NewDelivery {
    let to = DeliveryTo { courier: "post".to_owned(), address: "somebody".to_owned() };
    NewDelivery { to, body: Value::Null, due_at: None }
}

impl Reactor for Post {
    fn react(&self, _: &View<'_>, moment: Moment, _: &[Entity]) -> Effects {
        let deliveries = if moment == Moment::Settled { vec![letter()] } else { Vec::new() };
        Effects { deliveries, ..Effects::default() }
    }
}

impl Courier for Post {
    fn is_open(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }

    fn deliver(&self, _: Delivery) -> BoxFuture<'_, Delivered> {
        Box::pin(std::future::ready(Delivered::Done))
    }
}

async fn bed(gate: &Arc<Semaphore>) -> (Bed, Arc<Post>) {
    let post = Arc::new(Post::default());
    let mut parts = setup(vec![entry("a", Fake::gated(gate), OnError::Stop, QUICK)]);
    parts.reactors.push(Arc::<Post>::clone(&post));
    parts.couriers.insert("post".to_owned(), Arc::<Post>::clone(&post));
    (Bed::new(parts).await, post)
}

fn is_paid(debt: &mut Debt) -> bool {
    debt.paid().now_or_never().is_some()
}

#[tokio::test]
async fn a_job_is_owed_until_it_has_ended_and_its_delivery_has_left() {
    let gate = Arc::new(Semaphore::new(0));
    let (bed, post) = bed(&gate).await;
    let job = bed.accept(request("DO", "ann")).await;
    let mut early = bed.hub.debt_of(job).await.unwrap();
    bed.until(async || bed.hub.runs(job)).await;
    gate.add_permits(1);
    bed.ended(job).await;
    let mut late = bed.hub.debt_of(job).await.unwrap();
    let mut told = bed.hub.tell(vec![letter(), letter()]).await.unwrap();
    assert!(!is_paid(&mut early) && !is_paid(&mut late) && !is_paid(&mut told));
    post.0.store(true, Ordering::SeqCst);
    bed.hub.wake_outbox();
    for debt in [&mut early, &mut late, &mut told] {
        timeout(LONG, debt.paid()).await.unwrap();
    }
    assert!(is_paid(&mut bed.hub.debt_of(job).await.unwrap()), "also for whoever asks later");
    assert!(is_paid(&mut bed.hub.tell(Vec::new()).await.unwrap()));
    bed.stop().await;
}

#[tokio::test]
async fn a_hub_that_stops_says_what_has_left_before_it_is_gone() {
    let gate = Arc::new(Semaphore::new(0));
    let (bed, post) = bed(&gate).await;
    let (runs, waits) = (bed.accept(request("DO", "ann")).await, bed.accept(request("DO", "ann")).await);
    bed.until(async || bed.hub.runs(runs)).await;
    let mut debts = [bed.hub.debt_of(runs).await.unwrap(), bed.hub.debt_of(waits).await.unwrap()];
    post.0.store(true, Ordering::SeqCst);
    let end = async {
        bed.hub.stops().await;
        assert!(bed.hub.runs(runs) && !bed.hub.runs(waits));
        gate.add_permits(2);
    };
    tokio::join!(bed.hub.stop(LONG), end);
    assert_eq!(debts.each_mut().map(is_paid), [true, false], "what had not begun is somebody else's");
}
