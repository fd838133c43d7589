//! Deliveries: how they went, and which are to be made.

use jiff::Timestamp;
use model::{Delivery, DeliveryId, DeliveryState, DeliveryTo, JobId};
use rusqlite::{Connection, Row, params};

use super::code::{Id, Time, Word};
use super::row;
use super::tx::Tx;
use crate::change::Mark;
use crate::error::Error;
use crate::seal::{Place, Seal};

/// Records how a delivery went.
pub(super) fn mark(tx: &mut Tx<'_>, id: DeliveryId, mark: &Mark, at: Timestamp) -> Result<(), Error> {
    let found = tx.sql.first("SELECT seq, state FROM delivery WHERE id = ?1", [Id(id.0)], |row| {
        Ok((row.get::<_, i64>(0)?, row::word::<DeliveryState>(row, 1)?))
    })?;
    let Some((seq, was)) = found else { return Err(Error::Missing(format!("delivery {}", id.0))) };
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
    // An undeliverable one that is tried again has to be found by the outbox.
    tx.committed.deliveries |= was.is_terminal();
    Ok(())
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

/// Pending deliveries after this place, in order.
pub(super) fn pending(
    conn: &Connection,
    seal: &Seal,
    after: i64,
    limit: usize,
) -> Result<Vec<Delivery>, Error> {
    let sql =
        select_delivery!("WHERE delivery.state = 0 AND delivery.seq > ?1 ORDER BY delivery.seq LIMIT ?2");
    let mut select = conn.prepare_cached(sql)?;
    let rows = select.query_map(params![after, limit], read)?;
    rows.map(|row| open(seal, row?)).collect()
}

/// A job's deliveries, in order.
pub(super) fn of_job(conn: &Connection, seal: &Seal, job: JobId) -> Result<Vec<Delivery>, Error> {
    let sql =
        select_delivery!("WHERE delivery.job = (SELECT seq FROM job WHERE id = ?1) ORDER BY delivery.seq");
    let mut select = conn.prepare_cached(sql)?;
    let rows = select.query_map([Id(job.0)], read)?;
    rows.map(|row| open(seal, row?)).collect()
}

/// A row with its body still sealed.
fn read(row: &Row<'_>) -> rusqlite::Result<(Delivery, Vec<u8>)> {
    let delivery = Delivery {
        seq: row.get(0)?,
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

fn open(seal: &Seal, (mut delivery, sealed): (Delivery, Vec<u8>)) -> Result<Delivery, Error> {
    let what = format!("the body of delivery {}", delivery.id.0);
    let body = seal.open(&Place::delivery(delivery.id), sealed, &what)?;
    delivery.body = serde_json::from_slice(&body)
        .map_err(|error| Error::Damaged(format!("{what} is no JSON: {error}")))?;
    Ok(delivery)
}
