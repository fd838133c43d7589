//! Trouble with credentials is one thing that is wrong, and not all that waits.

use model::JobState;
use serde_json::json;
use testgoogle::{SCOPE, TokenTrouble};

use crate::bed::{UPDATE, World};

/// What the module's check finds wrong.
async fn wrong(world: &World) -> String {
    let module = intendant_google::Google::default();
    let told = world.told(&world.section(""), engine::Clock::system());
    let offer = module::Module::offer(&module, &told).unwrap();
    let faults = offer.faults().await;
    faults.iter().map(|fault| format!("{}; {}", fault.what, fault.remedy)).collect::<Vec<_>>().join("\n")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_check_says_which_of_key_delegation_scope_and_subject_is_wrong() {
    let world = World::new();
    assert_eq!(wrong(&world).await, "");
    world.google.token_trouble(Some(TokenTrouble::UnauthorizedClient));
    assert!(wrong(&world).await.starts_with("the delegation: "), "{}", wrong(&world).await);
    world.google.token_trouble(Some(TokenTrouble::AccessDenied));
    assert!(wrong(&world).await.starts_with("the scope: "));
    world.google.token_trouble(Some(TokenTrouble::InvalidGrant));
    assert!(wrong(&world).await.starts_with("the key: "));
    world.google.token_trouble(None);
    world.google.admins(&["somebody.else@gadz.org"]);
    assert!(wrong(&world).await.starts_with("the subject: "), "{}", wrong(&world).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_referential_that_does_not_let_us_in_is_told() {
    let world = World::new();
    let section = world.section("");
    let (user, _) = world.gram.client();
    assert!(section.contains(user));
    world.gram.down();
    assert!(wrong(&world).await.contains("GrAM cannot be asked"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rotated_key_makes_no_dead_letter_of_a_thousand_jobs() {
    const JOBS: u64 = 1_000;
    let world = World::new();
    let bed = world.open_with("  quota: 0\n").await;
    testhub::until("the door is open", async || is_up(&bed)).await;
    world.google.token_trouble(Some(TokenTrouble::InvalidGrant));
    world.google.revoke_tokens();
    for n in 0..JOBS {
        let uuid = format!("00000000-0000-4000-8000-{n:012}");
        world.gram.add_person(&uuid, 100_000 + n, "Some", "Body");
        let id = world.google.add(json!({ "primaryEmail": format!("p{n}@gadz.org"), "name": { "givenName": "A", "familyName": "B" } }));
        world.gram.change(&uuid, json!({ "gapps_id": id }));
        bed.submit(UPDATE, json!({ "gram_account_uuid": uuid })).await;
    }
    testhub::until("the door is shut", async || !is_up(&bed) && bed.hub.running() == 0).await;
    let asked = world.google.desk().calls_of("token").len();
    assert!(asked < 200, "one at a time asks, and not each: {asked}");
    assert!(testhub::jobs(&bed.hub).await.iter().all(|job| !job.state.is_terminal()));
    // Somebody puts the key right.
    world.google.token_trouble(None);
    let done = async || testhub::jobs(&bed.hub).await.iter().all(|job| job.state == JobState::Succeeded);
    testhub::until("all are done", done).await;
    assert!(is_up(&bed));
    bed.stop().await;
}

fn is_up(bed: &crate::bed::Bed) -> bool {
    bed.hub.links().iter().any(|link| link.name == "google" && link.connected)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_scope_that_is_missing_shuts_the_door_and_fails_nobody() {
    let world = World::new();
    world.google.delegate(&["https://www.googleapis.com/auth/admin.directory.group"]);
    let bed = world.open().await;
    let job = bed.submit(crate::bed::CREATE, crate::bed::create()).await;
    bed.waits(job).await;
    assert!(!is_up(&bed));
    world.google.delegate(&[SCOPE]);
    bed.ended(job).await.succeeded();
    bed.stop().await;
}
