//! The bound in bytes: what is oldest goes first, be it jobs, refusals, messages or ended deliveries. Who changed what stays.

use jiff::Timestamp;
use model::RecordKind;
use rusqlite::params;

use super::super::code::Word;
use super::super::open::PAGE;
use super::super::row;
use super::super::tx::Tx;
use super::{BATCH, Cursor, Found, candidates, remove_free, remove_jobs};
use crate::change::Pruned;
use crate::error::Error;

/// Removes some of what is oldest, if too many bytes are in use.
pub(super) fn step(
    tx: &mut Tx<'_>,
    after: i64,
    mut pruned: Pruned,
    most: u64,
    at: Timestamp,
) -> Result<Cursor, Error> {
    if bytes_in_use(tx)? <= most {
        return Ok(Cursor::Done(pruned));
    }
    let found = candidates(tx, after, at)?;
    let live = found.iter().take_while(|(job, _)| job.ended_at.is_none()).count();
    let (live, ended) = found.split_at(live);
    if let (Some((last, _)), true) = (live.last(), ended.is_empty()) {
        return Ok(Cursor::Size(last.seq, pruned));
    }
    let (record, delivery) = (oldest_record(tx)?, oldest_delivery(tx)?);
    let other = record.into_iter().chain(delivery).min();
    // Those that lie one behind the other go at once, as far as nothing else is older.
    let is_oldest =
        |(job, _): &&Found| job.ended_at.is_some_and(|ended_at| other.is_none_or(|other| ended_at <= other));
    let ended: Vec<&Found> = ended.iter().take_while(is_oldest).collect();
    if !ended.is_empty() {
        remove_jobs(tx, ended.into_iter(), &mut pruned, at)?;
    } else if other.is_none() {
        return Ok(Cursor::Done(Pruned { over: true, ..pruned }));
    } else if other == record {
        tx.sql.execute(
            "DELETE FROM record WHERE seq IN (SELECT seq FROM record WHERE kind <> ?1 ORDER BY seq LIMIT ?2)",
            params![Word(RecordKind::Audit), BATCH],
        )?;
    } else {
        remove_free(tx, BATCH)?;
    }
    Ok(Cursor::Size(after, pruned))
}

fn bytes_in_use(tx: &Tx<'_>) -> Result<u64, Error> {
    let pages: u64 = tx.sql.one(
        "SELECT page_count - freelist_count FROM pragma_page_count, pragma_freelist_count",
        [],
        |row| row.get(0),
    )?;
    Ok(pages.saturating_mul(PAGE.into()))
}

fn oldest_record(tx: &Tx<'_>) -> Result<Option<Timestamp>, Error> {
    let sql = "SELECT at FROM record WHERE kind <> ?1 ORDER BY seq LIMIT 1";
    Ok(tx.sql.first(sql, params![Word(RecordKind::Audit)], |row| row::time(row, 0))?)
}

fn oldest_delivery(tx: &Tx<'_>) -> Result<Option<Timestamp>, Error> {
    let sql = "SELECT ended_at FROM delivery INDEXED BY delivery_free
               WHERE job IS NULL AND ended_at IS NOT NULL ORDER BY ended_at LIMIT 1";
    Ok(tx.sql.first(sql, [], |row| row::time(row, 0))?)
}
