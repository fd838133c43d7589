//! `webhooks:` and `telemetry:`, who is told.

use module::config::{Instance, Root, SecretSource};
use module::section;

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
