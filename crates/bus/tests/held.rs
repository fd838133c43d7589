//! Where the journal does not last: a message stays the broker's until all that it led to is done, seen from the broker.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod support;

use std::sync::Arc;
use std::time::Duration;

use engine::Actor;
use model::word::code;
use model::{JobState, Outcome};
use serde_json::{Value, json};
use support::{Bed, Fake, KEY, LONG, Neighbour, Plan, body, broker, uuid, v1, v2};
use testkit::service::Service;
use testkit::wait;
use tokio::sync::Semaphore;

const DEFERRED: &str = "request-ldapd-account-update_deferred_q";

/// A hub whose journal does not last; it holds messages for so long.
fn plan(broker: &Service, application: &str, backend: &Arc<Fake>, hold: Duration) -> Plan {
    let mut plan = Plan::new(broker, application, backend);
    plan.settings.hold = Some(hold);
    plan
}

/// Asks for something about somebody.
fn ask(peer: &mut Neighbour, n: usize, about: &str) {
    let reply_to = peer.reply_to();
    peer.publish(".request", KEY, &json!({ "uuid": about }), Some(v2(n, Some(&reply_to))));
}

fn fails_once() -> Arc<Fake> {
    Fake::answers(vec![Outcome::soft(75, code::RETRY, "the directory is down")])
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_message_stays_the_brokers_until_all_that_it_led_to_is_done() {
    let broker = broker();
    until_its_reply_has_left(&broker).await;
    what_is_refused_too(&broker).await;
    over_a_lost_connection_without_an_id(&broker).await;
    what_has_not_begun_goes_back(&broker).await;
    one_that_seems_to_kill_the_hub_is_set_aside(&broker).await;
}

async fn until_its_reply_has_left(broker: &Service) {
    let gate = Arc::new(Semaphore::new(0));
    let backend = Fake::gated(&gate);
    let bed = Bed::new(&plan(broker, "held", &backend, LONG)).await;
    let mut peer = Neighbour::of(broker, &bed.settings);
    ask(&mut peer, 1, "ann");
    bed.until("it to run", async |_| backend.count() == 1).await;
    bed.holds(broker, 0, 1).await;
    broker.rabbitmqctl(&["set_vm_memory_high_watermark", "0.00001"]).unwrap();
    gate.add_permits(1);
    bed.ended(1).await;
    // Its reply cannot leave: the broker takes nothing.
    bed.holds(broker, 0, 1).await;
    broker.rabbitmqctl(&["set_vm_memory_high_watermark", "0.4"]).unwrap();
    bed.holds(broker, 0, 0).await;
    assert_eq!(peer.take("replies", 1)[0]["properties"]["correlation_id"], uuid(1));
    bed.stop().await;
}

async fn what_is_refused_too(broker: &Service) {
    let backend = support::done();
    let bed = Bed::new(&plan(broker, "wrong", &backend, LONG)).await;
    let mut peer = Neighbour::of(broker, &bed.settings);
    let reply_to = peer.reply_to();
    peer.publish(".request", KEY, &json!({}), Some(v2(1, Some(&reply_to))));
    let first = peer.take("replies", 1).remove(0);
    assert_eq!(first["properties"]["headers"]["status-code"], 422);
    bed.holds(broker, 0, 0).await;
    bed.stop().await;
    // The same message for a hub that knows nothing of it: whoever asked sees that it is the same reply.
    let bed = Bed::new(&plan(broker, "wrong", &backend, LONG)).await;
    peer.publish(".request", KEY, &json!({}), Some(v2(1, Some(&reply_to))));
    let second = peer.take("replies", 1).remove(0);
    assert_eq!(first["properties"]["message_id"], second["properties"]["message_id"]);
    bed.stop().await;
}

async fn over_a_lost_connection_without_an_id(broker: &Service) {
    let gate = Arc::new(Semaphore::new(0));
    let backend = Fake::gated(&gate);
    let bed = Bed::new(&plan(broker, "cut", &backend, LONG)).await;
    let mut peer = Neighbour::of(broker, &bed.settings);
    let nameless = json!({ "app_id": "x", "headers": { "soa-version": "2.0" }, "delivery_mode": 2 });
    for _ in 0..2 {
        peer.publish(".request", KEY, &json!({ "uuid": "ann" }), Some(nameless.clone()));
    }
    bed.until("both to be taken in", async |bed| bed.jobs().await.len() == 2).await;
    let received = bed.link().counters.get("received").copied().unwrap_or_default();
    broker.rabbitmqctl(&["close_all_connections", "maintenance"]).unwrap();
    bed.until("both to come again", async |bed| {
        bed.link().counters.get("received").copied() >= Some(received + 2)
    })
    .await;
    bed.holds(broker, 0, 2).await;
    gate.add_permits(2);
    bed.holds(broker, 0, 0).await;
    assert_eq!((bed.jobs().await.len(), backend.count()), (2, 2), "each is one job");
    bed.stop().await;
}

async fn what_has_not_begun_goes_back(broker: &Service) {
    let gate = Arc::new(Semaphore::new(0));
    let backend = Fake::gated(&gate);
    let plan = plan(broker, "ended", &backend, LONG);
    let bed = Bed::new(&plan).await;
    let mut peer = Neighbour::of(broker, &bed.settings);
    (1..=3).for_each(|n| ask(&mut peer, n, "ann"));
    bed.until("all to be there", async |bed| bed.jobs().await.len() == 3 && backend.count() == 1).await;
    bed.running.quiesce();
    let end = async {
        bed.hub.stops().await;
        bed.holds(broker, 2, 1).await;
        gate.add_permits(3);
    };
    tokio::join!(bed.hub.stop(LONG), end);
    bed.running.end().await;
    let replied = peer.take("replies", 1).remove(0);
    assert_eq!(replied["properties"]["correlation_id"], uuid(1), "what had begun was done");

    // With another journal, which knows nothing of all that.
    let bed = Bed::new(&plan).await;
    peer.take("replies", 2);
    bed.holds(broker, 0, 0).await;
    assert_eq!((bed.jobs().await.len(), backend.count()), (2, 3), "nothing was done twice");
    bed.stop().await;
}

async fn one_that_seems_to_kill_the_hub_is_set_aside(broker: &Service) {
    let backend = support::done();
    let bed = Bed::new(&plan(broker, "poison", &backend, LONG)).await;
    let mut peer = Neighbour::of(broker, &bed.settings);
    let mut properties = v2(1, None);
    // As a quorum queue counts.
    properties["headers"]["x-delivery-count"] = json!(21);
    peer.publish(".request", KEY, &json!({ "uuid": "ann" }), Some(properties));
    let refused = bed.refused(1).await.remove(0);
    assert_eq!((refused.code.as_str(), backend.count()), ("poisonous", 0));
    bed.holds(broker, 0, 0).await;
    bed.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_that_is_tried_again_later_waits_in_a_deferred_queue() {
    let broker = broker();
    comes_back_to_its_job(&broker).await;
    comes_back_to_a_hub_that_knows_nothing(&broker).await;
    makes_room_for_others(&broker).await;
}

/// The plan of a hub that tries again after eight seconds.
fn later(broker: &Service, application: &str, backend: &Arc<Fake>) -> Plan {
    let mut plan = plan(broker, application, backend, Duration::from_secs(3));
    plan.settings.deferred = Duration::from_secs(8);
    plan.settings.deferred_max = plan.settings.deferred;
    plan
}

/// Waits until so many messages lie in the deferred queue. It is asked over a connection: they lie there for eight seconds, and
/// the broker's own command takes as long on a busy machine.
fn are_deferred(peer: &mut Neighbour, count: u32) {
    let there = || (peer.count(DEFERRED) == count).then_some(());
    wait::until(LONG, there).unwrap_or_else(|| panic!("{count} are to be deferred"));
}

async fn comes_back_to_its_job(broker: &Service) {
    let backend = fails_once();
    let bed = Bed::new(&later(broker, "later", &backend)).await;
    let mut peer = Neighbour::of(broker, &bed.settings);
    ask(&mut peer, 1, "ann");
    are_deferred(&mut peer, 1);
    are_deferred(&mut peer, 0);
    let jobs = bed.ended(1).await;
    bed.holds(broker, 0, 0).await;
    assert_eq!((jobs.len(), jobs[0].state, backend.count()), (1, JobState::Succeeded, 2));
    let replies: Vec<Value> = peer
        .take("replies", 2)
        .iter()
        .map(|reply| reply["properties"]["headers"]["status-code"].clone())
        .collect();
    assert_eq!(replies, [500, 200], "the soft failure, and the end once");
    bed.stop().await;
}

async fn comes_back_to_a_hub_that_knows_nothing(broker: &Service) {
    let backend = fails_once();
    let plan = later(broker, "anew", &backend);
    let bed = Bed::new(&plan).await;
    let mut peer = Neighbour::of(broker, &bed.settings);
    let mut properties = v2(1, None);
    properties["headers"] = json!({});
    properties["reply_to"] = json!(peer.reply_to());
    peer.publish("_events", KEY, &v1(1, json!({ "uuid": "ann" })), Some(properties));
    are_deferred(&mut peer, 1);
    bed.stop().await;

    let bed = Bed::new(&plan).await;
    let jobs = bed.ended(1).await;
    assert_eq!((jobs.len(), jobs[0].state), (1, JobState::Succeeded));
    bed.holds(broker, 0, 0).await;
    let copies: Vec<Value> =
        peer.take("logs", 3).iter().filter(|seen| seen["key"] == KEY).map(body).collect();
    let failed = copies.iter().find_map(|copy| copy["errors"].as_array()?.first().cloned());
    assert_eq!(failed.unwrap()["error_type"], "softerror", "its failure went with it: {copies:?}");
    bed.stop().await;
}

/// Two that wait for somebody to resume a backend are all that may be held: the third is dealt with all the same.
async fn makes_room_for_others(broker: &Service) {
    let backend = support::done();
    let mut plan = plan(broker, "room", &backend, LONG);
    plan.settings.prefetch = 2;
    plan.settings.deferred = LONG;
    let bed = Bed::new(&plan).await;
    bed.hub.pause("ldap", &Actor("test".to_owned())).await.unwrap();
    let mut peer = Neighbour::of(broker, &bed.settings);
    let reply_to = peer.reply_to();
    (1..=2).for_each(|n| ask(&mut peer, n, &format!("u{n}")));
    bed.until("both to be held", async |bed| bed.jobs().await.len() == 2).await;
    peer.publish(".request", KEY, &json!({}), Some(v2(3, Some(&reply_to))));
    assert_eq!(peer.take("replies", 1)[0]["properties"]["correlation_id"], uuid(3));
    assert_eq!((backend.count(), bed.jobs().await.len()), (0, 2));
    bed.hub.resume("ldap", &Actor("test".to_owned())).await.unwrap();
    peer.take("replies", 2);
    bed.stop().await;
}
