//! Notifications: to whom they go, what each process makes of them, and what whoever asked is told.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod support;

use axum::body::Body;
use axum::http::Request;
use futures_util::StreamExt as _;
use http::Caller;
use mapistore_wire::{FromProcess, code};
use serde_json::{Value, json};
use support::{Bed, Speaker, until};
use tower::ServiceExt as _;

const ALICE: &str = "SOGo|alice|alice";
const PATH: &str = "/api/v1/notifications";

fn mail() -> Value {
    json!({ "backend": "SOGo", "vuser": "alice", "folder": "inbox", "message_id": "42" })
}

/// A process that has registered alice and makes URIs.
async fn manager(bed: &Bed, instance: u8) -> Speaker {
    let mut samba = Speaker::new(bed, instance).await;
    let manages = FromProcess::Manager { backend: "SOGo", present: true };
    samba.set(ALICE, 1).say(manages).sync().await;
    samba
}

/// Answers the next notification; the word in which it came.
async fn answer(samba: &mut Speaker, code: i32, uri: Option<&str>) -> String {
    let word = samba.hear().await.unwrap();
    let id = word.split(' ').nth(1).unwrap().parse().unwrap();
    samba.say(FromProcess::Answer { id, code, uri }).flush().await;
    word
}

#[tokio::test(flavor = "multi_thread")]
async fn who_cannot_be_told_is_told_so_and_makes_no_job() {
    let bed = Bed::new().await;
    let mut samba = Speaker::new(&bed, 1).await;
    let refused = async |status: u16, code: &str| {
        let (answered, problem) = bed.ask("POST", PATH, Some(mail())).await;
        assert_eq!((answered.as_u16(), problem["code"].as_str()), (status, Some(code)), "{problem}");
        problem["detail"].as_str().unwrap().to_owned()
    };
    assert!(refused(404, "not_registered").await.starts_with("User not registered"));
    samba.set("Other|alice|alice", 1).set("SOGo|alice|bob", 1).sync().await;
    refused(404, "not_registered").await;
    samba.set(ALICE, 1).sync().await;
    assert!(refused(501, "not_implemented").await.contains("manager interface missing"));
    samba.say(FromProcess::Manager { backend: "Other", present: true }).sync().await;
    refused(501, "not_implemented").await;
    let (_, page) = bed.ask("GET", "/api/v1/registrations?backend=SOGo&vuser=alice", None).await;
    assert_eq!(page["registrations"][0]["manager"], false);
    // It lives, and may come back.
    drop(samba);
    until("the end of the connection", async || {
        let (_, page) = bed.ask("GET", "/api/v1/registrations?vuser=alice&backend=SOGo", None).await;
        page["registrations"][0]["holders"][0]["connected"] == false
    })
    .await;
    refused(409, "not_connected").await;
    let jobs = testhub::jobs(&bed.hub).await;
    assert!(jobs.iter().all(|job| job.action != "USER_NOTIFICATION"), "{jobs:?}");
    let (status, _) =
        bed.ask("POST", PATH, Some(json!({ "backend": "SOGo", "vuser": "a", "folde": "x" }))).await;
    assert_eq!(status, 400);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_notification_goes_to_the_process_and_comes_back_with_its_uri() {
    let bed = Bed::new().await;
    let mut samba = manager(&bed, 1).await;
    let uri = "sogo://alice:*@inbox/42.eml";
    let (asked, word) =
        tokio::join!(bed.ask("POST", PATH, Some(mail())), answer(&mut samba, code::SUCCESS, Some(uri)),);
    assert!(word.ends_with(r#"alice Some("inbox") Some("42") None"#), "{word}");
    let (status, answered) = asked;
    assert_eq!(status, 200, "{answered}");
    assert_eq!(answered["told"]["users"], json!(["alice"]));
    let handed = &answered["told"]["processes"][0];
    assert_eq!((&handed["taken"], &handed["code"], &handed["uri"]), (&json!(true), &json!(0), &json!(uri)));
    assert_eq!(handed["pid"], std::process::id());
    let job = answered["job"].as_str().unwrap().parse().unwrap();
    let story = bed.hub.story(job).await.unwrap();
    let (_, outcome) = story.attempts.last().unwrap();
    let notice = &outcome.as_ref().unwrap().notices[0];
    assert_eq!(notice.name, "notify.openchange.message", "what a bus sends on");
    assert_eq!(notice.data["processes"][0]["uri"], uri);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_callback_that_fails_is_told_with_its_number_process_by_process() {
    let bed = Bed::new().await;
    let (mut first, mut second) = (manager(&bed, 1).await, manager(&bed, 2).await);
    let (asked, ..) = tokio::join!(
        bed.ask("POST", PATH, Some(mail())),
        answer(&mut first, code::ERROR, None),
        answer(&mut second, code::NOT_INITIALIZED, None),
    );
    let (status, problem) = asked;
    assert_eq!((status.as_u16(), problem["code"].as_str()), (502, Some("callback_failed")), "{problem}");
    let mut codes: Vec<i64> =
        problem["processes"].as_array().unwrap().iter().map(|p| p["code"].as_i64().unwrap()).collect();
    codes.sort_unstable();
    assert_eq!(codes, [1, 4]);
    assert!(problem["detail"].as_str().unwrap().contains("Not initialized"), "{problem}");
    // One that takes it is enough.
    let (asked, ..) = tokio::join!(
        bed.ask("POST", PATH, Some(mail())),
        answer(&mut first, code::ERROR, None),
        answer(&mut second, code::SUCCESS, Some("sogo://x")),
    );
    assert_eq!(asked.0, 200, "{}", asked.1);
    assert_eq!(asked.1["told"]["processes"].as_array().unwrap().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_goes_away_in_the_middle_has_not_taken_it() {
    let bed = Bed::new().await;
    let mut samba = manager(&bed, 1).await;
    let (asked, ()) = tokio::join!(bed.ask("POST", PATH, Some(mail())), async {
        samba.hear().await.unwrap();
        drop(samba);
    });
    let (status, problem) = asked;
    assert_eq!(status, 502, "{problem}");
    assert!(problem["detail"].as_str().unwrap().contains("lost before it answered"), "{problem}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_notification_handed_in_twice_tells_once() {
    let bed = Bed::new().await;
    let mut samba = manager(&bed, 1).await;
    let ask = async || {
        let request = Request::post(PATH).header("content-type", "application/json");
        let mut request =
            request.header("idempotency-key", "mail-42").body(Body::from(mail().to_string())).unwrap();
        request.extensions_mut().insert(Caller::of_socket(0));
        bed.routes.clone().oneshot(request).await.unwrap().status()
    };
    let (first, _) = tokio::join!(ask(), answer(&mut samba, 0, Some("sogo://x")));
    assert_eq!((first.as_u16(), ask().await.as_u16()), (200, 200));
    // What comes next was asked for after both.
    let word = async {
        let (_, word) = tokio::join!(
            bed.ask("POST", PATH, Some(json!({ "backend": "SOGo", "vuser": "alice", "message_id": "next" }))),
            answer(&mut samba, 0, None),
        );
        word
    };
    assert!(word.await.contains("next"));
}

#[tokio::test(flavor = "multi_thread")]
async fn who_listens_hears_who_comes_goes_and_is_notified() {
    let bed = Bed::new().await;
    let request = |path: &str| {
        let mut request = Request::get(path).body(Body::empty()).unwrap();
        request.extensions_mut().insert(Caller::of_socket(0));
        request
    };
    let listen =
        bed.routes.clone().oneshot(request("/api/v1/registrations/events?vuser=alice")).await.unwrap();
    assert_eq!(listen.headers()["content-type"], "text/event-stream");
    let mut pieces = listen.into_body().into_data_stream();
    let mut samba = manager(&bed, 1).await;
    samba.set("SOGo|bob|bob", 1).sync().await;
    let (asked, _) =
        tokio::join!(bed.ask("POST", PATH, Some(mail())), answer(&mut samba, 0, Some("sogo://x")));
    assert_eq!(asked.0, 200);
    samba.say(FromProcess::Goodbye).flush().await;
    let mut text = String::new();
    testhub::in_time(async {
        while !text.contains("vanished") {
            text += std::str::from_utf8(&pieces.next().await.unwrap().unwrap()).unwrap();
        }
    })
    .await
    .expect("the end");
    let events: Vec<&str> = text.lines().filter_map(|line| line.strip_prefix("event: ")).collect();
    assert_eq!(events, ["appeared", "notified", "vanished"], "{text}");
    assert!(!text.contains("bob"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_listing_says_who_is_where_and_by_whom() {
    let bed = Bed::new().await;
    let mut samba = manager(&bed, 1).await;
    for n in 0..5 {
        samba.set(&format!("SOGo|u{n}|x/y"), 1).set(&format!("SOGo|u{n}|p?&q"), n + 1);
    }
    samba.sync().await;
    let (mut names, mut path) = (Vec::new(), "/api/v1/registrations?limit=4&text=u".to_owned());
    loop {
        let (status, page) = bed.ask("GET", &path, None).await;
        assert_eq!(status, 200, "{page}");
        names.extend(
            page["registrations"]
                .as_array()
                .unwrap()
                .iter()
                .map(|one| one["user"].as_str().unwrap().to_owned()),
        );
        let Some(next) = page["next"].as_str() else { break };
        let mut query = http::Query::new("/api/v1/registrations");
        query.add("limit", Some(4));
        query.add("text", Some("u"));
        query.add("after", Some(next));
        path = query.finish();
    }
    names.sort();
    assert_eq!(names.len(), 10, "{names:?}");
    let (_, users) = bed.ask("GET", "/api/v1/registrations/users?backend=SOGo&vuser=p%3F%26q", None).await;
    assert_eq!(users["users"], json!(["u0", "u1", "u2", "u3", "u4"]));
    let (_, page) = bed.ask("GET", "/api/v1/registrations?user=alice", None).await;
    let alice = &page["registrations"][0];
    assert_eq!((&alice["count"], &alice["manager"]), (&json!(1), &json!(true)));
    assert_eq!(alice["holders"][0]["program"], "samba");
    assert!(alice["since"].is_string());
    assert_eq!(bed.ask("GET", "/api/v1/registrations?after=nonsense", None).await.0, 400);
    assert_eq!(bed.ask("GET", "/api/v1/registrations?uzer=alice", None).await.0, 400);
}
