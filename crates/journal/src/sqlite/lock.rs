//! One hub, one journal: an advisory lock on a file in the data folder.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use crate::error::Error;

/// A hub that was killed while it started a script lives on in it, with all its descriptors, until the script begins:
/// the lock is free, and the script can be found, only after that.
const PATIENCE: Duration = Duration::from_secs(1);

/// The lock; given back when dropped, or when the process dies.
#[derive(Debug)]
pub(super) struct Lock {
    _file: File,
}

impl Lock {
    /// Takes the lock of a folder and writes our process id down in it.
    pub(super) fn take(folder: &Path) -> Result<Self, Error> {
        let path = folder.join("lock");
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(&path)
            .map_err(Error::io("opening the lock file", &path))?;
        if !lock(&file).map_err(Error::io("locking", &path))? {
            let mut pid = String::new();
            // The holder may be just about to write it.
            let _ = file.read_to_string(&mut pid);
            let pid = if pid.trim().is_empty() { "unknown" } else { pid.trim() };
            return Err(Error::Locked { at: folder.into(), pid: pid.to_owned() });
        }
        file.set_len(0)
            .and_then(|()| file.rewind())
            .and_then(|()| writeln!(file, "{}", std::process::id()))
            .map_err(Error::io("writing the lock file", &path))?;
        Ok(Lock { _file: file })
    }
}

/// Whether it could be locked, now or within the patience.
fn lock(file: &File) -> io::Result<bool> {
    match file.try_lock() {
        Ok(()) => return Ok(true),
        Err(TryLockError::WouldBlock) => {}
        Err(TryLockError::Error(error)) => return Err(error),
    }
    // The lock is the open file's, not the descriptor's: taken through the second one, it is held by the first.
    let again = file.try_clone()?;
    let (told, hear) = mpsc::channel();
    thread::spawn(move || told.send(again.lock()));
    match hear.recv_timeout(PATIENCE) {
        Ok(locked) => locked.map(|()| true),
        Err(_) => Ok(false),
    }
}
