//! A hub in a temporary folder, with backends whose every answer the test decides.
#![allow(dead_code, unreachable_pub)]

use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use engine::port::{
    Backend, BackendEntry, BoxFuture, Call, Catalogue, Control, Courier, Decoder, Mapping, Reactor, Reclaim,
    Standing,
};
use engine::{Accepted, ActionTable, Clock, Hub, Limits, Setup, wiring};
use journal::{Journal, Key, Options};
use model::{ActionSpec, Effects, Job, JobId, OnError, Outcome, Request, RetryPolicy, RunMark};
use serde_json::{Value, json};
use tempfile::TempDir;
use testkit::gate::Gate;

/// Longer than anything here takes, also on a busy machine.
pub const LONG: Duration = Duration::from_secs(30);

/// Quick retries, for ever.
pub const QUICK: RetryPolicy = RetryPolicy {
    max: 100,
    initial: Duration::from_millis(20),
    max_delay: Duration::from_millis(20),
    max_age: None,
    jitter: 0.0,
};

/// Retries that do not come within a test.
pub const SLOW: RetryPolicy =
    RetryPolicy { initial: Duration::from_hours(1), max_delay: Duration::from_hours(1), ..QUICK };

type Answer = dyn Fn(Call, Control) -> BoxFuture<'static, Outcome> + Send + Sync;

/// A backend that keeps a list of its calls and answers as the test says.
pub struct Fake {
    pub calls: Mutex<Vec<(RunMark, String, Value)>>,
    answer: Box<Answer>,
}

impl Fake {
    pub fn new(answer: impl Fn(&Call) -> Outcome + Send + Sync + 'static) -> Arc<Self> {
        Fake::with(move |call, _| {
            let outcome = answer(&call);
            Box::pin(async move { outcome })
        })
    }

    pub fn with(
        answer: impl Fn(Call, Control) -> BoxFuture<'static, Outcome> + Send + Sync + 'static,
    ) -> Arc<Self> {
        Arc::new(Fake { calls: Mutex::default(), answer: Box::new(answer) })
    }

    pub fn done() -> Arc<Self> {
        Fake::new(|_| Outcome::done())
    }

    /// Answers in this order, then `done`.
    pub fn answers(outcomes: Vec<Outcome>) -> Arc<Self> {
        let left = Mutex::new(outcomes.into_iter().collect::<std::collections::VecDeque<_>>());
        Fake::new(move |_| left.lock().unwrap().pop_front().unwrap_or_else(Outcome::done))
    }

    /// Waits for a permit of the semaphore before each answer.
    pub fn gated(gate: Arc<tokio::sync::Semaphore>) -> Arc<Self> {
        Fake::with(move |_, mut control| {
            let gate = Arc::clone(&gate);
            Box::pin(async move {
                tokio::select! {
                    permit = gate.acquire() => { permit.unwrap().forget(); Outcome::done() }
                    _ = control.stop.wait_for(Option::is_some) => Outcome::soft(2, model::word::code::INTERRUPTED, "ended by force"),
                }
            })
        })
    }

    pub fn jobs(&self) -> Vec<JobId> {
        self.calls.lock().unwrap().iter().map(|(mark, _, _)| mark.job).collect()
    }

    pub fn count(&self) -> usize {
        self.calls.lock().unwrap().len()
    }

    pub fn bodies(&self) -> Vec<Value> {
        self.calls.lock().unwrap().iter().map(|(_, _, body)| body.clone()).collect()
    }
}

impl Backend for Fake {
    fn run(&self, call: Call, control: Control) -> BoxFuture<'_, Outcome> {
        self.calls.lock().unwrap().push((call.mark.clone(), call.action.to_string(), (*call.body).clone()));
        (self.answer)(call, control)
    }
}

pub fn mapping(on_error: OnError, retry: Option<RetryPolicy>) -> Mapping {
    Mapping { on_error, retry, limit: None }
}

/// An active backend that maps `DO` and `UNDO`.
pub fn entry(name: &str, backend: Arc<dyn Backend>, on_error: OnError, retry: RetryPolicy) -> BackendEntry {
    let both = mapping(on_error, Some(retry));
    BackendEntry {
        name: name.into(),
        standing: Standing::Active,
        trouble: None,
        concurrency: None,
        backend,
        actions: BTreeMap::from([("DO".to_owned(), both), ("UNDO".to_owned(), both)]),
    }
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
    Setup {
        catalogue: Catalogue { entries },
        actions: actions(),
        reactors: Vec::new(),
        couriers: HashMap::new(),
        decoders: HashMap::new(),
        reclaim: Vec::new(),
        retry: HashMap::new(),
        limits: Limits::default(),
    }
}

/// A hub and the folder of its journal.
pub struct Bed {
    pub hub: Hub,
    pub folder: TempDir,
}

pub fn open(folder: &Path) -> (Arc<dyn Journal>, Arc<engine::Wiring>) {
    let (observer, wires) = wiring();
    let options = Options::new(folder, Key::from_bytes([7; 32]));
    (journal::open(options, observer).unwrap(), wires)
}

/// A hub whose commits, those that others keep a copy of, are told only while the gate is open: until then nobody is
/// answered either.
pub async fn start_behind(gate: &Arc<Gate>, setup: Setup) -> Bed {
    let folder = tempfile::tempdir().unwrap();
    let (observer, wires) = wiring();
    let gate = Arc::clone(gate);
    let held: journal::Observer = Arc::new(move |committed| {
        if !(committed.entities.is_empty() && committed.cancels.is_empty() && committed.revived.is_empty()) {
            gate.pass();
        }
        observer(committed);
    });
    let options = Options::new(folder.path(), Key::from_bytes([7; 32]));
    let journal = journal::open(options, held).unwrap();
    Bed { hub: Hub::start(journal, wires, Clock::system(), setup).await.unwrap(), folder }
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
