//! Somebody who is told how jobs end, by webhooks, and who notes what came.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use serde_json::Value;

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// By job: the ids of what came about it, and how often something did.
type Got = Arc<Mutex<HashMap<String, (BTreeSet<String>, usize)>>>;

#[derive(Clone, Default)]
pub(crate) struct Sink {
    got: Got,
    port: u16,
}

impl Sink {
    pub(crate) async fn listen() -> Sink {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let sink = Sink { got: Got::default(), port: listener.local_addr().unwrap().port() };
        let routes = Router::new().route("/hook", post(take)).with_state(Arc::clone(&sink.got));
        tokio::spawn(async move { axum::serve(listener, routes).await });
        sink
    }

    /// The lines of configuration by which a hub tells it.
    pub(crate) fn lines(&self) -> String {
        let port = self.port;
        format!("webhooks:\n  sink:\n    url: http://127.0.0.1:{port}/hook\n    secret: {SECRET}\n")
    }

    /// Whether it was told of all these jobs.
    pub(crate) fn knows(&self, jobs: &[String]) -> bool {
        let got = self.got.lock().unwrap();
        jobs.iter().all(|job| got.contains_key(job))
    }

    /// That each of these jobs has ended was told once, or again under the same id; how often it was told again.
    pub(crate) fn judge(&self, jobs: &[String]) -> usize {
        let got = self.got.lock().unwrap();
        let told = |job: &String| {
            let (ids, times) = got.get(job).unwrap_or_else(|| panic!("nobody was told of {job}"));
            assert_eq!(ids.len(), 1, "{job} has ended more than once: {ids:?}");
            times - 1
        };
        jobs.iter().map(told).sum()
    }
}

async fn take(State(got): State<Got>, headers: HeaderMap, body: Bytes) -> StatusCode {
    let id = headers["webhook-id"].to_str().unwrap().to_owned();
    let body: Value = serde_json::from_slice(&body).unwrap();
    let job = body["data"]["id"].as_str().unwrap().to_owned();
    let mut got = got.lock().unwrap();
    let (ids, times) = got.entry(job).or_default();
    ids.insert(id);
    *times += 1;
    StatusCode::NO_CONTENT
}
