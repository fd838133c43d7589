//! Referential against Workspace.

use serde_json::{Value, json};
use testgoogle::Order;

use crate::bed::{ADA, Bed, NUMBER, UPDATE, UUID, World, other, update};

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

/// Why each field of the one account differs that does.
async fn reasons(bed: &Bed) -> Vec<(String, String)> {
    let found = compared(bed).await;
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let fields = found["accounts"][0]["fields"].as_array().cloned().unwrap_or_default();
    fields.iter().map(|field| (text(&field["name"]), text(&field["why"]))).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn of_every_field_it_is_told_whether_somebody_changed_it() {
    let world = World::new();
    let bed = world.open().await;
    bed.create().await.succeeded();
    assert_eq!(reasons(&bed).await, []);
    let there = world.ada().unwrap();
    for (field, change) in [
        ("last_name", json!({ "name": { "givenName": "Ada", "familyName": "Byron" } })),
        ("primary_email", json!({ "primaryEmail": "countess@gadz.org" })),
        ("aliases", json!({ "aliases": ["ada@gadz.org"] })),
        ("external_ids", json!({ "externalIds": [] })),
        ("suspended", json!({ "suspended": true })),
    ] {
        let id = there["id"].as_str().unwrap();
        world.google.change(id, change);
        if field == "primary_email" {
            // The address of before has become an alias, and goes.
            world.google.change(id, json!({ "aliases": there["aliases"] }));
        }
        let changed = (field.to_owned(), "changed_at_google".to_owned());
        assert_eq!(reasons(&bed).await, [changed], "{field}");
        let before = json!({
            "name": there["name"], "primaryEmail": ADA, "aliases": there["aliases"],
            "externalIds": there["externalIds"], "suspended": false,
        });
        world.google.change(id, before.clone());
        world.google.change(id, json!({ "aliases": there["aliases"] }));
        assert_eq!(reasons(&bed).await, [], "{field}");
    }
    bed.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_asked_for_and_did_not_get_there_is_told_also_after_a_restart() {
    let world = World::new();
    let bed = world.open().await;
    bed.create().await.succeeded();
    world.google.add(other("grace@gadz.org"));
    let renamed = update(json!({ "primary_email": "grace@gadz.org" }));
    assert_eq!(bed.done(UPDATE, renamed).await.failed().1, "GoogleAccountAlreadyExists");
    bed.stop().await;
    let bed = world.open().await;
    assert_eq!(reasons(&bed).await, [("primary_email".to_owned(), "not_delivered".to_owned())]);
    // Somebody changes it there, too.
    world.google.change(ADA, json!({ "primaryEmail": "countess@gadz.org" }));
    let found = reasons(&bed).await;
    assert!(found.contains(&("primary_email".to_owned(), "both".to_owned())), "{found:?}");
    bed.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_suspended_as_asked_is_no_difference() {
    let world = World::new();
    let bed = world.open().await;
    bed.create().await.succeeded();
    bed.done("request.gapps.account.suspend", json!({ "id": NUMBER })).await.succeeded();
    assert_eq!(compared(&bed).await["counts"]["same"], 1);
    world.google.change(ADA, json!({ "suspended": false }));
    assert_eq!(reasons(&bed).await, [("suspended".to_owned(), "changed_at_google".to_owned())]);
    bed.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_that_may_not_be_read_is_one_and_the_others_are_compared() {
    let world = World::new();
    let bed = world.open().await;
    bed.create().await.succeeded();
    let id = world.gram.gapps_id(UUID).unwrap();
    world.google.order(Order::on("users.list").short(5));
    world.google.order(Order::on("users.get").key(&id).error(403, "forbidden"));
    let found = compared(&bed).await;
    assert_eq!(
        (&found["counts"]["unreadable"], &found["counts"]["missing"]),
        (&json!(1), &json!(0)),
        "{found}"
    );
    assert_eq!(found["accounts"][0]["google_id"], json!(id));
    bed.stop().await;
}

/// A hub that has looked whether the referential lets it in: what is ordered now is for those who come later.
async fn open_looked_at(world: &World) -> Bed {
    let bed = world.open().await;
    testhub::until("a look", async || {
        bed.hub.links().iter().any(|link| link.name == "gram" && link.connected)
    })
    .await;
    bed
}

/// People with accounts, of whom the first one's is not registered.
fn crowd(world: &World, people: u64) {
    for n in 0..people {
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
}

#[tokio::test(flavor = "multi_thread")]
async fn many_accounts_are_read_page_by_page_and_a_page_once_whatever_happens() {
    const PEOPLE: u64 = 620;
    let world = World::new();
    crowd(&world, PEOPLE);
    let bed = open_looked_at(&world).await;
    // Each side breaks off in the middle.
    world.gram.order(Order::on("accounts.list").skip(5).error(500, "x"));
    world.google.order(Order::on("users.list").skip(1).error(503, "backendError"));
    let counts = compared(&bed).await["counts"].clone();
    assert_eq!((&counts["same"], &counts["moved"]), (&json!(PEOPLE - 1), &json!(1)), "{counts}");
    let pages = |calls: Vec<testgoogle::Call>, name: &str| -> Vec<String> {
        calls.into_iter().map(|call| call.query.get(name).cloned().unwrap_or_default()).collect()
    };
    let referential: Vec<String> =
        [1, 2, 3, 4, 5, 6].iter().chain(&[6, 7, 8, 9, 10, 11, 12, 13, 14]).map(ToString::to_string).collect();
    assert_eq!(pages(world.gram.desk().calls_of("accounts.list"), "page")[1..], referential);
    let google = pages(world.google.desk().calls_of("users.list"), "pageToken");
    assert_eq!((google.len(), google[0].as_str()), (3, ""), "{google:?}");
    assert!(!google[1].is_empty() && google[1] == google[2], "{google:?}");
    bed.stop().await;
    // What was kept of it goes when it is over.
    let bed = world.open().await;
    testhub::until("nothing of it is left", async || {
        bed.hub.journal().entities("google_diff".to_owned(), None, 1).await.unwrap().rows.is_empty()
    })
    .await;
    bed.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_whom_the_referentials_listing_lacks_is_looked_for() {
    let world = World::new();
    crowd(&world, 3);
    let bed = open_looked_at(&world).await;
    // One of them comes on no page, as when somebody before them is removed while pages are read.
    let rows: Vec<_> =
        (0..2).map(|n| world.gram.account(&format!("00000000-0000-4000-8000-{n:012}")).unwrap()).collect();
    world.gram.order(Order::on("accounts.list").reply(testgoogle::Reply::json(200, &json!(rows))));
    let found = compared(&bed).await;
    assert_eq!((&found["counts"]["same"], &found["counts"]["extra"]), (&json!(2), &json!(0)), "{found}");
    assert_eq!(found["referential_was_short_of"], 1);
    world.gram.remove("00000000-0000-4000-8000-000000000002");
    assert_eq!(compared(&bed).await["counts"]["extra"], 1);
    bed.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn accounts_in_some_situations_are_listed_alone_and_all_are_counted() {
    let world = World::new();
    crowd(&world, 3);
    world.google.remove("p2@gadz.org");
    let bed = world.open().await;
    let found = bed.done("google.diff", json!({ "situations": ["missing"] })).await.succeeded();
    assert_eq!(found["accounts"].as_array().unwrap().len(), 1, "{found}");
    assert_eq!(
        (&found["accounts"][0]["situation"], &found["counts"]["moved"]),
        (&json!("missing"), &json!(1))
    );
    bed.stop().await;
}
