//! A journal on SQLite in a temporary folder.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use intendant_journal::{Error, Journal, Key, Options, Renewal};
use tempfile::TempDir;

use super::{Bed, Heard, Opened};

/// The key of all journals in tests.
pub fn key() -> Key {
    Key::from_bytes([7; 32])
}

/// Opens a journal nobody listens to.
pub fn try_open(folder: &Path) -> Result<Arc<dyn Journal>, Error> {
    intendant_journal::open(Options::new(folder, key()), Arc::new(|_| {}))
}

/// A temporary data folder.
pub struct Folder(TempDir);

impl Folder {
    pub fn new() -> Self {
        Folder(tempfile::tempdir().unwrap())
    }

    pub fn path(&self) -> &Path {
        self.0.path()
    }

    pub fn database(&self) -> PathBuf {
        self.path().join("journal.db")
    }

    /// The file beside which the journal keeps what is not copied into it yet.
    pub fn log(&self) -> PathBuf {
        self.path().join("journal.db-wal")
    }
}

impl Bed for Folder {
    fn open(&self) -> Opened {
        let heard = Heard::default();
        let journal = intendant_journal::open(Options::new(self.path(), key()), heard.observer()).unwrap();
        Opened { journal, heard }
    }

    fn another(&self) -> Box<dyn Bed> {
        Box::new(Folder::new())
    }
}

/// Seals all rows anew that need it; returns in how many steps.
pub async fn renew(journal: &dyn Journal) -> usize {
    let mut steps = 1;
    while journal.renew().await.unwrap() != Renewal::Done {
        steps += 1;
    }
    steps
}
