//! A hub with this source on a real RabbitMQ, a backend whose every answer the test decides, and a program in another
//! language at the other end.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::needless_pass_by_value,
    missing_docs,
    dead_code,
    unreachable_pub
)]

pub mod raw;

use std::sync::Arc;
use std::time::Duration;

use bus::route::{AnnounceSpec, RouteSpec, Routes};
use bus::{Access, Address, Settings, Source};
use engine::door::{Running, Source as _};
use engine::port::Catalogue;
use engine::{ActionTable, Clock, Hub, Setup};
use intendant_bus as bus;
use journal::RecordFilter;
use model::{ActionSpec, Job, JobState, OnError, Outcome, Record, RecordKind};
use serde_json::{Value, json};
use tempfile::TempDir;
use testkit::peer::{Language, Peer};
use testkit::service::{Kind, Service};

pub use testhub::{Fake, LONG};

pub const KEY: &str = "request.ldapd.account.update";

/// Succeeds, and says what it wrote.
pub fn done() -> Arc<Fake> {
    Fake::new(|_| {
        answered(json!({ "status": 0, "message": "written", "data": { "uuid": "u", "google_id": "g" } }))
    })
}

pub fn answered(data: Value) -> Outcome {
    Outcome { data: Some(data), ..Outcome::done() }
}

/// A hub, and all that is told of it.
pub struct Plan {
    pub settings: Settings,
    pub routes: Vec<(&'static str, RouteSpec)>,
    pub backend: Arc<Fake>,
    /// What the action table says.
    pub actions: Vec<(&'static str, ActionSpec)>,
    /// What is told of jobs whoever asked for them.
    pub announced: Vec<(&'static str, AnnounceSpec)>,
}

impl Plan {
    /// With names of its own for everything on the broker.
    pub fn new(broker: &Service, application: &str, backend: &Arc<Fake>) -> Self {
        let address = Address::new(broker.url(), Access::default()).unwrap();
        let settings = Settings {
            event_exchange: format!("{application}_events"),
            log_exchange: format!("{application}_log"),
            deferred: Duration::from_millis(100),
            deferred_max: Duration::from_millis(100),
            ..Settings::new(application, address)
        };
        let schema = json!({
            "$schema": "http://json-schema.org/draft-04/schema#",
            "type": "object",
            "required": ["uuid"],
            "properties": { "uuid": { "type": "string" } },
        });
        let update = RouteSpec {
            schema: Some(schema),
            concerned_to: vec!["/uuid".to_owned()],
            notify: Some("notify.ldapd.account.updated".to_owned()),
            ..RouteSpec::default()
        };
        let event = RouteSpec {
            action: Some(KEY.to_owned()),
            concerned_to: vec!["/key".to_owned()],
            ..RouteSpec::default()
        };
        Plan {
            settings,
            routes: vec![(KEY, update), ("notify.account.#", event)],
            backend: Arc::clone(backend),
            actions: Vec::new(),
            announced: Vec::new(),
        }
    }

    pub fn routes(&self) -> Routes {
        let routes = self.routes.iter().map(|(key, spec)| ((*key).to_owned(), spec.clone()));
        let announced = self.announced.iter().map(|(action, spec)| ((*action).to_owned(), spec.clone()));
        Routes::new(routes).unwrap().announcing(announced).unwrap()
    }
}

/// A hub at work.
pub struct Bed {
    pub hub: Hub,
    pub source: Source,
    pub running: Running,
    pub settings: Settings,
    pub folder: TempDir,
}

impl Bed {
    pub async fn new(plan: &Plan) -> Self {
        Bed::start_in(tempfile::tempdir().unwrap(), plan).await
    }

    pub async fn start_in(folder: TempDir, plan: &Plan) -> Self {
        let settings = plan.settings.clone();
        let source = Source::new(settings.clone(), plan.routes(), Clock::system());
        let mapping = testhub::mapping(OnError::Stop, None);
        let entries = vec![testhub::entry("ldap", plan.backend.clone(), &[KEY], mapping)];
        let actions = plan.actions.iter().map(|(action, spec)| ((*action).to_owned(), spec.clone()));
        let mut setup = Setup::new(Catalogue { entries }, ActionTable::new(actions).unwrap());
        source.join(&mut setup);
        let hub = testhub::start(testhub::open(folder.path()), setup).await;
        let running = source.start(hub.clone());
        let bed = Bed { hub, source, running, settings, folder };
        bed.until("the source to be connected", async |bed| bed.link().connected).await;
        bed
    }

    /// Stops at once, as a service manager would after its patience, and keeps the folder.
    pub async fn stop(self) -> TempDir {
        self.running.quiesce();
        self.hub.stop(Duration::ZERO).await;
        self.running.end().await;
        self.folder
    }

    pub fn link(&self) -> engine::LinkView {
        self.hub.links().into_iter().find(|link| link.name == self.settings.name).unwrap()
    }

    #[allow(clippy::disallowed_methods, reason = "another program is waited for")]
    pub async fn until(&self, what: &str, mut condition: impl AsyncFnMut(&Bed) -> bool) {
        let wait = async {
            while !condition(self).await {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        let waited = tokio::time::timeout(LONG, wait).await;
        assert!(waited.is_ok(), "waited for {what}: {:?}", self.link());
    }

    pub async fn jobs(&self) -> Vec<Job> {
        testhub::jobs(&self.hub).await
    }

    /// Ready and unacknowledged messages of one of its queues, as the broker says; `None` = there is no such queue.
    pub fn messages(&self, broker: &Service, queue: &str) -> Option<(u32, u32)> {
        let queues = ["list_queues", "name", "messages_ready", "messages_unacknowledged"];
        let said = broker.rabbitmqctl(&queues).unwrap();
        let name = format!("{}_{queue}", self.settings.application_id);
        let mut counts =
            said.lines().find_map(|line| line.strip_prefix(&name)?.strip_prefix('\t'))?.split('\t');
        let mut count = || counts.next().unwrap().trim().parse().unwrap();
        Some((count(), count()))
    }

    /// Waits until the job queue holds so many ready and unacknowledged messages.
    pub async fn holds(&self, broker: &Service, ready: u32, unacknowledged: u32) {
        let what = format!("{ready} messages to be ready, {unacknowledged} to be held");
        let wanted = Some((ready, unacknowledged));
        self.until(&what, async |bed| bed.messages(broker, "job_q") == wanted).await;
    }

    /// Waits until so many jobs have ended, and returns them in their order.
    pub async fn ended(&self, count: usize) -> Vec<Job> {
        self.until(&format!("{count} jobs to end"), async |bed| {
            bed.jobs().await.iter().filter(|job| job.state.is_terminal()).count() >= count
        })
        .await;
        self.jobs().await
    }

    pub async fn refusals(&self) -> Vec<Record> {
        let filter = RecordFilter::of(RecordKind::Refusal);
        self.hub.journal().records(filter, None, 1_000).await.unwrap().rows
    }

    pub async fn refused(&self, count: usize) -> Vec<Record> {
        self.until(&format!("{count} refusals"), async |bed| bed.refusals().await.len() >= count).await;
        self.refusals().await
    }
}

pub fn states(jobs: &[Job], state: JobState) -> usize {
    jobs.iter().filter(|job| job.state == state).count()
}

pub fn broker() -> Service {
    Kind::RabbitMq.start().unwrap()
}

/// A program on the bus with an exchange for replies, a queue on it, and one on what supervision sees.
pub struct Neighbour {
    pub peer: Peer,
    application: String,
}

impl Neighbour {
    pub fn of(broker: &Service, settings: &Settings) -> Self {
        Neighbour::speaking(Language::Python, broker, settings)
    }

    pub fn speaking(language: Language, broker: &Service, settings: &Settings) -> Self {
        let mut peer = Peer::connect(language, broker.url()).unwrap();
        let application = settings.application_id.clone();
        peer.ask("exchange", json!({ "name": format!("{application}_asker.reply") })).unwrap();
        for (queue, exchange, key) in [
            ("replies", format!("{application}_asker.reply"), "#"),
            ("events", settings.event_exchange.clone(), "notify.ldapd.#"),
            ("logs", settings.log_exchange.clone(), ""),
        ] {
            let name = format!("{application}_{queue}");
            peer.ask("queue", json!({ "name": name, "bindings": [[exchange, key]] })).unwrap();
        }
        Neighbour { peer, application }
    }

    /// Publishes on the exchange of events, as GrAM does, or of requests.
    pub fn publish(&mut self, exchange: &str, key: &str, body: &Value, properties: Option<Value>) {
        let body = match body {
            Value::String(text) => json!(text),
            Value::Object(object) if object.contains_key("base64") => body.clone(),
            other => json!(other.to_string()),
        };
        let exchange = format!("{}{exchange}", self.application);
        let message = json!({ "exchange": exchange, "key": key, "body": body, "properties": properties });
        self.peer.ask("publish", json!({ "messages": [message] })).unwrap();
    }

    /// Takes so many messages of one of its queues.
    pub fn take(&mut self, queue: &str, count: usize) -> Vec<Value> {
        let queue = format!("{}_{queue}", self.application);
        let taken = self.peer.ask("get", json!({ "queue": queue, "count": count, "seconds": 170 })).unwrap();
        let taken = taken.as_array().unwrap().clone();
        assert_eq!(taken.len(), count, "{queue}: {taken:?}");
        taken
    }

    /// How many messages are in one of its queues.
    pub fn count(&mut self, queue: &str) -> Value {
        self.peer.ask("exists", json!({ "queue": format!("{}_{queue}", self.application) })).unwrap()
    }

    pub fn reply_to(&self) -> String {
        format!("{}_asker.reply", self.application)
    }
}

pub fn uuid(n: usize) -> String {
    format!("88d818a1-c77c-44e6-ad0c-{n:012x}")
}

/// A message of version 1.
pub fn v1(n: usize, data: Value) -> Value {
    json!({
        "event_uuid": uuid(n),
        "event_name": "request.ldapd.account.update",
        "event_creation_time": "2016-05-29T15:03:50+00:00",
        "event_sender_id": "gram",
        "data": data,
    })
}

/// The properties of a message of version 2.
pub fn v2(n: usize, reply_to: Option<&str>) -> Value {
    json!({
        "message_id": uuid(n),
        "app_id": "gorg_mail",
        "content_type": "application/json",
        "content_encoding": "deflate",
        "reply_to": reply_to,
        "headers": { "soa-version": "2.0", "client-library": "GorgService 6.0.0", "softfail-count": 0 },
    })
}

/// The body of a message that was taken, as JSON.
pub fn body(message: &Value) -> Value {
    serde_json::from_str(message["body"].as_str().unwrap()).unwrap()
}
