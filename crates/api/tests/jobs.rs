//! Jobs over the API: handing in, looking, waiting, retrying, cancelling, exporting.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::{StreamExt as _, TryStreamExt as _};
use intendant_api::client::Submission;
use intendant_api::dto::{
    Acceptance, Cancelling, EventQuery, Exported, Filter, JobOrder, JobQuery, Replay, ReplayMany,
};
use model::word::code;
use model::{Class, EventKind, JobState, OutcomeKind, StepState};
use serde_json::{Map, Value, json};
use support::{Bed, Fake, document, entry, head, in_time, parse_problem, problem, raw};
use tokio::sync::Semaphore;

fn waiting(seconds: u32) -> Submission {
    Submission { wait: Some(seconds), ..Submission::default() }
}

fn with_id(id: &str) -> Submission {
    Submission { id: Some(id.to_owned()), ..Submission::default() }
}

/// Fails while told to.
fn moody() -> (Arc<AtomicBool>, Arc<Fake>) {
    let failing = Arc::new(AtomicBool::new(true));
    let told = Arc::clone(&failing);
    let fake = Fake::new(move |_| {
        if told.load(Ordering::SeqCst) {
            return model::Outcome::hard(3, code::FAILED, "no such container");
        }
        model::Outcome::done()
    });
    (failing, fake)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_job_is_201_and_its_place_is_named() {
    let bed = Bed::done().await;
    let body = document("a").to_string();
    let length = format!("Content-Length: {}", body.len());
    let head = head("POST", "/api/v1/jobs", &["Content-Type: application/json; charset=utf-8", &length]);
    let answer = raw(&bed.socket, head + &body).await;
    assert!(answer.starts_with("HTTP/1.1 201 Created\r\n"), "{answer}");
    let (headers, body) = answer.split_once("\r\n\r\n").unwrap();
    let body: Value = serde_json::from_str(body).unwrap();
    assert_eq!((&body["accepted"], &body["state"]), (&json!("new"), &json!("queued")));
    let place = format!("location: /api/v1/jobs/{}", body["job"].as_str().unwrap());
    assert!(headers.to_lowercase().contains(&place), "{headers}");
}

#[tokio::test(flavor = "multi_thread")]
async fn waiting_gives_the_result_and_makes_the_job_interactive() {
    let bed = Bed::done().await;
    let submitted = bed.client.submit(document("a").to_string(), &waiting(30)).await.unwrap();
    assert_eq!((submitted.accepted, submitted.state), (Acceptance::New, Some(JobState::Succeeded)));
    let result = submitted.result.unwrap();
    assert_eq!(result["status"], 0);
    assert_eq!(result["data"][0]["backend"], "00done");
    assert_eq!(result["jobId"], json!(submitted.job));
    assert_eq!(bed.hub.job(submitted.job.unwrap()).await.unwrap().class, Class::Interactive);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_does_not_end_in_time_is_202_and_can_be_waited_for_again() {
    let gate = Arc::new(Semaphore::new(0));
    let bed = Bed::with(vec![entry("00gate", Fake::gated(&gate))]).await;
    let submitted = bed.client.submit(document("a").to_string(), &waiting(0)).await.unwrap();
    assert_eq!(submitted.result, None);
    let job = submitted.job.unwrap();
    assert!(!bed.client.wait(job, 0).await.unwrap().job.state.is_terminal());

    let answer = raw(&bed.socket, head("GET", &format!("/api/v1/jobs/{job}/wait?seconds=0"), &[])).await;
    assert!(answer.starts_with("HTTP/1.1 202 "), "{answer}");

    let client = bed.client.clone();
    let waiter = tokio::spawn(async move { client.wait(job, 30).await });
    gate.add_permits(1);
    let waited = in_time(waiter).await.unwrap().unwrap();
    assert_eq!(waited.job.state, JobState::Succeeded);
    assert_eq!(waited.result.unwrap()["status"], 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_id_is_the_same_job_and_both_callers_get_its_result() {
    let gate = Arc::new(Semaphore::new(0));
    let backend = Fake::gated(&gate);
    let bed = Bed::with(vec![entry("00gate", Arc::clone(&backend) as _)]).await;
    let first = bed.client.submit(document("a").to_string(), &with_id("k-1")).await.unwrap();
    let client = bed.client.clone();
    let again = Submission { wait: Some(30), ..with_id("k-1") };
    let second = tokio::spawn(async move { client.submit(document("a").to_string(), &again).await });
    gate.add_permits(1);
    let second = in_time(second).await.unwrap().unwrap();
    assert_eq!((second.accepted, second.job), (Acceptance::Known, first.job));
    assert_eq!(second.state, Some(JobState::Succeeded));

    // Known and ended: the stored result, nothing runs. The id may also stand in the document.
    let mut third = document("a");
    third["id"] = json!("k-1");
    let third = bed.submit(&third).await;
    assert_eq!((third.accepted, third.job, third.result), (Acceptance::Known, first.job, second.result));
    assert_eq!(backend.bodies().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_id_used_for_other_data_is_409() {
    let bed = Bed::done().await;
    bed.client.submit(document("a").to_string(), &with_id("k-1")).await.unwrap();
    let problem = problem(bed.client.submit(document("b").to_string(), &with_id("k-1")).await);
    assert_eq!((problem.status, problem.code.as_str()), (409, "id_reused"));
    let record = bed.client.refusal(problem.record.unwrap()).await.unwrap();
    assert_eq!(record.record.code, problem.code);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_optional_action_that_nobody_maps_makes_no_job() {
    let bed = Bed::done().await;
    let submitted = bed.client.submit(r#"{"action":"TOLD"}"#, &waiting(30)).await.unwrap();
    assert_eq!((submitted.accepted, submitted.job), (Acceptance::Unclaimed, None));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_backends_read_is_what_was_sent() {
    let backend = support::done();
    let bed = Bed::with(vec![entry("00done", Arc::clone(&backend) as _)]).await;
    let text =
        r#"{"action":"DO","options":{"z":1,"a":[null]},"id":"i","payload":{"uid":"é"},"concernedTo":"x"}"#;
    let job = bed.client.submit(text, &waiting(30)).await.unwrap().job.unwrap();
    let seen = serde_json::to_string(&backend.bodies()[0]).unwrap();
    assert_eq!(seen, r#"{"options":{"z":1,"a":[null]},"payload":{"uid":"é"},"concernedTo":"x"}"#);
    assert_eq!(bed.client.job(job).await.unwrap().job.external_id.as_deref(), Some("i"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_story_tells_everything_but_secrets() {
    let (_, fake) = moody();
    let bed = Bed::with(vec![entry("00ok", support::done()), entry("10bad", fake)]).await;
    let mut asked = document("a");
    asked["payload"]["newPassword"] = json!("C4n4ry-1");
    asked["trace"] = json!("t-1");
    let job = bed.ended(&asked).await;
    let story = bed.client.job(job).await.unwrap();
    assert_eq!(story.job.state, JobState::Failed);
    assert_eq!(story.trace.as_deref(), Some("t-1"));
    assert_eq!(story.document["payload"]["uid"], "a");
    assert_eq!(story.document["payload"]["newPassword"], model::MASK);
    let states: Vec<_> = story.steps.iter().map(|step| (step.backend.as_str(), step.state)).collect();
    assert_eq!(states, [("00ok", StepState::Succeeded), ("10bad", StepState::Failed)]);
    assert_eq!(story.attempts.len(), 2);
    assert_eq!(story.attempts[1].kind, Some(OutcomeKind::Hard));
    assert_eq!(story.attempts[1].message.as_deref(), Some("no such container"));
    assert_eq!(story.waiting_on.on, "ended");
    assert!(story.waiting_on.next.contains("intendant jobs retry"), "{}", story.waiting_on.next);
    assert_eq!(story.result["data"][1]["error"]["message"], "10bad: no such container");
    let raw = raw(&bed.socket, head("GET", &format!("/api/v1/jobs/{job}"), &[])).await;
    assert!(raw.starts_with("HTTP/1.1 200") && !raw.contains("C4n4ry-1"), "{raw}");
    let accepted = story.job.accepted_at.to_string();
    assert!(accepted.len() == "2026-11-30T18:00:00.000Z".len() && accepted.ends_with('Z'), "{accepted}");
    assert!(raw.contains(&format!("\"accepted_at\":\"{accepted}\"")), "{raw}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_behind_another_says_what_it_waits_for() {
    let gate = Arc::new(Semaphore::new(0));
    let bed = Bed::with(vec![entry("00gate", Fake::gated(&gate))]).await;
    let first = bed.job(&document("a")).await;
    let second = bed.job(&document("a")).await;
    let waiting = bed.client.job(second).await.unwrap().waiting_on;
    assert_eq!((waiting.on.as_str(), waiting.job), ("subject", Some(first)));
    assert_eq!(waiting.subject.unwrap().as_str(), "identity:a");
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_are_filtered_and_paged() {
    let (_, fake) = moody();
    let bed = Bed::with(vec![entry("00bad", fake)]).await;
    let mut made = Vec::new();
    for number in 0..7 {
        made.push(bed.ended(&document(&format!("s{number}"))).await);
    }
    made.reverse();

    let mut query = JobQuery { limit: Some(3), ..JobQuery::default() };
    let mut seen = Vec::new();
    loop {
        let page = bed.client.jobs(&query).await.unwrap();
        assert!(page.jobs.len() <= 3);
        seen.extend(page.jobs.iter().map(|job| job.id));
        match page.next {
            Some(next) => query.before = Some(next),
            None => break,
        }
    }
    assert_eq!(seen, made);

    // The other way round they are the same, page by page.
    let mut query = JobQuery { order: Some(JobOrder::Oldest), limit: Some(4), ..JobQuery::default() };
    let first = bed.client.jobs(&query).await.unwrap();
    query.before = first.next;
    let second = bed.client.jobs(&query).await.unwrap();
    let ids: Vec<_> = first.jobs.iter().chain(&second.jobs).map(|job| job.id).collect();
    assert_eq!(ids, made.iter().rev().copied().collect::<Vec<_>>());
    let end = first.jobs[0].ended_at.unwrap();
    let filter = Filter { ended_until: Some(end), ..Filter::default() };
    let before = bed.client.jobs(&JobQuery { filter, ..JobQuery::default() }).await.unwrap().jobs;
    assert!(before.iter().all(|job| job.id != ids[0]), "the end does not belong to it");
    let filter = Filter { ended_since: Some(end), ..Filter::default() };
    let since = bed.client.jobs(&JobQuery { filter, ..JobQuery::default() }).await.unwrap().jobs;
    assert!(since.iter().any(|job| job.id == ids[0]));

    let count = async |filter: Filter| {
        bed.client.jobs(&JobQuery { filter, ..JobQuery::default() }).await.unwrap().jobs.len()
    };
    let none = Filter::default();
    assert_eq!(count(Filter { subject: Some("identity:s3".to_owned()), ..none.clone() }).await, 1);
    assert_eq!(count(Filter { state: vec![JobState::Succeeded], ..none.clone() }).await, 0);
    assert_eq!(count(Filter { state: vec![JobState::Succeeded, JobState::Failed], ..none.clone() }).await, 7);
    assert_eq!(
        count(Filter { code: Some("failed".to_owned()), backend: Some("00bad".to_owned()), ..none.clone() })
            .await,
        7
    );
    assert_eq!(count(Filter { action: Some("UNDO".to_owned()), ..none.clone() }).await, 0);
    assert_eq!(count(Filter { source: Some("http".to_owned()), ..none.clone() }).await, 7);
    let first = bed.client.job(made[6]).await.unwrap().job.accepted_at;
    assert_eq!(count(Filter { until: Some(first), ..none.clone() }).await, 0);
    assert_eq!(count(Filter { since: Some(first), ..none }).await, 7);
}

#[tokio::test(flavor = "multi_thread")]
async fn parameters_are_read_strictly() {
    let bed = Bed::done().await;
    let cases = [
        ("stat=failed", "unknown parameter \"stat\": did you mean \"state\"?"),
        ("state=fialed", "\"fialed\" is no state of a job: did you mean \"failed\"?"),
        ("limit=0", "the parameter limit must be a whole number from 1 to 1000"),
        ("limit=1001", "the parameter limit must be a whole number from 1 to 1000"),
        ("limit=5&limit=6", "the parameter limit is given twice"),
        ("since=yesterday", "the parameter since must be a time such as 2026-11-30T18:00:00Z"),
        ("order=newset", "the parameter order must be newest or oldest"),
        ("before=x", "the parameter before must be the `next` of the page before"),
    ];
    for (query, expected) in cases {
        let answer = raw(&bed.socket, head("GET", &format!("/api/v1/jobs?{query}"), &[])).await;
        let (status, problem) = parse_problem(&answer);
        assert_eq!((status, &*problem.detail), (400, expected), "{query}");
    }
    let answer = raw(&bed.socket, head("GET", "/api/v1/jobs?subject=x", &[])).await;
    let (status, problem) = parse_problem(&answer);
    assert_eq!(status, 404, "nothing is called so: that is no empty list");
    assert!(problem.detail.contains("called \"x\": write kind:value"), "{}", problem.detail);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_letter_is_retried_with_what_was_mended() {
    let (failing, fake) = moody();
    let bed = Bed::with(vec![entry("00moody", Arc::clone(&fake) as _)]).await;
    let failed = bed.ended(&document("a")).await;
    failing.store(false, Ordering::SeqCst);

    let set = Map::from_iter([("/payload/uid".to_owned(), json!("mended"))]);
    let replay = Replay { set, ..Replay::default() };
    let replayed = bed.client.retry(failed, &replay).await.unwrap().job;
    assert_ne!(replayed, failed);
    let story = bed.client.wait(replayed, 30).await.unwrap();
    assert_eq!((story.job.state, story.job.replay_of), (JobState::Succeeded, Some(failed)));
    assert_eq!(fake.bodies()[1]["payload"]["uid"], "mended");

    // It has been replayed with success by now, and is not run a second time.
    for stale in [false, true] {
        let again = problem(bed.client.retry(failed, &Replay { stale, ..Replay::default() }).await);
        assert_eq!((again.status, again.code.as_str(), again.job), (409, "replayed", Some(replayed)));
    }

    let ended = problem(bed.client.retry(replayed, &Replay::default()).await);
    assert_eq!((ended.status, ended.code.as_str(), ended.job), (409, "wrong_state", Some(replayed)));
    let nowhere = Replay {
        document: None,
        set: Map::from_iter([("/nowhere/at/all".to_owned(), json!(1))]),
        stale: true,
    };
    assert_eq!(problem(bed.client.retry(failed, &nowhere).await).status, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_retry_whose_shape_is_wrong_is_refused_without_its_values() {
    let (_, fake) = moody();
    let bed = Bed::with(vec![entry("00bad", fake)]).await;
    let failed = bed.ended(&document("a")).await;
    let cases = [
        (r#"{"set": "C4n4ry"}"#, "the body does not fit: expected a map"),
        (r#"{"stale": "C4n4ry"}"#, "the body does not fit: expected a boolean"),
        (
            r#"{"sets": {}}"#,
            "the body does not fit: unknown field `sets`, expected one of `document`, `set`, `stale`",
        ),
        (
            "{",
            "the body does not fit: it breaks off at line 1, column 1 (EOF while parsing an object): is it whole?",
        ),
    ];
    for (body, expected) in cases {
        let length = format!("Content-Length: {}", body.len());
        let head = head(
            "POST",
            &format!("/api/v1/jobs/{failed}/retry"),
            &["Content-Type: application/json", &length],
        );
        let (status, problem) = parse_problem(&raw(&bed.socket, head + body).await);
        assert_eq!((status, &*problem.detail), (400, expected));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn secrets_that_are_gone_are_asked_for_by_name() {
    let gate = Arc::new(Semaphore::new(0));
    let bed = Bed::with(vec![entry("00gate", Fake::gated(&gate))]).await;
    // A cancelled job keeps no secrets.
    let mut asked = document("a");
    asked["payload"]["password"] = json!("s3cret-9");
    bed.job(&document("a")).await;
    let job = bed.job(&asked).await;
    bed.client.cancel(job).await.unwrap();
    let gone = problem(bed.client.retry(job, &Replay::default()).await);
    assert_eq!((gone.status, gone.code.as_str()), (422, "secrets_gone"));
    assert_eq!(*gone.missing, ["/payload/password"]);
    let set = Map::from_iter([("/payload/password".to_owned(), json!("s3cret-9"))]);
    bed.client.retry(job, &Replay { set, ..Replay::default() }).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn cancelling_says_whether_it_has_ended() {
    let gate = Arc::new(Semaphore::new(0));
    let bed = Bed::with(vec![entry("00gate", Fake::gated(&gate))]).await;
    let mut events = Box::pin(bed.client.events(&EventQuery::default()).await.unwrap());
    let running = bed.job(&document("a")).await;
    let waiting = bed.job(&document("a")).await;
    while in_time(events.next()).await.unwrap().unwrap().kind != EventKind::StepStarted {}
    assert_eq!(bed.client.cancel(waiting).await.unwrap().cancelled, Cancelling::Now);
    assert_eq!(bed.client.cancel(running).await.unwrap().cancelled, Cancelling::Ending);
    let ended = bed.client.wait(running, 30).await.unwrap().job;
    let actor = format!("uid:{}", rustix::process::geteuid().as_raw());
    assert_eq!((ended.state, ended.cancelled_by), (JobState::Cancelled, Some(actor)));
    assert_eq!(problem(bed.client.cancel(running).await).code.as_str(), "wrong_state");
}

#[tokio::test(flavor = "multi_thread")]
async fn names_of_nothing_are_404() {
    let bed = Bed::done().await;
    let id = "01938f00-0000-7000-8000-000000000000";
    for path in [
        format!("/api/v1/jobs/{id}"),
        format!("/api/v1/jobs/{id}/wait"),
        "/api/v1/jobs/%ff".to_owned(),
        "/api/v1/jobs/nonsense".to_owned(),
        "/api/v1/refusals/99".to_owned(),
        "/api/v1/refusals/x".to_owned(),
        "/api/v2".to_owned(),
        "/".to_owned(),
    ] {
        let (status, _) = parse_problem(&raw(&bed.socket, head("GET", &path, &[])).await);
        assert_eq!(status, 404, "{path}");
    }
    for verb in ["retry", "cancel"] {
        let (status, _) =
            parse_problem(&raw(&bed.socket, head("POST", &format!("/api/v1/jobs/{id}/{verb}"), &[])).await);
        assert_eq!(status, 404, "{verb}");
    }
}

async fn collect(bed: &Bed, documents: bool) -> Vec<Exported> {
    let stream = bed.client.export(&Filter::default(), documents).await.unwrap();
    in_time(stream.try_collect()).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_export_is_complete_and_masked() {
    let bed = Bed::done().await;
    let mut made = Vec::new();
    for number in 0..3 {
        let mut asked = document(&format!("s{number}"));
        asked["payload"]["password"] = json!("s3cret-9");
        made.push(bed.ended(&asked).await);
    }
    made.reverse();
    let plain = collect(&bed, false).await;
    let ids: Vec<_> = plain
        .iter()
        .map(|row| match row {
            Exported::Job { job, document: None } => job.id,
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(ids, made);
    for row in collect(&bed, true).await {
        let Exported::Job { document: Some(document), .. } = row else { panic!("{row:?}") };
        assert_eq!(document["payload"]["password"], model::MASK);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_export_goes_beyond_a_page() {
    let gate = Arc::new(Semaphore::new(0));
    let bed = Bed::with(vec![entry("00gate", Fake::gated(&gate))]).await;
    let lines: Vec<_> = (0..1203).map(|n| Ok(format!("{}\n", document(&format!("s{n}"))).into())).collect();
    let answers = bed.client.batch(futures_util::stream::iter(lines), None).await.unwrap();
    assert_eq!(in_time(answers.count()).await, 1203);
    let rows = bed.client.export(&Filter::default(), false).await.unwrap();
    let rows: Vec<_> = in_time(rows.try_collect()).await.unwrap();
    let seqs: Vec<_> = rows
        .iter()
        .map(|row| match row {
            Exported::Job { job, .. } => job.seq,
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(seqs.len(), 1203);
    assert!(seqs.is_sorted_by(|a, b| a > b));
}

#[tokio::test(flavor = "multi_thread")]
async fn many_are_retried_in_their_old_order_and_the_rest_is_told() {
    let (failing, fake) = moody();
    let bed = Bed::with(vec![entry("00moody", fake)]).await;
    let mut failed = Vec::new();
    for number in 0..5 {
        failed.push(bed.ended(&document(&format!("s{}", number % 2))).await);
    }
    failing.store(false, Ordering::SeqCst);
    // A later success makes both failures of s1 stale.
    bed.ended(&document("s1")).await;

    let report = bed.client.retry_many(&ReplayMany::default()).await.unwrap();
    assert_eq!((report.replayed, report.refused, report.left), (3, 2, 0));
    let stale: Vec<_> =
        report.refusals.iter().map(|refusal| (refusal.job, refusal.problem.code.as_str())).collect();
    assert_eq!(stale, [(failed[1], "stale"), (failed[3], "stale")]);

    let all = bed.client.jobs(&JobQuery::default()).await.unwrap().jobs;
    let replays: Vec<_> = all.iter().rev().filter_map(|job| job.replay_of).collect();
    assert_eq!(replays, [failed[0], failed[2], failed[4]]);
}
