//! A register on a real journal, with a backend whose every answer the test decides, reached over TCP.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    dead_code,
    unreachable_pub
)]

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode};
use engine::port::{Backend, BackendEntry, BoxFuture, Call, Catalogue, Control};
use engine::{ActionTable, Actor, Hub, Setup};
use http::{Caller, KnownScopes, Role};
use intendant_identities::api::{self, Api};
use intendant_identities::schedule::Schedule;
use intendant_identities::state::State;
use intendant_identities::{Follow, Register};
use model::{ActionSpec, Class, Destructive, OnError, Outcome, RetryPolicy};
use serde_json::{Value, json};
use tempfile::TempDir;
use testkit::gate::Gate;
use tower::ServiceExt as _;

pub use testhub::LONG;

/// Fails for documents that say so, and keeps what it was asked.
#[derive(Default)]
pub struct Fake {
    /// What it was asked: action and document.
    pub asked: Mutex<Vec<(String, Value)>>,
    /// While this is held, nothing is answered.
    pub gate: tokio::sync::Mutex<()>,
}

impl Backend for Fake {
    fn run(&self, call: Call, mut control: Control) -> BoxFuture<'_, Outcome> {
        let body = (*call.body).clone();
        self.asked.lock().unwrap().push((call.action.to_string(), body.clone()));
        Box::pin(async move {
            tokio::select! {
                _ = self.gate.lock() => {}
                _ = control.stop.wait_for(Option::is_some) => {
                    return testhub::interrupted();
                }
            }
            let title = body.pointer("/payload/identity/identity/inetOrgPerson/title");
            if title == Some(&json!("fail")) {
                return Outcome::hard(1, model::word::code::FAILED, "the title is not allowed");
            }
            Outcome { message: Some("written".to_owned()), ..Outcome::done() }
        })
    }
}

pub struct Bed {
    pub hub: Hub,
    pub register: Register,
    pub routes: Router,
    pub fake: Arc<Fake>,
    /// Commits of identities and jobs are told while it is open: until then nobody is answered either.
    pub gate: Arc<Gate>,
    folder: TempDir,
}

pub fn actor() -> Actor {
    Actor("account:alice".to_owned())
}

impl Bed {
    pub async fn new() -> Self {
        Bed::on(tempfile::tempdir().unwrap()).await
    }

    /// On a journal that may be there already.
    async fn on(folder: TempDir) -> Self {
        let fake = Arc::new(Fake::default());
        let gate = Arc::<Gate>::default();
        let held =
            |committed: &journal::Committed| !(committed.entities.is_empty() && committed.due.is_empty());
        let journal = testhub::open_behind(&gate, held, folder.path());
        let catalogue = Catalogue { entries: vec![entry(Arc::clone(&fake))] };
        let setup = Setup { reactors: vec![Arc::new(Follow)], ..Setup::new(catalogue, actions()) };
        let hub = testhub::start(journal, setup).await;
        let register = Register::new(hub.clone());
        let api = Api::new(register.clone(), Schedule::never());
        let routes = http::frame(api::routes(api).split_for_parts().0);
        Bed { hub, register, routes, fake, gate, folder }
    }

    /// The same after a stop and a start.
    pub async fn again(self) -> Self {
        self.hub.stop(Duration::ZERO).await;
        let Bed { folder, .. } = self;
        Bed::on(folder).await
    }

    /// Asks as somebody with a role; status and answer.
    pub async fn ask(&self, method: &str, path: &str, body: Option<Value>) -> (StatusCode, Value) {
        let request = Request::builder().method(method).uri(path).header("content-type", "application/json");
        self.send(request.body(body.map_or(Body::empty(), |body| Body::from(body.to_string()))).unwrap())
            .await
    }

    pub async fn send(&self, mut request: Request<Body>) -> (StatusCode, Value) {
        request.extensions_mut().insert(Caller::of_socket(0));
        let response = self.routes.clone().oneshot(request).await.unwrap();
        let status = response.status();
        let bytes = axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap();
        let text = String::from_utf8(bytes.to_vec()).unwrap();
        (status, serde_json::from_str(&text).unwrap_or(Value::String(text)))
    }

    /// Sends a form with a file, and a mapping; the report.
    pub async fn import(&self, query: &str, name: &str, file: &str, mapping: &str) -> Value {
        let (status, answer) = self.send(form(query, name, file, mapping)).await;
        assert_eq!(status, 200, "{answer}");
        let last = match &answer {
            Value::String(lines) => serde_json::from_str(lines.lines().last().unwrap()).unwrap(),
            line => line.clone(),
        };
        last["report"].clone()
    }

    /// Waits until no identity is synchronising.
    pub async fn at_rest(&self) {
        let rest = async {
            let mut events = self.hub.events();
            while self.register.counts().await.unwrap().contains_key(&State::Synchronising) {
                let _ = tokio::time::timeout(Duration::from_millis(200), events.recv()).await;
            }
        };
        tokio::time::timeout(LONG, rest).await.expect("it takes too long");
    }

    pub async fn state(&self, id: &str) -> State {
        self.register.get(id).await.unwrap().state
    }

    /// Adds identities that are to be synchronised.
    pub async fn ready(&self, ids: &[&str]) {
        for id in ids {
            self.register.create(person(id), &actor()).await.unwrap();
        }
        let ids = ids.iter().map(|id| (*id).to_owned()).collect();
        let moved = self
            .register
            .move_to(intendant_identities::register::Selection::Ids(ids), State::ToSynchronise, &actor())
            .await
            .unwrap();
        assert_eq!(moved.left, 0);
    }
}

/// A form as browsers send it.
pub fn form(query: &str, name: &str, file: &str, mapping: &str) -> Request<Body> {
    form_of(query, name, file.as_bytes(), mapping)
}

/// The same with a file of any bytes.
pub fn form_of(query: &str, name: &str, file: &[u8], mapping: &str) -> Request<Body> {
    let head = format!("--X\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{name}\"\r\n\r\n");
    let tail =
        format!("\r\n--X\r\nContent-Disposition: form-data; name=\"mapping\"\r\n\r\n{mapping}\r\n--X--\r\n");
    Request::post(format!("/api/v1/identities/import{query}"))
        .header("content-type", "multipart/form-data; boundary=X")
        .body(Body::from([head.as_bytes(), file, tail.as_bytes()].concat()))
        .unwrap()
}

pub fn person(id: &str) -> Value {
    json!({"_id": id, "inetOrgPerson": {"uid": id, "cn": format!("{id} Of"), "sn": "Of"}})
}

pub fn caller(role: Role) -> Caller {
    Caller { scopes: KnownScopes::with([intendant_identities::SCOPE]).of(role), ..Caller::of_socket(0) }
}

const ACTIONS: [&str; 6] = [
    "IDENTITY_UPDATE",
    "IDENTITY_DELETE",
    "IDENTITY_ENABLE",
    "IDENTITY_DISABLE",
    "IDENTITY_PASSWORD_CHANGE",
    "IDENTITY_PASSWORD_RESET",
];

fn entry(fake: Arc<Fake>) -> BackendEntry {
    testhub::entry("10fake", fake, &ACTIONS, testhub::mapping(OnError::Stop, Some(RetryPolicy::NONE)))
}

fn actions() -> ActionTable {
    let spec = |action: &str| ActionSpec {
        class: if action.contains("PASSWORD") { Class::Interactive } else { Class::Bulk },
        destructive: (action == "IDENTITY_DELETE").then_some(Destructive::Delete),
        secrets: vec!["/payload/newPassword".to_owned(), "/payload/oldPassword".to_owned()],
        ..ActionSpec::default()
    };
    ActionTable::new(ACTIONS.map(|action| (action.to_owned(), spec(action)))).unwrap()
}
