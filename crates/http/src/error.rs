//! What can go wrong with what is listened on.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

/// An error of the kit. The class stands with each variant.
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
}
