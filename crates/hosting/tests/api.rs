//! The API: the dialogue of clients and schools, what is refused and how, keys, and callers who come at once.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod support;

use axum::body::Body;
use axum::http::Request;
use http::Scope;
use intendant_hosting::api::Kind;
use intendant_hosting::{State, Work};
use serde_json::{Value, json};
use support::{Bed, NEIGHBOUR, PASSWORD, SCHOOL, SECRET, client, document, failed, token};

#[tokio::test(flavor = "multi_thread")]
async fn the_dialogue_of_a_client_from_nothing_to_an_open_server() {
    let bed = Bed::new().await;
    let path = format!("/{SCHOOL}");
    assert_eq!(bed.ask("GET", &path, None).await.0, 404);
    let (status, made) = bed.ask("POST", "", Some(document("0750655e"))).await;
    assert_eq!(
        (status.as_u16(), made["rne"].as_str(), made["state"].as_str()),
        (200, Some(SCHOOL), Some("START"))
    );
    let key = made["key"].as_str().unwrap();
    assert_eq!(key.len(), 64);

    bed.until(SCHOOL, State::DbWait).await;
    let (status, view) = bed.ask_with(key, "GET", &path, None).await;
    assert_eq!(
        (status.as_u16(), view["state"].as_str(), view["state_number"].as_u64()),
        (200, Some("BCDIDBWAIT"), Some(20))
    );
    bed.upload(SCHOOL, "a").await;
    bed.until(SCHOOL, State::Ready).await;

    let view = bed.view(SCHOOL).await;
    let history: Vec<_> =
        view["history"].as_array().unwrap().iter().map(|passed| passed["state"].as_str().unwrap()).collect();
    assert_eq!(history, ["START", "BCDIDBWAIT", "BCDIDBUPLOADED", "BCDIDBUPLOADEDRIGHT", "BCDIREADY"]);
    assert_eq!(view["state_aliases"], json!(["BCDIREDADY"]));
    assert_eq!(
        view["connection"]["rows"][0],
        json!({"label": "Password", "value": PASSWORD, "secret": true})
    );
    assert_eq!(view["last_operation"]["kind"], "open");
    assert_eq!(view["last_operation"]["state"], "done");
    assert!(!view.to_string().contains(SECRET), "{view}");

    // Its backend was asked for what it needs, with the licence code.
    let bodies = bed.fake.bodies();
    assert_eq!(bodies.len(), 3);
    assert!(bodies.iter().all(|body| body["payload"]["establishment"]["code"] == SECRET));
    assert_eq!(bodies[1]["payload"]["uploads"][0]["main"], true);
}

#[tokio::test(flavor = "multi_thread")]
async fn alter_then_delete_then_begin_anew() {
    let bed = Bed::new().await;
    let key = bed.open(SCHOOL).await;
    let path = format!("/{SCHOOL}");
    let (status, view) = bed.ask_with(&key, "PUT", &path, Some(json!({"griffe": "Other"}))).await;
    assert_eq!(
        (status.as_u16(), view["state"].as_str(), view["griffe"].as_str()),
        (200, Some("BCDIALTER"), Some("Lycée Jean Moulin"))
    );
    bed.until(SCHOOL, State::Ready).await;
    assert_eq!(bed.view(SCHOOL).await["griffe"], "Other");

    bed.answer(Work::Alter, failed("the licence is not valid"));
    assert_eq!(bed.ask("PUT", &path, Some(json!({"code": "x"}))).await.0, 200);
    bed.until(SCHOOL, State::Ready).await;
    let last = &bed.view(SCHOOL).await["last_operation"];
    assert_eq!(
        (&last["kind"], &last["state"], &last["message"]),
        (&json!("alter"), &json!("failed"), &json!("the licence is not valid"))
    );

    let (status, view) = bed.ask_with(&key, "DELETE", &path, None).await;
    assert_eq!((status.as_u16(), view["state"].as_str()), (200, Some("BCDIDELETE")));
    bed.until(SCHOOL, State::Deleted).await;
    assert_eq!(bed.ask_with(&key, "DELETE", &path, None).await.0, 410);
    assert_eq!(bed.ask_with(&key, "PUT", &path, Some(json!({"griffe": "x"}))).await.0, 409);
    assert!(bed.view(SCHOOL).await["connection"].is_null());

    let again = bed.create(SCHOOL).await;
    assert_ne!(again, key, "a new generation has a new key");
    assert_eq!(bed.ask_with(&key, "GET", &path, None).await.0, 401);
    assert_eq!(bed.ask_with(&again, "GET", &path, None).await.0, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_says_the_same_again_gets_the_same_key_and_nothing_runs_twice() {
    let bed = Bed::new().await;
    let key = bed.create(SCHOOL).await;
    bed.until(SCHOOL, State::DbWait).await;
    for _ in 0..3 {
        let (status, made) = bed.ask("POST", "", Some(document(SCHOOL))).await;
        assert_eq!(
            (status.as_u16(), made["key"].as_str(), made["state"].as_str()),
            (200, Some(key.as_str()), Some("BCDIDBWAIT"))
        );
    }
    let mut other = document(SCHOOL);
    other["griffe"] = json!("Other");
    let (status, trouble) = bed.ask("POST", "", Some(other)).await;
    assert_eq!((status.as_u16(), trouble["type"].as_str()), (404, Some("already-exists")));
    assert_eq!(bed.view(SCHOOL).await["griffe"], "Lycée Jean Moulin");
    assert_eq!(bed.fake.count(), 1);

    // After a restart the key is still the same.
    let bed = bed.again().await;
    assert_eq!(bed.create(SCHOOL).await, key);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_creation_that_failed_is_restarted_by_the_same_post() {
    let bed = Bed::new().await;
    bed.answer(Work::Create, failed("no room left"));
    let key = bed.create(SCHOOL).await;
    bed.until(SCHOOL, State::StartError).await;
    let view = bed.view(SCHOOL).await;
    assert_eq!(
        (&view["error"]["message"], &view["error"]["can_retry"]),
        (&json!("no room left"), &json!(true))
    );
    let (status, made) = bed.ask("POST", "", Some(document(SCHOOL))).await;
    assert_eq!(
        (status.as_u16(), made["key"].as_str(), made["state"].as_str()),
        (200, Some(key.as_str()), Some("START"))
    );
    bed.until(SCHOOL, State::DbWait).await;
    assert!(bed.view(SCHOOL).await["error"].is_null());
}

/// Everything that a POST can be refused for: 404, and which it is stands in the type.
#[tokio::test(flavor = "multi_thread")]
async fn every_refusal_of_a_post_is_a_404_with_its_type() {
    let bed = Bed::new().await;
    bed.create(NEIGHBOUR).await;
    let with = |change: fn(&mut Value)| {
        let mut said = document(SCHOOL);
        change(&mut said);
        said.to_string()
    };
    let mut other = document(NEIGHBOUR);
    other["griffe"] = json!("Other");
    let json = "application/json";
    let table: Vec<(&str, String, &str)> = vec![
        (json, "{".to_owned(), "invalid-json"),
        (json, "[".repeat(1000), "invalid-json"),
        (json, r#"{"rne":"0750655E","rne":"0750655E"}"#.to_owned(), "invalid-json"),
        (json, String::new(), "invalid-json"),
        (json, "[]".to_owned(), "invalid-request"),
        (json, "{}".to_owned(), "invalid-request"),
        (json, with(|said| said["rne"] = json!("0750655F")), "invalid-request"),
        (json, with(|said| said["griffe"] = json!("")), "invalid-request"),
        (json, with(|said| said["code"] = json!("x".repeat(101))), "invalid-request"),
        (json, with(|said| said["version"] = json!("XX")), "invalid-request"),
        (json, with(|said| said["extra"] = json!(1)), "invalid-request"),
        (json, with(|said| said["contact"] = json!({"mail": "nobody"})), "invalid-request"),
        (json, other.to_string(), "already-exists"),
        (json, format!("{{\"griffe\": \"{}\"}}", "x".repeat(100_000)), "too-large"),
        ("text/plain", document(SCHOOL).to_string(), "unsupported-media-type"),
        ("", document(SCHOOL).to_string(), "unsupported-media-type"),
    ];
    for (kind, body, wanted) in &table {
        let request = Request::post("/hosting/v1/establishments")
            .header("content-type", *kind)
            .header("accept-language", "fr");
        let (status, headers, bytes) =
            bed.send(request.body(Body::from(body.clone())).unwrap(), Some(client())).await;
        let trouble: Value = serde_json::from_slice(&bytes).unwrap();
        let said: String = body.chars().take(60).collect();
        assert_eq!((status.as_u16(), trouble["type"].as_str()), (404, Some(*wanted)), "{said}: {trouble}");
        assert_eq!(
            (headers["content-type"].to_str().unwrap(), trouble["status"].as_u64()),
            ("application/problem+json", Some(404))
        );
        let kind = Kind::ALL.iter().find(|kind| kind.word() == *wanted).unwrap();
        assert_eq!(trouble["title"], kind.title(http::page::Lang::Fr));
        if *wanted == "invalid-request" {
            assert!(
                trouble["errors"].as_array().unwrap().iter().all(|field| field["pointer"].is_string()),
                "{trouble}"
            );
        }
        assert!(!trouble.to_string().contains(SECRET), "{trouble}");
    }
    assert_eq!(bed.ask("GET", &format!("/{SCHOOL}"), None).await.0, 404, "nothing was made");
    // A hub that is about to stop is at fault itself.
    bed.hub.stop(std::time::Duration::ZERO).await;
    let (status, trouble) = bed.ask("POST", "", Some(document(SCHOOL))).await;
    assert_eq!((status.as_u16(), trouble["type"].as_str()), (503, Some("unavailable")), "{trouble}");
    assert!(trouble["retry_after"].as_u64().is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn both_settings_of_the_status_for_a_wrong_key() {
    for (strict, wanted) in [(false, 401), (true, 404)] {
        let bed = Bed::with(|settings| settings.strict_404 = strict).await;
        let key = bed.create(NEIGHBOUR).await;
        let bodies = Some(document(SCHOOL));
        for (caller, shown) in [
            (None, None),
            (None, Some("nonsense")),
            (None, Some(key.as_str())),
            (Some(token(Scope::READ)), None),
        ] {
            let (status, trouble) = bed.ask_as(caller, shown, "POST", "", bodies.clone()).await;
            assert_eq!(
                (status.as_u16(), trouble["type"].as_str()),
                (wanted, Some("unauthorized")),
                "{shown:?}"
            );
        }
        // Elsewhere it is 401 in any case.
        assert_eq!(bed.ask_with("nonsense", "GET", &format!("/{NEIGHBOUR}"), None).await.0, 401);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_opens_its_own_school_and_nothing_else() {
    let bed = Bed::new().await;
    let (key, other) = (bed.open(SCHOOL).await, bed.create(NEIGHBOUR).await);
    assert_ne!(key, other);
    let own = format!("/{SCHOOL}");
    for (method, path) in
        [("GET", own.as_str()), ("PUT", &own), ("DELETE", &own), ("GET", "/0000001B"), ("GET", "/nonsense")]
    {
        for wrong in [None, Some(other.as_str()), Some(""), Some("0")] {
            let (status, trouble) = bed.ask_as(None, wrong, method, path, Some(json!({"griffe": "x"}))).await;
            assert_eq!(status, 401, "{method} {path} {wrong:?}: {trouble}");
        }
    }
    // It is the school's own, not a client's: no list, no other key, no retry.
    for (method, path) in [("GET", ""), ("POST", ""), ("POST", "/0750655E/key"), ("POST", "/0750655E/retry")]
    {
        assert_eq!(bed.ask_with(&key, method, path, None).await.0, 401, "{method} {path}");
    }
    // A token with another scope is no client either.
    assert_eq!(bed.ask_as(Some(token(Scope::READ)), None, "GET", &own, None).await.0, 403);

    let (status, made) = bed.ask("POST", &format!("{own}/key"), None).await;
    assert_eq!(status, 200);
    let rotated = made["key"].as_str().unwrap();
    assert_eq!(
        (bed.ask_with(&key, "GET", &own, None).await.0, bed.ask_with(rotated, "GET", &own, None).await.0),
        (401.try_into().unwrap(), 200.try_into().unwrap())
    );
    assert_eq!(bed.create_again(SCHOOL).await, rotated, "it can be told again");
}

impl Bed {
    async fn create_again(&self, rne: &str) -> String {
        self.create(rne).await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_in_a_state_is_a_409_and_an_operator_retries_what_failed() {
    let bed = Bed::new().await;
    let held = bed.answers.gate.lock().await;
    bed.create(SCHOOL).await;
    let path = format!("/{SCHOOL}");
    assert_eq!(bed.ask("PUT", &path, Some(json!({"griffe": "x"}))).await.0, 409);
    let (status, trouble) = bed.ask("PUT", &path, Some(json!({"rne": NEIGHBOUR}))).await;
    assert_eq!((status.as_u16(), trouble["errors"][0]["pointer"].as_str()), (422, Some("/rne")));
    let operator = || Some(token(Scope::OPERATE));
    assert_eq!(bed.ask_as(operator(), None, "POST", &format!("{path}/retry"), None).await.0, 409);
    drop(held);
    bed.until(SCHOOL, State::DbWait).await;
    bed.answer(Work::Mount, failed("the main database is damaged"));
    bed.upload(SCHOOL, "a").await;
    bed.until(SCHOOL, State::UploadedError).await;
    assert_eq!(bed.view(SCHOOL).await["error"]["message"], "the main database is damaged");
    let (status, view) = bed.ask_as(operator(), None, "POST", &format!("{path}/retry"), None).await;
    assert_eq!((status.as_u16(), view["state"].as_str()), (200, Some("BCDIDBUPLOADED")));
    bed.until(SCHOOL, State::Ready).await;
    let mounts: Vec<_> = bed
        .fake
        .bodies()
        .into_iter()
        .filter(|body| body["payload"]["uploads"][0]["name"] == "main.zip")
        .collect();
    assert_eq!(mounts.len(), 3, "mounted twice, opened once, each time with the databases");
    assert!(
        mounts.iter().all(|body| body["payload"]["establishment"]["code"] == SECRET),
        "rebuilt, with the licence code"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_delete_waits_behind_what_is_under_way() {
    let bed = Bed::new().await;
    let held = bed.answers.gate.lock().await;
    bed.create(SCHOOL).await;
    let (status, view) = bed.ask("DELETE", &format!("/{SCHOOL}"), None).await;
    assert_eq!((status.as_u16(), view["state"].as_str()), (200, Some("BCDIDELETE")));
    assert_eq!(bed.ask("DELETE", &format!("/{SCHOOL}"), None).await.0, 200, "asked twice");
    drop(held);
    bed.until(SCHOOL, State::Deleted).await;
    let actions: Vec<_> = bed.fake.calls.lock().unwrap().iter().map(|call| call.action.clone()).collect();
    assert_eq!(actions, ["HOSTING_CREATE", "HOSTING_DELETE"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_secret_is_seen_by_whoever_looks_at_jobs_or_the_audit() {
    let bed = Bed::new().await;
    bed.open(SCHOOL).await;
    bed.ask("PUT", &format!("/{SCHOOL}"), Some(json!({"code": "other-licence-4712"}))).await;
    bed.until(SCHOOL, State::Ready).await;
    for job in testhub::jobs(&bed.hub).await {
        let story = bed.hub.story(job.id).await.unwrap();
        let result = bed.hub.result(job.id).await.unwrap();
        let said = format!("{story:?} {result:?}");
        for secret in [SECRET, PASSWORD, "other-licence-4712"] {
            assert!(!said.contains(secret), "{secret} in {said}");
        }
        assert!(said.contains("Seats") || !job.action.contains("OPEN"), "what is no secret is shown");
    }
    let found = bed.host.get(&SCHOOL.parse().unwrap()).await.unwrap();
    assert!(!format!("{found:?}").contains(SECRET));
    let audit = bed
        .hub
        .journal()
        .records(journal::RecordFilter::of(model::RecordKind::Audit), None, 100)
        .await
        .unwrap();
    for record in audit.rows {
        let body = bed.hub.journal().record_body(record.seq).await.unwrap();
        let said =
            format!("{record:?} {}", String::from_utf8_lossy(&body.map(|body| body.1).unwrap_or_default()));
        assert!(!said.contains(SECRET) && !said.contains("4712"), "{said}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_else_asks_backends_for_this() {
    let bed = Bed::new().await;
    bed.open(SCHOOL).await;
    bed.answer(Work::Delete, failed("disk"));
    bed.ask("DELETE", &format!("/{SCHOOL}"), None).await;
    testhub::until("the failure", async || bed.view(SCHOOL).await["last_operation"]["state"] == "failed")
        .await;
    assert_eq!(bed.state(SCHOOL).await, "BCDIDELETE");
    let job = testhub::jobs(&bed.hub).await.pop().unwrap();
    let refused = bed.hub.retry(job.id, &engine::Replay::default(), &support::actor()).await.unwrap_err();
    assert!(refused.to_string().contains("intendant hosting retry 0750655E"), "{refused}");
    let request = model::Request::new("http", "HOSTING_DELETE", json!({"concernedTo": SCHOOL}));
    let accepted = bed.hub.accept(request, model::Effects::default()).await.unwrap();
    assert!(
        matches!(accepted, engine::Accepted::Refused(why) if why.code.as_str() == "asked_by_its_lifecycle")
    );
    // The way that is named works.
    assert_eq!(
        bed.ask_as(Some(token(Scope::OPERATE)), None, "POST", &format!("/{SCHOOL}/retry"), None).await.0,
        200
    );
    bed.until(SCHOOL, State::Deleted).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_ready_state_is_spelt_as_it_is_set() {
    let bed = Bed::with(|settings| settings.ready_code = "BCDIREDADY").await;
    bed.open(SCHOOL).await;
    let view = bed.view(SCHOOL).await;
    assert_eq!((&view["state"], &view["state_aliases"]), (&json!("BCDIREDADY"), &json!(["BCDIREADY"])));
    assert_eq!(view["history"].as_array().unwrap().last().unwrap()["state"], "BCDIREDADY");
    let (_, page) = bed.ask("GET", "?state=BCDIREADY", None).await;
    assert_eq!(page["establishments"].as_array().unwrap().len(), 1);
    assert_eq!(bed.ask("GET", "?state=X", None).await.0, 400);
}

#[tokio::test(flavor = "multi_thread")]
async fn time_left_is_told_also_for_the_first_school_ever() {
    let bed = Bed::new().await;
    bed.create(SCHOOL).await;
    bed.until(SCHOOL, State::DbWait).await;
    assert!(bed.view(SCHOOL).await["eta_seconds"].is_null());
    let held = bed.answers.gate.lock().await;
    bed.upload(SCHOOL, "a").await;
    let eta = bed.view(SCHOOL).await["eta_seconds"].as_u64().unwrap();
    assert!((800..=900).contains(&eta), "what is configured: {eta}");
    drop(held);
    bed.until(SCHOOL, State::Ready).await;
    // From now on the past counts: this one took less than a few seconds.
    bed.create(NEIGHBOUR).await;
    bed.until(NEIGHBOUR, State::DbWait).await;
    let _held = bed.answers.gate.lock().await;
    bed.upload(NEIGHBOUR, "b").await;
    let eta = bed.view(NEIGHBOUR).await["eta_seconds"].as_u64().unwrap();
    assert!(eta < 800, "{eta}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ticket_leads_to_the_upload_page_of_its_school() {
    let bed = Bed::new().await;
    let key = bed.create(SCHOOL).await;
    let path = format!("/{SCHOOL}/upload-tickets");
    for (status, made) in [bed.ask_with(&key, "POST", &path, None).await, bed.ask("POST", &path, None).await]
    {
        assert_eq!(status, 201, "{made}");
        let url = made["url"].as_str().unwrap();
        assert!(
            url.starts_with("https://hub.example/hosting/v1/upload/tickets/") && !url.contains(&key),
            "{url}"
        );
        assert!(made["expires_at"].is_string());
    }
    assert_eq!(bed.ask_as(None, None, "POST", &path, None).await.0, 401);
    assert_eq!(bed.ask("POST", "/0750654D/upload-tickets", None).await.0, 404);
}
