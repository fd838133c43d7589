//! Accounts are deleted, and the referential is told so.

use serde_json::{Value, json};
use testgoogle::{Moment, Order, Then};

use crate::bed::{ADA, DELETE, NUMBER, UUID, World};

#[tokio::test(flavor = "multi_thread")]
async fn an_account_goes_by_its_id_its_address_or_an_alias() {
    for by in ["id", "address", "alias"] {
        let world = World::new();
        let bed = world.open().await;
        bed.create().await.succeeded();
        let id = world.gram.gapps_id(UUID).unwrap();
        let key = match by {
            "id" => id.clone(),
            "address" => ADA.to_uppercase(),
            _ => "ada@gadz.org".to_owned(),
        };
        let ended = bed.done(DELETE, json!({ "google_account_key": key })).await;
        let told = ("notify.googleapps.user.deleted".to_owned(), json!({ "key": id }));
        assert_eq!(ended.notices(), [told], "{by}");
        assert_eq!(ended.succeeded(), json!({ "key": id }), "{by}");
        assert_eq!((world.google.users().len(), world.gram.gapps_id(UUID)), (0, None), "{by}");
        assert_eq!(world.gram.written().last(), Some(&json!({ "gapps_id": Value::Null })), "{by}");
        // A new one is made afterwards.
        bed.create().await.succeeded();
        bed.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_is_not_there_is_a_failure_for_good() {
    let world = World::new();
    let bed = world.open().await;
    let (status, name, data) = bed.done(DELETE, json!({ "google_account_key": ADA })).await.failed();
    assert_eq!((status, name.as_str()), (500, "InternalError"));
    assert_eq!(data["error_name"], "NotExistingGoogleAccount");
    bed.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deletion_whose_answer_was_lost_is_gone_on_with() {
    let world = World::new();
    let bed = world.open().await;
    bed.create().await.succeeded();
    world.google.order(Order::on("users.delete").hang_up_after());
    world.gram.order(Order::on("accounts.update").error(500, "x"));
    bed.done(DELETE, json!({ "google_account_key": ADA })).await.succeeded();
    assert_eq!((world.google.users().len(), world.gram.gapps_id(UUID)), (0, None));
    bed.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replay_goes_on_with_what_the_run_before_had_begun() {
    let world = World::new();
    let bed = world.open().await;
    bed.create().await.succeeded();
    world.gram.change(UUID, json!({ "gender": "x" }));
    let ended = bed.done(DELETE, json!({ "google_account_key": ADA })).await;
    let job = ended.story.job.id;
    assert_eq!(ended.failed().2["error_name"], "UnableToSaveGramUser");
    assert_eq!(world.google.users().len(), 0, "it is gone");
    world.gram.change(UUID, json!({ "gender": "female" }));
    bed.replay(job).await.succeeded();
    assert_eq!(world.gram.gapps_id(UUID), None);
    bed.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_id_that_the_referential_has_of_another_account_is_left_alone() {
    let world = World::new();
    let bed = world.open().await;
    bed.create().await.succeeded();
    let gram = world.gram.url();
    assert!(gram.ends_with("/api/v2/"));
    // Somebody links another account while the deletion is under way.
    let linked = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
    let seen = std::sync::Arc::clone(&linked);
    world.google.desk().watch(move |call, moment| {
        if call.method == "users.delete" && moment == Moment::Done {
            seen.store(true, std::sync::atomic::Ordering::SeqCst);
        }
        Then::GoOn
    });
    world.gram.change(UUID, json!({ "gapps_id": "199999999999999999999" }));
    bed.done(DELETE, json!({ "google_account_key": ADA })).await.succeeded();
    assert!(linked.load(std::sync::atomic::Ordering::SeqCst));
    assert_eq!(world.gram.gapps_id(UUID).as_deref(), Some("199999999999999999999"));
    bed.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_other_catalogue_deletes_by_number() {
    let world = World::new();
    let bed = world.open().await;
    bed.create().await.succeeded();
    let ended = bed.done("request.gapps.account.delete", json!({ "id": NUMBER })).await;
    let told = json!({ "id": NUMBER, "google_apps_id": ADA, "google_apps_statue": "deleted" });
    assert_eq!(ended.notices(), [("notify.gapps.account.updated".to_owned(), told)]);
    ended.succeeded();
    assert_eq!((world.google.users().len(), world.gram.gapps_id(UUID)), (0, None));
    let again = bed.done("request.gapps.account.delete", json!({ "id": NUMBER })).await;
    assert!(again.outcome.message.as_ref().unwrap().contains("no Google account"));
    again.succeeded();
    bed.stop().await;
}
