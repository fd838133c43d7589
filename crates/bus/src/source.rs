//! A source: what the hub is given of it, and the loop that keeps it connected.

use std::sync::Arc;
use std::time::Duration;

use engine::clock::within;
use engine::door::{self, Patience, Running, Stopped};
use engine::port::Decoder;
use engine::{Clock, Hub, Lasting, Link, Setup, Why};
use jiff::Timestamp;
use model::Request;
use model::word::code;
use serde_json::Value;
use tokio::sync::{Notify, watch};
use uuid::Uuid;

use crate::amiss::SaidAmiss;
use crate::connection::open;
use crate::courier::Publishes;
use crate::error::Error;
use crate::hold::{Count, Memory, come_back};
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

/// How long the last acknowledgements may take.
const LAST_CALL: Duration = Duration::from_secs(5);

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
    /// Messages that are held, or were when the connection was lost.
    pub(crate) held: Memory,
    /// Whether messages are held that are to be acknowledged before the end.
    pub(crate) holding: watch::Sender<bool>,
    /// Told when the hub has stopped.
    pub(crate) over: watch::Sender<bool>,
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
            held: Memory::default(),
            holding: watch::channel(false).0,
            over: watch::channel(false).0,
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

    /// What reads refused messages again.
    pub fn decoder(&self) -> Arc<dyn Decoder> {
        Arc::new(Resubmitted(Arc::clone(&self.0)))
    }

    /// Its routes as they are now.
    pub fn routes(&self) -> Arc<Routes> {
        self.0.routes.get()
    }
}

impl door::Source for Source {
    type Told = Routes;

    fn name(&self) -> &str {
        self.name()
    }

    fn join(&self, setup: &mut Setup) {
        let Shared { settings, routes, amiss, .. } = &*self.0;
        let name = || settings.name.clone();
        setup.reactors.push(Arc::new(Tells {
            settings: settings.clone(),
            routes: routes.clone(),
            amiss: Arc::clone(amiss),
        }));
        setup.couriers.insert(settings.courier(), Arc::new(Publishes(Arc::clone(&self.0))));
        setup.decoders.insert(name(), self.decoder());
        setup.retry.insert(name(), settings.retry().into());
    }

    fn start(&self, hub: Hub) -> Running {
        let shared = || Arc::clone(&self.0);
        let link = hub.link(&self.0.settings.name, KIND);
        self.0.amiss.count_with(&link);
        let running = Running::new(|stopped| {
            let watch = self.0.settings.supervise.then(|| Watch::new(shared(), hub.clone(), stopped.clone()));
            let keeper = Keeper { shared: shared(), hub, link, stopped: stopped.clone() };
            let watching = watch.map(|watch| tokio::spawn(watch.keep()));
            std::iter::once(tokio::spawn(keeper.keep())).chain(watching).collect()
        });
        let (ending, shared) = (shared(), shared());
        let running = running.at_first(async move {
            ending.over.send_replace(true);
            let mut holding = ending.holding.subscribe();
            // What is not acknowledged by then goes back to the broker.
            let _ = within(LAST_CALL, holding.wait_for(|holding| !holding)).await;
        });
        running.at_last(async move {
            // What is told leaves until then.
            if let Some(publisher) = shared.publisher.send_replace(None) {
                publisher.close().await;
            }
        })
    }

    /// Its routes.
    fn reload(&self, routes: Routes) {
        self.0.routes.set(routes);
        self.0.rerouted.notify_one();
    }
}

/// A refused message that is handed in again, with the routes as they are now.
struct Resubmitted(Arc<Shared>);

impl Decoder for Resubmitted {
    fn decode(&self, raw: &[u8]) -> Result<Request, Why> {
        let mut raw = RawMessage::from_bytes(raw)?;
        come_back(&mut raw, &self.0.settings);
        let message = raw.decode();
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
    stopped: Stopped,
}

impl Keeper {
    async fn keep(self) {
        door::keep(&self.hub, &self.link, &self.shared.clock, || async {
            let Err(why) = self.serve().await;
            self.shared.publisher.send_replace(None);
            why
        })
        .await;
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
            held: Count::default(),
            undeferred: Lasting::default(),
            patience: Patience::new(&settings.name, "messages", "stay with the broker"),
        };
        session.explain(notes.into_iter().map(|note| note.text).collect());
        session.run().await
    }
}
