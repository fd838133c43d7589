//! Synchronising by itself across stops and starts.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod support;

use std::time::Duration;

use engine::Clock;
use intendant_identities::schedule::Schedule;
use intendant_identities::state::State;
use jiff::{Timestamp, ToSpan as _, tz::TimeZone};
use model::effect::EntityContent;
use model::{Effects, EntityKey, EntityWrite};
use serde_json::json;
use support::Bed;

/// Once a year, half a year from now: it does not come about while the test runs.
fn yearly() -> Schedule {
    let time = Clock::system().now().to_zoned(TimeZone::UTC).checked_add(6.months()).unwrap();
    Schedule::parse(&format!("0 12 {} {} *", time.day().min(28), time.month()), Some("UTC")).unwrap()
}

/// Lets the schedule work until it waits for a time to come, and returns that.
#[allow(clippy::disallowed_methods, reason = "what works beside the test is waited for")]
async fn keep(bed: &Bed, schedule: Schedule) -> Timestamp {
    let clock = Clock::system();
    let working = tokio::spawn(schedule.chore().unwrap().run(bed.hub.clone()));
    let waits = async {
        loop {
            if let Some(next) = schedule.next(&bed.hub).filter(|next| *next > clock.now()) {
                return next;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    let next = tokio::time::timeout(support::LONG, waits).await.expect("it does not come to rest");
    working.abort();
    bed.at_rest().await;
    next
}

/// As if the hub had been away: what was done last is years ago.
async fn years_pass(bed: &Bed) {
    let key = EntityKey { kind: "identities_schedule".to_owned(), key: "synchronise".to_owned() };
    let kept = bed.hub.journal().entity(key.clone()).await.unwrap().expect("it remembers when it was there");
    let now = Clock::system().now();
    let last = now.to_zoned(TimeZone::UTC).checked_sub(3.years()).unwrap().timestamp();
    assert!(kept.body["last"].as_str().unwrap().parse::<Timestamp>().unwrap() > last, "{}", kept.body);
    let content = EntityContent { state: kept.state, label: kept.label, body: json!({ "last": last }) };
    let write = EntityWrite { key, expected_rev: kept.rev, content: Some(content) };
    bed.hub.write(Effects { entities: vec![write], ..Effects::default() }, None).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn times_that_passed_meanwhile_are_made_up_for_once() {
    let bed = Bed::new().await;
    bed.ready(&["a"]).await;
    let first = keep(&bed, yearly()).await;
    assert_eq!(bed.state("a").await, State::ToSynchronise, "at the first start nothing was missed");

    years_pass(&bed).await;
    let bed = bed.again().await;
    assert_eq!(keep(&bed, yearly()).await, first, "the next time is the one that is still to come");
    assert_eq!(bed.state("a").await, State::Synchronised, "three times were missed");
    assert_eq!(bed.fake.asked.lock().unwrap().len(), 1, "and made up for once");

    let bed = bed.again().await;
    bed.ready(&["b"]).await;
    assert_eq!(keep(&bed, yearly()).await, first);
    assert_eq!(bed.state("b").await, State::ToSynchronise, "after another start it is not done again");
}
