//! Webhooks: what the configuration says of them, put to work.

use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::{Context as _, Result, anyhow};
use engine::{Clock, Setup};
use notify::{COURIER, Hook, SigningKey, Webhooks};

use crate::config::{Config, Environment, Webhook};
use crate::exit::misuse;

/// The webhooks that the configuration names, with their secrets fetched.
pub fn configured(config: &Config, environment: &Environment) -> Result<BTreeMap<String, Hook>> {
    let named = config.webhooks.0.iter();
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

/// Gives the hub what it needs of them before it starts.
pub(crate) fn join(hooks: BTreeMap<String, Hook>, setup: &mut Setup, clock: &Clock) -> Result<()> {
    // What was to leave when the last one was taken out of the configuration is then given up, and seen.
    let webhooks = Arc::new(Webhooks::new(hooks, clock.clone()).context("preparing the webhooks")?);
    setup.reactors.push(Arc::clone(&webhooks) as _);
    setup.couriers.insert(COURIER.to_owned(), webhooks);
    Ok(())
}
