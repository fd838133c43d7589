//! RabbitMQ, without a service manager and beside any other node of the machine.

use std::fs;
use std::path::Path;
use std::process::Command;

use rustix::process::Signal;

use super::{Sandbox, answers, local};
use crate::Error;
use crate::daemon::Daemon;
use crate::packages::{Need, need, require, run as run_tool};

/// Debian's own `rabbitmq-server` in `/usr/sbin` insists on root or the user `rabbitmq`; the script behind it does not.
const SERVER: Need = need("rabbitmq-server-wait", "rabbitmq-server");
const EPMD: Need = need("epmd", "erlang-base");

pub(super) const NEEDS: &[Need] = &[SERVER, EPMD];

/// The ports that it takes: for clients, between nodes, of Erlang's name service, and for the management plugin.
#[derive(Clone, Copy)]
pub(super) struct Ports([u16; 4]);

pub(super) fn start(sandbox: &mut Sandbox) -> Result<(String, u16), Error> {
    let ports = Ports([sandbox.port()?, sandbox.port()?, sandbox.port()?, sandbox.port()?]);
    let Ports([port, ..]) = ports;
    run(sandbox, ports)?;
    Ok((format!("amqp://guest:guest@127.0.0.1:{port}/%2f"), port))
}

/// The ports of the one in this sandbox.
pub(super) fn ports(sandbox: &Sandbox) -> Option<Ports> {
    let ports: Vec<u16> = sandbox.ports.iter().map(crate::port::Port::number).collect();
    ports.try_into().ok().map(Ports)
}

/// Where its management plugin answers, once that is enabled.
pub(super) fn management(sandbox: &Sandbox) -> Option<String> {
    ports(sandbox).map(|Ports([.., management])| format!("http://127.0.0.1:{management}"))
}

/// Starts it on these ports, with whatever its folder holds.
pub(super) fn run(
    sandbox: &mut Sandbox,
    Ports([port, between_nodes, names, management]): Ports,
) -> Result<(), Error> {
    let server = require(SERVER)?.with_file_name("rabbitmq-server");

    // Erlang's name service. Ours: one that Erlang starts by itself would outlive the test.
    let mut epmd = Command::new(require(EPMD)?);
    epmd.args(["-address", "127.0.0.1", "-port", &names.to_string()]);
    let epmd = Daemon::start("epmd", &mut epmd, sandbox.folder(), Signal::TERM)?;
    sandbox.keep(epmd, || std::net::TcpStream::connect(local(names)).is_ok())?;

    let folder = sandbox.folder();
    let write = |name: &str, text: &str| {
        fs::write(folder.join(name), text).map_err(Error::io(format!("writing {name} of RabbitMQ")))
    };
    write("rabbitmq.conf", &configuration(port, management))?;
    if !folder.join("plugins").exists() {
        write("plugins", "[].\n")?;
    }

    let mut command = Command::new(server);
    environment(&mut command, folder, port, names);
    command
        .env("ERL_EPMD_ADDRESS", "127.0.0.1")
        .env("RABBITMQ_CONFIG_FILE", folder.join("rabbitmq.conf"))
        .env("RABBITMQ_DIST_PORT", between_nodes.to_string())
        .env("RABBITMQ_LOG_BASE", folder)
        .env("RABBITMQ_MNESIA_BASE", folder.join("mnesia"))
        .env("RABBITMQ_PID_FILE", folder.join("pid"))
        .env("RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS", "-kernel inet_dist_use_interface {127,0,0,1}");
    let daemon = Daemon::start("rabbitmq", &mut command, folder, Signal::TERM)?;
    sandbox.keep(daemon, || answers(port, PROTOCOL, CONNECTION_START))
}

/// Runs one of its tools and returns what it printed.
pub(super) fn control(sandbox: &Sandbox, tool: &str, words: &[&str]) -> Result<String, Error> {
    let unknown = || Error::Tool { what: tool.to_owned(), log: "this is no RabbitMQ".to_owned() };
    let Ports([port, _, names, _]) = ports(sandbox).ok_or_else(unknown)?;
    let mut command = Command::new(require(SERVER)?.with_file_name(tool));
    environment(&mut command, sandbox.folder(), port, names);
    run_tool(tool, command.arg("--quiet").args(words))
}

/// What node and tools must agree on.
fn environment(command: &mut Command, folder: &Path, port: u16, names: u16) {
    command
        .env("HOME", folder)
        .env("ERL_EPMD_PORT", names.to_string())
        .env("RABBITMQ_CONF_ENV_FILE", "/dev/null")
        .env("RABBITMQ_ENABLED_PLUGINS_FILE", folder.join("plugins"))
        .env("RABBITMQ_NODENAME", format!("intendant-{port}@localhost"));
}

/// What a client says first, and how the server's answer begins: a method on channel 0.
const PROTOCOL: &[u8] = b"AMQP\x00\x00\x09\x01";
const CONNECTION_START: &[u8] = &[1, 0, 0];

fn configuration(port: u16, management: u16) -> String {
    format!(
        "listeners.tcp.local = 127.0.0.1:{port}\n\
         management.tcp.ip = 127.0.0.1\n\
         management.tcp.port = {management}\n\
         log.console = true\n\
         log.console.level = info\n\
         log.file = false\n\
         disk_free_limit.absolute = 50MB\n"
    )
}
