//! Effects: what a move brings about besides itself, in the same commit.

use std::sync::Arc;

use model::{EntityKey, JobId, Settled};
use rusqlite::params;

use super::code::{Id, Time, Word};
use super::{accept, dead, name, record, tx::Tx};
use crate::error::Error;
use crate::sealed::{SealedDelivery, SealedEffects, SealedEntity};

/// A job by its place and by its name.
pub(super) type Cause = (i64, JobId);

/// Writes effects; `job` is the one that caused them.
pub(super) fn write(tx: &mut Tx<'_>, effects: &SealedEffects, job: Option<Cause>) -> Result<(), Error> {
    for entity in &effects.entities {
        write_entity(tx, entity)?;
    }
    for delivery in &effects.deliveries {
        insert_delivery(tx, delivery, job)?;
    }
    for follow_up in &effects.follow_ups {
        accept::follow_up(tx, follow_up)?;
    }
    for join in &effects.joins {
        accept::join(tx, join)?;
    }
    for record in &effects.records {
        record::append(tx, record)?;
    }
    for refusal in &effects.settles {
        dead::settle_refusal(tx, *refusal, Settled::Replayed)?;
    }
    Ok(())
}

/// Removes an entity whatever it says; the effects are written when it was there.
pub(super) fn erase(
    tx: &mut Tx<'_>,
    EntityKey { kind, key }: &EntityKey,
    effects: &SealedEffects,
) -> Result<bool, Error> {
    let erased = tx.sql.execute("DELETE FROM entity WHERE kind = ?1 AND key = ?2", [kind, key])? > 0;
    if erased {
        name::call(tx, kind, key, "")?;
        tx.committed.entities.push((EntityKey { kind: kind.clone(), key: key.clone() }, None));
        write(tx, effects, None)?;
    }
    Ok(erased)
}

/// Compare-and-set on the revision.
fn write_entity(tx: &mut Tx<'_>, entity: &SealedEntity) -> Result<(), Error> {
    let EntityKey { kind, key } = &entity.key;
    let expected = i64::try_from(entity.expected_rev).unwrap_or(i64::MAX);
    let written = match (&entity.content, expected) {
        (Some((entity, sealed)), 0) => tx.sql.execute(
            "INSERT INTO entity (kind, key, rev, state, label, sealed) VALUES (?1, ?2, 1, ?3, ?4, ?5)
                 ON CONFLICT DO NOTHING",
            params![kind, key, entity.state, entity.label, sealed],
        )?,
        (Some((entity, sealed)), _) => tx.sql.execute(
            "UPDATE entity SET rev = rev + 1, state = ?4, label = ?5, sealed = ?6
                 WHERE kind = ?1 AND key = ?2 AND rev = ?3",
            params![kind, key, expected, entity.state, entity.label, sealed],
        )?,
        (None, 0) => tx.sql.one(
            "SELECT count(*) = 0 FROM entity WHERE kind = ?1 AND key = ?2",
            [kind, key],
            |row| row.get::<_, usize>(0),
        )?,
        (None, _) => tx.sql.execute(
            "DELETE FROM entity WHERE kind = ?1 AND key = ?2 AND rev = ?3",
            params![kind, key, expected],
        )?,
    };
    if written == 0 {
        return Err(Error::Conflict { kind: kind.clone(), key: key.clone() });
    }
    let now = entity.content.as_ref().map(|(entity, _)| Arc::clone(entity));
    name::call(tx, kind, key, now.as_ref().map_or("", |now| now.label.as_str()))?;
    tx.committed.entities.push((entity.key.clone(), now));
    Ok(())
}

fn insert_delivery(tx: &mut Tx<'_>, delivery: &SealedDelivery, job: Option<Cause>) -> Result<(), Error> {
    let seq = tx.numbers.delivery + 1;
    tx.sql.execute(
        "INSERT INTO delivery (seq, id, job, courier, address, state, due_at, sealed)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        params![
            seq,
            Id(delivery.id.0),
            job.map(|(seq, _)| seq),
            delivery.to.courier,
            delivery.to.address,
            Word(model::DeliveryState::Pending),
            Time(delivery.due_at),
            delivery.body,
        ],
    )?;
    tx.numbers.delivery = seq;
    tx.committed.owed.push((delivery.id, job.map(|(_, id)| id)));
    Ok(())
}
