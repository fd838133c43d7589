//! What can go wrong where a person asked for something.

use std::io;
use std::path::PathBuf;

/// Errors of [`crate::scaffold`] and [`crate::ScriptBackend::debug`]. A running attempt has none: what goes wrong
/// there is an outcome.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A name that cannot be a folder's. Refused.
    #[error(
        "{0:?} cannot be the name of a backend: use small letters, digits, - and _, and begin with a letter"
    )]
    BadName(String),
    /// A backend of that name is there already. Refused.
    #[error("a backend called {name} exists already in {}: choose another name", folder.display())]
    NameTaken {
        /// The name.
        name: String,
        /// The folder of the backend that has it.
        folder: PathBuf,
    },
    /// All prefixes from 00 to 99 are in use. Refused.
    #[error("{} has no two-digit prefix left: remove a backend that is no longer used", .0.display())]
    NoPrefixLeft(PathBuf),
    /// A file or folder could not be made. Soft: the disk may be full, or a permission missing.
    #[error("{} cannot be written: {source}; give yourself write access to the folder of backends", path.display())]
    Write {
        /// What could not be made.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The system has no process or descriptor left. Soft.
    #[error("no script can be started just now: {0}; try again when the machine is less busy")]
    NoResources(io::Error),
}
