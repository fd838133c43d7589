//! What can go wrong with schools that are followed, and with their hosts.

use std::time::Duration;

use http::Problem;

use crate::error::Error as HostError;
use crate::rne::Rne;
use crate::values::Fault;

/// An error of the tracker. The class (refused, soft, hard or bug) stands with each variant.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// As the engine says.
    #[error(transparent)]
    Engine(#[from] engine::Error),
    /// As the journal says.
    #[error(transparent)]
    Journal(#[from] journal::Error),
    /// As the host in this hub says.
    #[error(transparent)]
    Here(#[from] HostError),
    /// Refused: the school is not followed.
    #[error("the school {0} is not followed: `intendant hosting follow {0}` follows it")]
    NotFollowed(Rne),
    /// Refused: it is followed at another host.
    #[error("the school {rne} is followed at {host} already: unfollow it there first")]
    Elsewhere {
        /// Which.
        rne: Rne,
        /// Where.
        host: String,
    },
    /// Refused: there is no such host.
    #[error("there is no host {name:?} in the configuration: known are {known}")]
    NoHost {
        /// The name.
        name: String,
        /// Those that are known.
        known: String,
    },
    /// Refused: what was said of the school cannot be used.
    #[error("what is said of the school cannot be used")]
    Faults(Vec<Fault>),
    /// Refused: a table of schools cannot be read.
    #[error("{0}")]
    BadFile(String),
    /// What the host says, or that it says nothing.
    #[error("{host}: {trouble}")]
    Host {
        /// Which.
        host: String,
        /// What.
        trouble: Trouble,
    },
    /// Damage: what the journal holds of a followed school cannot be read back.
    #[error("the followed school {rne} cannot be read back: {why}; unfollow it, and follow it again")]
    Damaged {
        /// Which.
        rne: String,
        /// What is wrong with it.
        why: String,
    },
    /// Bug: the client of hosts cannot be made.
    #[error("the HTTP client: {0}")]
    Client(String),
}

/// Why a host did not do what it was asked for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Trouble {
    /// Soft: it cannot be reached, or not now.
    #[error("{why}")]
    Down {
        /// Why, without addresses.
        why: String,
        /// When it wants to be asked again.
        retry_after: Option<Duration>,
    },
    /// Refused: the client key is wrong.
    #[error("the client key is refused: correct hosts.NAME.key")]
    Key,
    /// Refused: there is no such school.
    #[error("it knows no such school")]
    Missing,
    /// Refused: in its own words.
    #[error("{why}")]
    Refused {
        /// The type of the problem, `already-exists`.
        kind: String,
        /// In words.
        why: String,
    },
    /// Hard: its answer is not understood.
    #[error("its answer is not understood: {0}")]
    Odd(String),
}

impl Trouble {
    /// Whether it is the host as a whole that is in trouble, and no school alone.
    pub fn is_of_host(&self) -> bool {
        matches!(self, Trouble::Down { .. } | Trouble::Key)
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        use axum::http::StatusCode as Status;
        let detail = error.to_string();
        match error {
            Error::Engine(error) => error.into(),
            Error::Journal(error) => error.into(),
            Error::Here(error) => error.into(),
            Error::NotFollowed(_) => Problem::new(Status::NOT_FOUND, "not_followed", detail),
            Error::Elsewhere { .. } => Problem::new(Status::CONFLICT, "followed_elsewhere", detail),
            Error::NoHost { .. } => Problem::new(Status::UNPROCESSABLE_ENTITY, "no_host", detail),
            Error::Faults(faults) => {
                let named = crate::api::faults_in_words(faults).join("; ");
                Problem::new(Status::UNPROCESSABLE_ENTITY, "bad_school", named)
            }
            Error::BadFile(_) => Problem::new(Status::UNPROCESSABLE_ENTITY, "bad_file", detail),
            Error::Host { trouble, .. } => match trouble {
                Trouble::Down { retry_after, .. } => {
                    let seconds = retry_after.map_or(60, |pause| pause.as_secs());
                    Problem::later("host_down", u16::try_from(seconds).unwrap_or(u16::MAX), detail)
                }
                Trouble::Missing => Problem::new(Status::NOT_FOUND, "host_missing", detail),
                Trouble::Refused { .. } => Problem::new(Status::CONFLICT, "host_refused", detail),
                Trouble::Key => Problem::new(Status::BAD_GATEWAY, "host_key", detail),
                Trouble::Odd(_) => Problem::new(Status::BAD_GATEWAY, "host_odd", detail),
            },
            Error::Damaged { .. } => Problem::new(Status::INTERNAL_SERVER_ERROR, "damaged", detail),
            Error::Client(_) => Problem::bug(&detail),
        }
    }
}
