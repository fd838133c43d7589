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
/// How long the waiting connection waits at most: a lost wake-up costs no more.
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
    pair.await.map_err(|error| unreached(&settings.address, &error))
}

/// Opens only the one for calls.
pub(crate) async fn open_calls(settings: &Settings) -> Result<MultiplexedConnection, Error> {
    let calls = async { connect(&Client::open(settings.address.info())?, ANSWER).await };
    calls.await.map_err(|error| unreached(&settings.address, &error))
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

/// Why there is no connection, in plain words, with those of Redis or the connection behind.
fn unreached(address: &Address, error: &RedisError) -> Error {
    let said = error.to_string();
    let has = |part: &str| said.contains(part);
    let plain = match error.kind() {
        ErrorKind::AuthenticationFailed => Some("it does not let us in: the user or the password is wrong"),
        _ if has("WRONGPASS") || has("NOAUTH") || has("invalid password") => {
            Some("it does not let us in: the user or the password is wrong")
        }
        _ if error.is_connection_refusal() => Some("nobody listens there"),
        _ if has("UnknownIssuer") => {
            Some("its certificate is signed by an authority that is not trusted here")
        }
        _ if has("NotValidForName") || has("not valid for name") => {
            Some("its certificate is for another name")
        }
        _ if has("invalid peer certificate") => Some("its certificate is refused here"),
        _ if has("lookup address") => Some("its name is not known"),
        _ if error.is_timeout() => Some("it does not answer in time"),
        _ => None,
    };
    let why = plain.map_or_else(|| said.clone(), |plain| format!("{plain} ({said})"));
    Error::Redis { at: address.to_string(), why }
}

/// Whether a new connection may help. One that answers, and says no, is kept: memory has run out, a right is missing.
pub(crate) fn is_lost(error: &RedisError) -> bool {
    let answers = matches!(
        error.kind(),
        ErrorKind::Extension | ErrorKind::Server(ServerErrorKind::ResponseError | ServerErrorKind::NoPerm)
    );
    !answers
}
