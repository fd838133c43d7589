//! A step that waits for its retry keeps its time, its tries and its backend, whatever else its job waits for meanwhile.

use std::sync::Arc;
use std::time::Duration;

use crate::support::{Bed, Fake, QUICK, SLOW, entry, request, setup};
use engine::port::{BackendEntry, Catalogue, Standing};
use engine::{Actor, Setup};
use model::word::code;
use model::{JobState, OnError, Outcome, RetryPolicy};
use tokio::sync::Semaphore;

fn soft() -> Outcome {
    Outcome::soft(75, code::RETRY, "asleep")
}

fn operator() -> Actor {
    Actor("test".to_owned())
}

/// Maps `DO` only, and lets later steps run when it fails.
fn first(fake: &Arc<Fake>, retry: RetryPolicy) -> BackendEntry {
    let mut entry = entry("a", Arc::<Fake>::clone(fake), OnError::Continue, retry);
    entry.actions.remove("UNDO");
    entry
}

/// Takes one job at a time.
fn second(fake: &Arc<Fake>) -> BackendEntry {
    BackendEntry { concurrency: Some(1), ..entry("b", Arc::<Fake>::clone(fake), OnError::Stop, QUICK) }
}

fn parts(a: &Arc<Fake>, b: &Arc<Fake>, retry: RetryPolicy) -> Setup {
    setup(vec![first(a, retry), second(b)])
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_step_that_waits_for_its_retry_does_not_run_when_the_next_backend_is_free() {
    let gate = Arc::new(Semaphore::new(0));
    let (a, b) = (Fake::answers(vec![soft()]), Fake::gated(&gate));
    let bed = Bed::new(parts(&a, &b, SLOW)).await;
    let other = bed.accept(request("UNDO", "bob")).await;
    bed.state(other, JobState::Running).await;
    let id = bed.accept(request("DO", "alice")).await;
    bed.until(async || a.count() == 1 && bed.job(id).await.state == JobState::Queued).await;
    gate.add_permits(2);
    bed.until(async || b.count() == 2).await;
    bed.state(id, JobState::Retrying).await;
    assert_eq!(a.count(), 1, "its retry comes in an hour");
    let job = bed.job(id).await;
    assert!(job.due_at.duration_since(job.accepted_at).as_mins() >= 59, "{job:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_paused_backend_is_left_alone_also_when_its_job_waited_for_another_one() {
    let gate = Arc::new(Semaphore::new(0));
    let (a, b) = (Fake::answers(vec![soft()]), Fake::gated(&gate));
    let bed = Bed::new(parts(&a, &b, QUICK)).await;
    let other = bed.accept(request("UNDO", "bob")).await;
    bed.state(other, JobState::Running).await;
    let id = bed.accept(request("DO", "alice")).await;
    bed.until(async || a.count() == 1 && bed.job(id).await.state == JobState::Queued).await;
    bed.hub.pause("a", &operator()).await.unwrap();
    gate.add_permits(2);
    bed.until(async || b.count() == 2).await;
    bed.until(async || bed.hub.running() == 0).await;
    let story = bed.hub.story(id).await.unwrap();
    assert!(story.waiting_on.sentence().contains("backends resume a"), "{}", story.waiting_on.sentence());
    assert_eq!(a.count(), 1);
    bed.hub.resume("a", &operator()).await.unwrap();
    assert_eq!(bed.ended(id).await.state, JobState::Succeeded);
    assert_eq!((a.count(), b.count()), (2, 2));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_retry_keeps_its_time_when_a_later_step_is_interrupted() {
    let (a, b) = (Fake::answers(vec![soft()]), Fake::gated(&Arc::new(Semaphore::new(0))));
    let bed = Bed::new(parts(&a, &b, SLOW)).await;
    let id = bed.accept(request("DO", "alice")).await;
    bed.until(async || b.count() == 1).await;
    bed.hub.stop(Duration::ZERO).await;
    let Bed { hub, folder } = bed;
    drop(hub);
    let done = Fake::done();
    let hub = crate::support::start_in(folder.path(), parts(&a, &done, SLOW)).await;
    let bed = Bed { hub, folder };
    bed.state(id, JobState::Retrying).await;
    assert_eq!((a.count(), done.count()), (1, 1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_retry_keeps_its_time_over_a_restart() {
    let (a, b) = (Fake::answers(vec![soft()]), Fake::done());
    let bed = Bed::new(parts(&a, &b, SLOW)).await;
    bed.hub.pause("b", &operator()).await.unwrap();
    let id = bed.accept(request("DO", "alice")).await;
    bed.until(async || a.count() == 1 && bed.hub.running() == 0).await;
    let bed = bed.restart(parts(&a, &b, SLOW)).await;
    bed.hub.resume("b", &operator()).await.unwrap();
    bed.state(id, JobState::Retrying).await;
    assert_eq!((a.count(), b.count()), (1, 1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tries_are_counted_over_a_restart() {
    let once = RetryPolicy { max: 1, ..SLOW };
    let (a, b) = (Fake::new(|_| soft()), Fake::done());
    let bed = Bed::new(parts(&a, &b, once)).await;
    let id = bed.accept(request("DO", "alice")).await;
    bed.state(id, JobState::Retrying).await;
    let bed = bed.restart(parts(&a, &b, once)).await;
    // Somebody else of the subject hurries it.
    let later = bed.accept(request("UNDO", "alice")).await;
    let job = bed.ended(id).await;
    assert_eq!((job.state, job.status, a.count()), (JobState::Failed, 75, 2));
    assert_eq!(bed.ended(later).await.state, JobState::Succeeded);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_waited_for_a_backend_that_was_set_aside_waits_for_its_retry() {
    let gate = Arc::new(Semaphore::new(0));
    let (a, b) = (Fake::answers(vec![soft()]), Fake::gated(&gate));
    let bed = Bed::new(parts(&a, &b, SLOW)).await;
    let other = bed.accept(request("UNDO", "bob")).await;
    bed.state(other, JobState::Running).await;
    let id = bed.accept(request("DO", "alice")).await;
    bed.until(async || a.count() == 1 && bed.job(id).await.state == JobState::Queued).await;
    let aside = BackendEntry { standing: Standing::Inactive, ..second(&b) };
    let entries = vec![first(&a, SLOW), aside];
    bed.hub.reload(Catalogue { entries }, crate::support::actions(), engine::Limits::default());
    bed.state(id, JobState::Retrying).await;
    assert_eq!(a.count(), 1);
}
