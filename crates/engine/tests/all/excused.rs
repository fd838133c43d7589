//! What is nobody's failure counts for nobody: this machine's own shortage, and a stop that reaches the scripts too.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::support::{Bed, Fake, LONG, QUICK, entry, request, setup};
use engine::Setup;
use model::word::code;
use model::{BreakerRule, JobState, OnError, Outcome, RetryPolicy};
use tokio::sync::Semaphore;

/// A hub that forgives nothing: no retry, and one failure opens the breaker.
fn strict(fake: &Arc<Fake>) -> Setup {
    let mut parts = setup(vec![entry("b", Arc::<Fake>::clone(fake), OnError::Stop, RetryPolicy::NONE)]);
    let pause = Duration::from_hours(1);
    parts.limits.breaker = BreakerRule { failures: 1, pause, longest: pause };
    parts
}

fn terminated() -> Outcome {
    Outcome::soft(143, code::KILLED, "the script was ended by signal 15 (terminate)")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_shortage_costs_no_attempt_opens_no_breaker_and_is_seen() {
    let room = Arc::new(AtomicBool::new(false));
    let fake = Fake::new({
        let room = Arc::clone(&room);
        move |_| {
            if room.load(Ordering::SeqCst) {
                Outcome::done()
            } else {
                Outcome::shortage("no descriptor is left")
            }
        }
    });
    let bed = Bed::new(strict(&fake)).await;
    let id = bed.accept(request("DO", "alice")).await;
    bed.until(async || fake.count() >= 2).await;
    assert_eq!(bed.hub.shortage().as_deref(), Some("no descriptor is left"));
    assert_eq!((bed.job(id).await.state, bed.hub.backends()[0].left_alone_until), (JobState::Running, None));
    room.store(true, Ordering::SeqCst);
    assert_eq!(bed.ended(id).await.state, JobState::Succeeded);
    assert_eq!(bed.hub.journal().attempts(id).await.unwrap().len(), 1);
    assert!(fake.calls.lock().unwrap().iter().all(|call| call.mark.attempt == 1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_job_that_waits_for_room_can_be_cancelled_and_does_not_hold_up_a_stop() {
    let fake = Fake::new(|_| Outcome::shortage("no descriptor is left"));
    let bed = Bed::new(strict(&fake)).await;
    let cancelled = bed.accept(request("DO", "alice")).await;
    bed.until(async || fake.count() >= 1).await;
    bed.hub.cancel(cancelled, &engine::Actor("test".to_owned())).await.unwrap();
    assert_eq!(bed.ended(cancelled).await.state, JobState::Cancelled);

    let waits = bed.accept(request("DO", "bob")).await;
    bed.until(async || fake.jobs().contains(&waits)).await;
    let done = Fake::done();
    let bed = bed.restart(strict(&done)).await;
    assert_eq!(bed.ended(waits).await.state, JobState::Succeeded);
}

/// The word reaches the script before the hub, or after it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_script_that_was_told_to_stop_with_the_hub_has_not_failed_and_runs_again() {
    for hub_hears_first in [true, false] {
        let gate = Arc::new(Semaphore::new(0));
        let fake = Fake::with({
            let gate = Arc::clone(&gate);
            move |_, _| {
                let gate = Arc::clone(&gate);
                Box::pin(async move {
                    gate.acquire().await.unwrap().forget();
                    terminated()
                })
            }
        });
        let bed = Bed::new(strict(&fake)).await;
        let id = bed.accept(request("DO", "alice")).await;
        bed.state(id, JobState::Running).await;
        if hub_hears_first {
            bed.hub.announce_stop();
            gate.add_permits(1);
        } else {
            gate.add_permits(1);
            bed.until(async || gate.available_permits() == 0).await;
            bed.hub.announce_stop();
        }
        bed.until(async || bed.hub.running() == 0).await;
        assert_eq!(bed.job(id).await.state, JobState::Queued, "{hub_hears_first}");
        assert_eq!(bed.hub.backends()[0].left_alone_until, None);
        let done = Fake::done();
        let bed = bed.restart(strict(&done)).await;
        assert_eq!(bed.ended(id).await.state, JobState::Succeeded);
        assert_eq!(done.calls.lock().unwrap()[0].mark.attempt, 2);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_that_is_told_to_stop_while_the_hub_goes_on_has_failed() {
    let fake = Fake::answers(vec![terminated()]);
    let bed = Bed::new(strict(&fake)).await;
    let id = bed.accept(request("DO", "alice")).await;
    let job = bed.ended(id).await;
    assert_eq!((job.state, job.code), (JobState::Failed, Some(code::KILLED)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_interrupted_attempt_is_none_of_those_that_the_policy_allows() {
    let once = RetryPolicy { max: 1, ..QUICK };
    let parts = |fake: &Arc<Fake>| setup(vec![entry("b", Arc::<Fake>::clone(fake), OnError::Stop, once)]);
    let never = Fake::gated(&Arc::new(Semaphore::new(0)));
    let bed = Bed::new(parts(&never)).await;
    let id = bed.accept(request("DO", "alice")).await;
    bed.state(id, JobState::Running).await;
    bed.hub.stop(Duration::ZERO).await;
    let Bed { hub, folder } = bed;
    drop(hub);
    let fails_once = Fake::answers(vec![Outcome::soft(75, code::RETRY, "later")]);
    let hub = crate::support::start_in(folder.path(), parts(&fails_once)).await;
    let bed = Bed { hub, folder };
    assert_eq!(bed.ended(id).await.state, JobState::Succeeded);
    assert_eq!(fails_once.count(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_has_no_limit_and_takes_too_long_is_shown() {
    let gate = Arc::new(Semaphore::new(0));
    let fake = Fake::gated(&gate);
    let mut parts = strict(&fake);
    parts.limits.long = Duration::from_millis(50);
    let bed = Bed::new(parts).await;
    let id = bed.accept(request("DO", "alice")).await;
    bed.until(async || !bed.hub.long_runs().is_empty()).await;
    let run = bed.hub.long_runs().remove(0);
    assert_eq!((run.job, run.backend.as_str()), (id, "b"));
    gate.add_permits(1);
    assert_eq!(bed.ended(id).await.state, JobState::Succeeded);
    bed.until(async || bed.hub.long_runs().is_empty()).await;
    bed.hub.stop(LONG).await;
}
