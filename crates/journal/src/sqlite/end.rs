//! A folder as one end of the way on which a journal is carried.

use std::fs;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use model::Step;
use rusqlite::{Connection, Row as SqlRow, TransactionBehavior, params, params_from_iter};

use super::{meta, name, number, open, row};
use crate::address::Address;
use crate::carry::{self, Cell, Kind, Row, Table};
use crate::code::Coded as _;
use crate::error::Error;
use crate::key::Keys;

/// So many pages of write-ahead log are brought into the file at once: nobody else is there to do it.
const PAGES: i64 = 4000;

/// A journal in a folder, held by nobody else.
pub(crate) struct End {
    folder: PathBuf,
    keys: Keys,
    conn: Connection,
}

impl End {
    /// Opens it, in a folder whose lock is held; `make` = a new one when there is none.
    pub(crate) fn open(folder: &Path, keys: &Keys, make: bool) -> Result<Self, Error> {
        if !make && super::presence::identify(folder)?.is_none() {
            return Err(Error::Missing(format!("journal in {}", folder.display())));
        }
        let conn = connect(folder, keys)?;
        Ok(End { folder: folder.to_owned(), keys: keys.clone(), conn })
    }
}

fn connect(folder: &Path, keys: &Keys) -> Result<Connection, Error> {
    let database = open::database(folder);
    open::private_file(&database)?;
    let mut conn = open::connect(&database, open::Role::Writer)?;
    open::prepare(&mut conn, folder, keys)?;
    crate::folder::sync(folder)?;
    conn.pragma_update(None, "wal_autocheckpoint", PAGES)?;
    Ok(conn)
}

impl carry::End for End {
    fn at(&self) -> Address {
        Address::from(&self.folder)
    }

    fn said(&mut self, name: &str) -> Result<Option<Vec<u8>>, Error> {
        meta::get(&self.conn, name)
    }

    fn say(&mut self, what: &[(&str, Option<Vec<u8>>)]) -> Result<(), Error> {
        let tx = self.conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
        for (name, value) in what {
            match value {
                Some(value) => meta::put(&tx, name, value)?,
                None => meta::remove(&tx, name)?,
            }
        }
        Ok(tx.commit()?)
    }

    fn count(&mut self, table: &Table) -> Result<u64, Error> {
        Ok(self.conn.query_row(table.folder.count, [], |row| row.get(0))?)
    }

    fn read(&mut self, table: &Table, after: &[Cell], limit: usize) -> Result<(Vec<Row>, Vec<Cell>), Error> {
        let mut select = self.conn.prepare_cached(table.folder.select)?;
        let mut bound = if after.is_empty() { first(table) } else { after.to_vec() };
        bound.push(Cell::Int(i64::try_from(limit).unwrap_or(i64::MAX)));
        let mut found = select.query(params_from_iter(&bound))?;
        let (mut rows, mut last, mut bytes) = (Vec::new(), Vec::new(), 0);
        while let Some(row) = found.next()? {
            last = place(table, row)?;
            let row = cells(&self.conn, table, row)?;
            bytes += row.iter().map(Cell::size).sum::<usize>();
            rows.push(row);
            if bytes > carry::BYTES {
                break;
            }
        }
        Ok((rows, last))
    }

    fn floors(&mut self) -> Result<Vec<(String, i64)>, Error> {
        let mut select = self.conn.prepare("SELECT name, seq FROM floor")?;
        let found = select.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok(found.collect::<Result<_, _>>()?)
    }

    fn clear(&mut self) -> Result<(), Error> {
        // The file goes with all that was in it.
        self.conn = Connection::open_in_memory()?;
        let database = open::database(&self.folder);
        for end in ["", "-wal", "-shm"] {
            let mut path = database.as_os_str().to_owned();
            path.push(end);
            let path = PathBuf::from(path);
            if path.exists() {
                fs::remove_file(&path).map_err(Error::io("removing", &path))?;
            }
        }
        self.conn = connect(&self.folder, &self.keys)?;
        Ok(())
    }

    fn write(&mut self, table: &Table, rows: &[Row], carried: &[u8]) -> Result<(), Error> {
        let tx = self.conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let mut insert = tx.prepare_cached(table.folder.insert)?;
        for row in rows {
            insert.execute(params_from_iter(row))?;
            if let (Some(Cell::Int(seq)), Some(Cell::Steps(steps))) = (row.first(), row.last()) {
                steps.iter().try_for_each(|step| insert_step(&tx, *seq, step))?;
            }
        }
        drop(insert);
        meta::put(&tx, carry::CARRIED, carried)?;
        Ok(tx.commit()?)
    }

    fn finish(&mut self, floors: &[(String, i64)]) -> Result<(), Error> {
        let tx = self.conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
        tx.execute("UPDATE tally SET jobs = (SELECT count(*) FROM job WHERE job.state = tally.state)", [])?;
        name::fill(&tx)?;
        for (name, seq) in floors {
            tx.execute("INSERT OR REPLACE INTO floor (name, seq) VALUES (?1, ?2)", params![name, seq])?;
        }
        for name in [carry::CARRYING, carry::CARRIED] {
            meta::remove(&tx, name)?;
        }
        Ok(tx.commit()?)
    }
}

/// Before the first row, by the kinds of what tells rows apart.
fn first(table: &Table) -> Vec<Cell> {
    let is_named =
        table.columns.first().is_some_and(|(_, kind)| *kind == Kind::Text) && table.name == "entity";
    let before = if is_named { Cell::Text(String::new()) } else { Cell::Int(i64::MIN) };
    vec![before; table.folder.place]
}

fn place(table: &Table, row: &SqlRow<'_>) -> Result<Vec<Cell>, Error> {
    let kind = if table.name == "entity" { Kind::Text } else { Kind::Int };
    (0..table.folder.place)
        .map(|at| Cell::of_sqlite(kind, row.get_ref(at)?).map_err(|why| unfit(table, "its place", &why)))
        .collect()
}

fn cells(conn: &Connection, table: &Table, row: &SqlRow<'_>) -> Result<Row, Error> {
    let mut cells = Vec::with_capacity(table.columns.len());
    for (at, (name, kind)) in table.columns.iter().enumerate() {
        let value = row.get_ref(table.folder.place + at)?;
        let cell = Cell::of_sqlite(*kind, value).map_err(|why| {
            let which = place(table, row).map(|place| format!("{place:?}")).unwrap_or_default();
            unfit(table, &format!("{name} of row {which}"), &why)
        })?;
        cells.push(cell);
    }
    if let (Some(Cell::Int(seq)), Some(Cell::Int(steps))) = (cells.first().cloned(), cells.last().cloned())
        && table.columns.last().is_some_and(|(_, kind)| *kind == Kind::Steps)
    {
        let frozen = steps_of(conn, seq)?;
        if i64::try_from(frozen.len()) != Ok(steps) {
            return Err(unfit(table, &format!("job {seq}"), "lacks some of its steps"));
        }
        cells.pop();
        cells.push(Cell::Steps(frozen));
    }
    Ok(cells)
}

fn unfit(table: &Table, what: &str, why: &str) -> Error {
    Error::Uncarried(format!("in {}, {what} {why}; `intendant doctor` tells more of it", table.name))
}

fn steps_of(conn: &Connection, seq: i64) -> Result<Vec<Step>, Error> {
    let (first, last) = number::steps_of(seq);
    let mut select = conn.prepare_cached(concat!(
        "SELECT ",
        row::step_columns!(),
        " FROM step WHERE id BETWEEN ?1 AND ?2 ORDER BY id"
    ))?;
    let steps = select.query_map([first, last], row::step)?;
    Ok(steps.collect::<Result<_, _>>()?)
}

fn insert_step(conn: &Connection, seq: i64, step: &Step) -> Result<(), Error> {
    let mut insert = conn.prepare_cached(
        "INSERT INTO step (id, backend, on_error, state, attempts, status, code, message, tried, due_at, waits, waited)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
    )?;
    insert.execute(params![
        number::step(seq, step.index)?,
        step.backend,
        step.on_error.code(),
        step.state.code(),
        step.attempts,
        step.status,
        step.code.as_ref().map(|code| code.as_str().to_owned()),
        step.message,
        step.tried,
        step.due_at.map(Timestamp::as_millisecond),
        step.waits,
        i64::try_from(step.waited.as_millis()).unwrap_or(i64::MAX),
    ])?;
    Ok(())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may")]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::carry::TABLES;
    use crate::key::Key;

    fn names(conn: &Connection, sql: &str) -> BTreeSet<String> {
        let mut select = conn.prepare(sql).unwrap();
        select.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
    }

    /// The columns that an insert names.
    fn inserted(sql: &str) -> BTreeSet<String> {
        let columns = sql.split_once('(').unwrap().1.split_once(')').unwrap().0;
        columns.split(',').map(|name| name.trim().to_owned()).collect()
    }

    #[test]
    fn every_table_and_column_is_carried() {
        let folder = tempfile::tempdir().unwrap();
        let conn = connect(folder.path(), &Key::from_bytes([7; 32]).into()).unwrap();
        // Those that are made anew, told apart, or a part of a job.
        let mut carried: BTreeSet<String> =
            ["meta", "floor", "tally", "entity_tally", "called", "step"].map(str::to_owned).into();
        for table in &TABLES {
            let name = table.folder.insert.split(' ').nth(2).unwrap();
            let columns = names(&conn, &format!("SELECT name FROM pragma_table_info('{name}')"));
            assert_eq!(inserted(table.folder.insert), columns, "{name}");
            carried.insert(name.to_owned());
        }
        let tables = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'";
        assert_eq!(names(&conn, tables), carried);
    }
}
