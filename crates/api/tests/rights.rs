//! Rights are looked at again while something is under way, and nobody inherits those of another.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod support;

use std::sync::Arc;

use http::{Role, Scope};
use intendant_api::dto::AccountChange;
use model::{JobId, Outcome, Progress};
use serde_json::{Value, json};
use support::{Bed, Fake, admin, document, entry, in_time, open, rest, send, session, token, until};
use tokio::io::AsyncWriteExt as _;
use tokio::sync::Semaphore;

#[tokio::test(flavor = "multi_thread")]
async fn streams_end_with_the_right_of_who_follows_them() {
    let bed = Bed::done().await;
    let revoked = token(&bed, "revoked", &[Scope::READ], None).await;
    let expired = token(&bed, "expired", &[Scope::READ], Some(3)).await;
    let changed = session(&bed, "changed", Role::Operator).await;
    let removed = session(&bed, "removed", Role::Viewer).await;
    let stays = token(&bed, "stays", &[Scope::READ], None).await;
    let mut streams = Vec::new();
    for who in [&revoked, &expired, &changed, &removed, &stays] {
        let mut stream = open(&bed.url, "GET", "/api/v1/events?after=0", who, "").await;
        until(&mut stream, "text/event-stream").await;
        streams.push(stream);
    }
    bed.access.revoke_token("revoked", &admin()).await.unwrap();
    let viewer = AccountChange { role: Some(Role::Viewer), ..AccountChange::default() };
    bed.access.change_account("changed", None, viewer, &admin()).await.unwrap();
    bed.access.remove_account("removed", None, &admin()).await.unwrap();
    let mut last = streams.pop().unwrap();
    for stream in streams {
        rest(stream).await;
    }
    bed.ended(&document("afterwards")).await;
    until(&mut last, "succeeded").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_and_a_wait_end_too() {
    let gate = Arc::new(Semaphore::new(0));
    let bed = Bed::with(vec![entry("00gated", Fake::gated(&gate))]).await;
    let who = token(&bed, "crm", &[Scope::SUBMIT], None).await;
    let headers = format!("{who}\r\nContent-Type: application/x-ndjson\r\nTransfer-Encoding: chunked");
    let mut batch = open(&bed.url, "POST", "/api/v1/jobs/batch", &headers, "").await;
    let line = format!("{}\n", document("a"));
    batch.write_all(format!("{:x}\r\n{line}\r\n", line.len()).as_bytes()).await.unwrap();
    let heard = until(&mut batch, "\"job\":\"").await;
    let job = heard.split("\"job\":\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    let wait = open(&bed.url, "GET", &format!("/api/v1/jobs/{job}/wait"), &who, "").await;

    // A right that is given up in the middle of an answer lets that answer come.
    let own = token(&bed, "own", &[Scope::ADMIN], None).await;
    assert_eq!(send(&bed.url, "DELETE", "/api/v1/tokens/own", &own, "").await.0, 204);

    bed.access.revoke_token("crm", &admin()).await.unwrap();
    assert!(!rest(batch).await.ends_with("0\r\n\r\n"), "it breaks off: nobody takes it for the whole");
    assert!(rest(wait).await.starts_with("HTTP/1.1 401"));
    gate.add_permits(1);
    let job: JobId = job.parse().unwrap();
    assert!(
        in_time(bed.client.wait(job, 30)).await.unwrap().job.state.is_terminal(),
        "what was accepted is done"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_made_again_has_nothing_of_the_old_one() {
    let bed = Bed::done().await;
    let headers = |who: &str| format!("{who}\r\nContent-Type: application/json\r\nIdempotency-Key: order-1");
    let submit = async |who: &str| -> (u16, Value) {
        let body = document("a").to_string();
        let (status, answer) = send(&bed.url, "POST", "/api/v1/jobs?wait=30", &headers(who), &body).await;
        (status, serde_json::from_str(&answer).unwrap())
    };
    let old = token(&bed, "crm", &[Scope::SUBMIT], None).await;
    let (_, first) = submit(&old).await;
    let job = format!("/api/v1/jobs/{}", first["job"].as_str().unwrap());
    assert_eq!(send(&bed.url, "GET", &job, &old, "").await.0, 200);
    bed.access.revoke_token("crm", &admin()).await.unwrap();

    let new = token(&bed, "crm", &[Scope::SUBMIT], None).await;
    assert_eq!(send(&bed.url, "GET", &job, &new, "").await.0, 404);
    let (_, second) = submit(&new).await;
    assert_eq!(second["accepted"], "new", "its ids are its own");
    assert_ne!(second["job"], first["job"]);
    // For those who may see all, both are of the same name.
    let listed = bed.client.jobs(&filter("http/token:crm")).await.unwrap();
    assert_eq!(listed.jobs.len(), 2);
}

fn filter(source: &str) -> intendant_api::dto::JobQuery {
    let filter = intendant_api::dto::Filter { source: Some(source.to_owned()), ..Default::default() };
    intendant_api::dto::JobQuery { filter, ..Default::default() }
}

#[tokio::test(flavor = "multi_thread")]
async fn to_operate_is_not_to_submit() {
    let fails = Fake::new(|_| Outcome::hard(1, model::word::code::FAILED, "no"));
    let bed = Bed::with(vec![entry("00fails", fails)]).await;
    let operate = token(&bed, "operate", &[Scope::OPERATE], None).await;
    let both = token(&bed, "both", &[Scope::OPERATE, Scope::SUBMIT], None).await;
    let retry = async |who: &str, body: Value| {
        let job = bed.ended(&document("a")).await;
        let headers = format!("{who}\r\nContent-Type: application/json");
        send(&bed.url, "POST", &format!("/api/v1/jobs/{job}/retry"), &headers, &body.to_string()).await.0
    };
    let new = json!({ "document": document("b") });
    let set = json!({ "set": { "/payload/uid": "c" } });
    assert_eq!(retry(&operate, json!({})).await, 201);
    assert_eq!((retry(&operate, new.clone()).await, retry(&operate, set.clone()).await), (403, 403));
    assert_eq!((retry(&both, new).await, retry(&both, set).await), (201, 201));
}

#[tokio::test(flavor = "multi_thread")]
async fn how_far_a_job_is_hears_only_who_submitted_it() {
    let (says, ends) = (Arc::new(Semaphore::new(0)), Arc::new(Semaphore::new(0)));
    let (first, last) = (Arc::clone(&says), Arc::clone(&ends));
    let backend = Fake::with(move |call, control| {
        let (says, ends, who) = (Arc::clone(&first), Arc::clone(&last), format!("{:?}", call.subject));
        Box::pin(async move {
            says.acquire().await.unwrap().forget();
            control.progress.report(Progress::of(1, 2).saying(format!("of {who}")));
            ends.acquire().await.unwrap().forget();
            Outcome::done()
        })
    });
    let bed = Bed::with(vec![entry("00gate", backend)]).await;
    let who = token(&bed, "crm", &[Scope::SUBMIT], None).await;
    let headers = format!("{who}\r\nContent-Type: application/json");
    let (_, answer) = send(&bed.url, "POST", "/api/v1/jobs", &headers, &document("mine").to_string()).await;
    let answer: Value = serde_json::from_str(&answer).unwrap();
    let (mine, foreign) = (answer["job"].as_str().unwrap(), bed.job(&document("foreign")).await);

    let mut stream = open(&bed.url, "GET", &format!("/api/v1/events?job={mine}&after=0"), &who, "").await;
    until(&mut stream, "text/event-stream").await;
    says.add_permits(2);
    until(&mut stream, "\"kind\":\"progress\"").await;
    let asked = async |path: String| send(&bed.url, "GET", &path, &who, "").await.0;
    assert_eq!(asked(format!("/api/v1/events?job={foreign}")).await, 404, "it does not exist for it");
    assert_eq!(asked("/api/v1/events".to_owned()).await, 403);
    assert_eq!(asked(format!("/api/v1/jobs/{foreign}")).await, 404);
    let own = send(&bed.url, "GET", &format!("/api/v1/jobs/{mine}"), &who, "").await.1;
    assert!(own.contains("\"progress\"") && own.contains("mine"), "{own}");
    ends.add_permits(2);
    let heard = until(&mut stream, "\"kind\":\"succeeded\"").await;
    assert!(!heard.contains("foreign"), "{heard}");
}
