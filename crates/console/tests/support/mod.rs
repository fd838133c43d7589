//! A real hub behind the console's routes, with backends whose every answer the test decides.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    dead_code,
    unreachable_pub
)]

use std::collections::{BTreeMap, HashMap};
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use access::oidc::Settings;
use access::{Access, Rules};
use api::Installation;
use api::dto::{CheckReport, Dependency, Finding, Reached, ReloadReport, Setting, Severity};
use api::{Documents, SOURCE};
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Request, StatusCode, header};
use engine::port::{
    Backend, BackendEntry, BoxFuture, Call, Catalogue, Control, Courier, Decoder, Delivered, Standing,
};
use engine::{ActionTable, Actor, Clock, Hub, Limits, Setup};
use http::page::{Kit, around};
use http::{Caller, KnownScopes, Proof, Role, frame};
use intendant_console::{Console, Described, PART, routes};
use model::word::code;
use model::{
    ActionSpec, Code, Delivery, Destructive, JobId, JobState, OnError, Outcome, Progress, Request as Asked,
    RetryPolicy, Subject, Until, Wait,
};
use serde_json::{Value, json};
use tempfile::TempDir;
use tower::ServiceExt as _;

pub use testhub::LONG;

/// Answers as the payload says: `{"fail": "words"}` fails for good, `{"fail_on": "backend"}` there only, `{"later": true}` for now, `{"wait": "job"}` or
/// `"backend"` says not now, `{"hang": true}` never, and says meanwhile what stands in `progress`.
struct Obedient(String);

impl Backend for Obedient {
    fn run(&self, call: Call, mut control: Control) -> BoxFuture<'_, Outcome> {
        let payload = call.body.get("payload").cloned().unwrap_or_default();
        Box::pin(async move {
            let said = payload.get("progress").and_then(Progress::read);
            if let Some(said) = said {
                control.progress.report(said);
            }
            if payload.get("hang").is_some() {
                _ = control.stop.wait_for(Option::is_some).await;
                return testhub::interrupted();
            }
            if let Some(scope) = payload.get("wait") {
                let scope = serde_json::from_value(scope.clone()).unwrap();
                let wait = Wait { until: Until::After(Duration::from_hours(1)), scope };
                return Outcome::wait(wait, "the <quota> of the day is used up");
            }
            let on = payload.get("fail_on").and_then(Value::as_str);
            let here = on.is_some_and(|backend| backend == self.0).then_some("no");
            match payload.get("fail").and_then(Value::as_str).or(here) {
                Some(words) => {
                    let is_grave = payload.get("grave").is_some();
                    let code = if is_grave { Code::from_static("address_taken") } else { code::FAILED };
                    Outcome { log: Some(format!("log of <{words}>")), ..Outcome::hard(7, code, words) }
                }
                None if payload.get("later").is_some() => Outcome::soft(75, code::RETRY, "not now"),
                None => Outcome { message: Some("done well".to_owned()), ..Outcome::done() },
            }
        })
    }
}

/// Takes nothing.
struct Post;

impl Courier for Post {
    fn deliver(&self, delivery: Delivery) -> BoxFuture<'_, Delivered> {
        Box::pin(async move { Delivered::Never(format!("there is no {}", delivery.to.address)) })
    }
}

/// A backend of that name.
pub fn named(name: &str) -> BackendEntry {
    entry(name)
}

fn entry(name: &str) -> BackendEntry {
    let policy = RetryPolicy {
        max: 3,
        initial: Duration::from_hours(1),
        max_delay: Duration::from_hours(1),
        ..RetryPolicy::NONE
    };
    let actions = ["DO", "STRICT", "REMOVE", "PING_TARGET"];
    let mapping = testhub::mapping(OnError::Continue, Some(policy));
    BackendEntry {
        concurrency: Some(4),
        ..testhub::entry(name, Arc::new(Obedient(name.to_owned())), &actions, mapping)
    }
}

fn actions() -> ActionTable {
    let schema = json!({
        "type": "object", "required": ["payload"],
        "properties": {"payload": {"type": "object", "required": ["uid"], "properties": {
            "uid": {"type": "string", "description": "Who it is"},
            "age": {"type": "integer", "minimum": 1},
            "token": {"type": "string"},
        }}},
    });
    let strict = ActionSpec {
        schema: Some(schema),
        secrets: vec!["/payload/token".to_owned()],
        ..ActionSpec::default()
    };
    let remove = ActionSpec { destructive: Some(Destructive::Delete), ..ActionSpec::default() };
    ActionTable::new([("STRICT".to_owned(), strict), ("REMOVE".to_owned(), remove)]).unwrap()
}

/// A hub with its pages.
pub struct Bed {
    pub hub: Hub,
    pub access: Access,
    router: Router,
    _folder: TempDir,
}

/// What a page answered.
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub html: String,
}

impl Answer {
    pub fn location(&self) -> &str {
        self.headers[header::LOCATION].to_str().unwrap()
    }
}

/// Who asks.
pub fn person(role: Role) -> Caller {
    let by = Proof::Session { id: "s".to_owned(), role };
    Caller { actor: Actor("account:alice".to_owned()), scopes: KnownScopes::default().of(role), by }
}

impl Bed {
    pub async fn new() -> Self {
        let broken = BackendEntry {
            standing: Standing::Broken,
            trouble: Some("20broken/config.yml: line 3 is <odd>".to_owned()),
            actions: BTreeMap::new(),
            ..entry("20broken")
        };
        Bed::with(vec![entry("10first"), broken]).await
    }

    pub async fn with(entries: Vec<BackendEntry>) -> Self {
        Bed::made(entries, None).await
    }

    /// People may sign in elsewhere.
    pub async fn with_provider(oidc: Settings) -> Self {
        Bed::made(vec![entry("10first")], Some(oidc)).await
    }

    async fn made(entries: Vec<BackendEntry>, oidc: Option<Settings>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let decoder: Arc<dyn Decoder> = Arc::new(Documents { clock: Clock::system() });
        let failsafe = model::failsafe::FailsafeRule {
            sources: vec!["*".to_owned()],
            window: Duration::from_hours(1),
            delete: Some(1),
            disable: None,
        };
        let setup = Setup {
            decoders: HashMap::from([(SOURCE.to_owned(), decoder)]),
            limits: Limits { failsafe, ..Limits::default() },
            couriers: HashMap::from([("post".to_owned(), Arc::new(Post) as Arc<dyn Courier>)]),
            ..Setup::new(Catalogue { entries }, actions())
        };
        let hub = testhub::start(testhub::open(folder.path()), setup).await;
        let kit = Kit::new("1.2.3", &[PART]);
        let rules = Rules {
            session: LONG,
            trusted_proxies: Vec::new(),
            token_rate: NonZeroU32::MAX,
            address_rate: NonZeroU32::MAX,
            scopes: KnownScopes::default(),
            oidc,
        };
        let access = Access::open(hub.clone(), rules).await.unwrap();
        let console = Console {
            hub: hub.clone(),
            access: access.clone(),
            url: Some("https://hub.example".to_owned()),
            kit: kit.clone(),
            clock: Clock::system(),
            installation: Arc::new(Disk),
            grave: Arc::new(["address_taken"]),
            panels: Arc::new([]),
            finders: Arc::new([]),
            described: Described::of(
                &serde_json::to_value(api::document(Vec::new(), &KnownScopes::default())).unwrap(),
            ),
        };
        let router = around(frame(around(routes(console), &kit)), &kit);
        Bed { hub, access, router, _folder: folder }
    }

    pub async fn done() -> Self {
        Bed::with(vec![entry("10first")]).await
    }

    /// Sends a request as it is.
    pub async fn send(&self, caller: Option<Caller>, mut request: Request<Body>) -> Answer {
        if let Some(caller) = caller {
            request.extensions_mut().insert(caller);
        }
        let response =
            tokio::time::timeout(LONG, self.router.clone().oneshot(request)).await.unwrap().unwrap();
        let (head, body) = response.into_parts();
        let bytes = tokio::time::timeout(LONG, to_bytes(body, 16 << 20)).await.unwrap().unwrap();
        Answer {
            status: head.status,
            headers: head.headers,
            html: String::from_utf8(bytes.to_vec()).unwrap(),
        }
    }

    pub fn router(&self) -> Router {
        self.router.clone()
    }

    /// A page, as an administrator sees it.
    pub async fn get(&self, path: &str) -> Answer {
        self.get_as(Some(person(Role::Admin)), path, "en").await
    }

    pub async fn get_as(&self, caller: Option<Caller>, path: &str, lang: &str) -> Answer {
        let request =
            Request::get(path).header(header::ACCEPT, "text/html").header(header::ACCEPT_LANGUAGE, lang);
        self.send(caller, request.body(Body::empty()).unwrap()).await
    }

    pub async fn post(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        self.post_as(Some(person(Role::Admin)), path, fields).await
    }

    pub async fn post_as(&self, caller: Option<Caller>, path: &str, fields: &[(&str, &str)]) -> Answer {
        let mut body = form_urlencoded::Serializer::new(String::new());
        body.extend_pairs(fields);
        let request = Request::post(path)
            .header(header::ACCEPT, "text/html")
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        self.send(caller, request.body(Body::from(body.finish())).unwrap()).await
    }

    /// Hands a request in, `identity:<who>`.
    pub async fn job(&self, action: &str, who: &str, payload: Value) -> JobId {
        let body = json!({ "concernedTo": who, "payload": payload });
        let request = Asked { subject: Subject::new("identity", who), ..Asked::new(SOURCE, action, body) };
        match self.hub.accept(request, model::Effects::default()).await.unwrap() {
            engine::Accepted::New(job) => job,
            other => panic!("not accepted: {other:?}"),
        }
    }

    /// The same, once it has ended.
    pub async fn ended(&self, action: &str, who: &str, payload: Value) -> JobId {
        let job = self.job(action, who, payload).await;
        self.end_of(job).await;
        job
    }

    pub async fn end_of(&self, job: JobId) {
        assert!(self.hub.wait(job, LONG).await.unwrap().state.is_terminal());
    }

    /// Waits until a job stands so.
    /// Waits until the backend has said: not now.
    pub async fn until_told(&self, job: JobId) {
        let told =
            async || self.hub.job(job).await.unwrap().code.is_some_and(|said| code::WAITS.contains(&said));
        testhub::until("the backend's word", told).await;
    }

    pub async fn until(&self, job: JobId, state: JobState) {
        let mut events = self.hub.events();
        tokio::time::timeout(LONG, async {
            while self.hub.job(job).await.unwrap().state != state {
                _ = events.recv().await;
            }
        })
        .await
        .expect("the state is never reached");
    }
}

/// A disk on which a setting was changed and a backend is broken.
struct Disk;

impl Installation for Disk {
    fn reload(&self) -> BoxFuture<'_, Result<ReloadReport, String>> {
        let needs_restart = vec!["socket".to_owned()];
        Box::pin(async { Ok(ReloadReport { backends: 2, warnings: Vec::new(), needs_restart }) })
    }

    fn check(&self) -> BoxFuture<'_, Result<CheckReport, String>> {
        let finding = Finding {
            file: "backends/10first/config.yml".to_owned(),
            line: Some(3),
            severity: Severity::Error,
            what: "unknown key \"actoins\"".to_owned(),
            remedy: "did you mean \"actions\"?".to_owned(),
        };
        let needed = Reached {
            backend: "10first".to_owned(),
            dependency: Dependency {
                name: "gram".to_owned(),
                url: "http://gram.example/up".to_owned(),
                why: "reads accounts".to_owned(),
            },
            reachable: false,
            error: Some("connection refused".to_owned()),
        };
        let (folder, problems) = ("backends".to_owned(), vec![finding]);
        Box::pin(async {
            Ok(CheckReport { folder, backends: 2, native: 1, problems, dependencies: vec![needed] })
        })
    }

    fn settings(&self) -> Vec<Setting> {
        let setting = |key: &str, value: &str, origin: &str| Setting {
            key: key.to_owned(),
            value: value.to_owned(),
            origin: origin.to_owned(),
            meaning: "What it means.".to_owned(),
            needs_restart: key == "socket",
        };
        vec![setting("socket", "/run/s", "default"), setting("log.level", "info", "$INTENDANT_LOG__LEVEL")]
    }
}
