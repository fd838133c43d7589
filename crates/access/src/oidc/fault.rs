//! Why somebody does not get in through the provider.

use thiserror::Error;

use http::Problem;

/// Why a sign-in at the provider came to nothing. The text is for the log; people read [`Fault::word`] in their language.
#[derive(Debug, Error)]
pub enum Fault {
    /// The provider does not answer, or not as a provider does.
    #[error("the provider cannot be used: {0}")]
    Unreachable(String),
    /// The answer belongs to no sign-in that was begun here, in this browser, a short time ago.
    #[error("the answer belongs to no sign-in that is under way in this browser")]
    Lost,
    /// The provider, or the person there, said no.
    #[error("the provider says no: {0}")]
    Denied(String),
    /// What the provider answered is not to be believed.
    #[error("the provider's ID token is not believed: {0}")]
    Unbelieved(String),
    /// The provider gives no name that an account could have.
    #[error("the claim {claim:?} holds no name that fits an account")]
    Nameless {
        /// Where the name should be.
        claim: String,
    },
    /// The person has no role here.
    #[error("the claims of {name} map to no role")]
    NoRole {
        /// The person.
        name: String,
    },
    /// The name belongs to somebody else.
    #[error("there is another account named {name}")]
    Taken {
        /// The name.
        name: String,
    },
    /// The person is kept out.
    #[error("the account {name} is kept out")]
    KeptOut {
        /// The account.
        name: String,
    },
    /// Something else is in the way.
    #[error("{}", .0.detail)]
    Other(Problem),
}

impl Fault {
    /// A word for it: `oidc-WORD` is the message that people see.
    pub fn word(&self) -> &'static str {
        match self {
            Fault::Unreachable(_) => "unreachable",
            Fault::Lost => "lost",
            Fault::Denied(_) => "denied",
            Fault::Unbelieved(_) => "unbelieved",
            Fault::Nameless { .. } => "nameless",
            Fault::NoRole { .. } => "no-role",
            Fault::Taken { .. } => "taken",
            Fault::KeptOut { .. } => "kept-out",
            Fault::Other(_) => "other",
        }
    }

    /// The person as the provider names it, where that is known and matters.
    pub fn name(&self) -> Option<&str> {
        match self {
            Fault::NoRole { name } | Fault::Taken { name } | Fault::KeptOut { name } => Some(name),
            _ => None,
        }
    }
}

impl From<Problem> for Fault {
    fn from(problem: Problem) -> Self {
        Fault::Other(problem)
    }
}
