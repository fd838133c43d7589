//! Deliveries: how they went, and which are to be made.

use jiff::Timestamp;
use model::{Delivery, DeliveryId, DeliveryState, DeliveryTo, EventKind, JobId, OutboxPlace};
use rusqlite::{Connection, OptionalExtension, Row, Rows, params};

use super::code::{Id, Time, Word};
use super::tx::Tx;
use super::{effects, row};
use crate::api::{DeliveryFilter, Listing};
use crate::change::{Fate, Mark, Over};
use crate::damage::{Sieve, Spot};
use crate::error::Error;
use crate::opened;
use crate::seal::Seal;
use crate::sealed::SealedEffects;

/// A page looks at so many deliveries at most.
const LOOKED_AT: i64 = 5_000;

/// Records how a delivery went.
pub(super) fn mark(tx: &mut Tx<'_>, id: DeliveryId, mark: &Mark, at: Timestamp) -> Result<(), Error> {
    let found = tx.sql.first("SELECT seq, state FROM delivery WHERE id = ?1", [Id(id.0)], |row| {
        Ok((row.get::<_, i64>(0)?, row::word::<DeliveryState>(row, 1)?))
    })?;
    let Some((seq, was)) = found else { return Err(Error::Missing(format!("delivery {}", id.0))) };
    if was == DeliveryState::Undeliverable && *mark != Mark::Delivered {
        // It was given up while it was under way. Only an operator has it tried again.
        tx.committed.left.push(id);
        return Ok(());
    }
    let (state, due_at, message) = match mark {
        Mark::Delivered => (DeliveryState::Delivered, None, None),
        Mark::Later(due_at, why) => (DeliveryState::Pending, Some(*due_at), Some(why)),
        Mark::Never(why) => (DeliveryState::Undeliverable, None, Some(why)),
    };
    if !was.may_become(state) {
        let (was, state) = (was.as_str(), state.as_str());
        return Err(Error::Fenced(format!("delivery {} is {was} and cannot become {state}", id.0)));
    }
    tx.sql.execute("UPDATE delivery SET state = ?2, attempts = attempts + 1, due_at = coalesce(?3, due_at), message = ?4,
             ended_at = ?5 WHERE seq = ?1", params![
            seq,
            Word(state),
            due_at.map(Time),
            message,
            state.is_terminal().then_some(Time(at)),
        ])?;
    if state.is_terminal() {
        tx.committed.left.push(id);
    }
    Ok(())
}

/// See [`crate::Write::settle_dead`].
pub(super) fn settle_dead(
    tx: &mut Tx<'_>,
    deliveries: &[DeliveryId],
    fate: Fate,
    effects: &SealedEffects,
    at: Timestamp,
) -> Result<u64, Error> {
    let (state, due_at, ended_at) = match fate {
        Fate::Again => (DeliveryState::Pending, Some(at), None),
        Fate::Drop => (DeliveryState::Dropped, None, Some(at)),
    };
    let mut places = Vec::new();
    for id in deliveries {
        places.extend(tx.sql.first(
            "UPDATE delivery SET state = ?2, due_at = coalesce(?3, due_at), ended_at = ?4
             WHERE id = ?1 AND state = ?5 RETURNING seq",
            params![
                Id(id.0),
                Word(state),
                due_at.map(Time),
                ended_at.map(Time),
                Word(DeliveryState::Undeliverable)
            ],
            |row| row.get(0).map(OutboxPlace::new),
        )?);
    }
    let settled = places.len() as u64;
    if settled > 0 {
        effects::write(tx, effects, None)?;
        if fate == Fate::Again {
            tx.committed.revived.extend(places);
        }
    }
    Ok(settled)
}

/// See [`crate::Journal::give_up`].
pub(super) fn give_up(tx: &mut Tx<'_>, over: &Over, at: Timestamp) -> Result<u64, Error> {
    let DeliveryTo { courier, address } = &over.to;
    let given_up = tx.sql.execute(
        "UPDATE delivery INDEXED BY delivery_line SET state = ?5, ended_at = ?6, message = ?7
         WHERE delivery.state = 0 AND courier = ?1 AND address = ?2 AND seq > ?3 AND id < ?4",
        params![
            courier,
            address,
            over.after.number(),
            Id(over.before.0),
            Word(DeliveryState::Undeliverable),
            Time(at),
            over.why
        ],
    )?;
    Ok(told(tx, given_up, at))
}

/// See [`crate::Journal::bound_lines`].
pub(super) fn bound_lines(tx: &mut Tx<'_>, most: u64, at: Timestamp) -> Result<u64, Error> {
    let most = i64::try_from(most).unwrap_or(i64::MAX);
    let long: Vec<(String, String, i64)> = tx.sql.all(
        "SELECT courier, address, count(*) FROM delivery INDEXED BY delivery_line
         WHERE delivery.state = 0 GROUP BY courier, address HAVING count(*) > ?1",
        [most],
        |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
    )?;
    let mut given_up = 0;
    for (courier, address, count) in long {
        let why = format!("more than {most} deliveries waited for {address}: the oldest were given up");
        given_up += tx.sql.execute(
            "UPDATE delivery SET state = ?4, ended_at = ?5, message = ?6 WHERE seq IN (
                 SELECT seq FROM delivery INDEXED BY delivery_line
                 WHERE delivery.state = 0 AND courier = ?1 AND address = ?2 ORDER BY seq LIMIT ?3)",
            params![courier, address, count - most, Word(DeliveryState::Undeliverable), Time(at), why],
        )?;
    }
    Ok(told(tx, given_up, at))
}

/// Says that deliveries were given up.
fn told(tx: &mut Tx<'_>, given_up: usize, at: Timestamp) -> u64 {
    if given_up > 0 {
        tx.event(at, EventKind::Undeliverable, None, (None, None), None);
    }
    u64::try_from(given_up).unwrap_or_default()
}

macro_rules! select_delivery {
    ($rest:literal) => {
        concat!(
            "SELECT delivery.seq, delivery.id, job.id, courier, address, delivery.state, attempts, delivery.due_at, ",
            "delivery.message, sealed FROM delivery LEFT JOIN job ON job.seq = delivery.job ",
            $rest
        )
    };
}

/// Pending deliveries after this place, in order, of one courier or of all.
pub(super) fn pending(
    conn: &Connection,
    seal: &Seal,
    sieve: &mut Sieve,
    courier: Option<&str>,
    after: OutboxPlace,
    limit: usize,
) -> Result<Listing<Delivery, OutboxPlace>, Error> {
    let sql = select_delivery!(
        "WHERE delivery.state = 0 AND delivery.seq > ?1 AND (?3 IS NULL OR courier = ?3) ORDER BY delivery.seq LIMIT ?2"
    );
    let mut select = conn.prepare_cached(sql)?;
    in_order(seal, sieve, select.query(params![after.number(), limit, courier])?, limit)
}

/// The same, to one address.
pub(super) fn line(
    conn: &Connection,
    seal: &Seal,
    sieve: &mut Sieve,
    to: &DeliveryTo,
    after: OutboxPlace,
    limit: usize,
) -> Result<Listing<Delivery, OutboxPlace>, Error> {
    let sql = select_delivery!(
        "WHERE delivery.state = 0 AND courier = ?3 AND address = ?4 AND delivery.seq > ?1 ORDER BY delivery.seq LIMIT ?2"
    );
    let mut select = conn.prepare_cached(sql)?;
    in_order(seal, sieve, select.query(params![after.number(), limit, to.courier, to.address])?, limit)
}

fn in_order(
    seal: &Seal,
    sieve: &mut Sieve,
    mut found: Rows<'_>,
    limit: usize,
) -> Result<Listing<Delivery, OutboxPlace>, Error> {
    let (mut rows, mut looked_at, mut last) = (Vec::new(), 0, None);
    while let Some(row) = found.next()? {
        let seq: i64 = row.get(0)?;
        (looked_at, last) = (looked_at + 1, Some(seq));
        let delivery = read(row).map_err(Error::from).and_then(|row| opened::delivery(seal, row));
        rows.extend(sieve.pass(|| Spot::Delivery(seq), delivery)?);
    }
    let next = last.filter(|_| looked_at >= limit).map(OutboxPlace::new);
    Ok(Listing { rows, next, damaged: sieve.damaged.clone() })
}

/// Deliveries to be looked at. One whose body alone cannot be read is there without it, and named.
fn shown(seal: &Seal, sieve: &mut Sieve, mut found: Rows<'_>) -> Result<(Vec<Delivery>, usize), Error> {
    let (mut rows, mut looked_at) = (Vec::new(), 0);
    while let Some(row) = found.next()? {
        let spot = Spot::Delivery(row.get(0)?);
        looked_at += 1;
        let Some((delivery, sealed)) = sieve.pass(|| spot.clone(), read(row))? else { continue };
        let opened = sieve.pass(|| spot, opened::delivery(seal, (delivery.clone(), sealed)))?;
        rows.push(opened.unwrap_or(delivery));
    }
    Ok((rows, looked_at))
}

/// See [`crate::Read::outbox`].
pub(super) fn list(
    conn: &Connection,
    seal: &Seal,
    sieve: &mut Sieve,
    filter: &DeliveryFilter,
    before: Option<i64>,
    limit: usize,
) -> Result<Listing<Delivery>, Error> {
    let before = before.unwrap_or(i64::MAX);
    // Those that are pending or dead have indices of their own, as long as the state is written out.
    let (index, along) = match filter.state {
        Some(DeliveryState::Pending) => ("INDEXED BY delivery_pending", "delivery.state = 0"),
        Some(DeliveryState::Undeliverable) => ("INDEXED BY delivery_dead", "delivery.state = 2"),
        Some(DeliveryState::Delivered) => ("", "delivery.state = 1"),
        Some(DeliveryState::Dropped) => ("", "delivery.state = 3"),
        None => ("", "1"),
    };
    let floor: Option<i64> = conn
        .prepare_cached(&format!(
            "SELECT seq FROM delivery {index} WHERE {along} AND seq < ?1 ORDER BY seq DESC LIMIT 1 OFFSET {LOOKED_AT}"
        ))?
        .query_row([before], |row| row.get(0))
        .optional()?;
    let mut select = conn.prepare_cached(&format!(
        "SELECT delivery.seq, delivery.id, job.id, courier, address, delivery.state, attempts, delivery.due_at,
                delivery.message, sealed
         FROM delivery {index} LEFT JOIN job ON job.seq = delivery.job
         WHERE {along} AND delivery.seq < ?1 AND delivery.seq >= ?2
           AND (?3 IS NULL OR courier = ?3) AND (?4 IS NULL OR address = ?4)
         ORDER BY delivery.seq DESC LIMIT ?5"
    ))?;
    let values = params![before, floor.unwrap_or(0), filter.courier, filter.address, limit];
    let (rows, looked_at) = shown(seal, sieve, select.query(values)?)?;
    let damaged = sieve.damaged.clone();
    let last = damaged.iter().filter_map(|row| match row.spot {
        Spot::Delivery(seq) => Some(seq),
        _ => None,
    });
    let last = last.chain(rows.iter().map(|delivery| delivery.seq.number())).min();
    Ok(Listing { next: if looked_at < limit { floor } else { last }, rows, damaged })
}

/// A job's deliveries, in order.
pub(super) fn of_job(
    conn: &Connection,
    seal: &Seal,
    sieve: &mut Sieve,
    job: JobId,
) -> Result<Vec<Delivery>, Error> {
    let sql =
        select_delivery!("WHERE delivery.job = (SELECT seq FROM job WHERE id = ?1) ORDER BY delivery.seq");
    let mut select = conn.prepare_cached(sql)?;
    Ok(shown(seal, sieve, select.query([Id(job.0)])?)?.0)
}

/// A row with its body still sealed.
fn read(row: &Row<'_>) -> rusqlite::Result<(Delivery, Vec<u8>)> {
    let delivery = Delivery {
        seq: OutboxPlace::new(row.get(0)?),
        id: DeliveryId(row.get::<_, Id>(1)?.0),
        job: row.get::<_, Option<Id>>(2)?.map(|id| JobId(id.0)),
        to: DeliveryTo { courier: row.get(3)?, address: row.get(4)? },
        body: serde_json::Value::Null,
        state: row::word(row, 5)?,
        attempts: row.get(6)?,
        due_at: row::time(row, 7)?,
        message: row.get(8)?,
    };
    Ok((delivery, row.get(9)?))
}
