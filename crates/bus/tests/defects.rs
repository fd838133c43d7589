//! Everything that stopped the original, or lost a message or an answer there.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod support;

use std::time::Duration;

use engine::door::Source as _;
use intendant_bus as bus;
use model::{JobState, Outcome};
use serde_json::{Value, json};
use support::{Bed, Fake, KEY, Neighbour, Plan, answered, body, broker, states, uuid, v1, v2};
use testkit::peer::{Language, Peer};
use testkit::service::Service;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_stopped_the_original_stops_nobody() {
    let broker = broker();
    poison_among_good_messages(&broker).await;
    a_soft_failure_without_a_count(&broker).await;
    exhausted_retries_are_told(&broker).await;
    failures_of_others_count(&broker).await;
    a_replay_is_answered_too(&broker).await;
    nobody_handles_it(&broker).await;
    an_unknown_reply_exchange_is_never_made(&broker).await;
    messages_that_an_older_service_deferred(&broker).await;
    what_exists_and_differs_is_used_as_it_is(&broker).await;
    the_body_of_the_original_log(&broker).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn ten_thousand_replies_on_one_connection() {
    let count: usize = std::env::var("INTENDANT_REPLIES").map_or(10_000, |text| text.parse().unwrap());
    let broker = broker();
    let backend = support::done();
    let plan = Plan::new(&broker, "many", &backend);
    let bed = Bed::new(&plan).await;
    let mut peer = Neighbour::of(&broker, &plan.settings);
    let reply_to = peer.reply_to();
    let ids: Vec<String> = (0..count).map(uuid).collect();
    let message = json!({
        "exchange": "many.request", "key": KEY, "body": "{\"uuid\": \"u\"}", "properties": v2(0, Some(&reply_to)),
    });
    let mut message = message;
    // No order among them: each is about nobody.
    message["body"] = json!("{\"uuid\": \"\"}");
    let ask = json!({ "ids": ids, "message": message, "inbox": "many_replies", "seconds": 500 });
    let answered = peer.peer.ask("request", ask).unwrap();
    assert_eq!(answered.as_object().unwrap().len(), count);
    assert!(answered.as_object().unwrap().values().all(|times| times == 1), "each was answered once");
    assert_eq!(bed.jobs().await.len(), count);
    bed.stop().await;
}

async fn poison_among_good_messages(broker: &Service) {
    let backend = support::done();
    let plan = Plan::new(broker, "poison", &backend);
    let bed = Bed::new(&plan).await;
    let mut peer = Neighbour::of(broker, &plan.settings);
    let headers = |headers: Value| Some(json!({ "headers": headers, "message_id": uuid(7) }));
    let typed = |kind: &str| {
        Some(json!({ "headers": { "soa-version": "2.0" }, "type": kind, "message_id": uuid(8) }))
    };
    let mut long_name = v1(100, json!({ "uuid": "x" }));
    long_name["event_name"] = json!("a".repeat(200) + "2");
    let cut = "\"event_uuid\":\"88d818a1-c77c-44e6-ad0c-8aa893468e94\",\n\"event_name\":\"testing_key\",\n}";
    let bad: Vec<(Value, Option<Value>)> = vec![
        (json!("{no json"), None),
        (json!(cut), None),
        (json!({ "event_uuid": uuid(9) }), None),
        (v1(10, json!([])), None),
        (long_name, None),
        (json!({ "uuid": "x" }), headers(json!({ "soa-version": "7.0" }))),
        (json!({ "uuid": "x" }), headers(json!({ "soa-version": true }))),
        (json!({ "uuid": "x" }), typed("question")),
        (
            json!({ "base64": "eJyrVspLzE1VslJQSs7PLShKLS5OTVGqBQA9ZQaR" }),
            headers(json!({ "soa-version": "2.0" })),
        ),
        (json!({ "uuid": "x" }), headers(json!({ "soa-version": "2.0", "softfail-count": "many" }))),
    ];
    for (n, (message, properties)) in bad.iter().enumerate() {
        peer.publish(".request", KEY, message, properties.clone());
        peer.publish(".request", KEY, &v1(20 + n, json!({ "uuid": "good" })), None);
    }
    // These stopped the original and are good: a timestamp, and a count as text.
    let mut stamped = v2(50, None);
    stamped["timestamp"] = json!(1_464_534_230);
    stamped["headers"]["softfail-count"] = json!("3");
    peer.publish(".request", KEY, &json!({ "uuid": "good" }), Some(stamped));

    let jobs = bed.ended(bad.len() + 1).await;
    assert_eq!((jobs.len(), states(&jobs, JobState::Succeeded)), (bad.len() + 1, bad.len() + 1));
    let refusals = bed.refused(bad.len()).await;
    assert_eq!(refusals.len(), bad.len());
    assert!(refusals.iter().all(|refusal| refusal.code == *"unreadable"), "{refusals:?}");
    assert_eq!(peer.peer.ask("exists", json!({ "queue": "poison_job_q" })).unwrap(), 0);
    // Each is kept as it came, headers and all.
    let mut counted = 0;
    for refusal in &refusals {
        let (_, raw) = bed.hub.refused(refusal.seq).await.unwrap();
        let raw = bus::RawMessage::from_bytes(&raw).unwrap();
        assert_eq!((raw.exchange.as_str(), raw.routing_key.as_str()), ("poison.request", KEY));
        counted += usize::from(raw.properties.headers.get("softfail-count") == Some(&json!("many")));
    }
    assert_eq!(counted, 1);

    // Who wants a reply gets one also then.
    let properties =
        json!({ "reply_to": peer.reply_to(), "headers": { "soa-version": "2.0" }, "message_id": uuid(60) });
    peer.publish(".request", KEY, &json!("{no json"), Some(properties));
    let reply = peer.take("replies", 1).remove(0);
    assert_eq!(reply["properties"]["headers"]["status-code"], 400);
    assert_eq!(reply["properties"]["correlation_id"], uuid(60));
    bed.stop().await;
}

/// Fails softly until the n-th time.
fn recovers(tries: usize) -> std::sync::Arc<Fake> {
    let count = std::sync::atomic::AtomicUsize::new(0);
    Fake::new(move |_| {
        if count.fetch_add(1, std::sync::atomic::Ordering::Relaxed) + 1 < tries {
            Outcome::soft(500, model::word::code::RETRY, "GrAM is away")
        } else {
            answered(json!({ "status": 0, "data": { "uuid": "u" } }))
        }
    })
}

async fn a_soft_failure_without_a_count(broker: &Service) {
    let backend = recovers(3);
    let plan = Plan::new(broker, "soft", &backend);
    let bed = Bed::new(&plan).await;
    let mut peer = Neighbour::of(broker, &plan.settings);
    // Without headers, as GrAM sends it, but for the wish of a reply.
    peer.publish(
        ".request",
        KEY,
        &v1(1, json!({ "uuid": "u" })),
        Some(json!({ "reply_to": peer.reply_to() })),
    );
    let replies = peer.take("replies", 3);
    let status = |reply: &Value| reply["properties"]["headers"]["status-code"].clone();
    assert_eq!(replies.iter().map(status).collect::<Vec<_>>(), [500, 500, 200]);
    let headers = &replies[0]["properties"]["headers"];
    assert_eq!(headers["error-type"], "softfail");
    let pause = headers["next-try-in"].as_i64().unwrap();
    assert!((80..=130).contains(&pause), "the pause as it was planned: {pause}");
    assert_eq!(body(&replies[0])["data"]["error_data"], Value::Null);

    let logs = peer.take("logs", 3);
    // The request itself passes through supervision too.
    let failures: Vec<&Value> = logs.iter().filter(|log| log["properties"]["type"] == "log").collect();
    assert_eq!(failures.len(), 2);
    let said = body(failures[0]);
    assert_eq!((&said["data"]["level"], &said["data"]["error_message"]), (&json!(3), &json!("GrAM is away")));
    assert_eq!((&said["errors_count"], &said["errors"][0]["error_type"]), (&json!(1), &json!("softerror")));
    assert_eq!(failures[0]["properties"]["correlation_id"], uuid(1));
    assert_eq!(failures[0]["properties"]["headers"]["level"], 3);
    bed.stop().await;
}

async fn exhausted_retries_are_told(broker: &Service) {
    let backend = recovers(usize::MAX);
    let mut plan = Plan::new(broker, "spent", &backend);
    plan.settings.max_attempts = 2;
    let bed = Bed::new(&plan).await;
    let mut peer = Neighbour::of(broker, &plan.settings);
    let reply_to = peer.reply_to();
    peer.publish(".request", KEY, &json!({ "uuid": "u" }), Some(v2(1, Some(&reply_to))));
    let replies = peer.take("replies", 2);
    let headers = &replies[1]["properties"]["headers"];
    assert_eq!(
        (&headers["error-type"], &headers["error-name"]),
        (&json!("hardfail"), &json!("InternalError"))
    );
    assert!(body(&replies[1])["error_message"].as_str().unwrap().contains("GrAM is away"));
    assert_eq!(bed.ended(1).await[0].state, JobState::Failed);
    assert_eq!(backend.bodies().len(), 2, "it was tried exactly as often as it may be");
    bed.stop().await;
}

async fn failures_of_others_count(broker: &Service) {
    let backend = recovers(usize::MAX);
    let mut plan = Plan::new(broker, "counted", &backend);
    plan.settings.max_attempts = 4;
    let bed = Bed::new(&plan).await;
    let mut peer = Neighbour::of(broker, &plan.settings);
    let reply_to = peer.reply_to();
    // Two tries by its header, three by the errors that it carries: one is left.
    let entry = json!({
        "error_type": "softerror", "error_uuid": uuid(90), "error_sender": "gdd",
        "error_message": "Google API Unavailable", "timestamp": "2016-05-29T15:03:50Z",
    });
    let mut message = v1(2, json!({ "uuid": "u" }));
    message["errors_count"] = json!(3);
    message["errors"] = json!([entry, entry, entry]);
    let properties = json!({ "reply_to": reply_to, "headers": { "softfail-count": 2 } });
    peer.publish(".request", KEY, &message, Some(properties));
    let reply = peer.take("replies", 1).remove(0);
    assert_eq!(reply["properties"]["headers"]["error-type"], "hardfail");
    assert_eq!(backend.bodies().len(), 1);
    // What leaves carries all of them.
    let logs = peer.take("logs", 2);
    let log = logs.iter().find(|log| log["properties"]["type"] == "log").unwrap();
    let said = body(log);
    assert_eq!(said["errors_count"], 4);
    assert_eq!(said["errors"][3]["error_type"], "harderror");

    let mut spent = v2(3, Some(&reply_to));
    spent["headers"]["softfail-count"] = json!(4);
    peer.publish(".request", KEY, &json!({ "uuid": "u" }), Some(spent));
    let reply = peer.take("replies", 1).remove(0);
    assert_eq!(reply["properties"]["headers"]["error-name"], "InternalError");
    assert_eq!(bed.refused(1).await[0].code, *"exhausted");
    assert_eq!(backend.bodies().len(), 1);
    bed.stop().await;
}

async fn a_replay_is_answered_too(broker: &Service) {
    let failed = std::sync::atomic::AtomicBool::new(false);
    let backend = Fake::new(move |_| {
        if failed.swap(true, std::sync::atomic::Ordering::Relaxed) {
            answered(json!({ "status": 0, "data": { "uuid": "u" } }))
        } else {
            Outcome::hard(1, model::word::code::FAILED, "no such entry")
        }
    });
    let plan = Plan::new(broker, "replayed", &backend);
    let bed = Bed::new(&plan).await;
    let mut peer = Neighbour::of(broker, &plan.settings);
    let reply_to = peer.reply_to();
    peer.publish(".request", KEY, &json!({ "uuid": "u" }), Some(v2(1, Some(&reply_to))));
    assert_eq!(peer.take("replies", 1)[0]["properties"]["headers"]["status-code"], 500);
    let job = bed.ended(1).await[0].id;
    let actor = engine::Actor("test".to_owned());
    bed.hub.retry(job, &engine::Replay::default(), &actor).await.unwrap();
    let reply = peer.take("replies", 1).remove(0);
    assert_eq!(reply["properties"]["headers"]["status-code"], 200);
    assert_eq!(reply["properties"]["correlation_id"], uuid(1));
    bed.stop().await;
}

async fn nobody_handles_it(broker: &Service) {
    let backend = support::done();
    let mut plan = Plan::new(broker, "nobody", &backend);
    plan.routes.push(("request.printer.#", bus::route::RouteSpec::default()));
    let bed = Bed::new(&plan).await;
    let mut peer = Neighbour::of(broker, &plan.settings);
    let reply_to = peer.reply_to();
    // A reply for which nobody here waits troubles nobody.
    let mut reply = v2(5, None);
    reply["type"] = json!("reply");
    peer.publish(".reply", "reply.unknown.thing", &json!({ "uuid": "u" }), Some(reply));
    for (n, key) in ["request.unknown.thing", "request.printer.jam"].into_iter().enumerate() {
        peer.publish(".request", key, &json!({ "uuid": "u" }), Some(v2(n, Some(&reply_to))));
        let reply = peer.take("replies", 1).remove(0);
        let headers = &reply["properties"]["headers"];
        assert_eq!(
            (&headers["status-code"], &headers["error-name"]),
            (&json!(404), &json!("RoutingError")),
            "{key}"
        );
    }
    assert_eq!(bed.refused(1).await[0].code, *"no_route");
    assert_eq!((bed.refusals().await.len(), bed.link().counters["unclaimed"]), (1, 1));
    assert_eq!(bed.ended(1).await[0].code, Some(model::word::code::NO_BACKEND));
    // A route that is added takes effect at once, and what was refused can be handed in again.
    plan.routes.push((
        "request.unknown.#",
        bus::route::RouteSpec { action: Some(KEY.to_owned()), ..Default::default() },
    ));
    bed.source.reload(plan.routes());
    let refusal = bed.refusals().await[0].seq;
    bed.hub.resubmit(refusal, &engine::Actor("test".to_owned())).await.unwrap();
    let reply = peer.take("replies", 1).remove(0);
    assert_eq!(reply["properties"]["headers"]["status-code"], 200);
    bed.until("the new key to be bound", async |_| {
        peer.publish("_events", "request.unknown.other", &json!({ "uuid": "u" }), Some(v2(9, None)));
        backend.bodies().len() == 2
    })
    .await;
    bed.stop().await;
}

async fn an_unknown_reply_exchange_is_never_made(broker: &Service) {
    let backend = support::done();
    let plan = Plan::new(broker, "lost", &backend);
    let bed = Bed::new(&plan).await;
    let mut peer = Neighbour::of(broker, &plan.settings);
    peer.publish(".request", KEY, &json!({ "uuid": "u" }), Some(v2(1, Some("nowhere.reply"))));
    let filter = journal::DeliveryFilter {
        state: Some(model::DeliveryState::Undeliverable),
        ..journal::DeliveryFilter::default()
    };
    bed.until("the reply to be given up", async |bed| {
        !bed.hub.deliveries(filter.clone(), None, 10).await.unwrap().rows.is_empty()
    })
    .await;
    let given_up = bed.hub.deliveries(filter.clone(), None, 10).await.unwrap().rows;
    assert!(given_up[0].message.as_ref().unwrap().contains("there is no exchange nowhere.reply"));
    assert_eq!(peer.peer.ask("exists", json!({ "exchange": "nowhere.reply" })).unwrap(), Value::Null);
    // What leaves afterwards leaves.
    let reply_to = peer.reply_to();
    peer.publish(".request", KEY, &json!({ "uuid": "u" }), Some(v2(2, Some(&reply_to))));
    peer.take("replies", 1);
    bed.stop().await;
}

async fn messages_that_an_older_service_deferred(broker: &Service) {
    let backend = support::done();
    let mut plan = Plan::new(broker, "older", &backend);
    plan.settings.deferred = Duration::from_secs(77);
    let mut peer = Neighbour::of(broker, &{
        let bed = Bed::new(&plan).await;
        let settings = bed.settings.clone();
        bed.stop().await;
        settings
    });
    // As that service leaves it behind: another time than ours, and a name that ends in a digit.
    let queue = format!("older_{}-2_deferred_q", KEY.replace('.', "-"));
    peer.peer.ask("exchange", json!({ "name": "older_delayed_out_x", "type": "fanout" })).unwrap();
    peer.peer.ask("exchange", json!({ "name": "older_delayed_in_x" })).unwrap();
    let arguments = json!({
        "x-message-ttl": 2000,
        "x-dead-letter-exchange": "older_delayed_out_x",
        "x-dead-letter-routing-key": KEY,
    });
    let bindings = json!([["older_delayed_in_x", KEY]]);
    peer.peer.ask("queue", json!({ "name": queue, "arguments": arguments, "bindings": bindings })).unwrap();
    let properties = json!({ "headers": { "softfail-count": 1, "soa-version": "1.0" } });
    peer.publish("_delayed_in_x", KEY, &v1(1, json!({ "uuid": "u" })), Some(properties));
    let bed = Bed::new(&plan).await;
    assert_eq!(bed.ended(1).await[0].state, JobState::Succeeded);
    assert_eq!(backend.bodies()[0]["options"]["bus"]["routing_key"], KEY);
    bed.stop().await;
}

async fn what_exists_and_differs_is_used_as_it_is(broker: &Service) {
    let backend = support::done();
    let mut plan = Plan::new(broker, "odd", &backend);
    plan.settings.queue_type = bus::QueueType::Quorum;
    let mut other = Peer::connect(Language::Python, broker.url()).unwrap();
    other.ask("queue", json!({ "name": "odd_job_q", "arguments": { "x-max-length": 1000 } })).unwrap();
    other.ask("exchange", json!({ "name": "odd_log", "type": "topic" })).unwrap();
    let bed = Bed::new(&plan).await;
    let note = bed.link().note.unwrap();
    assert!(note.contains("queue odd_job_q exists, and is not a quorum queue"), "{note}");
    assert!(note.contains("exchange odd_log exists, and is not a durable fanout exchange"), "{note}");
    let mut peer = Neighbour::of(broker, &plan.settings);
    let reply_to = peer.reply_to();
    peer.publish(".request", KEY, &json!({ "uuid": "u" }), Some(v2(1, Some(&reply_to))));
    peer.take("replies", 1);
    bed.stop().await;

    let mut plan = Plan::new(broker, "quorum", &backend);
    plan.settings.queue_type = bus::QueueType::Quorum;
    let bed = Bed::new(&plan).await;
    assert_eq!(bed.link().note, None);
    let mut peer = Neighbour::of(broker, &plan.settings);
    let reply_to = peer.reply_to();
    peer.publish(".request", KEY, &json!({ "uuid": "u" }), Some(v2(2, Some(&reply_to))));
    peer.take("replies", 1);
    bed.stop().await;
}

async fn the_body_of_the_original_log(broker: &Service) {
    let backend = Fake::new(|_| Outcome::hard(1, model::word::code::FAILED, "no"));
    let mut plan = Plan::new(broker, "empty", &backend);
    plan.settings.log = bus::LogBody::Empty;
    plan.settings.log_key = Some("logging.key".to_owned());
    let bed = Bed::new(&plan).await;
    let mut peer = Neighbour::of(broker, &plan.settings);
    peer.publish("_events", KEY, &v1(1, json!({ "uuid": "u" })), None);
    let logs = peer.take("logs", 2);
    let log = logs.iter().find(|log| log["key"] == "logging.key").unwrap();
    assert_eq!((&log["body"], &log["properties"]["headers"]["level"]), (&json!("null"), &json!(4)));
    assert_eq!(log["properties"]["headers"]["soa-version"], "2.0");
    bed.stop().await;
}
