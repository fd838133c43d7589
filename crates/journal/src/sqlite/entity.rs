//! Reading entities.

use model::{Entity, EntityKey};
use rusqlite::{Connection, OptionalExtension, Row, named_params, params};

use super::stretch::LOOKED_AT;
use crate::api::{EntityFilter, EntityPage};
use crate::error::Error;
use crate::place::Place;
use crate::seal::Seal;

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

/// See [`crate::Journal::find_entities`]. One state, or all of them, lead along an index of their own that holds what
/// the filter asks for; bodies are only read of what fits.
pub(super) fn find(
    conn: &Connection,
    seal: &Seal,
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
    let last: Option<String> = conn
        .prepare_cached(&format!(
            "SELECT key FROM entity INDEXED BY {index} WHERE {along} ORDER BY key LIMIT 1 OFFSET {LOOKED_AT}"
        ))?
        .query_row(named_params! { ":kind": filter.kind, ":state": state, ":after": after }, |row| row.get(0))
        .optional()?;
    let states =
        (filter.states.len() > 1).then(|| serde_json::Value::from(filter.states.clone()).to_string());
    let text = filter.text.as_ref().map(|text| text.to_lowercase());
    let mut select = conn.prepare_cached(&format!(
        "SELECT kind, key, rev, state, label, sealed FROM entity INDEXED BY {index} WHERE {along}
             AND (:last IS NULL OR key <= :last)
             AND (:states IS NULL OR state IN (SELECT value FROM json_each(:states)))
             AND (:text IS NULL OR holds(:text, key, label))
             ORDER BY key LIMIT :limit"
    ))?;
    let found = select.query_map(
        named_params! {
            ":kind": filter.kind, ":state": state, ":after": after, ":last": last, ":states": states,
            ":text": text, ":limit": limit,
        },
        read,
    )?;
    let rows: Vec<Entity> = found.map(|row| open(seal, row?)).collect::<Result<_, _>>()?;
    let next = if rows.len() < limit { last } else { rows.last().map(|entity| entity.key.key.clone()) };
    Ok(EntityPage { rows, next })
}

/// See [`crate::Journal::entity_tallies`].
pub(super) fn tallies(conn: &Connection, kind: &str) -> Result<Vec<(String, u64)>, Error> {
    let mut select = conn.prepare_cached(
        "SELECT state, entities FROM entity_tally WHERE kind = ?1 AND entities > 0 ORDER BY state",
    )?;
    Ok(select.query_map([kind], |row| Ok((row.get(0)?, row.get(1)?)))?.collect::<Result<_, _>>()?)
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
    let body =
        seal.open(&Place::entity(&entity.key, entity.rev, &entity.state, &entity.label), sealed, &what)?;
    entity.body = serde_json::from_slice(&body)
        .map_err(|error| Error::Damaged(format!("{what} is no JSON: {error}")))?;
    Ok(entity)
}
