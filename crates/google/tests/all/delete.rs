//! Accounts are deleted, and the referential is told so.

use engine::port::{Call, Control, Reporter};
use engine::{Clock, Limits};
use model::{Destructive, EntityKey, FailsafeRule, JobId, OutcomeKind, RunMark};
use module::Module as _;
use serde_json::{Value, json};
use testgoogle::{Moment, Order, Then};
use tokio::sync::watch;

use crate::bed::{ADA, Bed, CREATE, DELETE, NUMBER, UPDATE, UUID, World, create, other, update};

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
        let errand = EntityKey { kind: "google_errand".to_owned(), key: ended.story.job.id.to_string() };
        assert_eq!(bed.hub.journal().entity(errand).await.unwrap(), None, "nothing of it is left");
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
async fn a_deletion_whose_end_was_not_recorded_is_gone_on_with() {
    let world = World::new();
    let bed = world.open().await;
    bed.create().await.succeeded();
    let offer = bed.module.offer(&world.told(&world.section(""), bed.clock.clone())).unwrap();
    let body = json!({ "concernedTo": null, "payload": { "google_account_key": ADA }, "options": {} });
    let job: JobId = "01890000-0000-7000-8000-000000000007".parse().unwrap();
    for attempt in 1..=2 {
        let mark = RunMark { journal: bed.hub.journal().id(), job, step: 0, attempt };
        let (_running, stop) = watch::channel(None);
        let control = Control { limit: None, stop, progress: Reporter::unheard() };
        let outcome = offer.backends[0].backend.run(Call::new(mark, DELETE, body.clone()), control).await;
        assert_eq!(outcome.kind, OutcomeKind::Done, "attempt {attempt}: {outcome:?}");
    }
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

#[tokio::test(flavor = "multi_thread")]
async fn where_nothing_is_deleted_accounts_are_suspended_and_come_back_for_whoever_asks() {
    let world = World::new();
    let bed = world.open_with("  on_delete: suspend\n").await;
    bed.create().await.succeeded();
    let id = world.gram.gapps_id(UUID).unwrap();
    let dry = bed.submit_as(DELETE, json!({ "google_account_key": ADA }), true).await;
    let dry = bed.ended(dry).await;
    assert!(dry.outcome.message.as_ref().unwrap().contains("would be suspended"), "{:?}", dry.outcome);
    let ended = bed.done(DELETE, json!({ "google_account_key": ADA })).await;
    let told = json!({ "uuid": UUID, "google_id": id });
    assert_eq!(ended.notices(), [("notify.googleapps.user.updated".to_owned(), told)]);
    assert_eq!(ended.succeeded(), json!({ "key": id, "suspended": true }));
    assert_eq!(world.google.desk().calls_of("users.delete").len(), 0);
    assert_eq!(
        (&world.ada().unwrap()["suspended"], world.gram.gapps_id(UUID)),
        (&json!(true), Some(id.clone()))
    );
    // What changes meanwhile lets nobody in.
    world.gram.change(UUID, json!({ "firstname": "Augusta" }));
    bed.done(UPDATE, update(json!({}))).await.succeeded();
    assert_eq!(world.ada().unwrap()["suspended"], true);
    // Whoever asks for an account for her gets this one, with what is wanted now.
    let mut asked = create();
    asked["aliases"] = json!(["ada@gadz.org"]);
    assert_eq!(bed.done(CREATE, asked).await.succeeded()["google_id"], id);
    let user = world.ada().unwrap();
    assert_eq!(
        (&user["suspended"], crate::bed::aliases(&user)),
        (&json!(false), vec!["ada@gadz.org".to_owned()])
    );
    // Then she has one, as anybody else.
    assert_eq!(bed.create().await.failed().1, "GoogleAccountAlreadyRegisteredInGram");
    bed.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_other_catalogue_hears_that_an_account_was_suspended_instead() {
    let world = World::new();
    let bed = world.open_with("  on_delete: suspend\n").await;
    bed.create().await.succeeded();
    let ended = bed.done("request.gapps.account.delete", json!({ "id": NUMBER })).await;
    let told = json!({ "id": NUMBER, "google_apps_id": ADA, "google_apps_statue": "suspended" });
    assert_eq!(ended.notices(), [("notify.gapps.account.updated".to_owned(), told)]);
    ended.succeeded();
    assert_eq!(world.google.users().len(), 1);
    bed.stop().await;
}

/// People with accounts, and a hub that lets one of them be deleted, and one be suspended, in an hour.
async fn guarded(world: &World, more: &str) -> Bed {
    for n in 0..4 {
        let (uuid, address) = (format!("00000000-0000-4000-8000-{n:012}"), format!("p{n}@gadz.org"));
        world.gram.add_person(&uuid, 100_000 + n, "Some", "Body");
        let mut account = other(&address);
        account["externalIds"] = json!([{ "type": "organization", "value": uuid }]);
        let id = world.google.add(account);
        world.gram.change(&uuid, json!({ "gapps_id": id }));
    }
    let hour = std::time::Duration::from_hours(1);
    let failsafe =
        FailsafeRule { sources: vec!["*".to_owned()], window: hour, delete: Some(1), disable: Some(1) };
    let limits = Limits { failsafe, ..Limits::default() };
    world.open_within(&world.section(more), Clock::system(), limits).await
}

#[tokio::test(flavor = "multi_thread")]
async fn more_deletions_than_usual_are_held_whichever_catalogue_they_come_from() {
    for (more, kind) in [("", Destructive::Delete), ("  on_delete: suspend\n", Destructive::Disable)] {
        let world = World::new();
        let bed = guarded(&world, more).await;
        bed.done(DELETE, json!({ "google_account_key": "p0@gadz.org" })).await.succeeded();
        let second = bed.submit(DELETE, json!({ "google_account_key": "p1@gadz.org" })).await;
        let third = bed.submit("request.gapps.account.delete", json!({ "id": 100_002 })).await;
        let mut sets = Vec::new();
        testhub::until("both are held", async || {
            sets = bed.hub.held_sets().await.unwrap();
            sets.iter().map(|set| set.jobs).sum::<u64>() == 2
        })
        .await;
        assert_eq!((sets.len(), sets[0].kind), (1, kind));
        // Nothing has happened to them, and what destroys nothing goes on.
        let is_there = |n: u32| {
            world.google.user(&format!("p{n}@gadz.org")).is_some_and(|user| user["suspended"] != json!(true))
        };
        assert!(!is_there(0) && is_there(1) && is_there(2));
        bed.done("request.gapps.account.update", json!({ "id": 100_003 })).await.succeeded();
        let somebody = engine::Actor("somebody".to_owned());
        bed.hub.approve(&sets[0].name, sets[0].through, &somebody).await.unwrap();
        bed.ended(second).await.succeeded();
        bed.ended(third).await.succeeded();
        assert!(!is_there(1) && !is_there(2) && is_there(3));
        bed.stop().await;
    }
}
