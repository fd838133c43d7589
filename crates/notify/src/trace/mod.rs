//! Traces: what happened to each job, as spans in OTLP over HTTP (protobuf), for those who have a collector.
//!
//! Nothing of the hub's work waits for it. Events are listened to as the console does it; when a job has ended its story
//! is read from the journal and becomes a tree: the job, its acceptance, each attempt, each try to deliver. What comes
//! faster than a collector takes it is dropped, and counted.

mod courier;
mod export;
mod span;
mod wire;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use engine::port::Courier;
use engine::{Clock, Hub};
use jiff::Timestamp;
use model::{EventKind, JobId, Secret};
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use courier::Watched;
use export::Exporter;
use span::Tried;

/// What waits to be told, at most.
const QUEUE: usize = 4096;
/// Jobs of which it is remembered when they were accepted, at most.
const REMEMBERED: usize = 10_000;
/// How long what is still to be told may take when the hub stops.
const LAST_CALL: Duration = Duration::from_secs(3);

/// Where traces go.
#[derive(Clone, Debug)]
pub struct Collector {
    /// Where spans are posted to, `http://127.0.0.1:4318/v1/traces`.
    pub url: String,
    /// Headers that go along, such as one that proves who we are.
    pub headers: Vec<(String, Secret<String>)>,
    /// The name of this hub among the others.
    pub service: String,
}

/// A job that has ended, or a try to deliver something.
enum Note {
    /// With the time at which its acceptance was known to be on disk.
    Ended(JobId, Option<Timestamp>),
    Tried(Tried),
}

/// The end at which notes are put in: never waits.
#[derive(Clone)]
struct Notes {
    queue: mpsc::Sender<Note>,
    dropped: Arc<AtomicU64>,
}

impl Notes {
    fn put(&self, note: Note) {
        if self.queue.try_send(note).is_err() {
            self.drop(1);
        }
    }

    fn drop(&self, count: u64) {
        self.dropped.fetch_add(count, Ordering::Relaxed);
    }
}

/// Traces that are to be told, before there is a hub.
pub struct Traces {
    notes: Notes,
    queue: mpsc::Receiver<Note>,
    exporter: Exporter,
    clock: Clock,
}

/// Traces that are being told.
pub struct Telling {
    listener: JoinHandle<()>,
    exporter: JoinHandle<()>,
    clock: Clock,
}

impl Traces {
    /// Traces for a collector.
    pub fn new(collector: Collector, clock: Clock) -> Result<Self, reqwest::Error> {
        let (sender, queue) = mpsc::channel(QUEUE);
        let dropped = Arc::new(AtomicU64::new(0));
        let exporter = Exporter::new(collector, Arc::clone(&dropped), clock.clone())?;
        Ok(Traces { notes: Notes { queue: sender, dropped }, queue, exporter, clock })
    }

    /// Couriers of which each try is told.
    pub fn watch(&self, couriers: &mut HashMap<String, Arc<dyn Courier>>) {
        for courier in couriers.values_mut() {
            let inner = Arc::clone(courier);
            *courier = Arc::new(Watched { inner, notes: self.notes.clone(), clock: self.clock.clone() });
        }
    }

    /// Begins to tell.
    pub fn start(self, hub: Hub) -> Telling {
        let Traces { notes, queue, exporter, clock } = self;
        let listener = tokio::spawn(listen(hub.own_events(), notes, clock.clone()));
        Telling { listener, exporter: tokio::spawn(exporter.run(queue, hub)), clock }
    }
}

impl Telling {
    /// Tells what is left, for a few seconds. To be called when the hub has stopped.
    pub async fn close(mut self) {
        // The queue ends when nobody can put anything in: the hub's couriers are gone, the listener goes here.
        self.listener.abort();
        tokio::select! {
            _ = &mut self.exporter => {}
            () = self.clock.sleep(LAST_CALL) => self.exporter.abort(),
        }
    }
}

/// Notes the ends of jobs until the hub is gone.
async fn listen(mut events: Receiver<model::Event>, notes: Notes, clock: Clock) {
    let mut accepted: HashMap<JobId, Timestamp> = HashMap::new();
    loop {
        let event = match events.recv().await {
            Ok(event) => event,
            Err(RecvError::Lagged(missed)) => {
                notes.drop(missed);
                continue;
            }
            Err(RecvError::Closed) => return,
        };
        let Some(job) = event.job else { continue };
        match event.kind {
            EventKind::Accepted => {
                if accepted.len() >= REMEMBERED {
                    accepted.clear();
                }
                accepted.insert(job, clock.now());
            }
            EventKind::Succeeded | EventKind::Failed | EventKind::Cancelled | EventKind::Superseded => {
                notes.put(Note::Ended(job, accepted.remove(&job)));
            }
            _ => {}
        }
    }
}

/// What all spans of this hub have in common.
fn resource(service: &str) -> BTreeMap<&'static str, span::Value> {
    BTreeMap::from([
        ("service.name", span::Value::from(service)),
        ("service.version", span::Value::from(env!("CARGO_PKG_VERSION"))),
    ])
}
