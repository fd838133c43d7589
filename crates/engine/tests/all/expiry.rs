//! Jobs whose deadline passes are ended beside the work, and keep nobody from starting.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use engine::Clock;
use engine::port::{Moment, Reactor, View};
use model::word::code;
use model::{Effects, Entity, JobState, OnError, Request};

use crate::support::{Bed, Fake, LONG, QUICK, entry, request, setup};

/// Holds up whoever tells it that a job has expired, until it is let go.
#[derive(Default)]
struct Slow {
    expired: AtomicUsize,
    go: Mutex<bool>,
    told: Condvar,
}

impl Reactor for Slow {
    fn react(&self, view: &View<'_>, moment: Moment, _entities: &[Entity]) -> Effects {
        if moment == Moment::Settled && view.job.code == Some(code::EXPIRED) {
            self.expired.fetch_add(1, Ordering::SeqCst);
            // What the thread was about to do besides goes on elsewhere.
            tokio::task::block_in_place(|| {
                let go = self.go.lock().unwrap();
                let _go = self.told.wait_timeout_while(go, LONG, |go| !*go).unwrap();
            });
        }
        Effects::default()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn deadlines_that_pass_delay_no_start() {
    let slow = Arc::new(Slow::default());
    let mut only_b = entry("b", Fake::done(), OnError::Stop, QUICK);
    only_b.actions.remove("UNDO");
    let mut only_a = entry("a", Fake::done(), OnError::Stop, QUICK);
    only_a.actions.remove("DO");
    let mut parts = setup(vec![only_a, only_b]);
    parts.reactors = vec![Arc::<Slow>::clone(&slow)];
    let bed = Bed::new(parts).await;
    bed.hub.pause("b", &engine::Actor("test".to_owned())).await.unwrap();
    let deadline = Some(Clock::system().now() + Duration::from_secs(1));
    let late = bed.accept(Request { deadline, ..request("DO", "alice") }).await;
    bed.until(async || slow.expired.load(Ordering::SeqCst) == 1).await;
    let job = bed.accept(request("UNDO", "bob")).await;
    let ended = bed.hub.wait(job, LONG / 2).await.unwrap();
    assert_eq!(ended.state, JobState::Succeeded, "it started while others expired");
    *slow.go.lock().unwrap() = true;
    slow.told.notify_all();
    assert_eq!(bed.ended(late).await.code, Some(code::EXPIRED));
}
