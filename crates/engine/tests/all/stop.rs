//! Stopping, and what a lost hub left behind (invariants 2, 5, 9).

use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::support::{Bed, Fake, LONG, QUICK, entry, open, request, setup};
use engine::port::{BoxFuture, Reclaim};
use engine::{Clock, Error, Hub};
use model::word::code;
use model::{Effects, JobState, OnError, Outcome, RunMark};
use tokio::sync::Semaphore;
use uuid::Uuid;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stop_lets_running_steps_end_and_keeps_the_rest() {
    let gate = Arc::new(Semaphore::new(0));
    let (slow, last) = (Fake::gated(&gate), Fake::done());
    let parts = || {
        setup(vec![
            entry("a", slow.clone(), OnError::Stop, QUICK),
            entry("b", last.clone(), OnError::Stop, QUICK),
        ])
    };
    let bed = Bed::new(parts()).await;
    let running = bed.accept(request("DO", "alice")).await;
    let behind = bed.accept(request("DO", "alice")).await;
    bed.state(running, JobState::Running).await;
    let stopping = tokio::spawn({
        let hub = bed.hub.clone();
        async move { hub.stop(LONG).await }
    });
    let refused = async || {
        matches!(bed.hub.accept(request("TOLD", "bob"), Effects::default()).await, Err(Error::Stopping))
    };
    bed.until(refused).await;
    gate.add_permits(1);
    stopping.await.unwrap();
    assert_eq!((slow.count(), last.count()), (1, 0), "no step was started during the stop");

    let folder = bed.folder;
    gate.add_permits(1);
    let hub = crate::support::start_in(folder.path(), parts()).await;
    let bed = Bed { hub, folder };
    for id in [running, behind] {
        assert_eq!(bed.ended(id).await.state, JobState::Succeeded);
    }
    assert_eq!(slow.jobs(), [running, behind], "what had succeeded before the stop was not run again");
    assert_eq!(last.jobs(), [running, behind]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_does_not_end_within_the_grace_period_is_ended_by_force_and_runs_again() {
    let gate = Arc::new(Semaphore::new(0));
    let slow = Fake::gated(&gate);
    let parts = || setup(vec![entry("a", slow.clone(), OnError::Stop, QUICK)]);
    let bed = Bed::new(parts()).await;
    let id = bed.accept(request("DO", "alice")).await;
    bed.state(id, JobState::Running).await;
    bed.hub.stop(Duration::ZERO).await;
    gate.add_permits(5);
    let folder = bed.folder;
    let hub = crate::support::start_in(folder.path(), parts()).await;
    let bed = Bed { hub, folder };
    assert_eq!(bed.ended(id).await.state, JobState::Succeeded);
    let attempts = bed.hub.journal().attempts(id).await.unwrap();
    let seen: Vec<_> = attempts.iter().map(|(a, _)| (a.number, a.code.clone())).collect();
    assert_eq!(seen, [(1, Some(code::INTERRUPTED)), (2, None)]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_belongs_to_the_hub_has_it_before_any_job_runs() {
    let gate = Arc::new(Semaphore::new(0));
    let slow = Fake::gated(&gate);
    let parts = || setup(vec![entry("a", slow.clone(), OnError::Stop, QUICK)]);
    let bed = Bed::new(parts()).await;
    let id = bed.accept(request("DO", "alice")).await;
    bed.state(id, JobState::Running).await;
    bed.hub.stop(Duration::ZERO).await;
    let before = slow.count();
    let (journal, wires) = open(bed.folder.path());
    let first = |_: &Hub| {
        // A job that runs already is seen to, soon.
        let (_never, told) = std::sync::mpsc::channel::<()>();
        assert!(told.recv_timeout(Duration::from_millis(200)).is_err());
        assert_eq!(slow.count(), before, "a job runs, and its backend does not know the hub yet");
    };
    let hub = Hub::start_after(journal, wires, Clock::system(), parts(), first).await.unwrap();
    gate.add_permits(5);
    let bed = Bed { hub, folder: bed.folder };
    assert_eq!(bed.ended(id).await.state, JobState::Succeeded);
}

struct Killer(Mutex<Vec<RunMark>>);

impl Reclaim for Killer {
    fn reclaim(&self, _: Uuid, marks: Vec<RunMark>) -> BoxFuture<'_, ()> {
        self.0.lock().unwrap().extend(marks);
        Box::pin(async {})
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn attempts_without_a_recorded_end_are_reclaimed_and_run_again_with_a_higher_number() {
    let folder = tempfile::tempdir().unwrap();
    let never = Fake::gated(&Arc::new(Semaphore::new(0)));
    let first =
        crate::support::start_in(folder.path(), setup(vec![entry("a", never, OnError::Stop, QUICK)])).await;
    let id = match first.accept(request("DO", "alice"), Effects::default()).await.unwrap() {
        engine::Accepted::New(id) => id,
        other => panic!("{other:?}"),
    };
    let bed = Bed { hub: first, folder };
    bed.state(id, JobState::Running).await;
    // The hub is lost: nothing more is written, the lock goes with the process.
    bed.hub.keeping().close().await;
    let Bed { hub, folder } = bed;
    drop(hub);

    let killer = Arc::new(Killer(Mutex::default()));
    let done = Fake::new(|_| Outcome::done());
    let mut parts = setup(vec![entry("a", done.clone(), OnError::Stop, QUICK)]);
    parts.reclaim = vec![killer.clone()];
    let (journal, wires) = open(folder.path());
    let hub = Hub::start(journal, wires, Clock::system(), parts).await.unwrap();
    let bed = Bed { hub, folder };
    assert_eq!(bed.ended(id).await.state, JobState::Succeeded);
    let marks: Vec<_> = killer.0.lock().unwrap().iter().map(|m| (m.job, m.step, m.attempt)).collect();
    assert_eq!(marks, [(id, 0, 1)]);
    assert_eq!(done.calls.lock().unwrap()[0].mark.attempt, 2);
}
