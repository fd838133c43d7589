//! What is told to whom where nothing fails and something is odd: actions that nobody has to do, notices that do not leave,
//! data of another shape, rights that are lacking.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod support;

use std::process::Command;

use intendant_bus::route::{RouteSpec, Routes};
use intendant_bus::{Access, Address, Lacking, Settings, declare, examine_with_rights};
use model::{ActionSpec, Notice, Outcome};
use serde_json::{Value, json};
use support::{Bed, Fake, KEY, Neighbour, Plan, answered, body, broker, uuid, v2};
use testkit::service::Service;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_is_odd_is_told() {
    let broker = broker();
    an_action_that_nobody_has_to_do(&broker).await;
    notices_and_data_that_leave_otherwise(&broker).await;
    rights_that_are_lacking(&broker).await;
}

async fn an_action_that_nobody_has_to_do(broker: &Service) {
    const SEEN: &str = "request.printer.seen";
    let mut plan = Plan::new(broker, "optional", &support::done());
    plan.routes.push((SEEN, RouteSpec::default()));
    plan.actions = vec![(SEEN, ActionSpec { optional: true, ..ActionSpec::default() })];
    let bed = Bed::new(&plan).await;
    let mut peer = Neighbour::of(broker, &plan.settings);
    let reply_to = peer.reply_to();
    peer.publish(".request", SEEN, &json!({ "uuid": "u" }), Some(v2(1, Some(&reply_to))));
    let reply = peer.take("replies", 1).remove(0);
    let headers = &reply["properties"]["headers"];
    assert_eq!((&headers["status-code"], &headers["error-type"]), (&json!(204), &Value::Null));
    assert_eq!(reply["properties"]["correlation_id"], uuid(1));
    // Supervision hears of the request, and of no failure.
    peer.publish(".request", KEY, &json!({ "uuid": "u" }), Some(v2(2, Some(&reply_to))));
    peer.take("replies", 1);
    let logs = peer.take("logs", 2);
    assert!(logs.iter().all(|log| log["properties"]["type"] != "log"), "{logs:?}");
    assert_eq!((bed.jobs().await.len(), bed.refusals().await.len()), (1, 0));
    bed.stop().await;
}

/// A route with `notify` and a backend's notices: one that would come back, one that no route names, one that leaves.
async fn notices_and_data_that_leave_otherwise(broker: &Service) {
    let backend = Fake::new(|_| {
        let notice = |name: &str| Notice { name: name.to_owned(), data: json!({}) };
        let notices = ["notify.account.seen", "log.of.ours", "notify.ldapd.seen"].map(notice);
        Outcome { notices: notices.into(), ..answered(json!({ "status": 0, "data": [1, 2] })) }
    });
    let plan = Plan::new(broker, "notices", &backend);
    let bed = Bed::new(&plan).await;
    let mut peer = Neighbour::of(broker, &plan.settings);
    peer.publish(".request", KEY, &json!({ "uuid": "u" }), Some(v2(1, None)));
    let told = peer.take("events", 2);
    assert_eq!(told[0]["key"], "notify.ldapd.account.updated");
    assert_eq!(body(&told[0])["data"], json!({ "value": [1, 2] }));
    assert_eq!(told[1]["key"], "notify.ldapd.seen");
    let counters = bed.link().counters;
    assert_eq!((counters["notices_dropped"], counters["data_wrapped"]), (2, 1));
    assert_eq!(bed.jobs().await.len(), 1, "nothing came back");
    bed.stop().await;

    // Who wants it says so, and gets it.
    let mut plan = Plan::new(broker, "wanted", &backend);
    plan.routes[0].1.notices = vec!["notify.account.seen".to_owned()];
    let bed = Bed::new(&plan).await;
    let mut peer = Neighbour::of(broker, &plan.settings);
    peer.publish(".request", KEY, &json!({ "uuid": "u" }), Some(v2(1, None)));
    assert_eq!(bed.ended(2).await.len(), 2);
    bed.stop().await;
}

async fn rights_that_are_lacking(broker: &Service) {
    broker.rabbitmqctl(&["add_user", "hub", "pw"]).unwrap();
    let address = Address::new(&broker.url().replace("guest:guest@", "hub:pw@"), Access::default()).unwrap();
    let plan = Plan::new(broker, "bare", &support::done());
    let settings = Settings { address, ..plan.settings };
    let set = |rights: [&str; 3]| {
        broker.rabbitmqctl(&["set_permissions", "hub", rights[0], rights[1], rights[2]]).unwrap();
    };
    let lacking = async || examine_with_rights(&settings).await.unwrap().1;

    set(["^$", "^$", "^$"]);
    let Lacking { rights, remedy } = lacking().await.unwrap();
    let has = |rights: &[String], words: &str| rights.iter().any(|right| right.contains(words));
    for words in ["may not make queue bare_job_q", "may not make exchange bare_events", "may not bind queue"]
    {
        assert!(has(&rights, words), "{words}: {rights:?}");
    }
    let notes = declare(&settings, &Routes::default()).await.unwrap();
    assert!(!notes.is_empty() && notes.iter().all(|note| note.is_missing), "{notes:?}");
    // Asking has made nothing.
    let queues = broker.rabbitmqctl(&["list_queues", "name"]).unwrap();
    assert!(!queues.lines().any(|queue| queue.starts_with("bare_")), "{queues}");

    // What is said to grant them does.
    let words = remedy.trim_matches('`').replace("rabbitmqctl", "printf '%s\\n'");
    let words = String::from_utf8(Command::new("sh").args(["-c", &words]).output().unwrap().stdout).unwrap();
    broker.rabbitmqctl(&words.lines().collect::<Vec<_>>()).unwrap();
    assert_eq!(lacking().await, None);
    assert_eq!(declare(&settings, &plan_routes()).await.unwrap(), []);
    assert_eq!(lacking().await, None, "the same when all is there");
    // Everything is there and may not be made: that is no lack. Not to read, and not to write, is.
    set(["^$", ".*", ".*"]);
    assert_eq!(lacking().await, None);
    assert_eq!(declare(&settings, &plan_routes()).await.unwrap(), []);
    set([".*", ".*", "^bare_(events|log)$|^bare[.].*"]);
    assert!(has(&lacking().await.unwrap().rights, "may not read queue bare_job_q"));
    set([".*", "^bare_job_q$|^bare_log$", ".*"]);
    let rights = lacking().await.unwrap().rights;
    assert!(rights.len() == 1 && has(&rights, "may not publish on exchange bare_events"), "{rights:?}");
}

fn plan_routes() -> Routes {
    Routes::new([(KEY.to_owned(), RouteSpec::default())]).unwrap()
}
