//! The two connections of a source: one for calls, one that waits to be woken.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, Client, ErrorKind, RedisError, RedisResult, ServerErrorKind};

use crate::error::Error;
use crate::settings::{Address, Settings};

/// How long a connection may take to come about.
const CONNECT: Duration = Duration::from_secs(5);
/// How long a call may take. A connection that is dead without saying so is noticed by this.
const ANSWER: Duration = Duration::from_secs(10);
/// How long the waiting connection waits at most: a lost wake-up costs no more (contracts/sesame.md §2.3).
pub(crate) const WAIT: Duration = Duration::from_secs(5);

/// An open pair.
#[derive(Clone)]
pub(crate) struct Pair {
    /// For calls, many at once.
    pub(crate) calls: MultiplexedConnection,
    /// Waits; nothing else is asked on it.
    pub(crate) waits: MultiplexedConnection,
}

/// Opens both.
pub(crate) async fn open(settings: &Settings) -> Result<Pair, Error> {
    let pair = async {
        let client = Client::open(settings.address.info())?;
        let calls = connect(&client, ANSWER).await?;
        let mut waits = connect(&client, WAIT + ANSWER).await?;
        name(&mut waits, settings).await?;
        RedisResult::Ok(Pair { calls, waits })
    };
    pair.await.map_err(|error| said(&settings.address, &error))
}

/// Opens only the one for calls.
pub(crate) async fn open_calls(settings: &Settings) -> Result<MultiplexedConnection, Error> {
    let calls = async { connect(&Client::open(settings.address.info())?, ANSWER).await };
    calls.await.map_err(|error| said(&settings.address, &error))
}

async fn connect(client: &Client, answer: Duration) -> RedisResult<MultiplexedConnection> {
    let config =
        AsyncConnectionConfig::new().set_connection_timeout(Some(CONNECT)).set_response_timeout(Some(answer));
    client.get_multiplexed_async_connection_with_config(&config).await
}

/// The name by which the orchestrator's tools list the workers of a queue.
async fn name(waits: &mut MultiplexedConnection, settings: &Settings) -> RedisResult<()> {
    let name = format!("{}:{}", settings.prefix, STANDARD.encode(&settings.queue));
    redis::cmd("CLIENT").arg("SETNAME").arg(name).query_async(waits).await
}

/// What Redis or the connection said, with the place instead of the address.
pub(crate) fn said(address: &Address, error: &RedisError) -> Error {
    Error::Redis { at: address.to_string(), why: error.to_string() }
}

/// Whether a new connection may help. One that answers, and says no, is kept: memory has run out, a right is missing.
pub(crate) fn is_lost(error: &RedisError) -> bool {
    let answers = matches!(
        error.kind(),
        ErrorKind::Extension | ErrorKind::Server(ServerErrorKind::ResponseError | ServerErrorKind::NoPerm)
    );
    !answers
}
