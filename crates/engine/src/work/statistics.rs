//! What is counted for charts lasts over a restart: what a minute changed is written with the next one, in one commit. Where
//! several hubs work each counts for itself, and hears what the others have counted.

use std::sync::Arc;

use journal::{EffectSet, Error};
use model::effect::EntityContent;
use model::{Entity, EntityKey, EntityWrite};

use crate::state::copies::Follower;
use crate::state::core::Core;
use crate::state::failsafe::store::remove;
use crate::state::stats::{Counters, Unkept};

/// The kind of the rows. There are as many as the rings have slots, for each hub, and each is written over again.
const KIND: &str = "statistics";
/// Rows read at once.
const ROWS: usize = 500;

fn key(key: &str) -> EntityKey {
    EntityKey { kind: KIND.to_owned(), key: key.to_owned() }
}

/// What other hubs have counted.
struct Heard(Counters);

impl Follower for Heard {
    fn told(&self, key: &str, now: Option<&Entity>) {
        if let Some(kept) = now.and_then(|entity| serde_json::from_value(entity.body.clone()).ok()) {
            self.0.heard(key, kept);
        }
    }

    fn unreadable(&self, _: &str) {}
}

/// Takes up what was counted before the hub was started.
pub(crate) async fn load(core: &Core) -> Result<(), Error> {
    if core.journal.is_shared() {
        core.stats.count_as(core.journal.life().seat());
    }
    let mut after = None;
    loop {
        let page = core.journal.entities(KIND.to_owned(), after, ROWS).await?;
        for entity in page.rows {
            // What cannot be understood is counted anew.
            if let Ok(kept) = serde_json::from_value(entity.body) {
                core.stats.load(&entity.key.key, kept);
            }
        }
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    if core.journal.is_shared() {
        core.keep_copy(KIND, Arc::new(Heard(core.stats.clone()))).await?;
    }
    Ok(())
}

/// Writes what the journal does not know yet. Nobody else writes it, so that it is written over whatever is there.
pub(crate) async fn keep(core: &Core) -> Result<(), Error> {
    let unkept = core.stats.unkept();
    if !unkept.is_empty() {
        let mut entities = Vec::with_capacity(unkept.len());
        for (place, slot) in &unkept {
            let rev = match core.journal.entity(key(place)).await {
                Ok(stored) => stored.map_or(0, |entity| entity.rev),
                Err(Error::Damaged(_)) => {
                    core.journal.erase(key(place), EffectSet::default()).await?;
                    0
                }
                Err(error) => return Err(error),
            };
            entities.push(write(place, slot, rev));
        }
        core.journal.apply(EffectSet { entities, ..EffectSet::default() }, None, core.clock.now()).await?;
        core.stats.keep(&unkept);
    }
    Ok(())
}

/// Removes what hubs have counted that count no more, once no chart shows it.
pub(crate) async fn tidy(core: &Core) -> Result<(), Error> {
    let (now, mut after) = (core.clock.now(), None);
    loop {
        let page = core.journal.entities(KIND.to_owned(), after, ROWS).await?;
        for entity in page.rows {
            if core.stats.is_over(&entity.key.key, now) {
                remove(core, entity.key, now).await?;
            }
        }
        after = page.next;
        if after.is_none() {
            return Ok(());
        }
    }
}

fn write(place: &str, slot: &Unkept, expected_rev: u64) -> EntityWrite {
    let content = EntityContent {
        state: "counted".to_owned(),
        label: String::new(),
        // Names and numbers: there is nothing that could fail.
        body: serde_json::to_value(&slot.slot).unwrap_or_default(),
    };
    EntityWrite { key: key(place), expected_rev, content: Some(content) }
}
