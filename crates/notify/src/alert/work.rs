//! Looks for what needs a person, and writes to those who are told.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use engine::{Clock, Hub, Trouble};
use http::page::Lang;
use model::effect::EntityContent;
use model::{DeliveryTo, Effects, EntityKey, EntityWrite, NewDelivery};
use serde_json::{Value, json};

use super::Settings;
use super::letter::{Occasion, letter, seen};
use super::rule::{Bounds, Ledger, Seen, look};
use crate::mail::{COURIER, Letter, Mail};

/// What the letters are about, in clear.
const ADDRESS: &str = "alerts";

/// Writes to those who are told.
pub(crate) struct Alerts {
    settings: Settings,
    mail: Arc<Mail>,
    clock: Clock,
    url: OnceLock<String>,
    /// It was told that the journal cannot be written.
    unwritable: Mutex<bool>,
}

impl Alerts {
    pub(crate) fn new(settings: Settings, mail: Arc<Mail>, clock: Clock) -> Self {
        Alerts { settings, mail, clock, url: OnceLock::new(), unwritable: Mutex::default() }
    }

    /// Where people reach the hub.
    pub(crate) fn reached_at(&self, url: Option<&str>) {
        if let Some(url) = url {
            // It serves once.
            let _ = self.url.set(url.to_owned());
        }
    }

    pub(crate) fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Tells of what is new, or over.
    pub(crate) async fn look(&self, hub: &Hub) -> Result<(), Trouble> {
        if let Err(error) = hub.journal().writable().await {
            self.past_the_journal(true, &Occasion::Unwritable(&error.to_string())).await;
            return Ok(());
        }
        self.past_the_journal(false, &Occasion::Writable).await;
        let (now, seen) = (hub.now(), self.seen(hub, self.settings.lang).await?);
        let (rev, ledger) = read(hub).await?;
        let silent = self.settings.quiet.as_ref().is_some_and(|quiet| quiet.holds(now));
        let (next, news) = look(&ledger, &seen, now, Bounds { after: self.settings.after, silent });
        if next == ledger {
            return Ok(());
        }
        let content = EntityContent {
            state: "kept".to_owned(),
            label: "alerts".to_owned(),
            body: json!({ "told": next }),
        };
        let effects = Effects {
            entities: vec![EntityWrite { key: key(), expected_rev: rev, content: Some(content) }],
            deliveries: news.map(|news| self.letters(&Occasion::News(&news))).unwrap_or_default(),
            ..Effects::default()
        };
        match hub.write(effects, None).await {
            // Another look was faster.
            Ok(()) | Err(engine::Error::Journal(journal::Error::Conflict { .. })) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// Tells of all that needs somebody now.
    pub(crate) async fn digest(&self, hub: &Hub) -> Result<(), Trouble> {
        let seen = self.seen(hub, self.settings.lang).await?;
        let deliveries = self.letters(&Occasion::Digest(&seen));
        Ok(hub.write(Effects { deliveries, ..Effects::default() }, None).await?)
    }

    /// All that needs somebody now, in a language.
    pub(super) async fn seen(&self, hub: &Hub, lang: Lang) -> Result<Vec<Seen>, engine::Error> {
        let now = hub.now();
        let matters = hub.matters().await?.into_iter();
        let counts = |matter: &engine::Matter| match matter {
            engine::Matter::Failed(n) => *n > self.settings.dead_letters,
            _ => true,
        };
        Ok(matters.filter(counts).map(|matter| seen(&matter, lang, now)).collect())
    }

    /// Sends everybody a letter that says that letters arrive. The error says for whom it does not.
    pub(super) async fn test(&self) -> Result<(), String> {
        let (_, faults) = self.send(&Occasion::Test).await;
        if faults.is_empty() { Ok(()) } else { Err(faults.join("; ")) }
    }

    /// What cannot go by way of the journal, once until it changes.
    async fn past_the_journal(&self, unwritable: bool, occasion: &Occasion<'_>) {
        if *self.lock() == unwritable {
            return;
        }
        let (taken, faults) = self.send(occasion).await;
        // Whoever has it is not written to once more because another one cannot be.
        if taken > 0 {
            *self.lock() = unwritable;
        }
        if !faults.is_empty() {
            tracing::warn!("not everybody could be told by mail how the journal does: {}", faults.join("; "));
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, bool> {
        self.unwritable.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The letters as they go into the outbox.
    fn letters(&self, occasion: &Occasion<'_>) -> Vec<NewDelivery> {
        let delivery = |letter| {
            let to = DeliveryTo { courier: COURIER.to_owned(), address: ADDRESS.to_owned() };
            Some(NewDelivery { to, body: serde_json::to_value(letter).ok()?, due_at: None })
        };
        self.written(occasion).filter_map(delivery).collect()
    }

    /// The letters straight to the relay: how many it has taken, and why not the others.
    async fn send(&self, occasion: &Occasion<'_>) -> (usize, Vec<String>) {
        let (mut taken, mut faults) = (0, Vec::new());
        for letter in self.written(occasion) {
            let id = self.clock.delivery_id(self.clock.now());
            match self.mail.now(&letter, id).await {
                Ok(()) => taken += 1,
                Err(why) => faults.push(format!("{}: {why}", letter.to)),
            }
        }
        (taken, faults)
    }

    fn written(&self, occasion: &Occasion<'_>) -> impl Iterator<Item = Letter> {
        let letter = letter(occasion, self.settings.lang, self.url.get().map(String::as_str));
        self.settings.to.iter().map(move |to| Letter { to: to.clone(), ..letter.clone() })
    }
}

fn key() -> EntityKey {
    EntityKey { kind: "alerts".to_owned(), key: "told".to_owned() }
}

/// What is known, and its revision. What cannot be read is as good as nothing: all is told of once more.
async fn read(hub: &Hub) -> Result<(u64, Ledger), journal::Error> {
    let Some(entity) = hub.journal().entity(key()).await? else { return Ok((0, Ledger::new())) };
    let told = entity.body.get("told").cloned().unwrap_or(Value::Null);
    Ok((entity.rev, serde_json::from_value(told).unwrap_or_default()))
}

/// When what is told of at times was begun last is kept here.
pub(crate) fn digest_key() -> EntityKey {
    EntityKey { kind: "alerts".to_owned(), key: "digest".to_owned() }
}
