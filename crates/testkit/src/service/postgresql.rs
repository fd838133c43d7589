//! PostgreSQL.

use std::path::Path;
use std::process::Command;

use rustix::process::Signal;

use super::{Sandbox, answers};
use crate::Error;
use crate::daemon::Daemon;
use crate::packages::{Need, is_root, need, require, run};

const SERVER: Need = need("postgres", "postgresql");
const INIT: Need = need("initdb", "postgresql");

pub(super) const NEEDS: &[Need] = &[SERVER, INIT, need("psql", "postgresql-client")];

pub(super) fn start(sandbox: &mut Sandbox) -> Result<(String, u16), Error> {
    let port = sandbox.port()?;
    let folder = sandbox.folder();
    let data = folder.join("data");
    if is_root() {
        run("chown", Command::new("chown").arg("postgres:").arg(folder))?;
    }
    let mut init = as_postgres(&require(INIT)?)?;
    init.args([
        "--username=postgres",
        "--auth=trust",
        "--encoding=UTF8",
        "--locale=C.UTF-8",
        "--no-sync",
        "-D",
    ]);
    run("initdb", init.arg(&data))?;

    let mut command = as_postgres(&require(SERVER)?)?;
    command
        .args(["-h", "127.0.0.1", "-p", &port.to_string(), "-c", "fsync=off", "-k"])
        .arg(folder)
        .arg("-D")
        .arg(&data);
    let daemon = Daemon::start("postgresql", &mut command, folder, Signal::INT)?;
    sandbox.keep(daemon, || answers(port, SSL_REQUEST, b"N"))?;
    Ok((format!("postgresql://postgres@127.0.0.1:{port}/postgres"), port))
}

/// Asks whether it speaks TLS. It does not, and says so once it takes connections.
const SSL_REQUEST: &[u8] = &[0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f];

/// PostgreSQL refuses to run as root: then it runs as the user that its package made.
fn as_postgres(program: &Path) -> Result<Command, Error> {
    if !is_root() {
        return Ok(Command::new(program));
    }
    let mut command = Command::new(require(need("setpriv", "util-linux"))?);
    command.args(["--reuid=postgres", "--regid=postgres", "--clear-groups", "--"]).arg(program);
    Ok(command)
}
