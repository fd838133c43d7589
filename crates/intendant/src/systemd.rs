//! Tells the service manager how the service stands: the datagram of `sd_notify(3)`, when `NOTIFY_SOCKET` asks for it.

use std::ffi::OsStr;
use std::io;
use std::os::linux::net::SocketAddrExt as _;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::net::{SocketAddr, UnixDatagram};

/// Configuration and backends are being read anew; [`READY`] follows.
pub(crate) const RELOADING: &str = "RELOADING=1";
/// The hub answers on its socket.
pub(crate) const READY: &str = "READY=1";
/// The hub takes no more work and is about to end.
pub(crate) const STOPPING: &str = "STOPPING=1";

/// Sends a state. Without a service manager nothing happens; that it cannot be told is worth a log record only.
pub(crate) fn tell(state: &str) {
    if let Some(socket) = std::env::var_os("NOTIFY_SOCKET").filter(|socket| !socket.is_empty())
        && let Err(error) = send(&socket, state)
    {
        tracing::warn!(state, "the service manager at NOTIFY_SOCKET could not be told: {error}");
    }
}

fn send(socket: &OsStr, state: &str) -> io::Result<()> {
    let address = match socket.as_bytes().strip_prefix(b"@") {
        Some(name) => SocketAddr::from_abstract_name(name)?,
        None => SocketAddr::from_pathname(socket)?,
    };
    UnixDatagram::unbound()?.send_to_addr(state.as_bytes(), &address).map(drop)
}
