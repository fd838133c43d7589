//! What can go wrong in the register.

use axum::http::StatusCode;
use http::Problem;

use crate::import::BadMapping;
use crate::state::Hindrance;

/// An error of the register. The class (refused, soft, hard or bug) stands with each variant.
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
    /// Refused: there is no such run.
    #[error("there is no run {0}: see `intendant identities runs`")]
    NoRun(String),
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
    /// Damage: what the journal holds of an identity cannot be read back.
    #[error(
        "identity {id} cannot be read back: {why}; erase it with `intendant identities erase {id}`, then import it again"
    )]
    Damaged {
        /// Which.
        id: String,
        /// What is wrong with it.
        why: String,
    },
    /// Soft: the journal refused in the middle of something that is done to many.
    #[error(
        "of the identities asked for, {done} were done and {left} left as they are, then: {source}; ask again for the rest"
    )]
    Halfway {
        /// To how many it was done, or for how many there is a job now.
        done: u64,
        /// How many were left as they are.
        left: u64,
        /// Why it broke off.
        source: Box<Error>,
    },
}

impl Error {
    /// Whether somebody else wrote at the same moment what this was to be written over.
    pub(crate) fn is_conflict(&self) -> bool {
        matches!(
            self,
            Error::Journal(journal::Error::Conflict { .. })
                | Error::Engine(engine::Error::Journal(journal::Error::Conflict { .. }))
        )
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        use Error as E;
        let detail = error.to_string();
        match error {
            E::Engine(error) => error.into(),
            E::Journal(error) => error.into(),
            E::Missing(id) => Problem::missing(format_args!("identity {id}")),
            E::NoRun(id) => Problem::missing(format_args!("run {id}")),
            E::Exists(_) => Problem::new(StatusCode::CONFLICT, "exists", detail),
            E::Changed(id) => Problem::changed_meanwhile(format_args!("identity {id}")),
            E::BadDocument(_) => Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "bad_document", detail),
            E::Taken { .. } => Problem::new(StatusCode::CONFLICT, "uid_taken", detail),
            E::BadFile(_) => Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "bad_file", detail),
            E::BadMapping(_) => Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "bad_mapping", detail),
            E::Hindered { why, .. } => Problem::new(StatusCode::CONFLICT, why.as_str(), detail),
            E::Refused(why) => why.into(),
            E::Damaged { .. } => Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "damaged", detail),
            E::Halfway { source, .. } => {
                // As the cause says, but for its words: they would say that nothing was done.
                Problem { detail: detail.into(), ..Problem::from(*source) }
            }
        }
    }
}
