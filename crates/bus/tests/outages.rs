//! What a broker does to those who lean on it: it goes away, closes connections, loses the queue, has no memory left.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod support;

use std::collections::BTreeSet;

use intendant_bus::{Access, Address};
use journal::DeliveryFilter;
use model::{DeliveryState, JobState};
use serde_json::{Value, json};
use support::{Bed, KEY, Neighbour, Plan, broker, states, uuid, v2};
use testkit::certificate;
use testkit::service::Service;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_is_lost_comes_back_by_itself() {
    let broker = broker();
    connections_closed_by_the_operator(&broker).await;
    a_queue_deleted_under_us(&broker).await;
    no_memory_left(&broker).await;
    another_hub_stands_by(&broker).await;
    over_tls(&broker).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_message_whose_acknowledgement_was_lost_is_not_answered_twice() {
    let broker = broker();
    let backend = support::done();
    let plan = Plan::new(&broker, "lost", &backend);
    let bed = Bed::new(&plan).await;
    let mut peer = Neighbour::of(&broker, &plan.settings);
    let reply_to = peer.reply_to();
    let ask = |peer: &mut Neighbour, n| {
        peer.publish(".request", KEY, &json!({ "uuid": "36a7" }), Some(v2(n, Some(&reply_to))));
    };
    ask(&mut peer, 1);
    peer.take("replies", 1);
    let folder = bed.stop().await;
    ask(&mut peer, 1);
    peer.peer.ask("give_back", json!({ "queue": "lost_job_q" })).unwrap();
    let bed = Bed::start_in(folder, &plan).await;
    bed.until("it to be known", async |bed| bed.link().counters.get("known") == Some(&1)).await;
    // What is answered next is the next request.
    ask(&mut peer, 2);
    let reply = peer.take("replies", 1).remove(0);
    assert_eq!(reply["properties"]["correlation_id"], json!(uuid(2)));
    assert_eq!((backend.bodies().len(), peer.count("replies")), (2, json!(0)));
    bed.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_broker_killed_in_the_middle_costs_no_request_and_no_reply() {
    in_the_middle(Service::crash, |broker| broker.revive().unwrap()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_broker_stopped_in_good_order_and_started_again_costs_nothing_either() {
    in_the_middle(Service::halt, |broker| broker.revive().unwrap()).await;
}

/// As for an upgrade of the broker: the machine underneath goes on.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_broker_whose_application_is_stopped_and_started_costs_nothing_either() {
    let control = |broker: &Service, what: &str| drop(broker.rabbitmqctl(&[what]).unwrap());
    in_the_middle(|broker| control(broker, "stop_app"), |broker| control(broker, "start_app")).await;
}

/// The broker goes away twice while requests are taken and answered.
async fn in_the_middle(goes: impl Fn(&mut Service), comes: impl Fn(&mut Service)) {
    let count: usize = std::env::var("INTENDANT_BUS_REQUESTS").map_or(2_000, |text| text.parse().unwrap());
    let mut broker = broker();
    let backend = support::done();
    let mut plan = Plan::new(&broker, "outage", &backend);
    // So that most of it is still with the broker when it dies.
    plan.settings.prefetch = 50;
    let bed = Bed::new(&plan).await;
    let mut peer = Neighbour::of(&broker, &plan.settings);
    bed.running.quiesce();
    bed.until("the consumer to be gone", async |bed| {
        let queues = broker.rabbitmqctl(&["list_queues", "name", "consumers"]).unwrap();
        assert!(bed.link().connected);
        queues.lines().any(|line| line == "outage_job_q\t0")
    })
    .await;
    let folder = bed.stop().await;
    publish(&mut peer, "outage", count);
    drop(peer);

    let bed = Bed::start_in(folder, &plan).await;
    for part in [4, 2] {
        bed.until("some to be taken", async |bed| bed.jobs().await.len() >= count / part).await;
        goes(&mut broker);
        bed.until("the loss to be seen", async |bed| !bed.link().connected).await;
        comes(&mut broker);
        bed.until("the connection to be back", async |bed| bed.link().connected).await;
    }
    let jobs = bed.ended(count).await;
    assert_eq!((jobs.len(), states(&jobs, JobState::Succeeded)), (count, count), "one job for each request");
    assert_eq!(backend.bodies().len(), count, "no step that is recorded ran again");
    let mut peer = Neighbour::of(&broker, &plan.settings);
    let mut answered = BTreeSet::new();
    while answered.len() < count {
        let reply = peer.take("replies", 1).remove(0);
        answered.insert(reply["properties"]["correlation_id"].to_string());
    }
    bed.stop().await;
}

/// Publishes so many requests, each about somebody else.
fn publish(peer: &mut Neighbour, application: &str, count: usize) {
    let reply_to = peer.reply_to();
    let message = |n: usize| {
        let mut properties = v2(n, Some(&reply_to));
        properties["delivery_mode"] = json!(2);
        json!({
            "exchange": format!("{application}.request"), "key": KEY, "properties": properties,
            "body": json!({ "uuid": format!("u{n}") }).to_string(),
        })
    };
    let messages: Vec<Value> = (0..count).map(message).collect();
    peer.peer.ask("publish", json!({ "messages": messages })).unwrap();
}

async fn connections_closed_by_the_operator(broker: &Service) {
    let backend = support::done();
    let plan = Plan::new(broker, "closed", &backend);
    let bed = Bed::new(&plan).await;
    for round in 0..2 {
        broker.rabbitmqctl(&["close_all_connections", "maintenance"]).unwrap();
        // The neighbour's connection is closed as well.
        let mut peer = Neighbour::of(broker, &plan.settings);
        let reply_to = peer.reply_to();
        peer.publish(".request", KEY, &json!({ "uuid": "u" }), Some(v2(round, Some(&reply_to))));
        assert_eq!(peer.take("replies", 1)[0]["properties"]["correlation_id"], uuid(round));
    }
    assert!(bed.link().connected);
    bed.stop().await;
}

async fn a_queue_deleted_under_us(broker: &Service) {
    let backend = support::done();
    let plan = Plan::new(broker, "deleted", &backend);
    let bed = Bed::new(&plan).await;
    let mut peer = Neighbour::of(broker, &plan.settings);
    peer.peer.ask("delete", json!({ "queue": "deleted_job_q" })).unwrap();
    bed.until("the queue to be made again", async |bed| {
        bed.link().connected
            && !peer.peer.ask("exists", json!({ "queue": "deleted_job_q" })).unwrap().is_null()
    })
    .await;
    let queue = "deleted_job_q";
    bed.until("its bindings to be made again", async |_| {
        let bindings = broker.rabbitmqctl(&["list_bindings", "destination_name", "routing_key"]).unwrap();
        bindings.lines().any(|line| line == format!("{queue}\t{KEY}"))
    })
    .await;
    let reply_to = peer.reply_to();
    peer.publish("_events", KEY, &json!({ "uuid": "u" }), Some(v2(1, Some(&reply_to))));
    peer.take("replies", 1);
    bed.stop().await;
}

/// RabbitMQ then reads nothing from those that publish: jobs run on, and what they lead to waits on our disk.
async fn no_memory_left(broker: &Service) {
    const COUNT: usize = 50;
    let backend = support::done();
    let plan = Plan::new(broker, "full", &backend);
    let folder = Bed::new(&plan).await.stop().await;
    publish(&mut Neighbour::of(broker, &plan.settings), "full", COUNT);
    broker.rabbitmqctl(&["set_vm_memory_high_watermark", "0.00001"]).unwrap();
    let bed = Bed::start_in(folder, &plan).await;
    // It publishes nothing, so it may look.
    let mut asker = Neighbour::of(broker, &plan.settings);

    assert_eq!(states(&bed.ended(COUNT).await, JobState::Succeeded), COUNT);
    assert_eq!(
        asker.peer.ask("exists", json!({ "queue": "full_job_q" })).unwrap(),
        0,
        "all were acknowledged"
    );
    bed.until("it to be said", async |bed| bed.link().note.is_some()).await;
    let part = api::dto::Part::from(bed.link());
    assert!(part.ready && part.why.as_ref().unwrap().contains("short of memory or disk"), "{part:?}");
    let pending = DeliveryFilter { state: Some(DeliveryState::Pending), ..DeliveryFilter::default() };
    let waiting = bed.hub.deliveries(pending.clone(), None, 1_000).await.unwrap().rows;
    // A reply and a notification each.
    assert_eq!((waiting.len(), asker.count("replies")), (2 * COUNT, json!(0)));

    broker.rabbitmqctl(&["set_vm_memory_high_watermark", "0.4"]).unwrap();
    bed.until("all to leave", async |bed| {
        bed.hub.deliveries(pending.clone(), None, 1).await.unwrap().rows.is_empty()
    })
    .await;
    // One that was on its way when the alarm came may be there twice, under the same id.
    let mut answered = BTreeSet::new();
    while answered.len() < COUNT {
        let reply = asker.take("replies", 1).remove(0);
        answered.insert(reply["properties"]["correlation_id"].to_string());
    }
    bed.until("it to be over", async |bed| bed.link().note.is_none()).await;
    bed.stop().await;
}

async fn another_hub_stands_by(broker: &Service) {
    let (first, second) = (support::done(), support::done());
    let plan = Plan::new(broker, "twice", &first);
    let bed = Bed::new(&plan).await;
    let other = Bed::new(&Plan::new(broker, "twice", &second)).await;
    other.until("it to stand by", async |bed| bed.link().note.is_some()).await;
    assert!(other.link().note.unwrap().contains("another consumer has queue twice_job_q"));
    let mut peer = Neighbour::of(broker, &plan.settings);
    peer.publish("_events", KEY, &json!({ "uuid": "u" }), Some(v2(1, None)));
    bed.ended(1).await;
    bed.stop().await;
    other.until("it to take over", async |bed| bed.link().note.is_none()).await;
    peer.publish("_events", KEY, &json!({ "uuid": "u" }), Some(v2(2, None)));
    other.ended(1).await;
    assert_eq!((first.bodies().len(), second.bodies().len()), (1, 1));
    other.stop().await;
}

async fn over_tls(broker: &Service) {
    let folder = tempfile::tempdir().unwrap();
    let made = certificate::make(folder.path()).unwrap();
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let listen = format!(
        "rabbit_networking:ensure_ssl(), rabbit_networking:start_ssl_listener({port}, \
         [{{certfile, \"{}\"}}, {{keyfile, \"{}\"}}], 1).",
        made.certificate.display(),
        made.key.display()
    );
    broker.rabbitmqctl(&["eval", &listen]).unwrap();

    let backend = support::done();
    let mut plan = Plan::new(broker, "sealed", &backend);
    let url = format!("amqps://guest:guest@localhost:{port}/%2f");
    let authorities = std::fs::read_to_string(&made.certificate).unwrap();
    let access = Access { authorities: Some(authorities), ..Access::default() };
    plan.settings.address = Address::new(&url, access).unwrap();
    let bed = Bed::new(&plan).await;
    let mut peer = Neighbour::of(broker, &plan.settings);
    let reply_to = peer.reply_to();
    peer.publish(".request", KEY, &json!({ "uuid": "u" }), Some(v2(1, Some(&reply_to))));
    peer.take("replies", 1);
    bed.stop().await;

    // A certificate that nobody vouches for is not believed.
    plan.settings.address = Address::new(&url, Access::default()).unwrap();
    let error = intendant_bus::examine(&plan.settings).await.unwrap_err().to_string();
    assert!(error.contains("RabbitMQ at localhost"), "{error}");
}
