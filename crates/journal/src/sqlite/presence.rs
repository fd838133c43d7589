//! Whether the files that are held open are still those under their names: what is written into a file that was removed
//! or moved away is lost with the last one who has it open.

use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use uuid::Uuid;

use super::{open, unlock};
use crate::error::Error;

/// A file, told apart from any other: device and inode.
type Identity = (u64, u64);

/// The journal's own file and its write-ahead log, as they were found when it was opened.
pub(super) struct Presence {
    database: (PathBuf, Identity),
    log: Option<(PathBuf, Identity)>,
}

impl Presence {
    pub(super) fn of(database: &Path) -> Result<Self, Error> {
        let mut log = database.as_os_str().to_owned();
        log.push("-wal");
        let log = PathBuf::from(log);
        let found = identity(database).map_err(Error::io("looking at", database))?;
        let log = identity(&log).ok().map(|found| (log, found));
        Ok(Presence { database: (database.to_owned(), found), log })
    }

    /// Says what is not where it was. A file that cannot be looked at for another reason is not missed.
    pub(super) fn check(&self) -> Result<(), String> {
        for (path, opened) in std::iter::once(&self.database).chain(&self.log) {
            let found = identity(path);
            let path = path.display();
            match found {
                Ok(found) if found == *opened => {}
                Ok(_) => {
                    return Err(format!(
                        "its file {path} is not there any more, another one has its name: put it back, or stop the hub"
                    ));
                }
                Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
                    return Err(format!(
                        "its file {path} is not there any more: put it back, or stop the hub and restore a backup"
                    ));
                }
                Err(_) => {}
            }
        }
        Ok(())
    }
}

fn identity(path: &Path) -> std::io::Result<Identity> {
    fs::metadata(path).map(|found| (found.dev(), found.ino()))
}

/// See [`crate::identify`].
pub(crate) fn identify(folder: &Path) -> Result<Option<Uuid>, Error> {
    let database = open::database(folder);
    match fs::metadata(&database) {
        Ok(found) if found.len() == 0 => return Ok(None),
        Ok(_) => {}
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
            return Ok(None);
        }
        Err(error) => return Err(Error::io("looking for the journal", &database)(error)),
    }
    let conn = open::connect(&database, open::Role::Reader)?;
    let objects: i64 = conn.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    if objects == 0 { Ok(None) } else { unlock::id(&conn, folder).map(Some) }
}

/// Fails unless the journal of this id is in the folder. Nothing is made.
pub(super) fn require(folder: &Path, expected: Uuid) -> Result<(), Error> {
    match identify(folder)? {
        Some(found) if found == expected => Ok(()),
        Some(found) => Err(Error::Another { at: folder.into(), expected, found }),
        None => Err(Error::Gone { at: folder.into(), expected }),
    }
}
