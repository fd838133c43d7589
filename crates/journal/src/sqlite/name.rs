//! What jobs are about, by name: a subject is called as the entity of its kind and value is. Labels are kept a second time as
//! searches compare them (`called`), so that a search of all of them folds none.

use model::composed::folded;
use model::{Name, Subject};
use rusqlite::{Connection, Row, named_params, params};

use super::tx::Tx;
use crate::api::Naming;
use crate::error::Error;

/// Keeps what an entity is called from now on; without a label nothing.
pub(super) fn call(tx: &Tx<'_>, kind: &str, key: &str, label: &str) -> Result<(), Error> {
    if label.is_empty() {
        tx.sql.execute("DELETE FROM called WHERE kind = ?1 AND key = ?2", [kind, key])?;
    } else {
        tx.sql.execute(
            "INSERT INTO called (kind, key, folded) VALUES (?1, ?2, ?3)
             ON CONFLICT (kind, key) DO UPDATE SET folded = excluded.folded WHERE folded <> excluded.folded",
            [kind, key, &folded(label)],
        )?;
    }
    Ok(())
}

/// Keeps it of all entities: of those that an older version has written, or that were carried here.
pub(super) fn fill(conn: &Connection) -> Result<(), Error> {
    let mut labels =
        conn.prepare("SELECT kind, key, label FROM entity INDEXED BY entity_listed WHERE label <> ''")?;
    let mut keep = conn.prepare("INSERT OR REPLACE INTO called (kind, key, folded) VALUES (?1, ?2, ?3)")?;
    let mut rows = labels.query([])?;
    while let Some(row) = rows.next()? {
        // What cannot be read is found by nobody, and told by the check.
        if let Ok((kind, key, label)) = read(row) {
            keep.execute([&kind, &key, &folded(&label)])?;
        }
    }
    Ok(())
}

/// Which labels are not kept as they are folded, at most so many: kind and key of each.
pub(super) fn astray(conn: &Connection, at_most: usize) -> Result<Vec<(String, String)>, Error> {
    let mut select = conn.prepare(
        "SELECT kind, key, label, folded FROM entity INDEXED BY entity_listed LEFT JOIN called USING (kind, key)
         WHERE label <> '' OR folded IS NOT NULL
         UNION ALL SELECT kind, key, '', folded FROM called
         WHERE NOT EXISTS (SELECT 1 FROM entity WHERE entity.kind = called.kind AND entity.key = called.key)",
    )?;
    let mut rows = select.query([])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        // A label that cannot be read is told with its row.
        let Ok((kind, key, label)) = read(row) else { continue };
        let kept: Option<String> = row.get(3).unwrap_or_default();
        if kept != (!label.is_empty()).then(|| folded(&label)) {
            found.push((kind, key));
            if found.len() >= at_most {
                break;
            }
        }
    }
    Ok(found)
}

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
        Naming::Holds(text) => ("1", text),
        Naming::Is(text) => ("names(:text, label)", text),
    };
    // Those that hold the text, and of them alone the rest.
    let mut select = conn.prepare_cached(&format!(
        "SELECT kind, key, label FROM called CROSS JOIN entity INDEXED BY entity_listed USING (kind, key)
         WHERE instr(folded, :text) AND {asked}
           AND EXISTS (SELECT 1 FROM job INDEXED BY job_subject WHERE subject = kind || ':' || key)
         ORDER BY kind, key LIMIT :at_most"
    ))?;
    let mut rows = select.query(named_params! { ":text": folded(text), ":at_most": at_most })?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let Ok((kind, key, label)) = read(row) else { continue };
        found.extend(Subject::new(&kind, &key).zip(Name::of(label)));
    }
    Ok(found)
}

/// Kind, key and label.
fn read(row: &Row<'_>) -> rusqlite::Result<(String, String, String)> {
    Ok((row.get(0)?, row.get(1)?, row.get(2)?))
}
