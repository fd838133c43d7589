//! Requests that name one account differently do not run at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use model::JobState;
use serde_json::json;
use testgoogle::{Moment, Then};

use crate::bed::{DELETE, UPDATE, World};

#[tokio::test(flavor = "multi_thread")]
async fn a_deletion_by_address_and_an_update_by_uuid_take_turns() {
    const ROUNDS: u64 = 1_000;
    let world = World::new();
    let bed = world.open_with("  quota: 0\n").await;
    // Writes to one account that are under way at once.
    let (at_once, most) = (
        Arc::new(std::sync::Mutex::new(std::collections::HashMap::<String, usize>::new())),
        Arc::new(AtomicUsize::new(0)),
    );
    let (counted, seen) = (Arc::clone(&at_once), Arc::clone(&most));
    world.google.desk().watch(move |call, moment| {
        if matches!(call.method.as_str(), "users.update" | "users.delete") {
            let mut counted = counted.lock().unwrap();
            let under_way = counted.entry(call.key.clone()).or_default();
            match moment {
                Moment::Arrived => *under_way += 1,
                Moment::Done => {}
                Moment::Answered => *under_way -= 1,
            }
            seen.fetch_max(*under_way, Ordering::SeqCst);
        }
        Then::GoOn
    });
    let mut pairs = Vec::new();
    for n in 0..ROUNDS {
        let (uuid, address) = (format!("00000000-0000-4000-8000-{n:012}"), format!("p{n}@gadz.org"));
        world.gram.add_person(&uuid, 100_000 + n, "Some", "Body");
        let id = world.google.add(json!({
            "primaryEmail": address, "name": { "givenName": "A", "familyName": "B" },
            "externalIds": [{ "type": "organization", "value": uuid }],
        }));
        world.gram.change(&uuid, json!({ "gapps_id": id }));
        let update = bed.submit(UPDATE, json!({ "gram_account_uuid": uuid })).await;
        let delete = bed.submit(DELETE, json!({ "google_account_key": address })).await;
        pairs.push((uuid, update, delete));
    }
    for (uuid, update, delete) in pairs {
        assert_eq!(bed.ended(delete).await.state, JobState::Succeeded);
        // Before the deletion it is brought up to date, after it there is nothing to do: never half of both.
        let update = bed.ended(update).await;
        assert_eq!(update.state, JobState::Succeeded, "{:?}", update.outcome);
        assert_eq!(world.gram.gapps_id(&uuid), None);
    }
    assert_eq!(world.google.users().len(), 0);
    assert_eq!(most.load(Ordering::SeqCst), 1);
    bed.stop().await;
}
