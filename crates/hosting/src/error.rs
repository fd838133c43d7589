//! What can go wrong with an establishment.

use crate::lifecycle::Refusal;
use crate::rne::Rne;
use crate::state::State;

/// An error of the module. The class (refused, soft, hard or bug) stands with each variant.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// As the engine says.
    #[error(transparent)]
    Engine(#[from] engine::Error),
    /// As the journal says.
    #[error(transparent)]
    Journal(#[from] journal::Error),
    /// Refused: there is no such establishment.
    #[error("there is no establishment {0} here")]
    Missing(Rne),
    /// Refused: its state does not allow it.
    #[error("establishment {rne} is in {}: {}", state.code(), why.sentence())]
    Refused {
        /// Which.
        rne: Rne,
        /// Its state.
        state: State,
        /// Why.
        why: Refusal,
    },
    /// Bug: the hub's own intake refused what was asked of the backends.
    #[error("what was to be asked of the backends was not accepted: {}", .0.message)]
    NotAccepted(engine::Why),
    /// Soft: others change it at every try.
    #[error("establishment {0} is being changed by others: try again")]
    Contended(Rne),
    /// Damage: what the journal holds of an establishment cannot be read back.
    #[error("establishment {rne} cannot be read back: {why}")]
    Damaged {
        /// Which.
        rne: String,
        /// What is wrong with it.
        why: String,
    },
    /// Damage: the secret that all keys follow from cannot be read or made.
    #[error("the secret from which all keys follow cannot be read or made: restore a backup")]
    NoSecret,
    /// Soft: a file could not be read or removed.
    #[error("{what}: {source}")]
    File {
        /// What was attempted, with the path.
        what: String,
        /// The cause.
        source: std::io::Error,
    },
}

impl Refusal {
    /// In words.
    pub const fn sentence(self) -> &'static str {
        match self {
            Refusal::Exists => "it exists already, with other values: change it, or delete it first",
            Refusal::NotNow => "that cannot be done in this state",
            Refusal::Gone => "it was deleted",
            Refusal::UnderWay => "the work is under way: there is nothing to try again",
            Refusal::NothingFailed => "nothing failed: there is nothing to try again",
            Refusal::NoWork => "no work is waited for",
            Refusal::Kept => "it is to be kept",
        }
    }
}

impl From<Error> for http::Problem {
    fn from(error: Error) -> Self {
        match error {
            Error::Engine(error) => error.into(),
            Error::Journal(error) => error.into(),
            Error::Missing(rne) => http::Problem::missing(format_args!("establishment {rne}")),
            Error::Refused { .. } => http::Problem::taken(error.to_string()),
            Error::Contended(_) => http::Problem::later("busy", 1, error.to_string()),
            other => http::Problem::bug(&other),
        }
    }
}
