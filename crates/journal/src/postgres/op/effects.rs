//! Effects: what a move brings about besides itself, in the same commit.

use std::sync::Arc;

use model::{DeliveryState, EntityKey, EventKind, JobId, RecordKind};

use super::super::number::Of;
use super::super::page::{DeliveryRow, EntityRow, NewDelivery, Note, Page, Ruled, Wants};
use super::accept;
use crate::error::Error;
use crate::sealed::{SealedDelivery, SealedEffects, SealedEntity, SealedRecord};

/// What writing them needs.
pub(super) fn wants(effects: &SealedEffects, wants: &mut Wants) {
    let keys = effects.entities.iter().map(|entity| (entity.key.kind.clone(), entity.key.key.clone()));
    wants.entities.extend(keys);
    for job in effects.follow_ups.iter().chain(&effects.joins) {
        accept::wants(job, wants);
    }
    wants.numbers.deliveries += effects.deliveries.len();
    wants.numbers.records += effects.records.len();
}

/// Writes effects; `job` is the one that caused them.
pub(in super::super) fn write(page: &mut Page, effects: &SealedEffects, job: Option<JobId>) -> Ruled<()> {
    for entity in &effects.entities {
        write_entity(page, entity)?;
    }
    for delivery in &effects.deliveries {
        insert_delivery(page, delivery, job)?;
    }
    for follow_up in &effects.follow_ups {
        accept::follow_up(page, follow_up)?;
    }
    for join in &effects.joins {
        accept::join(page, join)?;
    }
    for record in &effects.records {
        append(page, record)?;
    }
    page.notes.extend(effects.settles.iter().map(|refusal| Note::Settled(*refusal)));
    Ok(())
}

/// Compare-and-set on the revision.
fn write_entity(page: &mut Page, entity: &SealedEntity) -> Ruled<()> {
    let expected = i64::try_from(entity.expected_rev).unwrap_or(i64::MAX);
    let stored = page.entity(&entity.key)?.map_or(0, |row| row.rev);
    let EntityKey { kind, key } = &entity.key;
    if stored != expected {
        return Err(Error::Conflict { kind: kind.clone(), key: key.clone() }.into());
    }
    let row = entity.content.as_ref().map(|(content, sealed)| EntityRow {
        rev: expected + 1,
        state: content.state.clone(),
        label: content.label.clone(),
        sealed: sealed.clone(),
    });
    if row.is_some() || expected > 0 {
        page.entities.set((kind.clone(), key.clone()), row);
    }
    let now = entity.content.as_ref().map(|(entity, _)| Arc::clone(entity));
    page.committed.entities.push((entity.key.clone(), now));
    Ok(())
}

fn insert_delivery(page: &mut Page, delivery: &SealedDelivery, job: Option<JobId>) -> Ruled<()> {
    let seq = page.number(Of::Delivery)?;
    let made = NewDelivery {
        job,
        courier: delivery.to.courier.clone(),
        address: delivery.to.address.clone(),
        sealed: delivery.body.clone(),
        placed: page.delivers,
    };
    let row = DeliveryRow {
        seq,
        state: DeliveryState::Pending,
        attempts: 0,
        due_at: delivery.due_at,
        ended_at: None,
        message: None,
        made: Some(made),
    };
    page.deliveries.set(delivery.id, Some(row));
    page.committed.owed.push((delivery.id, job));
    Ok(())
}

/// Appends a record; a refusal is an event, too.
pub(in super::super) fn append(page: &mut Page, SealedRecord { record, body }: &SealedRecord) -> Ruled<i64> {
    let seq = page.number(Of::Record)?;
    page.notes.push(Note::Record(seq, Box::new(record.clone()), body.clone()));
    if record.kind == RecordKind::Refusal {
        page.event(record.at, EventKind::Refused, None, (None, None), Some(record.code.clone()));
    }
    Ok(seq)
}
