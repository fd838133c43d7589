//! Answers that are lost at each call: the account is there once, the referential has its id, one reply says so.

use serde_json::json;
use testgoogle::Order;

use crate::bed::{ADA, UPDATE, UUID, World, aliases, update};

/// Each call of a creation, with the double in which it is made.
const CALLS: [(&str, bool); 5] = [
    ("accounts.get", true),
    ("users.insert", false),
    ("accounts.update", true),
    ("users.aliases.insert", false),
    ("token", false),
];

async fn made_once(world: &World, what: &str) {
    let bed = world.open().await;
    let ended = bed.create().await;
    let id = world.gram.gapps_id(UUID).unwrap();
    assert_eq!(ended.notices().len(), 1, "{what}");
    assert_eq!(ended.succeeded(), json!({ "uuid": UUID, "google_id": id }), "{what}");
    assert_eq!(world.google.users().len(), 1, "{what}");
    let user = world.ada().unwrap();
    assert_eq!(user["id"], id, "{what}");
    assert_eq!(aliases(&user), ["ada@gadz.org", "ada@gadzarts.org"], "{what}");
    bed.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_breaks_before_the_effect_makes_nobody_twice() {
    for (call, of_gram) in CALLS {
        let world = World::new();
        let order = Order::on(call).hang_up();
        if of_gram {
            world.gram.order(order);
        } else {
            world.google.order(order);
        }
        made_once(&world, call).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_is_lost_after_the_effect_makes_nobody_twice() {
    for (call, of_gram) in CALLS {
        let world = World::new();
        let order = Order::on(call).hang_up_after();
        if of_gram {
            world.gram.order(order);
        } else {
            world.google.order(order);
        }
        made_once(&world, call).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_cannot_be_read_is_as_good_as_lost() {
    let world = World::new();
    world.google.order(Order::on("users.insert").reply_after(testgoogle::Reply::html(200)));
    made_once(&world, "users.insert").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_is_late_is_looked_for() {
    let world = World::new();
    world.google.order(Order::on("users.insert").never_answer());
    let bed = world.open_with("  timeout: 1s\n").await;
    bed.create().await.succeeded();
    assert_eq!(world.google.users().len(), 1);
    bed.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rename_whose_answer_is_lost_is_not_made_twice() {
    let world = World::new();
    let bed = world.open().await;
    bed.create().await.succeeded();
    world.google.order(Order::on("users.update").hang_up_after());
    let asked = update(json!({ "primary_email": "augusta@gadz.org", "aliases": [ADA] }));
    bed.done(UPDATE, asked).await.succeeded();
    let user = world.google.user("augusta@gadz.org").unwrap();
    assert_eq!(aliases(&user), [ADA]);
    assert_eq!(world.google.desk().calls_of("users.update").len(), 1);
    bed.stop().await;
}
