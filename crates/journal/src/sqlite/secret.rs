//! A job's secrets: kept sealed, overwritten and removed when their time has come.

use jiff::Timestamp;
use rusqlite::{Connection, params};

use super::code::Time;
use crate::error::Error;

/// Keeps them until then, for a replay.
pub(super) fn keep_until(conn: &Connection, seq: i64, at: Timestamp) -> Result<(), Error> {
    conn.prepare_cached("UPDATE secret SET scrub_at = ?2 WHERE seq = ?1")?.execute(params![seq, Time(at)])?;
    Ok(())
}

/// Overwrites and removes them. The job's own flag is the caller's business.
pub(super) fn erase(conn: &Connection, seq: i64) -> Result<(), Error> {
    conn.prepare_cached("UPDATE secret SET sealed = zeroblob(length(sealed)) WHERE seq = ?1")?
        .execute([seq])?;
    conn.prepare_cached("DELETE FROM secret WHERE seq = ?1")?.execute([seq])?;
    Ok(())
}
