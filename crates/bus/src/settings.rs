//! What a source is told: one application on one virtual host of a broker.

use std::fmt;
use std::time::Duration;

use lapin::uri::{AMQPScheme, AMQPUri, SASLMechanism};
use model::RetryPolicy;
use model::Secret;

use crate::envelope::Version;
use crate::error::Error;

/// Seconds between two signs of life on a quiet connection. The broker gives a queue to the next hub when it has missed two of
/// them, or a third: it cannot know before that a machine is gone.
const HEARTBEAT: u16 = 5;
/// How long a connection may take to come about.
pub(crate) const CONNECT: Duration = Duration::from_secs(10);

/// Where the broker is, and how to sign in. Shown without the password.
#[derive(Clone)]
pub struct Address {
    uri: AMQPUri,
    tls: Tls,
}

/// How a connection is secured.
#[derive(Clone)]
pub(crate) struct Tls {
    /// Certificates of authorities in PEM, beside those of the system.
    pub(crate) authorities: Option<String>,
    /// A certificate and its key in PEM, to sign in with.
    pub(crate) identity: Option<(Vec<u8>, Secret<Vec<u8>>)>,
}

/// What is given beside the address, or instead of it.
#[derive(Clone, Debug, Default)]
pub struct Access {
    /// The broker's name or address.
    pub host: Option<String>,
    /// Its port.
    pub port: Option<u16>,
    /// The virtual host.
    pub vhost: Option<String>,
    /// The user.
    pub user: Option<String>,
    /// Their password.
    pub password: Option<Secret<String>>,
    /// Certificates of authorities in PEM.
    pub authorities: Option<String>,
    /// A certificate in PEM and its key.
    pub identity: Option<(Vec<u8>, Secret<Vec<u8>>)>,
    /// Sign in with the certificate alone (SASL EXTERNAL).
    pub external: bool,
}

impl Address {
    /// From `amqp://[user:password@]host[:port][/vhost]`, or `amqps://` for TLS; what `access` says counts first.
    pub fn new(uri: &str, access: Access) -> Result<Self, Error> {
        let mut uri: AMQPUri = uri.parse().map_err(|_| {
            let wanted = "amqp://[user:password@]host[:port][/vhost], or amqps:// for TLS";
            Error::Address(format!("the address of RabbitMQ is not understood: write {wanted}"))
        })?;
        uri.query.heartbeat.get_or_insert(HEARTBEAT);
        if access.external {
            if access.identity.is_none() || uri.scheme != AMQPScheme::AMQPS {
                let text = "signing in with a certificate needs amqps:// and the certificate";
                return Err(Error::Address(text.to_owned()));
            }
            uri.query.auth_mechanism = Some(SASLMechanism::External);
        }
        let authority = &mut uri.authority;
        authority.host = access.host.unwrap_or_else(|| authority.host.clone());
        authority.port = access.port.unwrap_or(authority.port);
        authority.userinfo.username = access.user.unwrap_or_else(|| authority.userinfo.username.clone());
        if let Some(password) = access.password {
            authority.userinfo.password.clone_from(password.expose());
        }
        uri.vhost = access.vhost.unwrap_or(uri.vhost);
        Ok(Address { uri, tls: Tls { authorities: access.authorities, identity: access.identity } })
    }

    pub(crate) fn uri(&self) -> AMQPUri {
        self.uri.clone()
    }

    /// The user who signs in.
    pub(crate) fn user(&self) -> &str {
        &self.uri.authority.userinfo.username
    }

    /// The virtual host.
    pub(crate) fn vhost(&self) -> &str {
        &self.uri.vhost
    }

    /// Whether the connection is secured.
    pub(crate) fn is_tls(&self) -> bool {
        self.uri.scheme == AMQPScheme::AMQPS
    }

    /// Whether both lead to the same virtual host of the same broker.
    pub fn is_same(&self, other: &Self) -> bool {
        let place = |address: &Self| {
            let AMQPUri { authority, vhost, .. } = &address.uri;
            (authority.host.to_ascii_lowercase(), authority.port, vhost.clone())
        };
        place(self) == place(other)
    }

    /// Whether a certificate alone signs in.
    pub(crate) fn is_external(&self) -> bool {
        matches!(self.uri.query.auth_mechanism, Some(SASLMechanism::External))
    }

    /// How the connection is secured, if it is.
    pub(crate) fn tls(&self) -> Option<Tls> {
        self.is_tls().then(|| self.tls.clone())
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let AMQPUri { authority, vhost, .. } = &self.uri;
        write!(f, "{}:{}, virtual host {vhost}", authority.host, authority.port)
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// How the job queue is made when it is not there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum QueueType {
    /// As the older services make it.
    #[default]
    Classic,
    /// Replicated; for new installations.
    Quorum,
}

/// What is told of failures on the log exchange.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LogBody {
    /// Level, text and the failed message's id, in an envelope that the older supervision console reads.
    #[default]
    Text,
    /// The JSON `null` of the older services.
    Empty,
    /// Nothing at all.
    Off,
}

/// What a source is told.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Its name among the sources.
    pub name: String,
    /// Where the broker is.
    pub address: Address,
    /// The application's id: the sender of what we send, and what the names below begin with.
    pub application_id: String,
    /// The exchange that all applications share.
    pub event_exchange: String,
    /// The exchange that all supervision listens to.
    pub log_exchange: String,
    /// What is told there.
    pub log: LogBody,
    /// The routing key of what is told there; without it that of the failed message.
    pub log_key: Option<String>,
    /// The envelope of notifications.
    pub notifications: Version,
    /// Messages that the broker hands out before any is acknowledged.
    pub prefetch: u16,
    /// How the job queue is made.
    pub queue_type: QueueType,
    /// Nobody else may consume the job queue beside us.
    pub exclusive: bool,
    /// What passes on the bus is recorded.
    pub supervise: bool,
    /// Where RabbitMQ's management plugin answers, for the same user.
    pub management: Option<String>,
    /// Pause before a message that failed softly is tried again; each later one doubles it.
    pub deferred: Duration,
    /// No pause is longer than this.
    pub deferred_max: Duration,
    /// How often a message is tried, by us and whoever had it before.
    pub max_attempts: u32,
    /// Where the journal does not last: a message is acknowledged only when all that it led to is done, or is put into a
    /// deferred queue after so long. `None` = the journal has it, and that is enough.
    pub hold: Option<Duration>,
}

/// When a soft failure is tried again, unless it is told otherwise: every 30 minutes, for a day.
pub const RETRY: RetryPolicy = RetryPolicy {
    max: 48,
    initial: Duration::from_mins(30),
    max_delay: Duration::from_mins(30),
    max_age: None,
    jitter: 0.1,
};

impl Settings {
    /// With the defaults of the older services, and a prefetch that counts.
    pub fn new(name: impl Into<String>, address: Address) -> Self {
        let name = name.into();
        Settings {
            application_id: name.clone(),
            name,
            address,
            event_exchange: "agoram_event_exchange".to_owned(),
            log_exchange: "log".to_owned(),
            log: LogBody::default(),
            log_key: None,
            notifications: Version::V1,
            prefetch: 500,
            queue_type: QueueType::default(),
            exclusive: true,
            supervise: false,
            management: None,
            deferred: RETRY.initial,
            deferred_max: RETRY.max_delay,
            max_attempts: RETRY.max,
            hold: None,
        }
    }

    /// Whether what one sends to all is what the other one gets.
    pub fn shares(&self, other: &Self) -> bool {
        self.address.is_same(&other.address) && self.event_exchange == other.event_exchange
    }

    /// When a soft failure of this source's jobs is tried again.
    pub fn retry(&self) -> RetryPolicy {
        RetryPolicy {
            max: self.max_attempts.saturating_sub(1),
            initial: self.deferred,
            max_delay: self.deferred_max.max(self.deferred),
            ..RETRY
        }
    }

    /// The exchange on which others ask this application.
    pub fn request_exchange(&self) -> String {
        format!("{}.request", self.application_id)
    }

    /// The exchange on which others answer it.
    pub fn reply_exchange(&self) -> String {
        format!("{}.reply", self.application_id)
    }

    /// The queue of all that comes in.
    pub fn queue(&self) -> String {
        format!("{}_job_q", self.application_id)
    }

    /// The queue of supervision, which gets a copy of all that passes.
    pub fn supervision_queue(&self) -> String {
        format!("{}_supervision_q", self.application_id)
    }

    /// The exchange through which deferred messages come back, ours and those of an older service.
    pub fn delay_exit(&self) -> String {
        format!("{}_delayed_out_x", self.application_id)
    }

    /// The name under which the hub knows this source's way out.
    pub(crate) fn courier(&self) -> String {
        format!("bus:{}", self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(uri: &str, access: Access) -> Address {
        Address::new(uri, access).unwrap()
    }

    #[test]
    fn a_password_is_never_shown() {
        let address = with("amqp://bob:s3cret@mq.example.org:5673/agoram", Access::default());
        assert_eq!(address.to_string(), "mq.example.org:5673, virtual host agoram");
        let settings = Settings::new("main", address);
        assert!(!format!("{settings:?}").contains("s3cret"));
        let error = Address::new("amqp//bob:s3cret@x", Access::default()).unwrap_err();
        assert!(!format!("{error} {error:?}").contains("s3cret"));
    }

    #[test]
    fn what_is_given_beside_the_address_counts_first() {
        let access = Access {
            host: Some("mq".to_owned()),
            vhost: Some("/".to_owned()),
            user: Some("bob".to_owned()),
            password: Some(Secret::new("pw".to_owned())),
            ..Access::default()
        };
        let uri = with("amqp://localhost/other", access).uri();
        assert_eq!((uri.authority.host.as_str(), uri.authority.port, uri.vhost.as_str()), ("mq", 5672, "/"));
        assert_eq!(uri.authority.userinfo.username, "bob");
        assert_eq!(uri.authority.userinfo.password, "pw");
    }

    #[test]
    fn a_certificate_alone_signs_in_over_tls_only() {
        let access = Access {
            external: true,
            identity: Some((Vec::new(), Secret::new(Vec::new()))),
            ..Access::default()
        };
        assert!(Address::new("amqp://mq", access.clone()).is_err());
        assert_eq!(with("amqps://mq", access).uri().query.auth_mechanism, Some(SASLMechanism::External));
    }

    #[test]
    fn a_message_is_tried_exactly_as_often_as_is_said() {
        let settings =
            Settings { max_attempts: 48, ..Settings::new("m", with("amqp://h", Access::default())) };
        let now = jiff::Timestamp::UNIX_EPOCH;
        let next = |tried| settings.retry().next(tried, now, now, 0.5, None);
        assert_eq!(next(47), now.checked_add(Duration::from_mins(30)).ok());
        assert_eq!(next(48), None);
    }
}
