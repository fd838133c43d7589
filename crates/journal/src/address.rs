//! Where a journal is.

use std::fmt;
use std::path::{Path, PathBuf};

/// Where a journal is, as the implementation understands it that keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Address {
    /// In a data folder, in a file of SQLite's. Made (mode 0700) when it is not there.
    Folder(PathBuf),
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Address::Folder(folder) = self;
        folder.display().fmt(f)
    }
}

impl From<PathBuf> for Address {
    fn from(folder: PathBuf) -> Self {
        Address::Folder(folder)
    }
}

impl From<&PathBuf> for Address {
    fn from(folder: &PathBuf) -> Self {
        Address::Folder(folder.clone())
    }
}

impl From<&Path> for Address {
    fn from(folder: &Path) -> Self {
        Address::Folder(folder.to_owned())
    }
}
