//! Referential against Workspace.

use serde_json::{Value, json};
use testgoogle::Order;

use crate::bed::{ADA, Bed, UPDATE, UUID, World, other, update};

async fn compared(bed: &Bed) -> Value {
    bed.done("google.diff", json!({})).await.succeeded()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_changed_by_hand_is_told_apart_from_what_was_not_delivered() {
    let world = World::new();
    let bed = world.open().await;
    bed.create().await.succeeded();
    bed.done(UPDATE, update(json!({}))).await.succeeded();
    assert_eq!(compared(&bed).await["counts"]["same"], 1);
    world.google.change(ADA, json!({ "name": { "givenName": "Augusta", "familyName": "Lovelace" } }));
    let found = compared(&bed).await;
    assert_eq!(found["accounts"][0]["situation"], "differs");
    let field = &found["accounts"][0]["fields"][0];
    assert_eq!(
        (&field["name"], &field["theirs"], &field["why"]),
        (&json!("first_name"), &json!("Augusta"), &json!("changed_at_google"))
    );
    world.google.change(ADA, json!({ "name": { "givenName": "Ada", "familyName": "Lovelace" } }));
    world.gram.change(UUID, json!({ "firstname": "Augusta" }));
    assert_eq!(compared(&bed).await["accounts"][0]["fields"][0]["why"], "not_delivered");
    // It repairs nothing.
    assert_eq!(world.ada().unwrap()["name"]["givenName"], "Ada");
    bed.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_short_listing_concludes_nothing() {
    let world = World::new();
    let bed = world.open().await;
    bed.create().await.succeeded();
    world.google.order(Order::on("users.list").short(5));
    let found = compared(&bed).await;
    assert_eq!((&found["counts"]["missing"], &found["counts"]["same"]), (&json!(0), &json!(1)));
    assert_eq!(found["listing_was_short_of"], 1);
    // One that is not there when somebody looks is missing.
    world.google.remove(ADA);
    let found = compared(&bed).await;
    assert_eq!((&found["counts"]["missing"], &found["accounts"][0]["uuid"]), (&json!(1), &json!(UUID)));
    // A broken listing is none at all.
    world.google.order(Order::on("users.list").error(503, "backendError"));
    assert_eq!(compared(&bed).await["counts"]["missing"], 1);
    bed.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn many_accounts_are_read_page_by_page() {
    const PEOPLE: u64 = 620;
    let world = World::new();
    for n in 0..PEOPLE {
        let uuid = format!("00000000-0000-4000-8000-{n:012}");
        world.gram.add_person(&uuid, 100_000 + n, "Grace", "Hopper");
        let mut account = other(&format!("p{n}@gadz.org"));
        account["externalIds"] = json!([
            { "type": "organization", "value": uuid },
            { "type": "custom", "customType": "id_soce", "value": (100_000 + n).to_string() },
        ]);
        let id = world.google.add(account);
        if n > 0 {
            world.gram.change(&uuid, json!({ "gapps_id": id }));
        }
    }
    let bed = world.open().await;
    let counts = compared(&bed).await["counts"].clone();
    assert_eq!((&counts["same"], &counts["moved"]), (&json!(PEOPLE - 1), &json!(1)), "{counts}");
    bed.stop().await;
}
