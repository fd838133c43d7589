//! A job's secrets: kept sealed, overwritten and removed when their time has come.

use jiff::Timestamp;
use rusqlite::params;

use super::code::Time;
use super::statements::Statements;
use crate::error::Error;

/// Keeps them until then, for a replay.
pub(super) fn keep_until(sql: &Statements<'_>, seq: i64, at: Timestamp) -> Result<(), Error> {
    sql.execute("UPDATE secret SET scrub_at = ?2 WHERE seq = ?1", params![seq, Time(at)])?;
    Ok(())
}

/// Overwrites and removes those of the jobs from this one to that one. The jobs' own flags are the caller's business.
pub(super) fn erase(sql: &Statements<'_>, first: i64, last: i64) -> Result<(), Error> {
    sql.execute(
        "UPDATE secret SET sealed = zeroblob(length(sealed)) WHERE seq BETWEEN ?1 AND ?2",
        [first, last],
    )?;
    sql.execute("DELETE FROM secret WHERE seq BETWEEN ?1 AND ?2", [first, last])?;
    Ok(())
}
