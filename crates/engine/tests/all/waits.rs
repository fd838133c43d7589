//! A backend that says "not now": for one job, for all of them, for too long.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::support::{Bed, Fake, QUICK, entry, request, setup};
use engine::port::BackendEntry;
use engine::{Actor, WaitsFor};
use journal::{Filter, Order, Page};
use model::word::code;
use model::{
    BreakerRule, EventKind, JobId, JobState, OnError, Outcome, OutcomeKind, Request, RetryPolicy, Until,
    Wait, WaitFor, WaitingOn,
};

fn after(pause: Duration, scope: WaitFor) -> Wait {
    Wait { until: Until::After(pause), scope }
}

fn not_now(pause: Duration, scope: WaitFor) -> Outcome {
    Outcome::wait(after(pause, scope), "429: the quota of the minute is used up")
}

/// A backend that gives nobody a second try.
fn strict(fake: &Arc<Fake>) -> BackendEntry {
    entry("b", Arc::<Fake>::clone(fake), OnError::Stop, RetryPolicy::NONE)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_waits_use_no_try_and_keep_the_order() {
    const SUBJECTS: usize = 1_000;
    const EACH: u32 = 5;
    let told: Mutex<HashMap<JobId, u32>> = Mutex::default();
    let fake = Fake::new(move |call| {
        let mut told = told.lock().unwrap();
        let times = told.entry(call.mark.job).or_default();
        assert_eq!(call.mark.attempt, *times + 1, "a later attempt fences the earlier one");
        assert_eq!((call.tried, call.replay_of), (0, None));
        if *times == EACH {
            return Outcome::done();
        }
        *times += 1;
        not_now(Duration::ZERO, WaitFor::Job)
    });
    let bed = Bed::with(vec![strict(&fake)]).await;
    let mut jobs = Vec::new();
    for turn in 0..2 {
        for subject in 0..SUBJECTS {
            let id = bed.accept(request("DO", &subject.to_string())).await;
            jobs.push((turn, subject.to_string(), id));
        }
    }
    let mut said = false;
    for (_, _, id) in &jobs {
        if !said
            && let WaitingOn::Wait { backend, message, .. } = bed.hub.story(*id).await.unwrap().waiting_on
        {
            assert_eq!((backend.as_deref(), message.contains("quota")), (Some("b"), true));
            said = true;
        }
        assert_eq!(bed.ended(*id).await.state, JobState::Succeeded);
    }
    assert!(said, "why it waits was to be seen");
    assert_eq!(fake.count(), 2 * SUBJECTS * (EACH as usize + 1));
    let last = bed.hub.story(jobs[0].2).await.unwrap();
    assert_eq!((last.steps[0].tried, last.steps[0].waits, last.steps[0].attempts), (1, EACH, EACH + 1));
    assert_eq!(last.attempts.len(), 2, "of many waits one is kept");
    // The second job of a subject was not asked about before the first one had ended.
    let order = fake.jobs();
    for (_, subject, second) in jobs.iter().filter(|(turn, ..)| *turn == 1) {
        let (_, _, first) = jobs.iter().find(|(turn, about, _)| *turn == 0 && about == subject).unwrap();
        let ended = order.iter().rposition(|id| id == first).unwrap();
        let began = order.iter().position(|id| id == second).unwrap();
        assert!(ended < began, "{subject}");
    }
}

/// Says "not now" to all so many times, then works.
fn closed(times: usize, pause: Duration) -> Arc<Fake> {
    let left = AtomicUsize::new(times);
    Fake::new(move |_| {
        match left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)) {
            Ok(_) => not_now(pause, WaitFor::Backend),
            Err(_) => Outcome::done(),
        }
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wait_for_all_is_asked_again_by_one() {
    let fake = closed(3, Duration::ZERO);
    let bed = Bed::with(vec![BackendEntry { concurrency: Some(1), ..strict(&fake) }]).await;
    let mut ids = Vec::new();
    for subject in 0..40 {
        ids.push(bed.accept(request("DO", &subject.to_string())).await);
    }
    for id in ids {
        assert_eq!(bed.ended(id).await.state, JobState::Succeeded);
    }
    assert_eq!(fake.count(), 43, "each time one asked for all");
    let events = bed.hub.journal().events(model::EventsCursor::default(), 5_000).await.unwrap().rows;
    let of_backend = |kind| events.iter().filter(|event| event.kind == kind && event.job.is_none()).count();
    assert!(of_backend(EventKind::Waiting) >= 1 && of_backend(EventKind::Recovered) == 1, "{events:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wait_for_all_is_known_after_a_restart_and_lifted_by_resume() {
    let fake = closed(1, Duration::from_hours(1));
    let entry = || BackendEntry { concurrency: Some(1), ..strict(&fake) };
    let bed = Bed::with(vec![entry()]).await;
    let first = bed.accept(request("DO", "a")).await;
    bed.until(async || bed.hub.backends()[0].held.is_some()).await;
    let bed = bed.restart(setup(vec![entry()])).await;
    let later = bed.accept(request("DO", "b")).await;
    let (until, said) = bed.hub.backends()[0].held.clone().expect("it is remembered");
    assert!(until > bed.hub.now() && said.contains("quota"), "{until} {said}");
    let story = bed.hub.story(later).await.unwrap();
    assert!(
        matches!(&story.waiting_on, WaitingOn::BackendWait { backend, .. } if backend == "b"),
        "{story:?}"
    );
    let page = Page { after: None, order: Order::Newest, limit: 9 };
    let waiting = bed.hub.jobs(Filter::default(), Some(WaitsFor::BackendWait), page).await.unwrap();
    assert_eq!(waiting.rows.len(), 2);
    assert_eq!((fake.count(), bed.hub.running()), (1, 0), "nobody asked again, and nothing holds a slot");

    bed.hub.resume("b", &Actor("alice".into())).await.unwrap();
    assert_eq!(bed.ended(later).await.state, JobState::Succeeded);
    assert_eq!(bed.job(first).await.state, JobState::Queued, "it was told its own time");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_told_to_wait_for_too_long_has_failed() {
    let fake = Fake::new(|_| not_now(Duration::ZERO, WaitFor::Job));
    let mut parts = setup(vec![strict(&fake)]);
    parts.limits.longest_wait = Duration::from_secs(1);
    let bed = Bed::new(parts).await;
    let bounded = bed.ended(bed.accept(request("DO", "a")).await).await;
    assert_eq!((bounded.state, bounded.code), (JobState::Failed, Some(code::WAITED)));
    assert!(bounded.message.unwrap().contains("429"), "its backend's words are kept");
    assert_eq!(fake.count(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wait_beyond_the_deadline_is_the_end() {
    let fake = Fake::new(|_| not_now(Duration::from_hours(2), WaitFor::Job));
    let bed = Bed::with(vec![strict(&fake)]).await;
    let deadline = Some(bed.hub.now() + Duration::from_hours(1));
    let late = bed.ended(bed.accept(Request { deadline, ..request("DO", "a") }).await).await;
    assert_eq!((late.state, late.code), (JobState::Failed, Some(code::WAITED)));
    assert_eq!(fake.count(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn waiting_is_no_failure_for_the_breaker() {
    let fake = Fake::answers(vec![not_now(Duration::ZERO, WaitFor::Job); 3]);
    let mut parts = setup(vec![entry("b", Arc::<Fake>::clone(&fake), OnError::Stop, QUICK)]);
    let pause = Duration::from_hours(1);
    parts.limits.breaker = BreakerRule { failures: 1, pause, longest: pause };
    let bed = Bed::new(parts).await;
    let id = bed.accept(request("DO", "a")).await;
    assert_eq!(bed.ended(id).await.state, JobState::Succeeded);
    let kinds: Vec<_> = bed.hub.story(id).await.unwrap().attempts.into_iter().map(|(a, _)| a.kind).collect();
    assert_eq!(kinds, [Some(OutcomeKind::Wait), Some(OutcomeKind::Done)]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backend_may_have_a_breaker_of_its_own() {
    let failing = || Fake::new(|_| Outcome::soft(75, code::TIMEOUT, "no answer"));
    let own = |failures| {
        Some(BreakerRule { failures, pause: Duration::from_hours(1), longest: Duration::from_hours(1) })
    };
    let mut entries = Vec::new();
    for (name, action, failures) in [("a", "DO_A", 1), ("b", "DO_B", 0)] {
        let mut one =
            testhub::entry(name, failing(), &[action], testhub::mapping(OnError::Stop, Some(QUICK)));
        one.bounds.breaker = own(failures);
        entries.push(one);
    }
    let bed = Bed::with(entries).await;
    bed.accept(request("DO_A", "x")).await;
    let patient = bed.accept(request("DO_B", "y")).await;
    bed.until(async || bed.hub.backends()[0].left_alone_until.is_some()).await;
    bed.until(async || bed.hub.story(patient).await.unwrap().attempts.len() > 3).await;
    assert_eq!(bed.hub.backends()[1].left_alone_until, None);
}
