//! What the configuration says of queues, checked and with its secrets fetched.

use std::fs;

use anyhow::Result;
use module::config::{Environment, Named, SecretSource};
use module::exit::misuse;

use super::config::SesameSource;
use crate::{Address, Settings};

/// Where Redis is when nobody says.
const REDIS: &str = "redis://localhost:6379/0";
/// A variable that names certificates of authorities to trust, in PEM, beside those of the system.
const MORE_AUTHORITIES: &str = "NODE_EXTRA_CA_CERTS";
/// The sources that the configuration names.
pub(super) fn configured(all: &Named<SesameSource>, environment: &Environment) -> Result<Vec<Settings>> {
    let sources = all.0.iter().map(|(name, source)| settings(name, source, environment));
    let mut sources = sources.collect::<Result<Vec<Settings>>>()?;
    let names: Vec<String> = sources.iter().map(|source| source.name.clone()).collect();
    for source in &mut sources {
        source.siblings = names.iter().filter(|name| **name != source.name).cloned().collect();
    }
    Ok(sources)
}

fn settings(name: &str, source: &SesameSource, environment: &Environment) -> Result<Settings> {
    if source.keep_count == 0 || source.keep_age.as_secs() == 0 {
        return Err(misuse(format!(
            "sesame.{name}: keep_age and keep_count must be above zero: who waits for an answer reads it from Redis"
        )));
    }
    if source.max_size.is_some_and(|size| size.0 == 0) {
        return Err(misuse(format!(
            "sesame.{name}.max_size: no job could ever be accepted: write a size above zero"
        )));
    }
    let fetch = |secret: &Option<SecretSource>| secret.as_ref().map(|s| s.fetch(environment)).transpose();
    let uri = fetch(&source.redis).map_err(misuse)?;
    let password = fetch(&source.password).map_err(misuse)?;
    let uri = uri.as_ref().map_or(REDIS, |uri| uri.expose());
    let password = password.as_ref().map(|password| password.expose().as_str());
    let address = Address::new(uri, source.user.as_deref(), password)
        .map_err(|error| misuse(format!("sesame.{name}.redis: {error}")))?;
    let address = match &source.authorities {
        None => trusting_more(address, name, environment),
        Some(file) => {
            let wrong = |why: String| misuse(format!("sesame.{name}.authorities: {}: {why}", file.display()));
            let authorities = fs::read(file).map_err(|error| wrong(error.to_string()))?;
            address.trusting(authorities).map_err(|error| wrong(error.to_string()))?
        }
    };
    Ok(Settings {
        queue: source.queue.clone(),
        prefix: source.prefix.clone(),
        hold: source.hold.get(),
        answer_after: source.answer_after,
        keep_age: source.keep_age,
        keep_count: source.keep_count,
        ..Settings::new(name, address)
    })
}

/// Over TLS also to those whom Node is told to trust beside its own: Sesame's daemon was a program of Node.
fn trusting_more(address: Address, name: &str, environment: &Environment) -> Address {
    let Some(file) = environment.get(MORE_AUTHORITIES).filter(|_| address.is_tls()) else { return address };
    let read = fs::read(file).map_err(|error| error.to_string());
    match read.and_then(|more| address.clone().trusting_also(&more).map_err(|error| error.to_string())) {
        Ok(address) => address,
        Err(why) => {
            // As Node does: it may be set for others.
            tracing::warn!(source = name, "{MORE_AUTHORITIES} says {file}, which is not used: {why}");
            address
        }
    }
}
