//! Deliveries: which are to be made, and how they went.

use model::{Delivery, DeliveryState, DeliveryTo, JobId, OutboxPlace};
use tokio_postgres::Row;

use super::query::{Query, can_be};
use super::row::{self, get};
use super::session::Session;
use crate::api::{DeliveryFilter, Listing};
use crate::damage::{Sieve, Spot};
use crate::error::Error;
use crate::opened;
use crate::seal::Seal;

/// A page looks at so many deliveries at most.
const LOOKED_AT: i64 = 5_000;

/// The columns that [`row::delivery`] reads.
const DELIVERY: &str = "seq, id, job, courier, address, state, attempts, due_at, message, sealed";

/// Pending deliveries after this place, in order, of one courier or of all.
pub(super) async fn pending(
    sql: &Session,
    seal: &Seal,
    sieve: &mut Sieve,
    courier: Option<&String>,
    after: i64,
    limit: usize,
) -> Result<Listing<Delivery, OutboxPlace>, Error> {
    if !courier.is_none_or(|courier| can_be(courier)) {
        return in_order(seal, sieve, &[], limit);
    }
    let mut query = Query::default();
    query.is("state = 0 AND placed");
    query.fits("seq > {}", Some(&after));
    query.fits("courier = {}", courier);
    let conditions = query.conditions();
    let select = format!("SELECT {DELIVERY} FROM delivery WHERE {conditions} ORDER BY seq LIMIT {limit}");
    in_order(seal, sieve, &query.all(sql, &select).await?, limit)
}

/// The same, to one address.
pub(super) async fn line(
    sql: &Session,
    seal: &Seal,
    sieve: &mut Sieve,
    DeliveryTo { courier, address }: &DeliveryTo,
    after: i64,
    limit: usize,
) -> Result<Listing<Delivery, OutboxPlace>, Error> {
    if !can_be(courier) || !can_be(address) {
        return in_order(seal, sieve, &[], limit);
    }
    let select = format!(
        "SELECT {DELIVERY} FROM delivery WHERE state = 0 AND placed AND (courier, md5(address), seq) > ($1, md5($2), $3)
         AND (courier, md5(address)) <= ($1, md5($2)) AND address = $2
         ORDER BY courier, md5(address), seq LIMIT {limit}"
    );
    in_order(seal, sieve, &sql.all(&select, &[courier, address, &after]).await?, limit)
}

fn in_order(
    seal: &Seal,
    sieve: &mut Sieve,
    found: &[Row],
    limit: usize,
) -> Result<Listing<Delivery, OutboxPlace>, Error> {
    let mut rows = Vec::with_capacity(found.len());
    for row in found {
        let seq: i64 = get(row, 0)?;
        let delivery = row::delivery(row).and_then(|row| opened::delivery(seal, row));
        rows.extend(sieve.pass(|| Spot::Delivery(seq), delivery)?);
    }
    let last = found.last().filter(|_| found.len() >= limit);
    let next = last.map(|row| get(row, 0).map(OutboxPlace::new)).transpose()?;
    Ok(Listing { rows, next, damaged: sieve.damaged.clone() })
}

/// Deliveries to be looked at. One whose body alone cannot be read is there without it, and named.
fn shown(seal: &Seal, sieve: &mut Sieve, found: &[Row]) -> Result<Vec<Delivery>, Error> {
    let mut rows = Vec::with_capacity(found.len());
    for row in found {
        let spot = Spot::Delivery(get(row, 0)?);
        let Some((delivery, sealed)) = sieve.pass(|| spot.clone(), row::delivery(row))? else { continue };
        let opened = sieve.pass(|| spot, opened::delivery(seal, (delivery.clone(), sealed)))?;
        rows.push(opened.unwrap_or(delivery));
    }
    Ok(rows)
}

/// See [`crate::Read::outbox`].
pub(super) async fn list(
    sql: &Session,
    seal: &Seal,
    sieve: &mut Sieve,
    filter: &DeliveryFilter,
    before: Option<i64>,
    limit: usize,
) -> Result<Listing<Delivery>, Error> {
    if ![&filter.courier, &filter.address].into_iter().flatten().all(|text| can_be(text)) {
        return Ok(Listing { rows: Vec::new(), next: None, damaged: Vec::new() });
    }
    let before = before.unwrap_or(i64::MAX);
    // Those that are pending or dead have indices of their own, as long as the state is written out.
    let along = match filter.state {
        Some(DeliveryState::Pending) => "state = 0",
        Some(DeliveryState::Undeliverable) => "state = 2",
        Some(DeliveryState::Delivered) => "state = 1",
        Some(DeliveryState::Dropped) => "state = 3",
        None => "true",
    };
    let ahead = format!(
        "SELECT seq FROM delivery WHERE {along} AND seq < $1 ORDER BY seq DESC LIMIT 1 OFFSET {LOOKED_AT}"
    );
    let floor: Option<i64> = sql.first(&ahead, &[&before]).await?.map(|row| get(&row, 0)).transpose()?;
    let mut query = Query::default();
    query.is(along);
    query.fits("seq < {}", Some(&before));
    query.fits("seq >= {}", floor.as_ref());
    query.fits("courier = {}", filter.courier.as_ref());
    query.fits("address = {}", filter.address.as_ref());
    let conditions = query.conditions();
    let select =
        format!("SELECT {DELIVERY} FROM delivery WHERE {conditions} ORDER BY seq DESC LIMIT {limit}");
    let found = query.all(sql, &select).await?;
    let rows = shown(seal, sieve, &found)?;
    let last = found.last().map(|row| get(row, 0)).transpose()?;
    let next = if found.len() < limit { floor } else { last };
    Ok(Listing { next, rows, damaged: sieve.damaged.clone() })
}

/// A job's deliveries, in order.
pub(super) async fn of_job(
    sql: &Session,
    seal: &Seal,
    sieve: &mut Sieve,
    job: JobId,
) -> Result<Vec<Delivery>, Error> {
    let select = format!("SELECT {DELIVERY} FROM delivery WHERE job = $1 ORDER BY job, seq");
    shown(seal, sieve, &sql.all(&select, &[&job.0]).await?)
}
