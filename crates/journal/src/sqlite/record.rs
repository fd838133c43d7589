//! Records (refusals, audit) and events: appended, listed, bounded.

use model::composed::folded;
use model::{Event, EventKind, EventSeq, EventsCursor, Record, RecordKind};
use rusqlite::{Connection, OptionalExtension, named_params, params};

use super::code::{Time, Word};
use super::number;
use super::row;
use super::tx::Tx;
use crate::api::{Listing, Match, RecordBody, RecordFilter};
use crate::damage::{Sieve, Spot};
use crate::error::Error;
use crate::opened;
use crate::seal::Seal;
use crate::sealed::SealedRecord;

/// A page looks at so many records of its kind at most.
const LOOKED_AT: usize = 10_000;

/// Appends a record; a refusal is an event, too.
pub(super) fn append(tx: &mut Tx<'_>, SealedRecord { record, body }: &SealedRecord) -> Result<i64, Error> {
    let seq = tx.numbers.record + 1;
    tx.sql.execute(
        "INSERT INTO record (seq, kind, at, who, what, code, message, sealed, settled)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
        params![
            seq,
            Word(record.kind),
            Time(record.at),
            record.who,
            record.what,
            record.code.as_str(),
            record.message,
            body,
            (record.kind == RecordKind::Refusal).then_some(0),
        ],
    )?;
    tx.numbers.record = seq;
    if record.kind == RecordKind::Refusal {
        tx.event(record.at, EventKind::Refused, None, (None, None), Some(record.code.clone()));
    }
    Ok(seq)
}

/// See [`crate::Keep::amend_refusal`].
pub(super) fn amend(tx: &mut Tx<'_>, seq: i64, sealed: &SealedRecord) -> Result<(), Error> {
    let refusal = Word(RecordKind::Refusal);
    tx.sql.execute(
        "UPDATE record SET sealed = zeroblob(length(sealed)) WHERE seq = ?1 AND kind = ?2",
        params![seq, refusal],
    )?;
    tx.sql.execute(
        "UPDATE record SET message = ?3, sealed = ?4 WHERE seq = ?1 AND kind = ?2",
        params![seq, refusal, sealed.record.message, sealed.body],
    )?;
    Ok(())
}

/// See [`crate::Read::refusals`].
pub(super) fn refusals(
    conn: &Connection,
    sieve: &mut Sieve,
    after: i64,
    limit: usize,
) -> Result<Vec<Record>, Error> {
    let mut select = conn.prepare_cached(
        "SELECT seq, kind, at, who, what, code, message FROM record INDEXED BY record_kind
         WHERE kind = ?1 AND seq > ?2 ORDER BY seq LIMIT ?3",
    )?;
    let mut found = select.query(params![Word(RecordKind::Refusal), after, limit])?;
    let mut refusals = Vec::new();
    while let Some(row) = found.next()? {
        let seq = row.get(0)?;
        refusals.extend(sieve.pass(|| Spot::Record(seq), row::record(row))?);
    }
    Ok(refusals)
}

/// See [`crate::Read::records`].
pub(super) fn list(
    conn: &Connection,
    sieve: &mut Sieve,
    filter: &RecordFilter,
    before: Option<i64>,
    limit: usize,
) -> Result<Listing<Record>, Error> {
    let before = before.unwrap_or(i64::MAX);
    let floor = floor(conn, filter.kind, before)?;
    let (what, prefix) = match &filter.what {
        None => (None, None),
        Some(Match::Is(what)) => (Some(what), None),
        Some(Match::Begins(prefix)) => (None, Some(prefix)),
    };
    let mut select = conn.prepare_cached(
        "SELECT seq, kind, at, who, what, code, message FROM record INDEXED BY record_kind
         WHERE kind = :kind AND seq < :before AND seq >= :floor
           AND (:who IS NULL OR who = :who)
           AND (:what IS NULL OR what = :what)
           AND (:prefix IS NULL OR substr(what, 1, length(:prefix)) = :prefix)
           AND (:code IS NULL OR code = :code)
           AND (:text IS NULL OR holds(:text, who, what, message))
           AND (:since IS NULL OR at >= :since)
           AND (:until IS NULL OR at < :until)
           AND (:dead IS NULL OR settled = 0)
         ORDER BY seq DESC LIMIT :limit",
    )?;
    let mut found = select.query(named_params! {
        ":kind": Word(filter.kind),
        ":before": before,
        ":floor": floor.unwrap_or(0),
        ":who": filter.who,
        ":what": what,
        ":prefix": prefix,
        ":code": filter.code,
        ":text": filter.text.as_deref().map(folded),
        ":since": filter.since.map(Time),
        ":until": filter.until.map(Time),
        ":dead": filter.dead.then_some(1),
        ":limit": limit,
    })?;
    let (mut rows, mut looked_at, mut last) = (Vec::new(), 0, None);
    while let Some(row) = found.next()? {
        let seq: i64 = row.get(0)?;
        (looked_at, last) = (looked_at + 1, Some(seq));
        rows.extend(sieve.pass(|| Spot::Record(seq), row::record(row))?);
    }
    let next = if looked_at < limit { floor } else { last };
    Ok(Listing { rows, next, damaged: sieve.damaged.clone() })
}

/// The last record that a page before this place looks at, if there are more.
fn floor(conn: &Connection, kind: RecordKind, before: i64) -> Result<Option<i64>, Error> {
    let mut select = conn.prepare_cached(
        "SELECT seq FROM record INDEXED BY record_kind WHERE kind = ?1 AND seq < ?2
         ORDER BY seq DESC LIMIT 1 OFFSET ?3",
    )?;
    Ok(select.query_row(params![Word(kind), before, LOOKED_AT - 1], |row| row.get(0)).optional()?)
}

/// A record with its body.
pub(super) fn get(conn: &Connection, seal: &Seal, seq: i64) -> Result<Option<RecordBody>, Error> {
    let found = conn
        .prepare_cached("SELECT seq, kind, at, who, what, code, message, sealed FROM record WHERE seq = ?1")?
        .query_row([seq], |row| Ok((row::record(row)?, row.get(7)?)))
        .optional()?;
    let Some((record, sealed)) = found else { return Ok(None) };
    opened::record(seal, record, sealed).map(Some)
}

/// Events behind this position, in order: they are numbered as they are committed.
pub(super) fn events(
    conn: &Connection,
    sieve: &mut Sieve,
    after: &EventsCursor,
    limit: usize,
) -> Result<Listing<Event, EventsCursor>, Error> {
    let mut select = conn.prepare_cached(
        "SELECT seq, at, kind, job, step, attempt, code FROM event
         WHERE seq > ?1 AND seq < ?3 ORDER BY seq LIMIT ?2",
    )?;
    let mut found = select.query(params![after.number(EventSeq::ALONE), limit, number::NEVER])?;
    let (mut rows, mut looked_at, mut last) = (Vec::new(), 0, None);
    while let Some(row) = found.next()? {
        let seq: i64 = row.get(0)?;
        (looked_at, last) = (looked_at + 1, Some(seq));
        rows.extend(sieve.pass(|| Spot::Event(seq), row::event(row))?);
    }
    let next = last.filter(|_| looked_at >= limit).map(|seq| after.clone().join(&behind(seq)));
    Ok(Listing { rows, next, damaged: sieve.damaged.clone() })
}

fn behind(seq: i64) -> EventsCursor {
    EventsCursor::behind(EventSeq::new(seq))
}

/// The position behind the last event ever written, pruned or not.
pub(super) fn last_event(conn: &Connection) -> Result<EventsCursor, Error> {
    let sql = "SELECT max((SELECT coalesce(max(seq), 0) FROM event WHERE seq < ?1),
                          (SELECT seq FROM floor WHERE name = 'event'))";
    Ok(conn.prepare_cached(sql)?.query_row([number::NEVER], |row| row.get(0).map(behind))?)
}
