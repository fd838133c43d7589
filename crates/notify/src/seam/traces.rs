//! Traces: what the configuration and the standard's own variables say of the collector.

use anyhow::{Result, anyhow};
use model::Secret;
use module::config::Environment;
use module::exit::misuse;
use percent_encoding::percent_decode_str;

use super::config::Telemetry;
use crate::trace::Collector;

/// Where the OTLP specification has spans posted to, below an endpoint.
const PLACE: &str = "/v1/traces";

/// Where traces go, if anybody wants them.
pub(super) fn collector(own: &Telemetry, environment: &Environment) -> Result<Option<Collector>> {
    let variable = |name: &str| environment.get(name).map(str::to_owned);
    let below = |endpoint: String| format!("{}{PLACE}", endpoint.trim_end_matches('/'));
    let disabled = variable("OTEL_SDK_DISABLED").is_some_and(|word| word.eq_ignore_ascii_case("true"));
    let by_standard = || {
        let whole = variable("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT");
        whole.or_else(|| variable("OTEL_EXPORTER_OTLP_ENDPOINT").map(below)).filter(|_| !disabled)
    };
    let Some(url) = own.endpoint.clone().map(below).or_else(by_standard) else { return Ok(None) };
    if !url.starts_with("http://") && !url.starts_with("https://") {
        let text = "telemetry.endpoint (or OTEL_EXPORTER_OTLP_ENDPOINT)";
        return Err(misuse(anyhow!("{text}: {url:?} begins with neither http:// nor https://")));
    }
    let headers = match &own.headers {
        Some(source) => Some(source.fetch(environment).map_err(misuse)?),
        None => variable("OTEL_EXPORTER_OTLP_HEADERS").map(Secret::new),
    };
    let service = own.service_name.clone().or_else(|| variable("OTEL_SERVICE_NAME"));
    Ok(Some(Collector {
        url,
        headers: headers.map(|text| pairs(text.expose())).transpose()?.unwrap_or_default(),
        service: service.unwrap_or_else(|| "intendant".to_owned()),
    }))
}

/// `name=value`, with commas between; what has a meaning of its own is written in per cent.
fn pairs(text: &str) -> Result<Vec<(String, Secret<String>)>> {
    let pair = |pair: &str| {
        let (name, value) = pair.split_once('=')?;
        let value = percent_decode_str(value.trim()).decode_utf8().ok()?;
        Some((name.trim().to_owned(), Secret::new(value.into_owned())))
    };
    let pairs = text.split(',').filter(|part| !part.trim().is_empty()).map(pair);
    // The text itself is a secret.
    let pairs: Option<Vec<_>> = pairs.collect();
    pairs.ok_or_else(|| misuse(anyhow!("telemetry.headers: write name=value, with commas between")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(variables: &[(&str, &str)], own: &Telemetry) -> Option<Collector> {
        let variables = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        collector(own, &variables.collect()).unwrap()
    }

    #[test]
    fn there_are_no_traces_unless_somebody_says_where_to() {
        assert!(found(&[], &Telemetry::default()).is_none());
        let disabled = [("OTEL_EXPORTER_OTLP_ENDPOINT", "http://c:4318"), ("OTEL_SDK_DISABLED", "true")];
        assert!(found(&disabled, &Telemetry::default()).is_none());
    }

    #[test]
    fn the_standards_variables_count_where_the_configuration_is_silent() {
        let variables = [
            ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://collector:4318/"),
            ("OTEL_EXPORTER_OTLP_HEADERS", "authorization=Basic%20YTpi, x-tenant=school"),
            ("OTEL_SERVICE_NAME", "hub"),
        ];
        let by_standard = found(&variables, &Telemetry::default()).unwrap();
        assert_eq!(by_standard.url, "http://collector:4318/v1/traces");
        assert_eq!(by_standard.service, "hub");
        let headers: Vec<_> = by_standard
            .headers
            .iter()
            .map(|(name, value)| (name.as_str(), value.expose().as_str()))
            .collect();
        assert_eq!(headers, [("authorization", "Basic YTpi"), ("x-tenant", "school")]);
        let own = Telemetry {
            endpoint: Some("https://other:4318".to_owned()),
            service_name: Some("second".to_owned()),
            ..Telemetry::default()
        };
        let own = found(&variables, &own).unwrap();
        assert_eq!((own.url.as_str(), own.service.as_str()), ("https://other:4318/v1/traces", "second"));
    }

    #[test]
    fn headers_that_are_none_are_refused_without_being_shown() {
        let error = pairs("authorization Bearer hunter2").unwrap_err();
        assert!(error.to_string().contains("name=value") && !error.to_string().contains("hunter2"));
    }
}
