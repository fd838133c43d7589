//! What Google says just after a write is not what it says an hour later.

use serde_json::json;
use testgoogle::{Order, Settling};

use crate::bed::{ADA, Bed, CREATE, DELETE, UPDATE, UUID, World, aliases, create, update};

fn settle(settling: Settling) -> World {
    let world = World::new();
    world.google.settle(settling);
    world
}

/// A hub that waits within its attempts.
async fn patient(world: &World) -> Bed {
    let section =
        world.section("").replace("settle: 2s", "settle: 1m").replace("patience: 0s", "patience: 30s");
    world.open_as(&section, engine::Clock::system()).await
}

/// A creation and an update right after it, whatever the double does meanwhile.
async fn both(world: &World) {
    let bed = patient(world).await;
    bed.create().await.succeeded();
    world.gram.change(UUID, json!({ "firstname": "Augusta" }));
    bed.done(UPDATE, update(json!({ "aliases": ["ada@gadz.org"] }))).await.succeeded();
    bed.stop().await;
    let user = world.ada().unwrap();
    assert_eq!(
        (user["name"]["givenName"].as_str(), aliases(&user)),
        (Some("Augusta"), vec!["ada@gadz.org".to_owned()])
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_that_is_not_seen_by_its_id_yet_is_seen_by_its_address() {
    both(&settle(Settling { invisible_by_id: 2, ..Settling::default() })).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_whose_making_is_not_complete_is_waited_for() {
    both(&settle(Settling { incomplete: 2, ..Settling::default() })).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fresh_account_that_may_not_be_touched_yet_is_waited_for() {
    both(&settle(Settling { forbidden: 2, ..Settling::default() })).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_answers_an_hour_later_are_failures() {
    let world = World::new();
    let bed = world.open().await;
    bed.create().await.succeeded();
    bed.clock.run_ahead(jiff::SignedDuration::from_hours(1));
    world.gram.change(UUID, json!({ "firstname": "Augusta" }));
    world.google.order(Order::on("users.update").error(403, "forbidden"));
    let ended = bed.done(UPDATE, update(json!({}))).await;
    assert!(ended.outcome.message.as_ref().unwrap().contains("domain"), "{:?}", ended.outcome);
    assert_eq!(ended.failed().0, 500);
    world.google.order(Order::on("users.update").error(404, "notFound"));
    assert_eq!(
        bed.done(UPDATE, update(json!({}))).await.failed().2["error_name"],
        "NotExistingGoogleAccount"
    );
    bed.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_longer_than_patience_is_a_wait_without_a_slot_and_without_an_attempt() {
    let world = World::new();
    world.google.settle(Settling { incomplete: 1, ..Settling::default() });
    let bed = world.open_with("").await;
    let job = bed.submit(CREATE, create()).await;
    let ended = bed.ended(job).await;
    let step = ended.story.steps[0].clone();
    ended.succeeded();
    assert_eq!((step.waits, step.tried), (1, 1), "{step:?}");
    bed.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_that_was_free_a_moment_ago_is_waited_for_also_after_a_restart() {
    let world = World::new();
    let bed = patient(&world).await;
    bed.create().await.succeeded();
    world.google.settle(Settling { freed_is_held: 2, ..Settling::default() });
    bed.done(DELETE, json!({ "google_account_key": ADA })).await.succeeded();
    bed.stop().await;
    let bed = patient(&world).await;
    bed.create().await.succeeded();
    assert!(world.ada().is_some());
    bed.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_alias_that_moves_from_one_account_to_another_arrives() {
    let world = World::new();
    let other = "00000000-0000-4000-8000-000000000002";
    world.gram.add_person(other, 2, "Grace", "Hopper");
    let bed = patient(&world).await;
    bed.create().await.succeeded();
    world.google.settle(Settling { freed_is_held: 1, ..Settling::default() });
    bed.done(UPDATE, update(json!({ "aliases": [] }))).await.succeeded();
    let asked =
        json!({ "gram_account_uuid": other, "primary_email": "grace@gadz.org", "aliases": ["ada@gadz.org"] });
    bed.done(CREATE, asked).await.succeeded();
    assert_eq!(aliases(&world.google.user("grace@gadz.org").unwrap()), ["ada@gadz.org"]);
    bed.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_conflict_just_after_a_rename_passes() {
    let world = World::new();
    let bed = patient(&world).await;
    bed.create().await.succeeded();
    world.google.settle(Settling { duplicate_after_rename: 1, ..Settling::default() });
    bed.done(UPDATE, update(json!({ "primary_email": "augusta@gadz.org" }))).await.succeeded();
    world.gram.change(UUID, json!({ "firstname": "Augusta" }));
    bed.done(UPDATE, update(json!({}))).await.succeeded();
    assert_eq!(world.google.user("augusta@gadz.org").unwrap()["name"]["givenName"], "Augusta");
    bed.stop().await;
}
