//! The other pages, and what can be done on them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod support;

use model::{DeliveryTo, JobState, NewDelivery, Refusal};
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
    // It has ended; the other one is set aside.
    let list = bed.get("/dead-letters?of=refusals").await.html;
    assert!(
        list.contains(&format!("refusals/{bad}\"")) && !list.contains(&format!("refusals/{good}\"")),
        "{list}"
    );
    let (record, reason) = (bad.to_string(), ("reason", "an old client"));
    let aside = bed.post("/dead-letters/refusals", &[("record", &record), ("aside", "1"), reason]).await;
    assert_eq!(aside.location(), "/dead-letters?of=refusals&said=aside-many.1");
    assert!(bed.get("/dead-letters?of=refusals").await.html.contains("No refused message"));
    assert!(bed.get("/audit").await.html.contains("set aside: an old client"));
}

#[tokio::test]
async fn refusals_of_one_cause_are_a_group_that_is_handed_in_again_or_set_aside() {
    let bed = Bed::done().await;
    for (raw, message) in [
        (r#"{"action": "DO", "payload": {}}"#, "line 1 is no document"),
        (r#"{"action": "DO", "payload": {}}"#, "line 22 is no document"),
        ("{", "the body is empty"),
    ] {
        let refusal = Refusal {
            source: "http".to_owned(),
            external_id: None,
            action: None,
            code: model::word::code::UNREADABLE,
            message: message.to_owned(),
            raw: raw.as_bytes().to_vec(),
        };
        bed.hub.refuse(refusal).await.unwrap();
    }
    let causes = bed.hub.refusal_causes().await.unwrap().causes;
    let id = causes[0].id.to_string();
    let list = bed.get("/dead-letters?of=refusals").await.html;
    assert!(list.contains("line … is no document") && list.contains(&format!("of=refusals&amp;cause={id}")));
    let group = bed.get(&format!("/dead-letters?of=refusals&cause={id}")).await.html;
    assert!(
        group.contains("2 messages") && group.contains("line 22") && !group.contains("the body is empty")
    );
    assert_eq!(bed.get("/dead-letters?of=refusals&cause=x").await.status, 400);

    let refusals = "/dead-letters/refusals";
    assert_eq!(bed.post(refusals, &[("again", "1")]).await.status, 400, "nothing was chosen");
    let again = bed.post(refusals, &[("all", "1"), ("cause", &id), ("again", "1")]).await;
    assert_eq!(again.location(), "/dead-letters?of=refusals&said=resubmitted-many.2");
    let again = bed.post(refusals, &[("all", "1"), ("again", "1")]).await;
    assert_eq!(again.location(), "/dead-letters?of=refusals&said=resubmitted-none.1");
    assert_eq!(bed.post(refusals, &[("all", "1"), ("aside", "1"), ("reason", " ")]).await.status, 422);
    let aside = bed.post(refusals, &[("all", "1"), ("aside", "1"), ("reason", "noise")]).await;
    assert_eq!(aside.location(), "/dead-letters?of=refusals&said=aside-many.1");
}

#[tokio::test]
async fn deliveries_that_were_given_up_are_sent_again_or_dropped_for_a_reason() {
    let bed = Bed::done().await;
    let delivery = |n: u8| NewDelivery {
        to: DeliveryTo { courier: "post".into(), address: format!("box{}", n % 2) },
        body: json!(n),
        due_at: None,
    };
    bed.hub.tell((0..5).map(delivery).collect()).await.unwrap();
    let count = async || bed.hub.delivery_causes().await.unwrap().looked_at;
    testhub::until("all are given up", async || count().await == 5).await;
    let page = bed.get("/dead-letters?of=deliveries").await.html;
    assert!(page.contains("there is no …") && page.contains("<span class=\"n\">5</span>"), "{page}");
    let one = bed.hub.deliveries(journal::DeliveryFilter::default(), None, 1).await.unwrap().rows[0]
        .id
        .0
        .to_string();
    let narrowed = bed.get("/dead-letters?of=deliveries&by=post&address=box1").await.html;
    assert_eq!(narrowed.matches("name=\"delivery\"").count(), 2);

    let deliveries = "/dead-letters/deliveries";
    let silent = bed.post(deliveries, &[("delivery", &one), ("drop", "1"), ("reason", "")]).await;
    assert_eq!(silent.status, 422, "a reason is missing");
    let dropped =
        bed.post(deliveries, &[("delivery", &one), ("drop", "1"), ("reason", "that box is gone")]).await;
    assert_eq!(dropped.location(), "/dead-letters?of=deliveries&said=dropped.1");
    assert!(bed.get("/audit").await.html.contains("dropped: that box is gone"));
    let again =
        bed.post(deliveries, &[("all", "1"), ("by", "post"), ("address", "box1"), ("again", "1")]).await;
    assert_eq!(again.location(), "/dead-letters?of=deliveries&said=sent-again.2");
    testhub::until("they come back", async || count().await == 4).await;
    let all = bed.post(deliveries, &[("all", "1"), ("drop", "1"), ("reason", "closed")]).await;
    assert_eq!(all.location(), "/dead-letters?of=deliveries&said=dropped.4");
    assert!(bed.get("/audit").await.html.contains("4 deliveries dropped: closed"));
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
    assert!(page.contains("1 person will be deleted by 10first"), "{page}");
    assert!(page.contains(">Delete 1 person</button>") && page.contains(">Keep this person</button>"));
    assert!(page.contains(&held.to_string()) && page.contains("concernedTo"), "a sample of what is asked");
    assert!(!page.contains("name=\"agree\""), "a click is enough for one");
    let through =
        page.split("name=\"through\" value=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    let path = format!("/failsafe/{}/approve", set.name);
    let form = [("through", through.as_str()), ("agree-n", "1")];
    let answer = bed.post(&path, &form).await;
    assert_eq!(answer.location(), "/failsafe?said=approved.1");
    bed.end_of(held).await;
    assert_eq!(bed.hub.job(held).await.unwrap().state, JobState::Succeeded);
    let again = bed.post(&path, &form).await;
    assert!(again.status == 409 || again.status == 404, "{}", again.status);
}

#[tokio::test]
async fn above_fifty_the_number_is_typed_before_anybody_is_deleted() {
    let bed = Bed::done().await;
    bed.ended("REMOVE", "first", json!({})).await;
    for n in 0..60 {
        bed.job("REMOVE", &format!("p{n}"), json!({"type": if n < 40 { "student" } else { "staff" }})).await;
    }
    let set = loop {
        if let Some(set) = bed.hub.held_sets().await.unwrap().pop().filter(|set| set.jobs == 60) {
            break set;
        }
        tokio::task::yield_now().await;
    };
    let path = format!("/failsafe/{}", set.name);
    let page = bed.get(&path).await.html;
    assert!(
        page.contains("60 people will be deleted by 10first") && page.contains(">Delete 60 people</button>")
    );
    assert!(page.contains("identity:p0") && page.contains("and 48 more"), "who they are: {page}");
    assert!(page.contains("student&nbsp;40") && page.contains("staff&nbsp;20"), "{page}");
    assert!(page.contains("Type 60 to confirm"));
    let french = bed.get_as(Some(support::person(http::Role::Operator)), &path, "fr").await.html;
    assert!(
        french.contains(">Supprimer 60 personnes</button>") && french.contains("Tapez 60 pour confirmer")
    );
    let through = set.through.to_string();
    for typed in ["", "6", "61"] {
        let form = [("through", through.as_str()), ("agree-n", "60"), ("agree", typed)];
        let answer = bed.post(&format!("{path}/approve"), &form).await;
        assert_eq!(answer.status, 422, "{typed:?}");
        assert!(answer.html.contains("This is another number."));
    }
    assert_eq!(bed.hub.held_set(&set.name).await.unwrap().decision, None);
    let form = [("through", through.as_str()), ("agree-n", "60"), ("agree", " 60 ")];
    assert_eq!(bed.post(&format!("{path}/approve"), &form).await.location(), "/failsafe?said=approved.60");
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
