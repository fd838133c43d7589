//! A hub in a temporary folder, with backends whose every answer the test decides.
#![allow(dead_code, unreachable_pub)]

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use engine::port::{Backend, BackendEntry, Catalogue, Courier, Decoder, Reactor, Reclaim};
use engine::{Accepted, ActionTable, Clock, Hub, Setup};
use model::{ActionSpec, Effects, Job, JobId, OnError, Request, RetryPolicy};
use serde_json::json;
use tempfile::TempDir;
use testhub::open_behind;
use testkit::gate::Gate;

pub use testhub::{Fake, LONG, QUICK, SLOW, mapping, open};

/// An active backend that maps `DO` and `UNDO`.
pub fn entry(name: &str, backend: Arc<dyn Backend>, on_error: OnError, retry: RetryPolicy) -> BackendEntry {
    testhub::entry(name, backend, &["DO", "UNDO"], mapping(on_error, Some(retry)))
}

pub fn actions() -> ActionTable {
    ActionTable::new([
        ("NOW".to_owned(), ActionSpec { class: model::Class::Interactive, ..ActionSpec::default() }),
        ("TOLD_*".to_owned(), ActionSpec { optional: true, ..ActionSpec::default() }),
        ("TOLD".to_owned(), ActionSpec { optional: true, ..ActionSpec::default() }),
        ("NULLS".to_owned(), ActionSpec { null_as_empty: true, ..ActionSpec::default() }),
        (
            "STRICT".to_owned(),
            ActionSpec {
                schema: Some(json!({"type": "object", "required": ["payload"], "properties": {"payload": {"type": "object"}}})),
                ..ActionSpec::default()
            },
        ),
    ])
    .unwrap()
}

/// What a hub is made of, with the rest left at rest.
pub fn setup(entries: Vec<BackendEntry>) -> Setup {
    Setup::new(Catalogue { entries }, actions())
}

/// A hub and the folder of its journal.
pub struct Bed {
    pub hub: Hub,
    pub folder: TempDir,
}

/// A hub whose commits, those that others keep a copy of, are told only while the gate is open: until then nobody is
/// answered either.
pub async fn start_behind(gate: &Arc<Gate>, setup: Setup) -> Bed {
    let folder = tempfile::tempdir().unwrap();
    let held = |committed: &journal::Committed| {
        !(committed.entities.is_empty() && committed.cancels.is_empty() && committed.revived.is_empty())
    };
    Bed { hub: testhub::start(open_behind(gate, held, folder.path()), setup).await, folder }
}

pub async fn start_in(folder: &Path, setup: Setup) -> Hub {
    start_by(folder, setup, &Clock::system()).await
}

/// The same with a clock that the test sets.
pub async fn start_by(folder: &Path, setup: Setup, clock: &Clock) -> Hub {
    let (journal, wires) = open(folder);
    Hub::start(journal, wires, clock.clone(), setup).await.unwrap()
}

impl Bed {
    pub async fn new(setup: Setup) -> Self {
        let folder = tempfile::tempdir().unwrap();
        Bed { hub: start_in(folder.path(), setup).await, folder }
    }

    pub async fn with(entries: Vec<BackendEntry>) -> Self {
        Bed::new(setup(entries)).await
    }

    /// Stops the hub; the folder is left.
    pub async fn stop(self) -> TempDir {
        self.hub.stop(LONG).await;
        self.folder
    }

    /// Stops the hub and starts another on the same folder.
    pub async fn restart(self, setup: Setup) -> Self {
        self.hub.stop(LONG).await;
        let Bed { hub, folder } = self;
        drop(hub);
        let hub = start_in(folder.path(), setup).await;
        Bed { hub, folder }
    }

    pub async fn accept(&self, request: Request) -> JobId {
        match self.hub.accept(request, Effects::default()).await.unwrap() {
            Accepted::New(id) => id,
            other => panic!("not a new job: {other:?}"),
        }
    }

    pub async fn job(&self, id: JobId) -> Job {
        self.hub.job(id).await.unwrap()
    }

    /// The job once it has ended.
    pub async fn ended(&self, id: JobId) -> Job {
        let job = self.hub.wait(id, LONG).await.unwrap();
        assert!(job.state.is_terminal(), "job {id} should have ended by now: {job:?}");
        job
    }

    /// Follows the events until the condition holds.
    pub async fn until<F: AsyncFnMut() -> bool>(&self, mut condition: F) {
        let mut events = self.hub.events();
        let wait = async {
            while !condition().await {
                let _ = tokio::time::timeout(Duration::from_millis(20), events.recv()).await;
            }
        };
        tokio::time::timeout(LONG, wait).await.expect("it should have come about by now");
    }

    /// The job once it is in this state.
    pub async fn state(&self, id: JobId, state: model::JobState) {
        self.until(async || self.job(id).await.state == state).await;
    }
}

pub fn request(action: &str, subject: &str) -> Request {
    Request::new("test", action, json!({ "concernedTo": subject, "payload": { "n": 1 } }))
}

pub type Reactors = Vec<Arc<dyn Reactor>>;
pub type Couriers = HashMap<String, Arc<dyn Courier>>;
pub type Decoders = HashMap<String, Arc<dyn Decoder>>;
pub type Reclaims = Vec<Arc<dyn Reclaim>>;

/// Does harm to the journal of a hub that is stopped, as a bad disk would.
pub fn harm(folder: &Path, sql: &str) {
    let done = std::process::Command::new("sqlite3")
        .arg(folder.join("journal.db"))
        .arg(format!("{sql}; SELECT total_changes();"))
        .output()
        .expect("this test needs sqlite3 (apt install sqlite3)");
    let changed = String::from_utf8_lossy(&done.stdout).trim().parse::<u64>();
    assert!(done.status.success() && changed.is_ok_and(|changed| changed > 0), "{sql}: {done:?}");
}
