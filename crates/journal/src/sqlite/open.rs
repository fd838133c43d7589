//! Opening: folder, connections, schema, key.

use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags, TransactionBehavior};
use uuid::Uuid;

use super::{dead, meta, name, text, unlock};
use crate::carry;
use crate::error::Error;
use crate::key::Keys;
use crate::random;
use crate::seal::{Cipher, Format, Seal};

/// Bytes of a database page.
pub(super) const PAGE: u32 = 4096;
/// Marks the file as ours: "Intd".
const APPLICATION: i64 = 0x496e_7464;

/// The schema's history, applied in order. Numbers and texts of published ones never change.
const MIGRATIONS: [&str; 8] = [
    include_str!("../../migrations/0001_start.sql"),
    include_str!("../../migrations/0002_listing.sql"),
    include_str!("../../migrations/0003_entities.sql"),
    include_str!("../../migrations/0004_bound.sql"),
    include_str!("../../migrations/0005_steps.sql"),
    include_str!("../../migrations/0006_waits.sql"),
    include_str!("../../migrations/0007_ends.sql"),
    include_str!("../../migrations/0008_called.sql"),
];
/// From this schema on sealed values are bound to their rows.
const BOUND: usize = 4;
/// From this one on failed jobs have causes.
const CAUSES: usize = 7;
/// From this one on labels are kept as searches compare them.
const CALLED: usize = 8;

/// What a connection is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    Writer,
    Checkpoint,
    Reader,
}

/// The database file in a data folder.
pub(super) fn database(folder: &Path) -> PathBuf {
    folder.join("journal.db")
}

/// Makes the database file (mode 0600) when there is none; SQLite fills it.
pub(super) fn private_file(database: &Path) -> Result<(), Error> {
    let file = OpenOptions::new()
        .append(true)
        .create(true)
        .mode(0o600)
        .open(database)
        .map_err(Error::io("opening the journal", database))?;
    let length = file.metadata().map_err(Error::io("reading the size of", database))?.len();
    // SQLite would take the rest of a page for a new file.
    if (1..u64::from(PAGE)).contains(&length) {
        return Err(Error::Damaged(format!("{} was cut to {length} bytes", database.display())));
    }
    Ok(())
}

/// Opens a connection; the writer's is brought to its schema by [`prepare`].
pub(super) fn connect(database: &Path, role: Role) -> Result<Connection, Error> {
    let access = match role {
        Role::Reader => OpenFlags::SQLITE_OPEN_READ_ONLY,
        Role::Writer => OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE,
        Role::Checkpoint => OpenFlags::SQLITE_OPEN_READ_WRITE,
    };
    let conn = Connection::open_with_flags(database, access | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    conn.busy_timeout(Duration::from_secs(5))?;
    conn.set_prepared_statement_cache_capacity(128);
    // Plans do not depend on the values bound: SQLite would prepare some statements anew at every use.
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    // A damaged schema must not be able to call functions with side effects.
    conn.pragma_update(None, "trusted_schema", false)?;
    if role == Role::Reader {
        text::teach(&conn)?;
    }
    if role == Role::Writer {
        conn.pragma_update(None, "page_size", PAGE)?;
        conn.pragma_update(None, "secure_delete", "FAST")?;
        conn.pragma_update(None, "cache_size", -8 * 1024)?;
    }
    conn.pragma_update(None, "synchronous", "FULL")?;
    conn.pragma_update(None, "wal_autocheckpoint", 0)?;
    Ok(conn)
}

/// Brings the schema up to date, makes or checks the key, and begins to turn the journal to a new one; returns the
/// journal's id and its seal.
pub(super) fn prepare(conn: &mut Connection, folder: &Path, keys: &Keys) -> Result<(Uuid, Seal), Error> {
    let (found, known) = schema(conn, folder)?;
    let mode: String = conn.pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get(0))?;
    if mode != "wal" {
        return Err(Error::Unwritable(format!(
            "{} cannot have a write-ahead log (its mode is {mode}): is it on a network file system?",
            database(folder).display()
        )));
    }
    if found < known {
        migrate(conn, usize::try_from(found).unwrap_or_default(), folder, keys)?;
    }
    unlock::turn(conn, folder, keys)?;
    unlock::seal(conn, folder, keys)
}

/// Fails when it was carried to another place, or is not whole yet.
pub(super) fn refuse_moved(conn: &Connection, folder: &Path) -> Result<(), Error> {
    for name in [carry::MOVED_TO, carry::CARRYING] {
        meta::get(conn, name)?.map_or(Ok(()), |said| carry::refuse(&folder.into(), name, &said))?;
    }
    Ok(())
}

/// Checks schema and key of a journal that is only looked at; returns its id and its seal.
pub(super) fn examine(conn: &Connection, folder: &Path, keys: &Keys) -> Result<(Uuid, Seal), Error> {
    let (found, known) = schema(conn, folder)?;
    if found < known {
        return Err(Error::Older { at: folder.into(), found, known });
    }
    refuse_moved(conn, folder)?;
    unlock::seal(conn, folder, keys)
}

/// The schema found, and the newest known. A file that is not ours, or newer than we are, is an error.
fn schema(conn: &Connection, folder: &Path) -> Result<(i64, i64), Error> {
    let found: i64 = conn.pragma_query_value(None, "user_version", |row| row.get(0))?;
    let known = i64::try_from(MIGRATIONS.len()).unwrap_or(i64::MAX);
    if found > known {
        return Err(Error::Newer { at: folder.into(), found, known });
    }
    let application: i64 = conn.pragma_query_value(None, "application_id", |row| row.get(0))?;
    let objects: i64 = conn.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    let empty = found == 0 && objects == 0;
    if !empty && application != APPLICATION {
        return Err(Error::Damaged(format!("{} is no journal of Intendant", database(folder).display())));
    }
    Ok((found, known))
}

/// Applies what is missing in one transaction; a new journal gets its id and the key's check value in it.
fn migrate(conn: &mut Connection, done: usize, folder: &Path, keys: &Keys) -> Result<(), Error> {
    let tx = conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
    for (version, sql) in MIGRATIONS.iter().enumerate().skip(done) {
        tx.execute_batch(sql)?;
        tx.pragma_update(None, "user_version", i64::try_from(version + 1).unwrap_or(i64::MAX))?;
    }
    if done < CAUSES {
        dead::fill(&tx)?;
    }
    if done < CALLED {
        name::fill(&tx)?;
    }
    if done == 0 {
        tx.pragma_update(None, "application_id", APPLICATION)?;
        let id = uuid::Builder::from_random_bytes(random::bytes()?).into_uuid();
        meta::put(&tx, meta::ID, id.as_bytes())?;
        meta::put(&tx, meta::KEY_CHECK, &Cipher::check_of(&keys.now, id, Format::Row))?;
    } else if done < BOUND {
        unlock::bind(&tx, folder, keys)?;
    }
    Ok(tx.commit()?)
}
