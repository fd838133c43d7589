//! Refused messages keep their secrets as long as failed jobs do; the rest of them stays.

use std::cell::Cell;

use journal::{EffectSet, NewRecord};
use model::effect::EntityContent;
use model::mask::Mask;
use model::redact::take_secrets;
use model::{Code, EntityKey, EntityWrite, Record};
use serde_json::{Value, json};

use crate::intake::Why;
use crate::state::core::Core;
use crate::work::keeper::before;

/// Refusals that are looked at before it is written down how far that came.
const ROWS: usize = 100;
/// What is added to the sentence of a refusal whose message is removed.
const REMOVED: &str = "the message itself is no longer kept: it could not be read, and may have held secrets";

/// Removes the secrets of refusals whose time has come.
pub(crate) async fn forget(core: &Core) -> Result<(), journal::Error> {
    let now = core.clock.now();
    let until = before(now, core.snapshot().limits.keep_secrets);
    loop {
        let (rev, after) = progress(core).await?;
        let mut refusals = core.journal.refusals(after, ROWS).await?;
        // One from the future was received while the clock was wrong.
        let young = refusals.iter().position(|refusal| (until..=now).contains(&refusal.at));
        refusals.truncate(young.unwrap_or(ROWS));
        let Some(last) = refusals.last().map(|refusal| refusal.seq) else { return Ok(()) };
        for refusal in refusals {
            forget_one(core, refusal).await?;
        }
        let effects = EffectSet { entities: vec![reached(rev, last)], ..EffectSet::default() };
        core.journal.apply(effects, None, now).await?;
    }
}

async fn forget_one(core: &Core, refusal: Record) -> Result<(), journal::Error> {
    let raw = match core.journal.record_body(refusal.seq).await {
        Ok(Some((_, raw))) if !raw.is_empty() => raw,
        Ok(_) => return Ok(()),
        Err(journal::Error::Damaged(why)) => {
            // Nobody can read it: there is nothing to remove.
            tracing::warn!(source = refusal.who, "refusal {} cannot be read: {why}", refusal.seq);
            return Ok(());
        }
        Err(error) => return Err(error),
    };
    let masked = masked(core, &refusal.who, &raw);
    if masked.as_ref() == Some(&raw) {
        return Ok(());
    }
    let message = match &masked {
        Some(_) => refusal.message,
        None => format!("{} ({REMOVED})", refusal.message),
    };
    let Record { seq, kind, at, who, what, code, .. } = refusal;
    let anew = NewRecord { kind, at, who, what, code, message, body: masked.unwrap_or_default() };
    core.journal.amend_refusal(seq, anew).await
}

/// The message without its secrets, as it came where there are none; `None` = where they are cannot be known.
fn masked(core: &Core, source: &str, raw: &[u8]) -> Option<Vec<u8>> {
    let decoder = core.decoder(source)?;
    let request = decoder.decode(raw).ok();
    let snapshot = core.snapshot();
    let pointers =
        request.as_ref().map_or(&[][..], |request| &snapshot.actions.get(&request.action).spec.secrets);
    // In the message they may stand elsewhere than in the request.
    let known = request
        .as_ref()
        .map_or_else(Mask::default, |request| Mask::new(&take_secrets(&mut request.body.clone(), pointers)));
    let found = Cell::new(!known.is_empty());
    let mask = |document: &mut Value| {
        found.set(found.get() | !take_secrets(document, pointers).is_empty());
        known.value(document);
    };
    let masked = decoder.masked(raw, &mask)?;
    Some(if found.get() { masked } else { raw.to_vec() })
}

/// Why a message cannot be handed in again.
pub(crate) fn gone(what: &str) -> Why {
    const WAY_OUT: &str = "have it sent again (dead_letters.keep_secrets says how long secrets are kept)";
    Why { code: Code::from_static("secrets_gone"), message: format!("{what}: {WAY_OUT}") }
}

/// Up to which refusal secrets are removed, and the revision of the row that says so.
async fn progress(core: &Core) -> Result<(u64, i64), journal::Error> {
    let row = match core.journal.entity(place()).await {
        // Then it is looked through from the beginning.
        Err(journal::Error::Damaged(_)) => {
            core.journal.erase(place(), EffectSet::default()).await?;
            None
        }
        row => row?,
    };
    let after = row.as_ref().and_then(|row| row.body.get("after")?.as_i64());
    Ok((row.map_or(0, |row| row.rev), after.unwrap_or_default()))
}

fn reached(rev: u64, after: i64) -> EntityWrite {
    let body = json!({ "after": after });
    let content = EntityContent { state: "kept".to_owned(), label: "refusals".to_owned(), body };
    EntityWrite { key: place(), expected_rev: rev, content: Some(content) }
}

fn place() -> EntityKey {
    EntityKey { kind: "keeper".to_owned(), key: "refusals".to_owned() }
}
