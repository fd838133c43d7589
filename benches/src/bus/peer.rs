//! The other end: who fills the queues, who listens for replies, and consumers that only acknowledge.

use std::path::Path;
use std::process::Command;
use std::time::Instant;

use anyhow::{Context as _, Result, ensure};
use bus::envelope::{Kind, Message, Version, encode};
use futures_util::StreamExt as _;
use futures_util::future::try_join_all;
use lapin::options::{
    BasicAckOptions, BasicConsumeOptions, BasicPublishOptions, BasicQosOptions, ConfirmSelectOptions,
    ExchangeDeclareOptions, QueueBindOptions, QueueDeclareOptions,
};
use lapin::types::{AMQPValue, FieldTable, LongString, ShortString};
use lapin::{BasicProperties, Channel, Connection, ConnectionProperties, ExchangeKind};
use serde_json::{Map, Value, json};

use super::{KEY, Shape};

/// Messages that may wait for their confirmation.
const UNCONFIRMED: usize = 2_000;
/// Kept on disk.
const PERSISTENT: u8 = 2;
/// The exchange and the queue for replies.
const ASKER: &str = "asker";

/// A connection of the other end.
pub(super) struct Peer {
    connection: Connection,
    channel: Channel,
}

impl Peer {
    pub(super) async fn connect(url: &str) -> Result<Self> {
        let connection = Connection::connect(url, ConnectionProperties::default()).await?;
        let channel = connection.create_channel().await?;
        channel.confirm_select(ConfirmSelectOptions::default()).await?;
        let durable = ExchangeDeclareOptions { durable: true, ..ExchangeDeclareOptions::default() };
        let nothing = FieldTable::default;
        channel.exchange_declare(ASKER.into(), ExchangeKind::Topic, durable, nothing()).await?;
        let durable = QueueDeclareOptions { durable: true, ..QueueDeclareOptions::default() };
        channel.queue_declare(ASKER.into(), durable, nothing()).await?;
        let bind = QueueBindOptions::default();
        channel.queue_bind(ASKER.into(), ASKER.into(), "#".into(), bind, nothing()).await?;
        Ok(Peer { connection, channel })
    }

    /// Requests on the exchange of an application; all are on disk when it returns.
    pub(super) async fn ask(&self, exchange: &str, shape: Shape, total: usize) -> Result<()> {
        let numbers: Vec<usize> = (0..total).collect();
        for some in numbers.chunks(UNCONFIRMED) {
            let published = some.iter().map(|n| async move {
                let (properties, body) = request(shape, *n)?;
                let options = BasicPublishOptions::default();
                let exchange = ShortString::try_new(exchange).context("a long name")?;
                let sent = self.channel.basic_publish(exchange, KEY.into(), options, &body, properties);
                sent.await?.await?;
                anyhow::Ok(())
            });
            try_join_all(published).await?;
        }
        Ok(())
    }

    /// Replies that have come.
    pub(super) async fn replies(&self) -> Result<usize> {
        let passive = QueueDeclareOptions { passive: true, ..QueueDeclareOptions::default() };
        let queue = self.channel.queue_declare(ASKER.into(), passive, FieldTable::default()).await?;
        Ok(queue.message_count() as usize)
    }

    /// Throws the replies away.
    pub(super) async fn forget(&self) -> Result<()> {
        self.channel.queue_purge(ASKER.into(), lapin::options::QueuePurgeOptions::default()).await?;
        Ok(())
    }

    /// Seconds in which a consumer that only acknowledges empties a queue.
    pub(super) async fn drain(&self, queue: &str, prefetch: u16, total: usize) -> Result<f64> {
        let channel = self.connection.create_channel().await?;
        channel.basic_qos(prefetch, BasicQosOptions::default()).await?;
        let begun = Instant::now();
        let options = BasicConsumeOptions::default();
        let queue = ShortString::try_new(queue).context("a long name")?;
        let mut consumer =
            channel.basic_consume(queue, "bare".into(), options, FieldTable::default()).await?;
        for _ in 0..total {
            let delivery = consumer.next().await.context("the queue is gone")??;
            delivery.ack(BasicAckOptions::default()).await?;
        }
        let seconds = begun.elapsed().as_secs_f64();
        channel.close(200, "done".into()).await?;
        Ok(seconds)
    }
}

/// Seconds in which a Ruby consumer that only acknowledges empties a queue.
pub(super) fn bunny(url: &str, queue: &str, prefetch: u16, total: usize) -> Result<f64> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("bunny/consumer.rb");
    let mut ruby = Command::new("ruby");
    ruby.arg(script).args([url, queue, &prefetch.to_string(), &total.to_string()]);
    let output = ruby.output().context("starting ruby (packages ruby and ruby-bunny)")?;
    ensure!(output.status.success(), "the Ruby consumer failed: {}", String::from_utf8_lossy(&output.stderr));
    Ok(String::from_utf8(output.stdout)?.trim().parse()?)
}

/// A request about one of 500 accounts.
fn request(shape: Shape, n: usize) -> Result<(BasicProperties, Vec<u8>)> {
    let message = Message {
        version: shape.version,
        id: Some(format!("5f0c1f7a-0000-4000-8000-{n:012x}")),
        kind: Kind::Request,
        routing_key: KEY.to_owned(),
        sender: Some("gram".to_owned()),
        created: Some("2016-05-29T15:03:50+00:00".to_owned()),
        reply_to: shape.replies.then(|| ASKER.to_owned()),
        correlation_id: None,
        data: json!({
            "uuid": format!("{:08x}-1dd3-11b2-8000-000000000000", n % 500),
            "firstname": "Alain", "lastname": "Dupont", "email": "alain.dupont.2004@example.org", "number": n,
        }),
        errors: Vec::new(),
        softfails: 0,
        headers: Map::new(),
    };
    let (written, body) = encode(&message);
    let mut properties = BasicProperties::default().with_delivery_mode(PERSISTENT);
    let short = |text: String| ShortString::try_new(text).context("a long text");
    if let Some(id) = written.message_id {
        properties = properties.with_message_id(short(id)?);
    }
    if let Some(sender) = written.app_id {
        properties = properties.with_app_id(short(sender)?);
    }
    if let Some(kind) = written.kind {
        properties = properties.with_type(short(kind)?);
    }
    if let Some(exchange) = written.reply_to {
        properties = properties.with_reply_to(short(exchange)?);
    }
    let mut headers = FieldTable::default();
    for (name, value) in written.headers {
        let field = match value {
            Value::Number(number) => AMQPValue::LongLongInt(number.as_i64().unwrap_or_default()),
            Value::String(text) => AMQPValue::LongString(LongString::from(text)),
            other => AMQPValue::LongString(LongString::from(other.to_string())),
        };
        headers.insert(short(name)?, field);
    }
    Ok((properties.with_headers(headers), body))
}

impl std::fmt::Display for Shape {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let version = match self.version {
            Version::V1 => "v1",
            Version::V2 => "v2",
        };
        write!(f, "{version}, prefetch {}", self.prefetch)
    }
}
