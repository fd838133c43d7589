//! Connections to the broker: one for what comes, one for what leaves. A broker that is short of memory stops reading
//! from those that publish, and must not stop the acknowledgements with them.

use engine::clock::within;
use lapin::{Connection, ConnectionProperties, ErrorKind};

use crate::error::Error;
use crate::frames;
use crate::settings::{Address, CONNECT, Settings};
use crate::unreached::{Unreached, unreached};

/// What the broker answers when something is not there.
pub(crate) const NOT_FOUND: u16 = 404;
/// What it answers when somebody else has something for himself, or we may not have it.
pub(crate) const ACCESS_REFUSED: u16 = 403;

/// Opens a connection. `purpose` is shown among the connections of the broker.
pub(crate) async fn open(settings: &Settings, purpose: &str) -> Result<Connection, Error> {
    let address = &settings.address;
    let name = format!("intendant {} ({purpose})", settings.name);
    let properties = ConnectionProperties::default().with_connection_name(name.into());
    let opening = frames::connect(address.uri(), properties, address.tls());
    let Unreached { why, remedy } = match within(CONNECT, opening).await {
        Ok(Ok(connection)) => return Ok(connection),
        Ok(Err(error)) => unreached(address, &error),
        Err(_) => Unreached::silent(),
    };
    Err(Error::Unreached { at: address.to_string(), why, remedy })
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
