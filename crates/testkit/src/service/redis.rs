//! Redis, and Valkey, which is started in the same way.

use std::process::Command;

use rustix::process::Signal;

use super::{Kind, Sandbox, answers, valkey};
use crate::Error;
use crate::daemon::Daemon;
use crate::packages::{Need, need, require};

const SERVER: Need = need("redis-server", "redis-server");

pub(super) const NEEDS: &[Need] = &[SERVER, need("redis-cli", "redis-tools")];

pub(super) fn start(sandbox: &mut Sandbox, kind: Kind) -> Result<(String, u16), Error> {
    let port = sandbox.port()?;
    run(sandbox, kind, port)?;
    Ok((format!("redis://127.0.0.1:{port}/0"), port))
}

/// Starts it on a port, with whatever its folder holds.
pub(super) fn run(sandbox: &mut Sandbox, kind: Kind, port: u16) -> Result<(), Error> {
    let server = if kind == Kind::Valkey { valkey::server()? } else { require(SERVER)? };
    let mut command = Command::new(server);
    // What it has acknowledged is there after a crash: less than `always` forgets it while another fsync is under way.
    command
        .args(["--bind", "127.0.0.1", "--port", &port.to_string()])
        .args(["--save", "", "--appendonly", "yes", "--appendfsync", "always", "--daemonize", "no", "--dir"])
        .arg(sandbox.folder());
    let daemon = Daemon::start(kind.name(), &mut command, sandbox.folder(), Signal::TERM)?;
    sandbox.keep(daemon, || answers(port, b"PING\r\n", b"+PONG\r\n"))
}
