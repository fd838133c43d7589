//! What the environment says, read once.

use std::ffi::CStr;
use std::path::PathBuf;

use mapistore_wire::legacy::Generation;
use rustix::net::SocketAddrUnix;

const TRANSPORT: &CStr = c"INTENDANT_MAPISTORE_TRANSPORT";
const SOCKET: &CStr = c"INTENDANT_MAPISTORE_SOCKET";

/// Where the hub listens unless told otherwise.
const USUAL_SOCKET: &str = "/run/intendant/mapistore.sock";

/// How registrations leave the process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Transport {
    /// The hub's socket.
    Socket(PathBuf),
    /// A message queue of 2011.
    Queue(Generation),
    /// The environment names none that there is, or a socket whose name is too long for one: nothing can be sent.
    Unknown,
}

impl Transport {
    /// What the environment asks for.
    pub(crate) fn of_environment() -> Self {
        use crate::system::environment;
        Self::of(environment(TRANSPORT).and_then(|name| name.into_string().ok()).as_deref(), || {
            environment(SOCKET)
                .filter(|path| !path.is_empty())
                .map_or_else(|| USUAL_SOCKET.into(), PathBuf::from)
        })
    }

    fn of(name: Option<&str>, socket: impl FnOnce() -> PathBuf) -> Self {
        match name.unwrap_or_default() {
            "" | "socket" => match socket() {
                path if SocketAddrUnix::new(&path).is_ok() => Self::Socket(path),
                _ => Self::Unknown,
            },
            "mqueue-a" => Self::Queue(Generation::A),
            "mqueue-b" => Self::Queue(Generation::B),
            _ => Self::Unknown,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_transport_that_does_not_exist_is_not_another_one() {
        let of = |name| Transport::of(name, || "/s".into());
        assert_eq!(of(None), Transport::Socket("/s".into()));
        assert_eq!(of(Some("socket")), Transport::Socket("/s".into()));
        assert_eq!(of(Some("mqueue-a")), Transport::Queue(Generation::A));
        assert_eq!(of(Some("mqueue-b")), Transport::Queue(Generation::B));
        assert_eq!(of(Some("mqueue")), Transport::Unknown);
        assert_eq!(Transport::of(None, || "/s".repeat(60).into()), Transport::Unknown);
    }
}
