//! A real hub behind a real socket, with backends whose every answer the test decides.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    dead_code,
    unreachable_pub
)]

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use access::{Access, Origin, Rules};
use axum::Router;
use engine::port::{Backend, BackendEntry, BoxFuture, Catalogue, Decoder};
use engine::{ActionTable, Clock, Hub, Setup};
use http::listen::Socket;
use http::listen::tcp::Tcp;
use http::page::{self, Kit, around};
use http::{
    BodyLimits, Caller, ConnectionLimits, DeclaredScope, KeyedPaths, KnownScopes, Problem, Role, Scope, frame,
};
use intendant_api::Error;
use intendant_api::dto::{
    Acceptance, CheckReport, Finding, NewAccount, NewToken, ReloadReport, Setting, Severity, Submitted, Time,
};
use intendant_api::{Api, Documents, SOURCE};
use intendant_api::{Client, Installation};
use jiff::SignedDuration;
use model::{ActionSpec, JobId, OnError, Outcome, RetryPolicy};
use serde_json::{Value, json};
use tempfile::TempDir;
use testhub::mapping;
use testkit::gate::Gate;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpStream, UnixStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

pub use testhub::{Fake, LONG};

/// Succeeds, and says so.
pub fn done() -> Arc<Fake> {
    Fake::new(|_| Outcome { message: Some("done".to_owned()), ..Outcome::done() })
}

/// An active backend that maps `DO`, `STRICT`, `IDENTITY_UPDATE` and `PING_TARGET`, one attempt each.
pub fn entry(name: &str, backend: Arc<dyn Backend>) -> BackendEntry {
    let once = RetryPolicy { max: 0, ..RetryPolicy::HTTP };
    let actions = ["DO", "STRICT", "IDENTITY_UPDATE", "PING_TARGET"];
    testhub::entry(name, backend, &actions, mapping(OnError::Continue, Some(once)))
}

fn actions() -> ActionTable {
    let schema = json!({
        "type": "object", "required": ["payload"],
        "properties": {"payload": {"type": "object", "required": ["uid"]}},
    });
    let strict = ActionSpec {
        schema: Some(schema),
        secrets: vec!["/payload/token".to_owned()],
        ..ActionSpec::default()
    };
    let told = ActionSpec { optional: true, ..ActionSpec::default() };
    ActionTable::new([("STRICT".to_owned(), strict), ("TOLD".to_owned(), told)]).unwrap()
}

/// A disk on which configuration and backends are fine, or not.
#[derive(Default)]
pub struct Disk {
    pub wrong: AtomicBool,
}

impl Installation for Disk {
    fn reload(&self) -> BoxFuture<'_, Result<ReloadReport, String>> {
        let wrong = self.wrong.load(Ordering::SeqCst);
        let why = "intendant.yml:3: unknown key \"tiemout\"".to_owned();
        let report =
            ReloadReport { backends: 4, needs_restart: vec!["data".to_owned()], warnings: Vec::new() };
        Box::pin(async move { if wrong { Err(why) } else { Ok(report) } })
    }

    fn check(&self) -> BoxFuture<'_, Result<CheckReport, String>> {
        let wrong = self.wrong.load(Ordering::SeqCst);
        let finding = Finding {
            file: "backends/10a/config.yml".to_owned(),
            line: Some(2),
            severity: Severity::Warning,
            what: "no action".to_owned(),
            remedy: "map one".to_owned(),
        };
        let report = CheckReport {
            folder: "backends".to_owned(),
            backends: 1,
            native: 0,
            problems: vec![finding],
            dependencies: Vec::new(),
        };
        Box::pin(async move { if wrong { Err("no folder backends".to_owned()) } else { Ok(report) } })
    }

    fn settings(&self) -> Vec<Setting> {
        Vec::new()
    }
}

/// How a bed is made.
pub struct Plan {
    pub entries: Vec<BackendEntry>,
    pub bodies: BodyLimits,
    pub connections: ConnectionLimits,
    pub installation: Arc<dyn Installation>,
    /// Commits of entities are told while it is open: until then nobody is answered either.
    pub gate: Arc<Gate>,
}

impl Plan {
    pub fn new(entries: Vec<BackendEntry>) -> Self {
        Plan {
            entries,
            bodies: BodyLimits::default(),
            connections: ConnectionLimits::default(),
            installation: Arc::new(Disk::default()),
            gate: Arc::default(),
        }
    }
}

/// A hub that is being served.
pub struct Bed {
    pub hub: Hub,
    pub client: Client,
    pub socket: PathBuf,
    pub access: Access,
    /// Where it is reached over TCP.
    pub url: String,
    stop: Option<oneshot::Sender<()>>,
    server: Option<JoinHandle<()>>,
    _folder: TempDir,
}

impl Bed {
    pub async fn new(plan: Plan) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let hub = start(folder.path(), plan.entries, plan.gate).await;
        let path = folder.path().join("run/intendant.sock");
        let socket = Socket::bind(&path).await.unwrap();
        let access = Access::open(hub.clone(), rules()).await.unwrap();
        let (routes, _) = intendant_api::routes(
            Api::new(intendant_api::Parts {
                hub: hub.clone(),
                access: access.clone(),
                installation: plan.installation,
                bodies: plan.bodies,
                version: "1.2.3",
                url: Some("http://hub.test".to_owned()),
                lost_commits: 0,
            }),
            Vec::new(),
        );
        let (stop, stopped) = oneshot::channel::<()>();
        let limits = plan.connections;
        let tcp = Tcp::bind("127.0.0.1:0".parse().unwrap(), None).await.unwrap();
        let url = tcp.url().unwrap();
        let outside = frame(access.layer(routes.clone(), KeyedPaths::default()));
        let server = tokio::spawn(async move {
            let (clock, (told, telling)) = (Clock::system(), tokio::sync::watch::channel(()));
            let stop = Box::pin(async move {
                drop(stopped.await);
                drop(told);
            });
            let mut telling = telling;
            let stop_tcp = Box::pin(async move { drop(telling.changed().await) });
            tokio::join!(
                socket.serve(frame(routes), limits, &clock, stop),
                tcp.serve(outside, limits, &clock, stop_tcp)
            );
        });
        let (stop, server) = (Some(stop), Some(server));
        Bed { hub, access, client: Client::new(&path), socket: path, url, stop, server, _folder: folder }
    }

    pub async fn with(entries: Vec<BackendEntry>) -> Self {
        Bed::new(Plan::new(entries)).await
    }

    pub async fn done() -> Self {
        Bed::with(vec![entry("00done", done())]).await
    }

    /// Stops the server, and resolves when it has ended.
    pub async fn stop_serving(&mut self) {
        self.stop.take().unwrap().send(()).unwrap();
        in_time(self.server.take().unwrap()).await.unwrap();
    }

    /// Serves more routes over TCP, to people too, as long as the bed is there.
    pub async fn serve(&self, routes: Router, limits: ConnectionLimits) -> String {
        let tcp = Tcp::bind("127.0.0.1:0".parse().unwrap(), None).await.unwrap();
        let url = tcp.url().unwrap();
        let kit = Kit::new("1.2.3", &[]);
        let routes = routes.merge(page::routes(kit.clone()));
        let routes =
            around(self.access.layer(frame(around(routes, &kit)), KeyedPaths::new(["/rooms/v1/"])), &kit);
        tokio::spawn(async move {
            tcp.serve(routes, limits, &Clock::system(), Box::pin(std::future::pending())).await;
        });
        url
    }

    pub async fn submit(&self, document: &Value) -> Submitted {
        self.client.submit(document.to_string(), &Submission::default()).await.unwrap()
    }

    /// A new job that has been accepted.
    pub async fn job(&self, document: &Value) -> JobId {
        let submitted = self.submit(document).await;
        assert_eq!(submitted.accepted, Acceptance::New);
        submitted.job.unwrap()
    }

    /// A new job that has ended.
    pub async fn ended(&self, document: &Value) -> JobId {
        let job = self.job(document).await;
        assert!(self.client.wait(job, 30).await.unwrap().job.state.is_terminal());
        job
    }
}

pub use intendant_api::client::Submission;

/// Limits that no test meets by accident.
/// The scope of a module that is not there.
pub const RENT: DeclaredScope =
    DeclaredScope { scope: Scope::named("rooms:rent"), roles: &[Role::Viewer, Role::Operator] };

pub fn rules() -> Rules {
    Rules {
        session: Duration::from_hours(1),
        trusted_proxies: Vec::new(),
        token_rate: 1_000_000.try_into().unwrap(),
        address_rate: 1_000_000.try_into().unwrap(),
        scopes: KnownScopes::with([RENT]),
        oidc: None,
    }
}

async fn start(folder: &Path, entries: Vec<BackendEntry>, gate: Arc<Gate>) -> Hub {
    let journal = testhub::open_behind(&gate, |committed| !committed.entities.is_empty(), folder);
    let decoder: Arc<dyn Decoder> = Arc::new(Documents { clock: Clock::system() });
    let decoders = HashMap::from([(SOURCE.to_owned(), decoder)]);
    testhub::start(journal, Setup { decoders, ..Setup::new(Catalogue { entries }, actions()) }).await
}

/// Fails instead of hanging.
pub async fn in_time<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(LONG, future).await.expect("it takes too long")
}

pub fn problem<T: std::fmt::Debug>(outcome: Result<T, Error>) -> Problem {
    match outcome {
        Err(Error::Problem(problem)) => *problem,
        other => panic!("no problem: {other:?}"),
    }
}

/// A document for `identity:<who>`.
pub fn document(who: &str) -> Value {
    json!({ "action": "DO", "concernedTo": who, "payload": { "uid": who } })
}

/// Sends bytes as they are; what comes back until the connection is closed.
pub async fn raw(socket: &Path, request: impl AsRef<[u8]>) -> String {
    let mut stream = UnixStream::connect(socket).await.unwrap();
    // The server may have heard enough before the end.
    let _ = stream.write_all(request.as_ref()).await;
    hear(&mut stream).await
}

pub async fn hear(stream: &mut UnixStream) -> String {
    let mut answer = Vec::new();
    let _ = in_time(stream.read_to_end(&mut answer)).await;
    String::from_utf8(answer).unwrap()
}

/// A request line with headers, to be followed by a body.
pub fn head(method: &str, path: &str, headers: &[&str]) -> String {
    let first = format!("{method} {path} HTTP/1.1");
    let lines = [first.as_str(), "Host: hub", "Connection: close"].into_iter().chain(headers.iter().copied());
    lines.chain(["", ""]).collect::<Vec<_>>().join("\r\n")
}

/// Status and problem of a raw answer.
pub fn parse_problem(answer: &str) -> (u16, Problem) {
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no answer: {answer:?}"));
    assert!(head.to_lowercase().contains("content-type: application/problem+json"), "{head}");
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    (status, serde_json::from_str(body).unwrap())
}

/// Asks over TCP on a connection of its own; status and body of the answer. Of a stream only the head is waited for.
pub async fn send(url: &str, method: &str, path: &str, headers: &str, body: &str) -> (u16, String) {
    let answer = ask(url, method, path, headers, body).await;
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no answer: {answer:?}"));
    (head.split(' ').nth(1).unwrap().parse().unwrap(), body.to_owned())
}

/// The same; the whole answer as it came.
pub async fn ask(url: &str, method: &str, path: &str, headers: &str, body: &str) -> String {
    let mut stream = open(url, method, path, headers, body).await;
    let mut answer = Vec::new();
    let mut piece = vec![0; 16 * 1024];
    loop {
        let length = in_time(stream.read(&mut piece)).await.unwrap();
        answer.extend_from_slice(&piece[..length]);
        let head = String::from_utf8_lossy(&answer).to_lowercase();
        if length == 0 || (head.contains("\r\n\r\n") && head.contains("content-type: text/event-stream")) {
            break;
        }
    }
    String::from_utf8(answer).unwrap()
}

/// A connection on which something was asked.
pub async fn open(url: &str, method: &str, path: &str, headers: &str, body: &str) -> TcpStream {
    let host = url.strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(host).await.unwrap();
    let length = if headers.contains("Transfer-Encoding") {
        String::new()
    } else {
        format!("Content-Length: {}\r\n", body.len())
    };
    let request = format!(
        "{method} {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n{length}{headers}\r\n\r\n{body}"
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    stream
}

/// What comes on a connection until it holds these words.
pub async fn until(stream: &mut TcpStream, words: &str) -> String {
    let mut heard = String::new();
    let mut piece = vec![0; 16 * 1024];
    while !heard.contains(words) {
        let length = in_time(stream.read(&mut piece)).await.unwrap();
        assert_ne!(length, 0, "{heard}");
        heard += &String::from_utf8_lossy(&piece[..length]);
    }
    heard
}

/// What comes on a connection until its end.
pub async fn rest(mut stream: TcpStream) -> String {
    let mut answer = Vec::new();
    // Its end may be a reset.
    let _ = in_time(stream.read_to_end(&mut answer)).await;
    String::from_utf8_lossy(&answer).into_owned()
}

pub fn admin() -> Caller {
    Caller::of_socket(0)
}

/// The header of a new token.
pub async fn token(bed: &Bed, name: &str, scopes: &[Scope], seconds: Option<i64>) -> String {
    let expires_at = seconds.map(|seconds| Time(bed.hub.now() + SignedDuration::from_secs(seconds)));
    let new =
        NewToken { name: name.to_owned(), scopes: scopes.iter().map(Scope::to_string).collect(), expires_at };
    format!("Authorization: Bearer {}", bed.access.make_token(new, &admin()).await.unwrap().secret)
}

pub async fn session(bed: &Bed, name: &str, role: Role) -> String {
    let password = Some("a long password".to_owned());
    bed.access.make_account(NewAccount { name: name.to_owned(), role, password }, &admin()).await.unwrap();
    let origin = Origin::at("127.0.0.1".parse().unwrap(), false);
    let cookie = bed.access.sign_in(name, "a long password", &origin).await.unwrap().cookie;
    format!("Cookie: {}", cookie.to_str().unwrap().split(';').next().unwrap())
}
