//! The other pages, and what can be done on them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod support;

use model::{JobState, Refusal};
use serde_json::json;
use support::Bed;

#[tokio::test]
async fn the_overview_begins_with_what_needs_attention() {
    let calm = Bed::done().await;
    let page = calm.get("/").await.html;
    assert!(page.contains("Nothing needs your attention.") && page.contains("No job yet"));
    let bed = Bed::new().await;
    bed.ended("DO", "a", json!({"fail": "no"})).await;
    bed.post("/backends/10first/pause", &[("pause", "1")]).await;
    let page = bed.get("/").await.html;
    for words in [
        "1 job has failed and waits",
        "20broken cannot be used",
        "line 3 is &#60;odd&#62;",
        "10first is paused",
    ] {
        assert!(page.contains(words), "{words} is missing");
    }
}

#[tokio::test]
async fn a_backend_is_paused_pinged_and_resumed() {
    let bed = Bed::done().await;
    let answer = bed.post("/backends/10first/pause", &[("pause", "1")]).await;
    assert_eq!(answer.location(), "/backends/10first?said=paused.1");
    assert!(bed.hub.backends()[0].paused);
    let job = bed.job("DO", "a", json!({})).await;
    let waiting = bed.get(&format!("/jobs/{job}")).await.html;
    assert!(
        waiting.contains("waits until 10first is resumed") || waiting.contains("starts in a moment"),
        "{waiting}"
    );
    let pong = bed.post("/backends/10first/ping", &[("ping", "1")]).await.html;
    assert!(pong.contains("It answers.") && pong.contains("done well"));
    bed.post("/backends/10first/resume", &[("resume", "1")]).await;
    bed.end_of(job).await;
    let audit = bed.get("/audit?what=backend").await.html;
    assert!(audit.contains("account:alice") && audit.contains("backend 10first"));
}

#[tokio::test]
async fn a_form_is_made_from_the_schema_and_says_what_does_not_fit() {
    let bed = Bed::done().await;
    let form = bed.get("/submit?action=STRICT").await.html;
    assert!(
        form.contains("name=\"/payload/uid\"")
            && form.contains("Who it is")
            && form.contains("type=\"password\"")
    );
    let wrong =
        bed.post("/submit", &[("action", "STRICT"), ("/payload/uid", "a"), ("/payload/age", "0")]).await;
    assert_eq!(wrong.status, 422);
    assert!(wrong.html.contains("class=\"wrong\"") && wrong.html.contains("value=\"a\""), "{}", wrong.html);
    let missing = bed.post("/submit", &[("action", "STRICT"), ("/payload/age", "3")]).await;
    assert!(missing.html.contains("required property"), "{}", missing.html);
    let right =
        bed.post("/submit", &[("action", "STRICT"), ("/concernedTo", "a"), ("/payload/uid", "a")]).await;
    assert!(right.location().starts_with("/jobs/"), "{}", right.html);
    let raw = bed.post("/submit", &[("action", "DO"), ("document", "{\"payload\": {}}")]).await;
    assert!(raw.location().ends_with("?said=submitted.1"));
    let broken = bed.post("/submit", &[("action", "DO"), ("document", "{\"payload\": ")]).await;
    assert_eq!(broken.status, 422);
    assert!(
        broken.html.contains("{&#34;payload&#34;: </textarea>"),
        "what was typed is still there: {}",
        broken.html
    );
    let records = journal::RecordFilter::of(model::RecordKind::Refusal);
    let refusals = bed.hub.journal().records(records, None, 10).await.unwrap();
    assert!(refusals.rows.is_empty(), "what a person mistypes is no dead letter");
}

#[tokio::test]
async fn a_refused_message_is_handed_in_again() {
    let bed = Bed::done().await;
    let refusal = |raw: &str| Refusal {
        source: "http".to_owned(),
        external_id: None,
        action: None,
        code: model::word::code::UNREADABLE,
        message: "it could not be read".to_owned(),
        raw: raw.as_bytes().to_vec(),
    };
    let bad = bed.hub.refuse(refusal("{")).await.unwrap();
    let good = bed.hub.refuse(refusal(r#"{"action": "DO", "payload": {}}"#)).await.unwrap();
    let list = bed.get("/dead-letters?of=refusals").await.html;
    assert!(list.contains("it could not be read") && list.contains(&format!("/dead-letters/refusals/{bad}")));
    let again = bed.post(&format!("/dead-letters/refusals/{bad}/resubmit"), &[("resubmit", "1")]).await;
    assert_eq!(again.status, 422);
    assert!(again.html.contains("It was refused once more:"));
    let accepted = bed.post(&format!("/dead-letters/refusals/{good}/resubmit"), &[("resubmit", "1")]).await;
    assert!(accepted.location().starts_with("/jobs/"));
}

#[tokio::test]
async fn a_held_set_is_approved_once() {
    let bed = Bed::done().await;
    bed.ended("REMOVE", "a", json!({})).await;
    let held = bed.job("REMOVE", "b", json!({})).await;
    let set = loop {
        if let Some(set) = bed.hub.held_sets().await.unwrap().pop() {
            break set;
        }
        tokio::task::yield_now().await;
    };
    assert!(bed.get("/").await.html.contains("The failsafe holds 1 job on 10first"));
    let page = bed.get(&format!("/failsafe/{}", set.name)).await.html;
    assert!(page.contains("Let 1 job run") && page.contains(&held.to_string()));
    let through =
        page.split("name=\"through\" value=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    let path = format!("/failsafe/{}/approve", set.name);
    let answer = bed.post(&path, &[("through", &through)]).await;
    assert_eq!(answer.location(), "/failsafe?said=approved.1");
    bed.end_of(held).await;
    assert_eq!(bed.hub.job(held).await.unwrap().state, JobState::Succeeded);
    let again = bed.post(&path, &[("through", &through)]).await;
    assert!(again.status == 409 || again.status == 404, "{}", again.status);
}

#[tokio::test]
async fn settings_name_their_origin_and_a_reload_says_what_it_did() {
    let bed = Bed::done().await;
    let page = bed.get("/settings").await.html;
    assert!(
        page.contains("$INTENDANT_LOG__LEVEL")
            && page.contains("needs a restart")
            && page.contains("default")
    );
    let report = bed.post("/backends/reload", &[("reload", "1")]).await.html;
    assert!(
        report.contains("Configuration and 2 backends were read anew.")
            && report.contains("<code>socket</code>")
    );
    assert!(bed.get("/audit").await.html.contains("reloaded"));
}

#[tokio::test]
async fn a_check_shows_what_is_wrong_on_disk_and_what_to_do() {
    let bed = Bed::done().await;
    assert!(bed.get("/backends").await.html.contains("href=\"/backends/check\""));
    let page = bed.get("/backends/check").await.html;
    for said in ["2 backends in", "One error.", "backends/10first/config.yml:3", "did you mean"]
        .into_iter()
        .chain(["Does not answer", "http://gram.example/up", "reads accounts", "connection refused"])
    {
        assert!(page.contains(said), "{said}: {page}");
    }
}

#[tokio::test]
async fn about_names_the_works_of_others() {
    let page = Bed::done().await.get("/about").await.html;
    assert!(page.contains("1.2.3") && page.contains("htmx.org") && page.contains("Apache-2.0 OR MIT"));
}

#[tokio::test]
async fn a_fragment_is_the_inside_only() {
    let bed = Bed::done().await;
    let request =
        axum::http::Request::get("/jobs").header("hx-request", "true").body(axum::body::Body::empty());
    let answer = bed.send(Some(support::person(http::Role::Viewer)), request.unwrap()).await;
    assert!(answer.html.starts_with("<title>Jobs · Intendant</title>") && !answer.html.contains("<html"));
}
