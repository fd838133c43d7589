//! A look at a journal from beside, while a hub may be using it: read-only, without the lock.

use std::fs;
use std::path::Path;

use model::{JobId, Record};
use rusqlite::Connection;
use uuid::Uuid;

use super::{backup, check, job, meta, open, record, turn};
use crate::api::{Prepared, Renewal};
use crate::damage::{Sieve, Spot};
use crate::error::Error;
use crate::key::{Key, Keys};
use crate::seal::{Cipher, Format, Seal};

/// A read asks every so many steps of SQLite's machine whether it is in the way.
const STEPS: i32 = 50_000;
/// Above so many bytes of write-ahead log a read has been in the way of the hub for too long.
const LONGEST_LOG: u64 = 256 * 1024 * 1024;

/// A journal in a folder opened read-only, see [`crate::Look`].
pub(crate) struct Look {
    id: Uuid,
    seal: Seal,
    conn: Connection,
}

impl Look {
    /// Opens the journal in a data folder; `None` when there is none. Nothing is made, changed or brought up to date.
    ///
    /// Fails with [`Error::WrongKey`], with [`Error::Newer`], with [`Error::Older`] when a hub of this version has not
    /// used the journal yet, and with [`Error::Damaged`].
    pub(crate) fn open(folder: impl AsRef<Path>, keys: &Keys) -> Result<Option<Self>, Error> {
        let folder = folder.as_ref();
        let database = open::database(folder);
        if !database.try_exists().map_err(Error::io("looking for the journal", &database))? {
            return Ok(None);
        }
        let mut conn = open::connect(&database, open::Role::Reader)?;
        let (id, seal) = open::examine(&conn, folder, keys)?;
        let log = folder.join("journal.db-wal");
        let in_the_way = move || fs::metadata(&log).is_ok_and(|found| found.len() > LONGEST_LOG);
        conn.progress_handler(STEPS, Some(in_the_way))?;
        Ok(Some(Look { id, seal, conn }))
    }

    /// The journal's own id.
    pub(crate) fn id(&self) -> Uuid {
        self.id
    }

    /// Reads everything, checks that it fits together, and lists what does not. Ends with [`Error::Busy`] rather than
    /// keep a busy hub from emptying its write-ahead log.
    pub(crate) fn check(&self) -> Result<Vec<String>, Error> {
        let findings = check::all(&self.conn, &self.seal)?;
        // Rows that were sealed anew meanwhile, with a key that is not known here, are no damage.
        let key = meta::get(&self.conn, meta::KEY_CHECK)?;
        if key.is_some_and(|check| check != self.seal.now().check()) {
            Err(Error::Busy)
        } else {
            Ok(findings)
        }
    }

    /// How far the hub has come with sealing rows anew after a change of key; `None` = all have the one key.
    pub(crate) fn renewal(&self) -> Result<Option<Renewal>, Error> {
        turn::progress(&self.conn)
    }

    /// Whether an older version has sealed rows that are not yet sealed anew.
    pub(crate) fn is_of_older_version(&self) -> bool {
        self.seal.is_turning_from(Format::Id)
    }

    /// Whether it is sealed with this key; rows may be left that are not, see [`Look::renewal`].
    pub(crate) fn is_sealed_with(&self, key: &Key) -> bool {
        Cipher::check_of(key, self.id, Format::Row) == *self.seal.now().check()
    }

    /// A job with its document and, while they are kept, its secrets.
    pub(crate) fn job(&self, job: JobId) -> Result<Option<Prepared>, Error> {
        job::prepare(&self.conn, &self.seal, &mut Sieve::default(), job)
    }

    /// A record and its body.
    pub(crate) fn record(&self, seq: i64) -> Result<Option<(Record, Vec<u8>)>, Error> {
        record::get(&self.conn, &self.seal, seq)
    }

    /// Writes a consistent copy to a new file. What is written meanwhile is not in it.
    pub(crate) fn backup(&self, to: &Path) -> Result<(), Error> {
        backup::make(&self.conn, to)
    }
}

/// Whether there still is a row at this place.
pub(super) fn is_there(conn: &Connection, spot: &Spot) -> Result<bool, Error> {
    let (sql, seq) = match spot {
        Spot::Job(seq) | Spot::OfJob(seq) => ("SELECT 1 FROM job WHERE seq = ?1", seq.0),
        Spot::Delivery(seq) => ("SELECT 1 FROM delivery WHERE seq = ?1", *seq),
        Spot::Record(seq) => ("SELECT 1 FROM record WHERE seq = ?1", *seq),
        Spot::Event(seq) => ("SELECT 1 FROM event WHERE seq = ?1", *seq),
        Spot::Entity(kind, key) => {
            let mut select = conn.prepare_cached("SELECT 1 FROM entity WHERE kind = ?1 AND key = ?2")?;
            return Ok(select.exists([kind, key])?);
        }
    };
    Ok(conn.prepare_cached(sql)?.exists([seq])?)
}
