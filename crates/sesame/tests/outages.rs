//! Redis is lost for a moment or for long, refuses, or forgets: nothing that was accepted is lost, nothing runs twice,
//! and the link says how it stands.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod support;

use std::sync::Arc;

use model::{DeliveryState, JobState, OnError};
use serde_json::{Value, json};
use support::{Bed, Fake, LONG_MS, Plan, call, entry, object_id, orchestrator, redis, sync};
use testkit::bullmq::Version;
use tokio::sync::Semaphore;

fn jobs(from: u32, to: u32) -> Value {
    let job = |n: u32| {
        json!({
            "name": "IDENTITY_UPDATE",
            "data": sync(&format!("i{n}")),
            "opts": { "jobId": object_id(n), "attempts": 1 },
        })
    };
    json!({ "jobs": (from..to).map(job).collect::<Vec<_>>() })
}

fn ids(count: u32) -> Value {
    json!({ "ids": (0..count).map(object_id).collect::<Vec<_>>(), "ms": LONG_MS })
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_connections_come_back_and_no_job_runs_twice() {
    let (redis, fake) = (redis(), support::done());
    let bed = Bed::new(Plan::new(&redis, vec![entry("a", &fake, OnError::Stop)])).await;
    let mut node = orchestrator(Version::V5, &redis);
    for round in 0..5 {
        node.ask("addBulk", jobs(round * 100, round * 100 + 100)).unwrap();
        call(&redis, &["CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"]);
    }
    node.ask("waitAll", ids(500)).unwrap();
    assert_eq!(fake.count(), 500);
    let counts = node.ask("counts", json!({})).unwrap();
    assert_eq!((&counts["failed"], &counts["active"], &counts["wait"]), (&json!(0), &json!(0), &json!(0)));
    bed.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_ends_while_redis_is_gone_is_answered_when_it_is_back() {
    let mut redis = redis();
    let gate = Arc::new(Semaphore::new(0));
    let fake = Fake::gated(&gate);
    let bed = Bed::new(Plan::new(&redis, vec![entry("a", &fake, OnError::Stop)])).await;
    let mut node = orchestrator(Version::V6, &redis);
    node.ask("addBulk", jobs(0, 20)).unwrap();
    bed.until("all to run", async || fake.count() == 20).await;

    redis.crash();
    bed.until("the loss to be seen", async || !bed.hub.links()[0].connected).await;
    gate.add_permits(20);
    for n in 0..20 {
        bed.state(&object_id(n), JobState::Succeeded).await;
    }
    let job = bed.job(&object_id(0)).await.unwrap().id;
    let delivery = bed.hub.story(job).await.unwrap().deliveries.remove(0);
    assert_eq!(
        (delivery.state, delivery.attempts),
        (DeliveryState::Pending, 0),
        "nothing is tried meanwhile"
    );

    redis.revive().unwrap();
    node.ask("waitAll", ids(20)).unwrap();
    let link = bed.hub.links().remove(0);
    assert!(link.connected && link.last_error.is_some(), "{link:?}");
    assert_eq!((fake.count(), link.counters["accepted"]), (20, 20));
    // What Redis made durable before it died is all there; what it had not is answered all the same.
    node.ask("addBulk", jobs(20, 21)).unwrap();
    gate.add_permits(1);
    node.ask("waitAll", ids(21)).unwrap();
    bed.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_redis_forgot_is_done_and_its_answer_undeliverable() {
    let redis = redis();
    let gate = Arc::new(Semaphore::new(0));
    let fake = Fake::gated(&gate);
    let bed = Bed::new(Plan::new(&redis, vec![entry("a", &fake, OnError::Stop)])).await;
    let mut node = orchestrator(Version::V5, &redis);
    node.ask("addBulk", jobs(0, 1)).unwrap();
    bed.until("it to run", async || fake.count() == 1).await;
    call(&redis, &["FLUSHALL"]);
    gate.add_permits(1);
    bed.state(&object_id(0), JobState::Succeeded).await;
    let job = bed.job(&object_id(0)).await.unwrap().id;
    let delivery = async || bed.hub.story(job).await.unwrap().deliveries.remove(0);
    bed.until("it to be given up", async || delivery().await.state == DeliveryState::Undeliverable).await;
    assert!(delivery().await.message.unwrap().contains("no longer in the queue"));
    bed.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_redis_is_waited_for_and_no_lock_is_lost() {
    let redis = redis();
    let gate = Arc::new(Semaphore::new(0));
    let fake = Fake::gated(&gate);
    let bed = Bed::new(Plan::new(&redis, vec![entry("a", &fake, OnError::Stop)])).await;
    let mut node = orchestrator(Version::V5, &redis);
    node.ask("addBulk", jobs(0, 10)).unwrap();
    bed.until("all to run", async || fake.count() == 10).await;
    // One more is in the queue when memory runs out.
    node.ask("pause", json!({})).unwrap();
    node.ask("addBulk", jobs(10, 11)).unwrap();
    node.ask("resume", json!({})).unwrap();
    call(&redis, &["CONFIG", "SET", "maxmemory", "1"]);
    gate.add_permits(11);
    bed.state(&object_id(0), JobState::Succeeded).await;
    bed.until("the refusal to be seen", async || {
        bed.hub.links()[0].last_error.as_deref().is_some_and(|error| error.contains("OOM"))
    })
    .await;
    call(&redis, &["CONFIG", "SET", "maxmemory", "0"]);
    node.ask("waitAll", ids(11)).unwrap();
    assert_eq!(fake.count(), 11);
    assert_eq!(node.ask("counts", json!({})).unwrap()["failed"], 0);
    bed.until("the link to be up", async || bed.hub.links()[0].connected).await;
    bed.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_became_a_replica_is_left_until_it_is_none() {
    let redis = redis();
    let gate = Arc::new(Semaphore::new(0));
    let fake = Fake::gated(&gate);
    let bed = Bed::new(Plan::new(&redis, vec![entry("a", &fake, OnError::Stop)])).await;
    let mut node = orchestrator(Version::V5, &redis);
    node.ask("addBulk", jobs(0, 10)).unwrap();
    bed.until("all to run", async || fake.count() == 10).await;
    // Of a master that does not exist: what it holds stays, and cannot be written.
    call(&redis, &["REPLICAOF", "127.0.0.1", "1"]);
    gate.add_permits(10);
    bed.until("the refusal to be seen", async || {
        bed.hub.links()[0].last_error.as_deref().is_some_and(|error| error.contains("read only replica"))
    })
    .await;
    bed.until("the link to be down", async || !bed.hub.links()[0].connected).await;
    call(&redis, &["REPLICAOF", "NO", "ONE"]);
    node.ask("waitAll", ids(10)).unwrap();
    assert_eq!(fake.count(), 10);
    bed.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hub_starts_before_redis_does() {
    let (mut redis, fake) = (redis(), support::done());
    redis.crash();
    let bed = Bed::new(Plan::new(&redis, vec![entry("a", &fake, OnError::Stop)])).await;
    bed.until("a try", async || bed.hub.links()[0].last_error.is_some()).await;
    redis.revive().unwrap();
    let mut node = orchestrator(Version::V6, &redis);
    node.ask("addBulk", jobs(0, 3)).unwrap();
    node.ask("waitAll", ids(3)).unwrap();
    bed.stop().await;
}
