//! Webhooks on a real hub, posted to a real server: what it gets, and what happens when it does not take it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use engine::port::{Backend, BoxFuture, Call, Catalogue, Control};
use engine::{Accepted, ActionTable, Clock, Hub, Setup};
use intendant_notify::{COURIER, EventType, Hook, SigningKey, Webhooks};
use model::{DeliveryState, Effects, JobId, OnError, Outcome, Request, RetryPolicy};
use ring::hmac;
use serde_json::{Value, json};
use tempfile::TempDir;

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// Somebody who takes webhooks, and answers as it is told.
#[derive(Clone, Default)]
struct Taker {
    got: Arc<Mutex<Vec<(HeaderMap, Bytes)>>>,
    answer: Arc<AtomicU16>,
}

impl Taker {
    async fn listen() -> (Self, String) {
        let taker = Taker { answer: Arc::new(AtomicU16::new(204)), ..Taker::default() };
        let routes = Router::new().route("/hook", post(take)).with_state(taker.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hook", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, routes).await });
        (taker, url)
    }

    /// What came, once so much has come.
    async fn got(&self, count: usize) -> Vec<(HeaderMap, Value)> {
        let waited = tokio::time::timeout(Duration::from_mins(1), async {
            while self.got.lock().unwrap().len() < count {
                tokio::task::yield_now().await;
            }
        });
        waited.await.expect("nothing came");
        let got = self.got.lock().unwrap().clone();
        got.into_iter().map(|(headers, body)| (headers, serde_json::from_slice(&body).unwrap())).collect()
    }
}

async fn take(State(taker): State<Taker>, headers: HeaderMap, body: Bytes) -> StatusCode {
    taker.got.lock().unwrap().push((headers, body));
    StatusCode::from_u16(taker.answer.load(Ordering::SeqCst)).unwrap()
}

/// Fails when it is asked to.
struct Fails;

impl Backend for Fails {
    fn run(&self, call: Call, _: Control) -> BoxFuture<'_, Outcome> {
        let fails = call.body["payload"]["fail"] == true;
        Box::pin(async move {
            if fails {
                Outcome::hard(3, model::Code::from_static("refused"), "no such group")
            } else {
                Outcome::done()
            }
        })
    }
}

async fn hub(url: &str, hook: impl FnOnce(Hook) -> Hook) -> (Hub, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let mapping = testhub::mapping(OnError::Continue, Some(RetryPolicy::NONE));
    let entry = testhub::entry("10ldap", Arc::new(Fails), &["IDENTITY_UPDATE"], mapping);
    let plain = Hook {
        url: url.to_owned(),
        key: SigningKey::parse(SECRET).unwrap(),
        events: Vec::new(),
        actions: Vec::new(),
        sources: Vec::new(),
    };
    let hooks = BTreeMap::from([("crm".to_owned(), hook(plain))]);
    let webhooks = Arc::new(Webhooks::new(hooks, Clock::system()).unwrap());
    let catalogue = Catalogue { entries: vec![entry] };
    let setup = Setup {
        reactors: vec![Arc::clone(&webhooks) as _],
        couriers: HashMap::from([(COURIER.to_owned(), webhooks as _)]),
        ..Setup::new(catalogue, ActionTable::new([]).unwrap())
    };
    (testhub::start(testhub::open(folder.path()), setup).await, folder)
}

async fn ended(hub: &Hub, fail: bool) -> JobId {
    let body = json!({"concernedTo": "alice", "payload": {"fail": fail, "password": "hunter2-hunter2"}});
    let request = Request::new("http".to_owned(), "IDENTITY_UPDATE".to_owned(), body);
    let Accepted::New(job) = hub.accept(request, Effects::default()).await.unwrap() else {
        panic!("not new")
    };
    hub.wait(job, Duration::from_mins(1)).await.unwrap();
    job
}

#[tokio::test(flavor = "multi_thread")]
async fn the_end_of_a_job_is_told_signed_and_without_its_payload() {
    let (taker, url) = Taker::listen().await;
    let (hub, _folder) = hub(&url, |hook| hook).await;
    let job = ended(&hub, true).await;
    let (headers, document) = taker.got(1).await.remove(0);
    assert_eq!(document["type"], "job.failed");
    assert_eq!(document["data"]["id"], job.to_string());
    assert_eq!(document["data"]["subject"], "identity:alice");
    assert_eq!(document["data"]["steps"][0]["backend"], "10ldap");
    assert_eq!(document["data"]["steps"][0]["message"], "no such group");
    assert!(!document.to_string().contains("hunter2"), "{document}");

    let text = |name: &str| headers[name].to_str().unwrap().to_owned();
    let raw = taker.got.lock().unwrap()[0].1.clone();
    let signed = [format!("{}.{}.", text("webhook-id"), text("webhook-timestamp")).as_bytes(), &raw].concat();
    let key = hmac::Key::new(hmac::HMAC_SHA256, &BASE64_STANDARD.decode(&SECRET[6..]).unwrap());
    let signature = text("webhook-signature");
    let tag = BASE64_STANDARD.decode(signature.strip_prefix("v1,").unwrap()).unwrap();
    hmac::verify(&key, &signed, &tag).expect("the signature is wrong");
    let delivery = hub.journal().deliveries_of(job).await.unwrap().remove(0);
    assert_eq!(delivery.id.0.to_string(), text("webhook-id"));
    hub.stop(Duration::ZERO).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn only_what_is_wanted_is_told() {
    let (taker, url) = Taker::listen().await;
    let (hub, _folder) = hub(&url, |hook| Hook {
        events: vec![EventType::Failed],
        actions: vec!["IDENTITY_*".to_owned()],
        sources: vec!["http".to_owned()],
        ..hook
    })
    .await;
    let succeeded = ended(&hub, false).await;
    let failed = ended(&hub, true).await;
    assert_eq!(taker.got(1).await[0].1["data"]["id"], failed.to_string());
    assert!(hub.journal().deliveries_of(succeeded).await.unwrap().is_empty());
    hub.stop(Duration::ZERO).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_taken_stays_and_what_is_not_wanted_is_given_up() {
    let (taker, url) = Taker::listen().await;
    let (hub, _folder) = hub(&url, |hook| hook).await;
    taker.answer.store(500, Ordering::SeqCst);
    let job = ended(&hub, false).await;
    taker.got(1).await;
    let delivery = until(&hub, job, |delivery| delivery.attempts == 1).await;
    assert_eq!(delivery.state, DeliveryState::Pending);
    assert!(delivery.message.unwrap().contains("500"));

    // The same one, five seconds later.
    taker.answer.store(410, Ordering::SeqCst);
    let got = taker.got(2).await;
    assert_eq!(got[0].0["webhook-id"], got[1].0["webhook-id"]);
    let delivery = until(&hub, job, |delivery| delivery.state != DeliveryState::Pending).await;
    assert!(delivery.message.unwrap().contains("410"), "given up");
    hub.stop(Duration::ZERO).await;
}

async fn until(hub: &Hub, job: JobId, so: impl Fn(&model::Delivery) -> bool) -> model::Delivery {
    tokio::time::timeout(Duration::from_mins(1), async {
        loop {
            let delivery = hub.journal().deliveries_of(job).await.unwrap().remove(0);
            if so(&delivery) {
                return delivery;
            }
            tokio::task::yield_now().await;
        }
    })
    .await
    .expect("it did not become so")
}
