//! What the configuration says of webhooks.

use std::collections::BTreeMap;

use anyhow::{Result, anyhow};
use module::config::{Environment, Named};
use module::exit::misuse;

use super::config::Webhook;
use crate::{Hook, SigningKey};

/// The webhooks that the configuration names, with their secrets fetched.
pub(super) fn configured(all: &Named<Webhook>, environment: &Environment) -> Result<BTreeMap<String, Hook>> {
    let named = all.0.iter();
    named.map(|(name, webhook)| Ok((name.clone(), hook(name, webhook, environment)?))).collect()
}

fn hook(name: &str, webhook: &Webhook, environment: &Environment) -> Result<Hook> {
    let missing =
        |key: &str| misuse(anyhow!("webhooks.{name}.{key} is missing: a webhook needs a url and a secret"));
    let url = webhook.url.clone().ok_or_else(|| missing("url"))?;
    if !url.starts_with("https://") && !url.starts_with("http://") {
        return Err(misuse(anyhow!("webhooks.{name}.url: it begins with neither https:// nor http://")));
    }
    let secret =
        webhook.secret.as_ref().ok_or_else(|| missing("secret"))?.fetch(environment).map_err(misuse)?;
    let key = SigningKey::parse(secret.expose())
        .map_err(|error| misuse(anyhow!("webhooks.{name}.secret: {error}")))?;
    let events = webhook.events.iter().map(|word| word.parse());
    let events =
        events.collect::<Result<_, String>>().map_err(|e| misuse(anyhow!("webhooks.{name}.events: {e}")))?;
    Ok(Hook { url, key, events, actions: webhook.actions.clone(), sources: webhook.sources.clone() })
}
