//! What the commands do on a broker, without a hub: look, declare, publish, listen.

use futures_util::StreamExt as _;
use lapin::options::{BasicConsumeOptions, QueueBindOptions, QueueDeclareOptions};
use lapin::types::FieldTable;
use lapin::{Connection, Consumer};

use crate::connection::{Publisher, Unpublished, open, said};
use crate::envelope::Message;
use crate::error::Error;
use crate::raw::{Body, RawMessage};
use crate::route::Routes;
use crate::settings::Settings;
use crate::topology;
use crate::wire::{self, name};

/// What was found on a broker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Examined {
    /// Messages in the job queue that wait to be taken; `None` = there is no such queue yet.
    pub waiting: Option<u32>,
    /// Who takes them.
    pub consumers: u32,
}

/// Connects, looks at the job queue, and goes.
pub async fn examine(settings: &Settings) -> Result<Examined, Error> {
    let connection = open(settings, "looks").await?;
    let lost = |error: lapin::Error| said(&settings.address, &error);
    let channel = connection.create_channel().await.map_err(lost)?;
    let options = QueueDeclareOptions { passive: true, ..QueueDeclareOptions::default() };
    let queue = name(&settings.queue()).unwrap_or_default();
    let found = match channel.queue_declare(queue, options, FieldTable::default()).await {
        Ok(queue) => Examined { waiting: Some(queue.message_count()), consumers: queue.consumer_count() },
        Err(error) if error.is_amqp_soft_error() => Examined { waiting: None, consumers: 0 },
        Err(error) => return Err(lost(error)),
    };
    close(&connection).await;
    Ok(found)
}

/// Declares exchanges, queue and bindings, and says what is not as it should be.
pub async fn declare(settings: &Settings, routes: &Routes) -> Result<Vec<String>, Error> {
    let connection = open(settings, "declares").await?;
    let notes = topology::declare(&connection, settings, routes).await?;
    close(&connection).await;
    Ok(notes)
}

/// Publishes messages on an exchange, each confirmed before the next one.
pub async fn publish(settings: &Settings, exchange: &str, messages: &[Message]) -> Result<(), Error> {
    let publisher = Publisher::open(settings).await?;
    for message in messages {
        let published = publisher.publish(exchange, message).await;
        published.map_err(|error| unpublished(settings, exchange, error))?;
    }
    publisher.close().await;
    Ok(())
}

/// Publishes a message as it once came.
pub async fn publish_raw(settings: &Settings, exchange: &str, raw: &RawMessage) -> Result<(), Error> {
    let publisher = Publisher::open(settings).await?;
    let sending = async {
        if !publisher.knows(exchange).await? {
            return Err(Unpublished::Unknown);
        }
        publisher.send(exchange, &raw.routing_key, wire::write(&raw.properties), &raw.body.bytes()).await
    };
    sending.await.map_err(|error| unpublished(settings, exchange, error))?;
    publisher.close().await;
    Ok(())
}

fn unpublished(settings: &Settings, exchange: &str, error: Unpublished) -> Error {
    match error {
        Unpublished::Unknown => {
            Error::Unfit(format!("there is no exchange {exchange}: `bus declare` makes ours"))
        }
        Unpublished::TooLong => Error::Unfit("names of AMQP have at most 255 bytes".to_owned()),
        Unpublished::Later(why) => Error::Broker { at: settings.address.to_string(), why },
    }
}

/// What passes on the bus, as supervision sees it.
pub struct Tail {
    settings: Settings,
    consumer: Consumer,
    /// Closed when dropped; the queue goes with it.
    _connection: Connection,
}

impl Tail {
    /// Listens from now on, on a queue that is nobody else's and goes with the connection.
    pub async fn open(settings: &Settings) -> Result<Self, Error> {
        let connection = open(settings, "listens").await?;
        let listening = async {
            let channel = connection.create_channel().await?;
            let options =
                QueueDeclareOptions { exclusive: true, auto_delete: true, ..QueueDeclareOptions::default() };
            let queue = channel.queue_declare("".into(), options, FieldTable::default()).await?;
            let log = name(&settings.log_exchange).unwrap_or_default();
            let (bind, all) = (QueueBindOptions::default(), FieldTable::default());
            channel.queue_bind(queue.name().clone(), log, "#".into(), bind, all).await?;
            let options = BasicConsumeOptions { no_ack: true, ..BasicConsumeOptions::default() };
            channel.basic_consume(queue.name().clone(), "tail".into(), options, FieldTable::default()).await
        };
        let consumer = listening.await.map_err(|error| said(&settings.address, &error))?;
        Ok(Tail { settings: settings.clone(), consumer, _connection: connection })
    }

    /// The next message.
    pub async fn next(&mut self) -> Result<RawMessage, Error> {
        let lost = |why: String| Error::Broker { at: self.settings.address.to_string(), why };
        match self.consumer.next().await {
            Some(Ok(delivery)) => Ok(RawMessage {
                exchange: delivery.exchange.to_string(),
                routing_key: delivery.routing_key.to_string(),
                redelivered: delivery.redelivered,
                properties: wire::read(&delivery.properties),
                body: Body::new(delivery.data),
            }),
            Some(Err(error)) => Err(said(&self.settings.address, &error)),
            None => Err(lost("the connection was closed".to_owned())),
        }
    }
}

async fn close(connection: &Connection) {
    // It ends anyway.
    let _ = connection.close(200, "done".into()).await;
}
