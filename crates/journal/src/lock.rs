//! One hub, one journal: an advisory lock on a file in the data folder.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use crate::error::Error;
use crate::random;

/// A hub that was killed while it started a script lives on in it, with all its descriptors, until the script begins:
/// the lock is free, and the script can be found, only after that.
const PATIENCE: Duration = Duration::from_secs(1);

/// What the kernel says of itself: which of its starts this is, and its name.
const BOOT: &str = "/proc/sys/kernel/random/boot_id";
const HOST: &str = "/proc/sys/kernel/hostname";

/// The lock; given back when dropped, or when the process dies.
#[derive(Debug)]
pub(crate) struct Lock {
    file: File,
}

impl Lock {
    /// Takes the lock of a folder and writes our process id down in it.
    pub(crate) fn take(folder: &Path) -> Result<Self, Error> {
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
        Ok(Lock { file })
    }

    /// Where its holder is: on this host since it was started, at this file. Nobody else can hold it there, whereas a copy
    /// of the folder is somewhere else.
    pub(crate) fn seat(&self) -> Result<String, Error> {
        let failed = |source| Error::Io { what: "looking at the lock file".to_owned(), source };
        let found = self.file.metadata().map_err(failed)?;
        // Where the system does not say since when it runs, nobody was here before.
        let since = fs::read(BOOT).or_else(|_| random::bytes::<16>().map(Vec::from))?;
        let mut place = blake3::Hasher::new();
        place.update(&found.dev().to_le_bytes()).update(&found.ino().to_le_bytes()).update(&since);
        let place: String = place.finalize().to_hex().chars().take(16).collect();
        let host = fs::read_to_string(HOST).unwrap_or_default();
        let host: String = host.trim().chars().map(|c| if is_plain(c) { c } else { '_' }).collect();
        Ok(format!("{host}:{place}"))
    }
}

fn is_plain(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_')
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
