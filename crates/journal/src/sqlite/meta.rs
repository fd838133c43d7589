//! What the journal says of itself: values by name.

use rusqlite::{Connection, OptionalExtension, params};

use crate::error::Error;

/// The journal's id.
pub(super) const ID: &str = "id";
/// By what the key that seals is recognised.
pub(super) const KEY_CHECK: &str = "key_check";
/// The same of the key that rows have which are not yet sealed anew, sealed; absent when there are none.
pub(super) const KEY_BEFORE: &str = "key_before";
/// The key of keyed hashes made before the last change of key, sealed.
pub(super) const DIGEST_BEFORE: &str = "digest_before";
/// How far sealing anew has come.
pub(super) const TURNED_TO: &str = "turned_to";

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
