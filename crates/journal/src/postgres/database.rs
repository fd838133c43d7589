//! Where a journal on PostgreSQL is, and how it is reached.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};
use tokio_postgres::Config;
use tokio_postgres::config::{Host, SslMode, TargetSessionAttrs};
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::error::Error;

/// A database of PostgreSQL's in which a journal is, or is to be, and the data folder of the machine that uses it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Database {
    config: Config,
    /// Certificates of those who may vouch for the server, in PEM; `None` = whom the system trusts.
    roots: Option<Vec<u8>>,
    folder: PathBuf,
}

impl Database {
    /// The one at this address, `postgres://user:password@host:port/name?sslmode=require`. Several hosts may be given, of
    /// which the one is used that can be written to. In the folder lies the lock that only one hub of this machine holds.
    ///
    /// Fails with [`Error::BadDatabase`] when it is no such address.
    pub fn new(url: &str, folder: impl Into<PathBuf>) -> Result<Self, Error> {
        // The cause may quote a part of the address, and with it a password.
        let mut config: Config = url.parse().map_err(|_| {
            Error::BadDatabase(
                "the address of the database is none: write postgres://user@host:5432/name".to_owned(),
            )
        })?;
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
        Ok(Database { config, roots: None, folder: folder.into() })
    }

    /// With this password.
    #[must_use]
    pub fn with_password(mut self, password: &str) -> Self {
        self.config.password(password);
        self
    }

    /// Trusting these certificates (PEM) and no others.
    #[must_use]
    pub fn with_roots(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.roots = Some(pem.into());
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

    pub(super) fn config(&self) -> &Config {
        &self.config
    }

    /// How TLS is spoken; the server's certificate is always checked.
    pub(super) fn tls(&self) -> Result<MakeRustlsConnect, Error> {
        let bad = |why: String| Error::BadDatabase(why);
        let mut roots = RootCertStore::empty();
        match &self.roots {
            Some(pem) => {
                for certificate in CertificateDer::pem_slice_iter(pem) {
                    let certificate = certificate
                        .map_err(|error| bad(format!("the certificates for the database: {error}")))?;
                    roots
                        .add(certificate)
                        .map_err(|error| bad(format!("a certificate for the database: {error}")))?;
                }
            }
            None if self.config.get_ssl_mode() == SslMode::Disable => {}
            None => {
                let found = rustls_native_certs::load_native_certs();
                roots.add_parsable_certificates(found.certs);
            }
        }
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| Error::Engine(error.into()))?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(MakeRustlsConnect::new(config))
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
    fn what_is_none_is_refused_without_quoting_it() {
        for url in ["", "postgres://", "postgres://hub:s3cret@a:port/x", "mysql://hub:s3cret@a/x"] {
            let error = Database::new(url, "/x").unwrap_err().to_string();
            assert!(!error.contains("s3cret"), "{error}");
        }
    }
}
