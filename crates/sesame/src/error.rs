//! What can go wrong at this front door. No message holds an address with its password, a payload or an answer.

/// An error of the source. The class (refused, soft, hard or bug) stands with each variant.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Refused: the address of Redis cannot be used.
    #[error("{0}")]
    Address(String),
    /// Soft: Redis did not answer as it should. The source tries again by itself.
    #[error("Redis at {at}: {why}")]
    Redis {
        /// Host, port and database.
        at: String,
        /// What Redis or the connection said.
        why: String,
    },
    /// Soft: the journal could not be read or written. What was taken goes back to the queue.
    #[error(transparent)]
    Hub(#[from] engine::Error),
    /// Bug: the queue answered with something that no known version of its scripts answers.
    #[error("the queue answered with something unknown: {0}")]
    Unknown(String),
}

impl From<journal::Error> for Error {
    fn from(error: journal::Error) -> Self {
        Error::Hub(error.into())
    }
}
