//! What jobs are about, by name: a subject is called as the entity of its kind and value is.

use model::composed::folded;
use model::{Name, Subject};
use rusqlite::{Connection, Row, named_params, params};

use crate::api::Naming;
use crate::error::Error;

/// See [`crate::Read::names`].
pub(super) fn of(conn: &Connection, subjects: &[Subject]) -> Result<Vec<(Subject, Name)>, Error> {
    let mut select = conn
        .prepare_cached("SELECT label FROM entity INDEXED BY entity_listed WHERE kind = ?1 AND key = ?2")?;
    let mut named = Vec::new();
    for subject in subjects {
        let mut rows = select.query(params![subject.kind(), subject.value()])?;
        let label: Option<String> = rows.next()?.and_then(|row| row.get(0).ok());
        named.extend(label.and_then(Name::of).map(|name| (subject.clone(), name)));
    }
    Ok(named)
}

/// See [`crate::Read::named`].
pub(super) fn find(
    conn: &Connection,
    naming: &Naming,
    at_most: usize,
) -> Result<Vec<(Subject, Name)>, Error> {
    let (asked, text) = match naming {
        Naming::Holds(text) => ("holds", text),
        Naming::Is(text) => ("names", text),
    };
    let mut select = conn.prepare_cached(&format!(
        "SELECT kind, key, label FROM entity INDEXED BY entity_listed
         WHERE label <> '' AND {asked}(:text, label)
           AND EXISTS (SELECT 1 FROM job INDEXED BY job_subject WHERE subject = kind || ':' || key)
         ORDER BY kind, key LIMIT :at_most"
    ))?;
    let mut rows = select.query(named_params! { ":text": folded(text), ":at_most": at_most })?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.extend(read(row));
    }
    Ok(found)
}

/// A subject with its name; none where they cannot be read.
fn read(row: &Row<'_>) -> Option<(Subject, Name)> {
    let text = |column| row.get::<_, String>(column).ok();
    Some((Subject::new(&text(0)?, &text(1)?)?, Name::of(text(2)?)?))
}
