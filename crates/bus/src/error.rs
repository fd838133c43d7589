//! What can go wrong at this front door. No message holds an address with its password, or a payload.

/// An error of the source. The class (refused, soft, hard or bug) stands with each variant.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Refused: the address of the broker cannot be used.
    #[error("{0}")]
    Address(String),
    /// Soft: the broker did not answer as it should. The source tries again by itself.
    #[error("RabbitMQ at {at}: {why}")]
    Broker {
        /// Host, port and virtual host.
        at: String,
        /// What the broker or the connection said.
        why: String,
    },
    /// Soft: there is no connection to the broker. The source tries again by itself.
    #[error("RabbitMQ at {at}: {why}")]
    Unreached {
        /// Host, port and virtual host.
        at: String,
        /// Why, in plain words.
        why: String,
        /// What to do about it.
        remedy: &'static str,
    },
    /// Soft: somebody else consumes the job queue, which one alone may.
    #[error("another consumer has queue {0}: this one stands by until it is free")]
    Taken(String),
    /// Refused: what was to be published does not fit, in a sentence.
    #[error("{0}")]
    Unfit(String),
    /// Soft: the journal could not be read or written. What was not taken in stays with the broker.
    #[error(transparent)]
    Hub(#[from] engine::Error),
}
