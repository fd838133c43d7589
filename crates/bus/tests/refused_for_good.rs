//! What the broker will not take, now or later: it is given up where everybody sees it, and what stands behind leaves.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod support;

use intendant_bus::envelope::{Kind, Message, Version};
use intendant_bus::{Access, Address, Error, Outgoing, Settings, publish};
use journal::DeliveryFilter;
use model::{Delivery, DeliveryState, DeliveryTo, NewDelivery, Outcome};
use serde_json::{Map, Value, json};
use support::{Bed, Fake, KEY, Neighbour, Plan, answered, broker, uuid, v2};
use testkit::service::Service;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_the_broker_refuses_holds_nothing_up() {
    let broker = broker();
    a_long_error_name(&broker).await;
    a_reply_that_nobody_gets(&broker).await;
    an_exchange_that_nobody_may_write_to(&broker).await;
    exchanges_that_we_may_not_write_to(&broker).await;
    headers_that_are_too_large(&broker).await;
    a_message_that_is_too_large(&broker).await;
}

impl Bed {
    /// Waits until so many deliveries are given up.
    async fn given_up(&self, count: usize) -> Vec<Delivery> {
        let filter =
            DeliveryFilter { state: Some(DeliveryState::Undeliverable), ..DeliveryFilter::default() };
        let read = async || self.hub.deliveries(filter.clone(), None, 100).await.unwrap().rows;
        self.until(&format!("{count} deliveries to be given up"), async |_| read().await.len() >= count)
            .await;
        let found = read().await;
        assert_eq!(found.len(), count, "{found:?}");
        found
    }
}

fn said(delivery: &Delivery) -> &str {
    delivery.message.as_deref().unwrap()
}

/// Requests whose replies somebody gets, and as many whose replies nobody gets.
const EACH: usize = 40;

/// 255 bytes and one more are told apart, and what is far too large closes no connection.
async fn a_long_error_name(broker: &Service) {
    let backend = Fake::new(|call| {
        let length = usize::try_from(call.body["payload"]["length"].as_u64().unwrap()).unwrap();
        let mut outcome = Outcome::hard(1, model::word::code::FAILED, "no");
        outcome.data = Some(json!({ "status": 1, "error_name": "x".repeat(length) }));
        outcome
    });
    let plan = Plan::new(broker, "names", &backend);
    let bed = Bed::new(&plan).await;
    let mut peer = Neighbour::of(broker, &plan.settings);
    let reply_to = peer.reply_to();
    for (n, length, kept) in [(1, 200_000, 255), (2, 255, 255), (3, 256, 255), (4, 3, 3)] {
        let data = json!({ "uuid": format!("u{n}"), "length": length });
        peer.publish(".request", KEY, &data, Some(v2(n, Some(&reply_to))));
        let reply = peer.take("replies", 1).remove(0);
        assert_eq!(reply["properties"]["correlation_id"], uuid(n));
        assert_eq!(reply["properties"]["headers"]["error-name"].as_str().unwrap().len(), kept);
    }
    bed.stop().await;
}

async fn a_reply_that_nobody_gets(broker: &Service) {
    let plan = Plan::new(broker, "deaf", &support::done());
    let bed = Bed::new(&plan).await;
    let mut peer = Neighbour::of(broker, &plan.settings);
    peer.peer.ask("exchange", json!({ "name": "deaf_other.reply" })).unwrap();
    let reply_to = peer.reply_to();
    // Many at once: each return must be laid to the one that it belongs to.
    for n in 0..EACH {
        let data = |who: &str| json!({ "uuid": format!("{who}{n}") });
        peer.publish(".request", KEY, &data("bound"), Some(v2(n, Some(&reply_to))));
        peer.publish(".request", KEY, &data("deaf"), Some(v2(1000 + n, Some("deaf_other.reply"))));
    }
    peer.take("replies", EACH);
    for delivery in bed.given_up(EACH).await {
        assert_eq!(
            said(&delivery),
            format!(
                "no queue is bound to exchange deaf_other.reply under reply.ldapd.account.update: nobody gets it"
            )
        );
        let outgoing: Outgoing = serde_json::from_value(delivery.body.clone()).unwrap();
        assert_eq!(outgoing.exchange, "deaf_other.reply");
    }
    bed.stop().await;
}

async fn an_exchange_that_nobody_may_write_to(broker: &Service) {
    let plan = Plan::new(broker, "inner", &support::done());
    let bed = Bed::new(&plan).await;
    let mut peer = Neighbour::of(broker, &plan.settings);
    let reply_to = peer.reply_to();
    peer.publish(".request", KEY, &json!({ "uuid": "a" }), Some(v2(1, Some("amq.rabbitmq.trace"))));
    peer.publish(".request", KEY, &json!({ "uuid": "b" }), Some(v2(2, Some(&reply_to))));
    assert_eq!(peer.take("replies", 1)[0]["properties"]["correlation_id"], uuid(2));
    let given_up = bed.given_up(1).await;
    assert!(said(&given_up[0]).contains("RabbitMQ will not take it: 403"), "{given_up:?}");
    bed.stop().await;
}

/// Many at once, some of them on a channel that others share. Nothing of it closes a connection.
async fn exchanges_that_we_may_not_write_to(broker: &Service) {
    broker.rabbitmqctl(&["add_user", "shut", "pw"]).unwrap();
    broker.rabbitmqctl(&["set_permissions", "shut", ".*", "^(?!shut_asker|shut_log).*", ".*"]).unwrap();
    let backend = Fake::new(|call| match call.body["payload"]["fails"].as_bool() {
        Some(true) => Outcome::hard(1, model::word::code::FAILED, "no"),
        _ => answered(json!({ "status": 0, "data": {} })),
    });
    let plan = Plan::new(broker, "shut", &backend);
    let address = Address::new(&broker.url().replace("guest:guest@", "shut:pw@"), Access::default()).unwrap();
    let plan = Plan { settings: Settings { address, ..plan.settings }, ..plan };
    let bed = Bed::new(&plan).await;
    let connected = bed.link().since;
    let mut peer = Neighbour::of(broker, &plan.settings);
    let reply_to = peer.reply_to();
    for n in 0..EACH {
        let data = |fails: bool| json!({ "uuid": format!("{fails}{n}"), "fails": fails });
        peer.publish(".request", KEY, &data(false), Some(v2(n, Some(&reply_to))));
        peer.publish(".request", KEY, &data(true), Some(v2(1000 + n, None)));
    }
    for delivery in bed.given_up(2 * EACH).await {
        assert!(said(&delivery).contains("RabbitMQ will not take it: 403"), "{delivery:?}");
    }
    peer.take("events", EACH);
    let link = bed.link();
    assert_eq!((link.since, link.last_error), (connected, None), "the source was never disconnected");
    bed.stop().await;
}

fn outgoing(plan: &Plan, n: usize, headers: Map<String, Value>) -> Outgoing {
    let message = Message {
        version: Version::V2,
        id: None,
        kind: Kind::Event,
        routing_key: "notify.ldapd.made".to_owned(),
        sender: Some("test".to_owned()),
        created: None,
        reply_to: None,
        correlation_id: None,
        data: json!({ "n": n }),
        errors: Vec::new(),
        softfails: 0,
        headers,
    };
    Outgoing { exchange: plan.settings.event_exchange.clone(), message }
}

/// The broker closes the whole connection over such a message.
async fn headers_that_are_too_large(broker: &Service) {
    let plan = Plan::new(broker, "headers", &support::done());
    let bed = Bed::new(&plan).await;
    let mut peer = Neighbour::of(broker, &plan.settings);
    let large = Map::from_iter([("x".to_owned(), json!("x".repeat(200_000)))]);
    let told = (0..20).map(|n| {
        let outgoing = outgoing(&plan, n, if n == 3 { large.clone() } else { Map::new() });
        NewDelivery {
            to: DeliveryTo { courier: "bus:headers".to_owned(), address: format!("a{n}") },
            body: serde_json::to_value(&outgoing).unwrap(),
            due_at: None,
        }
    });
    bed.hub.tell(told.collect()).await.unwrap();
    let given_up = bed.given_up(1).await;
    assert_eq!(given_up[0].to.address, "a3");
    assert!(said(&given_up[0]).contains("RabbitMQ will not take it: 501"), "{given_up:?}");
    // At least once each: what was under way with it may have left twice.
    let mut seen = std::collections::BTreeSet::new();
    while seen.len() < 19 {
        seen.insert(peer.take("events", 1)[0]["body"].as_str().unwrap().to_owned());
    }
    // By hand it is told as it is.
    let Outgoing { exchange, message } = outgoing(&plan, 1, large);
    let error = publish(&plan.settings, &exchange, &message).await.unwrap_err();
    assert!(matches!(error, Error::Unfit(_)) && error.to_string().contains("501"), "{error}");
    bed.stop().await;
}

/// The last one: the broker stays so.
async fn a_message_that_is_too_large(broker: &Service) {
    let limit = "application:set_env(rabbit, max_message_size, 100000), persistent_term:put(max_message_size, 100000).";
    broker.rabbitmqctl(&["eval", limit]).unwrap();
    let backend = Fake::new(|call| {
        let size = usize::try_from(call.body["payload"]["size"].as_u64().unwrap()).unwrap();
        answered(json!({ "status": 0, "data": { "x": "x".repeat(size) } }))
    });
    let plan = Plan::new(broker, "large", &backend);
    let bed = Bed::new(&plan).await;
    let mut peer = Neighbour::of(broker, &plan.settings);
    let reply_to = peer.reply_to();
    for n in 0..30 {
        let data = json!({ "uuid": format!("u{n}"), "size": if n % 10 == 5 { 200_000 } else { 10 } });
        peer.publish(".request", KEY, &data, Some(v2(n, Some(&reply_to))));
    }
    peer.take("replies", 27);
    peer.take("events", 27);
    // Reply and notification of each of the three.
    for delivery in bed.given_up(6).await {
        assert!(said(&delivery).contains("RabbitMQ will not take it: 406"), "{delivery:?}");
    }
    assert!(bed.link().connected);
    bed.stop().await;
}
