//! What all servers share: taking connections within bounds, and ending them gracefully.

use std::io;
use std::net::IpAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::http::StatusCode;
use engine::{Clock, Lasting};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::caller::{Caller, Closing};
use crate::connection::{self, ConnectionLimits};
use crate::crowd::{Crowd, Place};
use crate::frame::guarded;
use crate::problem::Problem;

/// The pause after a connection could not be accepted (no file descriptor left, for example).
const BREATH: Duration = Duration::from_millis(100);
/// How long the greeting of a connection (TLS) may take.
const GREETING: Duration = Duration::from_secs(10);

/// Something that connections come in by.
pub(crate) trait Door: Send + Sync + 'static {
    /// A connection as it comes.
    type Raw: Send + 'static;
    /// A connection that can be talked over.
    type Stream: AsyncRead + AsyncWrite + Unpin + Send + 'static;

    /// Who shares a bounded number of connections with others behind the same address; `None` = nobody does.
    fn household(&self, _: &Self::Raw) -> Option<IpAddr> {
        None
    }
    /// Waits for the next connection.
    fn accept(&self) -> impl Future<Output = io::Result<Self::Raw>> + Send;
    /// Makes it ready, and says who it is.
    fn greet(&self, raw: Self::Raw) -> impl Future<Output = io::Result<(Self::Stream, Guest)>> + Send;
}

/// Who is on the other side of a connection.
#[derive(Clone, Debug)]
pub(crate) enum Guest {
    /// Somebody who need not prove anything more.
    Known(Caller),
    /// Somebody who has to say who it is with each request.
    Peer(Peer),
    /// Somebody to whom nothing is said.
    Stranger,
}

/// The other side of a TCP connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Peer {
    pub(crate) address: IpAddr,
    /// The connection is encrypted.
    pub(crate) tls: bool,
}

/// Answers requests until `stop` resolves, then lets those under way end within the grace period; waits and streams
/// end at once.
pub(crate) async fn serve<D: Door>(
    door: D,
    routes: Router,
    limits: ConnectionLimits,
    clock: &Clock,
    stop: impl Future<Output = ()>,
) {
    let door = Arc::new(door);
    let (closing, told) = watch::channel(false);
    let crowd = Arc::new(Crowd::new(limits.of_one));
    let slots = Arc::new(Semaphore::new(limits.connections));
    let mut connections = JoinSet::new();
    let trouble = Lasting::default();
    let mut stop = pin!(stop);
    loop {
        let accepted = tokio::select! {
            accepted = accept(&*door, &slots) => accepted,
            () = &mut stop => break,
        };
        while connections.try_join_next().is_some() {}
        let (raw, slot) = match accepted {
            Ok(accepted) => {
                if trouble.ended() {
                    tracing::info!("connections are accepted again");
                }
                accepted
            }
            Err(error) => {
                if trouble.began() {
                    tracing::error!("connections cannot be accepted, until they can: {error}");
                }
                clock.sleep(BREATH).await;
                continue;
            }
        };
        let place = match door.household(&raw).map(|address| Crowd::admit(&crowd, address)) {
            None => None,
            Some(Some(place)) => Some(place),
            // Closed at once: it costs nothing.
            Some(None) => continue,
        };
        let (door, routes, told) = (Arc::clone(&door), routes.clone(), Closing(told.clone()));
        connections.spawn(async move {
            match timeout(GREETING, door.greet(raw)).await {
                Ok(Ok((stream, guest))) => {
                    let routes = if matches!(guest, Guest::Stranger) { strangers() } else { routes };
                    let proved = move || place.iter().for_each(Place::proved);
                    connection::serve(stream, routes, guest, told, limits.head, proved).await;
                }
                Ok(Err(error)) => tracing::debug!("a connection broke off at its greeting: {error}"),
                Err(_) => tracing::debug!("a connection was too slow with its greeting"),
            }
            drop(slot);
        });
    }
    drop(door);
    closing.send_replace(true);
    let ended = timeout(limits.grace, async { while connections.join_next().await.is_some() {} });
    if ended.await.is_err() {
        tracing::warn!(
            requests = connections.len(),
            "the grace period is over: requests under way are broken off"
        );
        connections.shutdown().await;
    }
}

/// The next connection, once there is room for it.
async fn accept<D: Door>(
    door: &D,
    slots: &Arc<Semaphore>,
) -> io::Result<(D::Raw, tokio::sync::OwnedSemaphorePermit)> {
    let slot = Arc::clone(slots).acquire_owned().await.map_err(io::Error::other)?;
    Ok((door.accept().await?, slot))
}

fn strangers() -> Router {
    guarded(Router::new().fallback(|| async {
        let detail =
            "this socket answers only root and the user that runs the hub: run the command as one of them";
        Problem::new(StatusCode::FORBIDDEN, "forbidden", detail)
    }))
}
