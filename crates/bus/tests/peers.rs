//! With programs in another language at the other end: messages of both versions, replies, notifications.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod support;

use model::{JobState, Notice, Outcome};
use serde_json::{Value, json};
use support::{Bed, Fake, KEY, Neighbour, Plan, answered, body, broker, states, uuid, v1, v2};
use testkit::peer::Language;
use testkit::service::Service;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn peers_in_python_are_served() {
    serves(Language::Python).await;
}

/// With the library that the older services are made of.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn peers_in_ruby_are_served() {
    serves(Language::Ruby).await;
}

/// One broker for all of it: it takes longer to start than everything here.
async fn serves(language: Language) {
    let bus = Bus { broker: broker(), language };
    v1_without_any_property(&bus).await;
    a_request_of_version_2_and_its_reply(&bus).await;
    a_request_of_version_1_and_its_reply(&bus).await;
    notices_and_notifications(&bus).await;
    all_kinds_mixed(&bus).await;
}

/// A broker, and what everybody else on it is written in.
struct Bus {
    broker: Service,
    language: Language,
}

impl Bus {
    fn neighbour(&self, plan: &Plan) -> Neighbour {
        Neighbour::speaking(self.language, &self.broker, &plan.settings)
    }
}

async fn v1_without_any_property(bus: &Bus) {
    let backend = support::done();
    let plan = Plan::new(&bus.broker, "bare", &backend);
    let bed = Bed::new(&plan).await;
    let mut peer = bus.neighbour(&plan);
    let message = v1(1, json!({ "key": "36a7", "changes": { "gapps_id": [null, "123"] } }));
    peer.publish("_events", "notify.account.updated", &message, None);
    let jobs = bed.ended(1).await;
    assert_eq!((jobs[0].state, jobs[0].external_id.as_deref()), (JobState::Succeeded, Some(&*uuid(1))));
    assert_eq!(jobs[0].subject.as_ref().unwrap().as_str(), "identity:36a7");
    let expected = json!({
        "concernedTo": "36a7",
        "payload": { "key": "36a7", "changes": { "gapps_id": [null, "123"] } },
        "options": { "bus": {
            "version": "v1", "routing_key": "notify.account.updated", "id": uuid(1), "sender": "gram",
        } },
    });
    assert_eq!(backend.bodies(), [expected]);
    // The same message once more is the same job.
    peer.publish("_events", "notify.account.updated", &message, None);
    bed.until("it to be known", async |bed| bed.link().counters.get("known") == Some(&1)).await;
    assert_eq!(backend.bodies().len(), 1);
    bed.stop().await;
}

async fn a_request_of_version_2_and_its_reply(bus: &Bus) {
    let backend = support::done();
    let plan = Plan::new(&bus.broker, "second", &backend);
    let bed = Bed::new(&plan).await;
    let mut peer = bus.neighbour(&plan);
    let reply_to = peer.reply_to();
    let mut properties = v2(2, Some(&reply_to));
    properties["headers"]["traceparent"] = json!("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
    peer.publish(".request", KEY, &json!({ "uuid": "36a7" }), Some(properties.clone()));
    let reply = peer.take("replies", 1).remove(0);
    assert_eq!(reply["key"], "reply.ldapd.account.update");
    assert_eq!(body(&reply), json!({ "uuid": "u", "google_id": "g" }));
    let said = &reply["properties"];
    assert_eq!((&said["type"], &said["correlation_id"]), (&json!("reply"), &json!(uuid(2))));
    assert_eq!((&said["app_id"], &said["delivery_mode"]), (&json!("second"), &json!(2)));
    assert!(said["message_id"].is_string() && said.get("timestamp").is_none(), "{said}");
    let headers = &said["headers"];
    assert_eq!((&headers["status-code"], &headers["error-type"]), (&json!(200), &Value::Null));
    assert_eq!((&headers["soa-version"], &headers["softfail-count"]), (&json!("2.0"), &json!(0)));
    assert_eq!(headers["traceparent"], "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
    // Asked once more, it answers once more and runs nothing.
    peer.publish(".request", KEY, &json!({ "uuid": "36a7" }), Some(properties));
    let again = peer.take("replies", 1).remove(0);
    assert_eq!((body(&again), &again["properties"]["correlation_id"]), (body(&reply), &json!(uuid(2))));
    assert_eq!(backend.bodies().len(), 1);

    // What does not fit the schema is answered with what is wrong.
    peer.publish(".request", KEY, &json!({ "uuid": 49152 }), Some(v2(3, Some(&reply_to))));
    let refused = peer.take("replies", 1).remove(0);
    let headers = &refused["properties"]["headers"];
    assert_eq!((&headers["status-code"], &headers["error-name"]), (&json!(422), &json!("InvalidPayload")));
    assert_eq!((&headers["error-type"], &headers["next-try-in"]), (&json!("hardfail"), &Value::Null));
    assert!(body(&refused)["error_data"]["errors"][0].as_str().unwrap().starts_with("/uuid: "));
    assert!(!refused["body"].as_str().unwrap().contains("49152"));
    assert_eq!(bed.refused(1).await[0].code, *"invalid_payload");
    bed.stop().await;
}

async fn a_request_of_version_1_and_its_reply(bus: &Bus) {
    let backend = Fake::new(|call| match call.body["payload"]["uuid"].as_str() {
        Some("bad") => Outcome {
            data: Some(json!({
                "status": 409, "message": "taken", "error_name": "AccountExists", "data": { "uuid": "bad" },
            })),
            ..Outcome::hard(409, model::word::code::FAILED, "taken")
        },
        _ => answered(json!({ "status": 0, "message": "written" })),
    });
    let plan = Plan::new(&bus.broker, "first", &backend);
    let bed = Bed::new(&plan).await;
    let mut peer = bus.neighbour(&plan);
    let properties = json!({ "reply_to": peer.reply_to() });
    peer.publish(".request", KEY, &v1(4, json!({ "uuid": "good" })), Some(properties.clone()));
    let reply = peer.take("replies", 1).remove(0);
    let said = body(&reply);
    assert_eq!(
        (&said["event_name"], &said["event_sender_id"]),
        (&json!("reply.ldapd.account.update"), &json!("first"))
    );
    assert_eq!(said["event_uuid"], reply["properties"]["message_id"]);
    assert_eq!(reply["properties"]["headers"]["status-code"], 200);
    peer.publish(".request", KEY, &v1(5, json!({ "uuid": "bad" })), Some(properties));
    let reply = peer.take("replies", 1).remove(0);
    let headers = &reply["properties"]["headers"];
    assert_eq!((&headers["status-code"], &headers["error-name"]), (&json!(409), &json!("AccountExists")));
    assert_eq!(
        body(&reply)["data"],
        json!({ "error_message": "taken", "debug_message": null, "error_data": { "uuid": "bad" } })
    );
    bed.stop().await;
}

async fn notices_and_notifications(bus: &Bus) {
    let notice = |name: &str| Notice { name: name.to_owned(), data: json!({ "key": "123" }) };
    let backend = Fake::new(move |_| Outcome {
        notices: vec![notice("notify.ldapd.account.seen"), notice("gossip.ldapd.account")],
        ..answered(json!({ "status": 0, "data": { "uuid": "u" } }))
    });
    for (application, version) in [("tells", "1.0"), ("tells2", "2.0")] {
        let mut plan = Plan::new(&bus.broker, application, &backend);
        if version == "2.0" {
            plan.settings.notifications = intendant_bus::envelope::Version::V2;
        }
        let bed = Bed::new(&plan).await;
        let mut peer = bus.neighbour(&plan);
        peer.publish(".request", KEY, &json!({ "uuid": "36a7" }), Some(v2(6, None)));
        let told = peer.take("events", 2);
        for (message, key, data) in [
            (&told[0], "notify.ldapd.account.updated", json!({ "uuid": "u" })),
            (&told[1], "notify.ldapd.account.seen", json!({ "key": "123" })),
        ] {
            assert_eq!((&message["key"], &message["properties"]["type"]), (&json!(key), &json!("event")));
            assert_eq!(message["properties"]["headers"]["soa-version"], version);
            let said = body(message);
            assert_eq!(if version == "1.0" { said["data"].clone() } else { said }, data);
        }
        bed.stop().await;
        assert_eq!((peer.count("events"), peer.count("replies")), (json!(0), json!(0)));
    }
}

async fn all_kinds_mixed(bus: &Bus) {
    const EACH: usize = 100;
    let backend = support::done();
    let plan = Plan::new(&bus.broker, "mixed", &backend);
    let bed = Bed::new(&plan).await;
    let mut peer = bus.neighbour(&plan);
    let reply_to = peer.reply_to();
    let mut messages = Vec::new();
    for n in 0..EACH {
        let to = |exchange: &str, key: &str, said: Value, properties: Value| json!({ "exchange": format!("mixed{exchange}"), "key": key, "body": said.to_string(), "properties": properties });
        let data = json!({ "uuid": format!("u{}", n % 10), "key": n.to_string() });
        messages.push(to("_events", "notify.account.updated", v1(4 * n, data.clone()), Value::Null));
        messages.push(to(".request", KEY, v1(4 * n + 1, data.clone()), json!({ "reply_to": reply_to })));
        messages.push(to("_events", KEY, data.clone(), v2(4 * n + 2, Some(&reply_to))));
        messages.push(to(".request", KEY, data, v2(4 * n + 3, None)));
    }
    peer.peer.ask("publish", json!({ "messages": messages })).unwrap();
    let jobs = bed.ended(4 * EACH).await;
    assert_eq!(states(&jobs, JobState::Succeeded), 4 * EACH);
    let mut answered: Vec<Value> = peer
        .take("replies", 2 * EACH)
        .iter()
        .map(|reply| reply["properties"]["correlation_id"].clone())
        .collect();
    answered.sort_by_key(ToString::to_string);
    answered.dedup();
    assert_eq!(answered.len(), 2 * EACH);
    bed.stop().await;
}
