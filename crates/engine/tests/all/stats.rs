//! What is counted, what is known of actions, and the light answer for those who wait.

use crate::support::{Bed, Fake, QUICK, entry, request, setup};
use engine::{Error, Hub, Range};
use model::word::code;
use model::{JobId, OnError, Outcome, Refusal, Request};
use serde_json::json;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_happens_is_counted_by_backend_source_action_and_minute() {
    let answers = vec![
        Outcome::done(),
        Outcome::soft(75, code::RETRY, "asleep"),
        Outcome::done(),
        Outcome::hard(3, code::FAILED, "no such place"),
    ];
    let bed = Bed::with(vec![entry("b", Fake::answers(answers), OnError::Stop, QUICK)]).await;
    let mut last = None;
    for source in ["http/token:crm", "http/uid:0", "sesame"] {
        let id = bed.accept(Request { source: source.into(), ..request("DO", "ann") }).await;
        bed.ended(id).await;
        last = Some(id);
    }
    let refusal = Refusal {
        source: "http/uid:0".into(),
        external_id: None,
        action: None,
        code: code::UNREADABLE,
        message: "no JSON".into(),
        raw: Vec::new(),
    };
    bed.hub.refuse(refusal).await.unwrap();

    bed.until(async || bed.hub.stats().latency.count() == 3).await;
    let stats = bed.hub.stats();
    let backend = &stats.backends["b"];
    assert_eq!((backend.done, backend.soft, backend.hard), (2, 1, 1));
    assert_eq!(backend.duration.count(), 4);
    let failure = backend.last_failure.as_ref().unwrap();
    assert_eq!((failure.job, failure.message.as_deref()), (last.unwrap(), Some("no such place")));
    assert!(backend.last_success.unwrap() <= failure.at);
    assert_eq!((stats.accepted["http"], stats.accepted["sesame"]), (2, 1));
    assert_eq!((stats.ended["DO"]["succeeded"], stats.ended["DO"]["failed"]), (2, 1));
    assert_eq!(stats.refused["http"]["unreadable"], 1);
    for range in Range::ALL {
        assert_eq!(sums(&bed.hub, range, None), (2, 1, 0), "{range:?}");
        assert_eq!(sums(&bed.hub, range, Some("b")), (2, 1, 1), "{range:?}");
    }
    let history = bed.hub.history(Range::Hour, None);
    assert!(history.iter().any(|stretch| stretch.p50 <= stretch.p95 && stretch.p95.is_some()));
}

fn sums(hub: &Hub, range: Range, backend: Option<&str>) -> (u32, u32, u32) {
    hub.history(range, backend).iter().fold((0, 0, 0), |(succeeded, failed, soft), stretch| {
        (succeeded + stretch.succeeded, failed + stretch.failed, soft + stretch.soft)
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_charts_show_lasts_over_a_restart() {
    let entries = || vec![entry("b", Fake::done(), OnError::Stop, QUICK)];
    let bed = Bed::with(entries()).await;
    for who in ["ann", "bob"] {
        let id = bed.accept(request("DO", who)).await;
        bed.ended(id).await;
    }
    bed.until(async || sums(&bed.hub, Range::Day, Some("b")) == (2, 0, 0)).await;
    let bed = bed.restart(setup(entries())).await;
    assert_eq!(bed.hub.stats().latency.count(), 0, "what is counted since start begins anew");
    for range in Range::ALL {
        assert_eq!(sums(&bed.hub, range, None), (2, 0, 0), "{range:?}");
    }
    let id = bed.accept(request("DO", "cat")).await;
    bed.ended(id).await;
    bed.until(async || sums(&bed.hub, Range::Month, Some("b")) == (3, 0, 0)).await;
    let bed = bed.restart(setup(entries())).await;
    assert_eq!(sums(&bed.hub, Range::Week, None), (3, 0, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn actions_are_listed_with_the_backends_that_map_them() {
    let bed = Bed::with(vec![
        entry("a", Fake::done(), OnError::Stop, QUICK),
        entry("b", Fake::done(), OnError::Stop, QUICK),
    ])
    .await;
    let actions = bed.hub.actions();
    let names: Vec<_> = actions.iter().map(|action| action.name.as_str()).collect();
    assert_eq!(names, ["DO", "NOW", "NULLS", "STRICT", "TOLD", "TOLD_*", "UNDO"]);
    assert_eq!(actions[0].backends, ["a", "b"]);
    assert!(actions[3].spec.schema.is_some() && actions[3].backends.is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_light_answer_is_that_of_the_whole_story() {
    let answers = vec![
        Outcome { data: Some(json!({"status": 0, "uid": 7})), ..Outcome::done() },
        Outcome::soft(75, code::RETRY, "asleep"),
        Outcome::hard(3, code::FAILED, "no"),
    ];
    let bed = Bed::with(vec![entry("b", Fake::answers(answers), OnError::Stop, QUICK)]).await;
    for who in ["ann", "bob"] {
        let id = bed.accept(request("DO", who)).await;
        bed.ended(id).await;
        let (light, whole) = (bed.hub.result(id).await.unwrap(), bed.hub.story(id).await.unwrap());
        assert_eq!((light.job, light.steps), (whole.job.clone(), Some(whole.answered())));
    }
    bed.hub.pause("b", &engine::Actor("alice".into())).await.unwrap();
    let waiting = bed.accept(request("DO", "cat")).await;
    assert_eq!(bed.hub.result(waiting).await.unwrap().steps, None);
    let nobody = JobId::from_parts(bed.hub.now(), [7; 10]);
    assert!(matches!(bed.hub.result(nobody).await, Err(Error::Missing(_))));
}
