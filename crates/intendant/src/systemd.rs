//! Tells the service manager how the service stands: the datagram of `sd_notify(3)`, when `NOTIFY_SOCKET` asks for it.

use std::ffi::OsStr;
use std::io;
use std::os::linux::net::SocketAddrExt as _;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::time::Duration;

use engine::Clock;

/// Configuration and backends are being read anew; [`READY`] follows.
pub(crate) const RELOADING: &str = "RELOADING=1";
/// The hub answers on its socket.
pub(crate) const READY: &str = "READY=1";
/// The hub takes no more work and is about to end.
pub(crate) const STOPPING: &str = "STOPPING=1";
/// The process does not stand still.
const ALIVE: &str = "WATCHDOG=1";

/// Sends a state. Without a service manager nothing happens; that it cannot be told is worth a log record only.
pub(crate) fn tell(state: &str) {
    if let Some(socket) = std::env::var_os("NOTIFY_SOCKET").filter(|socket| !socket.is_empty())
        && let Err(error) = send(&socket, state)
    {
        tracing::warn!(state, "the service manager at NOTIFY_SOCKET could not be told: {error}");
    }
}

/// Says that this process is alive, twice as often as the service manager asks for (`WatchdogSec`), as long as it is: one that
/// stands still is silent, and is ended by it.
pub(crate) fn keep_saying_that_it_lives(clock: &Clock) {
    let Some((pause, socket)) = watched().zip(std::env::var_os("NOTIFY_SOCKET")) else { return };
    let clock = clock.clone();
    tokio::spawn(async move {
        loop {
            // A service manager that does not hear it says so itself.
            let _ = send(&socket, ALIVE);
            clock.sleep(pause).await;
        }
    });
}

/// How often the service manager wants to hear of this process, if it does.
fn watched() -> Option<Duration> {
    let meant = std::env::var("WATCHDOG_PID").map_or(true, |pid| pid == std::process::id().to_string());
    let within: u64 = std::env::var("WATCHDOG_USEC").ok()?.parse().ok()?;
    (meant && within > 1).then(|| Duration::from_micros(within / 2))
}

fn send(socket: &OsStr, state: &str) -> io::Result<()> {
    let address = match socket.as_bytes().strip_prefix(b"@") {
        Some(name) => SocketAddr::from_abstract_name(name)?,
        None => SocketAddr::from_pathname(socket)?,
    };
    let datagram = UnixDatagram::unbound()?;
    // This comes again: nothing waits for a service manager that does not listen.
    datagram.set_nonblocking(state == ALIVE)?;
    datagram.send_to_addr(state.as_bytes(), &address).map(drop)
}
