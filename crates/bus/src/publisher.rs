//! Publishing with the broker's confirmation, many messages at a time.
//!
//! What the broker does not like about one message it answers by closing the channel, with all that is under way on
//! it. So a message that must reach somebody travels on a channel where nothing else is under way, and one that was on
//! a channel that was closed tries again on such a one: whose fault it was is then certain. The answers of the client's
//! library cannot tell: it gives a message that came back to any of those that are confirmed together. Nor does it keep
//! back what is still to be written on a channel that the broker has closed, over which the broker closes the whole
//! connection: an exchange has to take one message that is alone before any travels to it among others.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use engine::clock::within;
use lapin::options::{BasicPublishOptions, ConfirmSelectOptions};
use lapin::types::ShortString;
use lapin::{BasicProperties, Channel, Confirmation, Connection};
use tokio::sync::Semaphore;

use crate::connection::{NOT_FOUND, number, open, reason, said};
use crate::envelope::{Kind, Message, encode};
use crate::error::Error;
use crate::settings::{CONNECT, Settings};
use crate::wire;

/// How long the broker may take to say that it has a message.
const CONFIRM: Duration = Duration::from_secs(30);
/// Channels with one message each under way, at most.
const ALONE: usize = 200;
/// Exchanges that are remembered to take messages, at most.
const TAKING: usize = 10_000;
/// What the broker closes a whole connection with when what one message looks like is to blame: a frame that is too
/// large, what it cannot read, what it does not do.
const TO_BLAME: [u16; 6] = [501, 502, 503, 505, 530, 540];

/// Publishes on a connection of its own.
pub(crate) struct Publisher {
    connection: Connection,
    /// For what nobody has to receive.
    shared: tokio::sync::Mutex<Channel>,
    /// Those on which nothing is under way, and how many more may be made.
    idle: Mutex<Vec<Channel>>,
    alone: Semaphore,
    /// Exchanges that took a message that was alone, and none since that they would not take.
    taking: Mutex<HashSet<String>>,
}

/// How publishing failed.
#[derive(Debug)]
pub(crate) enum Unpublished {
    /// There is no such exchange.
    Unknown,
    /// AMQP cannot hold the name of the exchange, or the routing key.
    TooLong,
    /// No queue is bound to the exchange under this key: nobody gets it.
    Unroutable,
    /// The broker will not take this message, now or later, because.
    Refused(String),
    /// The broker closed the connection over one of the messages that were under way, because. Whose fault it was shows
    /// on a connection of its own.
    Broke(String),
    /// Not now, because.
    Later(String),
}

/// What is published.
struct Parcel<'a> {
    exchange: ShortString,
    key: ShortString,
    properties: BasicProperties,
    body: &'a [u8],
    /// It has to reach a queue.
    mandatory: bool,
}

impl Publisher {
    pub(crate) async fn open(settings: &Settings, purpose: &str) -> Result<Arc<Self>, Error> {
        let connection = open(settings, purpose).await?;
        let shared = confirmed(&connection).await.map_err(|error| said(&settings.address, &error))?;
        // The broker may allow fewer; some are for questions.
        let allowed = usize::from(connection.configuration().channel_max()).saturating_sub(20);
        Ok(Arc::new(Publisher {
            connection,
            shared: tokio::sync::Mutex::new(shared),
            idle: Mutex::default(),
            alone: Semaphore::new(allowed.clamp(1, ALONE)),
            taking: Mutex::default(),
        }))
    }

    /// Whether it can be used.
    pub(crate) fn is_open(&self) -> bool {
        self.connection.status().connected()
    }

    /// Whether the broker reads nothing from us at present.
    pub(crate) fn is_blocked(&self) -> bool {
        self.connection.status().blocked()
    }

    /// Publishes a message of the outbox and waits until the broker has it. A reply that reaches no queue is lost to
    /// whoever asked; what merely tells may find nobody who listens.
    pub(crate) async fn publish(&self, exchange: &str, message: &Message) -> Result<(), Unpublished> {
        let (properties, body) = encode(message);
        let mandatory = message.kind == Kind::Reply;
        self.send(exchange, &message.routing_key, wire::write(&properties), &body, mandatory).await
    }

    /// Publishes what is written already.
    pub(crate) async fn send(
        &self,
        exchange: &str,
        routing_key: &str,
        properties: BasicProperties,
        body: &[u8],
        mandatory: bool,
    ) -> Result<(), Unpublished> {
        let names = wire::name(exchange).zip(wire::name(routing_key));
        let (exchange, key) = names.ok_or(Unpublished::TooLong)?;
        let parcel = Parcel { exchange, key, properties, body, mandatory };
        if !mandatory && self.lock_taking().contains(parcel.exchange.as_str()) {
            match self.together(&parcel).await {
                // One of those that were under way was to blame.
                Err(Unpublished::Refused(_) | Unpublished::Unknown) => {}
                other => return other,
            }
        }
        self.alone(&parcel).await
    }

    /// Among others.
    async fn together(&self, parcel: &Parcel<'_>) -> Result<(), Unpublished> {
        let sending = async {
            let channel = {
                let mut shared = self.shared.lock().await;
                if !shared.status().connected() {
                    *shared = confirmed(&self.connection).await?;
                }
                shared.clone()
            };
            publish(&channel, parcel).await
        };
        judge(within(CONFIRM, sending).await)
    }

    /// On a channel on which nothing else is under way.
    async fn alone(&self, parcel: &Parcel<'_>) -> Result<(), Unpublished> {
        let permit = self.alone.acquire().await;
        let idle = self.lock_idle().pop();
        let sending = async {
            let channel = match idle {
                Some(channel) if channel.status().connected() => channel,
                _ => confirmed(&self.connection).await?,
            };
            let confirmation = publish(&channel, parcel).await?;
            self.lock_idle().push(channel);
            Ok(confirmation)
        };
        let sent = judge(within(CONFIRM, sending).await);
        drop(permit);
        self.learn(parcel.exchange.as_str(), &sent);
        sent
    }

    fn learn(&self, exchange: &str, sent: &Result<(), Unpublished>) {
        let mut taking = self.lock_taking();
        match sent {
            Ok(()) if !taking.contains(exchange) => {
                if taking.len() >= TAKING {
                    taking.clear();
                }
                taking.insert(exchange.to_owned());
            }
            Err(Unpublished::Unknown | Unpublished::Refused(_)) => {
                taking.remove(exchange);
            }
            _ => {}
        }
    }

    fn lock_taking(&self) -> std::sync::MutexGuard<'_, HashSet<String>> {
        self.taking.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn lock_idle(&self) -> std::sync::MutexGuard<'_, Vec<Channel>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Closes it in good order.
    pub(crate) async fn close(&self) {
        // It ends anyway.
        let _ = within(CONNECT, self.connection.close(200, "done".into())).await;
    }
}

/// A channel on which the broker confirms what it has.
async fn confirmed(connection: &Connection) -> lapin::Result<Channel> {
    let channel = connection.create_channel().await?;
    channel.confirm_select(ConfirmSelectOptions::default()).await?;
    Ok(channel)
}

async fn publish(channel: &Channel, parcel: &Parcel<'_>) -> lapin::Result<Confirmation> {
    let Parcel { exchange, key, properties, body, mandatory } = parcel;
    let options = BasicPublishOptions { mandatory: *mandatory, ..BasicPublishOptions::default() };
    channel.basic_publish(exchange.clone(), key.clone(), options, body, properties.clone()).await?.await
}

/// How it went.
fn judge(sent: Result<lapin::Result<Confirmation>, tokio::time::error::Elapsed>) -> Result<(), Unpublished> {
    match sent {
        Ok(Ok(Confirmation::Ack(Some(_)))) => Err(Unpublished::Unroutable),
        Ok(Ok(Confirmation::Ack(None) | Confirmation::NotRequested)) => Ok(()),
        Ok(Ok(Confirmation::Nack(_))) => Err(Unpublished::Later("the broker could not take it".to_owned())),
        Ok(Err(error)) if error.is_amqp_soft_error() && number(&error) == Some(NOT_FOUND) => {
            Err(Unpublished::Unknown)
        }
        Ok(Err(error)) if error.is_amqp_soft_error() => Err(Unpublished::Refused(reason(&error))),
        Ok(Err(error)) if number(&error).is_some_and(|number| TO_BLAME.contains(&number)) => {
            Err(Unpublished::Broke(reason(&error)))
        }
        Ok(Err(error)) => Err(Unpublished::Later(reason(&error))),
        Err(_) => Err(Unpublished::Later("the broker did not confirm it within 30 s".to_owned())),
    }
}
