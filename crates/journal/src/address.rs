//! Where a journal is.

use std::fmt;
use std::path::{Path, PathBuf};

#[cfg(feature = "postgres")]
use crate::postgres::Database;

/// Where a journal is, as the implementation understands it that keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Address {
    /// In a data folder, in a file of SQLite's. Made (mode 0700) when it is not there.
    Folder(PathBuf),
    /// In a PostgreSQL database. Its tables are made when they are not there.
    #[cfg(feature = "postgres")]
    Postgres(Box<Database>),
}

impl Address {
    /// The folder, if it is in one.
    pub fn folder(&self) -> Option<&Path> {
        match self {
            Address::Folder(folder) => Some(folder),
            #[cfg(feature = "postgres")]
            Address::Postgres(_) => None,
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Address::Folder(folder) => folder.display().fmt(f),
            #[cfg(feature = "postgres")]
            Address::Postgres(database) => database.fmt(f),
        }
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

#[cfg(feature = "postgres")]
impl From<Database> for Address {
    fn from(database: Database) -> Self {
        Address::Postgres(Box::new(database))
    }
}
