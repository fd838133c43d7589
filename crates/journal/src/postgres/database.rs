//! Where a journal on PostgreSQL is, and how it is reached.

use std::error::Error as _;
use std::fmt;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use model::Secret;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore};
use tokio_postgres::Config;
use tokio_postgres::config::{Host, SslMode, TargetSessionAttrs};
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::error::Error;

/// A database of PostgreSQL's in which a journal is, or is to be, and the data folder of the machine that uses it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Database {
    config: Config,
    /// Certificates of those who may vouch for the server, in PEM, beside those whom the system trusts.
    roots: Option<Vec<u8>>,
    /// A certificate and its key in PEM, to sign in with.
    identity: Option<(Vec<u8>, Secret<Vec<u8>>)>,
    folder: PathBuf,
}

impl Database {
    /// The one at this address, `postgres://user:password@host:port/name?sslmode=require`. Several hosts may be given, of
    /// which the one is used that can be written to. In the folder lies the lock that only one hub of this machine holds.
    /// Without `sslmode` TLS is required unless the server is on this machine.
    ///
    /// Fails with [`Error::BadDatabase`] when it is no such address.
    pub fn new(url: &str, folder: impl Into<PathBuf>) -> Result<Self, Error> {
        // The cause may quote a part of the address, and with it a password.
        let wanted = || {
            Error::BadDatabase(
                "it is no address of a database: write postgres://user@host:5432/name, with ?sslmode=require or another \
                 one of disable, prefer and verify-full where that is wanted"
                    .to_owned(),
            )
        };
        // Whoever speaks TLS shows a certificate that is good for its name.
        let url = url.replace("sslmode=verify-full", "sslmode=require");
        let is_url = ["postgres://", "postgresql://"].iter().any(|begin| url.starts_with(begin));
        let mut config: Config = url.parse().ok().filter(|_| is_url).ok_or_else(wanted)?;
        if !url.contains("sslmode=") {
            let is_near = config.get_hosts().iter().all(is_near) && config.get_hostaddrs().is_empty();
            config.ssl_mode(if is_near { SslMode::Disable } else { SslMode::Require });
        }
        if config.get_hosts().is_empty() && config.get_hostaddrs().is_empty() {
            return Err(Error::BadDatabase("the address of the database names no host".to_owned()));
        }
        config
            .application_name("intendant")
            .target_session_attrs(TargetSessionAttrs::ReadWrite)
            .tcp_user_timeout(Duration::from_secs(4))
            .keepalives_idle(Duration::from_secs(1))
            .keepalives_interval(Duration::from_secs(1))
            .keepalives_retries(3);
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(Duration::from_secs(2));
        }
        Ok(Database { config, roots: None, identity: None, folder: folder.into() })
    }

    /// Signing in as this role.
    #[must_use]
    pub fn with_user(mut self, user: &str) -> Self {
        self.config.user(user);
        self
    }

    /// With this password.
    #[must_use]
    pub fn with_password(mut self, password: &str) -> Self {
        self.config.password(password);
        self
    }

    /// Trusting these certificates (PEM) as well.
    #[must_use]
    pub fn with_roots(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.roots = Some(pem.into());
        self
    }

    /// Signing in with a certificate and its key (PEM) over TLS.
    #[must_use]
    pub fn with_identity(mut self, certificate: Vec<u8>, key: Secret<Vec<u8>>) -> Self {
        self.identity = Some((certificate, key));
        self
    }

    /// Whether what is said to the server goes through TLS in any case.
    pub fn requires_tls(&self) -> bool {
        self.config.get_ssl_mode() == SslMode::Require
    }

    /// The data folder of the machine.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// What is said of one that says nothing.
    pub(super) fn silent(&self) -> Error {
        Error::Unwritable(format!("{self} does not answer"))
    }

    pub(super) fn config(&self) -> &Config {
        &self.config
    }

    /// How TLS is spoken; the server's certificate is always checked.
    pub(super) fn tls(&self) -> Result<MakeRustlsConnect, Error> {
        let bad = |why: String| Error::BadDatabase(why);
        let mut roots = RootCertStore::empty();
        if self.config.get_ssl_mode() != SslMode::Disable {
            let found = rustls_native_certs::load_native_certs();
            roots.add_parsable_certificates(found.certs);
        }
        for certificate in self.roots.iter().flat_map(|pem| CertificateDer::pem_slice_iter(pem)) {
            let faulty = |why: String| bad(format!("journal.authorities: {why}"));
            let certificate = certificate.map_err(|error| faulty(error.to_string()))?;
            roots.add(certificate).map_err(|error| faulty(error.to_string()))?;
        }
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| Error::Engine(error.into()))?
            .with_root_certificates(roots);
        let Some((certificate, key)) = &self.identity else {
            return Ok(MakeRustlsConnect::new(config.with_no_client_auth()));
        };
        let faulty = |why: String| bad(format!("journal.certificate and journal.key: {why}"));
        let chain = CertificateDer::pem_slice_iter(certificate).collect::<Result<Vec<_>, _>>();
        let chain = chain.map_err(|error| faulty(error.to_string()))?;
        let key = PrivateKeyDer::from_pem_slice(key.expose()).map_err(|error| faulty(error.to_string()))?;
        let config = config.with_client_auth_cert(chain, key).map_err(|error| faulty(error.to_string()))?;
        Ok(MakeRustlsConnect::new(config))
    }

    /// What it means that no session could be opened: what somebody has to correct is [`Error::BadDatabase`].
    pub(super) fn unreached(&self, error: &tokio_postgres::Error) -> Error {
        let correct = |why: &str, remedy: &str| Error::BadDatabase(format!("{self}: {why}; {remedy}"));
        if let Some(said) = error.as_db_error() {
            let (code, message) = (said.code().code(), said.message());
            return match code {
                "28000" | "28P01" => correct(
                    &format!("PostgreSQL does not let the hub in: {message}"),
                    "correct journal.user and journal.password, or pg_hba.conf there",
                ),
                "3D000" => correct(message, "make it with CREATE DATABASE, or correct journal.url"),
                "42501" => correct(message, "the role has to own the database"),
                _ => Error::Unwritable(format!("PostgreSQL at {self}: {message} ({code})")),
            };
        }
        let cause = error.source().map(ToString::to_string).unwrap_or_default();
        match error.to_string().as_str() {
            "error performing TLS handshake" if cause.contains("does not support TLS") => correct(
                "the server has no TLS",
                "give it a certificate, or write ?sslmode=disable in journal.url",
            ),
            "error performing TLS handshake" => {
                let remedy = match &cause {
                    cause if cause.contains("not valid for name") => {
                        "write a name for which its certificate is good in journal.url"
                    }
                    cause if cause.contains("expired") || cause.contains("not valid yet") => {
                        "renew its certificate, or correct the clock of this machine"
                    }
                    _ => "name its authority in journal.authorities",
                };
                correct(&format!("TLS is refused: {cause}"), remedy)
            }
            "invalid configuration" => correct(&cause, "correct the settings of journal"),
            what if cause.is_empty() => {
                Error::Unwritable(format!("PostgreSQL at {self} does not answer: {what}"))
            }
            _ => Error::Unwritable(format!("PostgreSQL at {self} does not answer: {cause}")),
        }
    }
}

/// Whether this is a host of this machine.
fn is_near(host: &Host) -> bool {
    match host {
        Host::Unix(_) => true,
        Host::Tcp(name) if name == "localhost" => true,
        Host::Tcp(name) => {
            name.trim_matches(['[', ']']).parse().is_ok_and(|address: IpAddr| address.is_loopback())
        }
    }
}

/// Without anything secret.
impl fmt::Display for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("postgres://")?;
        if let Some(user) = self.config.get_user() {
            write!(f, "{user}@")?;
        }
        let ports = self.config.get_ports();
        for (place, host) in self.config.get_hosts().iter().enumerate() {
            if place > 0 {
                f.write_str(",")?;
            }
            match host {
                Host::Tcp(host) => f.write_str(host)?,
                Host::Unix(path) => path.display().fmt(f)?,
            }
            if let Some(port) = ports.get(place).or_else(|| ports.first()) {
                write!(f, ":{port}")?;
            }
        }
        if let Some(name) = self.config.get_dbname() {
            write!(f, "/{name}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_shown_without_what_is_secret() {
        let database =
            Database::new("postgres://hub:s3cret@a:5433,b:5434/work?sslmode=require", "/x").unwrap();
        assert_eq!(database.to_string(), "postgres://hub@a:5433,b:5434/work");
        assert!(database.requires_tls());
        assert!(!format!("{database:?}").contains("s3cret"));
    }

    #[test]
    fn only_this_machine_is_spoken_to_without_tls() {
        let requires = |url: &str| Database::new(url, "/x").unwrap().requires_tls();
        for near in ["localhost", "127.0.0.1:5433", "[::1]:5432", "%2Frun%2Fpostgresql"] {
            assert!(!requires(&format!("postgres://hub@{near}/work")), "{near}");
        }
        assert!(requires("postgres://hub@db.example.org/work"));
        assert!(requires("postgres://hub@localhost,db.example.org/work"));
        assert!(requires("postgres://hub@localhost/work?sslmode=verify-full"));
        assert!(!requires("postgres://hub@db.example.org/work?sslmode=disable"));
    }

    #[test]
    fn what_is_none_is_refused_without_quoting_it() {
        for url in ["", "postgres://", "postgres://hub:s3cret@a:port/x", "mysql://hub:s3cret@a/x"] {
            let error = Database::new(url, "/x").unwrap_err().to_string();
            assert!(!error.contains("s3cret"), "{error}");
        }
    }
}
