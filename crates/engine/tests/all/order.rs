//! Order per subject and who goes first.

use jiff::ToSpan;
use std::sync::Arc;
use std::time::Duration;

use crate::support::{Bed, Fake, LONG, QUICK, SLOW, entry, request, setup};
use model::word::code;
use model::{Class, JobState, OnError, Outcome, Request};
use tokio::sync::Semaphore;

fn soft() -> Outcome {
    Outcome::soft(75, code::RETRY, "the target is asleep")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_subject_keeps_its_order_through_retries_and_holds_up_nobody_else() {
    let fake = Fake::answers(vec![soft(), soft()]);
    let bed = Bed::with(vec![entry("b", fake.clone(), OnError::Stop, SLOW)]).await;
    let first = bed.accept(request("DO", "alice")).await;
    bed.state(first, JobState::Retrying).await;

    let other = bed.accept(request("DO", "bob")).await;
    bed.state(other, JobState::Retrying).await;
    let third = bed.accept(request("DO", "carol")).await;
    assert_eq!(bed.ended(third).await.state, JobState::Succeeded);

    // The second of alice waits behind the first, which an operator makes due.
    let second = bed.accept(request("UNDO", "alice")).await;
    assert_eq!(bed.job(second).await.state, JobState::Queued);
    assert!(!bed.job(second).await.head);
    bed.hub.retry(first, &engine::Replay::default(), &engine::Actor("test".into())).await.unwrap();
    assert_eq!(bed.ended(first).await.state, JobState::Succeeded);
    assert_eq!(bed.ended(second).await.state, JobState::Succeeded);
    assert_eq!(fake.jobs(), [first, other, third, first, second]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn five_hundred_jobs_of_twenty_subjects_run_in_order_each() {
    let fake = Fake::new(|call| {
        if call.mark.attempt == 1 && call.mark.job.0.as_u128() % 3 == 0 { soft() } else { Outcome::done() }
    });
    let bed = Bed::with(vec![entry("b", fake.clone(), OnError::Stop, QUICK)]).await;
    let mut expected = vec![Vec::new(); 20];
    for n in 0..500 {
        expected[n % 20].push(bed.accept(request("DO", &format!("s{}", n % 20))).await);
    }
    for id in expected.iter().flatten() {
        assert_eq!(bed.ended(*id).await.state, JobState::Succeeded);
    }
    let calls = fake.calls.lock().unwrap();
    for (n, expected) in expected.into_iter().enumerate() {
        let subject = format!("s{n}");
        let mut seen: Vec<_> =
            calls.iter().filter(|c| c.body["concernedTo"] == subject.as_str()).map(|c| c.mark.job).collect();
        seen.dedup();
        assert_eq!(seen, expected, "subject {subject}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failed_job_frees_its_subject() {
    let fake = Fake::answers(vec![Outcome::hard(3, code::FAILED, "no such entry")]);
    let bed = Bed::with(vec![entry("b", fake, OnError::Stop, QUICK)]).await;
    let first = bed.accept(request("DO", "alice")).await;
    let second = bed.accept(request("DO", "alice")).await;
    let failed = bed.ended(first).await;
    assert_eq!(
        (failed.state, failed.status, failed.message.as_deref()),
        (JobState::Failed, 3, Some("no such entry"))
    );
    assert_eq!(bed.ended(second).await.state, JobState::Succeeded);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn interactive_goes_before_bulk_and_lends_its_class_to_those_before_it() {
    let gate = Arc::new(Semaphore::new(0));
    let fake = Fake::gated(&gate);
    let mut one = entry("b", fake.clone(), OnError::Stop, QUICK);
    one.concurrency = Some(1);
    one.actions.insert("NOW".to_owned(), crate::support::mapping(OnError::Stop, None));
    let bed = Bed::with(vec![one]).await;
    let running = bed.accept(request("DO", "zoe")).await;
    bed.state(running, JobState::Running).await;

    let bulk = bed.accept(request("DO", "alice")).await;
    let before = bed.accept(request("DO", "bob")).await;
    let urgent = bed.accept(request("NOW", "bob")).await;
    bed.until(async || bed.job(before).await.class == Class::Interactive).await;
    gate.add_permits(10);
    for id in [running, bulk, before, urgent] {
        assert_eq!(bed.ended(id).await.state, JobState::Succeeded);
    }
    // While `before` settles, nothing of bob's may run, and `bulk` may take the free place.
    let order = fake.jobs();
    assert_eq!((order[0], order[1]), (running, before));
    assert!(order[2..].contains(&urgent) && order[2..].contains(&bulk));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_job_not_started_by_its_deadline_never_starts() {
    let gate = Arc::new(Semaphore::new(0));
    let fake = Fake::gated(&gate);
    let mut one = entry("b", fake.clone(), OnError::Stop, QUICK);
    one.concurrency = Some(1);
    let bed = Bed::with(vec![one]).await;
    let running = bed.accept(request("DO", "zoe")).await;
    bed.state(running, JobState::Running).await;
    let deadline = bed.hub.now().checked_add(150.milliseconds()).unwrap();
    let late = bed.accept(Request { deadline: Some(deadline), ..request("DO", "alice") }).await;
    let ended = bed.ended(late).await;
    assert_eq!((ended.state, ended.code), (JobState::Failed, Some(code::EXPIRED)));
    gate.add_permits(10);
    bed.ended(running).await;
    assert_eq!(fake.jobs(), [running]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_job_stuck_behind_a_retrying_one_past_its_deadline_says_which() {
    let fake = Fake::answers(vec![soft()]);
    let bed = Bed::with(vec![entry("b", fake, OnError::Stop, SLOW)]).await;
    let first = bed.accept(request("DO", "alice")).await;
    bed.state(first, JobState::Retrying).await;
    let deadline = bed.hub.now().checked_add(150.milliseconds()).unwrap();
    let late = bed.accept(Request { deadline: Some(deadline), ..request("DO", "alice") }).await;
    let ended = bed.ended(late).await;
    assert_eq!((ended.state, ended.code), (JobState::Failed, Some(code::BLOCKED_BY)));
    assert!(ended.message.unwrap().contains(&first.to_string()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_retry_that_would_end_after_the_deadline_is_final() {
    let fake = Fake::answers(vec![soft()]);
    let bed = Bed::with(vec![entry("b", fake.clone(), OnError::Stop, SLOW)]).await;
    let deadline = bed.hub.now().checked_add(1.minutes()).unwrap();
    let job = bed.accept(Request { deadline: Some(deadline), ..request("DO", "alice") }).await;
    let ended = bed.ended(job).await;
    assert_eq!((ended.state, ended.status, ended.code), (JobState::Failed, 75, Some(code::RETRY)));
    assert_eq!(fake.count(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn limits_hold_globally_and_on_each_backend_and_a_full_one_holds_up_nobody_else() {
    let (gate_a, gate_b) = (Arc::new(Semaphore::new(0)), Arc::new(Semaphore::new(0)));
    let (a, b) = (Fake::gated(&gate_a), Fake::gated(&gate_b));
    let mut first = entry("a", a.clone(), OnError::Stop, QUICK);
    first.concurrency = Some(2);
    first.actions.remove("UNDO");
    let mut second = entry("b", b.clone(), OnError::Stop, QUICK);
    second.actions.remove("DO");
    let mut parts = setup(vec![first, second]);
    parts.limits.concurrency = 5;
    let bed = Bed::new(parts).await;
    let mut ids = Vec::new();
    for n in 0..10 {
        ids.push(bed.accept(request("DO", &format!("a{n}"))).await);
    }
    for n in 0..10 {
        ids.push(bed.accept(request("UNDO", &format!("b{n}"))).await);
    }
    bed.until(async || bed.hub.running() == 5 && a.count() == 2 && b.count() == 3).await;
    // Nothing more starts while they run.
    tokio::time::timeout(Duration::from_millis(200), std::future::pending::<()>()).await.unwrap_err();
    assert_eq!((a.count(), b.count()), (2, 3));
    gate_a.add_permits(100);
    gate_b.add_permits(100);
    for id in ids {
        assert_eq!(bed.hub.wait(id, LONG).await.unwrap().state, JobState::Succeeded);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backlog_larger_than_the_window_is_worked_off_whole() {
    let gate = Arc::new(Semaphore::new(0));
    let fake = Fake::gated(&gate);
    let bed = Bed::with(vec![entry("b", fake.clone(), OnError::Stop, QUICK)]).await;
    let all = (0..6000).map(|n| bed.accept(request("DO", &format!("s{n}"))));
    let ids = futures_util::future::join_all(all).await;
    gate.add_permits(6000);
    for id in &ids {
        assert_eq!(bed.ended(*id).await.state, JobState::Succeeded);
    }
    assert_eq!(fake.count(), 6000);
}
