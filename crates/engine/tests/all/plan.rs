//! Steps on backends: stop and continue, retries that resume, backends that are gone, inactive or broken.

use std::sync::Arc;

use crate::support::{Bed, Fake, QUICK, actions, entry, request, setup};
use engine::Accepted;
use engine::port::{BackendEntry, Catalogue, Standing};
use model::word::code;
use model::{Effects, JobState, OnError, Outcome, RetryPolicy, StepState};
use tokio::sync::Semaphore;

fn soft() -> Outcome {
    Outcome::soft(75, code::RETRY, "asleep")
}

fn hard(status: i32) -> Outcome {
    Outcome::hard(status, code::FAILED, format!("refused with {status}"))
}

/// Runs one job on backends that answer so, and says how it and its steps ended.
async fn outcome(answers: Vec<(OnError, Vec<Outcome>)>) -> (JobState, i32, Vec<(StepState, u32)>) {
    let entries = answers.into_iter().enumerate().map(|(n, (on_error, outcomes))| {
        entry(&format!("b{n}"), Fake::answers(outcomes), on_error, RetryPolicy { max: 3, ..QUICK })
    });
    let bed = Bed::with(entries.collect()).await;
    let id = bed.accept(request("DO", "alice")).await;
    let job = bed.ended(id).await;
    let steps = bed.hub.journal().steps(id).await.unwrap();
    (job.state, job.status, steps.iter().map(|s| (s.state, s.attempts)).collect())
}

use JobState as J;
use OnError::{Continue, Stop};
use StepState as S;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_steps_succeed() {
    let ended = outcome(vec![(Stop, vec![]), (Continue, vec![])]).await;
    assert_eq!(ended, (J::Succeeded, 0, vec![(S::Succeeded, 1), (S::Succeeded, 1)]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hard_and_stop_skips_the_rest() {
    let ended = outcome(vec![(Stop, vec![]), (Stop, vec![hard(3)]), (Stop, vec![])]).await;
    assert_eq!(ended, (J::Failed, 3, vec![(S::Succeeded, 1), (S::Failed, 1), (S::Skipped, 0)]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hard_and_continue_runs_the_rest_and_fails_with_the_first_code() {
    let ended = outcome(vec![(Continue, vec![hard(4)]), (Continue, vec![hard(1)]), (Stop, vec![])]).await;
    assert_eq!(ended, (J::Failed, 4, vec![(S::Failed, 1), (S::Failed, 1), (S::Succeeded, 1)]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn soft_and_stop_keeps_the_rest_for_after_the_retry() {
    let ended = outcome(vec![(Stop, vec![]), (Stop, vec![soft(), soft()]), (Stop, vec![])]).await;
    assert_eq!(ended, (J::Succeeded, 0, vec![(S::Succeeded, 1), (S::Succeeded, 3), (S::Succeeded, 1)]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn soft_and_stop_given_up_skips_the_rest() {
    let ended = outcome(vec![(Stop, vec![soft(); 9]), (Stop, vec![])]).await;
    assert_eq!(ended, (J::Failed, 75, vec![(S::Failed, 4), (S::Skipped, 0)]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn soft_and_continue_runs_the_rest_once_and_repeats_only_itself() {
    let ended = outcome(vec![(Continue, vec![soft(), soft()]), (Stop, vec![])]).await;
    assert_eq!(ended, (J::Succeeded, 0, vec![(S::Succeeded, 3), (S::Succeeded, 1)]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn soft_and_continue_before_a_hard_stop_has_failed() {
    let ended = outcome(vec![(Continue, vec![soft()]), (Stop, vec![hard(5)]), (Stop, vec![])]).await;
    assert_eq!(ended, (J::Failed, 75, vec![(S::Failed, 1), (S::Failed, 1), (S::Skipped, 0)]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backend_that_panics_is_a_soft_failure_of_its_own_step() {
    let fake =
        Fake::new(|call| if call.mark.attempt == 1 { panic!("a bug in a backend") } else { Outcome::done() });
    let bed = Bed::with(vec![entry("b", fake, Stop, QUICK)]).await;
    let id = bed.accept(request("DO", "alice")).await;
    assert_eq!(bed.ended(id).await.state, JobState::Succeeded);
    let attempts = bed.hub.journal().attempts(id).await.unwrap();
    assert_eq!(attempts.iter().map(|(a, _)| a.code.clone()).collect::<Vec<_>>(), [Some(code::LOST), None]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_is_told_success_when_no_backend_maps_the_action() {
    let bed = Bed::with(vec![entry("b", Fake::done(), Stop, QUICK)]).await;
    let id = bed.accept(request("UNHEARD_OF", "alice")).await;
    let job = bed.ended(id).await;
    assert_eq!((job.state, job.code), (JobState::Failed, Some(code::NO_BACKEND)));
    assert!(job.message.unwrap().contains("UNHEARD_OF"));
    assert_ne!(job.status, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_action_that_merely_tells_makes_no_job_when_nobody_wants_to_know() {
    let bed = Bed::with(vec![entry("b", Fake::done(), Stop, QUICK)]).await;
    let told = bed.hub.accept(request("TOLD", "alice"), Effects::default()).await.unwrap();
    assert_eq!(told, Accepted::Unclaimed);
    assert_eq!(bed.hub.unclaimed()["TOLD"], 1);
    // Whoever makes up names is counted, and takes no room.
    for n in 0..1_000 {
        let made_up = request(&format!("TOLD_{n}"), "alice");
        assert_eq!(bed.hub.accept(made_up, Effects::default()).await.unwrap(), Accepted::Unclaimed);
    }
    let unclaimed = bed.hub.unclaimed();
    assert!(unclaimed.len() <= 501, "{}", unclaimed.len());
    assert_eq!(unclaimed.values().sum::<u64>(), 1_001);
}

fn broken(name: &str) -> BackendEntry {
    BackendEntry {
        standing: Standing::Broken,
        trouble: Some(format!("{name}/config.yml, line 3: no such key; correct it and reload")),
        actions: std::collections::BTreeMap::new(),
        ..entry(name, Fake::done(), Continue, QUICK)
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_broken_backend_fails_its_step_in_every_job_and_stops_nobody_else() {
    let good = Fake::done();
    let bed = Bed::with(vec![broken("00bad"), entry("10good", good.clone(), Stop, QUICK)]).await;
    let id = bed.accept(request("DO", "alice")).await;
    let job = bed.ended(id).await;
    assert_eq!((job.state, job.code), (JobState::Failed, Some(code::BACKEND_BROKEN)));
    assert!(job.message.unwrap().contains("00bad/config.yml, line 3"));
    assert_eq!(good.count(), 1, "the other one runs by onError");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_plan_is_frozen_and_what_became_of_its_backends_counts_at_each_attempt() {
    let gate = Arc::new(Semaphore::new(0));
    let first = Fake::gated(&gate);
    let names = ["a", "gone", "idle", "unmapped", "z"];
    let entries: Vec<_> = names
        .iter()
        .map(|n| entry(n, if *n == "a" { first.clone() } else { Fake::done() }, Continue, QUICK))
        .collect();
    let bed = Bed::with(entries.clone()).await;
    let id = bed.accept(request("DO", "alice")).await;
    bed.state(id, JobState::Running).await;
    let mut changed: Vec<_> = entries.into_iter().filter(|e| &*e.name != "gone").collect();
    changed[1].standing = Standing::Inactive;
    changed[2].actions.remove("DO");
    changed.push(entry("zz-new", Fake::done(), Stop, QUICK));
    bed.hub.reload(Catalogue { entries: changed }, actions(), engine::Limits::default());
    gate.add_permits(1);
    let job = bed.ended(id).await;
    assert_eq!((job.state, job.code), (JobState::Failed, Some(code::BACKEND_GONE)));
    let steps = bed.hub.journal().steps(id).await.unwrap();
    let stood: Vec<_> = steps.iter().map(|s| (s.backend.as_str(), s.state)).collect();
    let expected = [
        ("a", S::Succeeded),
        ("gone", S::Failed),
        ("idle", S::Skipped),
        ("unmapped", S::Failed),
        ("z", S::Succeeded),
    ];
    assert_eq!(stood, expected);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_paused_backend_holds_only_what_needs_it_also_over_a_restart() {
    let (a, b) = (Fake::done(), Fake::done());
    let parts = || {
        let mut only_b = entry("b", b.clone(), Stop, QUICK);
        only_b.actions.remove("UNDO");
        setup(vec![entry("a", a.clone(), Stop, QUICK), only_b])
    };
    let actor = engine::Actor("test".into());
    let bed = Bed::new(parts()).await;
    bed.hub.pause("b", &actor).await.unwrap();
    let held = bed.accept(request("DO", "alice")).await;
    let free = bed.accept(request("UNDO", "bob")).await;
    assert_eq!(bed.ended(free).await.state, JobState::Succeeded);
    bed.until(async || a.count() == 2).await;
    bed.state(held, JobState::Queued).await;
    let story = bed.hub.story(held).await.unwrap();
    assert!(story.waiting_on.sentence().contains("backends resume b"), "{}", story.waiting_on.sentence());

    let bed = bed.restart(parts()).await;
    let second = bed.accept(request("DO", "carol")).await;
    bed.until(async || a.count() == 3).await;
    assert!(bed.hub.backends().iter().any(|v| v.name == "b" && v.paused));
    assert_eq!(b.count(), 0);
    bed.hub.resume("b", &actor).await.unwrap();
    for id in [held, second] {
        assert_eq!(bed.ended(id).await.state, JobState::Succeeded);
    }
    assert_eq!((a.count(), b.count()), (3, 2), "what had succeeded before the pause was not run again");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_pause_that_the_answer_asks_for_is_kept() {
    let later = Outcome { retry_after: Some(std::time::Duration::from_secs(1000)), ..soft() };
    let bed = Bed::with(vec![entry("b", Fake::answers(vec![later]), Stop, QUICK)]).await;
    let id = bed.accept(request("DO", "alice")).await;
    bed.state(id, JobState::Retrying).await;
    let job = bed.job(id).await;
    assert!(job.due_at.duration_since(job.attempted_at.unwrap()).as_secs() >= 999);
}
