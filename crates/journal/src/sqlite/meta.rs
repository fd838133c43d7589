//! What the journal says of itself: values by name.

use rusqlite::{Connection, OptionalExtension, params};

use crate::error::Error;
pub(super) use crate::unlock::{ID, KEY_BEFORE, KEY_CHECK, TURNED_TO};

pub(super) fn get(conn: &Connection, name: &str) -> Result<Option<Vec<u8>>, Error> {
    let mut select = conn.prepare_cached("SELECT value FROM meta WHERE name = ?1")?;
    Ok(select.query_row([name], |row| row.get(0)).optional()?)
}

pub(super) fn put(conn: &Connection, name: &str, value: &[u8]) -> Result<(), Error> {
    let mut insert = conn.prepare_cached("INSERT OR REPLACE INTO meta (name, value) VALUES (?1, ?2)")?;
    insert.execute(params![name, value])?;
    Ok(())
}

pub(super) fn remove(conn: &Connection, name: &str) -> Result<(), Error> {
    conn.prepare_cached("DELETE FROM meta WHERE name = ?1")?.execute([name])?;
    Ok(())
}
