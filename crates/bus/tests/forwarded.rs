//! What comes as one thing and is done as another, what is not done at all, and what is told of others' jobs.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod support;

use engine::Accepted;
use intendant_bus::route::{AnnounceSpec, RouteSpec};
use model::word::code;
use model::{Effects, JobState, Notice, Outcome, Request};
use serde_json::{Value, json};
use support::{Bed, Fake, KEY, Neighbour, Plan, answered, body, broker, v2};
use testkit::service::Service;

const NEWS: &str = "notify.account.updated";

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn messages_are_forwarded_skipped_and_announced() {
    let broker = broker();
    news_of_an_account_become_a_request(&broker).await;
    what_others_asked_for_is_announced(&broker).await;
}

/// A referential tells of an account by its key; the service that wants to know updates it, but not when only what it
/// wrote itself has changed.
async fn news_of_an_account_become_a_request(broker: &Service) {
    let mut plan = Plan::new(broker, "forwarding", &support::done());
    let own_change = json!({
        "type": "object",
        "required": ["changes"],
        "properties": { "changes": { "type": "object", "minProperties": 1, "propertyNames": { "const": "gapps_id" } } },
    });
    let forwarded = RouteSpec {
        action: Some(KEY.to_owned()),
        skip: Some(own_change),
        data: [("uuid".to_owned(), "/key".to_owned())].into(),
        concerned_to: vec!["/key".to_owned()],
        ..RouteSpec::default()
    };
    plan.routes.push((NEWS, forwarded));
    let bed = Bed::new(&plan).await;
    let mut peer = Neighbour::of(broker, &plan.settings);
    let reply_to = peer.reply_to();
    let tell = |peer: &mut Neighbour, id: u8, data: &Value| {
        peer.publish(".request", NEWS, data, Some(v2(id.into(), Some(&reply_to))));
        peer.take("replies", 1).remove(0)["properties"]["headers"]["status-code"].clone()
    };
    let changed = |names: &[&str]| -> Value {
        names
            .iter()
            .map(|name| ((*name).to_owned(), json!([null, "x"])))
            .collect::<serde_json::Map<_, _>>()
            .into()
    };
    // Its own write, and nothing else.
    assert_eq!(tell(&mut peer, 1, &json!({ "key": "u", "changes": changed(&["gapps_id"]) })), 204);
    assert_eq!((bed.jobs().await.len(), bed.link().counters["skipped"]), (0, 1));
    // Somebody else's, and no change at all.
    let more = changed(&["gapps_id", "firstname"]);
    assert_eq!(tell(&mut peer, 2, &json!({ "key": "u", "changes": more, "more": [1] })), 200);
    assert_eq!(tell(&mut peer, 3, &json!({ "key": "u", "changes": {} })), 200);
    let jobs = bed.ended(2).await;
    let story = bed.hub.story(jobs[0].id).await.unwrap();
    assert_eq!((jobs[0].action.as_str(), &story.body["payload"]), (KEY, &json!({ "uuid": "u" })));
    assert_eq!(story.body["concernedTo"], "u");
    assert_eq!(story.body["options"]["bus"]["routing_key"], NEWS, "one sees where it came from");
    // What is wanted of it is not there: told, and kept with the dead letters.
    assert_eq!(tell(&mut peer, 4, &json!({ "changes": {} })), 422);
    let refusal = bed.refused(1).await.remove(0);
    assert_eq!(refusal.code, code::INVALID_PAYLOAD);
    let why = refusal.message;
    assert!(why.contains("/key") && why.contains("uuid"), "{why}");
    bed.stop().await;
}

/// A job that came over HTTP: the bus hears of its success, and of what its backend tells beside.
async fn what_others_asked_for_is_announced(broker: &Service) {
    let backend = Fake::new(|call| {
        let notices = ["notify.ldapd.account.seen", "log.of.ours"];
        let notices = notices.map(|name| Notice { name: name.to_owned(), data: json!({}) });
        match call.body["payload"]["uuid"].as_str() {
            Some("bad") => Outcome::hard(1, code::FAILED, "no"),
            _ => Outcome {
                notices: notices.into(),
                ..answered(json!({ "status": 0, "data": { "uuid": "u" } }))
            },
        }
    });
    let mut plan = Plan::new(broker, "announcing", &backend);
    let announced =
        AnnounceSpec { notify: Some("notify.ldapd.announced".to_owned()), ..AnnounceSpec::default() };
    plan.announced.push(("request.ldapd.*", announced));
    let bed = Bed::new(&plan).await;
    let mut peer = Neighbour::of(broker, &plan.settings);
    for uuid in ["bad", "u"] {
        let body = json!({ "concernedTo": uuid, "payload": { "uuid": uuid }, "options": {} });
        let accepted = bed.hub.accept(Request::new("http", KEY, body), Effects::default()).await.unwrap();
        assert!(matches!(accepted, Accepted::New(_)), "{accepted:?}");
    }
    let told = peer.take("events", 2);
    let keys: Vec<_> = told.iter().map(|event| event["key"].as_str().unwrap()).collect();
    assert_eq!(keys, ["notify.ldapd.announced", "notify.ldapd.account.seen"]);
    assert_eq!(body(&told[0])["data"], json!({ "uuid": "u" }));
    let jobs = bed.ended(2).await;
    assert_eq!(jobs.iter().map(|job| job.state).collect::<Vec<_>>(), [JobState::Failed, JobState::Succeeded]);
    assert_eq!(bed.link().counters["notices_dropped"], 1, "log.of.ours");
    // A message of the bus has a route that says under which key; it is told there, once.
    peer.publish(".request", KEY, &json!({ "uuid": "u" }), Some(v2(1, None)));
    let told = peer.take("events", 2);
    assert_eq!(told[0]["key"], "notify.ldapd.account.updated");
    assert_eq!(told[1]["key"], "notify.ldapd.account.seen");
    bed.stop().await;
}
