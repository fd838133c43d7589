//! Redis.

use std::process::Command;

use rustix::process::Signal;

use super::{Place, answers};
use crate::Error;
use crate::daemon::Daemon;
use crate::packages::{Need, need, require};

const SERVER: Need = need("redis-server", "redis-server");

pub(super) const NEEDS: &[Need] = &[SERVER, need("redis-cli", "redis-tools")];

pub(super) fn start(place: &mut Place) -> Result<(String, u16), Error> {
    let port = place.port()?;
    run(place, port)?;
    Ok((format!("redis://127.0.0.1:{port}/0"), port))
}

/// Starts it on a port, with whatever its folder holds.
pub(super) fn run(place: &mut Place, port: u16) -> Result<(), Error> {
    let mut command = Command::new(require(SERVER)?);
    command
        .args(["--bind", "127.0.0.1", "--port", &port.to_string()])
        .args(["--save", "", "--appendonly", "yes", "--daemonize", "no", "--dir"])
        .arg(place.folder());
    let daemon = Daemon::start("redis", &mut command, place.folder(), Signal::TERM)?;
    place.keep(daemon, || answers(port, b"PING\r\n", b"+PONG\r\n"))
}
