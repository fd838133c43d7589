//! What is counted for charts lasts over a restart: what a minute changed is written with the next one, in one commit.

use journal::{EffectSet, Error};
use model::effect::EntityContent;
use model::{EntityKey, EntityWrite};

use crate::state::core::Core;
use crate::state::stats::Unkept;

/// The kind of the rows. There are as many as the rings have slots, and each is written over again.
const KIND: &str = "statistics";
/// Rows read at once.
const ROWS: usize = 500;

fn key(key: &str) -> EntityKey {
    EntityKey { kind: KIND.to_owned(), key: key.to_owned() }
}

/// Takes up what was counted before the hub was started.
pub(crate) async fn load(core: &Core) -> Result<(), Error> {
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
            return Ok(());
        }
    }
}

/// Writes what the journal does not know yet. Nobody else writes it, so that it is written over whatever is there.
pub(crate) async fn keep(core: &Core) -> Result<(), Error> {
    if !core.is_leading() {
        return Ok(());
    }
    let unkept = core.stats.unkept();
    if unkept.is_empty() {
        return Ok(());
    }
    let mut entities = Vec::with_capacity(unkept.len());
    for slot in &unkept {
        let rev = match core.journal.entity(key(&slot.key)).await {
            Ok(stored) => stored.map_or(0, |entity| entity.rev),
            Err(Error::Damaged(_)) => {
                core.journal.erase(key(&slot.key), EffectSet::default()).await?;
                0
            }
            Err(error) => return Err(error),
        };
        entities.push(write(slot, rev));
    }
    core.journal.apply(EffectSet { entities, ..EffectSet::default() }, None, core.clock.now()).await?;
    core.stats.keep(&unkept);
    Ok(())
}

fn write(slot: &Unkept, expected_rev: u64) -> EntityWrite {
    let content = EntityContent {
        state: "counted".to_owned(),
        label: String::new(),
        // Names and numbers: there is nothing that could fail.
        body: serde_json::to_value(&slot.slot).unwrap_or_default(),
    };
    EntityWrite { key: key(&slot.key), expected_rev, content: Some(content) }
}
