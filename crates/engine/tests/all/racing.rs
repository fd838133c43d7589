//! Somebody cancels a job while what it does next is already on its way to the journal.

use std::sync::{Arc, Condvar, Mutex};

use engine::port::{Moment, Reactor, View};
use engine::{Actor, Cancelled};
use model::word::code;
use model::{Effects, Entity, JobState, OnError, Outcome};

use crate::support::{Bed, Fake, LONG, SLOW, entry, request, setup};

/// Holds up whoever tells it that a job is to be tried again, until it is let go.
#[derive(Default)]
struct Held {
    /// Whether somebody is held up, and whether it is let go.
    state: Mutex<(bool, bool)>,
    told: Condvar,
}

impl Reactor for Held {
    fn react(&self, _view: &View<'_>, moment: Moment, _entities: &[Entity]) -> Effects {
        if moment == Moment::Soft {
            // What the thread was about to do besides goes on elsewhere.
            tokio::task::block_in_place(|| {
                let mut state = self.state.lock().unwrap();
                state.0 = true;
                let _go = self.told.wait_timeout_while(state, LONG, |(_, go)| !*go).unwrap();
            });
        }
        Effects::default()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_job_that_is_cancelled_while_it_goes_to_wait_for_its_retry_ends_at_once() {
    let held = Arc::new(Held::default());
    let soft = Outcome::soft(75, code::RETRY, "asleep");
    let mut parts = setup(vec![entry("b", Fake::answers(vec![soft]), OnError::Stop, SLOW)]);
    parts.reactors = vec![Arc::<Held>::clone(&held)];
    let bed = Bed::new(parts).await;
    let id = bed.accept(request("DO", "alice")).await;
    bed.until(async || held.state.lock().unwrap().0).await;
    let cancelled = bed.hub.cancel(id, &Actor("admin".to_owned())).await.unwrap();
    assert_eq!(cancelled, Cancelled::Ending);
    held.state.lock().unwrap().1 = true;
    held.told.notify_all();
    let job = bed.ended(id).await;
    assert_eq!((job.state, job.code, job.status), (JobState::Cancelled, Some(code::CANCELLED), 75));
    let attempts = bed.hub.journal().attempts(id).await.unwrap();
    assert_eq!(attempts[0].0.code, Some(code::RETRY), "how the attempt ended is not lost");
}
