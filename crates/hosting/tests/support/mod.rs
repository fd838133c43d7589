//! Establishments on a real journal, with a backend whose every answer the test decides.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    dead_code,
    unreachable_pub
)]

use std::collections::{HashMap, VecDeque};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Request, StatusCode};
use engine::port::{Call, Catalogue, Control, Reporter};
use engine::{ActionTable, Actor, Clock, Hub, Setup, Wiring};
use http::{Caller, Proof, Scope, Scopes};
use intendant_hosting::api::{self, Api};
use intendant_hosting::host::{Doors, Looked};
use intendant_hosting::upload::{Limits, Uploads};
use intendant_hosting::{Follow, Host, Settings, State, UploadSet, Uploaded, Work};
use jiff::SignedDuration;
use journal::Journal;
use model::{OnError, Outcome, Progress, RetryPolicy};
use serde_json::{Value, json};
use tempfile::TempDir;
use testhub::Fake;
use tokio::sync::Notify;
use tower::ServiceExt as _;

/// A real school, and another one.
pub const SCHOOL: &str = "0750655E";
pub const NEIGHBOUR: &str = "0750654D";
pub const SECRET: &str = "licence-code-4711";
pub const PASSWORD: &str = "connection-password-1";

/// What the backend answers next, by action.
#[derive(Default)]
pub struct Answers {
    next: Mutex<HashMap<String, VecDeque<Outcome>>>,
    /// While this is held, nothing is answered.
    pub gate: Arc<tokio::sync::Mutex<()>>,
    /// What is never answered next, by action.
    stuck: Mutex<Vec<&'static str>>,
    /// Those that are not answered now, each with how it says how far it is.
    hanging: Mutex<Vec<Reporter>>,
    let_go: Notify,
}

impl Answers {
    /// Nothing is answered until this is dropped.
    pub async fn hold(&self) -> tokio::sync::OwnedMutexGuard<()> {
        Arc::clone(&self.gate).lock_owned().await
    }

    /// Whether this is a call that is never answered.
    fn is_stuck(&self, action: &str) -> bool {
        let mut stuck = self.stuck.lock().unwrap();
        let found = stuck.iter().position(|one| *one == action);
        found.map(|at| stuck.remove(at)).is_some()
    }

    /// Hangs until it is let go (`true`) or ended.
    async fn hang(&self, control: &mut Control) -> bool {
        let let_go = self.let_go.notified();
        self.hanging.lock().unwrap().push(control.progress.clone());
        let is_let_go = tokio::select! {
            () = let_go => true,
            _ = control.stop.wait_for(Option::is_some) => false,
        };
        self.hanging.lock().unwrap().clear();
        is_let_go
    }
}

pub struct Bed {
    pub hub: Hub,
    pub host: Host,
    pub routes: Router,
    pub clock: Clock,
    pub fake: Arc<Fake>,
    pub answers: Arc<Answers>,
    pub settings: Settings,
    pub folder: Arc<TempDir>,
}

pub fn actor() -> Actor {
    Actor("token:shop".to_owned())
}

/// How it is set when nobody says otherwise.
pub fn settings(folder: &Path) -> Settings {
    Settings {
        folder: folder.join("hosting"),
        strict_404: false,
        ready_code: "BCDIREADY",
        retention: SignedDuration::from_hours(30 * 24),
        estimate: 900.0,
        sites: Vec::new(),
        clients: Vec::new(),
        url: "https://hub.example".to_owned(),
    }
}

/// What the backend answers when nobody says otherwise.
fn usual(call: &Call) -> Outcome {
    let payload = &call.body["payload"];
    let rne = call.body["concernedTo"].as_str().unwrap();
    let data = match Work::of_action(&call.action) {
        Some(Work::Open | Work::Alter) => json!({"connection": {
            "url": format!("http://127.0.0.1:1/{rne}/"), "host": "127.0.0.1", "port": 1,
            "rows": [{"label": "Password", "value": PASSWORD, "secret": true}, {"label": "Seats", "value": "12"}],
        }}),
        Some(Work::Delete) => {
            let folder = PathBuf::from(payload["export_dir"].as_str().unwrap());
            std::fs::create_dir_all(&folder).unwrap();
            std::fs::write(folder.join("base.zip"), format!("the databases of {rne}")).unwrap();
            json!({"downloads": ["base.zip"]})
        }
        _ => json!({}),
    };
    let whole = json!({"status": 0, "message": "fine", "data": data});
    Outcome { message: Some("fine".to_owned()), data: Some(whole), ..Outcome::done() }
}

impl Bed {
    pub async fn new() -> Self {
        Bed::with(|_| {}).await
    }

    pub async fn with(change: impl FnOnce(&mut Settings)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut settings = settings(folder.path());
        change(&mut settings);
        Bed::on(Arc::new(folder), settings, Arc::default()).await
    }

    /// On a journal that may be there already.
    pub async fn on(folder: Arc<TempDir>, settings: Settings, answers: Arc<Answers>) -> Self {
        let opened = testhub::open(&folder.path().join("data"));
        Bed::over(opened, folder, settings, answers).await
    }

    /// On a journal that was opened.
    pub async fn over(
        (journal, wires): (Arc<dyn Journal>, Arc<Wiring>),
        folder: Arc<TempDir>,
        settings: Settings,
        answers: Arc<Answers>,
    ) -> Self {
        let told = Arc::clone(&answers);
        let fake = Fake::with(move |call, mut control| {
            let told = Arc::clone(&told);
            Box::pin(async move {
                tokio::select! {
                    _ = told.gate.lock() => {}
                    _ = control.stop.wait_for(Option::is_some) => return testhub::interrupted(),
                }
                if told.is_stuck(&call.action) && !told.hang(&mut control).await {
                    return testhub::interrupted();
                }
                let next = told.next.lock().unwrap().get_mut(&*call.action).and_then(VecDeque::pop_front);
                next.unwrap_or_else(|| usual(&call))
            })
        });
        let actions = Work::ALL.map(Work::action);
        let entry = testhub::entry(
            "50library",
            Arc::clone(&fake) as _,
            &actions,
            testhub::mapping(OnError::Stop, Some(RetryPolicy::NONE)),
        );
        let catalogue = Catalogue { entries: vec![entry] };
        let table = ActionTable::new(intendant_hosting::actions()).unwrap();
        let exports = settings.exports().display().to_string();
        let setup = Setup { reactors: vec![Arc::new(Follow { exports })], ..Setup::new(catalogue, table) };
        let clock = Clock::system();
        let hub = Hub::start(journal, wires, clock.clone(), setup).await.unwrap();
        let host = Host::new(hub.clone(), Arc::new(settings.clone()));
        let doors = Doors::default();
        doors.open(host.clone());
        let uploads =
            Uploads::open(&settings.uploads(), Limits::default(), Arc::new(doors), clock.clone()).unwrap();
        let routes = http::frame(api::routes(Api::new(host.clone(), uploads)).split_for_parts().0);
        Bed { hub, host, routes, clock, fake, answers, settings, folder }
    }

    /// The same after a stop and a start.
    pub async fn again(self) -> Self {
        self.hub.stop(Duration::ZERO).await;
        let Bed { folder, settings, answers, .. } = self;
        Bed::on(folder, settings, answers).await
    }

    /// What is looked after by itself, twice as it is an hour later.
    pub async fn expire(&self) {
        let looked = Looked::default();
        for _ in 0..2 {
            self.host.expire(&looked).await.unwrap();
        }
    }

    /// What the backend answers next to this.
    pub fn answer(&self, work: Work, outcome: Outcome) {
        self.answers.next.lock().unwrap().entry(work.action().to_owned()).or_default().push_back(outcome);
    }

    /// The backend never answers this next.
    pub fn hang(&self, work: Work) {
        self.answers.stuck.lock().unwrap().push(work.action());
    }

    /// How many calls hang.
    pub fn hangs(&self) -> usize {
        self.answers.hanging.lock().unwrap().len()
    }

    /// What hangs says how far it is.
    pub fn report(&self, progress: &Progress) {
        for reporter in self.answers.hanging.lock().unwrap().iter() {
            reporter.report(progress.clone());
        }
    }

    /// What hangs is answered after all.
    pub fn let_go(&self) {
        self.answers.let_go.notify_waiters();
    }

    // === asking ===

    pub async fn send(
        &self,
        mut request: Request<Body>,
        caller: Option<Caller>,
    ) -> (StatusCode, HeaderMap, Vec<u8>) {
        if let Some(caller) = caller {
            request.extensions_mut().insert(caller);
        }
        let response = self.routes.clone().oneshot(request).await.unwrap();
        let (head, body) = response.into_parts();
        (head.status, head.headers, to_bytes(body, usize::MAX).await.unwrap().to_vec())
    }

    pub async fn ask_as(
        &self,
        caller: Option<Caller>,
        key: Option<&str>,
        method: &str,
        path: &str,
        body: Option<Value>,
    ) -> (StatusCode, Value) {
        let mut request = Request::builder().method(method).uri(format!("/hosting/v1/establishments{path}"));
        request = request.header("content-type", "application/json");
        if let Some(key) = key {
            request = request.header("authorization", format!("Bearer {key}"));
        }
        let body = body.map_or(Body::empty(), |body| Body::from(body.to_string()));
        let (status, _, bytes) = self.send(request.body(body).unwrap(), caller).await;
        (status, serde_json::from_slice(&bytes).unwrap_or_default())
    }

    /// As a client.
    pub async fn ask(&self, method: &str, path: &str, body: Option<Value>) -> (StatusCode, Value) {
        self.ask_as(Some(client()), None, method, path, body).await
    }

    /// As a school that shows this key.
    pub async fn ask_with(
        &self,
        key: &str,
        method: &str,
        path: &str,
        body: Option<Value>,
    ) -> (StatusCode, Value) {
        self.ask_as(None, Some(key), method, path, body).await
    }

    pub async fn create(&self, rne: &str) -> String {
        let (status, made) = self.ask("POST", "", Some(document(rne))).await;
        assert_eq!(status, 200, "{made}");
        made["key"].as_str().unwrap().to_owned()
    }

    pub async fn state(&self, rne: &str) -> String {
        let (status, view) = self.ask("GET", &format!("/{rne}"), None).await;
        assert_eq!(status, 200, "{view}");
        view["state"].as_str().unwrap().to_owned()
    }

    /// Waits until it stands so.
    pub async fn until(&self, rne: &str, state: State) {
        let what = format!("{rne} in {}", state.code());
        testhub::until(&what, async || self.host.get(&rne.parse().unwrap()).await.unwrap().state == state)
            .await;
    }

    /// Hands databases over, as the uploads do.
    pub async fn upload(&self, rne: &str, set: &str) {
        let what = intendant_hosting::Happening::Upload(databases(set));
        self.host.act(&rne.parse().unwrap(), what, &actor(), "uploaded").await.unwrap();
    }

    /// Leads a school until it is open; its key.
    pub async fn open(&self, rne: &str) -> String {
        let key = self.create(rne).await;
        self.until(rne, State::DbWait).await;
        self.upload(rne, "a").await;
        self.until(rne, State::Ready).await;
        key
    }

    pub async fn view(&self, rne: &str) -> Value {
        self.ask("GET", &format!("/{rne}"), None).await.1
    }
}

pub fn databases(set: &str) -> UploadSet {
    let file = |name: &str, main| Uploaded {
        path: format!("/nowhere/{set}/{name}"),
        name: name.to_owned(),
        size: 1000,
        sha256: "ab".repeat(32),
        main,
    };
    UploadSet { id: set.to_owned(), files: vec![file("main.zip", true), file("other.zip", false)] }
}

/// The `n`th school.
pub fn school(n: usize) -> String {
    format!("{n:07}{}", char::from(b"ABCDEFGHJKLMNPRSTUVWXYZ"[n % 23]))
}

pub fn document(rne: &str) -> Value {
    json!({"rne": rne, "griffe": "Lycée Jean Moulin", "code": SECRET, "version": "CL"})
}

/// Who has a token with this scope.
pub fn token(scope: Scope) -> Caller {
    let by = Proof::Token { id: "1".to_owned(), apart: false };
    Caller { actor: actor(), scopes: Scopes::from_iter([scope]), by }
}

pub fn client() -> Caller {
    token(intendant_hosting::CLIENT)
}

pub fn failed(message: &str) -> Outcome {
    Outcome::hard(1, model::word::code::FAILED, message)
}
