//! Accounts are made, adopted or refused.

use serde_json::json;
use testgoogle::{Order, Reply};

use crate::bed::{ADA, CREATE, DELETE, NUMBER, UUID, World, aliases, create, other};

#[tokio::test(flavor = "multi_thread")]
async fn an_account_is_made_with_its_aliases_and_the_referential_has_its_id() {
    let world = World::new();
    let bed = world.open().await;
    let ended = bed.create().await;
    let id = world.gram.gapps_id(UUID).unwrap();
    let expected = json!({ "uuid": UUID, "google_id": id });
    assert_eq!(ended.notices(), [("notify.googleapps.user.created".to_owned(), expected.clone())]);
    assert_eq!(ended.succeeded(), expected);
    let user = world.ada().unwrap();
    assert_eq!(
        (user["id"].as_str(), user["name"]["familyName"].as_str()),
        (Some(id.as_str()), Some("Lovelace"))
    );
    assert_eq!(aliases(&user), ["ada@gadz.org", "ada@gadzarts.org"]);
    assert_eq!(world.google.password(ADA).unwrap(), (world.hash.clone(), Some("SHA-1".to_owned())));
    // Nothing but the id is ever written to the referential.
    assert_eq!(world.gram.written(), [json!({ "gapps_id": id })]);
    bed.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_is_registered_already_is_refused_with_all_that_is_known() {
    let world = World::new();
    let bed = world.open().await;
    bed.create().await.succeeded();
    let (status, name, data) = bed.create().await.failed();
    assert_eq!((status, name.as_str()), (409, "GoogleAccountAlreadyRegisteredInGram"));
    let id = world.gram.gapps_id(UUID).unwrap();
    for (key, value) in [
        ("google_id", id.as_str()),
        ("primary_email", ADA),
        ("first_name", "Ada"),
        ("last_name", "Lovelace"),
        ("google_uuid", UUID),
        ("uuid", UUID),
        ("gapps_id", id.as_str()),
    ] {
        assert_eq!(data[key], value, "{key}");
    }
    bed.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_id_that_points_to_nothing_is_overwritten() {
    let world = World::new();
    world.gram.change(UUID, json!({ "gapps_id": "199999999999999999999" }));
    let bed = world.open().await;
    bed.create().await.succeeded();
    assert_eq!(world.gram.gapps_id(UUID).as_deref(), world.ada().unwrap()["id"].as_str());
    bed.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_of_somebody_else_is_refused_and_its_holder_named() {
    let world = World::new();
    let grace = world.google.add(other(ADA));
    let bed = world.open().await;
    let ended = bed.create().await;
    assert!(ended.outcome.message.as_ref().unwrap().contains("Grace Hopper"), "{:?}", ended.outcome);
    let (status, name, data) = ended.failed();
    assert_eq!((status, name.as_str()), (409, "GoogleAccountAlreadyExists"));
    assert_eq!(
        (data["google_id"].as_str(), data["first_name"].as_str()),
        (Some(grace.as_str()), Some("Grace"))
    );
    assert_eq!((&data["grave"], data["uuid"].as_str()), (&json!(true), Some(UUID)));
    assert_eq!(world.gram.gapps_id(UUID), None);
    bed.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_that_is_an_alias_is_refused_with_its_owner() {
    let world = World::new();
    let mut grace = other("grace@gadz.org");
    grace["aliases"] = json!([ADA]);
    world.google.add(grace);
    let bed = world.open().await;
    let ended = bed.create().await;
    assert!(ended.outcome.message.as_ref().unwrap().contains("is an alias of"), "{:?}", ended.outcome);
    let (status, _, data) = ended.failed();
    assert_eq!((status, data["primary_email"].as_str()), (409, Some("grace@gadz.org")));
    bed.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_of_something_unreadable_is_refused_and_says_so() {
    let world = World::new();
    world.google.order(Order::on("users.insert").error(409, "duplicate"));
    let bed = world.open().await;
    let ended = bed.create().await;
    assert!(ended.outcome.message.as_ref().unwrap().contains("a group"), "{:?}", ended.outcome);
    assert_eq!(ended.failed().0, 409);
    bed.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_alias_of_somebody_else_is_refused_and_a_replay_goes_on_afterwards() {
    let world = World::new();
    let mut grace = other("grace@gadz.org");
    grace["aliases"] = json!(["ada@gadz.org"]);
    world.google.add(grace);
    let bed = world.open().await;
    let ended = bed.create().await;
    let job = ended.story.job.id;
    let (status, _, data) = ended.failed();
    assert_eq!((status, data["primary_email"].as_str()), (409, Some("grace@gadz.org")));
    assert_eq!(data["address"], "ada@gadz.org");
    // The account is there and registered, by the run that failed: its replay makes it whole.
    world.google.change("grace@gadz.org", json!({ "aliases": [] }));
    bed.replay(job).await.succeeded();
    assert_eq!(aliases(&world.ada().unwrap()), ["ada@gadz.org", "ada@gadzarts.org"]);
    bed.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_with_the_right_mark_that_no_run_of_ours_made_is_adopted_only_when_told_so() {
    let world = World::new();
    let mut there = other(ADA);
    there["externalIds"] = json!([{ "type": "organization", "value": UUID }]);
    let id = world.google.add(there);
    let bed = world.open().await;
    assert_eq!(bed.create().await.failed().1, "GoogleAccountAlreadyExists");
    bed.stop().await;
    let bed = world.open_with("  adopt: uuid\n").await;
    assert_eq!(bed.create().await.succeeded()["google_id"], id);
    assert_eq!(world.ada().unwrap()["name"]["givenName"], "Ada", "and brought up to date");
    bed.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_referential_refuses_to_keep_is_told_without_the_hash_and_a_replay_ends_well() {
    let world = World::new();
    world.gram.change(UUID, json!({ "gender": "x" }));
    let bed = world.open().await;
    let ended = bed.create().await;
    let job = ended.story.job.id;
    let text = format!("{:?}", ended.outcome);
    assert!(!text.contains(&world.hash), "{text}");
    let (status, name, data) = ended.failed();
    assert_eq!((status, name.as_str()), (500, "InternalError"));
    assert_eq!(data["error_name"], "UnableToSaveGramUser");
    assert_eq!(data["google_account"]["primary_email"], ADA);
    assert_eq!(
        (data["target_data"]["gender"].as_str(), &data["target_data"]["password"]),
        (Some("x"), &json!(null))
    );
    assert!(data["errors"].is_object(), "{data}");
    // Somebody corrects the account; the account that was made is taken up.
    world.gram.change(UUID, json!({ "gender": "female" }));
    bed.replay(job).await.succeeded();
    assert_eq!(world.google.users().len(), 1);
    assert!(world.gram.gapps_id(UUID).is_some());
    bed.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_hash_nothing_is_made() {
    let world = World::new();
    world.gram.may_read_hashes(false);
    let bed = world.open().await;
    let ended = bed.create().await;
    assert!(ended.outcome.message.as_ref().unwrap().contains("password_hash_reader"), "{:?}", ended.outcome);
    assert_eq!(ended.failed().0, 500);
    assert_eq!(world.google.desk().calls_of("users.insert").len(), 0);
    assert_eq!(world.gram.written().len(), 0);
    bed.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invitation_is_no_account() {
    let world = World::new();
    world.google.order(Order::on("users.insert").invited());
    let bed = world.open().await;
    let ended = bed.create().await;
    assert!(ended.outcome.message.as_ref().unwrap().contains("invitation"), "{:?}", ended.outcome);
    assert_eq!(ended.failed().0, 500);
    assert_eq!(world.gram.gapps_id(UUID), None);
    bed.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn more_aliases_than_google_gives_are_refused_before_anything_is_asked() {
    let world = World::new();
    let bed = world.open().await;
    let many: Vec<_> = (0..31).map(|n| format!("a{n}@gadz.org")).collect();
    let asked = json!({ "gram_account_uuid": UUID, "primary_email": ADA, "aliases": many });
    let (status, name, data) = bed.done(CREATE, asked).await.failed();
    assert_eq!((status, name.as_str()), (422, "InvalidPayload"));
    assert!(data["errors"][0].as_str().unwrap().contains("31"), "{data}");
    assert!(
        world.google.desk().calls().iter().all(|call| call.method == "token"),
        "{:?}",
        world.google.desk().methods()
    );
    bed.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_of_the_referential_that_is_not_there_is_a_failure_for_good() {
    let world = World::new();
    world.gram.remove(UUID);
    let bed = world.open().await;
    let (status, name, data) = bed.create().await.failed();
    assert_eq!(
        (status, name.as_str(), &data["error_name"]),
        (500, "InternalError", &json!("AccountNotFound"))
    );
    bed.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_referential_that_is_away_is_asked_again() {
    let world = World::new();
    world.gram.order(Order::on("accounts.get").times(2).reply(Reply::html(502)));
    world.gram.order(Order::on("accounts.update").error(500, "x"));
    let bed = world.open().await;
    bed.create().await.succeeded();
    assert_eq!(world.google.users().len(), 1);
    bed.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_codes_of_the_original_are_a_setting() {
    let world = World::new();
    world.google.add(other(ADA));
    let bed = world.open_with("  codes: original\n").await;
    let (status, name, data) = bed.create().await.failed();
    assert_eq!((status, name.as_str()), (400, "ExistingGoogleAccount"));
    assert_eq!(data["gapps_primary_email"], ADA);
    bed.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_other_catalogue_makes_one_with_an_address_by_rule() {
    const GAPPS: &str = "request.gapps.account.create";
    let world = World::new();
    let bed = world.open().await;
    let ended = bed.done(GAPPS, json!({ "id": NUMBER.to_string() })).await;
    assert!(ended.outcome.message.as_ref().unwrap().contains("google.naming"), "{:?}", ended.outcome);
    assert_eq!(ended.failed().0, 422);
    bed.stop().await;
    let bed = world.open_with("  naming: '{/firstname}.{/lastname}@gadz.org'\n").await;
    let ended = bed.done(GAPPS, json!({ "id": NUMBER })).await;
    let told = json!({ "id": NUMBER, "google_apps_id": ADA, "google_apps_statue": "created" });
    assert_eq!(ended.notices(), [("notify.gapps.account.updated".to_owned(), told)]);
    ended.succeeded();
    assert!(world.ada().is_some());
    bed.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_shows_the_body_without_the_hash_and_changes_nothing() {
    let world = World::new();
    let bed = world.open().await;
    let job = bed.submit_as(CREATE, create(), true).await;
    let ended = bed.ended(job).await;
    let text = format!("{:?}", ended.outcome);
    assert!(!text.contains(&world.hash), "{text}");
    let data = ended.succeeded();
    assert_eq!(data["body"]["primaryEmail"], ADA);
    assert_eq!((world.google.users().len(), world.gram.written().len()), (0, 0));
    let job = bed.submit_as(DELETE, json!({ "google_account_key": ADA }), true).await;
    assert_eq!(bed.ended(job).await.failed().2["error_name"], "NotExistingGoogleAccount");
    bed.stop().await;
}
