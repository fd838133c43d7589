//! Connections to the broker: one for what comes, one for what leaves. A broker that is short of memory stops reading
//! from those that publish, and must not stop the acknowledgements with them.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use lapin::options::{BasicPublishOptions, ConfirmSelectOptions, ExchangeDeclareOptions};
use lapin::types::FieldTable;
use lapin::{Channel, Confirmation, Connection, ConnectionProperties, ErrorKind, ExchangeKind};
use tokio::time::timeout;

use crate::envelope::{Message, encode};
use crate::error::Error;
use crate::settings::{Address, CONNECT, Settings};
use crate::wire;

/// What the broker answers when something is not there.
pub(crate) const NOT_FOUND: u16 = 404;
/// What it answers when somebody else has something for himself, or we may not have it.
pub(crate) const ACCESS_REFUSED: u16 = 403;
/// How long the broker may take to say that it has a message.
const CONFIRM: std::time::Duration = std::time::Duration::from_secs(30);

/// Opens a connection. `purpose` is shown among the connections of the broker.
pub(crate) async fn open(settings: &Settings, purpose: &str) -> Result<Connection, Error> {
    let address = &settings.address;
    let name = format!("intendant {} ({purpose})", settings.name);
    let properties = ConnectionProperties::default().with_connection_name(name.into());
    let runtime = lapin::runtime::default_runtime().map_err(|error| said(address, &error))?;
    let opening = Connection::connect_uri_with_config(address.uri(), properties, address.tls(), runtime);
    match timeout(CONNECT, opening).await {
        Ok(opened) => opened.map_err(|error| refused(address, &error)),
        Err(_) => Err(Error::Broker { at: address.to_string(), why: "no answer within 10 s".to_owned() }),
    }
}

/// Why it did not come about. Who signs in with a certificate alone hears little from the broker: it says where to look.
fn refused(address: &Address, error: &lapin::Error) -> Error {
    let why = reason(error);
    let look = match number(error) {
        _ if !address.is_external() => None,
        Some(ACCESS_REFUSED) => Some(
            "it trusts the certificate, and has no user called as that says (by common or distinguished name: \
             `ssl_cert_login_from` of RabbitMQ), or its ssl_options lack verify_peer",
        ),
        Some(_) => None,
        None if why.contains("alert") => Some(
            "it does not trust the certificate: give RabbitMQ the authority that signed it (ssl_options.cacertfile)",
        ),
        None => Some(
            "if it ends so at each try, RabbitMQ does not trust the certificate (ssl_options.cacertfile), or knows none \
             for signing in: enable its plugin rabbitmq_auth_mechanism_ssl, and add EXTERNAL to its auth_mechanisms",
        ),
    };
    let why = look.map_or_else(|| why.clone(), |look| format!("{why}; {look}"));
    Error::Broker { at: address.to_string(), why }
}

/// What the broker or the connection said.
pub(crate) fn said(address: &Address, error: &lapin::Error) -> Error {
    Error::Broker { at: address.to_string(), why: reason(error) }
}

/// The broker's own words, where it said something.
pub(crate) fn reason(error: &lapin::Error) -> String {
    match error.kind() {
        ErrorKind::ProtocolError(error) => format!("{} {}", error.get_id(), error.get_message()),
        ErrorKind::IOError(error) => error.to_string(),
        _ => error.to_string(),
    }
}

/// The number that the broker gave its answer; `None` = it gave none.
pub(crate) fn number(error: &lapin::Error) -> Option<u16> {
    match error.kind() {
        ErrorKind::ProtocolError(error) => Some(error.get_id()),
        _ => None,
    }
}

/// Publishes with the broker's confirmation, many messages at a time.
pub(crate) struct Publisher {
    connection: Connection,
    channel: Channel,
    /// Exchanges that were there when they were first asked for.
    known: Mutex<HashSet<String>>,
}

/// How publishing failed.
pub(crate) enum Unpublished {
    /// There is no such exchange.
    Unknown,
    /// AMQP cannot hold the name of the exchange, or the routing key.
    TooLong,
    /// Not now, because.
    Later(String),
}

impl Publisher {
    pub(crate) async fn open(settings: &Settings) -> Result<Arc<Self>, Error> {
        let connection = open(settings, "publishes").await?;
        let channel = async {
            let channel = connection.create_channel().await?;
            channel.confirm_select(ConfirmSelectOptions::default()).await?;
            Ok(channel)
        };
        let channel = channel.await.map_err(|error| said(&settings.address, &error))?;
        Ok(Arc::new(Publisher { connection, channel, known: Mutex::default() }))
    }

    /// Whether it can be used.
    pub(crate) fn is_open(&self) -> bool {
        self.connection.status().connected() && self.channel.status().connected()
    }

    /// Whether the broker reads nothing from us at present.
    pub(crate) fn is_blocked(&self) -> bool {
        self.connection.status().blocked()
    }

    /// Publishes a message and waits until the broker has it.
    pub(crate) async fn publish(&self, exchange: &str, message: &Message) -> Result<(), Unpublished> {
        if !self.knows(exchange).await? {
            return Err(Unpublished::Unknown);
        }
        let (properties, body) = encode(message);
        self.send(exchange, &message.routing_key, wire::write(&properties), &body).await
    }

    /// Publishes what is written already.
    pub(crate) async fn send(
        &self,
        exchange: &str,
        routing_key: &str,
        properties: lapin::BasicProperties,
        body: &[u8],
    ) -> Result<(), Unpublished> {
        let names = wire::name(exchange).zip(wire::name(routing_key));
        let (exchange, key) = names.ok_or(Unpublished::TooLong)?;
        let sending = async {
            let options = BasicPublishOptions::default();
            self.channel.basic_publish(exchange, key, options, body, properties).await?.await
        };
        match timeout(CONFIRM, sending).await {
            Ok(Ok(Confirmation::Ack(_) | Confirmation::NotRequested)) => Ok(()),
            Ok(Ok(Confirmation::Nack(_))) => {
                Err(Unpublished::Later("the broker could not take it".to_owned()))
            }
            Ok(Err(error)) => Err(Unpublished::Later(reason(&error))),
            Err(_) => Err(Unpublished::Later("the broker did not confirm it within 30 s".to_owned())),
        }
    }

    /// Whether there is such an exchange. Only asked for, never made; on a channel of its own, which the broker closes
    /// when there is none.
    pub(crate) async fn knows(&self, exchange: &str) -> Result<bool, Unpublished> {
        if exchange.is_empty() || self.is_known(exchange) {
            return Ok(true);
        }
        let name = wire::name(exchange).ok_or(Unpublished::TooLong)?;
        let asking = async {
            let channel = self.connection.create_channel().await?;
            let options = ExchangeDeclareOptions { passive: true, ..ExchangeDeclareOptions::default() };
            let answer =
                channel.exchange_declare(name, ExchangeKind::Topic, options, FieldTable::default()).await;
            if answer.is_ok() {
                channel.close(200, "asked".into()).await?;
            }
            answer
        };
        match timeout(CONFIRM, asking).await {
            Ok(Ok(())) => {
                self.known.lock().unwrap_or_else(PoisonError::into_inner).insert(exchange.to_owned());
                Ok(true)
            }
            Ok(Err(error)) if number(&error) == Some(NOT_FOUND) => Ok(false),
            // It is there, and we may not look at it.
            Ok(Err(error)) if number(&error) == Some(ACCESS_REFUSED) => Ok(true),
            Ok(Err(error)) => Err(Unpublished::Later(reason(&error))),
            Err(_) => Err(Unpublished::Later("the broker did not answer within 30 s".to_owned())),
        }
    }

    fn is_known(&self, exchange: &str) -> bool {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).contains(exchange)
    }

    /// Closes it in good order.
    pub(crate) async fn close(&self) {
        // It ends anyway.
        let _ = timeout(CONNECT, self.connection.close(200, "done".into())).await;
    }
}
