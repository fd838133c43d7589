//! Many jobs at once, and how many attempts run at once.

use std::sync::Arc;

use engine::{Actor, Error, Which};
use journal::Filter;
use model::word::code;
use model::{JobId, JobState, OnError, Outcome};
use tokio::sync::Semaphore;

use crate::support::{Bed, Fake, SLOW, entry, request, setup};

fn actor() -> Actor {
    Actor("uid:0".into())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn those_that_were_chosen_run_again_in_their_order_and_no_others() {
    let answers = vec![Outcome::hard(3, code::FAILED, "no"); 3];
    let bed = Bed::with(vec![entry("b", Fake::answers(answers), OnError::Stop, SLOW)]).await;
    let mut failed = Vec::new();
    for who in ["ann", "bob", "cat"] {
        let id = bed.accept(request("DO", who)).await;
        bed.ended(id).await;
        failed.push(id);
    }
    let fine = bed.accept(request("DO", "dan")).await;
    bed.ended(fine).await;
    let chosen = vec![failed[2], fine, failed[0], failed[2]];
    let report = bed.hub.retry_many(Which::These(chosen), false, &actor()).await.unwrap();
    assert_eq!((report.retried, report.refused, report.left), (2, 1, 0));
    assert!(matches!(report.refusals[..], [(id, Error::WrongState { .. })] if id == fine));
    bed.until(async || {
        let jobs = testhub::jobs(&bed.hub).await;
        let replays: Vec<_> = jobs.iter().filter_map(|job| job.replay_of).collect();
        replays == [failed[0], failed[2]]
    })
    .await;
    let nobody = JobId::from_parts(bed.hub.now(), [7; 10]);
    let missing = bed.hub.retry_many(Which::These(vec![failed[1], nobody]), false, &actor()).await;
    assert!(matches!(missing, Err(Error::Missing(_))), "nothing is begun when one of them is unknown");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_has_not_ended_is_cancelled_and_what_waited_behind_it_never_starts() {
    let gate = Arc::new(Semaphore::new(0));
    let fake = Fake::gated(&gate);
    let bed = Bed::with(vec![entry("b", fake.clone(), OnError::Stop, SLOW)]).await;
    let first = bed.accept(request("DO", "ann")).await;
    bed.state(first, JobState::Running).await;
    let behind = bed.accept(request("DO", "ann")).await;
    let report = bed.hub.cancel_many(Filter::default(), &actor()).await.unwrap();
    assert_eq!((report.cancelled, report.ending, report.refused), (1, 1, 0));
    assert_eq!(bed.ended(first).await.state, JobState::Cancelled);
    assert_eq!(bed.ended(behind).await.state, JobState::Cancelled);
    assert_eq!(fake.bodies().len(), 1);
    let again = bed.hub.cancel_many(Which::These(vec![first]), &actor()).await.unwrap();
    assert_eq!((again.cancelled, again.refused), (0, 1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_operator_s_limit_holds_over_a_restart_until_it_is_lifted() {
    let gate = Arc::new(Semaphore::new(0));
    let entries = |gate: &Arc<Semaphore>| {
        let entry = entry("b", Fake::gated(gate), OnError::Stop, SLOW);
        vec![engine::port::BackendEntry { concurrency: Some(4), ..entry }]
    };
    let bed = Bed::with(entries(&gate)).await;
    bed.hub.set_concurrency("b", Some(1), &actor()).await.unwrap();
    let bed = bed.restart(setup(entries(&gate))).await;
    let view = || bed.hub.backends().remove(0);
    assert_eq!((view().concurrency, view().configured), (Some(1), Some(4)));
    let mut jobs = Vec::new();
    for who in ["ann", "bob", "cat"] {
        jobs.push(bed.accept(request("DO", who)).await);
    }
    bed.until(async || view().running == 1).await;
    let waiting = bed.hub.count(Filter::default(), Some(engine::WaitsFor::Slot), 10).await.unwrap();
    assert_eq!(waiting.jobs, 2, "the others wait for a slot");
    bed.hub.set_concurrency("b", None, &actor()).await.unwrap();
    bed.until(async || view().running == 3).await;
    assert_eq!(view().concurrency, Some(4));
    gate.add_permits(3);
    for job in jobs {
        assert_eq!(bed.ended(job).await.state, JobState::Succeeded);
    }
    for (backend, at_most) in [("b", Some(0)), ("b", Some(1001)), ("x", Some(1))] {
        bed.hub.set_concurrency(backend, at_most, &actor()).await.unwrap_err();
    }
}
