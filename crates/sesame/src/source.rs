//! A source: what the hub is given of it, and the loop that keeps it connected.

use std::sync::{Arc, OnceLock};

use engine::door::{self, Patience, Running, Stopped};
use engine::port::Decoder;
use engine::{Clock, Hub, Link, Setup};
use journal::Life;
use redis::aio::MultiplexedConnection;
use serde_json::Value;
use tokio::sync::watch;
use uuid::Uuid;

use crate::built_in::BuiltIn;
use crate::connection;
use crate::courier::Completions;
use crate::decode;
use crate::error::Error;
use crate::held::HeldJobs;
use crate::queue::Queue;
use crate::reactor::Answers;
use crate::reclaim::Recheck;
use crate::server::Server;
use crate::session::Session;
use crate::settings::{RETRY, Settings};

/// What is at the other end, for those who look at connections.
const KIND: &str = "redis";

/// One queue on one Redis, as a source of the hub.
#[derive(Clone)]
pub struct Source {
    shared: Arc<Shared>,
    built_in: BuiltIn,
}

/// What the parts of a source share.
pub(crate) struct Shared {
    pub(crate) settings: Settings,
    pub(crate) queue: Queue,
    pub(crate) held: HeldJobs,
    pub(crate) clock: Clock,
    /// Ours.
    pub(crate) journal: Uuid,
    /// This opening of it.
    pub(crate) life: Life,
    /// Another source of this hub that serves the same queue, once that is known.
    pub(crate) twin: OnceLock<String>,
    /// The connection for calls, while there is one.
    pub(crate) calls: watch::Sender<Option<MultiplexedConnection>>,
}

impl Shared {
    /// Who serves the queue when we do.
    pub(crate) fn server(&self) -> Server {
        Server {
            journal: self.journal.to_string(),
            source: Some(self.settings.name.clone()),
            life: Some(self.life.to_string()),
        }
    }
}

impl Source {
    /// A source of the hub that works on the journal with this id, in this life. Nothing is connected yet.
    pub fn new(settings: Settings, journal: Uuid, life: Life, clock: Clock, built_in: BuiltIn) -> Self {
        let shared = Shared {
            queue: Queue::new(&settings, format!("intendant:{journal}")),
            held: HeldJobs::default(),
            calls: watch::channel(None).0,
            twin: OnceLock::new(),
            settings,
            clock,
            journal,
            life,
        };
        Source { shared: Arc::new(shared), built_in }
    }

    /// What reads refused jobs again.
    pub fn decoder(&self) -> Arc<dyn Decoder> {
        Arc::new(Resubmitted(Arc::clone(&self.shared)))
    }
}

impl door::Source for Source {
    type Told = ();

    fn name(&self) -> &str {
        &self.shared.settings.name
    }

    fn join(&self, setup: &mut Setup) {
        let (shared, settings) = (|| Arc::clone(&self.shared), &self.shared.settings);
        let name = || settings.name.clone();
        setup.reactors.push(Arc::new(Answers { source: name(), courier: settings.courier() }));
        setup.couriers.insert(settings.courier(), Arc::new(Completions(shared())));
        setup.decoders.insert(name(), self.decoder());
        // What finds out at start which jobs others took over.
        setup.reclaim.push(Arc::new(Recheck(shared())));
        setup.retry.insert(name(), RETRY);
    }

    /// Jobs that are held when it ends stay ours for the rest of their locks.
    fn start(&self, hub: Hub) -> Running {
        let (shared, built_in) = (Arc::clone(&self.shared), self.built_in.clone());
        let link = hub.link(&shared.settings.name, KIND);
        Running::new(|stopped| {
            let keeper = Keeper { shared, built_in, hub, link, stopped: stopped.clone() };
            vec![tokio::spawn(keeper.keep())]
        })
    }
}

/// A refused job that is handed in again: nobody waits for it any more.
struct Resubmitted(Arc<Shared>);

impl Decoder for Resubmitted {
    fn decode(&self, raw: &[u8]) -> Result<model::Request, engine::Why> {
        let Shared { settings, clock, .. } = &*self.0;
        let message = decode::Message::from_bytes(raw)?;
        let request = decode::decode(&message, &settings.name, settings.answer_after, clock.now())?;
        Ok(model::Request { reply: None, deadline: None, ..request })
    }

    fn masked(&self, raw: &[u8], mask: &dyn Fn(&mut Value)) -> Option<Vec<u8>> {
        let mut message = decode::Message::from_bytes(raw).ok()?;
        let mut data = serde_json::from_str(&message.data).ok()?;
        mask(&mut data);
        message.data = data.to_string();
        Some(message.to_bytes())
    }
}

/// Keeps a source connected.
struct Keeper {
    shared: Arc<Shared>,
    built_in: BuiltIn,
    hub: Hub,
    link: Arc<Link>,
    stopped: Stopped,
}

impl Keeper {
    async fn keep(self) {
        let Shared { settings, clock, .. } = &*self.shared;
        let life = || async {
            match connection::open(settings).await {
                Ok(pair) => self.serve(pair).await,
                Err(error) => error,
            }
        };
        door::keep(&self.hub, &self.link, clock, life).await;
    }

    /// Works on open connections until one of them is lost.
    async fn serve(&self, pair: connection::Pair) -> Error {
        self.shared.calls.send_replace(Some(pair.calls.clone()));
        self.hub.wake_outbox();
        let session = Session {
            shared: Arc::clone(&self.shared),
            built_in: self.built_in.clone(),
            hub: self.hub.clone(),
            link: Arc::clone(&self.link),
            stopped: self.stopped.clone(),
            pair,
            patience: Patience::new(&self.shared.settings.name, "jobs", "go back to the queue"),
        };
        let why = session.run().await;
        self.shared.calls.send_replace(None);
        why
    }
}
