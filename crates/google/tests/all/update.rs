//! Accounts are brought up to date, and only what differs is written.

use serde_json::json;
use testgoogle::Order;

use crate::bed::{ADA, NUMBER, UPDATE, UUID, World, aliases, other, update};

/// The calls since somebody began to count, without tokens.
fn calls(world: &World) -> Vec<String> {
    world.google.desk().methods().into_iter().filter(|method| method != "token").collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_identical_update_makes_one_read_and_no_write() {
    let world = World::new();
    let bed = world.open().await;
    bed.create().await.succeeded();
    world.gram.change(UUID, json!({ "firstname": "Augusta" }));
    let asked = || update(json!({ "primary_email": ADA, "aliases": ["ada@gadz.org", "ada@gadzarts.org"] }));
    bed.done(UPDATE, asked()).await.succeeded();
    assert_eq!(world.ada().unwrap()["name"]["givenName"], "Augusta");
    world.google.desk().forget_calls();
    let ended = bed.done(UPDATE, asked()).await;
    assert_eq!(ended.notices()[0].0, "notify.googleapps.user.updated");
    assert_eq!(ended.succeeded()["uuid"], UUID);
    assert_eq!(calls(&world), ["users.get"]);
    bed.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_password_is_pushed_though_nobody_can_see_the_old_one() {
    for policy in ["always", "changed"] {
        let world = World::new();
        let bed = world.open_with(&format!("  password: {policy}\n")).await;
        bed.create().await.succeeded();
        let hash = "0123456789abcdef0123456789abcdef01234567";
        world.gram.change(UUID, json!({ "password": hash }));
        bed.done(UPDATE, update(json!({}))).await.succeeded();
        assert_eq!(world.google.password(ADA).unwrap().0, hash, "{policy}");
        // With what else is written it goes along, or not.
        world.gram.change(UUID, json!({ "lastname": "King" }));
        world.google.desk().forget_calls();
        bed.done(UPDATE, update(json!({}))).await.succeeded();
        let written = world.google.desk().calls_of("users.update").remove(0).body;
        assert_eq!(written.get("password").is_some(), policy == "always");
        bed.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rename_keeps_the_account_and_aliases_become_what_is_wanted() {
    let world = World::new();
    let bed = world.open().await;
    bed.create().await.succeeded();
    let id = world.gram.gapps_id(UUID).unwrap();
    let renamed = |address: &str, aliases: serde_json::Value| {
        let mut asked = update(json!({ "primary_email": address }));
        if !aliases.is_null() {
            asked["aliases"] = aliases;
        }
        asked
    };
    // Nothing is said of aliases: the address of before stays one.
    bed.done(UPDATE, renamed("augusta@gadz.org", json!(null))).await.succeeded();
    let user = world.google.user(&id).unwrap();
    assert_eq!(
        aliases(&user),
        [ADA, "ada@gadz.org", "ada@gadzarts.org"]
            .map(str::to_owned)
            .iter()
            .map(String::as_str)
            .collect::<std::collections::BTreeSet<_>>()
            .into_iter()
            .collect::<Vec<_>>()
    );
    // A list without it: it goes.
    bed.done(UPDATE, renamed("countess@gadz.org", json!(["ada@gadz.org"]))).await.succeeded();
    assert_eq!(aliases(&world.google.user(&id).unwrap()), ["ada@gadz.org"]);
    // An empty one: all go.
    bed.done(UPDATE, renamed(ADA, json!([]))).await.succeeded();
    assert_eq!(aliases(&world.google.user(&id).unwrap()), Vec::<String>::new());
    assert_eq!(world.google.users().len(), 1);
    bed.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_others_keep_in_external_ids_survives_and_who_was_suspended_by_hand_stays_so() {
    let world = World::new();
    let bed = world.open().await;
    bed.create().await.succeeded();
    let mut entries = world.ada().unwrap()["externalIds"].as_array().unwrap().clone();
    entries.push(json!({ "type": "custom", "customType": "badge", "value": "B7" }));
    world.google.change(ADA, json!({ "externalIds": entries, "suspended": true }));
    world.gram.change(UUID, json!({ "firstname": "Augusta" }));
    bed.done(UPDATE, update(json!({}))).await.succeeded();
    let user = world.ada().unwrap();
    assert!(user["externalIds"].to_string().contains("B7"), "{user}");
    assert_eq!(user["suspended"], true);
    let written = world.google.desk().calls_of("users.update").remove(0).body;
    assert!(written.get("suspended").is_none() && written.get("primaryEmail").is_none(), "{written}");
    bed.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_without_google_account_is_done_and_says_so() {
    let world = World::new();
    let bed = world.open().await;
    let ended = bed.done(UPDATE, update(json!({}))).await;
    assert!(ended.outcome.message.as_ref().unwrap().contains("no Google account"), "{:?}", ended.outcome);
    assert_eq!(ended.notices(), []);
    ended.succeeded();
    assert_eq!(calls(&world), Vec::<String>::new());
    bed.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_id_that_points_to_nothing_is_a_failure_for_good() {
    let world = World::new();
    world.gram.change(UUID, json!({ "gapps_id": "199999999999999999999" }));
    let bed = world.open().await;
    let (status, name, data) = bed.done(UPDATE, update(json!({}))).await.failed();
    assert_eq!((status, name.as_str()), (500, "InternalError"));
    assert_eq!(data["error_name"], "NotExistingGoogleAccount");
    bed.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_update_that_google_says_is_in_conflict_although_it_took_effect_is_done() {
    let world = World::new();
    let bed = world.open().await;
    bed.create().await.succeeded();
    world.google.order(Order::on("users.update").error_after(409, "duplicate"));
    bed.done(UPDATE, update(json!({ "primary_email": "augusta@gadz.org" }))).await.succeeded();
    assert!(world.google.user("augusta@gadz.org").is_some());
    bed.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rename_to_somebody_elses_address_names_the_holder() {
    let world = World::new();
    let bed = world.open().await;
    bed.create().await.succeeded();
    world.google.add(other("grace@gadz.org"));
    let (status, name, data) =
        bed.done(UPDATE, update(json!({ "primary_email": "grace@gadz.org" }))).await.failed();
    assert_eq!(
        (status, name.as_str(), data["last_name"].as_str()),
        (409, "GoogleAccountAlreadyExists", Some("Hopper"))
    );
    bed.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn google_that_is_away_is_asked_again() {
    let world = World::new();
    let bed = world.open().await;
    bed.create().await.succeeded();
    world.gram.change(UUID, json!({ "firstname": "Augusta" }));
    world.google.order(Order::on("users.get").error(503, "backendError"));
    world.google.order(Order::on("users.update").reply(testgoogle::Reply::html(502)));
    bed.done(UPDATE, update(json!({}))).await.succeeded();
    assert_eq!(world.ada().unwrap()["name"]["givenName"], "Augusta");
    bed.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_is_suspended_and_the_catalogue_told() {
    let world = World::new();
    let bed = world.open().await;
    bed.create().await.succeeded();
    let ended = bed.done("request.gapps.account.suspend", json!({ "id": NUMBER })).await;
    let told = json!({ "id": NUMBER, "google_apps_id": ADA, "google_apps_statue": "suspended" });
    assert_eq!(ended.notices(), [("notify.gapps.account.updated".to_owned(), told)]);
    ended.succeeded();
    assert_eq!(world.ada().unwrap()["suspended"], true);
    bed.stop().await;
}
