//! A backend that keeps failing is left alone, and gets work again when it answers.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::support::{Bed, Fake, QUICK, SLOW, entry, mapping, request, setup};
use engine::{Actor, PING, Setup, WaitsFor};
use journal::{Filter, Order, Page};
use model::word::code;
use model::{BreakerRule, EventKind, JobId, JobState, OnError, Outcome, WaitingOn};

/// A backend that fails softly until it is mended.
fn fragile(mended: &Arc<AtomicBool>) -> Arc<Fake> {
    let mended = Arc::clone(mended);
    Fake::new(move |_| {
        if mended.load(Ordering::SeqCst) {
            Outcome::done()
        } else {
            Outcome::soft(75, code::TIMEOUT, "the directory does not answer".to_owned())
        }
    })
}

/// A hub that leaves a backend alone after three jobs.
fn guarded(fake: &Arc<Fake>, pause: Duration) -> Setup {
    let backend = entry("b", Arc::<Fake>::clone(fake), OnError::Stop, QUICK);
    let mut parts = setup(vec![backend]);
    parts.limits.breaker = BreakerRule { failures: 3, pause, longest: pause };
    parts
}

async fn left_alone(bed: &Bed) {
    bed.until(async || bed.hub.backends()[0].left_alone_until.is_some()).await;
}

async fn accept(bed: &Bed, names: &[&str]) -> Vec<JobId> {
    let mut ids = Vec::new();
    for name in names {
        ids.push(bed.accept(request("DO", name)).await);
    }
    ids
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn several_failing_jobs_open_it_and_what_waits_costs_no_attempt() {
    let mended = Arc::new(AtomicBool::new(false));
    let fake = fragile(&mended);
    let bed = Bed::new(guarded(&fake, Duration::from_hours(1))).await;
    let failing = accept(&bed, &["a", "b", "c"]).await;
    left_alone(&bed).await;
    let later = bed.accept(request("DO", "d")).await;
    bed.until(async || bed.hub.running() == 0).await;
    let calls = fake.count();

    let story = bed.hub.story(later).await.unwrap();
    assert!(matches!(&story.waiting_on, WaitingOn::Breaker { backend, .. } if backend == "b"), "{story:?}");
    assert_eq!(story.job.state, JobState::Queued);
    let page = Page { after: None, order: Order::Newest, limit: 9 };
    let waiting = bed.hub.jobs(Filter::default(), Some(WaitsFor::Breaker), page).await.unwrap();
    assert_eq!(waiting.rows.len(), 4);
    assert_eq!(fake.count(), calls, "nothing is sent to a backend that is left alone");

    mended.store(true, Ordering::SeqCst);
    bed.hub.resume("b", &Actor("alice".into())).await.unwrap();
    for id in failing.into_iter().chain([later]) {
        assert_eq!(bed.ended(id).await.state, JobState::Succeeded);
    }
    assert_eq!(bed.hub.backends()[0].left_alone_until, None);
    let events = bed.hub.journal().events(model::EventsCursor::default(), 500).await.unwrap().rows;
    let about = |kind| events.iter().filter(|event| event.kind == kind).count();
    assert_eq!((about(EventKind::Tripped), about(EventKind::Recovered)), (1, 1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_ping_a_single_job_decides() {
    let mended = Arc::new(AtomicBool::new(false));
    let fake = fragile(&mended);
    let bed = Bed::new(guarded(&fake, Duration::from_millis(50))).await;
    let ids = accept(&bed, &["a", "b", "c", "d", "e"]).await;
    // It is tried again and again, one job at a time, until one succeeds.
    bed.until(async || fake.count() >= 8).await;
    mended.store(true, Ordering::SeqCst);
    for id in ids {
        assert_eq!(bed.ended(id).await.state, JobState::Succeeded);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_ping_probes_it_so_that_no_job_has_to() {
    let mended = Arc::new(AtomicBool::new(false));
    let fake = fragile(&mended);
    let mut parts = guarded(&fake, Duration::from_millis(50));
    parts.catalogue.entries[0].actions.insert(PING.to_owned(), mapping(OnError::Stop, None));
    let bed = Bed::new(parts).await;
    let ids = accept(&bed, &["a", "b", "c"]).await;
    left_alone(&bed).await;
    let pinged = || fake.calls.lock().unwrap().iter().filter(|call| call.action == PING).count();
    let worked = || fake.count() - pinged();
    bed.until(async || pinged() >= 2).await;
    let before = worked();
    bed.until(async || pinged() >= 4).await;
    assert_eq!(worked(), before, "no job is sent while pings fail");
    mended.store(true, Ordering::SeqCst);
    for id in ids {
        assert_eq!(bed.ended(id).await.state, JobState::Succeeded);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_single_job_that_keeps_failing_holds_up_nobody() {
    let fake = Fake::new(|call| {
        if call.body["concernedTo"] == "bad" {
            Outcome::soft(75, code::TIMEOUT, "locked".to_owned())
        } else {
            Outcome::done()
        }
    });
    let bed = Bed::new(guarded(&fake, Duration::from_hours(1))).await;
    bed.accept(request("DO", "bad")).await;
    bed.until(async || fake.count() >= 6).await;
    let good = bed.accept(request("DO", "good")).await;
    assert_eq!(bed.ended(good).await.state, JobState::Succeeded);
    assert_eq!(bed.hub.backends()[0].left_alone_until, None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_backend_goes_on_and_hard_failures_never_open_it() {
    let broken = Fake::new(|_| Outcome::soft(75, code::TIMEOUT, "down".to_owned()));
    let refusing = Fake::new(|_| Outcome::hard(1, code::FAILED, "no such person".to_owned()));
    let mut other = entry("other", Arc::<Fake>::clone(&refusing), OnError::Stop, SLOW);
    other.actions = [("OTHER".to_owned(), mapping(OnError::Stop, None))].into();
    let mut parts = setup(vec![entry("b", broken, OnError::Stop, QUICK), other]);
    parts.limits.breaker =
        BreakerRule { failures: 3, pause: Duration::from_hours(1), longest: Duration::from_hours(1) };
    let bed = Bed::new(parts).await;
    accept(&bed, &["a", "b", "c"]).await;
    left_alone(&bed).await;
    for n in 0..9 {
        let id = bed.accept(request("OTHER", &format!("o{n}"))).await;
        assert_eq!(bed.ended(id).await.state, JobState::Failed);
    }
    assert_eq!(bed.hub.backends()[1].left_alone_until, None);
}
