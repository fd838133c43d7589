//! The socket on which processes say whom they have registered.

use std::os::unix::net::UnixListener;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use engine::{Hub, Link, Pacer};
use http::listen::{self, Bounds, Open, Socket};
use rustix::process::{Resource, getrlimit};
use tokio::sync::watch;

use crate::conversation::talk;
use crate::live::{Live, Settings};

/// The name that the service manager gives the socket (`FileDescriptorName=`).
pub(crate) const NAME: &str = "mapistore";
/// Descriptors that all else may need.
const RESERVED: u64 = 512;
/// Processes that may be connected at least, whatever the limit is.
const LEAST: u64 = 64;
/// How long a conversation may take to end.
const GRACE: Duration = Duration::from_secs(5);

/// Sockets that the service manager has made for us, taken once before anything else is done.
static INHERITED: Mutex<Option<UnixListener>> = Mutex::new(None);

/// Takes the socket that the service manager has made, if it has.
pub(crate) fn inherit() {
    let names = std::env::var("LISTEN_FDNAMES").unwrap_or_default();
    let Some(place) = names.split(':').position(|name| name == NAME) else { return };
    let mut given = listenfd::ListenFd::from_env();
    if let Ok(Some(listener)) = given.take_unix_listener(place) {
        *INHERITED.lock().unwrap_or_else(PoisonError::into_inner) = Some(listener);
    }
}

/// Whether the service manager has made a socket.
pub(crate) fn is_inherited() -> bool {
    INHERITED.lock().unwrap_or_else(PoisonError::into_inner).is_some()
}

/// The socket: the service manager's, or our own.
async fn open(settings: &Settings) -> Result<Option<Socket>, http::Error> {
    let inherited =
        INHERITED.lock().unwrap_or_else(PoisonError::into_inner).as_ref().map(UnixListener::try_clone);
    if let Some(listener) = inherited {
        let adopted = listener.and_then(Socket::adopt);
        let what = "taking the socket of the service manager".to_owned();
        return adopted.map(Some).map_err(|source| http::Error::Io { what, source });
    }
    match &settings.socket {
        Some(path) => Socket::bind_for(path, Open::Group(settings.group)).await.map(Some),
        None => Ok(None),
    }
}

/// Listens until `stop` changes or is gone.
pub(crate) async fn serve(live: Live, hub: &Hub, link: &Link, mut stop: watch::Receiver<()>) {
    let mut pacer = Pacer::new(link, live.clock());
    loop {
        let socket = tokio::select! {
            socket = open(live.settings()) => socket,
            _ = stop.changed() => return,
        };
        match socket {
            Ok(Some(socket)) => {
                let _ = link.up(hub.now());
                let stopped = async move { drop(stop.changed().await) };
                let talk = {
                    let live = live.clone();
                    move |connection| talk(live.clone(), connection)
                };
                return listen::serve(socket, bounds(), live.clock(), stopped, talk).await;
            }
            Ok(None) => {
                let _ = link.up(hub.now());
                return;
            }
            Err(error) => tokio::select! {
                () = pacer.lost(&error) => {}
                _ = stop.changed() => return,
            },
        }
    }
}

/// What is at the other end, for those who look at connections.
pub(crate) const KIND: &str = "openchange";

/// As many as there are descriptors for, and some left for all else.
fn bounds() -> Bounds {
    let descriptors = getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX);
    let connections = descriptors.saturating_sub(RESERVED).max(LEAST);
    let connections =
        usize::try_from(connections).unwrap_or(usize::MAX).min(tokio::sync::Semaphore::MAX_PERMITS);
    Bounds { connections, of_one: connections, grace: GRACE }
}
