//! Where the journal is: in the data folder, or on the PostgreSQL server that the configuration names.

use anyhow::Result;
use journal::Address;

use crate::config::{Config, Environment, SecretSource, Value as _};
use crate::exit::misuse;

/// How the url of a server begins.
const SCHEMES: [&str; 2] = ["postgres://", "postgresql://"];
/// How a text begins that says where such a url is.
const SOURCES: [&str; 3] = ["file:", "env:", "credential:"];

/// The one that the configuration names.
pub fn configured(config: &Config, environment: &Environment) -> Result<Address> {
    match &config.journal.url {
        Some(url) => server(url, config, environment),
        None => Ok(Address::from(&config.data.folder)),
    }
}

/// One that is named on the command line: a folder, or a url with what the configuration says beside it.
pub fn named(text: &str, config: &Config, environment: &Environment) -> Result<Address> {
    if SCHEMES.iter().chain(&SOURCES).any(|begin| text.starts_with(begin)) {
        let url = SecretSource::parse(text).map_err(misuse)?;
        return server(&url, config, environment);
    }
    let folder = std::path::absolute(text).map_err(|error| misuse(format!("{text}: {error}")))?;
    Ok(Address::from(folder))
}

#[cfg(feature = "postgres")]
fn server(url: &SecretSource, config: &Config, environment: &Environment) -> Result<Address> {
    let said = &config.journal;
    let read = |path: &std::path::Path| {
        std::fs::read(path).map_err(|error| misuse(format!("journal: {}: {error}", path.display())))
    };
    let identity = match (&said.certificate, &said.key) {
        (Some(certificate), Some(key)) => Some((read(certificate)?, model::Secret::new(read(key)?))),
        (None, None) => None,
        _ => return Err(misuse("journal.certificate and journal.key go together: give both, or none")),
    };
    let text = url.fetch(environment).map_err(misuse)?;
    let refused = |error| misuse(format!("journal.url ({}): {error}", url.show()));
    let mut database = journal::Database::new(text.expose(), &config.data.folder).map_err(refused)?;
    if let Some(user) = &said.user {
        database = database.with_user(user);
    }
    if let Some(password) = &said.password {
        database = database.with_password(password.fetch(environment).map_err(misuse)?.expose());
    }
    if let Some(authorities) = &said.authorities {
        database = database.with_roots(read(authorities)?);
    }
    if let Some((certificate, key)) = identity {
        database = database.with_identity(certificate, key);
    }
    Ok(Address::from(database))
}

#[cfg(not(feature = "postgres"))]
fn server(url: &SecretSource, _: &Config, _: &Environment) -> Result<Address> {
    Err(misuse(format!(
        "journal.url ({}): this intendant was built without PostgreSQL: take one that has its feature `postgres`, or \
         leave out the url, and the journal is in the data folder",
        url.show()
    )))
}
