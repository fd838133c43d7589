//! What the configuration says of buses, checked and with its secrets fetched.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use anyhow::{Result, anyhow};
use model::Secret;
use module::Told;
use module::config::{Environment, Named, SecretSource};
use module::exit::misuse;

use super::config::{BusSource, Sasl};
use crate::route::{Listener, Routes, ring};
use crate::{Access, Address, Settings};

/// Where RabbitMQ is when nobody says.
const RABBITMQ: &str = "amqp://localhost:5672/%2f";

/// Bytes of a name of AMQP, and of what the names of an application's exchanges and queues end in.
const NAME: usize = 255;
const LONGEST_END: usize = "_supervision_q".len();

/// The applications that the configuration names, with their secrets fetched and their routes compiled.
pub(super) fn of(told: &Told) -> Result<Vec<(Settings, Routes)>> {
    let section: Named<BusSource> = told.sections.get();
    let mut all = configured(&section, &told.environment)?;
    if !told.durable {
        for (settings, _) in &mut all {
            settings.hold = section.0.get(&settings.name).map(|source| source.hold);
        }
    }
    Ok(all)
}

fn configured(all: &Named<BusSource>, environment: &Environment) -> Result<Vec<(Settings, Routes)>> {
    let named = all.0.iter();
    let all = named.map(|(name, source)| Ok((settings(name, source, environment)?, routes(name, source)?)));
    let mut all = all.collect::<Result<Vec<_>>>()?;
    acquaint(&mut all)?;
    Ok(all)
}

/// The routes of each, compiled.
pub(super) fn all_routes(told: &Told) -> Result<BTreeMap<String, Routes>> {
    let all = of(told)?.into_iter();
    Ok(all.map(|(settings, routes)| (settings.name, routes)).collect())
}

/// Lets the routes of each know what the others on the same exchange listen to, and refuses those that lead to themselves.
fn acquaint(all: &mut [(Settings, Routes)]) -> Result<()> {
    let listeners = all.iter().map(|(settings, routes)| {
        // The first that has it stands for the exchange.
        let exchange = all.iter().position(|(other, _)| settings.shares(other)).unwrap_or_default();
        Listener { bus: &settings.name, routes, exchange }
    });
    if let Some(ring) = ring(&listeners.collect::<Vec<_>>()) {
        return Err(misuse(anyhow!("{ring}")));
    }
    let mut others = Vec::with_capacity(all.len());
    for (one, _) in &*all {
        let beside = all.iter().filter(|(other, _)| one.shares(other) && other.name != one.name);
        others
            .push(beside.flat_map(|(_, routes)| routes.iter().map(|route| route.pattern.clone())).collect());
    }
    for ((_, routes), others) in all.iter_mut().zip(others) {
        routes.hear_others(others);
    }
    Ok(())
}

fn routes(name: &str, source: &BusSource) -> Result<Routes> {
    let specs = source.routes.0.iter().map(|(key, route)| (key.clone(), route.spec()));
    let routes = Routes::new(specs).map_err(|error| misuse(anyhow!("bus.{name}: {error}")))?;
    let announced =
        source.announce.0.iter().map(|(action, announcement)| (action.clone(), announcement.spec()));
    routes.announcing(announced).map_err(|error| misuse(anyhow!("bus.{name}: {error}")))
}

/// What the application of this name is told.
fn settings(name: &str, source: &BusSource, environment: &Environment) -> Result<Settings> {
    let bad = |key: &str, why: &str| misuse(anyhow!("bus.{name}.{key}: {why}"));
    if source.prefetch == 0 || source.prefetch > u32::from(u16::MAX) {
        return Err(bad("prefetch", "write a number from 1 to 65535"));
    }
    if source.max_attempts == 0 {
        return Err(bad("max_attempts", "no message could ever be tried: write a number above zero"));
    }
    if source
        .management
        .as_ref()
        .is_some_and(|url| !url.starts_with("http://") && !url.starts_with("https://"))
    {
        return Err(bad("management", "write an address that begins with https:// or http://"));
    }
    if source.log_exchange == source.event_exchange {
        return Err(bad(
            "log_exchange",
            "what is told of a failure would come in as a message: name another exchange",
        ));
    }
    let older = Older { environment, prefix: source.env_prefix.as_deref() };
    let address = address(name, source, environment, &older)?;
    let mut settings = source.over(Settings::new(name, address));
    let text = |name: &str| older.get(name).map(str::to_owned);
    settings.application_id = text("APPLICATION_ID").unwrap_or(settings.application_id);
    let exchange = text("RABBITMQ_EVENT_EXCHANGE_NAME").or_else(|| text("RABBITMQ_EXCHANGE_NAME"));
    settings.event_exchange = exchange.unwrap_or(settings.event_exchange);
    settings.log_key = text("LOG_ROUTING_KEY").or(settings.log_key);
    let names = [
        ("application_id", settings.application_id.len() + LONGEST_END),
        ("event_exchange", settings.event_exchange.len()),
        ("log_exchange", settings.log_exchange.len()),
        ("log_key", settings.log_key.as_ref().map_or(1, String::len)),
    ];
    if let Some((key, _)) = names.iter().find(|(_, length)| !(1..=NAME).contains(length)) {
        return Err(bad(key, "AMQP has no name of this length: the names made of it have 1 to 255 bytes"));
    }
    if let Some(millis) = older.number("RABBITMQ_DEFERRED_TIME")? {
        settings.deferred = Duration::from_millis(millis);
        settings.deferred_max = source.deferred_max.unwrap_or(settings.deferred);
    }
    if let Some(attempts) = older.number("RABBITMQ_MAX_ATTEMPTS")? {
        settings.max_attempts = u32::try_from(attempts).unwrap_or(u32::MAX).max(1);
    }
    Ok(settings)
}

fn address(name: &str, source: &BusSource, environment: &Environment, older: &Older<'_>) -> Result<Address> {
    let fetch = |secret: &Option<SecretSource>| {
        secret.as_ref().map(|secret| secret.fetch(environment)).transpose().map_err(misuse)
    };
    let read = |path: &Path| {
        std::fs::read(path).map_err(|error| misuse(anyhow!("bus.{name}: {}: {error}", path.display())))
    };
    let uri = fetch(&source.url)?;
    let text =
        |name: &str, configured: &Option<String>| older.get(name).map(str::to_owned).or(configured.clone());
    let port = older.number("RABBITMQ_PORT")?.or(source.port.map(u64::from));
    let port = port.map(u16::try_from).transpose();
    let port = port.map_err(|_| misuse(anyhow!("bus.{name}.port: write a number from 1 to 65535")))?;
    let identity = match (&source.certificate, &source.key) {
        (Some(certificate), Some(key)) => {
            let pem = |path: &Path, what: &str| {
                let content = read(path)?;
                let begins = format!("{what}-----\n");
                let is_there = String::from_utf8_lossy(&content).replace('\r', "").contains(&begins);
                let wrong =
                    || misuse(anyhow!("bus.{name}: {}: there is no PEM of a {what} in it", path.display()));
                is_there.then_some(content).ok_or_else(wrong)
            };
            Some((pem(certificate, "CERTIFICATE")?, Secret::new(pem(key, "PRIVATE KEY")?)))
        }
        (None, None) => None,
        _ => return Err(misuse(anyhow!("bus.{name}: certificate and key go together: give both, or none"))),
    };
    let authorities = source.authorities.as_deref().map(read).transpose()?;
    let access = Access {
        host: text("RABBITMQ_HOST", &source.host),
        port,
        vhost: text("RABBITMQ_VHOST", &source.vhost),
        user: text("RABBITMQ_USER", &source.user),
        password: match older.get("RABBITMQ_PASSWORD") {
            Some(password) => Some(Secret::new(password.to_owned())),
            None => fetch(&source.password)?,
        },
        authorities: authorities.map(|pem| String::from_utf8_lossy(&pem).into_owned()),
        identity,
        external: source.sasl == Sasl::External,
    };
    let uri = uri.as_ref().map_or(RABBITMQ, |uri| uri.expose());
    Address::new(uri, access).map_err(|error| misuse(anyhow!("bus.{name}.url: {error}")))
}

/// The variables of an older service, which count before the file.
struct Older<'a> {
    environment: &'a Environment,
    prefix: Option<&'a str>,
}

impl Older<'_> {
    fn get(&self, name: &str) -> Option<&str> {
        self.environment.get(&format!("{}_{name}", self.prefix?.trim_end_matches('_')))
    }

    fn number(&self, name: &str) -> Result<Option<u64>> {
        let parsed = self.get(name).map(|text| text.trim().parse()).transpose();
        parsed.map_err(|_| misuse(anyhow!("{}_{name} is no whole number", self.prefix.unwrap_or_default())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use module::config::{Named, SecretSource, Value as _};

    use super::super::config::BusRoute;

    fn told(source: &BusSource, variables: &[(&str, &str)]) -> Result<Settings> {
        let environment =
            variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        settings("gorg", source, &environment)
    }

    #[test]
    fn the_variables_of_an_older_service_count_first() {
        let source = BusSource {
            host: Some("configured".to_owned()),
            env_prefix: Some("GDD".to_owned()),
            ..BusSource::default()
        };
        let settings = told(
            &source,
            &[
                ("GDD_RABBITMQ_HOST", "mq.example.org"),
                ("GDD_RABBITMQ_PORT", "5673"),
                ("GDD_RABBITMQ_VHOST", "agoram"),
                ("GDD_RABBITMQ_PASSWORD", "s3cret"),
                ("GDD_RABBITMQ_EXCHANGE_NAME", "older"),
                ("GDD_RABBITMQ_DEFERRED_TIME", "60000"),
                ("GDD_RABBITMQ_MAX_ATTEMPTS", "3"),
                ("GDD_APPLICATION_ID", "gdd"),
                ("GLD_RABBITMQ_HOST", "another"),
            ],
        )
        .unwrap();
        assert_eq!(settings.address.to_string(), "mq.example.org:5673, virtual host agoram");
        assert_eq!((settings.application_id.as_str(), settings.event_exchange.as_str()), ("gdd", "older"));
        assert_eq!((settings.deferred, settings.max_attempts), (Duration::from_mins(1), 3));
        assert_eq!(settings.deferred_max, settings.deferred, "each pause is as long as the first");
        assert!(told(&source, &[("GDD_RABBITMQ_PORT", "many")]).is_err());
    }

    #[test]
    fn a_certificate_that_is_none_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let (certificate, key) = (folder.path().join("mq.pem"), folder.path().join("mq.key"));
        std::fs::write(&certificate, "-----BEGIN CERTIFICATE-----\nMA==\n-----END CERTIFICATE-----\n")
            .unwrap();
        std::fs::write(&key, "nothing of the kind").unwrap();
        let source = BusSource {
            url: Some(SecretSource::parse("amqps://mq.example.org").unwrap()),
            certificate: Some(certificate),
            key: Some(key.clone()),
            sasl: Sasl::External,
            ..BusSource::default()
        };
        let error = told(&source, &[]).unwrap_err().to_string();
        assert_eq!(error, format!("bus.gorg: {}: there is no PEM of a PRIVATE KEY in it", key.display()));
        std::fs::write(&key, "-----BEGIN PRIVATE KEY-----\nMA==\n-----END PRIVATE KEY-----\n").unwrap();
        assert!(told(&source, &[]).is_ok());
        let plain = BusSource { url: Some(SecretSource::parse("amqp://mq.example.org").unwrap()), ..source };
        assert!(told(&plain, &[]).unwrap_err().to_string().contains("needs amqps://"));
    }

    #[test]
    fn names_that_amqp_cannot_hold_are_refused() {
        let source =
            |length: usize| BusSource { application_id: Some("x".repeat(length)), ..BusSource::default() };
        assert!(told(&source(NAME - LONGEST_END), &[]).is_ok());
        assert!(
            told(&source(NAME - LONGEST_END + 1), &[]).unwrap_err().to_string().contains("application_id")
        );
        let one = BusSource { log_exchange: "e".to_owned(), event_exchange: "e".to_owned(), ..source(1) };
        assert!(told(&one, &[]).unwrap_err().to_string().contains("log_exchange"));
    }

    #[test]
    fn routes_that_feed_each_other_are_refused_over_all_buses_of_a_broker() {
        let config = |url: &str, exchange: &str| {
            let bus = |url: &str, exchange: &str, key: &str, notify: &str| {
                let route = BusRoute { notify: Some(notify.to_owned()), ..BusRoute::default() };
                BusSource {
                    url: Some(SecretSource::parse(url).unwrap()),
                    event_exchange: exchange.to_owned(),
                    routes: Named([(key.to_owned(), route)].into()),
                    ..BusSource::default()
                }
            };
            let one = bus("amqp://mq", "agoram_event_exchange", "notify.a", "notify.b");
            let two = bus(url, exchange, "notify.b", "notify.a");
            Named([("one".to_owned(), one), ("two".to_owned(), two)].into())
        };
        let environment = Environment::default();
        let refused =
            configured(&config("amqp://MQ:5672/%2f", "agoram_event_exchange"), &environment).unwrap_err();
        assert!(refused.to_string().contains("bus.one.routes.notify.a sends notify.b"), "{refused}");
        assert!(configured(&config("amqp://mq/other", "agoram_event_exchange"), &environment).is_ok());
        let apart = configured(&config("amqp://mq", "another"), &environment).unwrap();
        assert!(!apart[0].1.hears("notify.b"));
    }

    #[test]
    fn without_a_prefix_they_mean_nothing() {
        let settings = told(&BusSource::default(), &[("GDD_RABBITMQ_HOST", "mq")]).unwrap();
        assert_eq!(settings.address.to_string(), "localhost:5672, virtual host /");
        assert_eq!(settings.queue(), "gorg_job_q");
    }
}
