//! The bound in bytes: what is oldest goes first, be it jobs, refusals, messages or ended deliveries. Who changed what stays.
//!
//! What counts is what rows hold, with what their indices take, and not how large PostgreSQL's files are: they do not become
//! smaller when rows are removed, but have room for others then. If the files counted, each pruning would remove once more
//! what the one before has removed already. The files stay as large as they have ever been, a little more than the bound.

use jiff::Timestamp;
use model::RecordKind;
use uuid::Uuid;

use super::{BATCH, Cursor, candidates, remove_free, remove_jobs};
use crate::change::Pruned;
use crate::error::Error;
use crate::postgres::row::{self, code_of, get};
use crate::postgres::session::Session;
use crate::postgres::tx::Tx;

/// So many jobs are removed in one commit: what is in use is found out before each.
const JOBS: i64 = 32;
/// So many pages of a table are looked at, chosen by chance, where it has more.
const PAGES: f64 = 256.0;

/// The tables that may grow: what a row of each holds in bytes, with what it takes in indices.
const TABLES: [(&str, &str); 11] = [
    ("live", "300 + pg_column_size(live.*)"),
    ("done", "300 + pg_column_size(done.*)"),
    ("body", "120 + pg_column_size(sealed)"),
    ("secret", "120 + pg_column_size(sealed)"),
    ("reply", "160 + pg_column_size(sealed)"),
    ("external", "200 + pg_column_size(external.*)"),
    ("attempt", "200 + coalesce(pg_column_size(message), 0) + coalesce(pg_column_size(sealed), 0)"),
    (
        "delivery",
        "300 + pg_column_size(address) + coalesce(pg_column_size(message), 0) + pg_column_size(sealed)",
    ),
    ("entity", "200 + pg_column_size(key) + pg_column_size(label) + pg_column_size(sealed)"),
    ("record", "200 + pg_column_size(message) + pg_column_size(sealed)"),
    ("event", "60 + pg_column_size(event.*)"),
];

/// Whether more bytes than this are in use. Large tables are judged by some of their pages.
pub(in crate::postgres) async fn is_over(sql: &Session, most: u64) -> Result<bool, Error> {
    let names: Vec<&str> = TABLES.iter().map(|(name, _)| *name).collect();
    let files = "SELECT name, (pg_relation_size(name::regclass) / current_setting('block_size')::bigint),
                pg_total_relation_size(name::regclass) FROM unnest($1::text[]) AS tables (name)";
    let (mut pages, mut all) = (Vec::new(), 0_i64);
    for row in &sql.all(files, &[&names]).await? {
        pages.push((get::<String>(row, 0)?, get::<i64>(row, 1)?));
        all = all.saturating_add(get(row, 2)?);
    }
    if all.max(0).unsigned_abs() <= most {
        return Ok(false);
    }
    let mut bytes: u64 = 0;
    for (name, holds) in TABLES {
        let pages = pages.iter().find(|(of, _)| of == name).map_or(1, |(_, pages)| (*pages).max(1));
        let pages = f64::from(i32::try_from(pages).unwrap_or(i32::MAX));
        let percent = (100.0 * PAGES / pages).min(100.0);
        let select = format!(
            "SELECT (coalesce(sum({holds}), 0) * 100 / $1::float8)::bigint FROM {name} TABLESAMPLE SYSTEM ($1::float8)"
        );
        let found: i64 = get(&sql.one(&select, &[&percent]).await?, 0)?;
        bytes = bytes.saturating_add(found.max(0).unsigned_abs());
    }
    Ok(bytes > most)
}

/// Removes some of what is oldest, when too many bytes are in use.
pub(super) async fn step(tx: &mut Tx, mut pruned: Pruned, at: Timestamp) -> Result<Cursor, Error> {
    let found = candidates(tx, 0, at, JOBS).await?;
    let (record, delivery) = (oldest_record(tx).await?, oldest_delivery(tx).await?);
    let other = record.into_iter().chain(delivery).min();
    // As far as nothing else is older.
    let is_oldest =
        |ended_at: Option<Timestamp>| ended_at.is_some_and(|at| other.is_none_or(|other| at <= other));
    let going: Vec<Uuid> =
        found.into_iter().take_while(|(job, _)| is_oldest(job.ended_at)).map(|(_, id)| id).collect();
    if !going.is_empty() {
        remove_jobs(tx, going, &mut pruned, at).await?;
    } else if other.is_none() {
        return Ok(Cursor::Done(Pruned { over: true, ..pruned }));
    } else if other == record {
        let oldest = format!(
            "DELETE FROM record WHERE seq IN (SELECT seq FROM record WHERE kind <> $1 ORDER BY seq LIMIT {BATCH})"
        );
        tx.execute(&oldest, &[&code_of(RecordKind::Audit)]).await?;
    } else {
        remove_free(tx, BATCH).await?;
    }
    Ok(Cursor::Size(pruned))
}

async fn oldest_record(tx: &Tx) -> Result<Option<Timestamp>, Error> {
    let oldest = "SELECT at FROM record WHERE kind <> $1 ORDER BY seq LIMIT 1";
    let found = tx.first(oldest, &[&code_of(RecordKind::Audit)]).await?;
    found.map(|row| row::time(&row, 0)).transpose()
}

async fn oldest_delivery(tx: &Tx) -> Result<Option<Timestamp>, Error> {
    let oldest = "SELECT ended_at FROM delivery WHERE job IS NULL AND ended_at IS NOT NULL
         ORDER BY ended_at LIMIT 1";
    tx.first(oldest, &[]).await?.map(|row| row::time(&row, 0)).transpose()
}
