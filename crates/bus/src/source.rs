//! A source: what the hub is given of it, and the loop that keeps it connected.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use engine::port::{Courier, Decoder, Reactor};
use engine::{Clock, Hub, Link, Pacer, Why};
use jiff::Timestamp;
use model::word::code;
use model::{Request, RetryPolicy};
use serde_json::Value;
use tokio::sync::{Notify, watch};
use tokio::task::JoinHandle;
use uuid::Uuid;

use crate::amiss::SaidAmiss;
use crate::connection::open;
use crate::courier::Publishes;
use crate::error::Error;
use crate::publisher::Publisher;
use crate::raw::{Body, RawMessage};
use crate::reactor::{SharedRoutes, Tells};
use crate::request::request;
use crate::route::Routes;
use crate::session::Session;
use crate::settings::Settings;
use crate::topology;
use crate::watch::Watch;

/// What is at the other end, for those who look at connections.
pub const KIND: &str = "rabbitmq";

/// One application on one virtual host, as a source of the hub.
#[derive(Clone)]
pub struct Source(Arc<Shared>);

/// What the parts of a source share.
pub(crate) struct Shared {
    pub(crate) settings: Settings,
    pub(crate) routes: SharedRoutes,
    pub(crate) clock: Clock,
    /// What publishes, while there is a connection.
    pub(crate) publisher: watch::Sender<Option<Arc<Publisher>>>,
    /// Told when the connections should be looked at.
    pub(crate) trouble: Notify,
    /// Told when exchanges, queue and bindings are to be made sure of: the routes were replaced, an exchange is gone.
    pub(crate) rerouted: Notify,
    /// What backends told and did not leave as they did.
    pub(crate) amiss: Arc<SaidAmiss>,
    /// Held by the one message that is tried on a connection of its own.
    pub(crate) apart: tokio::sync::Mutex<()>,
}

/// A source at work. It goes on until [`Running::end`].
pub struct Running {
    shared: Arc<Shared>,
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
    /// Beside it: supervision.
    others: Vec<JoinHandle<()>>,
}

impl Source {
    /// A source. Nothing is connected yet.
    pub fn new(settings: Settings, routes: Routes, clock: Clock) -> Self {
        let shared = Shared {
            settings,
            routes: SharedRoutes::default(),
            clock,
            publisher: watch::channel(None).0,
            trouble: Notify::new(),
            rerouted: Notify::new(),
            amiss: Arc::default(),
            apart: tokio::sync::Mutex::default(),
        };
        shared.routes.set(routes);
        Source(Arc::new(shared))
    }

    /// Its name among the sources.
    pub fn name(&self) -> &str {
        &self.0.settings.name
    }

    /// What it was told.
    pub fn settings(&self) -> &Settings {
        &self.0.settings
    }

    /// An id for a message that is new.
    pub(crate) fn new_id(&self, now: Timestamp) -> Uuid {
        self.0.clock.delivery_id(now).0
    }

    /// Its routes as they are now.
    pub fn routes(&self) -> Arc<Routes> {
        self.0.routes.get()
    }

    /// Replaces its routes, for every message from now on.
    pub fn reroute(&self, routes: Routes) {
        self.0.routes.set(routes);
        self.0.rerouted.notify_one();
    }

    /// What has replies and notifications leave.
    pub fn reactor(&self) -> Arc<dyn Reactor> {
        let Shared { settings, routes, amiss, .. } = &*self.0;
        Arc::new(Tells { settings: settings.clone(), routes: routes.clone(), amiss: Arc::clone(amiss) })
    }

    /// What publishes, and its name.
    pub fn courier(&self) -> (String, Arc<dyn Courier>) {
        (self.0.settings.courier(), Arc::new(Publishes(Arc::clone(&self.0))))
    }

    /// What reads refused messages again.
    pub fn decoder(&self) -> Arc<dyn Decoder> {
        Arc::new(Resubmitted(Arc::clone(&self.0)))
    }

    /// When a soft failure of its jobs is tried again.
    pub fn retry(&self) -> RetryPolicy {
        self.0.settings.retry()
    }

    /// Begins to take messages.
    pub fn start(&self, hub: Hub) -> Running {
        let (stop, stopped) = watch::channel(false);
        let link = hub.link(self.name(), KIND);
        self.0.amiss.count_with(&link);
        let shared = || Arc::clone(&self.0);
        let mut others = Vec::new();
        if self.0.settings.supervise {
            others.push(tokio::spawn(Watch::new(shared(), hub.clone(), stopped.clone()).keep()));
        }
        let keeper = Keeper { shared: shared(), hub, link, stopped };
        Running { shared: shared(), stop, task: tokio::spawn(keeper.keep()), others }
    }
}

impl Running {
    /// Takes no more messages: those that were not acknowledged go back to the broker. What is told still leaves.
    pub fn quiesce(&self) {
        self.stop.send_replace(true);
    }

    /// Ends, once everything has left.
    pub async fn end(self) {
        self.task.abort();
        self.others.iter().for_each(JoinHandle::abort);
        // It ends by being aborted, and in no other way.
        let _ = self.task.await;
        let publisher = self.shared.publisher.send_replace(None);
        if let Some(publisher) = publisher {
            publisher.close().await;
        }
    }
}

/// A refused message that is handed in again, with the routes as they are now.
struct Resubmitted(Arc<Shared>);

impl Decoder for Resubmitted {
    fn decode(&self, raw: &[u8]) -> Result<Request, Why> {
        let message = RawMessage::from_bytes(raw)?.decode();
        let message =
            message.map_err(|poison| Why { code: code::UNREADABLE, message: poison.to_string() })?;
        let settings = &self.0.settings;
        // Somebody wants it tried again, however often that was done.
        let routes = self.0.routes.get();
        request(&settings.name, &message, &routes, u32::MAX).map_err(|refused| refused.why)
    }

    fn masked(&self, raw: &[u8], mask: &dyn Fn(&mut Value)) -> Option<Vec<u8>> {
        let mut message = RawMessage::from_bytes(raw).ok()?;
        let mut body = serde_json::from_slice(&message.body.bytes()).ok()?;
        mask(&mut body);
        message.body = Body::Body(body.to_string());
        Some(message.to_bytes())
    }
}

/// Keeps a source connected.
struct Keeper {
    shared: Arc<Shared>,
    hub: Hub,
    link: Arc<Link>,
    stopped: watch::Receiver<bool>,
}

impl Keeper {
    async fn keep(self) {
        let mut pacer = Pacer::new(&self.link, &self.shared.clock);
        loop {
            let Err(why) = self.serve().await;
            self.shared.publisher.send_replace(None);
            pacer.lost(&why).await;
        }
    }

    /// Works until a connection is lost.
    async fn serve(&self) -> Result<std::convert::Infallible, Error> {
        let Shared { settings, routes, .. } = &*self.shared;
        let connection = open(settings, "consumes").await?;
        let notes = topology::declare(&connection, settings, &routes.get()).await?;
        let publisher = Publisher::open(settings, "publishes").await?;
        self.shared.publisher.send_replace(Some(Arc::clone(&publisher)));
        self.hub.wake_outbox();
        let session = Session {
            shared: Arc::clone(&self.shared),
            hub: self.hub.clone(),
            link: Arc::clone(&self.link),
            stopped: self.stopped.clone(),
            connection,
            publisher,
            journal_trouble: AtomicBool::new(false),
        };
        session.explain(notes.into_iter().map(|note| note.text).collect());
        session.run().await
    }
}
