//! Carries a journal to another place, row by row: from a folder into a database, or back. Sealed values are copied as they
//! are: they are bound to ids, not to where they lie, and the journal keeps its own id and key.
//!
//! It may be interrupted at any moment. What is not whole at its destination is opened by nobody; the source is left only
//! when all of it is there, and then says where it went.

mod cell;
mod clean;
mod table;

use std::path::Path;

use serde_json::{Value, json};
use uuid::Uuid;

pub(crate) use cell::{Cell, Kind, Row};
pub(crate) use table::{TABLES, Table};

use crate::address::Address;
use crate::error::Error;
use crate::folder;
use crate::key::Keys;
use crate::lock::Lock;
use crate::random;
use crate::sqlite;
use crate::unlock::{DIGEST_BEFORE, ID, KEY_BEFORE, KEY_CHECK, Kept};

/// So many rows are written in one transaction, and about so many bytes.
const ROWS: usize = 2000;
pub(crate) const BYTES: usize = 4 << 20;

/// What is written down at both ends. At the source: that a move was begun, and where the journal went. At the destination:
/// which move it is that is not at its end, and how far it has come.
pub(crate) const MOVING: &str = "moving";
pub(crate) const MOVED_TO: &str = "moved_to";
pub(crate) const CARRYING: &str = "carrying";
pub(crate) const CARRIED: &str = "carried";
/// What the destination gets of what the journal says of itself.
const OF_ITSELF: [&str; 3] = [ID, KEY_CHECK, DIGEST_BEFORE];

/// Says why a journal does not open that says this of itself.
pub(crate) fn refuse(at: &Address, name: &str, said: &[u8]) -> Result<(), Error> {
    Err(match name {
        MOVED_TO => Error::Moved { at: at.clone(), to: String::from_utf8_lossy(said).into_owned() },
        _ => Error::Moving { at: at.clone() },
    })
}

/// What was carried.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Carried {
    /// The journal's id, which it keeps.
    pub id: Uuid,
    /// How many rows of each table were counted at both ends.
    pub tables: Vec<(&'static str, u64)>,
}

/// How far carrying has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Rows that are at their destination.
    pub done: u64,
    /// Rows in all.
    pub of: u64,
    /// What is carried now.
    pub table: &'static str,
}

/// One end of the way. Its journal is held by it alone.
pub(crate) trait End {
    /// Where it is.
    fn at(&self) -> Address;
    /// What it says of itself under a name.
    fn said(&mut self, name: &str) -> Result<Option<Vec<u8>>, Error>;
    /// Says it, or no more. Durable when it returns.
    fn say(&mut self, what: &[(&str, Option<Vec<u8>>)]) -> Result<(), Error>;
    /// How many rows a table has.
    fn count(&mut self, table: &Table) -> Result<u64, Error>;
    /// Rows behind a place (empty = the first ones), at most so many and about [`BYTES`], and the place of the last one.
    fn read(&mut self, table: &Table, after: &[Cell], limit: usize) -> Result<(Vec<Row>, Vec<Cell>), Error>;
    /// The last numbers given of each kind, as far as pruning left them.
    fn floors(&mut self) -> Result<Vec<(String, i64)>, Error>;
    /// Makes a new one of what is there, without a row.
    fn clear(&mut self) -> Result<(), Error>;
    /// Writes rows, and in the same commit how far that has come.
    fn write(&mut self, table: &Table, rows: &[Row], carried: &[u8]) -> Result<(), Error>;
    /// Counts what is counted, takes over the numbers, and says no more that it is not whole: in one commit.
    fn finish(&mut self, floors: &[(String, i64)]) -> Result<(), Error>;
}

/// Carries the journal at one address to another one, which is empty, or has what an interrupted move of the same journal
/// left there, or that journal as it was before it was moved away. Nobody may be using either. Blocks.
///
/// Fails with [`Error::Locked`] when a hub uses it, with [`Error::Turning`] while it is being sealed anew, and with
/// [`Error::Uncarried`] when the destination is another journal's, or in the end has not what the source has.
pub fn carry(
    from: &Address,
    to: &Address,
    keys: &Keys,
    mut told: impl FnMut(Progress),
) -> Result<Carried, Error> {
    let (here, there) = (folder_of(from), folder_of(to));
    folder::private(here)?;
    folder::private(there)?;
    let lock = Lock::take(here)?;
    // The machine's own data folder may stand for both of them.
    let is_same = here.canonicalize().ok() == there.canonicalize().ok();
    let _other = if is_same { None } else { Some(Lock::take(there)?) };
    let seat = lock.seat()?;
    let mut source = open(from, keys, false, &seat)?;
    let source = source.as_mut();
    let id = id(source)?.ok_or_else(|| Error::Missing(format!("journal in {from}")))?;
    if source.said(KEY_BEFORE)?.is_some() {
        return Err(Error::Turning);
    }
    let seal = Kept::read(from, |name| source.said(name).ok().flatten())?.seal(from, keys)?;
    let mut destination = open(to, keys, true, &seat)?;
    let destination = destination.as_mut();
    let counts = TABLES.iter().map(|table| source.count(table)).collect::<Result<Vec<_>, _>>()?;
    let (mut done, of) = (0, counts.iter().sum());
    let place = begin(source, destination, id)?;
    for (at, table) in TABLES.iter().enumerate().skip(place.table) {
        let mut after = if at == place.table { place.after.clone() } else { Vec::new() };
        if at == place.table {
            done = counts.iter().take(at).sum::<u64>() + destination.count(table)?;
        }
        let mut most = ROWS;
        loop {
            told(Progress { done, of, table: table.name });
            let (mut rows, last) = source.read(table, &after, most)?;
            // Where few are enough no more are asked for than could be had.
            most = rows.len().saturating_mul(2).clamp(1, ROWS);
            if rows.is_empty() {
                break;
            }
            if to.folder().is_none() {
                rows.iter_mut().try_for_each(|row| clean::clean(table, row, &seal))?;
            }
            let carried = Place { table: at, after: last };
            destination.write(table, &rows, &carried.to_bytes())?;
            done += rows.len() as u64;
            after = carried.after;
        }
    }
    let tables = compare(source, destination)?;
    let floors = source.floors()?;
    source.say(&[(MOVED_TO, Some(to.to_string().into_bytes()))])?;
    destination.finish(&floors)?;
    told(Progress { done: of, of, table: "" });
    Ok(Carried { id, tables })
}

/// The folder in which the lock lies.
fn folder_of(at: &Address) -> &Path {
    match at {
        Address::Folder(folder) => folder,
        #[cfg(feature = "postgres")]
        Address::Postgres(database) => database.folder(),
    }
}

#[cfg_attr(not(feature = "postgres"), allow(unused_variables, reason = "only a database asks who it is"))]
fn open(at: &Address, keys: &Keys, make: bool, seat: &str) -> Result<Box<dyn End>, Error> {
    Ok(match at {
        Address::Folder(folder) => Box::new(sqlite::End::open(folder, keys, make)?),
        #[cfg(feature = "postgres")]
        Address::Postgres(database) => {
            Box::new(crate::postgres::End::open(database, keys, make, seat.to_owned())?)
        }
    })
}

fn id(end: &mut dyn End) -> Result<Option<Uuid>, Error> {
    Ok(end.said(ID)?.and_then(|bytes| Uuid::from_slice(&bytes).ok()))
}

/// How far it has come: the table, and the place in it.
#[derive(Default)]
struct Place {
    table: usize,
    after: Vec<Cell>,
}

impl Place {
    fn to_bytes(&self) -> Vec<u8> {
        let after: Vec<Value> = self.after.iter().map(Cell::to_json).collect();
        json!([self.table, after]).to_string().into_bytes()
    }

    fn of_bytes(bytes: &[u8]) -> Option<Self> {
        let (table, after): (usize, Vec<Value>) = serde_json::from_slice(bytes).ok()?;
        Some(Place { table, after: after.iter().map(Cell::of_json).collect::<Option<_>>()? })
    }
}

/// Begins, or goes on: says at which place.
fn begin(source: &mut dyn End, destination: &mut dyn End, id: Uuid) -> Result<Place, Error> {
    let (from, to) = (source.at(), destination.at());
    let moving = source.said(MOVING)?;
    let carrying = destination.said(CARRYING)?;
    let is_same = moving.is_some() && moving == carrying;
    if let Some(moved) = source.said(MOVED_TO)?.filter(|_| !is_same) {
        return Err(Error::Moved { at: from, to: String::from_utf8_lossy(&moved).into_owned() });
    }
    let there = self::id(destination)?;
    if is_same && there == Some(id) {
        let carried = destination.said(CARRIED)?;
        return Ok(carried.and_then(|bytes| Place::of_bytes(&bytes)).unwrap_or_default());
    }
    if there == Some(id) && (carrying.is_some() || destination.said(MOVED_TO)?.is_some()) {
        // The source was worked on since, or this is what it came from.
        destination.clear()?;
    } else if carrying.is_some() || !is_empty(destination)? {
        let there = there.map_or("an unknown one".to_owned(), |id| id.to_string());
        return Err(Error::Uncarried(format!(
            "in {to} there is another journal already, {there}: name an empty one, or remove that one before"
        )));
    }
    let token = random::bytes::<16>()?.to_vec();
    source.say(&[(MOVING, Some(token.clone()))])?;
    let mut said: Vec<(&str, Option<Vec<u8>>)> = vec![(CARRYING, Some(token)), (CARRIED, None)];
    for name in OF_ITSELF {
        said.push((name, source.said(name)?));
    }
    destination.say(&said)?;
    Ok(Place::default())
}

fn is_empty(end: &mut dyn End) -> Result<bool, Error> {
    for table in &TABLES {
        if end.count(table)? > 0 {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Counts the rows at both ends.
fn compare(source: &mut dyn End, destination: &mut dyn End) -> Result<Vec<(&'static str, u64)>, Error> {
    let mut tables = Vec::new();
    for table in &TABLES {
        let (there, here) = (source.count(table)?, destination.count(table)?);
        if there != here {
            return Err(Error::Uncarried(format!(
                "{} has {there} rows of {} and {} has {here}: the source is left as it was; `intendant doctor` says \
                 whether it is whole",
                source.at(),
                table.name,
                destination.at()
            )));
        }
        tables.push((table.name, here));
    }
    Ok(tables)
}
