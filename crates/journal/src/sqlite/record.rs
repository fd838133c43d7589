//! Records (refusals, audit) and events: appended, listed, bounded.

use model::{Event, EventKind, Record, RecordKind};
use rusqlite::{Connection, OptionalExtension, params};

use super::code::{Time, Word};
use super::row;
use super::tx::Tx;
use crate::api::RecordBody;
use crate::change::NewRecord;
use crate::error::Error;
use crate::seal::{Place, Seal};

/// Appends a record whose body is sealed already; a refusal is an event, too.
pub(super) fn append(tx: &mut Tx<'_>, record: &NewRecord, sealed: &[u8]) -> Result<i64, Error> {
    let seq = tx.numbers.record + 1;
    tx.sql.execute(
        "INSERT INTO record (seq, kind, at, who, what, code, message, sealed)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        params![
            seq,
            Word(record.kind),
            Time(record.at),
            record.who,
            record.what,
            record.code.as_str(),
            record.message,
            sealed,
        ],
    )?;
    tx.numbers.record = seq;
    if record.kind == RecordKind::Refusal {
        tx.event(record.at, EventKind::Refused, None, (None, None), Some(record.code.clone()));
    }
    Ok(seq)
}

/// Records of a kind, newest first.
pub(super) fn list(
    conn: &Connection,
    kind: RecordKind,
    before: Option<i64>,
    limit: usize,
) -> Result<Vec<Record>, Error> {
    let mut select = conn.prepare_cached(
        "SELECT seq, kind, at, who, what, code, message FROM record INDEXED BY record_kind
         WHERE kind = ?1 AND seq < ?2 ORDER BY seq DESC LIMIT ?3",
    )?;
    let rows = select.query_map(params![Word(kind), before.unwrap_or(i64::MAX), limit], row::record)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// A record with its body.
pub(super) fn get(conn: &Connection, seal: &Seal, seq: i64) -> Result<Option<RecordBody>, Error> {
    let found = conn
        .prepare_cached("SELECT seq, kind, at, who, what, code, message, sealed FROM record WHERE seq = ?1")?
        .query_row([seq], |row| Ok((row::record(row)?, row.get(7)?)))
        .optional()?;
    let Some((record, sealed)) = found else { return Ok(None) };
    let Record { kind, at, who, what, code, message, .. } = &record;
    let place = Place::record(*kind, *at, who, what.as_deref(), code, message);
    let body = seal.open(&place, sealed, &format!("the body of record {seq}"))?;
    Ok(Some((record, body)))
}

/// Events after this place, in order.
pub(super) fn events(conn: &Connection, after: i64, limit: usize) -> Result<Vec<Event>, Error> {
    let mut select = conn.prepare_cached(
        "SELECT seq, at, kind, job, step, attempt, code FROM event WHERE seq > ?1 ORDER BY seq LIMIT ?2",
    )?;
    let rows = select.query_map(params![after, limit], row::event)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// The place of the last event ever written, pruned or not.
pub(super) fn last_event(conn: &Connection) -> Result<i64, Error> {
    let sql =
        "SELECT max((SELECT coalesce(max(seq), 0) FROM event), (SELECT seq FROM floor WHERE name = 'event'))";
    Ok(conn.prepare_cached(sql)?.query_row([], |row| row.get(0))?)
}
