//! `bus:`, applications on a message bus, and their routes.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use model::Dependency;
use module::config::{Instance, Named, Schema, SecretSource, Unfit};
use module::{section, words};

use crate::envelope::Version;
use crate::route::{AnnounceSpec, Notices, RouteSpec};
use crate::{LogBody, QueueType, Settings};

section! {
    /// An application on a message bus: one virtual host of RabbitMQ.
    BusSource {
        /// Where RabbitMQ is: `amqp://[user:password@]host[:port][/vhost]`, `amqps://` for TLS. Without it
        /// `amqp://localhost:5672/%2f`.
        url: Option<SecretSource> = None,
        /// Its name or address, before the one in `url`.
        host: Option<String> = None,
        /// Its port, before the one in `url`.
        port: Option<u32> = None,
        /// The virtual host, before the one in `url`.
        vhost: Option<String> = None,
        /// The user to sign in as, before the one in `url`.
        user: Option<String> = None,
        /// Their password, before the one in `url`.
        password: Option<SecretSource> = None,
        /// Certificates of the authorities that RabbitMQ's own may be signed by, in PEM, beside those of the system.
        authorities: Option<PathBuf> = None,
        /// A certificate in PEM to sign in with over TLS.
        certificate: Option<PathBuf> = None,
        /// The certificate's private key in PEM.
        key: Option<PathBuf> = None,
        /// How to sign in: `plain`, with user and password, or `external`, with the certificate alone.
        sasl: Sasl = Sasl::Plain,
        /// Variables that begin so count before this section: `GDD` for `GDD_RABBITMQ_HOST`, `GDD_RABBITMQ_PASSWORD`
        /// and the others of an older service.
        env_prefix: Option<String> = None,
        /// The application's id: the sender of its messages; its exchanges and queue begin with it. Without it the
        /// name of this section.
        application_id: Option<String> = None,
        /// The exchange that all applications share.
        event_exchange: String = "agoram_event_exchange".to_owned(),
        /// The exchange that supervision listens to.
        log_exchange: String = "log".to_owned(),
        /// What is told there of failures: `text`, `empty` (the JSON `null` of older services) or `off`.
        log: LogBody = LogBody::Text,
        /// The routing key of what is told there. Without it that of the message that failed.
        log_key: Option<String> = None,
        /// The envelope of notifications: `v1` or `v2`.
        notifications: Version = Version::V1,
        /// Messages that RabbitMQ hands out before any is acknowledged, and that can share a commit of the journal: with 1
        /// each waits for its own.
        prefetch: u32 = 500,
        /// How the queue is made when it is not there: `classic`, as older services make it, or `quorum`.
        queue_type: QueueType = QueueType::Classic,
        /// Nobody else may take messages of the queue meanwhile; who comes second stands by.
        exclusive: bool = true,
        /// Whether all that passes on the bus is recorded, on a queue of its own, for the page of supervision. Of several
        /// applications on one virtual host one is enough.
        supervise: bool = false,
        /// Where the management plugin of RabbitMQ answers, for the rates of the queue on the page of supervision: the
        /// user is the same, and has the tag `monitoring` there.
        management: Option<String> = None,
        /// Pause before a message that failed softly is tried again, unless action or backend say it otherwise.
        deferred: Duration = crate::RETRY.initial,
        /// Each further pause is twice as long, up to this. Without it all are the same.
        deferred_max: Option<Duration> = None,
        /// How often a message is tried, by others before and by this hub.
        max_attempts: u32 = crate::RETRY.max,
        /// Where the journal does not last: for how long a message is kept without being acknowledged. What takes longer, or
        /// is tried again later, waits in a deferred queue of RabbitMQ. Less than RabbitMQ's own `consumer_timeout`, which is
        /// 30 minutes there by default.
        hold: Duration = Duration::from_mins(10),
        ../// What is done with which messages, by routing key: `*` stands for one word, `#` for any number of them.
        routes: Named<BusRoute>,
        ../// What is told of jobs whoever asked for them, by action: its name, or the beginning of names followed by `*`.
        announce: Named<Announcement>,
    }
}

section! {
    /// What is told of an action's jobs whoever asked for them: the API, another source, the register. Of several that fit
    /// an action the most precise counts.
    Announcement {
        /// The routing key of a notification that is sent after success, with the data of the answer. Where a route of
        /// this bus names one itself, that one is sent.
        notify: Option<String> = None,
        /// Which notices of backends are sent on as notifications: their names, `*` stands for one word, `#` for any
        /// number of them. By default all but those that the hub listens to itself.
        notices: Vec<String> = Notices::default_names(),
    }
}

section! {
    /// What is done with messages under a routing key. Of several that fit a message the most precise counts.
    BusRoute {
        /// What it does, in a sentence for the catalogue.
        about: Option<String> = None,
        /// The action that the message asks for. Without it the message's routing key is the action.
        action: Option<String> = None,
        /// JSON Schema of the message's data: the path of a file, or the schema itself. What does not fit is refused.
        schema: Option<Schema> = None,
        /// Whether the reply to data that does not fit says the schema, beside what is wrong.
        tell_schema: bool = false,
        /// JSON Schema of data with which there is nothing to do: the path of a file, or the schema itself. Such a message
        /// is done at once, and nothing runs.
        skip: Option<Schema> = None,
        /// What backends are given instead of the data: the members of a new object, each with the JSON pointer into the
        /// data where its value is. What lacks one of them is refused.
        data: BTreeMap<String, String> = BTreeMap::new(),
        /// JSON pointer into the data, or several of which the first that finds something counts: whom the message is
        /// about (`concernedTo` for backends).
        concerned_to: Vec<String> = Vec::new(),
        /// Whether those who ask for a reply get one.
        reply: bool = true,
        /// The routing key of a notification that is sent after success, with the data of the answer.
        notify: Option<String> = None,
        /// Which notices of backends are sent on as notifications: their names, `*` and `#` as above. By default all but
        /// those that the hub listens to itself.
        notices: Vec<String> = Notices::default_names(),
        /// What backends ask over HTTP meanwhile: a list of `name`, `url` and `why`.
        depends_on: Vec<Dependency> = Vec::new(),
    }
}

/// How to sign in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sasl {
    /// With user and password.
    Plain,
    /// With a certificate.
    External,
}
words!(Sasl { Plain = "plain", External = "external" });
words!(LogBody { Text = "text", Empty = "empty", Off = "off" });
words!(QueueType { Classic = "classic", Quorum = "quorum" });
words!(Version { V1 = "v1", V2 = "v2" });

impl BusSource {
    /// What a source is told that is in the file, for one that has these settings otherwise.
    pub(super) fn over(&self, settings: Settings) -> Settings {
        Settings {
            application_id: self.application_id.clone().unwrap_or(settings.application_id),
            event_exchange: self.event_exchange.clone(),
            log_exchange: self.log_exchange.clone(),
            log: self.log,
            log_key: self.log_key.clone(),
            notifications: self.notifications,
            prefetch: u16::try_from(self.prefetch).unwrap_or(u16::MAX),
            queue_type: self.queue_type,
            exclusive: self.exclusive,
            supervise: self.supervise,
            management: self.management.clone(),
            deferred: self.deferred,
            deferred_max: self.deferred_max.unwrap_or(self.deferred),
            max_attempts: self.max_attempts,
            ..settings
        }
    }
}

impl BusRoute {
    /// As the bus is told.
    pub(super) fn spec(&self) -> RouteSpec {
        let document = |schema: &Option<Schema>| match schema {
            Some(Schema::Document(schema)) => Some(schema.clone()),
            Some(Schema::File(_)) | None => None,
        };
        RouteSpec {
            about: self.about.clone(),
            action: self.action.clone(),
            schema: document(&self.schema),
            tell_schema: self.tell_schema,
            skip: document(&self.skip),
            data: self.data.clone(),
            concerned_to: self.concerned_to.clone(),
            reply: self.reply,
            notify: self.notify.clone(),
            notices: self.notices.clone(),
            depends_on: self.depends_on.clone(),
        }
    }
}

impl Announcement {
    /// As the bus is told.
    pub(super) fn spec(&self) -> AnnounceSpec {
        AnnounceSpec { notify: self.notify.clone(), notices: self.notices.clone() }
    }
}

impl Instance for BusSource {
    const SECTION: &'static str = "bus";

    /// Replaces the names of schema files by what is in them, and checks pointers.
    fn complete(&mut self) -> Result<(), Unfit> {
        for (key, route) in &mut self.routes.0 {
            for (name, schema) in [("schema", &mut route.schema), ("skip", &mut route.skip)] {
                if let Some(schema) = schema {
                    schema.load().map_err(|why| (format!("routes.{key}.{name}"), why))?;
                }
            }
            let members = route.data.iter().map(|(name, pointer)| (format!("data.{name}"), pointer));
            let concerned = route.concerned_to.iter().map(|pointer| ("concerned_to".to_owned(), pointer));
            if let Some((name, pointer)) =
                members.chain(concerned).find(|(_, pointer)| !pointer.starts_with('/'))
            {
                let why = format!("{pointer:?} is not understood here: write a JSON pointer such as /uuid");
                return Err((format!("routes.{key}.{name}"), why));
            }
        }
        Ok(())
    }
}

/// Keys that are read at start only.
pub(super) const COLD: &[&str] = &[
    "NAME.url",
    "NAME.host",
    "NAME.port",
    "NAME.vhost",
    "NAME.user",
    "NAME.password",
    "NAME.authorities",
    "NAME.certificate",
    "NAME.key",
    "NAME.sasl",
    "NAME.env_prefix",
    "NAME.application_id",
    "NAME.event_exchange",
    "NAME.log_exchange",
    "NAME.log",
    "NAME.log_key",
    "NAME.notifications",
    "NAME.prefetch",
    "NAME.queue_type",
    "NAME.exclusive",
    "NAME.supervise",
    "NAME.management",
    "NAME.deferred",
    "NAME.deferred_max",
    "NAME.max_attempts",
    "NAME.hold",
];
