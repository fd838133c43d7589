//! Reading entities.

use model::composed::folded;
use model::{Entity, EntityKey};
use rusqlite::types::ValueRef;
use rusqlite::{Connection, OptionalExtension, Row, Rows, named_params, params};

use crate::api::{EntityFilter, EntityPage};
use crate::damage::{Damaged, Sieve, Spot};
use crate::error::Error;
use crate::opened;
use crate::seal::Seal;
use crate::way::LOOKED_AT;

/// One entity.
pub(super) fn get(
    conn: &Connection,
    seal: &Seal,
    sieve: &mut Sieve,
    key: &EntityKey,
) -> Result<Option<Entity>, Error> {
    let found = conn
        .prepare_cached(
            "SELECT kind, key, rev, state, label, sealed FROM entity WHERE kind = ?1 AND key = ?2",
        )?
        .query_row([&key.kind, &key.key], read)
        .optional();
    let found =
        found.map_err(Error::from).and_then(|row| row.map(|row| opened::entity(seal, row)).transpose());
    // Whoever asks for it is told, and it is remembered.
    if let Err(Error::Damaged(why)) = &found {
        sieve.damaged.push(Damaged { spot: Spot::entity(key), why: why.clone() });
    }
    found
}

/// The entities of a kind, by key.
pub(super) fn list(
    conn: &Connection,
    seal: &Seal,
    sieve: &mut Sieve,
    kind: &str,
    after: Option<&str>,
    limit: usize,
) -> Result<EntityPage, Error> {
    let mut select = conn.prepare_cached(
        "SELECT kind, key, rev, state, label, sealed FROM entity WHERE kind = ?1 AND key > ?2 ORDER BY key",
    )?;
    // Keys are not empty, so that all are greater than "".
    let found = select.query(params![kind, after.unwrap_or_default()])?;
    let (rows, next) = page(seal, sieve, found, limit)?;
    Ok(EntityPage { rows, next, damaged: sieve.damaged.clone() })
}

/// The first rows, and after which key the next page begins if there may be more: one that can be read, for the
/// next page begins with it.
fn page(
    seal: &Seal,
    sieve: &mut Sieve,
    mut found: Rows<'_>,
    limit: usize,
) -> Result<(Vec<Entity>, Option<String>), Error> {
    let (mut rows, mut looked_at) = (Vec::new(), 0);
    while let Some(row) = found.next()? {
        looked_at += 1;
        let entity = read(row).map_err(Error::from).and_then(|row| opened::entity(seal, row));
        rows.extend(sieve.pass(|| spot(row), entity)?);
        if looked_at >= limit
            && let Ok(key) = row.get(1)
        {
            return Ok((rows, Some(key)));
        }
    }
    Ok((rows, None))
}

/// Where a row stands that [`read`] cannot read.
fn spot(row: &Row<'_>) -> Spot {
    let text = |column| match row.get_ref(column) {
        Ok(ValueRef::Text(bytes) | ValueRef::Blob(bytes)) => String::from_utf8_lossy(bytes).into_owned(),
        _ => String::new(),
    };
    Spot::Entity(text(0), text(1))
}

/// See [`crate::Read::find_entities`]. One state, or all of them, lead along an index of their own that holds what
/// the filter asks for; bodies are only read of what fits.
pub(super) fn find(
    conn: &Connection,
    seal: &Seal,
    sieve: &mut Sieve,
    filter: &EntityFilter,
    after: Option<&str>,
    limit: usize,
) -> Result<EntityPage, Error> {
    let after = after.unwrap_or_default();
    let (index, state) = match filter.states.as_slice() {
        [one] => ("entity_state", Some(one)),
        _ => ("entity_listed", None),
    };
    let along = match state {
        Some(_) => "kind = :kind AND state = :state AND key > :after",
        None => "kind = :kind AND :state IS NULL AND key > :after",
    };
    let last: Option<String> = first_key(
        conn.prepare_cached(&format!(
            "SELECT key FROM entity INDEXED BY {index} WHERE {along} ORDER BY key LIMIT -1 OFFSET {LOOKED_AT}"
        ))?
        .query(named_params! { ":kind": filter.kind, ":state": state, ":after": after })?,
    )?;
    let states =
        (filter.states.len() > 1).then(|| serde_json::Value::from(filter.states.clone()).to_string());
    let text = filter.text.as_deref().map(folded);
    // As a bound of its own, so that the index ends there.
    let end = if last.is_some() { "key <= :last" } else { ":last IS NULL" };
    let mut select = conn.prepare_cached(&format!(
        "SELECT kind, key, rev, state, label, sealed FROM entity INDEXED BY {index} WHERE {along}
             AND {end}
             AND (:states IS NULL OR state IN (SELECT value FROM json_each(:states)))
             AND (:text IS NULL OR holds(:text, key) OR EXISTS (SELECT 1 FROM called
                  WHERE called.kind = entity.kind AND called.key = entity.key AND instr(folded, :text)))
             ORDER BY key"
    ))?;
    let found = select.query(named_params! {
        ":kind": filter.kind, ":state": state, ":after": after, ":last": last, ":states": states, ":text": text,
    })?;
    let (rows, next) = page(seal, sieve, found, limit)?;
    Ok(EntityPage { rows, next: next.or(last), damaged: sieve.damaged.clone() })
}

/// The first key that can be read.
fn first_key(mut rows: Rows<'_>) -> Result<Option<String>, Error> {
    while let Some(row) = rows.next()? {
        if let Ok(key) = row.get(0) {
            return Ok(Some(key));
        }
    }
    Ok(None)
}

/// See [`crate::Read::entity_tallies`].
pub(super) fn tallies(conn: &Connection, kind: &str) -> Result<Vec<(String, u64)>, Error> {
    let mut select = conn.prepare_cached(
        "SELECT state, entities FROM entity_tally WHERE kind = ?1 AND entities > 0 ORDER BY state",
    )?;
    let mut rows = select.query([kind])?;
    let mut tallies = Vec::new();
    while let Some(row) = rows.next()? {
        let read = || -> rusqlite::Result<_> { Ok((row.get(0)?, row.get(1)?)) };
        // One that cannot be read is told by the check.
        tallies.extend(read().ok());
    }
    Ok(tallies)
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
