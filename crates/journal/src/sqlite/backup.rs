//! Backup and restore. A backup is one file, consistent, without the key.

use std::fs::{self, File, OpenOptions};
use std::io::ErrorKind;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use rusqlite::Connection;
use rusqlite::backup::{Backup, StepResult};
use tokio::sync::oneshot;
use uuid::Uuid;

use super::statements::Statements;
use super::writer::Writer;
use super::{check, open};
use crate::error::Error;
use crate::key::Keys;

/// How many pages are copied between two groups of writes.
const PAGES: i32 = 256;

/// A backup to be made.
pub(super) struct Request {
    pub(super) to: PathBuf,
    pub(super) answer: oneshot::Sender<Result<(), Error>>,
}

/// Makes a backup on the writer's own connection, a few pages at a time, while it goes on writing: what it writes
/// meanwhile goes into the copy as well, so that the backup ends however busy the journal is, and no long read keeps
/// the write-ahead log from being emptied.
pub(super) fn run(sql: &Rc<Statements<'_>>, writer: &mut Writer, request: Request) {
    let result = create(&request.to).and_then(|()| {
        copy(sql.conn(), &request.to, PAGES, || writer.serve_queued(sql)).inspect_err(|_| {
            // Half a backup is none.
            let _ = fs::remove_file(&request.to);
        })
    });
    let _ = request.answer.send(result);
}

/// Makes a backup on a connection of its own, in one go: what another process writes meanwhile is not in it.
pub(super) fn make(conn: &Connection, to: &Path) -> Result<(), Error> {
    const ALL: i32 = -1;
    create(to)?;
    copy(conn, to, ALL, || ()).inspect_err(|_| {
        let _ = fs::remove_file(to);
    })
}

fn create(to: &Path) -> Result<(), Error> {
    match OpenOptions::new().write(true).create_new(true).mode(0o600).open(to) {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            Err(Error::Occupied { path: to.to_owned() })
        }
        Err(error) => Err(Error::io("creating the backup", to)(error)),
    }
}

fn copy(conn: &Connection, to: &Path, pages: i32, mut meanwhile: impl FnMut()) -> Result<(), Error> {
    let mut target = Connection::open(to)?;
    // Nobody reads it before it is whole, and it is synced at the end.
    target.pragma_update(None, "synchronous", "OFF")?;
    target.pragma_update_and_check(None, "journal_mode", "MEMORY", |_| Ok(()))?;
    let backup = Backup::new(conn, &mut target)?;
    while backup.step(pages)? != StepResult::Done {
        meanwhile();
    }
    drop(backup);
    // One file, without a write-ahead log beside it.
    target.pragma_update_and_check(None, "journal_mode", "DELETE", |_| Ok(()))?;
    target.close().map_err(|(_, error)| error)?;
    let folder = to.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(to).and_then(|f| f.sync_all()).map_err(Error::io("syncing the backup", to))?;
    crate::folder::sync(folder)
}

/// What came out of a backup.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Restored {
    /// The journal's id.
    pub id: Uuid,
    /// How many jobs are in it.
    pub jobs: u64,
    /// Rows that cannot be read, as they could not when the backup was made: all others can.
    pub damaged: Vec<String>,
}

/// Makes a data folder from a backup: copies it, checks that a key opens it and that the file is whole, and only then
/// gives it its name. Single rows that were damaged before do not keep the others from being restored.
///
/// Fails with [`Error::Occupied`] when the folder exists and is not empty, with [`Error::WrongKey`], and with
/// [`Error::Damaged`] when the file does not hold together; then the folder is left empty.
pub fn restore(backup: &Path, folder: &Path, keys: &Keys) -> Result<Restored, Error> {
    if fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_some()) {
        return Err(Error::Occupied { path: folder.to_owned() });
    }
    let mut source = File::open(backup).map_err(Error::io("opening the backup", backup))?;
    crate::folder::private(folder)?;
    let draft = folder.join("restoring");
    let restored = (|| {
        let mut options = OpenOptions::new();
        let mut target = options
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&draft)
            .map_err(Error::io("creating the restored journal", &draft))?;
        std::io::copy(&mut source, &mut target)
            .and_then(|_| target.sync_all())
            .map_err(Error::io("copying the backup", backup))?;
        let restored = verify(&draft, folder, keys)?;
        fs::rename(&draft, open::database(folder))
            .map_err(Error::io("naming the restored journal", folder))?;
        crate::folder::sync(folder)?;
        Ok(restored)
    })();
    if restored.is_err() {
        for suffix in ["", "-wal", "-shm"] {
            let _ = fs::remove_file(folder.join(format!("restoring{suffix}")));
        }
    }
    restored
}

/// Opens the copy, brings its schema up to date, checks it whole and closes it again.
fn verify(draft: &Path, folder: &Path, keys: &Keys) -> Result<Restored, Error> {
    let mut conn = open::connect(draft, open::Role::Writer)?;
    let objects: i64 = conn.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    if objects == 0 {
        return Err(Error::Damaged("the backup is empty".to_owned()));
    }
    let (id, seal) = open::prepare(&mut conn, folder, keys)?;
    let (file, damaged) = check::file_and_rows(&conn, &seal)?;
    if let Some(first) = file.first() {
        return Err(Error::Damaged(format!(
            "the backup does not hold together ({} findings): {first}",
            file.len()
        )));
    }
    let jobs = conn.query_row("SELECT sum(jobs) FROM tally", [], |row| row.get(0))?;
    // The last connection to close brings everything into the one file, and syncs it.
    conn.close().map_err(|(_, error)| error)?;
    Ok(Restored { id, jobs, damaged })
}
