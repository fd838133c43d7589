//! What the commands do on a broker, without a hub: look, declare, publish, listen.

use futures_util::StreamExt as _;
use lapin::options::{BasicConsumeOptions, QueueBindOptions, QueueDeclareOptions};
use lapin::types::FieldTable;
use lapin::{BasicProperties, Connection, Consumer};

use crate::connection::{NOT_FOUND, number, open, said};
use crate::courier::never;
use crate::envelope::{Message, encode};
use crate::error::Error;
use crate::publisher::{Publisher, Unpublished};
use crate::raw::{Body, RawMessage};
use crate::rights;
use crate::route::Routes;
use crate::settings::Settings;
use crate::topology::{self, Note};
use crate::wire::{self, name};

/// What was found on a broker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Examined {
    /// Messages in the job queue that wait to be taken; `None` = there is no such queue yet.
    pub waiting: Option<u32>,
    /// Who takes them.
    pub consumers: u32,
}

/// What the user of a source may not do, and has to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lacking {
    /// A sentence for each right.
    pub rights: Vec<String>,
    /// The command that grants all of them.
    pub remedy: String,
}

/// Connects, looks at the job queue, and goes.
pub async fn examine(settings: &Settings) -> Result<Examined, Error> {
    let connection = open(settings, "looks").await?;
    let examined = look(&connection, settings).await?;
    close(&connection).await;
    Ok(examined)
}

/// The same, and which rights are lacking; `None` = none.
pub async fn examine_with_rights(settings: &Settings) -> Result<(Examined, Option<Lacking>), Error> {
    let connection = open(settings, "looks").await?;
    let examined = look(&connection, settings).await?;
    let rights = rights::lacking(&connection, settings).await?;
    close(&connection).await;
    let lacking = (!rights.is_empty()).then(|| Lacking { rights, remedy: rights::grant(settings) });
    Ok((examined, lacking))
}

async fn look(connection: &Connection, settings: &Settings) -> Result<Examined, Error> {
    let lost = |error: lapin::Error| said(&settings.address, &error);
    let channel = connection.create_channel().await.map_err(lost)?;
    let options = QueueDeclareOptions { passive: true, ..QueueDeclareOptions::default() };
    let queue = name(&settings.queue()).unwrap_or_default();
    match channel.queue_declare(queue, options, FieldTable::default()).await {
        Ok(queue) => Ok(Examined { waiting: Some(queue.message_count()), consumers: queue.consumer_count() }),
        Err(error) if number(&error) == Some(NOT_FOUND) => Ok(Examined { waiting: None, consumers: 0 }),
        Err(error) => Err(lost(error)),
    }
}

/// Declares exchanges, queue and bindings, and says what is not as it should be.
pub async fn declare(settings: &Settings, routes: &Routes) -> Result<Vec<Note>, Error> {
    let connection = open(settings, "declares").await?;
    let notes = topology::declare(&connection, settings, routes).await?;
    close(&connection).await;
    Ok(notes)
}

/// Publishes a message on an exchange, and waits until a queue of the broker has it.
///
/// # Errors
/// [`Error::Unfit`] when there is no such exchange, nobody is bound to it under this key, or the broker does not take
/// the message.
pub async fn publish(settings: &Settings, exchange: &str, message: &Message) -> Result<(), Error> {
    let (properties, body) = encode(message);
    deliver(settings, exchange, &message.routing_key, wire::write(&properties), &body).await
}

/// Publishes a message as it once came, likewise.
pub(crate) async fn publish_raw(settings: &Settings, exchange: &str, raw: &RawMessage) -> Result<(), Error> {
    deliver(settings, exchange, &raw.routing_key, wire::write(&raw.properties), &raw.body.bytes()).await
}

async fn deliver(
    settings: &Settings,
    exchange: &str,
    key: &str,
    properties: BasicProperties,
    body: &[u8],
) -> Result<(), Error> {
    let publisher = Publisher::open(settings, "publishes by hand").await?;
    let sent = publisher.send(exchange, key, properties, body, true).await;
    publisher.close().await;
    sent.map_err(|failed| match failed {
        Unpublished::Unknown => {
            Error::Unfit(format!("there is no exchange {exchange}: `bus declare` makes ours"))
        }
        Unpublished::Later(why) => Error::Broker { at: settings.address.to_string(), why },
        failed => Error::Unfit(never(&failed, exchange, key)),
    })
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
