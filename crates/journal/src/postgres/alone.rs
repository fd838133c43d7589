//! What is written in a transaction of its own, with statements of its own.

use jiff::Timestamp;
use model::{DeliveryId, DeliveryState, DeliveryTo, EntityKey, EventKind, JobId, OutboxPlace, Settled};
use uuid::Uuid;

use super::number::Of;
use super::row::{self, code_of};
use super::tx::Tx;
use crate::change::{Fate, Over};
use crate::error::Error;
use crate::sealed::SealedEffects;

/// See [`crate::Write::settle_dead`].
pub(super) async fn settle_dead(
    tx: &mut Tx,
    deliveries: &[DeliveryId],
    fate: Fate,
    effects: &SealedEffects,
    at: Timestamp,
) -> Result<u64, Error> {
    let (state, due_at, ended_at) = match fate {
        Fate::Again => (DeliveryState::Pending, Some(at.as_millisecond()), None),
        Fate::Drop => (DeliveryState::Dropped, None, Some(at.as_millisecond())),
    };
    let ids: Vec<Uuid> = deliveries.iter().map(|id| id.0).collect();
    // Where somebody else delivers they arrive there anew.
    let settle =
        "UPDATE delivery SET state = $2, due_at = coalesce($3, due_at), ended_at = $4, placed = placed AND $6
                  WHERE id = ANY($1) AND state = $5 RETURNING seq";
    let (dead, stays) = (code_of(DeliveryState::Undeliverable), tx.delivers || fate == Fate::Drop);
    let rows = tx.all(settle, &[&ids, &code_of(state), &due_at, &ended_at, &dead, &stays]).await?;
    let mut places = rows.iter().map(|found| row::get::<i64>(found, 0)).collect::<Result<Vec<_>, _>>()?;
    places.sort_unstable();
    let settled = places.len() as u64;
    if settled > 0 {
        tx.effects(effects).await?;
        if fate == Fate::Again && stays {
            tx.committed.revived.extend(places.into_iter().map(OutboxPlace::new));
        }
    }
    Ok(settled)
}

/// See [`crate::Write::set_aside`].
pub(super) async fn set_aside(
    tx: &mut Tx,
    jobs: &[JobId],
    refusals: &[i64],
    effects: &SealedEffects,
) -> Result<u64, Error> {
    // The first record of the effects says who did it.
    let record = if effects.records.is_empty() {
        None
    } else {
        Some(tx.rule(|page| page.next_number(Of::Record)).await??)
    };
    let aside = code_of(Settled::Aside);
    let jobs: Vec<Uuid> = jobs.iter().map(|id| id.0).collect();
    let set = "UPDATE done SET settled = $2, aside = $3, rev = rev + 1 WHERE id = ANY($1) AND settled = 0 RETURNING cause";
    let rows = tx.all(set, &[&jobs, &aside, &record]).await?;
    for found in &rows {
        if let Some(cause) = row::get::<Option<i64>>(found, 0)? {
            tx.count_cause(cause, -1);
        }
    }
    let set = "UPDATE record SET settled = $2 WHERE seq = ANY($1) AND settled = 0";
    let count = rows.len() as u64 + tx.execute(set, &[&refusals, &aside]).await?;
    if count > 0 {
        tx.effects(effects).await?;
    }
    Ok(count)
}

/// See [`crate::Write::give_up`].
pub(super) async fn give_up(tx: &mut Tx, over: &Over, at: Timestamp) -> Result<u64, Error> {
    let DeliveryTo { courier, address } = &over.to;
    let give_up = "UPDATE delivery SET state = 2, ended_at = $5, message = $6 WHERE seq IN (
                       SELECT seq FROM delivery
                       WHERE state = 0 AND (courier, md5(address), seq) > ($1, md5($2), $3)
                         AND (courier, md5(address)) <= ($1, md5($2)) AND address = $2 AND id < $4)";
    let (after, before, at_millis) = (over.after.number(), over.before.0, at.as_millisecond());
    let given_up = tx.execute(give_up, &[courier, address, &after, &before, &at_millis, &over.why]).await?;
    Ok(told(tx, given_up, at))
}

/// See [`crate::Write::bound_lines`].
pub(super) async fn bound_lines(tx: &mut Tx, most: u64, at: Timestamp) -> Result<u64, Error> {
    let most = i64::try_from(most).unwrap_or(i64::MAX);
    let long = "SELECT courier, address, count(*) FROM delivery WHERE state = 0
                GROUP BY courier, address HAVING count(*) > $1";
    let give_up = "UPDATE delivery SET state = 2, ended_at = $4, message = $5 WHERE seq IN (
                       SELECT seq FROM delivery
                       WHERE state = 0 AND (courier, md5(address), seq) > ($1, md5($2), 0)
                         AND (courier, md5(address)) <= ($1, md5($2)) AND address = $2
                       ORDER BY courier, md5(address), seq LIMIT $3)";
    let mut given_up = 0;
    for line in tx.all(long, &[&most]).await? {
        let (courier, address, count): (&str, &str, i64) =
            (row::get(&line, 0)?, row::get(&line, 1)?, row::get(&line, 2)?);
        let why = format!("more than {most} deliveries waited for {address}: the oldest were given up");
        given_up +=
            tx.execute(give_up, &[&courier, &address, &(count - most), &at.as_millisecond(), &why]).await?;
    }
    Ok(told(tx, given_up, at))
}

/// Says that deliveries were given up.
fn told(tx: &mut Tx, given_up: u64, at: Timestamp) -> u64 {
    if given_up > 0 {
        tx.event(at, EventKind::Undeliverable, None, (None, None), None);
    }
    given_up
}

/// See [`crate::Write::erase`].
pub(super) async fn erase(tx: &mut Tx, entity: &EntityKey, effects: &SealedEffects) -> Result<bool, Error> {
    let EntityKey { kind, key } = entity;
    let erase = "DELETE FROM entity WHERE kind = $1 AND key = $2 RETURNING state";
    let Some(erased) = tx.first(erase, &[kind, key]).await? else { return Ok(false) };
    let state: String = row::get(&erased, 0)?;
    tx.execute("DELETE FROM called WHERE kind = $1 AND key = $2", &[kind, key]).await?;
    *tx.by_state.entry((kind.clone(), state)).or_default() -= 1;
    tx.committed.entities.push((entity.clone(), None));
    tx.effects(effects).await?;
    Ok(true)
}
