//! What a source is told.

use std::fmt;
use std::time::Duration;

use redis::{Client, ConnectionAddr, ConnectionInfo, IntoConnectionInfo as _, TlsCertificates};

use crate::error::Error;

/// Where Redis is, and how to sign in. Shown without the password.
#[derive(Clone)]
pub struct Address {
    info: ConnectionInfo,
}

impl Address {
    /// From `redis://[user][:password@]host[:port][/database]`, or `rediss://` for TLS. A user or password given
    /// beside it counts before the one in it.
    pub fn new(uri: &str, user: Option<&str>, password: Option<&str>) -> Result<Self, Error> {
        let info = uri.into_connection_info().map_err(|_| {
            let wanted = "redis://[user:password@]host[:port][/database], or rediss:// for TLS";
            Error::Address(format!("the address of Redis is not understood: write {wanted}"))
        })?;
        let mut settings = info.redis_settings().clone();
        if let Some(user) = user {
            settings = settings.set_username(user);
        }
        if let Some(password) = password {
            settings = settings.set_password(password);
        }
        Ok(Address { info: info.set_redis_settings(settings) })
    }

    /// Over TLS to a server whose certificate these authorities signed (PEM), instead of those of the system.
    pub fn trusting(self, authorities: Vec<u8>) -> Result<Self, Error> {
        let certificates = TlsCertificates { client_tls: None, root_cert: Some(authorities) };
        let client = Client::build_with_tls(self.info, certificates)
            .map_err(|error| Error::Address(format!("the authorities cannot be used for TLS: {error}")))?;
        Ok(Address { info: client.get_connection_info().clone() })
    }

    pub(crate) fn info(&self) -> ConnectionInfo {
        self.info.clone()
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let db = self.info.redis_settings().db();
        match self.info.addr() {
            ConnectionAddr::Tcp(host, port) | ConnectionAddr::TcpTls { host, port, .. } => {
                write!(f, "{host}:{port}/{db}")
            }
            ConnectionAddr::Unix(path) => write!(f, "{}/{db}", path.display()),
            _ => write!(f, "?/{db}"),
        }
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// What a source is told: one queue on one Redis.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Its name among the sources.
    pub name: String,
    /// Where Redis is.
    pub address: Address,
    /// The queue's name.
    pub queue: String,
    /// What the names of BullMQ's keys begin with.
    pub prefix: String,
    /// Jobs held at once; more stay in the queue.
    pub hold: usize,
    /// The earliest moment of an answer, after its job was added (contracts/sesame.md §7.4).
    pub answer_after: Duration,
    /// Age at which completed jobs are removed from Redis.
    pub keep_age: Duration,
    /// No more completed jobs than this stay in Redis.
    pub keep_count: u64,
    /// How long a job stays ours after the last renewal.
    pub lock: Duration,
    /// How often jobs are looked for whose worker is gone. All workers of a queue share one round.
    pub stalled_every: Duration,
    /// How long the right to serve the queue holds without being renewed. A restart takes less: nobody takes over.
    pub term: Duration,
}

impl Settings {
    /// With the defaults of the original (contracts/sesame.md §2.2).
    pub fn new(name: impl Into<String>, address: Address) -> Self {
        Settings {
            name: name.into(),
            address,
            queue: "sesame".to_owned(),
            prefix: "bull".to_owned(),
            hold: 20_000,
            answer_after: Duration::from_millis(50),
            keep_age: Duration::from_hours(7 * 24),
            keep_count: 2_500,
            lock: Duration::from_secs(30),
            stalled_every: Duration::from_secs(30),
            term: Duration::from_secs(15),
        }
    }

    /// The name under which the hub knows this source's way back.
    pub(crate) fn courier(&self) -> String {
        format!("sesame:{}", self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_never_shown() {
        let address = Address::new("redis://bob:s3cret@db.example.org:6380/2", None, None).unwrap();
        assert_eq!(format!("{address} {address:?}"), "db.example.org:6380/2 db.example.org:6380/2");
        let settings = Settings::new("main", Address::new("redis://h", Some("u"), Some("s3cret")).unwrap());
        assert!(!format!("{settings:?}").contains("s3cret"));
        let error = Address::new("redis//bob:s3cret@x", None, None).unwrap_err();
        assert!(!format!("{error} {error:?}").contains("s3cret"));
    }

    #[test]
    fn what_is_given_beside_the_address_counts_first() {
        let address = Address::new("redis://a:b@h", Some("bob"), Some("pw")).unwrap();
        let settings = address.info();
        let settings = settings.redis_settings();
        assert_eq!((settings.username(), settings.password()), (Some("bob"), Some("pw")));
    }

    #[test]
    fn tls_is_understood() {
        assert_eq!(Address::new("rediss://h:1/0", None, None).unwrap().to_string(), "h:1/0");
    }
}
