//! Too fast, or too much: all wait, nobody loses a try.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::json;
use testgoogle::{Order, Reply};

use crate::bed::{UPDATE, UUID, World, update};

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_too_fast_waits_and_nobody_fails() {
    for (status, reason) in [
        (403, "userRateLimitExceeded"),
        (403, "quotaExceeded"),
        (403, "rateLimitExceeded"),
        (429, "rateLimitExceeded"),
    ] {
        let world = World::new();
        let slower = Reply::error(status, reason, "slower").with("retry-after", "1");
        world.google.order(Order::on("users.*").times(2).reply(slower));
        let bed = world.open().await;
        let ended = bed.create().await;
        let step = ended.story.steps[0].clone();
        ended.succeeded();
        assert_eq!((step.waits, step.tried), (2, 1), "{reason}");
        bed.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_quota_that_is_configured_is_never_exceeded() {
    const PEOPLE: u64 = 40;
    let world = World::new();
    world.google.quota(Some(24));
    let bed = world.open_with("  quota: 24\n").await;
    for n in 0..PEOPLE {
        let uuid = format!("00000000-0000-4000-8000-{n:012}");
        world.gram.add_person(&uuid, n, "Some", "Body");
        let id = world.google.add(json!({ "primaryEmail": format!("p{n}@gadz.org"), "name": { "givenName": "A", "familyName": "B" } }));
        world.gram.change(&uuid, json!({ "gapps_id": id }));
        bed.submit(UPDATE, json!({ "gram_account_uuid": uuid })).await;
    }
    testhub::until("the quota is used up", async || world.google.busiest_minute() >= 20).await;
    // One who comes now waits for the whole backend.
    let job = bed.submit(UPDATE, update(json!({}))).await;
    testhub::until("all wait", async || bed.hub.running() == 0).await;
    let story = bed.hub.story(job).await.unwrap();
    assert!(!story.job.state.is_terminal(), "{story:?}");
    assert_eq!(world.google.refused_by_quota(), 0);
    assert!(world.google.busiest_minute() <= 24);
    assert_eq!(world.gram.gapps_id(UUID), None);
    bed.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_quota_of_the_day_is_waited_for_an_hour() {
    let world = World::new();
    world.google.order(Order::on("users.insert").error(403, "dailyLimitExceeded"));
    let bed = world.open().await;
    let job = bed.submit(crate::bed::CREATE, crate::bed::create()).await;
    let story = bed.waits(job).await;
    let pause = story.job.due_at.duration_since(bed.clock.now());
    assert!(pause > jiff::SignedDuration::from_mins(55), "{pause}");
    bed.stop().await;
}

/// As many calls as Google itself lets through in a minute.
const USUAL: usize = 2_400;

#[tokio::test(flavor = "multi_thread")]
async fn no_minute_has_more_calls_than_the_usual_quota_retries_and_aliases_included() {
    // Each is read and written, loses an alias and gets one: four calls, and some are made once more.
    const PEOPLE: u64 = 700;
    let world = World::new();
    world.google.quota(Some(USUAL));
    for n in 0..PEOPLE {
        let uuid = format!("00000000-0000-4000-8000-{n:012}");
        world.gram.add_person(&uuid, 100_000 + n, "Some", "Body");
        let account = json!({
            "primaryEmail": format!("p{n}@gadz.org"), "name": { "givenName": "A", "familyName": "B" },
            "aliases": [format!("old{n}@gadz.org")],
        });
        let id = world.google.add(account);
        world.gram.change(&uuid, json!({ "gapps_id": id }));
    }
    for method in ["users.get", "users.update", "users.aliases.insert"] {
        world.google.order(Order::on(method).skip(100).times(30).error(503, "backendError"));
    }
    let bed = world.open().await;
    let module = bed.module.clone();
    world.google.desk().go_by(move || Timestamp::now() + module.pace().ahead());
    let mut jobs = Vec::new();
    for n in 0..PEOPLE {
        let uuid = format!("00000000-0000-4000-8000-{n:012}");
        let asked = json!({ "gram_account_uuid": uuid, "aliases": [format!("new{n}@gadz.org")] });
        jobs.push(bed.submit(UPDATE, asked).await);
    }
    // When all wait for the next minute, it comes.
    let minute = Duration::from_secs(61);
    testhub::until("all are brought up to date", async || {
        let tallies = bed.hub.journal().tallies().await.unwrap();
        let live =
            tallies.iter().filter(|tally| !tally.state.is_terminal()).map(|tally| tally.jobs).sum::<u64>();
        if live > 0 && bed.hub.running() == 0 {
            bed.module.pace().run_ahead(minute);
            let ahead = jiff::SignedDuration::try_from(bed.module.pace().ahead()).unwrap();
            bed.clock.run_ahead(ahead);
        }
        live == 0
    })
    .await;
    for job in jobs {
        bed.ended(job).await.succeeded();
    }
    let made = world.google.desk().calls().iter().filter(|call| call.method.starts_with("users")).count();
    assert!(made > 4 * usize::try_from(PEOPLE).unwrap(), "{made}");
    assert!(made > USUAL, "one minute is not enough for them");
    assert_eq!(world.google.refused_by_quota(), 0);
    let busiest = world.google.busiest_minute();
    assert!((USUAL / 2..=USUAL).contains(&busiest), "{busiest}");
    bed.stop().await;
}
