//! What the configuration says, checked and with its secrets fetched.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Result, anyhow};
use engine::Clock;
use model::{Dependency, Secret};
use module::Told;
use module::config::{Environment, SecretSource};
use module::exit::misuse;
use reqwest::Client;

use super::config::Google;
use crate::account::Adopt;
use crate::backend::{Addresses, Parts, Rules, Service, Template};
use crate::client::Way;
use crate::directory::{Directory, Pace};
use crate::gram::{Gram, SignIn};
use crate::identity::Mapping;
use crate::token::{ClientSecret, Installed, ServiceAccount, Source, Store, TokenFile, TokenRedis, Tokens};

/// The parts of the backend; `None` = nothing is configured.
pub(super) fn parts(told: &Told, pace: &Arc<Pace>) -> Result<Option<Parts>> {
    let own: Google = told.sections.get();
    if own.service_account.is_none() && own.client_secret.is_none() {
        return Ok(None);
    }
    let (environment, clock) = (&told.environment, &told.clock);
    let client = client(&own)?;
    let subject = subject(&own)?;
    let source = source(&own, &subject, &client, environment, clock)?;
    let tokens = Arc::new(Tokens::new(source, clock.clone()));
    check_url("google.url", &own.url)?;
    pace.set(usize::try_from(own.quota).ok().filter(|most| *most > 0));
    Ok(Some(Parts {
        directory: Directory::new(client.clone(), &own.url, tokens, Arc::clone(pace), clock.clone()),
        gram: gram(&own, &client, environment)?,
        addresses: addresses(&own, &client, environment)?,
        mapping: own.mapping.as_deref().map(mapping).transpose()?,
        rules: Rules {
            adopt: adopt(told, &own),
            codes: own.codes,
            notices: own.notices,
            password: own.password,
            on_delete: own.on_delete,
            settle: own.settle,
            patience: own.patience,
        },
        subject,
        depends_on: depends_on(&own),
        clock: clock.clone(),
    }))
}

/// Which accounts are adopted. Where the journal does not last nobody knows whether an attempt was there before, and a
/// person's UUID in the account is all that can tell.
pub(super) fn adopt(told: &Told, own: &Google) -> Adopt {
    let is_said = told.durable || told.given.contains("google.adopt");
    if is_said { own.adopt } else { Adopt::Uuid }
}

/// The HTTP client that is configured.
pub(super) fn client(own: &Google) -> Result<Client> {
    let read = |path: &std::path::PathBuf| {
        std::fs::read(path)
            .map_err(|error| misuse(anyhow!("google.authorities: {}: {error}", path.display())))
    };
    let authorities = own.authorities.as_ref().map(read).transpose()?;
    let way = Way { proxy: own.proxy.clone(), authorities, timeout: own.timeout };
    way.client().map_err(|error| misuse(anyhow!("google.{error}")))
}

pub(super) fn subject(own: &Google) -> Result<String> {
    own.subject.clone().ok_or_else(|| {
        misuse(anyhow!(
            "google.subject is missing: the address of the administrator in whose name accounts are managed"
        ))
    })
}

/// The client of an installed application.
pub(super) fn client_secret(own: &Google, environment: &Environment) -> Result<Option<ClientSecret>> {
    let Some(secret) = &own.client_secret else { return Ok(None) };
    let file = secret.fetch(environment).map_err(misuse)?;
    let secret =
        ClientSecret::new(&file).map_err(|error| misuse(anyhow!("google.client_secret: {error}")))?;
    Ok(Some(secret))
}

fn source(
    own: &Google,
    subject: &str,
    client: &Client,
    environment: &Environment,
    clock: &Clock,
) -> Result<Box<dyn Source>> {
    if let Some(key) = &own.service_account {
        let key = key.fetch(environment).map_err(misuse)?;
        let account = ServiceAccount::new(&key, subject, client.clone(), clock.clone())
            .map_err(|error| misuse(anyhow!("google.service_account: {error}")))?;
        return Ok(Box::new(account));
    }
    let secret =
        client_secret(own, environment)?.ok_or_else(|| misuse(anyhow!("google.client_secret is missing")))?;
    Ok(Box::new(Installed {
        secret,
        subject: subject.to_owned(),
        store: store(own, environment)?,
        client: client.clone(),
        clock: clock.clone(),
    }))
}

/// Where grants are kept.
pub(super) fn store(own: &Google, environment: &Environment) -> Result<Arc<dyn Store>> {
    match fetched(own.redis.as_ref(), environment)? {
        Some(url) => {
            let redis = TokenRedis::new(url.expose());
            Ok(Arc::new(redis.map_err(|why| misuse(anyhow!("google.redis: {why}")))?))
        }
        None => Ok(Arc::new(TokenFile::new(own.tokens.clone()))),
    }
}

fn gram(own: &Google, client: &Client, environment: &Environment) -> Result<Option<Gram>> {
    let Some(url) = &own.gram.url else { return Ok(None) };
    check_url("google.gram.url", url)?;
    let user = own.gram.user.clone();
    let user =
        user.ok_or_else(|| misuse(anyhow!("google.gram.user is missing: the client to sign in as")))?;
    let password = fetched(own.gram.password.as_ref(), environment)?
        .ok_or_else(|| misuse(anyhow!("google.gram.password is missing")))?;
    Ok(Some(Gram::new(client.clone(), url, SignIn { user, password })))
}

fn addresses(own: &Google, client: &Client, environment: &Environment) -> Result<Addresses> {
    let template =
        |key: &str, text: &str| Template::new(text).map_err(|error| misuse(anyhow!("google.{key}: {error}")));
    let service = match &own.addresses.url {
        Some(url) => {
            check_url("google.addresses.url", url)?;
            Some(Service {
                client: client.clone(),
                url: template("addresses.url", url)?,
                authorization: fetched(own.addresses.authorization.as_ref(), environment)?,
                primary: own.addresses.primary.clone(),
                aliases: Some(own.addresses.aliases.clone()),
            })
        }
        None => None,
    };
    let naming = own.naming.as_deref().map(|text| template("naming", text)).transpose()?;
    Ok(Addresses { service, naming })
}

fn mapping(path: &Path) -> Result<Mapping> {
    let bad = |why: String| misuse(anyhow!("google.mapping: {}: {why}", path.display()));
    let text = std::fs::read_to_string(path).map_err(|error| bad(error.to_string()))?;
    serde_saphyr::from_str(&text).map_err(|error| bad(error.without_snippet().to_string()))
}

fn depends_on(own: &Google) -> Vec<Dependency> {
    let needed = |name: &str, url: &str, why: &str| Dependency {
        name: name.to_owned(),
        url: url.split('{').next().unwrap_or_default().to_owned(),
        why: why.to_owned(),
    };
    let mut all = Vec::new();
    if let Some(url) = &own.gram.url {
        all.push(needed("gram-api", url, "accounts and password hashes; keeps the id of the Google account"));
    }
    if let Some(url) = &own.addresses.url {
        all.push(needed("zenimel", url, "the addresses of accounts"));
    }
    all
}

fn fetched(secret: Option<&SecretSource>, environment: &Environment) -> Result<Option<Secret<String>>> {
    secret.map(|secret| secret.fetch(environment)).transpose().map_err(misuse)
}

fn check_url(key: &str, url: &str) -> Result<()> {
    if url.starts_with("https://") || url.starts_with("http://") {
        return Ok(());
    }
    Err(misuse(anyhow!("{key}: {url:?} begins with neither https:// nor http://")))
}
