//! What the journal cannot read back ends as damaged and holds up nobody: its subject, its slot, its address are free.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use crate::support::{Bed, Fake, QUICK, SLOW, entry, harm, request, setup, start_in};
use engine::port::{BoxFuture, Courier, Delivered, Moment, Reactor, View};
use engine::{Actor, Setup};
use jiff::Timestamp;
use journal::{DeliveryFilter, Filter, Order, Page};
use model::word::code;
use model::{
    Delivery, DeliveryState, DeliveryTo, Destructive, Effects, Entity, EntityKey, FailsafeRule, JobState,
    NewDelivery, OnError,
};
use serde_json::json;

fn actor() -> Actor {
    Actor("alice".into())
}

/// Tells the end of each job to somebody, and wants to see an entity for it.
struct Tells;

impl Reactor for Tells {
    fn entities(&self, _: &View<'_>, moment: Moment) -> Vec<EntityKey> {
        let kind = "failsafe_set".to_owned();
        if moment == Moment::Settled { vec![EntityKey { kind, key: "any".to_owned() }] } else { Vec::new() }
    }

    fn react(&self, view: &View<'_>, moment: Moment, _: &[Entity]) -> Effects {
        if moment != Moment::Settled {
            return Effects::default();
        }
        let to = DeliveryTo { courier: "post".to_owned(), address: "somebody".to_owned() };
        let body = json!({ "code": view.job.code });
        Effects { deliveries: vec![NewDelivery { to, body, due_at: None }], ..Effects::default() }
    }
}

#[derive(Default)]
struct Post(Mutex<Vec<Delivery>>);

impl Courier for Post {
    fn deliver(&self, delivery: Delivery) -> BoxFuture<'_, Delivered> {
        self.0.lock().unwrap().push(delivery);
        Box::pin(async { Delivered::Done })
    }
}

fn with_post(fake: Arc<Fake>, post: &Arc<Post>) -> Setup {
    Setup {
        reactors: vec![Arc::new(Tells)],
        couriers: HashMap::from([("post".to_owned(), Arc::clone(post) as Arc<dyn Courier>)]),
        ..setup(vec![entry("b", fake, OnError::Stop, QUICK)])
    }
}

async fn states(bed: &Bed) -> Vec<(i64, JobState, Option<String>)> {
    let page = Page { after: None, order: Order::Oldest, limit: 99 };
    let listing = bed.hub.journal().jobs(Filter::default(), page).await.unwrap();
    listing
        .rows
        .into_iter()
        .map(|job| (job.seq.0, job.state, job.code.map(|code| code.to_string())))
        .collect()
}

/// Jobs 1 and 2 are about the same, job 3 about something else; none has run when the harm is done.
async fn after(sql: &str, post: &Arc<Post>) -> Bed {
    let bed = Bed::new(with_post(Fake::done(), post)).await;
    bed.hub.pause("b", &actor()).await.unwrap();
    for subject in ["x", "x", "y"] {
        bed.accept(request("DO", subject)).await;
    }
    let folder = bed.stop().await;
    harm(folder.path(), sql);
    let hub = start_in(folder.path(), with_post(Fake::done(), post)).await;
    hub.resume("b", &actor()).await.unwrap();
    Bed { hub, folder }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_job_that_cannot_be_read_ends_and_the_next_of_its_subject_runs() {
    for (sql, told) in [
        ("UPDATE body SET sealed = zeroblob(60) WHERE seq = 1", true),
        ("DELETE FROM body WHERE seq = 1", true),
        ("UPDATE job SET steps = 3 WHERE seq = 1", true),
        ("UPDATE job SET replies = 2 WHERE seq = 1", true),
        ("UPDATE job SET id = x'00' WHERE seq = 1", false),
        ("UPDATE job SET class = 9 WHERE seq = 1", false),
        ("UPDATE job SET accepted_at = 'x' WHERE seq = 1", false),
        ("UPDATE job SET lane = CAST(x'ff' AS TEXT) WHERE seq = 1", false),
        ("UPDATE job SET subject = 'nothing' WHERE seq = 1", false),
        ("UPDATE job SET due_at = 'never' WHERE seq = 1", false),
    ] {
        let post = Arc::new(Post::default());
        let bed = after(sql, &post).await;
        // Whoever looks at the list meets what nothing else does.
        bed.until(async || {
            states(&bed).await.iter().filter(|(_, state, _)| state.is_terminal()).count() == 3
        })
        .await;
        let damaged = Some(if sql.contains("replies") { None } else { Some("damaged".to_owned()) });
        let states = states(&bed).await;
        assert_eq!(
            states[1..].iter().map(|(_, state, _)| *state).collect::<Vec<_>>(),
            [JobState::Succeeded; 2]
        );
        assert_eq!(Some(states[0].2.clone()), damaged, "{sql}");
        let ends = if told { 3 } else { 2 };
        bed.until(async || post.0.lock().unwrap().len() == ends).await;
        bed.until(async || bed.hub.running() == 0).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_job_that_can_not_even_be_cancelled_otherwise_is_cancelled() {
    let bed = Bed::with(vec![entry("b", Fake::done(), OnError::Stop, QUICK)]).await;
    bed.hub.pause("b", &actor()).await.unwrap();
    let job = bed.accept(request("DO", "x")).await;
    let folder = bed.stop().await;
    harm(folder.path(), "UPDATE job SET class = 9 WHERE seq = 1");
    let hub = start_in(folder.path(), setup(vec![entry("b", Fake::done(), OnError::Stop, QUICK)])).await;
    let bed = Bed { hub, folder };
    bed.hub.cancel(job, &actor()).await.unwrap();
    assert_eq!((bed.job(job).await.state, bed.job(job).await.code), (JobState::Failed, Some(code::DAMAGED)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_story_of_a_damaged_job_is_told_as_far_as_it_goes() {
    let bed = Bed::with(vec![entry("b", Fake::done(), OnError::Stop, QUICK)]).await;
    let job = bed.accept(request("DO", "x")).await;
    bed.ended(job).await;
    let folder = bed.stop().await;
    harm(folder.path(), "UPDATE body SET sealed = zeroblob(60)");
    harm(folder.path(), "UPDATE attempt SET kind = 9");
    let hub = start_in(folder.path(), setup(Vec::new())).await;
    let story = hub.story(job).await.unwrap();
    assert_eq!((story.job.state, story.steps.len(), story.body), (JobState::Succeeded, 1, json!(null)));
    assert!(story.damaged[0].contains("body"), "{:?}", story.damaged);
    assert!(hub.result(job).await.unwrap().steps.is_some());
    assert_eq!(hub.journal().damaged().len(), 1, "one job, however much of it");
}

/// A job runs when the hub is lost.
async fn lost(sql: &str) -> Bed {
    let gate = Arc::new(tokio::sync::Semaphore::new(0));
    let bed = Bed::with(vec![entry("b", Fake::gated(&gate), OnError::Stop, QUICK)]).await;
    let job = bed.accept(request("DO", "x")).await;
    bed.state(job, JobState::Running).await;
    bed.accept(request("DO", "x")).await;
    // As the power would leave it: a copy of what is on disk.
    let copy = tempfile::tempdir().unwrap();
    for file in ["journal.db", "journal.db-wal"] {
        std::fs::copy(bed.folder.path().join(file), copy.path().join(file)).unwrap();
    }
    drop(bed);
    harm(copy.path(), sql);
    let hub = start_in(copy.path(), setup(vec![entry("b", Fake::done(), OnError::Stop, QUICK)])).await;
    Bed { hub, folder: copy }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hub_starts_over_an_attempt_that_cannot_be_read() {
    for sql in [
        "DELETE FROM step",
        "UPDATE step SET backend = x'ff'",
        "UPDATE step SET state = 3",
        "UPDATE job SET open_at = 'x' WHERE seq = 1",
        "UPDATE job SET id = x'00' WHERE seq = 1",
    ] {
        let bed = lost(sql).await;
        bed.until(async || {
            states(&bed).await.iter().filter(|(_, state, _)| state.is_terminal()).count() == 2
        })
        .await;
        let states = states(&bed).await;
        assert_eq!(states[1].1, JobState::Succeeded, "{sql}");
        assert_eq!(states[0].2.as_deref(), Some("damaged"), "{sql}: {states:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_damaged_delivery_is_given_up_and_those_behind_it_leave() {
    for column in ["sealed = zeroblob(60)", "id = x'00'", "due_at = 'x'"] {
        let post = Arc::new(Post::default());
        let shut = || Setup { couriers: HashMap::new(), ..with_post(Fake::done(), &post) };
        let bed = Bed::new(shut()).await;
        for subject in ["x", "y", "z"] {
            let job = bed.accept(request("DO", subject)).await;
            bed.ended(job).await;
        }
        let folder = bed.stop().await;
        harm(folder.path(), &format!("UPDATE delivery SET {column} WHERE seq = 2"));
        harm(folder.path(), "UPDATE delivery SET due_at = 0 WHERE seq <> 2");
        let hub = start_in(folder.path(), with_post(Fake::done(), &post)).await;
        let bed = Bed { hub, folder };
        let dead = DeliveryFilter { state: Some(DeliveryState::Undeliverable), ..DeliveryFilter::default() };
        bed.until(async || {
            let left = post.0.lock().unwrap().len() == 2;
            left && bed.hub.deliveries(dead.clone(), None, 9).await.unwrap().rows.len() == 1
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pause_and_a_set_that_cannot_be_read_still_hold() {
    let guarded = || {
        let mut setup = setup(vec![entry("b", Fake::done(), OnError::Stop, SLOW)]);
        let spec =
            model::ActionSpec { destructive: Some(Destructive::Delete), ..model::ActionSpec::default() };
        setup.actions = engine::ActionTable::new([("UNDO".to_owned(), spec)]).unwrap();
        setup.limits.failsafe = FailsafeRule {
            sources: vec!["test".to_owned()],
            window: std::time::Duration::from_hours(1),
            delete: Some(1),
            disable: None,
        };
        setup
    };
    let bed = Bed::new(guarded()).await;
    let first = bed.accept(request("UNDO", "x")).await;
    bed.ended(first).await;
    let held = bed.accept(request("UNDO", "y")).await;
    bed.until(async || bed.hub.held_sets().await.unwrap().len() == 1).await;
    bed.hub.pause("b", &actor()).await.unwrap();
    let folder = bed.stop().await;
    harm(folder.path(), "UPDATE entity SET sealed = zeroblob(60)");
    let hub = start_in(folder.path(), guarded()).await;
    let bed = Bed { hub, folder };
    assert!(bed.hub.backends().iter().all(|backend| backend.paused));
    bed.hub.resume("b", &actor()).await.unwrap();
    let set = bed.hub.held_sets().await.unwrap().remove(0);
    assert_eq!(
        (set.jobs, bed.job(held).await.state),
        (1, JobState::Queued),
        "it is held until somebody decides"
    );
    bed.hub.approve(&set.name, Timestamp::MAX, &actor()).await.unwrap();
    assert_eq!(bed.ended(held).await.state, JobState::Succeeded);
}
