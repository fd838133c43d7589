//! A database as one end of the way on which a journal is carried.

use std::pin::{Pin, pin};
use std::sync::Arc;

use futures_util::TryStreamExt as _;
use tokio::runtime::{Builder, Runtime};
use tokio_postgres::binary_copy::BinaryCopyInWriter;
use tokio_postgres::types::{ToSql, Type};

use super::database::Database;
use super::pen::{Pen, STEP};
use super::session::Session;
use super::{name, row, schema, steps};
use crate::address::Address;
use crate::carry::{self, Cell, Kind, Row, Table};
use crate::error::Error;
use crate::key::Keys;
use crate::life::Life;

const PUT: &str =
    "INSERT INTO meta (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = excluded.value";

/// A journal in a database, held by nobody else.
pub(crate) struct End {
    database: Database,
    runtime: Runtime,
    session: Arc<Session>,
    /// Kept moving, so that no hub of another machine takes us for dead.
    pen: Pen,
}

impl End {
    /// Opens it; `make` = its tables are made when there are none.
    pub(crate) fn open(database: &Database, keys: &Keys, make: bool, seat: String) -> Result<Self, Error> {
        let runtime = Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|source| Error::Io { what: "carrying the journal".to_owned(), source })?;
        let at = Address::from(database.clone());
        let life = Life::begin(seat)?;
        let (session, pen) = runtime.block_on(async {
            let session = Session::open(database).await?;
            // Large tables are counted and read from one end to the other.
            session
                .client()
                .batch_execute(
                    "SET statement_timeout = 0; SET enable_seqscan = on; SET enable_bitmapscan = on",
                )
                .await?;
            schema::look(&session).await?;
            if !make && !schema::is_there(&session).await? {
                return Err(Error::Missing(format!("journal in {at}")));
            }
            session.client().batch_execute("BEGIN").await?;
            schema::bring_up(&session, &at).await?;
            session.client().batch_execute("COMMIT").await?;
            let (pen, _) = Pen::take(&session, &at, &life).await?;
            Ok((session, pen))
        })?;
        let end = End { database: database.clone(), runtime, session, pen };
        let mut end = end;
        if !make {
            // Whoever has not its key moves nothing.
            end.runtime.block_on(super::open::kept(&end.session, &at))?.seal(&at, keys)?;
            end.number_events()?;
        }
        Ok(end)
    }

    /// Numbers all events anew, one after the other, when more than one hub has: at the other end there is one.
    fn number_events(&mut self) -> Result<(), Error> {
        let select = "SELECT EXISTS (SELECT 1 FROM event WHERE origin <> 0)";
        if !row::get::<bool>(&self.wait(self.session.one(select, &[]))?, 0)? {
            return Ok(());
        }
        let anew = "WITH old AS (DELETE FROM event RETURNING *)
                    INSERT INTO event (origin, tick, seq, at, kind, job, step, attempt, code)
                    SELECT 0, 0, row_number() OVER (ORDER BY tick, origin, seq), at, kind, job, step, attempt, code FROM old";
        self.together(async |session| Ok(session.client().batch_execute(anew).await?))
    }

    fn wait<'a, T>(&self, work: impl Future<Output = Result<T, Error>> + 'a) -> Result<T, Error> {
        // Without its type, so that the runtime's machinery is compiled once for each kind of result.
        let work: Pin<Box<dyn Future<Output = Result<T, Error>> + 'a>> = Box::pin(work);
        self.runtime.block_on(work)
    }

    /// Says that we are still there, in a transaction with what is written now, if anything is.
    fn beat(&mut self) -> Result<(), Error> {
        let Pen { node, epoch, batch } = self.pen;
        if self.wait(self.session.execute(STEP, &[&node, &epoch, &batch]))? == 0 {
            return Err(Error::Uncarried(format!("a hub has taken over {} meanwhile", self.database)));
        }
        self.pen.batch += 1;
        Ok(())
    }

    /// Carries something out in a transaction, fenced.
    fn together<T>(&mut self, work: impl AsyncFnOnce(&Session) -> Result<T, Error>) -> Result<T, Error> {
        let session = Arc::clone(&self.session);
        self.wait(async { Ok(session.client().batch_execute("BEGIN").await?) })?;
        self.beat()?;
        self.wait(async {
            let done = work(&session).await?;
            session.client().batch_execute("COMMIT").await?;
            Ok(done)
        })
    }
}

impl carry::End for End {
    fn at(&self) -> Address {
        Address::from(self.database.clone())
    }

    fn said(&mut self, name: &str) -> Result<Option<Vec<u8>>, Error> {
        let params: [&(dyn ToSql + Sync); 1] = [&name];
        let select = self.session.first("SELECT value FROM meta WHERE name = $1", &params);
        self.wait(select)?.map(|found| row::get(&found, 0)).transpose()
    }

    fn say(&mut self, what: &[(&str, Option<Vec<u8>>)]) -> Result<(), Error> {
        self.together(async |session| {
            for (name, value) in what {
                match value {
                    Some(value) => session.execute(PUT, &[name, value]).await?,
                    None => session.execute("DELETE FROM meta WHERE name = $1", &[name]).await?,
                };
            }
            Ok(())
        })
    }

    fn count(&mut self, table: &Table) -> Result<u64, Error> {
        self.beat()?;
        let count = format!("SELECT count(*) FROM {}", table.name);
        let counted: i64 = row::get(&self.wait(self.session.one(&count, &[]))?, 0)?;
        Ok(counted.unsigned_abs())
    }

    fn read(&mut self, table: &Table, after: &[Cell], limit: usize) -> Result<(Vec<Row>, Vec<Cell>), Error> {
        self.beat()?;
        let keys: Vec<&str> = table.columns.iter().take(table.key).map(|(name, _)| *name).collect();
        let (columns, key) = (columns(table, &["steps"]), keys.join(", "));
        let behind = if after.is_empty() {
            String::new()
        } else {
            let bound: Vec<String> = (1..=after.len()).map(|number| format!("${number}")).collect();
            format!("WHERE ({key}) > ({})", bound.join(", "))
        };
        let select = format!("SELECT {columns} FROM {} {behind} ORDER BY {key} LIMIT {limit}", table.name);
        let params: Vec<&(dyn ToSql + Sync)> = after.iter().map(|cell| cell as _).collect();
        let rows = self.wait(async {
            let statement = self.session.statement(&select).await?;
            let mut found = pin!(self.session.client().query_raw(&statement, params).await?);
            let (mut rows, mut bytes) = (Vec::new(), 0);
            while let Some(row) = found.try_next().await? {
                let row = cells(table, &row)?;
                bytes += row.iter().map(Cell::size).sum::<usize>();
                rows.push(row);
                if bytes > carry::BYTES {
                    break;
                }
            }
            Ok(rows)
        })?;
        let last = rows.last().map(|row| row.iter().take(table.key).cloned().collect()).unwrap_or_default();
        Ok((rows, last))
    }

    fn floors(&mut self) -> Result<Vec<(String, i64)>, Error> {
        // Those that were given last, or would have been; of events, which others number as well, the last one that there is.
        let select =
            "SELECT 'job', nextval('job_number') UNION ALL SELECT 'delivery', nextval('delivery_number')
                      UNION ALL SELECT 'record', nextval('record_number')
                      UNION ALL SELECT 'event', coalesce(max(seq), 0) FROM event";
        let found = self.wait(self.session.all(select, &[]))?;
        found.iter().map(|found| Ok((row::get(found, 0)?, row::get(found, 1)?))).collect()
    }

    fn clear(&mut self) -> Result<(), Error> {
        let tables: Vec<&str> = carry::TABLES.iter().map(|table| table.name).collect();
        let clear = format!(
            "TRUNCATE {}, entity_tally, called, meta, tally; UPDATE shard SET owner = NULL",
            tables.join(", ")
        );
        self.together(async |session| Ok(session.client().batch_execute(&clear).await?))
    }

    fn write(&mut self, table: &Table, rows: &[Row], carried: &[u8]) -> Result<(), Error> {
        self.together(async |session| {
            let client = session.client();
            let columns = columns(table, &["steps", "backends"]);
            let kinds = session.statement(&format!("SELECT {columns} FROM {} LIMIT 0", table.name)).await?;
            let kinds: Vec<Type> = kinds.columns().iter().map(|column| column.type_().clone()).collect();
            let copy = format!("COPY {} ({columns}) FROM STDIN (FORMAT binary)", table.name);
            let mut writer = pin!(BinaryCopyInWriter::new(client.copy_in(&copy).await?, &kinds));
            for row in rows {
                let values = values(row);
                let values: Vec<&(dyn ToSql + Sync)> = values.iter().map(|value| &**value as _).collect();
                writer.as_mut().write(&values).await?;
            }
            writer.finish().await?;
            session.execute(PUT, &[&carry::CARRIED, &carried]).await?;
            Ok(())
        })
    }

    fn finish(&mut self, floors: &[(String, i64)]) -> Result<(), Error> {
        self.together(async |session| {
            session
                .client()
                .batch_execute(
                    "DELETE FROM tally; INSERT INTO tally (state, jobs) SELECT state, count(*) FROM job GROUP BY state;
                     DELETE FROM entity_tally;
                     INSERT INTO entity_tally (kind, state, entities)
                     SELECT kind, state, count(*) FROM entity GROUP BY kind, state",
                )
                .await?;
            name::fill(session).await?;
            for (name, table) in [("job", "job"), ("delivery", "delivery"), ("record", "record")] {
                let floor = floors.iter().find(|floor| floor.0 == name).map_or(0, |floor| floor.1);
                let put = format!(
                    "SELECT setval('{name}_number', 1 + greatest((SELECT max(seq) FROM {table}), $1::bigint), false)"
                );
                session.one(&put, &[&floor]).await?;
            }
            let names: &[&str] = &[carry::CARRYING, carry::CARRIED];
            session.execute("DELETE FROM meta WHERE name = ANY($1)", &[&names]).await?;
            // The next one to open it need not wait for whoever held it here.
            session
                .client()
                .batch_execute("UPDATE pen SET epoch = epoch + 1, over = true WHERE NOT over")
                .await?;
            Ok(())
        })?;
        self.wait(async { Ok(self.session.client().batch_execute("ANALYZE").await?) })
    }
}

/// The columns of a table, a plan as these.
fn columns(table: &Table, plan: &[&str]) -> String {
    let names = table.columns.iter().flat_map(|(name, kind)| match kind {
        Kind::Steps => plan.to_vec(),
        _ => vec![*name],
    });
    names.collect::<Vec<_>>().join(", ")
}

fn cells(table: &Table, found: &tokio_postgres::Row) -> Result<Row, Error> {
    let cell = |at: usize| -> Result<Cell, Error> { row::get(found, at) };
    table
        .columns
        .iter()
        .enumerate()
        .map(|(at, (_, kind))| match (kind, cell(at)?) {
            (Kind::Steps, Cell::Bytes(frozen)) => Ok(Cell::Steps(steps::all(Some(&frozen))?)),
            (Kind::Steps, _) => Ok(Cell::Steps(Vec::new())),
            (_, cell) => Ok(cell),
        })
        .collect()
}

/// A row as the columns of [`columns`] take it, with steps and backends of a plan.
fn values(row: &Row) -> Vec<Box<dyn ToSql + Sync + '_>> {
    let mut values: Vec<Box<dyn ToSql + Sync + '_>> = Vec::with_capacity(row.len() + 1);
    for cell in row {
        match cell {
            Cell::Steps(frozen) => {
                let backends: Vec<&str> = frozen.iter().map(|step| step.backend.as_str()).collect();
                values.push(Box::new(steps::write(frozen)));
                values.push(Box::new((!backends.is_empty()).then_some(backends)));
            }
            cell => values.push(Box::new(cell)),
        }
    }
    values
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may")]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::*;

    /// The tables that migrations make, with their columns.
    fn made() -> BTreeMap<String, BTreeSet<String>> {
        let mut tables = BTreeMap::new();
        for sql in schema::MIGRATIONS {
            for part in sql.split("CREATE TABLE ").skip(1) {
                let (name, rest) = part.split_once(' ').unwrap();
                let columns = rest.lines().take_while(|line| !line.starts_with(')')).filter_map(|line| {
                    let line = line.strip_prefix("    ")?;
                    let name = line.split(' ').next()?;
                    name.starts_with(|c: char| c.is_ascii_lowercase()).then(|| name.to_owned())
                });
                tables.insert(name.to_owned(), columns.collect());
            }
        }
        tables
    }

    #[test]
    fn every_table_and_column_is_carried() {
        let mut made = made();
        // It has those of the other.
        let live = made["live"].clone();
        made.insert("done".to_owned(), live);
        for table in &carry::TABLES {
            let columns: BTreeSet<String> =
                columns(table, &["steps", "backends"]).split(", ").map(str::to_owned).collect();
            assert_eq!(made.remove(table.name), Some(columns), "{}", table.name);
        }
        // Those that are made anew, or told apart.
        let others = ["called", "entity_tally", "floor", "meta", "pen", "report", "shard", "signal", "tally"];
        assert_eq!(made.into_keys().collect::<Vec<_>>(), others);
    }
}
