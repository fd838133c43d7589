//! Exchanges, queue and bindings of an application: found, made where they are missing, and
//! used as they are where they differ. What differs or may not be made is explained, and stops nothing else.

use lapin::options::{ExchangeBindOptions, ExchangeDeclareOptions, QueueBindOptions, QueueDeclareOptions};
use lapin::types::{AMQPValue, FieldTable, ShortString};
use lapin::{Channel, Connection, ExchangeKind};

use crate::connection::{ACCESS_REFUSED, NOT_FOUND, number, reason, said};
use crate::error::Error;
use crate::route::Routes;
use crate::settings::{QueueType, Settings};
use crate::wire::name;

/// What the broker answers when something exists and is not as it was declared.
const DIFFERS: u16 = 406;
/// Crashes of the hub must not make a quorum queue drop messages: RabbitMQ 4 does so after 20 of them.
const DELIVERIES: i64 = 1_000_000;

/// What is not as it should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// In a sentence.
    pub text: String,
    /// It is not there, or may not be made. Otherwise it is there, and used as it is.
    pub is_missing: bool,
}

/// What is known of something before it is declared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Presence {
    There,
    Absent,
    /// We may not look at it.
    Hidden,
}

/// Declares everything, and says what is not as it should be.
pub(crate) async fn declare(
    connection: &Connection,
    settings: &Settings,
    routes: &Routes,
) -> Result<Vec<Note>, Error> {
    let mut declared = Declared { connection, settings, notes: Vec::new() };
    let (events, log) = (&settings.event_exchange, &settings.log_exchange);
    let (requests, replies) = (settings.request_exchange(), settings.reply_exchange());
    for exchange in [events, &requests, &replies] {
        declared.exchange(exchange, ExchangeKind::Topic).await?;
    }
    declared.exchange(log, ExchangeKind::Fanout).await?;
    for exchange in [events, &requests, &replies] {
        declared.copy(exchange, log).await?;
    }
    declared.jobs().await?;
    let queue = settings.queue();
    for exchange in [&requests, &replies] {
        declared.bind(&queue, exchange, "#").await?;
    }
    for route in routes.iter() {
        declared.bind(&queue, events, route.pattern.as_str()).await?;
    }
    let exit = settings.delay_exit();
    if settings.hold.is_some() {
        let entry = settings.delay_entry();
        declared.exchange(&entry, ExchangeKind::Topic).await?;
        declared.exchange(&exit, ExchangeKind::Fanout).await?;
        declared.copy(&entry, log).await?;
        for route in routes.iter().filter(|route| route.pattern.is_exact()) {
            declared.deferred(route.pattern.as_str()).await?;
        }
    }
    // Messages that an older service deferred come back through it too. Without that service it is not there.
    if declared.exchange_presence(&exit).await? == Presence::There {
        declared.bind(&queue, &exit, "").await?;
    }
    Ok(declared.notes)
}

/// Declares the deferred queue of a routing key, and says what is not as it should be.
pub(crate) async fn defer(
    connection: &Connection,
    settings: &Settings,
    key: &str,
) -> Result<Vec<Note>, Error> {
    let mut declared = Declared { connection, settings, notes: Vec::new() };
    declared.deferred(key).await?;
    Ok(declared.notes)
}

struct Declared<'a> {
    connection: &'a Connection,
    settings: &'a Settings,
    notes: Vec<Note>,
}

impl Declared<'_> {
    async fn exchange(&mut self, exchange: &str, kind: ExchangeKind) -> Result<(), Error> {
        let wanted = match kind {
            ExchangeKind::Fanout => "fanout",
            _ => "topic",
        };
        let options = ExchangeDeclareOptions { durable: true, ..ExchangeDeclareOptions::default() };
        let known = self.exchange_presence(exchange).await?;
        let exchange_name = short(exchange)?;
        let made = |channel: Channel| async move {
            channel.exchange_declare(exchange_name, kind, options, FieldTable::default()).await
        };
        let what = format!("exchange {exchange}");
        let answer = self.ask(made).await?;
        self.judge(&what, &format!("a durable {wanted} exchange"), known, answer);
        Ok(())
    }

    async fn jobs(&mut self) -> Result<(), Error> {
        let wanted = match self.settings.queue_type {
            QueueType::Classic => "a durable classic queue without arguments",
            QueueType::Quorum => "a quorum queue",
        };
        let arguments = arguments(self.settings.queue_type);
        self.queue(&self.settings.queue(), arguments, wanted).await
    }

    /// The queue in which messages under a routing key wait, and how they get there.
    async fn deferred(&mut self, key: &str) -> Result<(), Error> {
        let (queue, millis) = (self.settings.deferred_queue(key), self.settings.deferred.as_millis());
        let (exit, millis) = (self.settings.delay_exit(), i64::try_from(millis).unwrap_or(i64::MAX));
        let text = |text: &str| AMQPValue::LongString(text.into());
        let mut arguments = FieldTable::default();
        arguments.insert("x-message-ttl".into(), AMQPValue::LongLongInt(millis));
        arguments.insert("x-dead-letter-exchange".into(), text(&exit));
        arguments.insert("x-dead-letter-routing-key".into(), text(key));
        if self.settings.queue_type == QueueType::Quorum {
            arguments.insert("x-queue-type".into(), text("quorum"));
            // A replica that is lost on the way takes no message with it.
            arguments.insert("x-dead-letter-strategy".into(), text("at-least-once"));
            arguments.insert("x-overflow".into(), text("reject-publish"));
        }
        let wanted = format!("a queue that gives messages to {exit} after {millis} ms");
        self.queue(&queue, arguments, &wanted).await?;
        self.bind(&queue, &self.settings.delay_entry(), key).await
    }

    async fn queue(&mut self, queue: &str, arguments: FieldTable, wanted: &str) -> Result<(), Error> {
        let queue_name = short(queue)?;
        let passive = queue_name.clone();
        let looked = |channel: Channel| async move {
            let options = QueueDeclareOptions { passive: true, ..QueueDeclareOptions::default() };
            channel.queue_declare(passive, options, FieldTable::default()).await.map(drop)
        };
        let known = self.presence(self.ask(looked).await?)?;
        let made = |channel: Channel| async move {
            let options = QueueDeclareOptions { durable: true, ..QueueDeclareOptions::default() };
            channel.queue_declare(queue_name, options, arguments).await.map(drop)
        };
        let answer = self.ask(made).await?;
        self.judge(&format!("queue {queue}"), wanted, known, answer);
        Ok(())
    }

    /// Has a queue get what an exchange is given under a key.
    async fn bind(&mut self, queue: &str, exchange: &str, key: &str) -> Result<(), Error> {
        let names = (short(queue)?, short(exchange)?, short(key)?);
        let bound = |channel: Channel| async move {
            let (queue, exchange, key) = names;
            channel.queue_bind(queue, exchange, key, QueueBindOptions::default(), FieldTable::default()).await
        };
        let answer = self.ask(bound).await?;
        self.judge(
            &format!("binding of {key:?} from {exchange} to {queue}"),
            "made",
            Presence::Absent,
            answer,
        );
        Ok(())
    }

    /// Has supervision get a copy of all that an exchange is given.
    async fn copy(&mut self, exchange: &str, log: &str) -> Result<(), Error> {
        let names = (short(log)?, short(exchange)?, short("#")?);
        let bound = |channel: Channel| async move {
            let (log, exchange, key) = names;
            channel
                .exchange_bind(log, exchange, key, ExchangeBindOptions::default(), FieldTable::default())
                .await
        };
        let answer = self.ask(bound).await?;
        self.judge(&format!("binding from {exchange} to {log}"), "made", Presence::Absent, answer);
        Ok(())
    }

    async fn exchange_presence(&self, exchange: &str) -> Result<Presence, Error> {
        let exchange = short(exchange)?;
        let looked = |channel: Channel| async move {
            let options = ExchangeDeclareOptions { passive: true, ..ExchangeDeclareOptions::default() };
            channel.exchange_declare(exchange, ExchangeKind::Topic, options, FieldTable::default()).await
        };
        self.presence(self.ask(looked).await?)
    }

    async fn ask<F>(&self, question: impl FnOnce(Channel) -> F) -> Result<lapin::Result<()>, Error>
    where
        F: Future<Output = lapin::Result<()>>,
    {
        ask(self.connection, self.settings, question).await
    }

    fn presence(&self, answer: lapin::Result<()>) -> Result<Presence, Error> {
        match answer {
            Ok(()) => Ok(Presence::There),
            Err(error) if number(&error) == Some(NOT_FOUND) => Ok(Presence::Absent),
            Err(error) if number(&error) == Some(ACCESS_REFUSED) => Ok(Presence::Hidden),
            Err(error) => Err(said(&self.settings.address, &error)),
        }
    }

    /// Notes what the broker did not like. That we may not change what is there is no trouble.
    fn judge(&mut self, what: &str, wanted: &str, known: Presence, answer: lapin::Result<()>) {
        let Err(error) = answer else { return };
        let why = reason(&error);
        let (text, is_missing) = match number(&error) {
            Some(DIFFERS) => (
                format!(
                    "{what} exists, and is not {wanted}: it is used as it is ({why}); to have it so, stop those who use \
                     it, delete it, and restart"
                ),
                false,
            ),
            Some(ACCESS_REFUSED) if known == Presence::There => return,
            _ => (format!("{what} could not be made: {why}"), true),
        };
        self.notes.push(Note { text, is_missing });
    }
}

/// Asks on a channel of its own: the broker closes the channel with an answer that it does not like.
pub(crate) async fn ask<F>(
    connection: &Connection,
    settings: &Settings,
    question: impl FnOnce(Channel) -> F,
) -> Result<lapin::Result<()>, Error>
where
    F: Future<Output = lapin::Result<()>>,
{
    let lost = |error: lapin::Error| said(&settings.address, &error);
    let channel = connection.create_channel().await.map_err(lost)?;
    let answer = question(channel.clone()).await;
    match &answer {
        Ok(()) => channel.close(200, "asked".into()).await.map_err(lost)?,
        // Without a number it is not the broker that answers.
        Err(error) if number(error).is_none() => return Err(said(&settings.address, error)),
        Err(_) => {}
    }
    Ok(answer)
}

/// A name as AMQP holds it.
pub(crate) fn short(text: &str) -> Result<ShortString, Error> {
    name(text).ok_or_else(|| Error::Unfit(format!("{text}: names of AMQP have at most 255 bytes")))
}

fn arguments(queue_type: QueueType) -> FieldTable {
    let mut arguments = FieldTable::default();
    if queue_type == QueueType::Quorum {
        arguments.insert("x-queue-type".into(), AMQPValue::LongString("quorum".into()));
        arguments.insert("x-delivery-limit".into(), AMQPValue::LongLongInt(DELIVERIES));
    }
    arguments
}
