//! Whoever asked goes away in the middle of the commit: what was begun is done all the same, and everybody knows.

use std::sync::Arc;
use std::time::Duration;

use crate::support::{Bed, Fake, LONG, QUICK, SLOW, entry, mapping, request, setup, start_behind};
use engine::port::{BoxFuture, Courier, Delivered};
use engine::{ActionTable, Actor, Dead, Error, Setup};
use journal::DeliveryFilter;
use model::{
    ActionSpec, Delivery, DeliveryTo, Destructive, FailsafeRule, JobState, NewDelivery, OnError, WaitingOn,
};
use serde_json::json;
use testkit::gate::Gate;
use tokio::sync::{Semaphore, mpsc};

fn actor() -> Actor {
    Actor("alice".into())
}

/// Asks, and goes away when that is on disk and nobody has been told of it.
async fn ask_and_go<T: Send + 'static>(gate: &Gate, asked: impl Future<Output = T> + Send + 'static) {
    gate.close();
    let asked = tokio::spawn(asked);
    gate.met();
    asked.abort();
    assert!(asked.await.is_err(), "it was answered before it was told");
    gate.open();
}

async fn bed(gate: &Arc<Gate>, fake: Arc<Fake>) -> Bed {
    start_behind(gate, setup(vec![entry("b", fake, OnError::Stop, SLOW)])).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pause_holds() {
    let gate = Arc::<Gate>::default();
    let bed = bed(&gate, Fake::done()).await;
    let hub = bed.hub.clone();
    ask_and_go(&gate, async move { hub.pause("b", &actor()).await }).await;
    bed.until(async || bed.hub.backends()[0].paused).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backend_is_resumed() {
    let gate = Arc::<Gate>::default();
    let bed = bed(&gate, Fake::done()).await;
    bed.hub.pause("b", &actor()).await.unwrap();
    let job = bed.accept(request("DO", "x")).await;
    let hub = bed.hub.clone();
    ask_and_go(&gate, async move { hub.resume("b", &actor()).await }).await;
    assert_eq!(bed.ended(job).await.state, JobState::Succeeded);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_job_that_runs_is_cancelled() {
    let gate = Arc::<Gate>::default();
    let bed = bed(&gate, Fake::gated(&Arc::new(Semaphore::new(0)))).await;
    let job = bed.accept(request("DO", "x")).await;
    bed.state(job, JobState::Running).await;
    let hub = bed.hub.clone();
    ask_and_go(&gate, async move { hub.cancel(job, &actor()).await }).await;
    assert_eq!(bed.ended(job).await.state, JobState::Cancelled);
}

fn guarded(fake: Arc<Fake>) -> Setup {
    let mut one = entry("b", fake, OnError::Stop, QUICK);
    one.actions.insert("DEL".to_owned(), mapping(OnError::Stop, None));
    let mut parts = setup(vec![one]);
    let spec = ActionSpec { destructive: Some(Destructive::Delete), ..ActionSpec::default() };
    parts.actions = ActionTable::new([("DEL".to_owned(), spec)]).unwrap();
    parts.limits.failsafe = FailsafeRule {
        sources: vec!["test".to_owned()],
        window: Duration::from_hours(1),
        delete: Some(1),
        disable: None,
    };
    parts
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_approved_runs_and_is_decided() {
    let gate = Arc::<Gate>::default();
    let bed = start_behind(&gate, guarded(Fake::done())).await;
    bed.ended(bed.accept(request("DEL", "x")).await).await;
    let job = bed.accept(request("DEL", "y")).await;
    let mut held = None;
    bed.until(async || {
        held = match bed.hub.story(job).await.unwrap().waiting_on {
            WaitingOn::Failsafe { failsafe } => Some(failsafe),
            _ => None,
        };
        held.is_some()
    })
    .await;
    let set = held.unwrap();
    let through = bed.hub.held_set(&set).await.unwrap().through;
    let (hub, name) = (bed.hub.clone(), set.clone());
    ask_and_go(&gate, async move { hub.approve(&name, through, &actor()).await }).await;
    assert_eq!(bed.ended(job).await.state, JobState::Succeeded);
    let again = bed.hub.reject(&set, through, &actor()).await.unwrap_err();
    assert!(matches!(again, Error::Decided { .. }), "{again}");
}

/// Takes nothing before it is told to.
struct Post(Semaphore, mpsc::UnboundedSender<()>);

impl Courier for Post {
    fn deliver(&self, _: Delivery) -> BoxFuture<'_, Delivered> {
        Box::pin(async {
            self.1.send(()).unwrap();
            match self.0.try_acquire() {
                Ok(_) => Delivered::Done,
                Err(_) => Delivered::Never("closed".to_owned()),
            }
        })
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_to_be_sent_again_leaves() {
    let gate = Arc::<Gate>::default();
    let (told, mut tried) = mpsc::unbounded_channel();
    let post = Arc::new(Post(Semaphore::new(0), told));
    let courier: Arc<dyn Courier> = Arc::<Post>::clone(&post);
    let mut parts = setup(Vec::new());
    parts.couriers.insert("post".to_owned(), courier);
    let bed = start_behind(&gate, parts).await;
    let to = DeliveryTo { courier: "post".to_owned(), address: "x".to_owned() };
    bed.hub.tell(vec![NewDelivery { to, body: json!(1), due_at: None }]).await.unwrap();
    tokio::time::timeout(LONG, tried.recv()).await.unwrap().unwrap();
    let dead =
        DeliveryFilter { state: Some(model::DeliveryState::Undeliverable), ..DeliveryFilter::default() };
    bed.until(async || !bed.hub.deliveries(dead.clone(), None, 9).await.unwrap().rows.is_empty()).await;
    post.0.add_permits(1);
    let (hub, all) = (bed.hub.clone(), Dead::All { courier: None, address: None, cause: None });
    ask_and_go(&gate, async move { hub.retry_deliveries(all, &actor()).await }).await;
    tokio::time::timeout(LONG, tried.recv()).await.unwrap().unwrap();
}
