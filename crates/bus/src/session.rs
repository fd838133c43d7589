//! What is done while both connections stand: take messages, and look after the connections.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use engine::door::{Patience, Stopped};
use engine::{Hub, Lasting, Link};
use futures_util::{FutureExt as _, StreamExt as _};
use lapin::message::Delivery;
use lapin::options::{BasicAckOptions, BasicConsumeOptions, BasicQosOptions};
use lapin::types::FieldTable;
use lapin::{Channel, Connection, Consumer};

use crate::connection::{ACCESS_REFUSED, number, reason, said};
use crate::error::Error;
use crate::hold::Count;
use crate::publisher::Publisher;
use crate::source::Shared;
use crate::topology;
use crate::wire::name;

/// Most messages that are taken in together, and most of their bytes: each is held several times on its way to the journal.
const MOST: usize = 250;
const MOST_BYTES: usize = 4 << 20;
/// How often the connections are looked at when nobody complains.
const LOOK: Duration = Duration::from_secs(1);
/// Pause before the queue is asked for again that somebody else has.
const TAKEN: Duration = Duration::from_secs(5);

/// One life of the connections.
pub(crate) struct Session {
    pub(crate) shared: Arc<Shared>,
    pub(crate) hub: Hub,
    pub(crate) link: Arc<Link>,
    pub(crate) stopped: Stopped,
    pub(crate) connection: Connection,
    pub(crate) publisher: Arc<Publisher>,
    /// Messages that are held.
    pub(crate) held: Count,
    /// That some of them cannot be deferred.
    pub(crate) undeferred: Lasting,
    pub(crate) patience: Patience,
}

impl Session {
    /// Works until a connection is lost.
    pub(crate) async fn run(&self) -> Result<Infallible, Error> {
        let (never, ..) = tokio::try_join!(self.consume(), self.watch(), self.rebind())?;
        match never {}
    }

    /// Says what is not as it should be, when that is news.
    pub(crate) fn explain(&self, notes: Vec<String>) {
        let note = (!notes.is_empty()).then(|| notes.join("; "));
        if self.link.note(note) {
            for note in notes {
                tracing::warn!(source = self.shared.settings.name, "{note}");
            }
        }
    }

    async fn consume(&self) -> Result<Infallible, Error> {
        loop {
            match self.begin().await {
                Ok((channel, consumer)) if self.shared.settings.hold.is_some() => {
                    return self.take_and_hold(&channel, consumer).await;
                }
                Ok((channel, consumer)) => return self.take(&channel, consumer).await,
                Err(error @ Error::Taken(_)) => {
                    self.link.up(self.shared.clock.now());
                    self.explain(vec![error.to_string()]);
                    self.shared.clock.sleep(TAKEN).await;
                }
                Err(error) => return Err(error),
            }
        }
    }

    async fn begin(&self) -> Result<(Channel, Consumer), Error> {
        let settings = &self.shared.settings;
        let queue = settings.queue();
        let beginning = async {
            let channel = self.connection.create_channel().await?;
            channel.basic_qos(settings.prefetch, BasicQosOptions::default()).await?;
            let options =
                BasicConsumeOptions { exclusive: settings.exclusive, ..BasicConsumeOptions::default() };
            let (queue, tag) = (name(&queue).unwrap_or_default(), name("intendant").unwrap_or_default());
            let consumer = channel.basic_consume(queue, tag, options, FieldTable::default()).await?;
            Ok((channel, consumer))
        };
        let begun = beginning.await.map_err(|error: lapin::Error| match number(&error) {
            // The same number says that we may not read it.
            Some(ACCESS_REFUSED) if reason(&error).contains("in exclusive use") => {
                Error::Taken(queue.clone())
            }
            _ => said(&settings.address, &error),
        })?;
        self.link.note(self.link.view().note.filter(|note| !note.starts_with("another consumer")));
        if let Some(up) = self.link.up(self.shared.clock.now()) {
            let (source, address) = (&settings.name, &settings.address);
            tracing::info!(source, "{source}: {up} RabbitMQ at {address}");
        }
        Ok(begun)
    }

    /// Takes messages as they come, many at once, and acknowledges them once they are on disk.
    async fn take(&self, channel: &Channel, mut consumer: Consumer) -> Result<Infallible, Error> {
        let lost = |error: lapin::Error| said(&self.shared.settings.address, &error);
        loop {
            let first = tokio::select! {
                biased;
                () = self.stopped.told() => return self.leave(channel).await,
                first = consumer.next() => first,
            };
            let batch = self.batch(first, &mut consumer)?;
            let last = batch.iter().map(|delivery| delivery.delivery_tag).max().unwrap_or_default();
            if self.take_in(batch).await.is_none() {
                return self.leave(channel).await;
            }
            // All before it were acknowledged before.
            channel.basic_ack(last, BasicAckOptions { multiple: true }).await.map_err(lost)?;
        }
    }

    /// What came with the first one.
    pub(crate) fn batch(
        &self,
        first: Option<lapin::Result<Delivery>>,
        consumer: &mut Consumer,
    ) -> Result<Vec<Delivery>, Error> {
        let settings = &self.shared.settings;
        let Some(first) = first else {
            let why = format!("queue {} was deleted, or the consumer cancelled", settings.queue());
            return Err(Error::Broker { at: settings.address.to_string(), why });
        };
        let first = first.map_err(|error| said(&settings.address, &error))?;
        let mut bytes = first.data.len();
        let mut batch = vec![first];
        while batch.len() < MOST
            && bytes < MOST_BYTES
            && let Some(Some(Ok(next))) = consumer.next().now_or_never()
        {
            bytes = bytes.saturating_add(next.data.len());
            batch.push(next);
        }
        Ok(batch)
    }

    /// Gives back what was not taken in, and waits for the end.
    pub(crate) async fn leave(&self, channel: &Channel) -> Result<Infallible, Error> {
        let left = channel.close(200, "stopping".into()).await;
        left.map_err(|error| said(&self.shared.settings.address, &error))?;
        std::future::pending().await
    }

    /// Notices a connection that is lost without a message on it.
    async fn watch(&self) -> Result<Infallible, Error> {
        let at = self.shared.settings.address.to_string();
        let mut blocked = false;
        loop {
            tokio::select! {
                () = self.shared.trouble.notified() => {}
                () = self.shared.clock.sleep(LOOK) => {}
            }
            if !self.connection.status().connected() {
                return Err(Error::Broker { at, why: "the connection was closed".to_owned() });
            }
            if !self.publisher.is_open() {
                return Err(Error::Broker { at, why: "the connection that publishes was closed".to_owned() });
            }
            if blocked != self.publisher.is_blocked() {
                blocked = !blocked;
                if blocked {
                    let note =
                        "RabbitMQ takes no messages: it is short of memory or disk; what is to leave waits";
                    self.explain(vec![note.to_owned()]);
                } else {
                    self.hub.wake_outbox();
                    // What was to be said before is found again.
                    self.shared.rerouted.notify_one();
                }
            }
        }
    }

    /// Binds the keys of new routes, and makes again what was deleted.
    async fn rebind(&self) -> Result<Infallible, Error> {
        let Shared { settings, routes, rerouted, .. } = &*self.shared;
        loop {
            rerouted.notified().await;
            let notes = topology::declare(&self.connection, settings, &routes.get()).await?;
            self.explain(notes.into_iter().map(|note| note.text).collect());
        }
    }
}
