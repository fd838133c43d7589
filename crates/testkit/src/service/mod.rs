//! Real servers for tests: on loopback, on a free port, in a private folder, gone when dropped.
//!
//! Also when the test's process is killed: each server has a guard that notices.

mod postgresql;
mod rabbitmq;
mod redis;
mod slapd;
mod valkey;

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::path::Path;
use std::str::FromStr;
use std::time::Duration;

use tempfile::TempDir;

use crate::Error;
use crate::certificate::Certificate;
use crate::daemon::Daemon;
use crate::disk::Disk;
use crate::packages::Need;
use crate::port::Port;

/// How long a server may take until it answers, on a busy machine.
const START: Duration = Duration::from_mins(2);

/// The servers that can be started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Redis, with an append-only file.
    Redis,
    /// Valkey, the same.
    Valkey,
    /// RabbitMQ, one node, user `guest`.
    RabbitMq,
    /// PostgreSQL, user `postgres` without a password; it does not fsync.
    PostgreSql,
    /// The LDAP server, `dc=example,dc=org`, empty; administrator [`LDAP_ADMIN`] with [`LDAP_PASSWORD`].
    Slapd,
}

/// Who may write to the directory.
pub const LDAP_ADMIN: &str = "cn=admin,dc=example,dc=org";

/// The administrator's password.
pub const LDAP_PASSWORD: &str = "secret";

impl Kind {
    /// All of them.
    pub const ALL: [Kind; 5] = [Kind::Redis, Kind::Valkey, Kind::RabbitMq, Kind::PostgreSql, Kind::Slapd];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Redis => "redis",
            Kind::Valkey => "valkey",
            Kind::RabbitMq => "rabbitmq",
            Kind::PostgreSql => "postgresql",
            Kind::Slapd => "slapd",
        }
    }

    /// The programs it is made of.
    pub fn needs(self) -> &'static [Need] {
        match self {
            Kind::Redis => redis::NEEDS,
            Kind::Valkey => valkey::NEEDS,
            Kind::RabbitMq => rabbitmq::NEEDS,
            Kind::PostgreSql => postgresql::NEEDS,
            Kind::Slapd => slapd::NEEDS,
        }
    }

    /// Starts one and waits until it answers.
    ///
    /// # Errors
    /// [`Error::Missing`] when it is not installed; otherwise what it said as it failed.
    pub fn start(self) -> Result<Service, Error> {
        let mut sandbox = Sandbox::new(self.name())?;
        match self {
            Kind::Redis | Kind::Valkey => redis::start(&mut sandbox, self),
            Kind::RabbitMq => rabbitmq::start(&mut sandbox),
            Kind::PostgreSql => postgresql::start(&mut sandbox),
            Kind::Slapd => slapd::start(&mut sandbox),
        }
        .map(|(url, port)| Service { kind: self, url, port, sandbox })
    }
}

impl FromStr for Kind {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        let names = || Kind::ALL.map(Kind::name).join(", ");
        Kind::ALL
            .into_iter()
            .find(|kind| kind.name() == name)
            .ok_or_else(|| format!("there is no service {name}: there are {}", names()))
    }
}

/// A running server. It is stopped when dropped.
#[derive(Debug)]
pub struct Service {
    kind: Kind,
    url: String,
    port: u16,
    sandbox: Sandbox,
}

impl Service {
    /// What it is.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// Where it is, with the user to connect as.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Its address.
    pub fn address(&self) -> SocketAddr {
        local(self.port)
    }

    /// Its private folder.
    pub fn folder(&self) -> &Path {
        self.sandbox.folder()
    }

    /// Starts a standby of a PostgreSQL, which follows it by streaming under this name, until it is promoted
    /// (`pg_promote()`).
    ///
    /// # Errors
    /// What it said as it failed, or that it is another server.
    pub fn standby(&self, name: &str) -> Result<Service, Error> {
        self.only(Kind::PostgreSql, "standby")?;
        let mut sandbox = Sandbox::new(name)?;
        let (url, port) = postgresql::start_standby(&mut sandbox, self.port, name)?;
        Ok(Service { kind: self.kind, url, port, sandbox })
    }

    /// Gives a PostgreSQL a certificate, with which it speaks TLS once `ssl` is set to `on`.
    ///
    /// # Errors
    /// That it could not be written, or that it is another server.
    pub fn certify(&self, certificate: &Certificate) -> Result<(), Error> {
        self.only(Kind::PostgreSql, "certificate")?;
        postgresql::certify(&self.sandbox, certificate)
    }

    /// Moves the data of a PostgreSQL onto a small disk of so many MiB, in memory; it is stopped meanwhile.
    ///
    /// # Errors
    /// What could not be done, as it cannot by whoever is not root, or that it is another server.
    pub fn move_to_disk(&mut self, mebibytes: u32) -> Result<Disk, Error> {
        self.only(Kind::PostgreSql, "small disk")?;
        self.halt();
        let disk = postgresql::move_to_disk(&self.sandbox, mebibytes)?;
        self.revive()?;
        Ok(disk)
    }

    /// Whether it has ended by itself.
    pub fn has_ended(&mut self) -> bool {
        self.sandbox.daemons.iter_mut().any(Daemon::has_ended)
    }

    fn only(&self, kind: Kind, what: &str) -> Result<(), Error> {
        if self.kind == kind {
            return Ok(());
        }
        Err(Error::Tool { what: self.kind.name().to_owned(), log: format!("it has no {what} here") })
    }

    /// Kills it as a crash would. Its folder and port stay its own.
    pub fn crash(&mut self) {
        while let Some(mut daemon) = self.sandbox.daemons.pop() {
            daemon.kill();
        }
    }

    /// Stops it in good order, as an administrator does. Its folder and port stay its own.
    pub fn halt(&mut self) {
        while let Some(daemon) = self.sandbox.daemons.pop() {
            drop(daemon);
        }
    }

    /// Starts it again after [`Service::crash`] or [`Service::halt`], with what its folder holds; all but the LDAP server.
    ///
    /// # Errors
    /// What it said as it failed, or that it is another server.
    pub fn revive(&mut self) -> Result<(), Error> {
        let ports = rabbitmq::ports(&self.sandbox);
        match (self.kind, ports) {
            (Kind::Redis | Kind::Valkey, _) => redis::run(&mut self.sandbox, self.kind, self.port),
            (Kind::PostgreSql, _) => postgresql::serve_again(&mut self.sandbox, self.port),
            (Kind::RabbitMq, Some(ports)) => rabbitmq::run(&mut self.sandbox, ports),
            (other, _) => {
                Err(Error::Tool { what: other.name().to_owned(), log: "it is not revived".to_owned() })
            }
        }
    }

    /// Runs `rabbitmqctl` on a RabbitMQ and returns what it printed.
    ///
    /// # Errors
    /// What it said as it failed.
    pub fn rabbitmqctl(&self, words: &[&str]) -> Result<String, Error> {
        rabbitmq::control(&self.sandbox, "rabbitmqctl", words)
    }

    /// Where a RabbitMQ's management plugin answers, once [`Service::rabbitmq_plugins`] has enabled it.
    pub fn management(&self) -> Option<String> {
        rabbitmq::management(&self.sandbox)
    }

    /// Runs `rabbitmq-plugins` on a RabbitMQ and returns what it printed.
    ///
    /// # Errors
    /// What it said as it failed.
    pub fn rabbitmq_plugins(&self, words: &[&str]) -> Result<String, Error> {
        rabbitmq::control(&self.sandbox, "rabbitmq-plugins", words)
    }

    /// Stops it and waits until it is gone.
    pub fn stop(self) {
        drop(self);
    }
}

/// What a server is given, and what runs there. Dropped in this order: servers (the last one started first), ports,
/// folder.
#[derive(Debug)]
pub(crate) struct Sandbox {
    daemons: Vec<Daemon>,
    ports: Vec<Port>,
    folder: TempDir,
}

impl Sandbox {
    pub(crate) fn new(name: &str) -> Result<Sandbox, Error> {
        let folder = tempfile::Builder::new()
            .prefix(&format!("intendant-{name}-"))
            .tempdir()
            .map_err(Error::io("creating a private folder"))?;
        Ok(Sandbox { daemons: Vec::new(), ports: Vec::new(), folder })
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn port(&mut self) -> Result<u16, Error> {
        let port = Port::take()?;
        let number = port.number();
        self.ports.push(port);
        Ok(number)
    }

    /// Keeps a server that was started, once it answers.
    pub(crate) fn keep(&mut self, mut daemon: Daemon, answers: impl Fn() -> bool) -> Result<(), Error> {
        daemon.ready(START, answers)?;
        self.daemons.push(daemon);
        Ok(())
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        while let Some(daemon) = self.daemons.pop() {
            drop(daemon);
        }
    }
}

pub(crate) fn local(port: u16) -> SocketAddr {
    SocketAddr::from((Ipv4Addr::LOCALHOST, port))
}

/// Sends `question` and says whether the answer begins like `expected`.
fn answers(port: u16, question: &[u8], expected: &[u8]) -> bool {
    let limit = Duration::from_secs(5);
    let ask = || {
        let mut stream = TcpStream::connect_timeout(&local(port), limit)?;
        stream.set_read_timeout(Some(limit))?;
        stream.write_all(question)?;
        let mut answer = vec![0; expected.len()];
        stream.read_exact(&mut answer)?;
        std::io::Result::Ok(answer == expected)
    };
    ask().unwrap_or(false)
}
