//! A job that ends while it waits with a plan ends as one that ends by itself: reactors see how its steps ended, what they
//! answered, and the status of the first that failed.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::support::{Bed, Fake, QUICK, SLOW, entry, request, setup, start_by};
use engine::port::{Moment, Reactor, View};
use engine::{Actor, Cancelled, Clock};
use model::word::code;
use model::{Effects, Entity, Job, JobState, OnError, Outcome, Request, Step, StepState};
use serde_json::json;

/// What a source's reply is made of.
type Reply = (Job, Vec<(Step, Option<Outcome>)>);

#[derive(Clone, Default)]
struct Told(Arc<Mutex<Vec<Reply>>>);

impl Reactor for Told {
    fn react(&self, view: &View<'_>, moment: Moment, _entities: &[Entity]) -> Effects {
        if moment == Moment::Settled {
            self.0.lock().unwrap().push((view.job.clone(), view.steps.to_vec()));
        }
        Effects::default()
    }
}

impl Told {
    fn only(&self) -> Reply {
        let told = self.0.lock().unwrap();
        assert_eq!(told.len(), 1);
        told[0].clone()
    }
}

fn operator() -> Actor {
    Actor("test".to_owned())
}

/// Refuses with an answer of its own.
fn refuses() -> Outcome {
    Outcome { data: Some(json!({ "status": 3, "uid": "taken" })), ..Outcome::hard(3, code::FAILED, "no") }
}

/// A job that the first backend has refused, and that waits for the second, which is paused.
async fn waits(request: Request, clock: &Clock) -> (Bed, Told, model::JobId) {
    let told = Told::default();
    let a = Fake::answers(vec![refuses()]);
    let mut parts = setup(vec![
        entry("a", a.clone(), OnError::Continue, QUICK),
        entry("b", Fake::done(), OnError::Stop, QUICK),
    ]);
    parts.reactors = vec![Arc::new(told.clone())];
    let folder = tempfile::tempdir().unwrap();
    let bed = Bed { hub: start_by(folder.path(), parts, clock).await, folder };
    bed.hub.pause("b", &operator()).await.unwrap();
    let id = bed.accept(request).await;
    bed.until(async || a.count() == 1 && bed.hub.running() == 0).await;
    (bed, told, id)
}

fn states(steps: &[(Step, Option<Outcome>)]) -> Vec<StepState> {
    steps.iter().map(|(step, _)| step.state).collect()
}

async fn ends_as_it_stood(bed: &Bed, told: &Told, id: model::JobId) {
    let (job, steps) = told.only();
    assert_eq!((job.status, states(&steps)), (3, vec![StepState::Failed, StepState::Skipped]));
    let said = steps[0].1.as_ref().and_then(|outcome| outcome.data.as_ref()).unwrap();
    assert_eq!(said["uid"], "taken", "{said}");
    let stored = bed.job(id).await;
    assert_eq!((stored.status, stored.state, stored.code), (3, job.state, job.code));
    assert_eq!(bed.hub.story(id).await.unwrap().answered(), steps, "what is told is what is stored");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cancelled_job_tells_what_its_steps_came_to() {
    let (bed, told, id) = waits(request("DO", "alice"), &Clock::system()).await;
    assert_eq!(bed.hub.cancel(id, &operator()).await.unwrap(), Cancelled::Now);
    assert_eq!(bed.ended(id).await.state, JobState::Cancelled);
    ends_as_it_stood(&bed, &told, id).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_expired_job_tells_what_its_steps_came_to() {
    let clock = Clock::system();
    let deadline = Some(clock.now() + Duration::from_hours(1));
    let (bed, told, id) = waits(Request { deadline, ..request("DO", "alice") }, &clock).await;
    clock.run_ahead(jiff::SignedDuration::from_hours(2));
    let job = bed.ended(id).await;
    assert_eq!((job.state, job.code), (JobState::Failed, Some(code::EXPIRED)));
    ends_as_it_stood(&bed, &told, id).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_step_that_waited_for_its_retry_has_failed_with_what_it_said() {
    let told = Told::default();
    let soft = Outcome::soft(75, code::RETRY, "asleep");
    let mut parts = setup(vec![entry("a", Fake::answers(vec![soft]), OnError::Stop, SLOW)]);
    parts.reactors = vec![Arc::new(told.clone())];
    let bed = Bed::new(parts).await;
    let id = bed.accept(request("DO", "alice")).await;
    bed.state(id, JobState::Retrying).await;
    bed.hub.cancel(id, &operator()).await.unwrap();
    let (job, steps) = told.only();
    assert_eq!((job.status, states(&steps)), (75, vec![StepState::Failed]));
    assert_eq!(steps[0].0.message.as_deref(), Some("asleep"));
    assert_eq!(bed.job(id).await.status, 75);
}
