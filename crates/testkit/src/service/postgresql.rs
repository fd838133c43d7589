//! PostgreSQL.

use std::fs::{self, OpenOptions, Permissions};
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

use rustix::process::Signal;

use super::{START, Sandbox, answers};
use crate::certificate::Certificate;
use crate::daemon::Daemon;
use crate::disk::Disk;
use crate::packages::{Need, is_root, need, require, run};
use crate::{Error, cache, wait};

const SERVER: Need = need("postgres", "postgresql");
const INIT: Need = need("initdb", "postgresql");

const COPY: Need = need("pg_basebackup", "postgresql");

pub(super) const NEEDS: &[Need] = &[SERVER, INIT, COPY, need("psql", "postgresql-client")];

/// How its folder is made. The segments are small, so that there is little to copy.
const MADE: [&str; 6] = [
    "--username=postgres",
    "--auth=trust",
    "--encoding=UTF8",
    "--locale=C.UTF-8",
    "--wal-segsize=1",
    "--no-sync",
];

pub(super) fn start(sandbox: &mut Sandbox) -> Result<(String, u16), Error> {
    let port = sandbox.port()?;
    let folder = sandbox.folder();
    give(folder)?;
    // Making one takes a processor for a second or two: it is made once for each version of the server.
    let version = run("postgres", Command::new(require(SERVER)?).arg("--version"))?;
    let template = cache::filled("postgresql", MADE.into_iter().chain([SET, &*version]), |template| {
        let data = folder.join("data");
        run("initdb", as_postgres(&require(INIT)?)?.args(MADE).arg("-D").arg(&data))?;
        run("mv", Command::new("mv").arg(&data).arg(template))?;
        settle(&template.join("data/postgresql.auto.conf"), SET)
    })?;
    run("cp", Command::new("cp").arg("-a").arg(template.join("data")).arg(folder))?;
    serve(sandbox, port)?;
    Ok((url(port), port))
}

fn url(port: u16) -> String {
    format!("postgresql://postgres@127.0.0.1:{port}/postgres")
}

/// Makes something the server's own, whoever we are.
fn give(path: &Path) -> Result<(), Error> {
    if !is_root() {
        return Ok(());
    }
    run("chown", Command::new("chown").arg("postgres:").arg(path)).map(drop)
}

/// Copies the server on this port and starts the copy as its standby, which calls itself `name`.
pub(super) fn start_standby(sandbox: &mut Sandbox, of: u16, name: &str) -> Result<(String, u16), Error> {
    let port = sandbox.port()?;
    let folder = sandbox.folder();
    give(folder)?;
    let primary = format!("host=127.0.0.1 port={of} user=postgres application_name={name}");
    let mut copy = as_postgres(&require(COPY)?)?;
    copy.args(["--write-recovery-conf", "--wal-method=stream", "--checkpoint=fast", "--no-sync"]);
    run("pg_basebackup", copy.arg("--dbname").arg(primary).arg("-D").arg(folder.join("data")))?;
    serve(sandbox, port)?;
    Ok((url(port), port))
}

/// Lays a certificate and its key where the server looks for them when `ssl` is on.
pub(super) fn certify(sandbox: &Sandbox, made: &Certificate) -> Result<(), Error> {
    for (from, name) in [(&made.certificate, "server.crt"), (&made.key, "server.key")] {
        let to = sandbox.folder().join("data").join(name);
        fs::copy(from, &to).map_err(Error::io(format!("writing {}", to.display())))?;
        // It refuses a key that others may read.
        fs::set_permissions(&to, Permissions::from_mode(0o600))
            .map_err(Error::io(format!("closing {}", to.display())))?;
        give(&to)?;
    }
    Ok(())
}

/// Moves its data onto a disk of so many MiB.
pub(super) fn move_to_disk(sandbox: &Sandbox, mebibytes: u32) -> Result<Disk, Error> {
    let data = sandbox.folder().join("data");
    let before = data.with_extension("before");
    fs::rename(&data, &before)
        .and_then(|()| fs::create_dir(&data))
        .map_err(Error::io(format!("making room for {}", data.display())))?;
    let disk = Disk::mount(&data, mebibytes)?;
    run("cp", Command::new("cp").arg("-a").arg(before.join(".")).arg(&data))?;
    settle(&data.join("postgresql.auto.conf"), SMALL)?;
    Ok(disk)
}

/// What is set in its folder, where `ALTER SYSTEM` sets it otherwise.
const SET: &str = "fsync = 'off'\nshared_buffers = '32MB'\n";

/// What its log takes on a small disk.
const SMALL: &str = "min_wal_size = '8MB'\nmax_wal_size = '32MB'\n";

fn settle(file: &Path, set: &str) -> Result<(), Error> {
    let mut file = OpenOptions::new().append(true).open(file).map_err(Error::io("opening its settings"))?;
    file.write_all(set.as_bytes()).map_err(Error::io("writing its settings"))
}

/// Starts it on a port, with what its folder holds.
pub(super) fn serve(sandbox: &mut Sandbox, port: u16) -> Result<(), Error> {
    let folder = sandbox.folder();
    let mut command = as_postgres(&require(SERVER)?)?;
    command
        .args(["-h", "127.0.0.1", "-p", &port.to_string(), "-k"])
        .arg(folder)
        .arg("-D")
        .arg(folder.join("data"));
    let daemon = Daemon::start("postgresql", &mut command, folder, Signal::INT)?;
    sandbox.keep(daemon, || answers(port, LET_IN, b"R"))
}

/// Starts it again. What was left of one that was killed ends by itself, and has to have ended before.
pub(super) fn serve_again(sandbox: &mut Sandbox, port: u16) -> Result<(), Error> {
    let again = wait::until(START, || match serve(sandbox, port) {
        Err(Error::Died { log, .. }) if log.contains("shared memory block") => None,
        served => Some(served),
    });
    again.unwrap_or_else(|| serve(sandbox, port))
}

/// Asks to be let in, as version 3.0 of the protocol says: while it starts up it answers with an error.
const LET_IN: &[u8] = b"\0\0\0\x17\0\x03\0\0user\0postgres\0\0";

/// PostgreSQL refuses to run as root: then it runs as the user that its package made.
fn as_postgres(program: &Path) -> Result<Command, Error> {
    if !is_root() {
        return Ok(Command::new(program));
    }
    let mut command = Command::new(require(need("setpriv", "util-linux"))?);
    command.args(["--reuid=postgres", "--regid=postgres", "--clear-groups", "--"]).arg(program);
    Ok(command)
}
