//! What can go wrong with an upload.

use std::io::{self, ErrorKind};

use http::Problem;

use super::refusal::{Reason, Refusal};
use super::tus::Bad;

/// Why something was not done.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Refused, with a sentence for people.
    #[error("refused: {}", .0.reason.code())]
    Refused(Refusal),
    /// Refused: a program does not speak the protocol.
    #[error("{}", .0.sentence())]
    Bad(Bad),
    /// Refused: the part begins elsewhere than what is there ends.
    #[error("{have} bytes are there: go on from there")]
    Offset {
        /// Bytes that are there.
        have: u64,
    },
    /// Refused: the part did not arrive as it was sent.
    #[error("the part did not arrive as it was sent: send it again")]
    Mismatch,
    /// Soft: a newer request for the same file has come.
    #[error("a newer request for this file has come: this one ends")]
    Superseded,
    /// Soft: nothing came for a while.
    #[error("nothing came for {0} s: what came is kept, go on from there")]
    Idle(u64),
    /// Soft: the part broke off.
    #[error("the part broke off: what came is kept, go on from there")]
    Broke,
    /// Whatever somebody else answered.
    #[error("{}", .0.detail)]
    Problem(Problem),
    /// Soft: the disk.
    #[error("the folder of uploads: {0}")]
    Disk(io::Error),
}

impl From<Reason> for Error {
    fn from(reason: Reason) -> Self {
        Error::Refused(reason.into())
    }
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        Error::Refused(refusal)
    }
}

impl From<Bad> for Error {
    fn from(bad: Bad) -> Self {
        Error::Bad(bad)
    }
}

impl From<Problem> for Error {
    fn from(problem: Problem) -> Self {
        Error::Problem(problem)
    }
}

impl From<io::Error> for Error {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge => {
                Reason::Room.into()
            }
            _ => Error::Disk(error),
        }
    }
}
