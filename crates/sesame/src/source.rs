//! A source: what the hub is given of it, and the loop that keeps it connected.

use std::sync::atomic::AtomicBool;
use std::sync::{Arc, OnceLock};

use engine::port::{Courier, Decoder, Reactor, Reclaim};
use engine::{Clock, Hub, Link, Pacer};
use redis::aio::MultiplexedConnection;
use serde_json::Value;
use tokio::sync::watch;
use tokio::task::JoinHandle;
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
use crate::settings::Settings;

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
    /// Another source of this hub that serves the same queue, once that is known.
    pub(crate) twin: OnceLock<String>,
    /// The connection for calls, while there is one.
    pub(crate) calls: watch::Sender<Option<MultiplexedConnection>>,
}

/// A source at work. It goes on until [`Running::end`].
pub struct Running {
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

impl Shared {
    /// Who serves the queue when we do.
    pub(crate) fn server(&self) -> Server {
        Server { journal: self.journal.to_string(), source: Some(self.settings.name.clone()) }
    }
}

impl Source {
    /// A source of the hub that works on the journal with this id. Nothing is connected yet.
    pub fn new(settings: Settings, journal: Uuid, clock: Clock, built_in: BuiltIn) -> Self {
        let shared = Shared {
            queue: Queue::new(&settings, format!("intendant:{journal}")),
            held: HeldJobs::default(),
            calls: watch::channel(None).0,
            twin: OnceLock::new(),
            settings,
            clock,
            journal,
        };
        Source { shared: Arc::new(shared), built_in }
    }

    /// Its name among the sources.
    pub fn name(&self) -> &str {
        &self.shared.settings.name
    }

    /// What builds the answers.
    pub fn reactor(&self) -> Arc<dyn Reactor> {
        let settings = &self.shared.settings;
        Arc::new(Answers { source: settings.name.clone(), courier: settings.courier() })
    }

    /// What completes jobs, and its name.
    pub fn courier(&self) -> (String, Arc<dyn Courier>) {
        (self.shared.settings.courier(), Arc::new(Completions(Arc::clone(&self.shared))))
    }

    /// What reads refused jobs again.
    pub fn decoder(&self) -> Arc<dyn Decoder> {
        Arc::new(Resubmitted(Arc::clone(&self.shared)))
    }

    /// What finds out at start which jobs others took over.
    pub fn reclaim(&self) -> Arc<dyn Reclaim> {
        Arc::new(Recheck(Arc::clone(&self.shared)))
    }

    /// Begins to take jobs.
    pub fn start(&self, hub: Hub) -> Running {
        let (stop, stopped) = watch::channel(false);
        let link = hub.link(self.name(), KIND);
        let keeper =
            Keeper { shared: Arc::clone(&self.shared), built_in: self.built_in.clone(), hub, link, stopped };
        Running { stop, task: tokio::spawn(keeper.keep()) }
    }
}

impl Running {
    /// Takes no more jobs. Those that are held stay held, and are answered.
    pub fn quiesce(&self) {
        self.stop.send_replace(true);
    }

    /// Ends. Jobs that are held stay ours for the rest of their locks.
    pub async fn end(self) {
        self.task.abort();
        // It ends by being aborted, and in no other way.
        let _ = self.task.await;
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
    stopped: watch::Receiver<bool>,
}

impl Keeper {
    async fn keep(self) {
        let Shared { settings, clock, .. } = &*self.shared;
        let mut pacer = Pacer::new(&self.link, clock);
        loop {
            let why = match connection::open(settings).await {
                Ok(pair) => self.serve(pair).await,
                Err(error) => error,
            };
            pacer.lost(&why).await;
        }
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
            journal_trouble: AtomicBool::new(false),
        };
        let why = session.run().await;
        self.shared.calls.send_replace(None);
        why
    }
}
