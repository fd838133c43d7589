//! A hub with this source on a real Redis, backends whose every answer the test decides, and a real orchestrator.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    dead_code,
    unreachable_pub
)]

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use engine::door::{Running, Source as _};
use engine::port::{BackendEntry, Catalogue};
use engine::{ActionTable, Clock, Hub, Setup};
use intendant_sesame as sesame;
use model::{ActionSpec, Class, Job, JobState, OnError, Outcome, RetryPolicy};
use serde_json::{Value, json};
use sesame::{Address, BuiltIn, Settings, Source};
use tempfile::TempDir;
use testkit::bullmq::{Orchestrator, Version};
use testkit::service::{Kind, Service};

pub use testhub::{Fake, LONG};

/// The same for Node.
pub const LONG_MS: u64 = 110_000;
pub const QUEUE: &str = "sesame";

/// An id as the orchestrator makes them.
pub fn object_id(n: u32) -> String {
    format!("66c22991bdc3c9a7{n:08x}")
}

/// A synchronisation as the button sends it.
pub fn sync(identity: &str) -> Value {
    json!({
        "concernedTo": identity,
        "payload": { "identity": { "action": "IDENTITY_UPDATE", "identity": { "_id": identity, "cn": null } } },
        "options": { "async": true, "updateStatus": true, "task": "t1" },
    })
}

/// Succeeds, and says so in the words of a script.
pub fn done() -> Arc<Fake> {
    Fake::new(|_| Outcome { data: Some(json!({ "status": 0, "message": "synced" })), ..Outcome::done() })
}

pub fn entry(name: &str, backend: &Arc<Fake>, on_error: OnError) -> BackendEntry {
    let actions = ["IDENTITY_UPDATE", "IDENTITY_DELETE", "IDENTITY_PASSWORD_CHANGE", "PING_TARGET"];
    testhub::entry(name, backend.clone(), &actions, testhub::mapping(on_error, Some(RetryPolicy::NONE)))
}

fn actions() -> ActionTable {
    let spec = |class| ActionSpec { class, null_as_empty: true, ..ActionSpec::default() };
    let strict = ActionSpec {
        schema: Some(json!({ "properties": { "payload": { "required": ["uid"] } } })),
        ..ActionSpec::default()
    };
    ActionTable::new([
        ("IDENTITY_UPDATE".to_owned(), spec(Class::Bulk)),
        ("IDENTITY_PASSWORD_CHANGE".to_owned(), spec(Class::Interactive)),
        ("IDENTITY_DELETE".to_owned(), strict),
    ])
    .unwrap()
}

/// A hub at work.
pub struct Bed {
    pub hub: Hub,
    pub running: Vec<Running>,
    pub folder: TempDir,
}

/// What may be different about it.
pub struct Plan {
    pub entries: Vec<BackendEntry>,
    pub settings: Settings,
    /// Other sources of the same hub.
    pub more: Vec<Settings>,
}

impl Plan {
    pub fn new(redis: &Service, entries: Vec<BackendEntry>) -> Self {
        let address = Address::new(redis.url(), None, None).unwrap();
        Plan { entries, settings: Settings::new("main", address), more: Vec::new() }
    }

    /// With locks and rounds that are soon over.
    pub fn quick(mut self) -> Self {
        let soon = Duration::from_secs(3);
        (self.settings.lock, self.settings.stalled_every, self.settings.term) = (soon, soon, soon);
        self
    }
}

pub fn redis() -> Service {
    Kind::Redis.start().unwrap()
}

pub fn orchestrator(version: Version, redis: &Service) -> Orchestrator {
    Orchestrator::start(version, redis.url(), QUEUE).unwrap()
}

async fn start_in(folder: &Path, plan: Plan) -> (Hub, Vec<Running>) {
    let clock = Clock::system();
    let (journal, wires) = testhub::open(folder);
    let built_in = BuiltIn::new(json!({ "name": "intendant", "version": "9.9.9" }));
    built_in.set_backends(vec![json!({ "name": "ldap", "path": "/b" })]);
    let (id, life) = (journal.id(), journal.life().clone());
    let all = std::iter::once(plan.settings).chain(plan.more);
    let sources: Vec<Source> = all
        .map(|settings| Source::new(settings, id, life.clone(), clock.clone(), built_in.clone()))
        .collect();
    let mut setup = Setup::new(Catalogue { entries: plan.entries }, actions());
    for source in &sources {
        source.join(&mut setup);
    }
    let hub = testhub::start((journal, wires), setup).await;
    let running = sources.iter().map(|source| source.start(hub.clone())).collect();
    (hub, running)
}

impl Bed {
    pub async fn new(plan: Plan) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (hub, running) = start_in(folder.path(), plan).await;
        Bed { hub, running, folder }
    }

    /// Stops at once, as a service manager would after its patience, and keeps the folder.
    pub async fn stop(self) -> TempDir {
        self.running.iter().for_each(Running::quiesce);
        self.hub.stop(Duration::ZERO).await;
        for running in self.running {
            running.end().await;
        }
        self.folder
    }

    pub async fn start_again(folder: TempDir, plan: Plan) -> Self {
        let (hub, running) = start_in(folder.path(), plan).await;
        Bed { hub, running, folder }
    }

    /// Waits until the condition holds.
    pub async fn until<F: AsyncFnMut() -> bool>(&self, what: &str, condition: F) {
        until(what, condition).await;
    }

    pub async fn jobs(&self) -> Vec<Job> {
        testhub::jobs(&self.hub).await
    }

    /// The journal's job of a job in the queue.
    pub async fn job(&self, id: &str) -> Option<Job> {
        let found = |job: &Job| {
            job.external_id.as_deref().is_some_and(|e| e == id || e.starts_with(&format!("{id}::")))
        };
        self.jobs().await.into_iter().find(found)
    }

    pub async fn state(&self, id: &str, state: JobState) {
        self.until(&format!("job {id} to be {}", state.as_str()), async || {
            self.job(id).await.is_some_and(|job| job.state == state)
        })
        .await;
    }
}

#[allow(clippy::disallowed_methods, reason = "another program is waited for")]
pub async fn until<F: AsyncFnMut() -> bool>(what: &str, mut condition: F) {
    let wait = async {
        while !condition().await {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(LONG, wait).await.unwrap_or_else(|_| panic!("waited for {what}"));
}

/// Calls Redis directly.
pub fn call(redis: &Service, words: &[&str]) -> String {
    let port = redis.address().port().to_string();
    let output = std::process::Command::new("redis-cli").args(["-p", &port]).args(words).output().unwrap();
    String::from_utf8(output.stdout).unwrap().trim_end().to_owned()
}
