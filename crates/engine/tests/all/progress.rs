//! What attempts say of how far they have come.

use std::sync::{Arc, Mutex};

use engine::port::Reporter;
use model::{JobState, OnError, Outcome, Progress};
use serde_json::json;
use testhub::{in_time, until};
use tokio::sync::Semaphore;

use crate::support::{Bed, Fake, QUICK, entry, request};

/// Says this and that, and ends when it may.
fn says(words: Vec<Progress>, gate: &Arc<Semaphore>, kept: &Arc<Mutex<Option<Reporter>>>) -> Arc<Fake> {
    let (gate, kept) = (Arc::clone(gate), Arc::clone(kept));
    Fake::with(move |_, control| {
        let (gate, kept, words) = (Arc::clone(&gate), Arc::clone(&kept), words.clone());
        Box::pin(async move {
            for word in words {
                control.progress.report(word);
                tokio::task::yield_now().await;
            }
            *kept.lock().unwrap() = Some(control.progress.clone());
            gate.acquire().await.unwrap().forget();
            Outcome::done()
        })
    })
}

#[tokio::test]
async fn the_last_word_is_told_and_shown_without_secrets_until_the_attempt_is_over() {
    let (gate, kept) = (Arc::new(Semaphore::new(0)), Arc::default());
    let words = (0..=1000).map(|done| Progress::of(done, 1000).saying(format!("sets canary-42 {done}")));
    let bed = Bed::with(vec![entry("a", says(words.collect(), &gate, &kept), OnError::Stop, QUICK)]).await;
    let mut told = bed.hub.reports();
    let mut body = request("DO", "");
    body.body = json!({ "payload": { "password": "canary-42" } });
    let job = bed.accept(body).await;

    let mut heard = Vec::new();
    loop {
        let report = in_time(told.recv()).await.unwrap().unwrap();
        assert_eq!((report.mark.job, report.mark.attempt, &*report.backend), (job, 1, "a"));
        heard.push(report.progress.clone());
        if report.progress.done == Some(1000) {
            break;
        }
    }
    assert!(heard.len() < 10, "not each of a thousand words is told: {heard:?}");
    let last = heard.last().unwrap();
    assert_eq!(last.message.as_deref(), Some("sets •••••• 1000"));
    let story = bed.hub.story(job).await.unwrap();
    assert_eq!(story.report.as_ref().map(|report| &report.progress), Some(last));

    gate.add_permits(1);
    assert_eq!(bed.ended(job).await.state, JobState::Succeeded);
    assert_eq!(bed.hub.report_of(job), None);
    // Whoever holds on to it speaks to nobody.
    kept.lock().unwrap().take().unwrap().report(Progress::of(1, 2));
    assert_eq!(bed.hub.report_of(job), None);
    assert_eq!(bed.hub.story(job).await.unwrap().report, None);
}

#[tokio::test]
async fn a_word_of_a_lost_attempt_is_not_taken_for_one_of_the_next() {
    let gate = Arc::new(Semaphore::new(0));
    let held = Arc::clone(&gate);
    let backend = Fake::with(move |call, control| {
        let gate = Arc::clone(&held);
        Box::pin(async move {
            if call.mark.attempt == 1 {
                control.progress.report(Progress::of(9, 10));
                gate.acquire().await.unwrap().forget();
                return Outcome::soft(1, model::word::code::FAILED, "again");
            }
            gate.acquire().await.unwrap().forget();
            Outcome::done()
        })
    });
    let bed = Bed::with(vec![entry("a", Arc::clone(&backend) as _, OnError::Stop, QUICK)]).await;
    let job = bed.accept(request("DO", "")).await;
    until("the first word", async || bed.hub.report_of(job).is_some()).await;
    gate.add_permits(1);
    until("the second attempt", async || backend.count() == 2).await;
    assert_eq!(bed.hub.report_of(job), None);
    gate.add_permits(1);
    assert_eq!(bed.ended(job).await.state, JobState::Succeeded);
}
