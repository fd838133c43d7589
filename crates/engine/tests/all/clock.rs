//! A clock that ran ahead and is put right: what waits goes on as its rules say, also after a restart; nothing runs
//! twice.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::support::{Bed, Fake, QUICK, SLOW, entry, request, setup, start_by};
use engine::port::{BoxFuture, Courier, Delivered, Moment, Reactor, View};
use engine::{Actor, Clock, Setup};
use jiff::SignedDuration;
use model::word::code;
use model::{
    BreakerRule, Delivery, DeliveryTo, Effects, Entity, JobState, NewDelivery, OnError, Outcome, RetryPolicy,
};
use serde_json::json;
use tokio::sync::Semaphore;

const THIRTY_DAYS: SignedDuration = SignedDuration::from_hours(30 * 24);
/// A pause that a test can wait for.
const SOON: RetryPolicy =
    RetryPolicy { initial: Duration::from_millis(300), max_delay: Duration::from_millis(300), ..QUICK };

fn actor() -> Actor {
    Actor("alice".into())
}

fn down() -> Outcome {
    Outcome::soft(1, code::FAILED, "the target is down")
}

async fn bed(clock: &Clock, setup: Setup) -> Bed {
    let folder = tempfile::tempdir().unwrap();
    Bed { hub: start_by(folder.path(), setup, clock).await, folder }
}

fn with(fake: &Arc<Fake>, retry: RetryPolicy) -> Setup {
    setup(vec![entry("b", Arc::clone(fake) as _, OnError::Stop, retry)])
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_retry_goes_on_when_the_clock_is_put_right_while_the_hub_runs() {
    let clock = Clock::system();
    clock.run_ahead(THIRTY_DAYS);
    let fake = Fake::answers(vec![down()]);
    let bed = bed(&clock, with(&fake, SOON)).await;
    let job = bed.accept(request("DO", "x")).await;
    bed.state(job, JobState::Retrying).await;
    clock.run_ahead(SignedDuration::ZERO);
    assert_eq!(bed.ended(job).await.state, JobState::Succeeded);
    assert_eq!(fake.count(), 2, "once before and once after");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_under_way_when_the_clock_was_put_right_leaves_no_time_of_before() {
    let clock = Clock::system();
    clock.run_ahead(THIRTY_DAYS);
    let (asleep, gate) = (Fake::answers(vec![down()]), Arc::new(Semaphore::new(0)));
    let (slow, other) = (Fake::gated(&gate), Fake::answers(vec![down()]));
    let mapping = testhub::mapping(OnError::Stop, Some(SOON));
    let parts = setup(vec![
        entry("asleep", Arc::clone(&asleep) as _, OnError::Continue, SOON),
        entry("slow", Arc::clone(&slow) as _, OnError::Stop, SOON),
        testhub::entry("other", Arc::clone(&other) as _, &["OTHER"], mapping),
    ]);
    let bed = bed(&clock, parts).await;
    // Its first step is to be tried again at a time of the clock that runs ahead; the second one is under way.
    let job = bed.accept(request("DO", "x")).await;
    bed.until(async || slow.count() == 1).await;
    let retried = bed.accept(request("OTHER", "y")).await;
    bed.state(retried, JobState::Retrying).await;
    clock.run_ahead(SignedDuration::ZERO);
    // It has been noticed.
    assert_eq!(bed.ended(retried).await.state, JobState::Succeeded);
    gate.add_permits(2);
    assert_eq!(bed.ended(job).await.state, JobState::Succeeded);
    assert_eq!((asleep.count(), slow.count()), (2, 1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn retries_and_waiting_jobs_go_on_after_a_restart() {
    let clock = Clock::system();
    clock.run_ahead(THIRTY_DAYS);
    let fake = Fake::answers(vec![down()]);
    let bed = bed(&clock, with(&fake, SOON)).await;
    let retried = bed.accept(request("DO", "x")).await;
    bed.state(retried, JobState::Retrying).await;
    bed.hub.pause("b", &actor()).await.unwrap();
    let queued = bed.accept(request("DO", "y")).await;
    let behind = bed.accept(request("DO", "y")).await;
    let folder = bed.stop().await;
    clock.run_ahead(SignedDuration::ZERO);
    let hub = start_by(folder.path(), with(&fake, SOON), &clock).await;
    hub.resume("b", &actor()).await.unwrap();
    let bed = Bed { hub, folder };
    for job in [retried, queued, behind] {
        assert_eq!(bed.ended(job).await.state, JobState::Succeeded);
    }
    assert_eq!(fake.count(), 4, "the first try, and each job once");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_retry_that_is_believed_keeps_its_time() {
    let clock = Clock::system();
    let fake = Fake::answers(vec![down()]);
    let bed = bed(&clock, with(&fake, SLOW)).await;
    let job = bed.accept(request("DO", "x")).await;
    bed.state(job, JobState::Retrying).await;
    let due_at = bed.job(job).await.due_at;
    let bed = bed.restart(with(&fake, SLOW)).await;
    assert_eq!((bed.job(job).await.due_at, fake.count()), (due_at, 1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_hour_back_and_forth_makes_no_retry_stop_or_come_twice() {
    let clock = Clock::system();
    let fake = Fake::answers(vec![down(), down(), down()]);
    let bed = bed(&clock, with(&fake, SOON)).await;
    let job = bed.accept(request("DO", "x")).await;
    for (tries, hours) in [(1, -1), (2, 1), (3, 0)] {
        bed.until(async || fake.count() >= tries).await;
        clock.run_ahead(SignedDuration::from_hours(hours));
    }
    assert_eq!(bed.ended(job).await.state, JobState::Succeeded);
    let numbers: Vec<u32> = fake.calls.lock().unwrap().iter().map(|call| call.mark.attempt).collect();
    assert_eq!(numbers, [1, 2, 3, 4], "each try once");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backend_that_is_left_alone_is_asked_again() {
    let clock = Clock::system();
    clock.run_ahead(THIRTY_DAYS);
    let fake = Fake::answers(vec![down()]);
    let pause = Duration::from_secs(1);
    let rule = BreakerRule { failures: 1, pause, longest: pause };
    let mut parts = with(&fake, QUICK);
    parts.limits.breaker = rule;
    let bed = bed(&clock, parts).await;
    let job = bed.accept(request("DO", "x")).await;
    bed.until(async || bed.hub.backends()[0].left_alone_until.is_some()).await;
    clock.run_ahead(SignedDuration::ZERO);
    assert_eq!(bed.ended(job).await.state, JobState::Succeeded);
}

/// Tells the end of each job to somebody who takes it at the second try.
struct Tells;

impl Reactor for Tells {
    fn react(&self, _: &View<'_>, moment: Moment, _: &[Entity]) -> Effects {
        let to = DeliveryTo { courier: "post".to_owned(), address: "somebody".to_owned() };
        let told = NewDelivery { to, body: json!({}), due_at: None };
        if moment == Moment::Settled {
            Effects { deliveries: vec![told], ..Effects::default() }
        } else {
            Effects::default()
        }
    }
}

#[derive(Default)]
struct Post {
    tries: AtomicUsize,
    delivered: Mutex<Vec<Delivery>>,
}

impl Courier for Post {
    fn deliver(&self, delivery: Delivery) -> BoxFuture<'_, Delivered> {
        let first = self.tries.fetch_add(1, Ordering::SeqCst) == 0;
        if !first {
            self.delivered.lock().unwrap().push(delivery);
        }
        let later = Delivered::Later(None, "there is nobody".to_owned());
        Box::pin(async move { if first { later } else { Delivered::Done } })
    }
}

fn with_post(post: &Arc<Post>) -> Setup {
    Setup {
        reactors: vec![Arc::new(Tells)],
        couriers: HashMap::from([("post".to_owned(), Arc::clone(post) as Arc<dyn Courier>)]),
        ..with(&Fake::done(), QUICK)
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_delivery_goes_on() {
    let clock = Clock::system();
    clock.run_ahead(THIRTY_DAYS);
    let post = Arc::new(Post::default());
    let bed = bed(&clock, with_post(&post)).await;
    let job = bed.accept(request("DO", "x")).await;
    bed.ended(job).await;
    bed.until(async || post.tries.load(Ordering::SeqCst) == 1).await;
    clock.run_ahead(SignedDuration::ZERO);
    bed.until(async || post.delivered.lock().unwrap().len() == 1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_that_waits_behind_a_failing_one_goes_on_with_it() {
    let clock = Clock::system();
    clock.run_ahead(THIRTY_DAYS);
    let post = Arc::new(Post::default());
    let bed = bed(&clock, with_post(&post)).await;
    let first = bed.accept(request("DO", "x")).await;
    bed.ended(first).await;
    bed.until(async || post.tries.load(Ordering::SeqCst) == 1).await;
    // Its address fails: this one stays in the journal.
    let second = bed.accept(request("DO", "y")).await;
    bed.ended(second).await;
    clock.run_ahead(SignedDuration::ZERO);
    bed.until(async || post.delivered.lock().unwrap().len() == 2).await;
}
