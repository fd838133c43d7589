//! What people of the support do by hand.

use journal::RecordFilter;
use model::RecordKind;
use serde_json::json;

use crate::bed::{ADA, UUID, World, create, other};

#[tokio::test(flavor = "multi_thread")]
async fn an_account_is_unlinked_and_another_one_linked() {
    let world = World::new();
    let bed = world.open().await;
    bed.create().await.succeeded();
    let id = world.gram.gapps_id(UUID).unwrap();
    let unlinked = bed.done("google.unlink", json!({ "gram_account_uuid": UUID })).await.succeeded();
    assert_eq!(unlinked["before"], id);
    assert_eq!((world.gram.gapps_id(UUID), world.google.users().len()), (None, 1));
    // The account itself is there, and in the way of a new one, until it is linked again.
    assert_eq!(bed.create().await.failed().1, "GoogleAccountAlreadyExists");
    let link = json!({ "gram_account_uuid": UUID, "google_id": id });
    bed.done("google.link", link.clone()).await.succeeded();
    assert_eq!(world.gram.gapps_id(UUID), Some(id));
    bed.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_linked_account_gets_our_marks_and_one_of_another_person_is_left_alone() {
    let world = World::new();
    let id = world.google.add(other(ADA));
    let bed = world.open().await;
    let asked = |id: &str| json!({ "gram_account_uuid": UUID, "google_id": id });
    bed.done("google.link", asked(&id)).await.succeeded();
    assert!(world.ada().unwrap()["externalIds"].to_string().contains(UUID));
    assert_eq!(world.ada().unwrap()["name"]["givenName"], "Ada");
    let mut grace = other("grace@gadz.org");
    grace["externalIds"] =
        json!([{ "type": "organization", "value": "00000000-0000-4000-8000-000000000009" }]);
    let foreign = world.google.add(grace);
    let (status, _, data) = bed.done("google.link", asked(&foreign)).await.failed();
    assert_eq!((status, data["google_id"].as_str()), (409, Some(foreign.as_str())));
    assert_eq!(bed.done("google.link", asked("199999999999999999999")).await.failed().0, 500);
    assert_eq!(world.gram.gapps_id(UUID), Some(id));
    bed.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_creation_goes_through_after_unlinking() {
    let world = World::new();
    let stranger = world.google.add(other("stranger@gadz.org"));
    world.gram.change(UUID, json!({ "gapps_id": stranger }));
    let bed = world.open().await;
    let ended = bed.done(crate::bed::CREATE, create()).await;
    let job = ended.story.job.id;
    assert_eq!(ended.failed().1, "GoogleAccountAlreadyRegisteredInGram");
    bed.done("google.unlink", json!({ "gram_account_uuid": UUID })).await.succeeded();
    bed.replay(job).await.succeeded();
    assert!(world.ada().is_some());
    bed.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn aliases_are_given_by_hand_and_all_that_is_done_so_stands_in_the_audit() {
    let world = World::new();
    let bed = world.open().await;
    bed.create().await.succeeded();
    let asked = json!({ "gram_account_uuid": UUID, "aliases": ["countess@gadz.org"] });
    bed.ended(bed.submit_as("google.aliases", asked.clone(), true).await).await.succeeded();
    let audit = RecordFilter { code: Some("by_hand".to_owned()), ..RecordFilter::of(RecordKind::Audit) };
    let records = async || bed.hub.journal().records(audit.clone(), None, 9).await.unwrap().rows;
    assert_eq!(records().await.len(), 0, "nothing was done");
    bed.done("google.aliases", asked).await.succeeded();
    assert_eq!(crate::bed::aliases(&world.ada().unwrap()), ["countess@gadz.org"]);
    bed.done("google.unlink", json!({ "gram_account_uuid": UUID })).await.succeeded();
    let records = records().await;
    assert_eq!(records.len(), 2, "{records:?}");
    assert!(records.iter().all(|record| record.who == "test"), "{records:?}");
    assert!(records[0].message.contains("google.unlink") && records[1].message.contains("google.aliases"));
    bed.stop().await;
}
