//! Reading entities.

use model::{Entity, EntityKey};
use rusqlite::{Connection, OptionalExtension, Row, params};

use crate::error::Error;
use crate::seal::{Place, Seal};

/// One entity.
pub(super) fn get(conn: &Connection, seal: &Seal, key: &EntityKey) -> Result<Option<Entity>, Error> {
    let found = conn
        .prepare_cached(
            "SELECT kind, key, rev, state, label, sealed FROM entity WHERE kind = ?1 AND key = ?2",
        )?
        .query_row([&key.kind, &key.key], read)
        .optional()?;
    found.map(|row| open(seal, row)).transpose()
}

/// The entities of a kind, by key.
pub(super) fn list(
    conn: &Connection,
    seal: &Seal,
    kind: &str,
    after: Option<&str>,
    limit: usize,
) -> Result<Vec<Entity>, Error> {
    let mut select = conn.prepare_cached(
        "SELECT kind, key, rev, state, label, sealed FROM entity WHERE kind = ?1 AND key > ?2 ORDER BY key LIMIT ?3",
    )?;
    // Keys are not empty, so that all are greater than "".
    let rows = select.query_map(params![kind, after.unwrap_or_default(), limit], read)?;
    rows.map(|row| open(seal, row?)).collect()
}

/// A row with its body still sealed.
fn read(row: &Row<'_>) -> rusqlite::Result<(Entity, Vec<u8>)> {
    let entity = Entity {
        key: EntityKey { kind: row.get(0)?, key: row.get(1)? },
        rev: row.get(2)?,
        state: row.get(3)?,
        label: row.get(4)?,
        body: serde_json::Value::Null,
    };
    Ok((entity, row.get(5)?))
}

fn open(seal: &Seal, (mut entity, sealed): (Entity, Vec<u8>)) -> Result<Entity, Error> {
    let what = format!("the body of {} {}", entity.key.kind, entity.key.key);
    let body = seal.open(&Place::entity(&entity.key, entity.rev), sealed, &what)?;
    entity.body = serde_json::from_slice(&body)
        .map_err(|error| Error::Damaged(format!("{what} is no JSON: {error}")))?;
    Ok(entity)
}
