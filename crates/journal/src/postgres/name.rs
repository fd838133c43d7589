//! What jobs are about, by name: a subject is called as the entity of its kind and value is. Labels are kept a second time as
//! searches compare them (`called`), so that the database itself looks through all of them.

use model::composed::folded;
use model::{Name, Subject};
use tokio_postgres::Row;

use super::query::can_be;
use super::row::get;
use super::session::Session;
use super::store::CALL;
use crate::api::Naming;
use crate::error::Error;
use crate::text::names;

/// So many labels are folded in one go.
const CHUNK: usize = 2_000;

/// See [`crate::Read::names`].
pub(super) async fn of(sql: &Session, subjects: &[Subject]) -> Result<Vec<(Subject, Name)>, Error> {
    let subjects: Vec<&Subject> = subjects.iter().filter(|subject| can_be(subject.as_str())).collect();
    let (kinds, keys): (Vec<&str>, Vec<&str>) =
        subjects.iter().map(|subject| (subject.kind(), subject.value())).unzip();
    let select =
        "SELECT place, label FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS asked (kind, key, place)
         JOIN entity ON entity.kind = asked.kind AND entity.key = asked.key";
    let mut named = Vec::new();
    for row in &sql.all(select, &[&kinds, &keys]).await? {
        let place = usize::try_from(get::<i64>(row, 0)?).unwrap_or_default();
        named.push((place, get::<String>(row, 1)?));
    }
    named.sort_by_key(|(place, _)| *place);
    let subject = |place: usize| subjects.get(place.wrapping_sub(1)).copied().cloned();
    Ok(named.into_iter().filter_map(|(place, label)| Some((subject(place)?, Name::of(label)?))).collect())
}

/// See [`crate::Read::named`].
pub(super) async fn find(
    sql: &Session,
    naming: &Naming,
    at_most: usize,
) -> Result<Vec<(Subject, Name)>, Error> {
    let (is_whole, text) = match naming {
        Naming::Holds(text) => (false, folded(text)),
        Naming::Is(text) => (true, folded(text)),
    };
    if !can_be(&text) {
        return Ok(Vec::new());
    }
    // What is a whole part of a name stands between two of these.
    let [begin, part] = [String::new(), text.clone()].map(|text| Name::joined(&[String::new(), text]));
    let part = if is_whole { format!("{part}{begin}") } else { String::new() };
    // More than are asked for only where not all of them are meant.
    let limit = if is_whole { CHUNK } else { at_most };
    let select = format!(
        "SELECT kind, key, label FROM called JOIN entity USING (kind, key)
         WHERE (kind, key) > ($1, $2) AND strpos(folded, $3) > 0
           AND ($4 = '' OR strpos($5 || folded || $5, $4) > 0)
           AND (EXISTS (SELECT 1 FROM live WHERE subject = kind || ':' || key)
             OR EXISTS (SELECT 1 FROM done WHERE subject = kind || ':' || key))
         ORDER BY kind, key LIMIT {limit}"
    );
    let (mut found, mut after) = (Vec::new(), (String::new(), String::new()));
    loop {
        let rows = sql.all(&select, &[&after.0, &after.1, &text, &part, &begin]).await?;
        let fits = |row: &&Row| !is_whole || get::<&str>(row, 2).is_ok_and(|label| names(label, &text));
        found.extend(rows.iter().filter(fits).filter_map(read));
        found.truncate(at_most);
        match rows.last() {
            Some(last) if rows.len() >= limit && found.len() < at_most => {
                after = (get(last, 0)?, get(last, 1)?);
            }
            _ => return Ok(found),
        }
    }
}

/// Keeps what all entities are called: those that an older version has written, or that were carried here.
pub(super) async fn fill(sql: &Session) -> Result<(), Error> {
    let select = format!(
        "SELECT kind, key, label FROM entity WHERE (kind, key) > ($1, $2) ORDER BY kind, key LIMIT {CHUNK}"
    );
    let mut after = (String::new(), String::new());
    loop {
        let rows = sql.all(&select, &[&after.0, &after.1]).await?;
        let (mut kinds, mut keys, mut labels) = <(Vec<String>, Vec<String>, Vec<String>)>::default();
        for row in &rows {
            let label: &str = get(row, 2)?;
            if !label.is_empty() {
                kinds.push(get(row, 0)?);
                keys.push(get(row, 1)?);
                labels.push(folded(label));
            }
        }
        sql.execute(CALL, &[&kinds, &keys, &labels]).await?;
        match rows.last() {
            Some(last) if rows.len() >= CHUNK => after = (get(last, 0)?, get(last, 1)?),
            _ => return Ok(()),
        }
    }
}

/// Kind and key of an entity.
type Key = (String, String);

/// Of some entities after this one those whose labels are not kept as they are folded, at most so many, and where to go on.
pub(super) async fn astray(
    sql: &Session,
    after: &Key,
    at_most: usize,
) -> Result<(Vec<Key>, Option<Key>), Error> {
    let select = format!(
        "SELECT kind, key, label, folded FROM entity LEFT JOIN called USING (kind, key)
         WHERE (kind, key) > ($1, $2) ORDER BY kind, key LIMIT {CHUNK}"
    );
    let rows = sql.all(&select, &[&after.0, &after.1]).await?;
    let key = |row: &Row| -> Result<Key, Error> { Ok((get(row, 0)?, get(row, 1)?)) };
    let next = rows.last().filter(|_| rows.len() >= CHUNK).map(key).transpose()?;
    let mut found = Vec::new();
    for row in &rows {
        let (label, kept): (&str, Option<&str>) = (get(row, 2)?, get(row, 3)?);
        if kept != (!label.is_empty()).then(|| folded(label)).as_deref() {
            found.push(key(row)?);
        }
    }
    let left = format!(
        "SELECT kind, key FROM called WHERE (kind, key) > ($1, $2) AND ($3::text IS NULL OR (kind, key) <= ($3, $4::text))
           AND NOT EXISTS (SELECT 1 FROM entity WHERE entity.kind = called.kind AND entity.key = called.key)
         ORDER BY kind, key LIMIT {at_most}"
    );
    let (kind, last) = next.clone().unzip();
    for row in &sql.all(&left, &[&after.0, &after.1, &kind, &last]).await? {
        found.push(key(row)?);
    }
    found.truncate(at_most);
    Ok((found, next))
}

/// A subject with its name; none where they are none.
fn read(row: &Row) -> Option<(Subject, Name)> {
    let text = |column| get::<String>(row, column).ok();
    Some((Subject::new(&text(0)?, &text(1)?)?, Name::of(text(2)?)?))
}
