//! What can go wrong between a program and the hub.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

use crate::problem::Problem;

/// An error of the kit. The class (design §6) stands with each variant.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Refused: another hub listens there.
    #[error("{} is in use: a hub is listening there already", socket.display())]
    InUse {
        /// The socket.
        socket: PathBuf,
    },
    /// Refused: something that is no socket is in the way.
    #[error("{} exists and is no socket: move it away, or name another socket", socket.display())]
    Occupied {
        /// What is in the way.
        socket: PathBuf,
    },
    /// Refused: somebody else listens on the address.
    #[error("{address} is in use by another program: stop that, or choose another address in `http.listen`")]
    AddressInUse {
        /// The address.
        address: SocketAddr,
    },
    /// Refused: certificate or key cannot be used.
    #[error("{}: {why}", file.display())]
    Certificate {
        /// The file.
        file: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// Soft: the socket could not be made.
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

impl From<Problem> for Error {
    fn from(problem: Problem) -> Self {
        Error::Problem(Box::new(problem))
    }
}
