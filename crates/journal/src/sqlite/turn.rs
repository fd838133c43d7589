//! Turning a journal to another key, or to the present format of sealed values: all rows are sealed anew, a few at a
//! time, while work goes on. It goes on where it was after any end of the process: until the last row is done both keys
//! are asked for, and open.

use model::EntityKey;
use rusqlite::{Connection, params};

use super::meta;
use super::tx::Tx;
use super::values::{TABLES, Table};
use crate::aad::Aad;
use crate::api::Renewal;
use crate::error::Error;
use crate::renewal::{BYTES, Cursor, ROWS};
use crate::seal::{CHECK, Cipher, Format, Seal};
use crate::unlock::turned;

fn load(conn: &Connection) -> Result<Cursor, Error> {
    Ok(Cursor::read(meta::get(conn, meta::TURNED_TO)?))
}

/// How much of the tables lies behind it.
fn renewal(cursor: &Cursor, conn: &Connection) -> Result<Renewal, Error> {
    let done = match TABLES.get(cursor.table) {
        Some(table) => {
            let sql = format!("SELECT coalesce(max(seq), 0) FROM {}", table.numbered_by);
            let last = conn.prepare_cached(&sql)?.query_row([], |row| row.get(0))?;
            cursor.hundredths(table.of_each, last)
        }
        None => 0,
    };
    Ok(cursor.renewal(done, TABLES.len()))
}

/// What a look from beside sees of it; `None` = all rows are sealed with the one key.
pub(super) fn progress(conn: &Connection) -> Result<Option<Renewal>, Error> {
    match meta::get(conn, meta::KEY_BEFORE)? {
        Some(_) => renewal(&load(conn)?, conn).map(Some),
        None => Ok(None),
    }
}

/// Values to be exchanged, and where to go on.
pub(super) struct Batch {
    /// Number, the value as it is, and as it becomes.
    rows: Vec<(i64, Option<Vec<u8>>, Vec<u8>)>,
    entities: Vec<(EntityKey, Vec<u8>, Vec<u8>)>,
    table: Option<&'static Table>,
    /// The last table comes to its end with it: another round follows, unless this one found nothing.
    ends: bool,
    next: Cursor,
    pub(super) renewal: Renewal,
}

impl Batch {
    /// About how many bytes it is in memory.
    pub(super) fn bytes(&self) -> usize {
        let rows = self.rows.iter().map(|(_, _, becomes)| becomes.len());
        2 * rows.chain(self.entities.iter().map(|(_, _, becomes)| becomes.len())).sum::<usize>()
    }
}

/// Reads the next values and seals anew those that need it.
pub(super) fn gather(conn: &Connection, seal: &Seal) -> Result<Batch, Error> {
    let cursor = load(conn)?;
    let table = TABLES.get(cursor.table);
    let renewal = renewal(&cursor, conn)?;
    let mut batch =
        Batch { rows: Vec::new(), entities: Vec::new(), table, ends: false, next: cursor, renewal };
    match table {
        Some(table) => rows(conn, seal, table, &mut batch)?,
        None => entities(conn, seal, &mut batch)?,
    }
    let found = !batch.rows.is_empty() || !batch.entities.is_empty();
    match batch.next.clone().behind(found, batch.ends) {
        Some(next) => batch.next = next,
        None => batch.renewal = Renewal::Done,
    }
    Ok(batch)
}

/// How much of one go was used.
#[derive(Default)]
struct Gone {
    rows: i64,
    bytes: usize,
}

impl Gone {
    fn is_full(&self) -> bool {
        self.rows >= ROWS || self.bytes >= BYTES
    }

    fn over(&mut self, bytes: usize) {
        self.rows += 1;
        self.bytes += bytes;
    }
}

fn rows(conn: &Connection, seal: &Seal, table: &Table, batch: &mut Batch) -> Result<(), Error> {
    let mut select = conn.prepare_cached(table.select)?;
    let mut rows = select.query([batch.next.after, ROWS])?;
    let mut gone = Gone::default();
    while !gone.is_full() {
        let Some(row) = rows.next()? else {
            // What comes behind it from now on is sealed anew already: to wait for an empty step could take for ever.
            (batch.next.table, batch.next.after) = (batch.next.table + 1, 0);
            return Ok(());
        };
        let number: i64 = row.get(0)?;
        batch.next.after = number;
        // What cannot be read stays as it is: the check names it.
        let Ok((aad, sealed)) = table.read(conn, row) else {
            gone.over(0);
            continue;
        };
        gone.over(sealed.as_ref().map_or(0, Vec::len));
        let renewed = match &sealed {
            Some(sealed) => seal.renew(&aad, sealed)?,
            None if seal.is_turning_from(Format::Id) => Some(seal.seal(&aad, b"")?),
            None => None,
        };
        batch.rows.extend(renewed.map(|renewed| (number, sealed, renewed)));
    }
    Ok(())
}

fn entities(conn: &Connection, seal: &Seal, batch: &mut Batch) -> Result<(), Error> {
    let mut select = conn.prepare_cached(
        "SELECT kind, key, rev, state, label, sealed FROM entity WHERE (kind, key) > (?1, ?2)
         ORDER BY kind, key LIMIT ?3",
    )?;
    let (kind, key) = batch.next.entity.clone();
    let mut rows = select.query(params![kind, key, ROWS])?;
    let mut gone = Gone::default();
    while !gone.is_full() {
        let Some(row) = rows.next()? else {
            batch.ends = true;
            return Ok(());
        };
        let key = EntityKey { kind: row.get(0)?, key: row.get(1)? };
        batch.next.entity = (key.kind.clone(), key.key.clone());
        let read = || -> rusqlite::Result<(Aad, Vec<u8>)> {
            let (state, label): (String, String) = (row.get(3)?, row.get(4)?);
            Ok((Aad::entity(&key, row.get(2)?, &state, &label), row.get(5)?))
        };
        let Ok((aad, sealed)) = read() else {
            gone.over(0);
            continue;
        };
        gone.over(sealed.len());
        if let Some(renewed) = seal.renew(&aad, &sealed)? {
            batch.entities.push((key, sealed, renewed));
        }
    }
    Ok(())
}

/// Puts the values in their places, but for those that were changed or removed meanwhile.
pub(super) fn exchange(tx: &Tx<'_>, batch: &Batch) -> Result<(), Error> {
    if let Some(table) = batch.table {
        for (number, was, becomes) in &batch.rows {
            tx.sql.execute(table.exchange, params![number, was, becomes])?;
        }
    }
    for (key, was, becomes) in &batch.entities {
        tx.sql.execute(
            "UPDATE entity SET sealed = ?4 WHERE kind = ?1 AND key = ?2 AND sealed = ?3",
            params![key.kind, key.key, was, becomes],
        )?;
    }
    match batch.renewal {
        Renewal::Under { .. } => meta::put(tx.conn(), meta::TURNED_TO, &batch.next.text()),
        Renewal::Done => {
            meta::remove(tx.conn(), meta::TURNED_TO)?;
            meta::remove(tx.conn(), meta::KEY_BEFORE)
        }
    }
}

/// Writes down that values are sealed with another cipher from now on, and that those there are have the one before.
pub(super) fn begin(
    conn: &Connection,
    now: &Cipher,
    before: &[u8; CHECK],
    digest_key: &[u8; 32],
) -> Result<(), Error> {
    for (name, value) in turned(now, before, digest_key)? {
        meta::put(conn, name, &value)?;
    }
    meta::remove(conn, meta::TURNED_TO)
}
