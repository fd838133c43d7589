//! Supervision on a real broker: what passes is recorded, found, and told as one story.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod support;

use intendant_bus::Settings;
use journal::{Match, RecordFilter};
use model::RecordKind;
use serde_json::{Value, json};
use support::{Bed, KEY, Neighbour, Plan, broker, uuid, v2};

fn all() -> RecordFilter {
    RecordFilter::of(RecordKind::Message)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_passes_is_recorded_and_one_story() {
    let broker = broker();
    let backend = support::done();
    let plan = Plan::new(&broker, "seen", &backend);
    let plan = Plan { settings: Settings { supervise: true, ..plan.settings.clone() }, ..plan };
    let bed = Bed::new(&plan).await;
    bed.until("supervision to listen", async |bed| {
        bed.hub.links().iter().any(|link| link.name == "seen-supervision" && link.connected)
    })
    .await;
    let mut peer = Neighbour::of(&broker, &plan.settings);
    let reply_to = peer.reply_to();
    let id = uuid(1);
    let asked = json!({ "uuid": "u", "password": "hunter2-hunter2" });
    peer.publish(".request", KEY, &asked, Some(v2(1, Some(&reply_to))));
    peer.take("replies", 1);
    let journal = bed.hub.journal();
    // The request, the notification of its success. The reply goes to an exchange of the other side.
    bed.until("both to be recorded", async |bed| {
        bed.hub.journal().records(all(), None, 99).await.unwrap().rows.len() >= 2
    })
    .await;
    let story = RecordFilter { text: Some(id.clone()), ..all() };
    let story = journal.records(story, None, 99).await.unwrap().rows;
    let keys: Vec<&str> = story.iter().rev().filter_map(|record| record.what.as_deref()).collect();
    assert_eq!(keys, [KEY, "notify.ldapd.account.updated"], "{story:?}");
    let by_key = RecordFilter { what: Some(Match::Begins("request.".to_owned())), ..all() };
    let request = journal.records(by_key, None, 99).await.unwrap().rows.remove(0);
    assert_eq!(request.code.as_str(), "request");
    let (_, body) = journal.record_body(request.seq).await.unwrap().unwrap();
    let kept: Value = serde_json::from_slice(&body).unwrap();
    assert_eq!(kept["exchange"], "seen.request");
    assert_eq!(kept["properties"]["headers"]["soa-version"], "2.0");
    assert!(!kept.to_string().contains("hunter2"), "{kept}");
}
