//! One connection, whatever it came over.

use std::convert::Infallible;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service as _, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};

use super::Guest;
use super::linger::Lingering;
use super::talk::{Talk, Wire};
use crate::listen::{Bounds, Closing};

/// How much of an answer waits for a reader that is slow, and how long the head of a request may be.
const BUFFER: usize = 64 * 1024;

/// How many connections there may be, and how long they may be slow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConnectionLimits {
    /// Connections at once; further ones wait until one ends.
    pub connections: usize,
    /// Connections at once from one address (IPv6: /64); further ones are closed. Of those on which nobody has proved
    /// yet who he is a quarter of that.
    pub of_one: usize,
    /// How long the head of a request may take, and how long a connection may be idle between requests.
    pub head: Duration,
    /// How long requests under way may still take when the server stops.
    pub grace: Duration,
}

impl Default for ConnectionLimits {
    fn default() -> Self {
        ConnectionLimits {
            connections: 4096,
            of_one: 512,
            head: Duration::from_secs(15),
            grace: Duration::from_secs(10),
        }
    }
}

impl ConnectionLimits {
    pub(super) fn bounds(self) -> Bounds {
        Bounds { connections: self.connections, of_one: self.of_one, grace: self.grace }
    }
}

/// In an answer: it is for somebody who has proved who he is.
#[derive(Clone, Copy, Debug)]
pub struct Proved;

/// Serves a connection until it ends, in the name of `guest`. `proved` is called when somebody first proves on it who he is.
pub(super) async fn serve<I>(
    io: I,
    routes: Router,
    guest: Guest,
    mut closing: Closing,
    head: Duration,
    proved: impl Fn() + Send + Sync + 'static,
) where
    I: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let talk = Arc::new(Talk::default());
    let wire = Wire::new(io, Arc::clone(&talk));
    let routes = TowerToHyperService::new(routes);
    let told = closing.clone();
    let proved = Arc::new(proved);
    let named = service_fn(move |mut request: hyper::Request<Incoming>| {
        match guest.clone() {
            Guest::Known(caller) => {
                talk.knows();
                request.extensions_mut().insert(caller);
            }
            Guest::Peer(peer) => _ = request.extensions_mut().insert(peer),
            Guest::Stranger => {}
        }
        request.extensions_mut().insert(told.clone());
        talk.asked();
        let (answer, talk, proved) =
            (routes.call(request.map(Lingering::new)), Arc::clone(&talk), Arc::clone(&proved));
        async move {
            let response = answer.await?;
            if response.extensions().get::<Proved>().is_some() && !talk.is_known() {
                talk.knows();
                proved();
            }
            Ok::<_, Infallible>(talk.answer(response))
        }
    });
    let mut builder = http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(head).max_buf_size(BUFFER);
    let mut connection = pin!(builder.serve_connection(TokioIo::new(wire), named));
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = closing.begun() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!("a connection broke off: {error}");
    }
}
