//! A registry on a real journal and a real socket, with a backend that keeps what it is told, and processes that speak the
//! protocol by hand.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    dead_code,
    unreachable_pub
)]

use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode};
use engine::port::{Backend, BoxFuture, Call, Catalogue, Control};
use engine::{ActionTable, Clock, Hub, Setup};
use http::Caller;
use intendant_mapistore::api::{self, Api};
use intendant_mapistore::registry::{Filter, Rules};
use intendant_mapistore::{
    BACKEND, Herald, Live, NOTIFICATION, Place, REGISTERED, Settings, UNREGISTERED, Work,
};
use mapistore_wire::{Frames, FromHub, FromProcess, Hello, Triple};
use model::{OnError, Outcome};
use serde_json::Value;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::UnixStream;
use tower::ServiceExt as _;

pub use testhub::until;

/// Keeps what it is told.
#[derive(Default)]
pub struct Ear(Mutex<Vec<Value>>);

impl Backend for Ear {
    fn run(&self, call: Call, _: Control) -> BoxFuture<'_, Outcome> {
        self.0.lock().unwrap().push(call.body["payload"].clone());
        Box::pin(async { Outcome::done() })
    }
}

impl Ear {
    /// `+alice` for each who has come, `-alice` for each who has gone, in order.
    pub fn heard(&self) -> Vec<String> {
        let word = |payload: &Value| {
            let sign = if payload["status"] == "REGISTER" { '+' } else { '-' };
            format!("{sign}{}", payload["username"].as_str().unwrap())
        };
        self.0.lock().unwrap().iter().map(word).collect()
    }

    pub fn payloads(&self) -> Vec<Value> {
        self.0.lock().unwrap().clone()
    }
}

pub struct Bed {
    pub hub: Hub,
    pub live: Live,
    pub ear: Arc<Ear>,
    pub routes: Router,
    work: Work,
    settings: Settings,
    folder: TempDir,
}

impl Bed {
    pub async fn new() -> Self {
        Bed::with(Settings::default()).await
    }

    pub async fn with(settings: Settings) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let socket = Some(folder.path().join("m.sock"));
        Bed::on(folder, Settings { socket, ..settings }, Arc::default()).await
    }

    async fn on(folder: TempDir, settings: Settings, ear: Arc<Ear>) -> Self {
        let place = Arc::new(Place::default());
        let mapping = testhub::mapping(OnError::Stop, None);
        let entries = vec![
            testhub::entry("ear", Arc::clone(&ear) as _, &[REGISTERED, UNREGISTERED], mapping),
            testhub::entry(BACKEND, module::native(Herald(Arc::clone(&place))), &[NOTIFICATION], mapping),
        ];
        let actions = ActionTable::new(intendant_mapistore::actions()).unwrap();
        let hub = testhub::start(
            testhub::open(&folder.path().join("data")),
            Setup::new(Catalogue { entries }, actions),
        )
        .await;
        let live = Live::new(settings.clone(), Clock::system());
        place.put(Some(live.clone()));
        let work = Work::begin(live.clone(), hub.clone());
        let api = Api::new(hub.clone(), Some(live.clone()));
        let routes = http::frame(api::routes(api).split_for_parts().0);
        Bed { hub, live, ear, routes, work, settings, folder }
    }

    /// The same after a stop and a start.
    pub async fn again(self) -> Self {
        self.again_after(|| {}).await
    }

    /// The same; something happens while no hub is there.
    pub async fn again_after(self, meanwhile: impl FnOnce()) -> Self {
        self.again_with(|_| meanwhile()).await
    }

    /// The same, with another configuration.
    pub async fn again_with(self, change: impl FnOnce(&mut Settings)) -> Self {
        self.work.quiesce();
        self.hub.stop(Duration::ZERO).await;
        self.work.close().await;
        let Bed { folder, mut settings, ear, .. } = self;
        change(&mut settings);
        Bed::on(folder, settings, ear).await
    }

    pub fn socket(&self) -> PathBuf {
        self.settings.socket.clone().unwrap()
    }

    /// Those who are registered, as `backend|user|vuser=count`.
    pub fn registered(&self) -> Vec<String> {
        let found = self.live.table().list(&Filter::default(), None, usize::MAX);
        let name = |seen: &intendant_mapistore::registry::Seen| {
            format!("{}|{}|{}={}", seen.triple.backend, seen.triple.user, seen.triple.vuser, seen.count)
        };
        found.rows.iter().map(name).collect()
    }

    /// What is counted on the link of the registry.
    pub fn counted(&self, what: &str) -> u64 {
        let links = self.hub.links();
        let link = links.iter().find(|link| link.kind == "openchange").unwrap();
        link.counters.get(what).copied().unwrap_or(0)
    }

    pub async fn until_registered(&self, wanted: &[&str]) {
        until(&format!("{wanted:?}"), async || self.registered() == wanted).await;
    }

    /// What is told of one mailbox is told in order, what is told of others in any.
    pub async fn until_heard(&self, wanted: &[&str]) {
        let sorted = |mut words: Vec<String>| {
            words.sort();
            words
        };
        let wanted = sorted(wanted.iter().map(|word| (*word).to_owned()).collect());
        until(&format!("{wanted:?}"), async || sorted(self.ear.heard()) == wanted).await;
    }

    /// Asks as somebody who may do everything; status and answer.
    pub async fn ask(&self, method: &str, path: &str, body: Option<Value>) -> (StatusCode, Value) {
        let request = Request::builder().method(method).uri(path).header("content-type", "application/json");
        let mut request =
            request.body(body.map_or(Body::empty(), |body| Body::from(body.to_string()))).unwrap();
        request.extensions_mut().insert(Caller::of_socket(0));
        let response = self.routes.clone().oneshot(request).await.unwrap();
        let status = response.status();
        let bytes = axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap();
        (status, serde_json::from_slice(&bytes).unwrap_or(Value::Null))
    }
}

/// Short times.
pub fn quick() -> Settings {
    let rules =
        Rules { grace: Duration::from_millis(300), settle: Duration::from_millis(100), ..Rules::default() };
    Settings { rules, ..Settings::default() }
}

/// A process that speaks by hand. All connections of one test are of one process: their instances tell them apart.
pub struct Speaker {
    stream: UnixStream,
    frames: Frames,
    out: Vec<u8>,
}

impl Speaker {
    /// Connects, is let in, and has said that it holds nothing.
    pub async fn new(bed: &Bed, instance: u8) -> Self {
        let mut speaker = Speaker::silent(bed).await;
        speaker.say(FromProcess::Hello(Hello::new([instance; 16], 1, 1, "samba")));
        speaker.say(FromProcess::Snapshot).say(FromProcess::SnapshotEnd).flush().await;
        assert!(matches!(speaker.hear().await.as_deref(), Some("welcome 1")));
        speaker
    }

    /// Connects, and says nothing.
    pub async fn silent(bed: &Bed) -> Self {
        let socket = bed.socket();
        until("the socket", async || UnixStream::connect(&socket).await.is_ok()).await;
        let stream = UnixStream::connect(&socket).await.unwrap();
        Speaker { stream, frames: Frames::default(), out: Vec::new() }
    }

    pub fn say(&mut self, word: FromProcess<'_>) -> &mut Self {
        word.encode(&mut self.out).unwrap();
        self
    }

    pub fn set(&mut self, names: &str, count: u64) -> &mut Self {
        let mut names = names.split('|');
        let mut name = || names.next().unwrap();
        let triple = Triple::new(name(), name(), name()).unwrap();
        self.say(FromProcess::Set { triple, count })
    }

    pub fn raw(&mut self, bytes: &[u8]) -> &mut Self {
        self.out.extend(bytes);
        self
    }

    pub async fn flush(&mut self) {
        let out = std::mem::take(&mut self.out);
        // Whoever was refused may not be able to say more.
        let _ = self.stream.write_all(&out).await;
    }

    /// All that was said is on disk.
    pub async fn sync(&mut self) {
        self.say(FromProcess::Sync(7)).flush().await;
        assert_eq!(self.hear().await.as_deref(), Some("synced 7"));
    }

    /// The next word of the hub, in words; `None` = it has closed the connection.
    pub async fn hear(&mut self) -> Option<String> {
        testhub::in_time(async {
            loop {
                if let Some(frame) = self.frames.next_frame().unwrap() {
                    let Some(word) = FromHub::decode(frame).unwrap() else { continue };
                    return Some(match word {
                        FromHub::Welcome(version) => format!("welcome {version}"),
                        FromHub::Refused { reason, why } => format!("refused {reason:?}: {why}"),
                        FromHub::Synced(token) => format!("synced {token}"),
                        FromHub::Notify(asked) => format!(
                            "notify {} {} {:?} {:?} {:?}",
                            asked.id,
                            asked.triple.vuser(),
                            asked.folder,
                            asked.message,
                            asked.root
                        ),
                    });
                }
                let mut buffer = [0; 1024];
                match self.stream.read(&mut buffer).await {
                    Ok(0) | Err(_) => return None,
                    Ok(read) => self.frames.push(&buffer[..read]),
                }
            }
        })
        .await
        .expect("the hub says nothing")
    }
}
