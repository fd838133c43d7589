//! Supervision: a queue of its own gets a copy of all that passes on the bus, and each message is recorded before it is
//! acknowledged.

use std::convert::Infallible;
use std::sync::Arc;

use engine::door::{self, Patience, Stopped};
use engine::{Hub, Link};
use futures_util::{FutureExt as _, StreamExt as _};
use journal::NewRecord;
use lapin::message::Delivery;
use lapin::options::{
    BasicAckOptions, BasicConsumeOptions, BasicQosOptions, ExchangeDeclareOptions, QueueBindOptions,
    QueueDeclareOptions,
};
use lapin::types::{AMQPValue, FieldTable};
use lapin::{Channel, Connection, Consumer, ExchangeKind};

use crate::connection::{open, said};
use crate::error::Error;
use crate::raw::{Body, RawMessage};
use crate::seen;
use crate::source::{KIND, Shared};
use crate::wire::{self, name};

/// Messages that the broker hands out before any is acknowledged.
const PREFETCH: u16 = 500;
/// Most messages that are recorded together, and most of their bytes.
const MOST: usize = 250;
const MOST_BYTES: usize = 4 << 20;
/// Messages that the broker keeps while nobody records; above that it drops the oldest.
const KEPT: i64 = 100_000;

/// Records what passes on one bus.
pub(crate) struct Watch {
    shared: Arc<Shared>,
    hub: Hub,
    link: Arc<Link>,
    stopped: Stopped,
    patience: Patience,
}

impl Watch {
    pub(crate) fn new(shared: Arc<Shared>, hub: Hub, stopped: Stopped) -> Self {
        let link = hub.link(&format!("{}-supervision", shared.settings.name), KIND);
        let patience =
            Patience::new(&shared.settings.name, "messages for supervision", "stay with the broker");
        Watch { shared, hub, link, stopped, patience }
    }

    /// Records until it is dropped, whatever becomes of the connection.
    pub(crate) async fn keep(self) {
        door::keep(&self.hub, &self.link, &self.shared.clock, || async {
            let Err(why) = self.session().await;
            why
        })
        .await;
    }

    async fn session(&self) -> Result<Infallible, Error> {
        let settings = &self.shared.settings;
        let lost = |error: lapin::Error| said(&settings.address, &error);
        let connection = open(settings, "watches").await?;
        let (channel, mut consumer) = self.begin(&connection).await.map_err(lost)?;
        if let Some(up) = self.link.up(self.shared.clock.now()) {
            let (source, log) = (&settings.name, &settings.log_exchange);
            tracing::info!(source, "{source}: {up} RabbitMQ, supervision records what passes on {log}");
        }
        loop {
            let first = tokio::select! {
                biased;
                () = self.stopped.told() => {
                    // What was not recorded goes back to the broker with the connection.
                    return std::future::pending().await;
                }
                first = consumer.next() => first,
            };
            let Some(first) = first else {
                let why =
                    format!("queue {} was deleted, or the consumer cancelled", settings.supervision_queue());
                return Err(Error::Broker { at: settings.address.to_string(), why });
            };
            let mut batch = vec![first.map_err(lost)?];
            let mut bytes = batch.iter().map(|first| first.data.len()).sum::<usize>();
            while batch.len() < MOST
                && bytes < MOST_BYTES
                && let Some(Some(Ok(next))) = consumer.next().now_or_never()
            {
                bytes = bytes.saturating_add(next.data.len());
                batch.push(next);
            }
            let last = batch.iter().map(|delivery| delivery.delivery_tag).max().unwrap_or_default();
            self.record(batch).await;
            channel.basic_ack(last, BasicAckOptions { multiple: true }).await.map_err(lost)?;
        }
    }

    async fn begin(&self, connection: &Connection) -> lapin::Result<(Channel, Consumer)> {
        let settings = &self.shared.settings;
        let queue = name(&settings.supervision_queue()).unwrap_or_default();
        let log = name(&settings.log_exchange).unwrap_or_default();
        // The source may not have come so far, or may find an exchange that is otherwise: then it is used as it is.
        let trial = connection.create_channel().await?;
        let durable = ExchangeDeclareOptions { durable: true, ..ExchangeDeclareOptions::default() };
        let made =
            trial.exchange_declare(log.clone(), ExchangeKind::Fanout, durable, FieldTable::default()).await;
        if made.is_ok() {
            trial.close(200, "declared".into()).await?;
        }
        let channel = connection.create_channel().await?;
        channel.basic_qos(PREFETCH, BasicQosOptions::default()).await?;
        let durable = QueueDeclareOptions { durable: true, ..QueueDeclareOptions::default() };
        let mut bound = FieldTable::default();
        bound.insert("x-max-length".into(), AMQPValue::LongLongInt(KEPT));
        channel.queue_declare(queue.clone(), durable, bound).await?;
        let (all, none) = ("#".into(), FieldTable::default());
        channel.queue_bind(queue.clone(), log, all, QueueBindOptions::default(), none.clone()).await?;
        let consumer =
            channel.basic_consume(queue, "supervision".into(), BasicConsumeOptions::default(), none).await?;
        Ok((channel, consumer))
    }

    /// Puts messages on disk; while the journal cannot be written they stay the broker's.
    async fn record(&self, batch: Vec<Delivery>) {
        let clock = &self.shared.clock;
        let at = clock.now();
        let count = batch.len() as u64;
        let records: Vec<NewRecord> = batch.into_iter().map(|delivery| self.seen(delivery, at)).collect();
        let write = || self.hub.record(records.clone());
        if self.patience.until_taken(clock, write).await.is_ok() {
            self.link.count("recorded", count);
        }
    }

    fn seen(&self, delivery: Delivery, at: jiff::Timestamp) -> NewRecord {
        let raw = RawMessage {
            exchange: delivery.exchange.to_string(),
            routing_key: delivery.routing_key.to_string(),
            redelivered: delivery.redelivered,
            properties: wire::read(&delivery.properties),
            body: Body::new(delivery.data),
        };
        let routes = self.shared.routes.get();
        let action = routes.find(&raw.routing_key).map(|route| route.action(&raw.routing_key));
        let pointers = action.map(|action| self.hub.action(action).spec.secrets.clone()).unwrap_or_default();
        seen::record(raw, &pointers, at)
    }
}
