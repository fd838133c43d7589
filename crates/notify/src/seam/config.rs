//! `webhooks:`, `mail:`, `alerts:` and `telemetry:`, who is told.

use std::path::PathBuf;
use std::time::Duration;

use module::config::{Instance, Root, SecretSource};
use module::{section, words};

section! {
    /// Somebody who is told, by a signed post (Standard Webhooks), what happens to jobs.
    Webhook {
        /// Where it is posted to.
        url: Option<String> = None,
        /// The secret of the signature: `whsec_` and the Base64 of 24 to 64 random bytes, best as `file:PATH`, `env:NAME`
        /// or `credential:NAME`.
        secret: Option<SecretSource> = None,
        /// Which events: `job.accepted`, `job.retrying`, `job.succeeded`, `job.failed`, `job.cancelled`,
        /// `job.superseded`. Without it how jobs end.
        events: Vec<String> = Vec::new(),
        /// Of these actions; `*` at the end stands for anything. Without it of all.
        actions: Vec<String> = Vec::new(),
        /// Of jobs from these sources. Without it from all.
        sources: Vec<String> = Vec::new(),
    }
}

impl Instance for Webhook {
    const SECTION: &'static str = "webhooks";
}

/// Keys that are read at start only.
pub(super) const WEBHOOKS_COLD: &[&str] =
    &["NAME.url", "NAME.secret", "NAME.events", "NAME.actions", "NAME.sources"];

section! {
    /// Traces in the format of OpenTelemetry.
    Telemetry {
        /// The collector, which takes OTLP over HTTP: `http://127.0.0.1:4318`. Without it the variables
        /// `OTEL_EXPORTER_OTLP_TRACES_ENDPOINT` and `OTEL_EXPORTER_OTLP_ENDPOINT` count, and without these there are
        /// no traces.
        endpoint: Option<String> = None,
        /// The name of this hub among the others. Without it `OTEL_SERVICE_NAME`, or `intendant`.
        service_name: Option<String> = None,
        /// Headers that the collector wants, `name=value` with commas between, best as `file:PATH`, `env:NAME` or
        /// `credential:NAME`. Without it `OTEL_EXPORTER_OTLP_HEADERS`.
        headers: Option<SecretSource> = None,
    }
}

impl Root for Telemetry {
    const NAME: &'static str = "telemetry";
}

/// Keys that are read at start only.
pub(super) const TELEMETRY_COLD: &[&str] = &["endpoint", "service_name", "headers"];

/// How the connection to the relay is encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum MailSecurity {
    /// From the first command on.
    Starttls,
    /// From the beginning.
    Tls,
    /// Not at all.
    None,
}

words! { MailSecurity { Starttls = "starttls", Tls = "tls", None = "none" } }

section! {
    /// Mail, for whatever module writes letters.
    Mail {
        /// The relay that takes letters, `smtp.example.org` or `smtp.example.org:587`. Without it letters wait.
        relay: Option<String> = None,
        /// Whether the connection must become encrypted (`starttls`), is so from the beginning (`tls`), or is not (`none`):
        /// then no password is sent.
        security: MailSecurity = MailSecurity::Starttls,
        /// The user to sign in as.
        user: Option<String> = None,
        /// Their password, best as `file:PATH`, `env:NAME` or `credential:NAME`.
        password: Option<SecretSource> = None,
        /// Certificates of the authorities that may have signed that of the relay, in PEM, beside those of the system.
        authorities: Option<PathBuf> = None,
        /// Who writes, `Library <library@example.org>`.
        from: Option<String> = None,
    }
}

impl Root for Mail {
    const NAME: &'static str = "mail";
}

/// Keys that are read at start only.
pub(super) const MAIL_COLD: &[&str] = &["relay", "security", "user", "password", "authorities", "from"];

/// In which language mails about the hub are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum AlertLanguage {
    /// English.
    En,
    /// French.
    Fr,
}

words! { AlertLanguage { En = "en", Fr = "fr" } }

section! {
    /// Mails about what needs a person: what the failsafe holds, backends that keep failing, dead letters, sources that are
    /// away, a journal that cannot be written.
    Alerts {
        /// To whom, mail addresses. Without one nobody is written to.
        to: Vec<String> = Vec::new(),
        /// In which language: `en` or `fr`.
        language: AlertLanguage = AlertLanguage::En,
        /// What needs a person for so long is told of; what mends itself sooner is not.
        after: Duration = Duration::from_mins(5),
        /// Of so many failed jobs nobody is told.
        dead_letters: u64 = 0,
        /// Between these times of the day nothing is sent, such as `22:00-07:00`: it waits until they are over. A journal that
        /// cannot be written is told of at any time.
        quiet: Option<String> = None,
        /// When all that needs a person is told of in one mail, a cron pattern such as `0 8 * * 1-5`. Without it never.
        digest: Option<String> = None,
        /// The time zone of both, `Europe/Paris`. Without it that of the machine.
        time_zone: Option<String> = None,
    }
}

impl Root for Alerts {
    const NAME: &'static str = "alerts";
}

/// Keys that are read at start only.
pub(super) const ALERTS_COLD: &[&str] =
    &["to", "language", "after", "dead_letters", "quiet", "digest", "time_zone"];
