//! What a source is told.

use std::fmt;
use std::net::IpAddr;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use model::{RetryPolicy, SourceRetry};
use redis::{Client, ConnectionAddr, ConnectionInfo, IntoConnectionInfo as _, TlsCertificates};

use crate::error::Error;

/// Where Redis is, and how to sign in. Shown without the password.
#[derive(Clone)]
pub struct Address {
    info: ConnectionInfo,
}

/// How an address is written.
const FORM: &str = "redis://[user:password@]host[:port][/database], or rediss:// for TLS, with signs such as # / ? @ \
                    in a password written as %23 %2F %3F %40";

impl Address {
    /// From `redis://[user][:password@]host[:port][/database]`, or `rediss://` for TLS. What the original's library
    /// reads behind a `?` counts where the rest is silent: `db`, `username`, `password`; `family` is passed over, for
    /// all addresses of a name are tried. A user or password given beside it counts before the one in it.
    pub fn new(uri: &str, user: Option<&str>, password: Option<&str>) -> Result<Self, Error> {
        let not_understood =
            || Error::Address(format!("the address of Redis is not understood: write {FORM}"));
        let mut url = redis::parse_redis_url(uri).ok_or_else(not_understood)?;
        if url.fragment().is_some() {
            return Err(Error::Address(format!(
                "the address of Redis has a # in it, which has no meaning: write {FORM}"
            )));
        }
        let behind: Vec<(String, String)> =
            url.query_pairs().map(|(name, value)| (name.into_owned(), value.into_owned())).collect();
        let unix = url.scheme().contains("unix");
        if !unix {
            url.set_query(None);
        }
        let said_db = !unix && !matches!(url.path(), "" | "/");
        let info = url.as_str().into_connection_info().map_err(|_| not_understood())?;
        let mut settings = info.redis_settings().clone();
        for (name, value) in &behind {
            settings = match name.as_str() {
                // The client library has read these already.
                "db" | "user" | "pass" if unix => settings,
                "db" if said_db => settings,
                "db" => settings.set_db(value.parse().map_err(|_| not_understood())?),
                "username" if settings.username().is_none() => settings.set_username(value),
                "password" if settings.password().is_none() => settings.set_password(value),
                "username" | "password" | "family" => settings,
                _ => {
                    return Err(Error::Address(format!(
                        "the address of Redis has ?{name}= in it, which is not known (db, username and password are): \
                         write {FORM}"
                    )));
                }
            };
        }
        if settings.db() < 0 {
            return Err(not_understood());
        }
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

    /// Over TLS to a server whose certificate these authorities signed (PEM), or those of the system.
    pub fn trusting_also(self, authorities: &[u8]) -> Result<Self, Error> {
        let mut all = authorities.to_vec();
        // What cannot be read of the system's is not there, as without these.
        for certificate in rustls_native_certs::load_native_certs().certs {
            all.extend_from_slice(b"\n-----BEGIN CERTIFICATE-----\n");
            all.extend_from_slice(STANDARD.encode(&certificate).as_bytes());
            all.extend_from_slice(b"\n-----END CERTIFICATE-----\n");
        }
        self.trusting(all)
    }

    /// Whether it is reached over TLS.
    pub fn is_tls(&self) -> bool {
        matches!(self.info.addr(), ConnectionAddr::TcpTls { .. })
    }

    pub(crate) fn info(&self) -> ConnectionInfo {
        self.info.clone()
    }

    /// The number of the database.
    pub(crate) fn database(&self) -> i64 {
        self.info.redis_settings().db()
    }

    /// Where the server is, in one spelling for what can be told by looking at it.
    pub(crate) fn place(&self) -> String {
        match self.info.addr() {
            ConnectionAddr::Tcp(host, port) | ConnectionAddr::TcpTls { host, port, .. } => {
                let host = host.trim_end_matches('.').to_ascii_lowercase();
                let here = host == "localhost" || host.parse().is_ok_and(|ip: IpAddr| ip.is_loopback());
                format!("{}:{port}", if here { "127.0.0.1" } else { &host })
            }
            ConnectionAddr::Unix(path) => path.display().to_string(),
            _ => "?".to_owned(),
        }
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
    /// The names of the hub's other queues of this kind.
    pub siblings: Vec<String>,
    /// The queue's name.
    pub queue: String,
    /// What the names of BullMQ's keys begin with.
    pub prefix: String,
    /// Jobs held at once; more stay in the queue.
    pub hold: usize,
    /// The earliest moment of an answer, after its job was added.
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

/// Three retries within ten minutes. The daemon whose place this takes made none: whoever waits takes the first answer,
/// and whoever sets a password is not kept until it is too late by an update that fails.
pub(crate) const RETRY: SourceRetry = SourceRetry {
    policy: RetryPolicy {
        max: 3,
        initial: Duration::from_secs(30),
        max_delay: Duration::from_mins(3),
        max_age: Some(Duration::from_mins(10)),
        jitter: 0.2,
    },
    gives_way: true,
};

impl Settings {
    /// With the defaults of the original.
    pub fn new(name: impl Into<String>, address: Address) -> Self {
        Settings {
            name: name.into(),
            address,
            siblings: Vec::new(),
            queue: "sesame".to_owned(),
            prefix: "bull".to_owned(),
            hold: 20_000,
            answer_after: Duration::from_millis(10),
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
    fn what_stands_behind_a_question_mark_is_obeyed_or_refused() {
        let shown = |uri: &str| Address::new(uri, None, None).map(|address| address.to_string());
        assert_eq!(shown("redis://h?db=5").unwrap(), "h:6379/5");
        assert_eq!(shown("redis://h/?db=5&family=4").unwrap(), "h:6379/5");
        assert_eq!(shown("redis://h/2?db=5").unwrap(), "h:6379/2", "as the original's library has it");
        assert_eq!(shown("redis+unix:///run/redis.sock?db=3").unwrap(), "/run/redis.sock/3");
        let signed_in = Address::new("redis://h?username=u&password=s3cret", None, None).unwrap().info();
        let signed_in = signed_in.redis_settings();
        assert_eq!((signed_in.username(), signed_in.password()), (Some("u"), Some("s3cret")));
        for refused in [
            "redis://h?tls=true",
            "redis://h/0#insecure",
            "redis://h?db=x",
            "redis://h?db=-1",
            "redis://h/-1",
            "redis://h/x",
        ] {
            let error = shown(refused).unwrap_err();
            assert!(error.to_string().contains("redis://[user:password@]host"), "{refused}: {error}");
        }
    }

    #[test]
    fn one_server_has_one_place_however_it_is_written() {
        let place = |uri: &str| Address::new(uri, None, None).unwrap().place();
        assert_eq!(place("redis://LocalHost"), place("rediss://127.0.0.1:6379/4"));
        assert_eq!(place("redis://[::1]:6379"), place("redis://localhost"));
        assert_ne!(place("redis://a"), place("redis://b"));
    }

    #[test]
    fn tls_is_understood() {
        assert_eq!(Address::new("rediss://h:1/0", None, None).unwrap().to_string(), "h:1/0");
    }
}
