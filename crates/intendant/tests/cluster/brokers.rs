//! The hub that serves a queue is lost: the next one serves it, nothing is lost, and nothing is answered twice.

use std::collections::BTreeMap;
use std::time::Instant;

use serde_json::{Value, json};
use testkit::bullmq::{Orchestrator, Version};
use testkit::peer::{Language, Peer};
use testkit::proxy::Way;
use testkit::service::{Kind, Service};

use crate::bed::{ALL_WORK, Bed, LONG};
use crate::hub::ACTION;
use crate::judge::judge_all;

const QUICK: &[(&str, &str, &str)] = &[("10work", "    onError: 'stop'\n", "sleep 0.3")];
/// So many requests, about so many subjects.
const COUNT: usize = 200;
const SUBJECTS: usize = 8;
/// The routing key of the requests on the bus.
const KEY: &str = "request.lists.update";

/// How a hub at work is lost.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Loss {
    /// With its machine, twice.
    Machine,
    /// It reaches PostgreSQL no more, and its queue as before.
    Road,
    /// Nothing of it arrives anywhere any more, and nobody is told: the loss of a machine as others see it.
    Network,
}

/// Whether one works, or all do.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Work {
    One,
    All,
}

impl Work {
    async fn bed(self, broker: Option<&Service>, more: &str) -> Bed {
        let all = if self == Work::All { ALL_WORK } else { "" };
        Bed::beside(broker, 3, QUICK, &format!("{all}{more}")).await
    }
}

/// Loses the hub at work, or the one that leads, in the middle of the work. One that is cut off stays so: which one that is.
async fn lose_in_the_middle(bed: &mut Bed, loss: Loss) -> Option<usize> {
    for part in 1..=2 {
        // Each has a begin and an end.
        bed.wait_until("some have run", async |bed| bed.lines() >= part * 2 * COUNT / 4).await;
        let hub = if bed.is_together() { bed.settle().await } else { bed.wait_for_one().await };
        assert!(bed.lines() < 2 * COUNT, "it is lost in the middle");
        match loss {
            Loss::Machine => {}
            Loss::Road => {
                bed.nodes[hub].road.cut();
                return Some(hub);
            }
            Loss::Network => {
                bed.nodes[hub].roads().for_each(|road| road.hang(Way::Both));
                let lost = Instant::now();
                bed.wait_until("another one has the journal", async |bed| {
                    bed.at_work().await.is_some_and(|next| next != hub)
                })
                .await;
                let taken_over = lost.elapsed();
                bed.wait_until("it has the queue as well", is_served).await;
                println!(
                    "the next hub had the journal after {taken_over:?}, the queue after {:?}",
                    lost.elapsed()
                );
                return Some(hub);
            }
        }
        bed.nodes[hub].lose();
        bed.wait_for_one().await;
        bed.nodes[hub].spawn();
    }
    None
}

/// Whether a hub that leads has all that it serves. One that is cut off takes itself for the leader still, and has nothing.
async fn is_served(bed: &Bed) -> bool {
    for node in &bed.nodes {
        if node.own().await.is_some_and(|own| own.leads)
            && let Ok(said) = node.client.ready().await
            && said.ready
            && said.parts.iter().all(|part| part.ready)
        {
            return true;
        }
    }
    false
}

/// Gives the hub that was cut off its road back.
fn heal(bed: &Bed, cut: Option<usize>) {
    if let Some(hub) = cut {
        bed.nodes[hub].roads().for_each(|road| road.heal().unwrap());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_next_hub_serves_the_orchestrator() {
    serve_the_orchestrator(Work::One, Loss::Machine).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn where_all_work_the_next_one_that_leads_serves_the_orchestrator() {
    serve_the_orchestrator(Work::All, Loss::Machine).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hub_that_is_cut_off_from_postgresql_alone_leaves_the_orchestrator_to_the_next() {
    serve_the_orchestrator(Work::One, Loss::Road).await;
}

async fn serve_the_orchestrator(work: Work, loss: Loss) {
    let redis = Kind::Redis.start().unwrap();
    let mut bed = work.bed(None, &format!("sesame:\n  main:\n    redis: {}\n", redis.url())).await;
    let mut node = Orchestrator::start(Version::V5, redis.url(), "sesame").unwrap();
    let id = |n: usize| format!("66c22991bdc3c9a7{n:08x}");
    let job = |n: usize| {
        let who = format!("s{}", n % SUBJECTS);
        let payload = json!({ "identity": { "action": ACTION, "identity": { "_id": who } } });
        json!({
            "name": ACTION,
            "data": { "concernedTo": who, "payload": payload, "options": { "async": true } },
            "opts": { "jobId": id(n), "attempts": 1 },
        })
    };
    node.ask("addBulk", json!({ "jobs": (0..COUNT).map(job).collect::<Vec<_>>() })).unwrap();
    let cut = lose_in_the_middle(&mut bed, loss).await;
    let ids: Vec<String> = (0..COUNT).map(id).collect();
    let told = tokio::task::block_in_place(|| {
        node.ask("waitAll", json!({ "ids": ids, "ms": u64::try_from(LONG.as_millis()).unwrap() }))
    });
    told.unwrap_or_else(|error| panic!("{error}; {}", bed.logs()));
    let counts = node.ask("counts", json!({})).unwrap();
    assert_eq!((&counts["failed"], &counts["active"], &counts["wait"]), (&json!(0), &json!(0), &json!(0)));
    heal(&bed, cut);
    bed.drain().await;
    println!("{}", judge_all(&bed, COUNT).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_next_hub_serves_the_bus() {
    serve_the_bus(Work::One, Loss::Machine).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn where_all_work_the_next_one_that_leads_serves_the_bus() {
    serve_the_bus(Work::All, Loss::Machine).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hub_that_is_cut_off_from_postgresql_alone_leaves_the_bus_to_the_next() {
    serve_the_bus(Work::One, Loss::Road).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hub_whose_machine_nobody_reaches_any_more_leaves_the_bus_to_the_next() {
    serve_the_bus(Work::One, Loss::Network).await;
}

async fn serve_the_bus(work: Work, loss: Loss) {
    let broker = Kind::RabbitMq.start().unwrap();
    let bus = format!(
        "bus:\n  lists:\n    url: {}\n    routes:\n      {KEY}:\n        action: {ACTION}\n\
         \x20       concerned_to: /who\n        reply: true\n",
        broker.url()
    );
    let mut bed = work.bed(Some(&broker), &bus).await;
    let mut peer = Peer::connect(Language::Python, broker.url()).unwrap();
    peer.ask("exchange", json!({ "name": "asker.reply" })).unwrap();
    peer.ask("queue", json!({ "name": "replies", "bindings": [["asker.reply", "#"]] })).unwrap();
    let message = |n: usize| {
        let properties = json!({
            "message_id": format!("88d818a1-c77c-44e6-ad0c-{n:012x}"), "app_id": "asker", "reply_to": "asker.reply",
            "delivery_mode": 2, "headers": { "soa-version": "2.0" },
        });
        let body = json!({ "who": format!("s{}", n % SUBJECTS) }).to_string();
        json!({ "exchange": "lists.request", "key": KEY, "properties": properties, "body": body })
    };
    bed.wait_until("the queue is there", is_served).await;
    peer.ask("publish", json!({ "messages": (0..COUNT).map(message).collect::<Vec<_>>() })).unwrap();
    let cut = lose_in_the_middle(&mut bed, loss).await;
    let mut answers: BTreeMap<String, String> = BTreeMap::new();
    while answers.len() < COUNT {
        note(&mut answers, &mut peer, 1, &bed);
    }
    heal(&bed, cut);
    bed.drain().await;
    let left = peer.ask("exists", json!({ "queue": "replies" })).unwrap().as_u64().unwrap();
    note(&mut answers, &mut peer, left, &bed);
    assert_eq!(peer.ask("exists", json!({ "queue": "lists_job_q" })).unwrap(), 0);
    println!("{}", judge_all(&bed, COUNT).await);
}

/// Takes replies. One whose confirmation was lost with its hub may come again: the same one, which can be seen.
fn note(answers: &mut BTreeMap<String, String>, peer: &mut Peer, count: u64, bed: &Bed) {
    let taken = tokio::task::block_in_place(|| {
        peer.ask("get", json!({ "queue": "replies", "count": count, "seconds": LONG.as_secs() })).unwrap()
    });
    let taken: &Vec<Value> = taken.as_array().unwrap();
    assert_eq!(taken.len() as u64, count, "{} are answered; {}", answers.len(), bed.logs());
    for reply in taken {
        let properties = &reply["properties"];
        assert_eq!(properties["headers"]["status-code"], 200, "{reply}");
        let [asked, id] =
            ["correlation_id", "message_id"].map(|name| properties[name].as_str().unwrap().to_owned());
        assert_eq!(
            *answers.entry(asked.clone()).or_insert_with(|| id.clone()),
            id,
            "{asked} has two answers"
        );
    }
}
