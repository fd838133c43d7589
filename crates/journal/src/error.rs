//! What can go wrong with the journal.

use std::path::{Path, PathBuf};

use rusqlite::ErrorCode;
use uuid::Uuid;

use crate::address::Address;

/// An error of the journal. The class (refused, soft, hard or bug) stands with each variant.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Refused: another process has it open.
    #[error(
        "{at} is in use by another hub (process {pid}); stop it, or use `intendant submit --wait` to reach it"
    )]
    Locked {
        /// Where it is.
        at: Address,
        /// The process that holds it, as it wrote down itself.
        pid: String,
    },
    /// Refused: there was a journal, and there is none any more.
    #[error("the journal {expected} is not in {at} any more")]
    Gone {
        /// Where it is.
        at: Address,
        /// The journal's id.
        expected: Uuid,
    },
    /// Refused: there is another journal than there was.
    #[error("in {at} there is another journal, {found}, and not {expected} any more")]
    Another {
        /// Where it is.
        at: Address,
        /// The journal's id.
        expected: Uuid,
        /// The id of the one that is there.
        found: Uuid,
    },
    /// Refused: the key is not the one the journal was sealed with.
    #[error("the key does not open the journal in {at}: give the key it was made with ({hint})")]
    WrongKey {
        /// Where it is.
        at: Address,
        /// Where keys come from.
        hint: String,
    },
    /// Refused: some rows have the key before the last change of key, and that is not given.
    #[error(
        "some rows of the journal in {at} still have the key before the last change of key: give that one as well until all are sealed anew ({hint})"
    )]
    KeyBefore {
        /// Where it is.
        at: Address,
        /// Which keys were given.
        hint: String,
    },
    /// Refused: the rows are still being sealed anew after the last change of key.
    #[error(
        "the journal is still being sealed anew with its last key: change the key again when that has ended"
    )]
    Turning,
    /// Refused: other hubs work on the journal, and would not know another key.
    #[error(
        "other hubs work on the journal and would not know another key: stop them, change the key, and give it to them before they start"
    )]
    Beside,
    /// Refused: what was given as a key is none, or others can read it.
    #[error("{origin} is no usable key: {why}")]
    BadKey {
        /// Where it came from.
        origin: String,
        /// What is wrong, and what to do.
        why: String,
    },
    /// Refused: what was given as the address of a database is none, or it is a database that cannot hold a journal.
    #[error("{0}")]
    BadDatabase(String),
    /// Refused: the journal was written by a newer version.
    #[error(
        "the journal in {at} has schema {found}, this version knows up to {known}: upgrade intendant, or restore a backup made before the upgrade"
    )]
    Newer {
        /// Where it is.
        at: Address,
        /// The schema found.
        found: i64,
        /// The newest schema known.
        known: i64,
    },
    /// Refused: the journal was last used by an older version, and is only looked at.
    #[error(
        "the journal in {at} has schema {found}, this version uses {known}: start the hub once with this version"
    )]
    Older {
        /// Where it is.
        at: Address,
        /// The schema found.
        found: i64,
        /// The schema of this version.
        known: i64,
    },
    /// Refused: a database is copied by its own means.
    #[error(
        "a journal on PostgreSQL is copied by PostgreSQL's own means: pg_dump, pg_basebackup, or the backups of its provider"
    )]
    NoBackup,
    /// Refused: it was carried to another place, and is left.
    #[error(
        "the journal that was in {at} was moved to {to}: name that place in the configuration (journal.url, data.folder); what is left in {at} is as it was then"
    )]
    Moved {
        /// Where it was.
        at: Address,
        /// Where it went.
        to: String,
    },
    /// Refused: a move to this place is not at its end.
    #[error(
        "the journal in {at} is not whole, for it is on its way there: call `intendant journal move` again and it goes on, or go on with the one it comes from"
    )]
    Moving {
        /// Where it is.
        at: Address,
    },
    /// Refused: it could not be carried to another place. What it was carried from is as it was.
    #[error("the journal was not moved: {0}")]
    Uncarried(String),
    /// Refused: a backup or a restore would overwrite something.
    #[error("{} exists already and is not overwritten: name a new one", path.display())]
    Occupied {
        /// What is in the way.
        path: PathBuf,
    },
    /// Refused: more of something than can be numbered.
    #[error("{0}")]
    TooMany(String),
    /// Soft: the disk is full or cannot be written. Nothing was accepted; it is tried again with the next write.
    #[error("the journal cannot be written: {0}")]
    Unwritable(String),
    /// Soft: a long read was ended because it kept the write-ahead log from being emptied.
    #[error(
        "the journal is too busy for so long a read: ask for less, or try again when there is less to do"
    )]
    Busy,
    /// Bug or damage: the file does not say what it must.
    #[error("the journal is damaged: {0}; run `intendant doctor`, and restore a backup if it confirms it")]
    Damaged(String),
    /// Refused: a request that follows has an id that was used before, with other data. Nothing was written.
    #[error("the id {value} of a request from {from} was used before, for job {job}, with other data")]
    IdReused {
        /// The source of the request.
        from: String,
        /// Its id.
        value: String,
        /// The job that came with it before.
        job: model::JobId,
    },
    /// A request that follows was accepted before: it joins that one ([`crate::EffectSet::joins`]). Nothing was written.
    #[error("the request {value} from {from} was accepted before")]
    Known {
        /// The source of the request.
        from: String,
        /// Its id.
        value: String,
    },
    /// Refused: the kind or key of a new entity is no name (see [`crate::is_name`]). Nothing was written.
    #[error("the key of {kind} is longer than 1 KiB or has a character U+0000 in it: it cannot be kept")]
    NoName {
        /// The entity's kind, as far as it can be shown.
        kind: String,
    },
    /// Somebody cancelled the job while it ran: it ends, and goes to wait for nothing. Nothing was written.
    #[error("job {0} was cancelled meanwhile")]
    Cancelled(model::JobId),
    /// The transition no longer fits: the job moved on (fencing). Nothing was written.
    #[error("the job moved on in the meantime: {0}")]
    Fenced(String),
    /// The job is in other hands: its attempt was begun by another life of the journal. Nothing was written.
    #[error("job {0} is led by somebody else")]
    NotOurs(model::JobId),
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
    /// Bug: the database refused a statement.
    #[error("journal: {0}")]
    Engine(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// Soft: reading or writing a file failed.
    #[error("{what}: {source}")]
    Io {
        /// What was attempted, with the path.
        what: String,
        /// The cause.
        source: std::io::Error,
    },
}

impl Error {
    /// Whether the journal itself tells of it, once when it begins and once when it ends: nobody needs to repeat it.
    pub fn is_told(&self) -> bool {
        matches!(self, Error::Unwritable(_) | Error::Closed)
    }

    /// For `map_err`: what was attempted on which path.
    pub(crate) fn io(what: &str, path: &Path) -> impl FnOnce(std::io::Error) -> Error {
        let what = format!("{what} {}", path.display());
        move |source| Error::Io { what, source }
    }
}

impl From<rusqlite::Error> for Error {
    fn from(error: rusqlite::Error) -> Self {
        use rusqlite::Error as E;
        match &error {
            E::SqliteFailure(cause, _) => match cause.code {
                ErrorCode::DiskFull
                | ErrorCode::SystemIoFailure
                | ErrorCode::ReadOnly
                | ErrorCode::CannotOpen
                | ErrorCode::PermissionDenied
                | ErrorCode::OutOfMemory
                | ErrorCode::DatabaseBusy
                | ErrorCode::DatabaseLocked
                | ErrorCode::FileLockingProtocolFailed => Error::Unwritable(error.to_string()),
                ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase => Error::Damaged(error.to_string()),
                ErrorCode::OperationInterrupted => Error::Busy,
                ErrorCode::TooBig => Error::TooMany(error.to_string()),
                _ => Error::Engine(error.into()),
            },
            E::FromSqlConversionFailure(..)
            | E::IntegralValueOutOfRange(..)
            | E::Utf8Error(..)
            | E::InvalidColumnType(..) => Error::Damaged(error.to_string()),
            _ => Error::Engine(error.into()),
        }
    }
}

#[cfg(feature = "postgres")]
impl From<tokio_postgres::Error> for Error {
    fn from(error: tokio_postgres::Error) -> Self {
        use std::error::Error as _;
        let Some(said) = error.as_db_error() else {
            // What cannot be read out of a row, or written into a parameter, is no fault of the connection.
            let text = error.source().map_or_else(|| error.to_string(), |cause| format!("{error}: {cause}"));
            return match error.to_string() {
                what if what.starts_with("error deserializing column") => Error::Damaged(text),
                what if what.starts_with("error serializing parameter") => Error::Engine(error.into()),
                _ => Error::Unwritable(format!("PostgreSQL: {text}")),
            };
        };
        let text = format!("PostgreSQL: {} ({})", said.message(), said.code().code());
        match said.code().code().get(..2) {
            // Statements and values that do not fit: ours to mend.
            Some("22" | "23" | "42") => Error::Engine(error.into()),
            Some("XX") => Error::Damaged(text),
            _ if said.code().code() == "57014" => Error::Busy,
            _ => Error::Unwritable(text),
        }
    }
}
