//! Messages that are made to do harm, and the order of those that are not.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod support;

use model::{ActionSpec, JobState};
use serde_json::{Value, json};
use support::raw::Wire;
use support::{Bed, KEY, Neighbour, Plan, broker, states, v1, v2};

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn headers_nested_as_deep_as_a_frame_allows_harm_nobody() {
    let broker = broker();
    let plan = Plan::new(&broker, "deep", &support::done());
    let bed = Bed::new(&plan).await;
    let mut wire = Wire::open(broker.url());
    let about = |n: usize| v1(n, json!({ "uuid": format!("u{n}") })).to_string();
    for n in [1, 2] {
        wire.publish("deep.request", KEY.as_bytes(), &nested(15_000), about(n).as_bytes());
    }
    wire.publish("deep.request", KEY.as_bytes(), b"", about(3).as_bytes());
    let jobs = bed.ended(3).await;
    assert_eq!(states(&jobs, JobState::Succeeded), 3);
    assert_eq!(bed.link().last_error, None);
    bed.stop().await;
}

/// Names that are no text of any kind: the queue takes them, and nobody can be held up by them.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn names_that_are_not_utf8_harm_nobody() {
    let broker = broker();
    let plan = Plan::new(&broker, "bytes", &support::done());
    let bed = Bed::new(&plan).await;
    let mut wire = Wire::open(broker.url());
    let body = v1(1, json!({ "uuid": "u1" })).to_string();
    wire.publish("bytes.request", b"request.\xff\xfe.update", b"", body.as_bytes());
    wire.publish("bytes.request", KEY.as_bytes(), b"\x02\xff\xfeV", body.as_bytes());
    assert_eq!(states(&bed.ended(1).await, JobState::Succeeded), 1);
    assert_eq!(bed.refused(1).await[0].code, *"no_route");
    assert_eq!(bed.link().last_error, None);
    bed.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_subject_keeps_its_order_also_when_the_action_table_alone_knows_it() {
    const MANY: usize = 30;
    let broker = broker();
    let mut plan = Plan::new(&broker, "order", &support::done());
    plan.routes[0].1.concerned_to = Vec::new();
    let spec = ActionSpec {
        subject_kind: Some("account".to_owned()),
        subject_pointers: vec!["/payload/uuid".to_owned()],
        ..ActionSpec::default()
    };
    plan.actions = vec![(KEY, spec)];
    let folder = Bed::new(&plan).await.stop().await;
    let mut peer = Neighbour::of(&broker, &plan.settings);
    for n in 0..MANY {
        peer.publish(".request", KEY, &json!({ "uuid": "one", "n": n }), Some(v2(n, None)));
    }
    // All of them are there when it comes, and are taken in together.
    let bed = Bed::start_in(folder, &plan).await;
    let mut accepted = Vec::new();
    for job in bed.ended(MANY).await {
        assert_eq!(job.subject.as_ref().unwrap().to_string(), "account:one");
        accepted.push(bed.hub.body(job.id).await.unwrap()["payload"]["n"].clone());
    }
    assert_eq!(accepted, (0..MANY).map(Value::from).collect::<Vec<_>>());
    bed.stop().await;
}

/// A table with a table in it, and so on.
fn nested(levels: usize) -> Vec<u8> {
    let mut table = Vec::new();
    // From within: each name and length is written in front of what it holds, so all is written backwards.
    for _ in 0..levels {
        let length = u32::try_from(table.len()).unwrap();
        table.extend(length.to_le_bytes());
        table.extend(b"Fa\x01");
    }
    table.reverse();
    table
}
