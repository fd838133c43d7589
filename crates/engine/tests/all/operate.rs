//! Cancel, retry, replay, refusals, secrets, and what callers with the same id get.

use std::sync::Arc;
use std::time::Duration;

use crate::support::{Bed, Fake, LONG, SLOW, entry, open, request, setup};
use engine::port::Decoder;
use engine::{Accepted, Actor, Cancelled, Clock, Error, Hub, Replay, Why};
use journal::{EffectSet, NewRecord, RecordFilter};
use model::word::code;
use model::{Effects, JobState, MASK, OnError, Outcome, RecordKind, Refusal, Request};
use serde_json::json;
use tokio::sync::Semaphore;

fn actor() -> Actor {
    Actor("admin".into())
}

fn soft() -> Outcome {
    Outcome::soft(75, code::RETRY, "asleep")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cancelling_ends_what_waits_at_once_and_what_runs_by_force() {
    let gate = Arc::new(Semaphore::new(0));
    let mut one = entry("b", Fake::gated(&gate), OnError::Stop, SLOW);
    one.concurrency = Some(1);
    let bed = Bed::with(vec![one]).await;
    let running = bed.accept(request("DO", "alice")).await;
    bed.state(running, JobState::Running).await;
    let queued = bed.accept(request("DO", "bob")).await;
    assert_eq!(bed.hub.cancel(queued, &actor()).await.unwrap(), Cancelled::Now);
    assert_eq!(bed.job(queued).await.state, JobState::Cancelled);
    assert_eq!(bed.hub.cancel(running, &actor()).await.unwrap(), Cancelled::Ending);
    assert_eq!(bed.ended(running).await.state, JobState::Cancelled);
    let again = bed.hub.cancel(running, &actor()).await.unwrap_err();
    assert!(matches!(again, Error::WrongState { state: JobState::Cancelled, .. }), "{again}");
    let of_admin = RecordFilter { who: Some("admin".into()), ..RecordFilter::of(RecordKind::Audit) };
    let audit = bed.hub.journal().records(of_admin, None, 10).await.unwrap().rows;
    assert_eq!(audit.iter().filter(|r| r.code == code::CANCELLED).count(), 2);
    let (record, changed) = bed.hub.audited(audit[0].seq).await.unwrap();
    assert_eq!(record.what, Some(format!("job {running}")));
    assert_eq!(changed.before, Some(json!({"state": "running"})));
    assert_eq!(changed.after, Some(json!({"state": "cancelled"})));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_runs_a_job_hears_from_the_journal_that_somebody_cancelled_it() {
    let folder = tempfile::tempdir().unwrap();
    let (journal, wires) = open(folder.path());
    let gated = entry("b", Fake::gated(&Arc::new(Semaphore::new(0))), OnError::Stop, SLOW);
    let hub = Hub::start(Arc::clone(&journal), wires, Clock::system(), setup(vec![gated])).await.unwrap();
    let bed = Bed { hub, folder };
    let id = bed.accept(request("DO", "alice")).await;
    bed.state(id, JobState::Running).await;
    // Not asked of this hub.
    journal.ask_cancel(id, "somebody".to_owned(), EffectSet::default()).await.unwrap();
    assert_eq!(bed.ended(id).await.state, JobState::Cancelled);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failed_job_is_replayed_at_the_tail_with_its_secrets() {
    let fake = Fake::answers(vec![Outcome::hard(3, code::FAILED, "no"), Outcome::done()]);
    let bed = Bed::with(vec![entry("b", fake.clone(), OnError::Stop, SLOW)]).await;
    let body = json!({"concernedTo": "alice", "payload": {"uid": "alice", "newPassword": "s3cret-canary"}});
    let failed = bed.accept(Request::new("test", "DO", body.clone())).await;
    bed.ended(failed).await;
    let shown = bed.hub.body(failed).await.unwrap();
    assert!(!shown.to_string().contains("canary"), "the stored body is masked");
    let again = bed.hub.retry(failed, &Replay::default(), &actor()).await.unwrap();
    assert_ne!(again, failed);
    assert_eq!(bed.ended(again).await.state, JobState::Succeeded);
    assert_eq!(bed.job(again).await.replay_of, Some(failed));
    assert_eq!(fake.bodies(), [body.clone(), body], "the backend saw the secret both times");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_replay_whose_secrets_are_gone_asks_for_each_of_them() {
    let fake = Fake::answers(vec![Outcome::hard(3, code::FAILED, "no"), Outcome::done()]);
    let mut parts = setup(vec![entry("b", fake.clone(), OnError::Stop, SLOW)]);
    parts.limits.keep_secrets = Duration::ZERO;
    let bed = Bed::new(parts).await;
    let body = json!({"concernedTo": "alice", "payload": {"newPassword": "s3cret-canary"}});
    let failed = bed.accept(Request::new("test", "DO", body)).await;
    bed.ended(failed).await;
    // Kept until now: the next round of keeping removes them.
    let keep = journal::Retention {
        jobs_before: jiff::Timestamp::MIN,
        jobs_max: u64::MAX,
        ids_before: jiff::Timestamp::MIN,
        records_before: jiff::Timestamp::MIN,
        records_max: u64::MAX,
        messages_before: jiff::Timestamp::MIN,
        messages_max: u64::MAX,
        events_max: u64::MAX,
        bytes_max: u64::MAX,
    };
    let later = bed.hub.now().checked_add(jiff::SignedDuration::from_secs(1)).unwrap();
    bed.hub.keeping().prune(keep, later).await.unwrap();
    let refused = bed.hub.retry(failed, &Replay::default(), &actor()).await.unwrap_err();
    assert!(refused.to_string().contains("/payload/newPassword"), "{refused}");
    let set = vec![("/payload/newPassword".to_owned(), json!("another-canary"))];
    let again = bed.hub.retry(failed, &Replay { set, ..Replay::default() }, &actor()).await.unwrap();
    assert_eq!(bed.ended(again).await.state, JobState::Succeeded);
    assert_eq!(fake.bodies()[1]["payload"]["newPassword"], "another-canary");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stale_replay_needs_explicit_confirmation() {
    let fake = Fake::answers(vec![Outcome::hard(3, code::FAILED, "no")]);
    let bed = Bed::with(vec![entry("b", fake, OnError::Stop, SLOW)]).await;
    let failed = bed.accept(request("DO", "alice")).await;
    let later = bed.accept(request("DO", "alice")).await;
    bed.ended(later).await;
    let stale = bed.hub.retry(failed, &Replay::default(), &actor()).await.unwrap_err();
    assert!(matches!(&stale, Error::Stale { later: l, .. } if *l == later), "{stale}");
    let again = bed.hub.retry(failed, &Replay { stale: true, ..Replay::default() }, &actor()).await.unwrap();
    assert_eq!(bed.ended(again).await.state, JobState::Succeeded);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_id_joins_gets_the_stored_result_or_is_refused() {
    let gate = Arc::new(Semaphore::new(0));
    let fake = Fake::gated(&gate);
    let bed = Bed::with(vec![entry("b", fake.clone(), OnError::Stop, SLOW)]).await;
    let with_id = || Request { external_id: Some("x1".into()), ..request("DO", "alice") };
    let id = bed.accept(with_id()).await;
    let live = bed.hub.accept(with_id(), Effects::default()).await.unwrap();
    assert!(matches!(live, Accepted::Known(known, Some(_)) if known == id), "{live:?}");
    // An object has no order, and a number is what it is worth.
    let reordered = json!({ "payload": { "n": 1.0 }, "concernedTo": "alice" });
    let reordered = Request { body: reordered, ..with_id() };
    let live = bed.hub.accept(reordered, Effects::default()).await.unwrap();
    assert!(matches!(live, Accepted::Known(known, Some(_)) if known == id), "{live:?}");
    let other = Request { external_id: Some("x1".into()), ..request("DO", "bob") };
    let reused = bed.hub.accept(other, Effects::default()).await.unwrap();
    assert!(
        matches!(reused, Accepted::Refused(Why { code: ref c, .. }) if *c == code::ID_REUSED),
        "{reused:?}"
    );
    gate.add_permits(5);
    bed.ended(id).await;
    let ended = bed.hub.accept(with_id(), Effects::default()).await.unwrap();
    assert!(
        matches!(ended, Accepted::Known(known, Some(job)) if known == id && job.state == JobState::Succeeded)
    );
    assert_eq!(fake.count(), 1);
    // The same id at another source is another request.
    let elsewhere = Request { source: "elsewhere".into(), ..with_id() };
    let new = bed.accept(elsewhere).await;
    bed.ended(new).await;
}

struct Plain;

impl Decoder for Plain {
    fn decode(&self, raw: &[u8]) -> Result<Request, Why> {
        let body = serde_json::from_slice(raw)
            .map_err(|e| Why { code: code::UNREADABLE, message: e.to_string() })?;
        Ok(Request::new("plain", "STRICT", body))
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_accepted_is_kept_and_can_be_handed_in_again() {
    let mut only = entry("b", Fake::done(), OnError::Stop, SLOW);
    only.actions.insert("STRICT".to_owned(), crate::support::mapping(OnError::Stop, None));
    let mut parts = setup(vec![only]);
    parts.decoders.insert("plain".to_owned(), Arc::new(Plain));
    let bed = Bed::new(parts).await;
    let bad = Request::new("plain", "STRICT", json!({"payload": "s3cret-canary"}));
    let Accepted::Refused(why) = bed.hub.accept(bad, Effects::default()).await.unwrap() else {
        panic!("it does not fit the schema");
    };
    assert!(why.message.contains("/payload") && !why.message.contains("canary"), "{}", why.message);
    let raw = br#"{"payload": {"fits": true}}"#.to_vec();
    let refusal = Refusal {
        source: "plain".into(),
        external_id: None,
        action: Some("STRICT".into()),
        code: why.code,
        message: why.message,
        raw: raw.clone(),
    };
    let kept = bed.hub.refuse(refusal).await.unwrap();
    assert_eq!(bed.hub.refused(kept).await.unwrap().1, raw);
    assert_eq!(bed.hub.journal().dead_letters().await.unwrap().refusals, 1);
    let Accepted::New(id) = bed.hub.resubmit(kept, &actor()).await.unwrap() else { panic!("it fits now") };
    assert_eq!(bed.hub.journal().dead_letters().await.unwrap().refusals, 0, "it is no dead letter any more");
    assert_eq!(bed.ended(id).await.state, JobState::Succeeded);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refused_message_keeps_its_secrets_only_for_a_time() {
    let parts = || {
        let mut only = entry("b", Fake::done(), OnError::Stop, SLOW);
        only.actions.insert("STRICT".to_owned(), crate::support::mapping(OnError::Stop, None));
        let mut parts = setup(vec![only]);
        parts.decoders.insert("plain".to_owned(), Arc::new(Plain));
        parts.limits.keep_secrets = Duration::from_hours(72);
        parts
    };
    let bed = Bed::new(parts()).await;
    let refuse = async |source: &str, hours: i64, raw: &[u8]| {
        let refusal = NewRecord {
            kind: RecordKind::Refusal,
            at: bed.hub.now().checked_sub(jiff::SignedDuration::from_hours(hours)).unwrap(),
            who: source.to_owned(),
            what: Some("STRICT".to_owned()),
            code: code::INVALID_PAYLOAD,
            message: "it does not fit".to_owned(),
            body: raw.to_vec(),
        };
        bed.hub.record(vec![refusal]).await.unwrap();
        bed.hub.journal().refusals(0, 9).await.unwrap().last().unwrap().seq
    };
    let read = br#"{"payload": {"newPass": "canary-1", "note": "it is canary-1", "uid": "ann"}}"#;
    let from_the_future = refuse("plain/of:crm", -1000, read).await;
    let masked = refuse("plain", 73, read).await;
    let torn = refuse("plain", 73, br#"{"newPass": "canary-2"#).await;
    let strange = refuse("gone", 73, read).await;
    let harmless = refuse("plain", 73, br#"{ "payload": {"uid": 1} }"#).await;
    let young = refuse("plain", 71, read).await;
    let behind = refuse("plain", 73, read).await;

    let bed = bed.restart(parts()).await;
    let refused = async |seq| bed.hub.refused(seq).await.unwrap();
    bed.until(async || refused(strange).await.1.is_empty()).await;
    let expected = json!({"payload": {"newPass": MASK, "note": MASK, "uid": "ann"}});
    for seq in [from_the_future, masked] {
        let (record, raw) = refused(seq).await;
        assert_eq!(serde_json::from_slice::<serde_json::Value>(&raw).unwrap(), expected);
        assert_eq!(record.message, "it does not fit");
    }
    for seq in [torn, strange] {
        let (record, raw) = refused(seq).await;
        assert!(raw.is_empty() && record.message.contains("no longer kept"), "{}", record.message);
    }
    assert_eq!(refused(harmless).await.1, br#"{ "payload": {"uid": 1} }"#, "as it came");
    assert_eq!(refused(young).await.1, read, "its time has not come");
    assert_eq!(refused(behind).await.1, read, "nor that of what came after it");
    for seq in [masked, torn] {
        let again = bed.hub.resubmit(seq, &actor()).await.unwrap();
        assert!(matches!(&again, Accepted::Refused(why) if why.code == *"secrets_gone"), "{again:?}");
    }
    assert!(matches!(bed.hub.resubmit(young, &actor()).await.unwrap(), Accepted::New(_)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_larger_than_allowed_is_refused() {
    let mut parts = setup(vec![entry("b", Fake::done(), OnError::Stop, SLOW)]);
    parts.limits.max_size = 1000;
    let bed = Bed::new(parts).await;
    let large = Request::new("test", "DO", json!({"payload": "x".repeat(2000)}));
    let refused = bed.hub.accept(large, Effects::default()).await.unwrap();
    assert!(
        matches!(refused, Accepted::Refused(Why { code: ref c, .. }) if *c == code::TOO_LARGE),
        "{refused:?}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_new_arrival_makes_a_retrying_head_due_but_not_more_often_than_every_ten_seconds() {
    let bed = Bed::with(vec![entry("b", Fake::answers(vec![soft()]), OnError::Stop, SLOW)]).await;
    let first = bed.accept(request("DO", "alice")).await;
    bed.state(first, JobState::Retrying).await;
    bed.accept(request("DO", "alice")).await;
    let job = bed.job(first).await;
    let pause = job.due_at.duration_since(job.attempted_at.unwrap());
    assert_eq!(pause.as_millis(), 10_000, "due ten seconds after its last attempt instead of in an hour");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nulls_are_empty_only_where_the_action_says_so() {
    let fake = Fake::done();
    let mut only = entry("b", fake.clone(), OnError::Stop, SLOW);
    only.actions.insert("NULLS".to_owned(), crate::support::mapping(OnError::Stop, None));
    let bed = Bed::with(vec![only]).await;
    let body = json!({"z": null, "a": [null, {"b": null}]});
    for action in ["NULLS", "DO"] {
        let id = bed.accept(Request::new("test", action, body.clone())).await;
        assert_eq!(bed.hub.wait(id, LONG).await.unwrap().state, JobState::Succeeded);
    }
    let seen: Vec<_> = fake.bodies().iter().map(ToString::to_string).collect();
    assert_eq!(seen, [r#"{"z":"","a":["",{"b":""}]}"#, r#"{"z":null,"a":[null,{"b":null}]}"#]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn names_that_not_every_journal_can_keep_are_refused() {
    let bed = Bed::with(vec![entry("b", Fake::done(), OnError::Stop, SLOW)]).await;
    let accept = async |request| bed.hub.accept(request, Effects::default()).await.unwrap();
    let id = |id: String| Request { external_id: Some(id), ..request("DO", "ann") };
    assert!(matches!(accept(id("x".repeat(1024))).await, Accepted::New(_)));
    for refused in [id("x".repeat(1025)), id("x\0y".to_owned()), request("DO", &"y".repeat(1025))] {
        assert!(matches!(accept(refused).await, Accepted::Refused(_)));
    }
}
