//! What can go wrong with the journal.

use std::path::PathBuf;

/// An error of the journal. The class (design §6) stands with each variant.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Refused: another process holds the data folder.
    #[error("{} is in use by another hub (process {pid}); stop it, or use `intendant submit --wait` to reach it", folder.display())]
    Locked {
        /// The data folder.
        folder: PathBuf,
        /// The process that holds it, as it wrote down itself.
        pid: String,
    },
    /// Refused: the key is not the one the journal was sealed with.
    #[error("the key does not open the journal in {}: give the key it was made with ({hint})", folder.display())]
    WrongKey {
        /// The data folder.
        folder: PathBuf,
        /// Where keys come from.
        hint: String,
    },
    /// Refused: the journal was written by a newer version.
    #[error("the journal in {} has schema {found}, this version knows up to {known}: upgrade intendant, or restore a backup made before the upgrade", folder.display())]
    Newer {
        /// The data folder.
        folder: PathBuf,
        /// The schema found.
        found: i64,
        /// The newest schema known.
        known: i64,
    },
    /// Soft: the disk is full or cannot be written. Nothing was accepted; it is tried again with the next write.
    #[error("the journal cannot be written: {0}")]
    Unwritable(String),
    /// Bug or damage: the file does not say what it must.
    #[error("the journal is damaged: {0}; run `intendant doctor`, and restore a backup if it confirms it")]
    Damaged(String),
    /// The transition no longer fits: the job moved on (fencing). Nothing was written.
    #[error("the job moved on in the meantime: {0}")]
    Fenced(String),
    /// An entity was written by somebody else in the meantime. Nothing was written; read again.
    #[error("{kind} {key} was changed in the meantime")]
    Conflict {
        /// The entity's kind.
        kind: String,
        /// The entity's key.
        key: String,
    },
    /// Refused: there is no such thing.
    #[error("there is no {0}")]
    Missing(String),
    /// The journal is closed: the hub is stopping.
    #[error("the journal is closed")]
    Closed,
    /// Bug: SQLite refused a statement.
    #[error("journal: {0}")]
    Sqlite(#[from] rusqlite::Error),
    /// Soft: reading or writing a file failed.
    #[error("{what}: {source}")]
    Io {
        /// What was attempted, with the path.
        what: String,
        /// The cause.
        source: std::io::Error,
    },
}
