//! Rates, windows, and requests for later: what waits for a time holds no slot.

use std::sync::Arc;
use std::time::Duration;

use crate::support::{Bed, Fake, QUICK, entry, request, setup, start_by};
use engine::port::{BackendEntry, Bounds};
use engine::{Accepted, Clock, WaitsFor};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use journal::{Filter, Order, Page};
use model::word::code;
use model::{Effects, JobState, OnError, Rate, Request, WaitingOn, Windows};

fn bounded(fake: &Arc<Fake>, bounds: Bounds) -> BackendEntry {
    BackendEntry { bounds, ..entry("b", Arc::<Fake>::clone(fake), OnError::Stop, QUICK) }
}

/// A hub by a clock that the test sets.
async fn by(clock: &Clock, entries: Vec<BackendEntry>) -> Bed {
    let folder = tempfile::tempdir().unwrap();
    Bed { hub: start_by(folder.path(), setup(entries), clock).await, folder }
}

async fn waits_for(bed: &Bed, what: WaitsFor) -> usize {
    let page = Page { after: None, order: Order::Newest, limit: 9 };
    bed.hub.jobs(Filter::default(), Some(what), page).await.unwrap().rows.len()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_more_begin_than_the_rate_allows() {
    let fake = Fake::done();
    let bounds = Bounds { rate: Rate::parse("1/h", Some(2)), ..Bounds::default() };
    let bed = Bed::with(vec![bounded(&fake, bounds)]).await;
    let mut ids = Vec::new();
    for subject in ["a", "b", "c"] {
        ids.push(bed.accept(request("DO", subject)).await);
    }
    bed.until(async || fake.count() == 2 && bed.hub.running() == 0).await;
    let story = bed.hub.story(ids[2]).await.unwrap();
    assert!(matches!(&story.waiting_on, WaitingOn::Rate { backend, .. } if backend == "b"), "{story:?}");
    assert_eq!((waits_for(&bed, WaitsFor::Rate).await, waits_for(&bed, WaitsFor::Slot).await), (1, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_waits_for_its_rate_goes_on_in_time_also_when_the_clock_jumps() {
    let (fake, clock) = (Fake::done(), Clock::system());
    let bounds = Bounds { rate: Rate::parse("5/s", Some(1)), ..Bounds::default() };
    let bed = by(&clock, vec![bounded(&fake, bounds)]).await;
    let mut ids = Vec::new();
    for subject in 0..20 {
        ids.push(bed.accept(request("DO", &subject.to_string())).await);
    }
    bed.until(async || fake.count() > 3).await;
    clock.run_ahead(SignedDuration::from_hours(-720));
    for id in ids {
        assert_eq!(bed.ended(id).await.state, JobState::Succeeded);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_begins_outside_the_windows() {
    let (fake, clock) = (Fake::done(), Clock::system());
    let hour = (clock.now().to_zoned(TimeZone::UTC).hour() + 12) % 24;
    let windows = Windows::parse(&[format!("* {hour} * * *")], TimeZone::UTC).unwrap();
    let bounds = Bounds { windows: Some(Arc::new(windows)), ..Bounds::default() };
    let bed = by(&clock, vec![bounded(&fake, bounds)]).await;
    let id = bed.accept(request("DO", "a")).await;
    let story = bed.hub.story(id).await.unwrap();
    assert!(matches!(&story.waiting_on, WaitingOn::Window { until: Some(_), .. }), "{story:?}");
    assert_eq!(waits_for(&bed, WaitsFor::Window).await, 1);
    let view = bed.hub.backends()[0].windows.clone().unwrap();
    assert!(!view.open && view.opens_at.is_some(), "{view:?}");
    assert_eq!((fake.count(), bed.hub.running()), (0, 0));
    clock.run_ahead(SignedDuration::from_hours(12));
    assert_eq!(bed.ended(id).await.state, JobState::Succeeded);
}

fn later(at: Timestamp, subject: &str) -> Request {
    Request { not_before: Some(at), ..request("DO", subject) }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_for_later_keeps_its_place_and_starts_then() {
    let (fake, clock) = (Fake::done(), Clock::system());
    let bed = by(&clock, vec![bounded(&fake, Bounds::default())]).await;
    let hour = bed.hub.now() + Duration::from_hours(1);
    let first = bed.accept(later(hour, "a")).await;
    let behind = bed.accept(request("DO", "a")).await;
    let other = bed.accept(request("DO", "b")).await;
    assert_eq!(bed.ended(other).await.state, JobState::Succeeded);
    let story = bed.hub.story(first).await.unwrap();
    assert_eq!(story.waiting_on, WaitingOn::NotBefore { until: hour });
    assert_eq!(waits_for(&bed, WaitsFor::Later).await, 1);
    let story = bed.hub.story(behind).await.unwrap();
    assert!(matches!(story.waiting_on, WaitingOn::Subject { job, .. } if job == first));
    clock.run_ahead(SignedDuration::from_hours(2));
    assert_eq!(bed.ended(first).await.state, JobState::Succeeded);
    assert_eq!(bed.ended(behind).await.state, JobState::Succeeded);
    assert_eq!(fake.jobs(), [other, first, behind]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_could_never_start_is_refused() {
    let bed = Bed::with(vec![bounded(&Fake::done(), Bounds::default())]).await;
    let now = bed.hub.now();
    let never =
        Request { deadline: Some(now + Duration::from_mins(1)), ..later(now + Duration::from_hours(1), "a") };
    for request in [later(now + Duration::from_hours(24 * 367), "a"), never] {
        let refused = bed.hub.accept(request, Effects::default()).await.unwrap();
        assert!(
            matches!(&refused, Accepted::Refused(why) if why.code == code::INVALID_PAYLOAD),
            "{refused:?}"
        );
    }
    let id = bed.accept(later(now - Duration::from_hours(1), "a")).await;
    assert_eq!(bed.ended(id).await.state, JobState::Succeeded, "a time that is over holds nobody");
}
