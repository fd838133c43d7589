//! What can go wrong in the register.

use axum::http::StatusCode;
use http::Problem;

use crate::import::BadMapping;
use crate::state::Hindrance;

/// An error of the register. The class (design §6) stands with each variant.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// As the engine says.
    #[error(transparent)]
    Engine(#[from] engine::Error),
    /// As the journal says.
    #[error(transparent)]
    Journal(#[from] journal::Error),
    /// Refused: there is no such identity.
    #[error("there is no identity {0}")]
    Missing(String),
    /// Refused: there is one already.
    #[error("there is an identity {0} already: change that one")]
    Exists(String),
    /// Refused: somebody else changed it.
    #[error("identity {0} was changed since you looked at it: look again, then decide")]
    Changed(String),
    /// Refused: the document cannot be an identity.
    #[error("this is no identity: {0}")]
    BadDocument(String),
    /// Refused: two people never write to one account.
    #[error(
        "its uid, {uid}, belongs to the identity {holder}: give it another one, or remove that of the other"
    )]
    Taken {
        /// The account name.
        uid: String,
        /// Whose it is.
        holder: String,
    },
    /// Refused: nothing of the file can be read.
    #[error("the file cannot be read: {0}")]
    BadFile(String),
    /// Refused: the mapping cannot be used.
    #[error(transparent)]
    BadMapping(#[from] BadMapping),
    /// Refused: it cannot be done just now.
    #[error("identity {id}: {}", why.sentence())]
    Hindered {
        /// Which.
        id: String,
        /// Why.
        why: Hindrance,
    },
    /// Refused at intake.
    #[error("{}", .0.message)]
    Refused(engine::Why),
    /// Bug: what the journal holds cannot be read back.
    #[error("{0}")]
    Unreadable(String),
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        use Error as E;
        let detail = error.to_string();
        match error {
            E::Engine(error) => error.into(),
            E::Journal(error) => error.into(),
            E::Missing(id) => Problem::missing(format_args!("identity {id}")),
            E::Exists(_) => Problem::new(StatusCode::CONFLICT, "exists", detail),
            E::Changed(id) => Problem::changed_meanwhile(format_args!("identity {id}")),
            E::BadDocument(_) => Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "bad_document", detail),
            E::Taken { .. } => Problem::new(StatusCode::CONFLICT, "uid_taken", detail),
            E::BadFile(_) => Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "bad_file", detail),
            E::BadMapping(_) => Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "bad_mapping", detail),
            E::Hindered { why, .. } => Problem::new(StatusCode::CONFLICT, why.as_str(), detail),
            E::Refused(why) => why.into(),
            E::Unreadable(_) => Problem::bug(&detail),
        }
    }
}
