//! Who sees what, and what those see who may not.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod support;

use axum::body::Body;
use axum::http::{Request, StatusCode};
use http::Role;
use support::{Bed, person};

#[tokio::test]
async fn who_is_not_signed_in_is_asked_to() {
    let bed = Bed::done().await;
    let page = bed.get_as(None, "/jobs?state=failed", "en").await;
    assert_eq!(page.status, StatusCode::SEE_OTHER);
    assert_eq!(page.location(), "/sign-in?to=%2Fjobs%3Fstate%3Dfailed");
    let posted = bed.post_as(None, "/backends/10first/pause", &[("pause", "1")]).await;
    assert_eq!(posted.location(), "/sign-in?to=%2F");
    assert!(!bed.hub.backends()[0].paused);
    let fragment =
        Request::get("/jobs").header("hx-request", "true").header("hx-current-url", "http://hub/jobs?a=b");
    let fragment = bed.send(None, fragment.body(Body::empty()).unwrap()).await;
    assert_eq!(fragment.headers["hx-redirect"], "/sign-in?to=%2Fjobs%3Fa%3Db");
    let program = bed.send(None, Request::get("/jobs").body(Body::empty()).unwrap()).await;
    assert_eq!(program.status, StatusCode::UNAUTHORIZED, "a program is told so");
}

#[tokio::test]
async fn what_is_not_allowed_is_a_page_that_says_so() {
    let bed = Bed::done().await;
    let viewer = || Some(person(Role::Viewer));
    let answer = bed.post_as(viewer(), "/backends/10first/pause", &[("pause", "1")]).await;
    assert_eq!(answer.status, StatusCode::FORBIDDEN);
    assert!(
        answer.html.contains("<h1>You may not do this</h1>") && answer.html.contains("your role is viewer")
    );
    assert!(!bed.hub.backends()[0].paused);
    for path in ["/audit", "/settings", "/submit"] {
        assert_eq!(bed.get_as(viewer(), path, "en").await.status, StatusCode::FORBIDDEN, "{path}");
    }
    let seen = bed.get_as(viewer(), "/", "en").await.html;
    assert!(
        !seen.contains("href=\"/audit\"") && !seen.contains("href=\"/submit\""),
        "no link leads to a closed door"
    );
}

#[tokio::test]
async fn an_unknown_place_is_a_page_too() {
    let bed = Bed::done().await;
    for path in [
        "/nowhere",
        "/jobs/nonsense",
        "/backends/none",
        "/audit/77",
        "/jobs/019a0000-0000-7000-8000-000000000000",
    ] {
        let answer = bed.get(path).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{path}");
        assert!(answer.html.contains("<h1>There is nothing here</h1>"), "{path}");
    }
}

#[tokio::test]
async fn files_are_for_everybody_and_for_ever() {
    let bed = Bed::done().await;
    let page = bed.get("/").await.html;
    let style = page.split("rel=\"stylesheet\" href=\"").nth(1).unwrap().split('"').next().unwrap();
    let answer = bed.get_as(None, style, "en").await;
    assert_eq!(answer.status, StatusCode::OK);
    assert!(answer.headers["cache-control"].to_str().unwrap().contains("immutable"));
}

#[tokio::test]
async fn no_page_carries_script_or_style_of_its_own() {
    let bed = Bed::new().await;
    for path in ["/", "/jobs", "/backends", "/submit?action=STRICT", "/settings", "/failsafe"] {
        let html = bed.get(path).await.html;
        assert!(
            !html.contains(" style=") && !html.contains("<style") && !html.contains(" onclick="),
            "{path}"
        );
        assert_eq!(html.matches("<script").count(), html.matches("<script src=\"/assets/").count(), "{path}");
        assert!(!html.contains("http://") && !html.contains("https://"), "{path} names another host");
    }
}
