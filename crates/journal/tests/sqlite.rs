//! The journal on SQLite passes the conformance suite.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![allow(missing_docs, unreachable_pub)]
#![allow(clippy::wildcard_imports, reason = "the support module is made for it")]

mod conformance;
mod support;

use std::sync::Arc;

use intendant_journal::{Key, Options, SqliteJournal};
use tempfile::TempDir;

use support::{Bed, Heard, Opened};

struct Folder(TempDir);

impl Folder {
    fn new() -> Self {
        Folder(tempfile::tempdir().unwrap())
    }
}

impl Bed for Folder {
    fn open(&self) -> Opened {
        let heard = Heard::default();
        let options = Options::new(self.0.path(), Key::from_bytes([7; 32]));
        let journal = Arc::new(SqliteJournal::open(options, heard.observer()).unwrap());
        Opened { journal, heard }
    }

    fn another(&self) -> Box<dyn Bed> {
        Box::new(Folder::new())
    }
}

conformance!(crate::Folder::new());
