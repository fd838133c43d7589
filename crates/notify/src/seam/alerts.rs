//! What the configuration says of alerts.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use anyhow::{Result, anyhow};
use http::page::Lang;
use model::Times;
use module::Chore;
use module::exit::misuse;

use super::config::{AlertLanguage, Alerts as Section};
use crate::alert::{Alerts, Quiet, Settings, digest_key};

/// How often it is looked what needs a person.
const LOOK: Duration = Duration::from_secs(30);

/// The alerts of a hub that serves, once it does.
pub(super) type Alerting = Arc<OnceLock<Arc<Alerts>>>;

/// Who is told of what; `None` = nobody is.
pub(super) fn settings(section: &Section, relayed: bool) -> Result<Option<Settings>> {
    let zone = engine::clock::zone(section.time_zone.as_deref())
        .map_err(|why| misuse(anyhow!("alerts.time_zone: {why}")))?;
    let quiet = section.quiet.as_ref().map(|text| Quiet::read(text, zone.clone())).transpose();
    let quiet = quiet.map_err(|why| misuse(anyhow!("alerts.quiet: {why}")))?;
    let digest = section.digest.as_ref().map(|pattern| Times::cron(pattern, zone)).transpose();
    let digest = digest.map_err(|why| misuse(anyhow!("alerts.digest: {why}")))?;
    for to in &section.to {
        if to.parse::<lettre::message::Mailbox>().is_err() {
            return Err(misuse(anyhow!("alerts.to: {to:?} is no mail address such as admin@example.org")));
        }
    }
    if section.to.is_empty() {
        return Ok(None);
    }
    if !relayed {
        return Err(misuse("alerts.to: no relay takes the mails: give mail.relay and mail.from, too"));
    }
    let lang = match section.language {
        AlertLanguage::En => Lang::En,
        AlertLanguage::Fr => Lang::Fr,
    };
    Ok(Some(Settings {
        to: section.to.clone(),
        lang,
        after: section.after,
        dead_letters: section.dead_letters,
        quiet,
        digest,
    }))
}

/// Looks for what needs a person, and tells of all of it at times.
pub(super) fn chores(alerting: &Alerting, settings: &Settings) -> Vec<Chore> {
    let look = Chore {
        name: "look for what needs a person",
        kept: None,
        times: Times::Every(LOOK),
        act: act(alerting, |alerts, hub| Box::pin(async move { alerts.look(&hub).await })),
    };
    let digest = settings.digest.clone().map(|times| Chore {
        name: "send the digest of what needs a person",
        kept: Some(digest_key()),
        times,
        act: act(alerting, |alerts, hub| Box::pin(async move { alerts.digest(&hub).await })),
    });
    std::iter::once(look).chain(digest).collect()
}

type Done = engine::port::BoxFuture<'static, Result<(), engine::Trouble>>;

fn act(
    alerting: &Alerting,
    act: impl Fn(Arc<Alerts>, engine::Hub) -> Done + Send + Sync + 'static,
) -> Arc<dyn Fn(engine::Hub) -> Done + Send + Sync> {
    let alerting = Arc::clone(alerting);
    Arc::new(move |hub| match alerting.get() {
        Some(alerts) => act(Arc::clone(alerts), hub),
        None => Box::pin(std::future::ready(Ok(()))),
    })
}
