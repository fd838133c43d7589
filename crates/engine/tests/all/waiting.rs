//! Listings by what jobs wait for agree with what each job says of itself.

use std::sync::Arc;
use std::time::Duration;

use crate::support::{Bed, Fake, SLOW, entry, mapping, request, setup};
use engine::{ActionTable, Actor, WaitsFor};
use journal::{Count, Filter, Order, Page};
use model::word::code;
use model::{ActionSpec, Destructive, FailsafeRule, JobId, JobState, OnError, Outcome, WaitingOn};
use tokio::sync::Semaphore;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_wait_is_listed_and_counted() {
    let gate = Arc::new(Semaphore::new(0));
    let mut one = entry("one", Fake::gated(&gate), OnError::Stop, SLOW);
    one.concurrency = Some(1);
    let asleep = Fake::new(|_| Outcome::soft(75, code::RETRY, "asleep"));
    let only = |name: &str, fake: Arc<Fake>, action: &str| {
        let mut entry = entry(name, fake, OnError::Stop, SLOW);
        entry.actions = [(action.to_owned(), mapping(OnError::Stop, Some(SLOW)))].into();
        entry
    };
    let entries = vec![
        one,
        only("soft", asleep, "LATER"),
        only("idle", Fake::done(), "IDLE"),
        only("d", Fake::done(), "DEL"),
    ];
    let mut parts = setup(entries);
    let deletes = ActionSpec { destructive: Some(Destructive::Delete), ..ActionSpec::default() };
    parts.actions = ActionTable::new([("DEL".to_owned(), deletes)]).unwrap();
    parts.limits.failsafe = FailsafeRule {
        sources: vec!["*".to_owned()],
        window: Duration::from_hours(1),
        delete: Some(0),
        disable: None,
    };
    let bed = Bed::new(parts).await;
    bed.hub.pause("idle", &Actor("alice".into())).await.unwrap();
    let running = bed.accept(request("DO", "a")).await;
    bed.state(running, JobState::Running).await;
    let behind = bed.accept(request("DO", "a")).await;
    let slot = bed.accept(request("DO", "b")).await;
    let retry = bed.accept(request("LATER", "c")).await;
    bed.state(retry, JobState::Retrying).await;
    let paused = bed.accept(request("IDLE", "d")).await;
    let held = bed.accept(request("DEL", "e")).await;
    bed.until(async || bed.job(held).await.code == Some(code::FAILSAFE_HELD)).await;

    let page = Page { after: None, order: Order::Newest, limit: 10 };
    let cases: [(WaitsFor, Vec<JobId>); 6] = [
        (WaitsFor::Subject, vec![behind]),
        (WaitsFor::Failsafe, vec![held]),
        (WaitsFor::Pause, vec![paused]),
        (WaitsFor::Retry, vec![retry]),
        (WaitsFor::Slot, vec![slot]),
        (WaitsFor::Nothing, vec![]),
    ];
    for (kind, expected) in cases {
        let listed = bed.hub.jobs(Filter::default(), Some(kind), page).await.unwrap();
        assert_eq!(listed.rows.iter().map(|job| job.id).collect::<Vec<_>>(), expected, "{kind:?}");
        let count = bed.hub.count(Filter::default(), Some(kind), 10).await.unwrap();
        assert_eq!(count, Count { jobs: expected.len() as u64, more: false, next: None }, "{kind:?}");
        for job in listed.rows {
            let says = match bed.hub.waiting_on(&job).await.unwrap() {
                WaitingOn::Subject { .. } => WaitsFor::Subject,
                WaitingOn::Failsafe { .. } => WaitsFor::Failsafe,
                WaitingOn::Pause { .. } => WaitsFor::Pause,
                WaitingOn::Retry { .. } => WaitsFor::Retry,
                WaitingOn::Slot { .. } => WaitsFor::Slot,
                other => panic!("{other:?}"),
            };
            assert_eq!(says, kind);
        }
    }
    let oldest = Page { order: Order::Oldest, limit: 1, ..page };
    let live = Filter { states: vec![JobState::Queued, JobState::Retrying], ..Filter::default() };
    assert_eq!(bed.hub.jobs(live, None, oldest).await.unwrap().rows[0].id, behind, "waiting for longest");
    bed.hub.stop(Duration::ZERO).await;
}
