//! Reading entities.

use model::composed::folded;
use model::{Entity, EntityKey};
use tokio_postgres::Row;

use super::query::{Query, can_be};
use super::row::{self, get};
use super::session::Session;
use crate::api::{EntityFilter, EntityPage};
use crate::damage::{Damaged, Sieve, Spot};
use crate::error::Error;
use crate::opened;
use crate::seal::Seal;
use crate::text::contains;
use crate::way::LOOKED_AT;

/// Keys and labels are looked at in so many entities at a time.
const CHUNK: usize = 1_000;
/// The columns that [`row::entity`] reads.
pub(super) const ENTITY: &str = "kind, key, rev, state, label, sealed";

/// One entity.
pub(super) async fn one(
    sql: &Session,
    seal: &Seal,
    sieve: &mut Sieve,
    key: &EntityKey,
) -> Result<Option<Entity>, Error> {
    if !can_be(&key.kind) || !can_be(&key.key) {
        return Ok(None);
    }
    let select = format!("SELECT {ENTITY} FROM entity WHERE kind = $1 AND key = $2");
    let found = sql.first(&select, &[&key.kind, &key.key]).await?;
    let found = found.map(|row| read(seal, &row)).transpose();
    // Whoever asks for it is told, and it is remembered.
    if let Err(Error::Damaged(why)) = &found {
        sieve.damaged.push(Damaged { spot: Spot::entity(key), why: why.clone() });
    }
    found
}

fn read(seal: &Seal, row: &Row) -> Result<Entity, Error> {
    row::entity(row).and_then(|row| opened::entity(seal, row))
}

/// Entities, as far as they can be read.
fn opened(seal: &Seal, sieve: &mut Sieve, found: &[Row]) -> Result<Vec<Entity>, Error> {
    let mut rows = Vec::with_capacity(found.len());
    for row in found {
        let spot = Spot::Entity(get(row, 0)?, get(row, 1)?);
        rows.extend(sieve.pass(|| spot, read(seal, row))?);
    }
    Ok(rows)
}

/// The entities of a kind, by key.
pub(super) async fn list(
    sql: &Session,
    seal: &Seal,
    sieve: &mut Sieve,
    kind: &str,
    after: Option<&str>,
    limit: usize,
) -> Result<EntityPage, Error> {
    if !can_be(kind) || !after.is_none_or(can_be) {
        return Ok(nothing());
    }
    // Keys are not empty, so that all are greater than "".
    let select = format!(
        "SELECT {ENTITY} FROM entity WHERE kind <= $1 AND (kind, key) > ($1, $2)
         ORDER BY kind, key LIMIT {limit}"
    );
    let found = sql.all(&select, &[&kind, &after.unwrap_or_default()]).await?;
    let next = found.last().filter(|_| found.len() >= limit).map(|row| get(row, 1)).transpose()?;
    Ok(EntityPage { rows: opened(seal, sieve, &found)?, next, damaged: sieve.damaged.clone() })
}

/// See [`crate::Read::find_entities`]. One state, or all of them, lead along an index; bodies are only read of what fits.
pub(super) async fn find(
    sql: &Session,
    seal: &Seal,
    sieve: &mut Sieve,
    filter: &EntityFilter,
    after: Option<&str>,
    limit: usize,
) -> Result<EntityPage, Error> {
    let states = filter.states.iter().map(String::as_str);
    if !states.chain(after).chain([filter.kind.as_str()]).all(can_be) {
        return Ok(nothing());
    }
    let text = filter.text.as_deref().map(folded);
    let fits = |row: &&Row| {
        let holds =
            |column| text.as_ref().is_none_or(|text| get(row, column).is_ok_and(|it| contains(it, text)));
        holds(0) || holds(1)
    };
    let (mut keys, mut looked_at) = (Vec::<String>::new(), 0);
    let mut after = after.unwrap_or_default().to_owned();
    // After which key the next page begins, if there may be more.
    let next = loop {
        let rows = keys_after(sql, filter, &after).await?;
        let mut found = rows.iter().filter(fits).map(|row| get(row, 0));
        for key in found.by_ref().take(limit - keys.len()) {
            keys.push(key?);
        }
        looked_at += rows.len();
        let Some(last) = rows.last() else { break None };
        if keys.len() >= limit {
            break keys.last().cloned();
        }
        if rows.len() < CHUNK {
            break None;
        }
        after = get(last, 0)?;
        if looked_at >= usize::try_from(LOOKED_AT).unwrap_or(usize::MAX) {
            break Some(after);
        }
    };
    let select = format!("SELECT {ENTITY} FROM entity WHERE kind = $1 AND key = ANY($2) ORDER BY kind, key");
    let found = sql.all(&select, &[&filter.kind, &keys]).await?;
    Ok(EntityPage { rows: opened(seal, sieve, &found)?, next, damaged: sieve.damaged.clone() })
}

/// A page without any.
fn nothing() -> EntityPage {
    EntityPage { rows: Vec::new(), next: None, damaged: Vec::new() }
}

/// Key and label of some entities in the states that are asked for.
async fn keys_after(sql: &Session, filter: &EntityFilter, after: &String) -> Result<Vec<Row>, Error> {
    let mut query = Query::default();
    let (kind, after) = (query.give(&filter.kind), query.give(after));
    let order = match filter.states.as_slice() {
        [state] => {
            let state = query.give(state);
            query.is(format!(
                "(kind, state, key) > ({kind}, {state}, {after}) AND (kind, state) <= ({kind}, {state})"
            ));
            "kind, state, key"
        }
        states => {
            query.is(format!("(kind, key) > ({kind}, {after}) AND kind <= {kind}"));
            query.fits("state = ANY({})", (!states.is_empty()).then_some(&filter.states));
            "kind, key"
        }
    };
    let conditions = query.conditions();
    let select = format!("SELECT key, label FROM entity WHERE {conditions} ORDER BY {order} LIMIT {CHUNK}");
    query.all(sql, &select).await
}

/// See [`crate::Read::entity_tallies`].
pub(super) async fn tallies(sql: &Session, kind: &str) -> Result<Vec<(String, u64)>, Error> {
    let select = "SELECT state, sum(entities)::bigint FROM entity_tally WHERE kind = $1
         GROUP BY kind, state HAVING sum(entities) > 0 ORDER BY kind, state";
    let rows = sql.all(select, &[&kind]).await?;
    rows.iter().map(|row| Ok((get(row, 0)?, get::<i64>(row, 1)?.unsigned_abs()))).collect()
}
