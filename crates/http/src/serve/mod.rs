//! HTTP over whatever is listened on: who is on the other side goes into each request.

mod connection;
mod frame;
mod linger;
mod squeeze;
mod talk;

use axum::Router;
use axum::http::StatusCode;
use engine::Clock;
use engine::port::BoxFuture;

use crate::caller::Caller;
use crate::listen::tcp::{Peer, Tcp};
use crate::listen::{self, Listener, Socket, Uid};
use crate::problem::Problem;

pub use connection::{ConnectionLimits, Proved};
pub use frame::frame;
pub(crate) use frame::guarded;
pub use squeeze::squeezed;

/// Who is on the other side of a connection.
#[derive(Clone, Debug)]
enum Guest {
    /// Somebody who need not prove anything more.
    Known(Caller),
    /// Somebody who has to say who it is with each request.
    Peer(Peer),
    /// Somebody to whom nothing is said.
    Stranger,
}

impl From<Uid> for Guest {
    /// The hub's own socket is for root and the hub's own user only.
    fn from(uid: Uid) -> Self {
        if uid.is_ours() { Guest::Known(Caller::of_socket(uid.0)) } else { Guest::Stranger }
    }
}

impl From<Peer> for Guest {
    fn from(peer: Peer) -> Self {
        Guest::Peer(peer)
    }
}

impl Socket {
    /// Answers requests until `stop` resolves, then lets those under way end within the grace period; waits and streams
    /// end at once.
    pub fn serve<'a>(
        self,
        routes: Router,
        limits: ConnectionLimits,
        clock: &'a Clock,
        stop: BoxFuture<'a, ()>,
    ) -> BoxFuture<'a, ()> {
        Box::pin(serve(self, routes, limits, clock, stop))
    }
}

impl Tcp {
    /// Answers requests until `stop` resolves, then lets those under way end within the grace period; waits and streams
    /// end at once. Around the routes there must be what finds out who asks: a request carries no more than its
    /// [`Peer`].
    pub fn serve<'a>(
        self,
        routes: Router,
        limits: ConnectionLimits,
        clock: &'a Clock,
        stop: BoxFuture<'a, ()>,
    ) -> BoxFuture<'a, ()> {
        Box::pin(serve(self, routes, limits, clock, stop))
    }
}

/// Those above give it boxed, and nothing in it is of a type of whoever serves: so it is compiled here, as much optimised as this
/// crate, and not with them.
async fn serve<L>(
    listener: L,
    routes: Router,
    limits: ConnectionLimits,
    clock: &Clock,
    stop: BoxFuture<'_, ()>,
) where
    L: Listener<Peer: Into<Guest>>,
{
    listen::serve(listener, limits.bounds(), clock, stop, move |connection| {
        let routes = routes.clone();
        async move {
            let listen::Connection { stream, peer, closing, proof } = connection;
            let guest = peer.into();
            let routes = if matches!(guest, Guest::Stranger) { strangers() } else { routes };
            connection::serve(stream, routes, guest, closing, limits.head, move || proof.proved()).await;
        }
    })
    .await;
}

fn strangers() -> Router {
    guarded(Router::new().fallback(|| async {
        let detail =
            "this socket answers only root and the user that runs the hub: run the command as one of them";
        Problem::new(StatusCode::FORBIDDEN, "forbidden", detail)
    }))
}
