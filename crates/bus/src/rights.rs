//! What the user of a source may not do on the broker that it has to: found out by asking for what changes nothing,
//! whatever the answer.

use lapin::options::{ExchangeDeclareOptions, ExchangeUnbindOptions, QueueDeclareOptions};
use lapin::types::{AMQPValue, FieldTable, ShortString};
use lapin::{Channel, Connection, ExchangeKind};

use crate::connection::{ACCESS_REFUSED, NOT_FOUND, number, reason, said};
use crate::error::Error;
use crate::settings::Settings;
use crate::topology::{ask, short};

/// A key under which nobody binds anything.
const KEY: &str = "intendant.asks.for.its.rights";

/// Everything that it lacks, a sentence each.
pub(crate) async fn lacking(connection: &Connection, settings: &Settings) -> Result<Vec<String>, Error> {
    let (queue, events, log) = (settings.queue(), &settings.event_exchange, &settings.log_exchange);
    let (requests, replies) = (settings.request_exchange(), settings.reply_exchange());
    let asking = Asking { connection, settings };
    let mut lacking = Vec::new();
    let delays = settings.hold.map(|_| [settings.delay_entry(), settings.delay_exit()]);
    for exchange in [events, &requests, &replies, log].into_iter().chain(delays.iter().flatten()) {
        if !asking.is_exchange(exchange).await? {
            lacking.extend(asking.to_make("exchange", exchange).await?);
        }
    }
    if !asking.is_queue(&queue).await? {
        lacking.extend(asking.to_make("queue", &queue).await?);
    }
    let mut reads = true;
    for exchange in [events, &requests, &replies] {
        let refused = asking.to_bind(&queue, exchange).await?;
        reads &= refused.is_none();
        lacking
            .extend(refused.map(|why| format!("may not bind queue {queue} to exchange {exchange}: {why}")));
    }
    if reads {
        // Rights are given by name, whatever has the name: this asks for reading, where writing is granted.
        let refused = asking.to_copy(&queue, &queue).await?;
        lacking.extend(refused.map(|why| format!("may not read queue {queue}: {why}")));
        for exchange in [events, log] {
            let refused = asking.to_copy(&requests, exchange).await?;
            lacking.extend(refused.map(|why| format!("may not publish on exchange {exchange}: {why}")));
        }
    }
    Ok(lacking)
}

/// The rights that it needs, as the administrator of the broker grants them. It writes to whoever asks for replies.
pub(crate) fn grant(settings: &Settings) -> String {
    let plain = |name: &str| name.replace('.', r"\.");
    let ours = format!(
        "^({}[._].*|{}|{})$",
        plain(&settings.application_id),
        plain(&settings.event_exchange),
        plain(&settings.log_exchange)
    );
    let (vhost, user) = (settings.address.vhost(), settings.address.user());
    format!("`rabbitmqctl set_permissions -p '{vhost}' '{user}' '{ours}' '.*' '{ours}'`")
}

struct Asking<'a> {
    connection: &'a Connection,
    settings: &'a Settings,
}

impl Asking<'_> {
    async fn is_exchange(&self, name: &str) -> Result<bool, Error> {
        let name = short(name)?;
        let looked = |channel: Channel| async move {
            let options = ExchangeDeclareOptions { passive: true, ..ExchangeDeclareOptions::default() };
            channel.exchange_declare(name, ExchangeKind::Topic, options, FieldTable::default()).await
        };
        Ok(ask(self.connection, self.settings, looked).await?.is_ok())
    }

    async fn is_queue(&self, name: &str) -> Result<bool, Error> {
        let name = short(name)?;
        let looked = |channel: Channel| async move {
            let options = QueueDeclareOptions { passive: true, ..QueueDeclareOptions::default() };
            channel.queue_declare(name, options, FieldTable::default()).await.map(drop)
        };
        Ok(ask(self.connection, self.settings, looked).await?.is_ok())
    }

    /// Asks for a queue that no broker makes, since nothing can live for less than no time.
    async fn to_make(&self, kind: &str, name: &str) -> Result<Option<String>, Error> {
        let asked = short(name)?;
        let impossible = |channel: Channel| async move {
            let mut arguments = FieldTable::default();
            arguments.insert("x-message-ttl".into(), AMQPValue::LongInt(-1));
            channel.queue_declare(asked, QueueDeclareOptions::default(), arguments).await.map(drop)
        };
        let refused = self.refused(ask(self.connection, self.settings, impossible).await?)?;
        Ok(refused.map(|why| format!("may not make {kind} {name}, which is not there: {why}")))
    }

    /// Takes a binding away that nobody made.
    async fn to_bind(&self, queue: &str, exchange: &str) -> Result<Option<String>, Error> {
        let (queue, exchange) = (short(queue)?, short(exchange)?);
        let unbound = |channel: Channel| async move {
            channel.queue_unbind(queue, exchange, ShortString::from(KEY), FieldTable::default()).await
        };
        self.refused(ask(self.connection, self.settings, unbound).await?)
    }

    /// The same between two exchanges: reading from one, writing to the other.
    async fn to_copy(&self, from: &str, to: &str) -> Result<Option<String>, Error> {
        let (from, to) = (short(from)?, short(to)?);
        let unbound = |channel: Channel| async move {
            let options = ExchangeUnbindOptions::default();
            channel.exchange_unbind(to, from, ShortString::from(KEY), options, FieldTable::default()).await
        };
        self.refused(ask(self.connection, self.settings, unbound).await?)
    }

    /// Why it may not; `None` = it may, whatever else is in the way.
    fn refused(&self, answer: lapin::Result<()>) -> Result<Option<String>, Error> {
        match answer {
            Ok(()) => Ok(None),
            Err(error) if number(&error) == Some(ACCESS_REFUSED) => Ok(Some(reason(&error))),
            Err(error) if error.is_amqp_soft_error() || number(&error) == Some(NOT_FOUND) => Ok(None),
            Err(error) => Err(said(&self.settings.address, &error)),
        }
    }
}
