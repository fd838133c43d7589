//! A dry run asks backends that can what they would do, starts no others, and changes nothing.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::support::{Bed, Fake, QUICK, Reactors, entry, request, setup};
use engine::Accepted;
use engine::port::{BackendEntry, Moment, Reactor, View};
use model::word::code;
use model::{
    ActionSpec, Destructive, Effects, Entity, FailsafeRule, JobState, OnError, Outcome, Request, StepState,
};

const HOUR: Duration = Duration::from_hours(1);

fn dry(subject: &str) -> Request {
    Request { dry_run: true, ..request("DO", subject) }
}

fn able(name: &str, fake: &Arc<Fake>, dry_run: bool) -> BackendEntry {
    BackendEntry { dry_run, ..entry(name, Arc::<Fake>::clone(fake), OnError::Stop, QUICK) }
}

/// Counts what it is asked.
#[derive(Default)]
struct Watch(Mutex<Vec<Moment>>);

impl Reactor for Watch {
    fn react(&self, _: &View<'_>, moment: Moment, _: &[Entity]) -> Effects {
        self.0.lock().unwrap().push(moment);
        Effects::default()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backend_that_does_not_declare_it_is_never_started() {
    let asked = Fake::new(|call| {
        assert!(call.dry_run);
        Outcome { message: Some("would add one entry".to_owned()), ..Outcome::done() }
    });
    let unable = Fake::done();
    let bed = Bed::with(vec![able("a", &unable, false), able("b", &asked, true)]).await;
    let id = bed.accept(dry("x")).await;
    assert_eq!(bed.ended(id).await.state, JobState::Succeeded);
    assert_eq!((unable.count(), asked.count()), (0, 1));
    let story = bed.hub.story(id).await.unwrap();
    assert!(story.job.dry_run);
    assert_eq!(
        (story.steps[0].state, story.steps[0].code.clone()),
        (StepState::Skipped, Some(code::NO_DRY_RUN))
    );
    assert_eq!(story.steps[1].message.as_deref(), Some("would add one entry"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dry_run_for_which_nobody_can_be_asked_is_no_success() {
    let unable = Fake::done();
    let bed = Bed::with(vec![able("a", &unable, false)]).await;
    let job = bed.ended(bed.accept(dry("x")).await).await;
    assert_eq!((job.state, job.code, unable.count()), (JobState::Failed, Some(code::NO_DRY_RUN), 0));
    let again =
        bed.hub.retry(job.id, &engine::Replay::default(), &engine::Actor("alice".into())).await.unwrap();
    assert!(bed.job(again).await.dry_run, "its replay is one, too");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_follows_from_it_and_it_counts_for_no_cap() {
    let (fake, watch) = (Fake::done(), Arc::new(Watch::default()));
    let mut parts = setup(vec![able("a", &fake, true)]);
    let destroys = ActionSpec { destructive: Some(Destructive::Delete), ..ActionSpec::default() };
    parts.actions = engine::ActionTable::new([("DO".to_owned(), destroys)]).unwrap();
    parts.limits.failsafe =
        FailsafeRule { sources: vec!["*".to_owned()], window: HOUR, delete: Some(1), disable: None };
    let reactors: Reactors = vec![Arc::<Watch>::clone(&watch) as Arc<dyn Reactor>];
    parts.reactors = reactors;
    let bed = Bed::new(parts).await;
    for subject in ["x", "y", "z"] {
        assert_eq!(bed.ended(bed.accept(dry(subject)).await).await.state, JobState::Succeeded);
    }
    assert_eq!(*watch.0.lock().unwrap(), [], "nobody is told of it");
    let real = bed.accept(request("DO", "x")).await;
    assert_eq!(bed.ended(real).await.state, JobState::Succeeded, "it is the first that counts");
    assert_eq!(*watch.0.lock().unwrap(), [Moment::Accepted, Moment::Settled]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_takes_its_answer_for_that_of_a_real_one() {
    let bed = Bed::with(vec![able("a", &Fake::done(), true)]).await;
    let with_id = |request: Request| Request { external_id: Some("k-1".to_owned()), ..request };
    let first = bed.accept(with_id(dry("x"))).await;
    let again = bed.hub.accept(with_id(dry("x")), Effects::default()).await.unwrap();
    assert!(matches!(again, Accepted::Known(id, _) if id == first), "{again:?}");
    let real = bed.hub.accept(with_id(request("DO", "x")), Effects::default()).await.unwrap();
    assert!(matches!(&real, Accepted::Refused(why) if why.code == code::ID_REUSED), "{real:?}");
}
