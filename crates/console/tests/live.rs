//! The live stream of the pages.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod support;

use axum::body::Body;
use axum::http::Request;
use futures_util::StreamExt as _;
use http::Role;
use serde_json::json;
use support::{Bed, LONG, person};
use tower::ServiceExt as _;

/// The words of a stream, as they come.
async fn follow(bed: &Bed, about: &str) -> axum::body::BodyDataStream {
    let mut request = Request::get(format!("/live?{about}")).body(Body::empty()).unwrap();
    request.extensions_mut().insert(person(Role::Viewer));
    let response = bed.router().oneshot(request).await.unwrap();
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    response.into_body().into_data_stream()
}

async fn word(stream: &mut axum::body::BodyDataStream) -> String {
    let chunk = tokio::time::timeout(LONG, stream.next()).await.expect("nothing is said").unwrap().unwrap();
    String::from_utf8(chunk.to_vec()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_burst_is_few_words() {
    let bed = Bed::done().await;
    let mut stream = follow(&bed, "on=jobs").await;
    for n in 0..50 {
        bed.ended("DO", &format!("s{n}"), json!({})).await;
    }
    assert_eq!(word(&mut stream).await, "data: changed\n\n");
    assert_eq!(word(&mut stream).await, "data: changed\n\n");
    // Everything above happened before the second word: what follows is the passing of time, or a new job.
    bed.ended("DO", "new", json!({})).await;
    assert_eq!(word(&mut stream).await, "data: changed\n\n");
}

#[tokio::test]
async fn a_viewer_may_listen_and_a_stranger_may_not() {
    let bed = Bed::done().await;
    let request = Request::get("/live?on=jobs").body(Body::empty()).unwrap();
    assert_eq!(bed.send(None, request).await.status, 401);
}
