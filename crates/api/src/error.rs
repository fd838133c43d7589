//! What can go wrong between a program and the hub.

use std::io;
use std::path::PathBuf;

use http::Problem;

/// An error of the client. The class stands with each variant.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Soft: the socket could not be used.
    #[error("{what}: {source}")]
    Io {
        /// What was attempted, with the path.
        what: String,
        /// The cause.
        source: io::Error,
    },
    /// Refused: nobody listens.
    #[error("no hub is listening on {}: start it with `intendant serve`", socket.display())]
    NoHub {
        /// The socket.
        socket: PathBuf,
    },
    /// Refused: the socket belongs to somebody else.
    #[error("no permission to use {}: run this as the user that runs the hub, or as root", socket.display())]
    Denied {
        /// The socket.
        socket: PathBuf,
    },
    /// Refused: the URL of a hub cannot be used.
    #[error("{url} is no URL of a hub: {why}")]
    BadUrl {
        /// The URL.
        url: String,
        /// What is wrong with it.
        why: String,
    },
    /// Soft: the hub at a URL cannot be reached.
    #[error("{url} cannot be reached: {why}")]
    Unreachable {
        /// The URL.
        url: String,
        /// Why.
        why: String,
    },
    /// Bug: TLS cannot be used.
    #[error("TLS cannot be used: {0}")]
    Tls(String),
    /// What the hub answered.
    #[error("{}", .0.detail)]
    Problem(Box<Problem>),
    /// Soft: the connection was lost before the answer was complete. What was asked may have been done.
    #[error(
        "the connection to the hub was lost before its answer was complete ({0}): look at `intendant jobs list`"
    )]
    Lost(String),
    /// Bug: what answered is no hub of a version that fits.
    #[error("{hub} answers, and not as a hub of this version does ({why})")]
    Strange {
        /// Socket or URL.
        hub: String,
        /// What was unexpected.
        why: String,
    },
}

impl Error {
    /// Whether the same question may be answered in a moment: the hub is away, or cannot answer now.
    pub fn passes(&self) -> bool {
        match self {
            Error::NoHub { .. } | Error::Unreachable { .. } | Error::Lost(_) => true,
            Error::Problem(problem) => problem.is_soft(),
            Error::Io { .. }
            | Error::Denied { .. }
            | Error::BadUrl { .. }
            | Error::Tls(_)
            | Error::Strange { .. } => false,
        }
    }
}

impl From<Problem> for Error {
    fn from(problem: Problem) -> Self {
        Error::Problem(Box::new(problem))
    }
}
