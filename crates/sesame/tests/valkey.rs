//! Valkey in the place of Redis: the same answers, and as much patience.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod support;

use model::OnError;
use serde_json::{Value, json};
use support::{Bed, LONG_MS, Plan, call, entry, object_id, orchestrator, sync};
use testkit::bullmq::Version;
use testkit::service::Kind;

fn jobs(from: u32, to: u32) -> Value {
    let job = |n: u32| {
        let data = sync(&format!("i{n}"));
        json!({ "name": "IDENTITY_UPDATE", "data": data, "opts": { "jobId": object_id(n), "attempts": 1 } })
    };
    json!({ "jobs": (from..to).map(job).collect::<Vec<_>>() })
}

#[tokio::test(flavor = "multi_thread")]
async fn both_lines_of_bullmq_are_answered_on_valkey_through_killed_connections_and_a_restart() {
    for version in Version::ALL {
        let mut valkey = Kind::Valkey.start().unwrap();
        let said = call(&valkey, &["INFO", "server"]);
        assert!(said.contains("valkey_version"), "{said}");
        let fake = support::done();
        let bed = Bed::new(Plan::new(&valkey, vec![entry("a", &fake, OnError::Stop)])).await;
        let mut node = orchestrator(version, &valkey);

        let asked = json!({
            "name": "IDENTITY_UPDATE",
            "data": sync("someone"),
            "opts": { "jobId": object_id(0), "attempts": 1 },
            "ms": LONG_MS,
        });
        let answer = node.ask("ask", asked).unwrap();
        assert_eq!(
            (&answer["status"], &answer["data"][0]["output"]["message"]),
            (&json!(0), &json!("synced"))
        );

        node.ask("addBulk", jobs(1, 200)).unwrap();
        call(&valkey, &["CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"]);
        let ids = |upto| json!({ "ids": (0..upto).map(object_id).collect::<Vec<_>>(), "ms": LONG_MS });
        node.ask("waitAll", ids(200)).unwrap();

        valkey.halt();
        bed.until("the loss to be seen", async || !bed.hub.links()[0].connected).await;
        valkey.revive().unwrap();
        node.ask("addBulk", jobs(200, 210)).unwrap();
        node.ask("waitAll", ids(210)).unwrap();
        assert_eq!(fake.count(), 210, "none ran twice");
        assert_eq!(node.ask("counts", json!({})).unwrap()["failed"], 0);
        bed.stop().await;
    }
}
