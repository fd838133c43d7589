//! Taking connections within bounds and ending them gracefully, whatever is spoken over them.
//!
//! A [`Listener`] accepts connections and greets each: it says who is on the other side. What is spoken then is an
//! argument of [`serve`]; HTTP is one such thing.

mod crowd;
mod household;
mod socket;
pub mod tcp;

use std::io;
use std::net::IpAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use engine::clock::within;
use engine::{Clock, Lasting};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::JoinSet;

use crowd::{Crowd, Seat};

pub use household::household;
pub use socket::{Open, Socket, Uid};

/// The pause after a connection could not be accepted (no file descriptor left, for example).
const BREATH: Duration = Duration::from_millis(100);
/// How long the greeting of a connection (TLS) may take.
const GREETING: Duration = Duration::from_secs(10);

/// Something that connections come in by.
pub trait Listener: Send + Sync + 'static {
    /// A connection as it comes.
    type Raw: Send + 'static;
    /// A connection that can be talked over.
    type Stream: AsyncRead + AsyncWrite + Unpin + Send + 'static;
    /// Who is on the other side.
    type Peer: Send + 'static;

    /// Who shares a bounded number of connections with others behind the same address; `None` = nobody does.
    fn household(&self, _: &Self::Raw) -> Option<IpAddr> {
        None
    }
    /// Waits for the next connection.
    fn accept(&self) -> impl Future<Output = io::Result<Self::Raw>> + Send;
    /// Makes it ready, and says who it is.
    fn greet(&self, raw: Self::Raw) -> impl Future<Output = io::Result<(Self::Stream, Self::Peer)>> + Send;
}

/// How many connections there may be, and how long they may take to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// Connections at once; further ones wait until one ends.
    pub connections: usize,
    /// Connections at once from one address (IPv6: /64); further ones are closed. Of those on which nobody has proved
    /// yet who he is a quarter of that.
    pub of_one: usize,
    /// How long what is under way may still take when the listener stops.
    pub grace: Duration,
}

/// A connection that was greeted.
pub struct Connection<L: Listener> {
    /// To talk over.
    pub stream: L::Stream,
    /// Who is on the other side.
    pub peer: L::Peer,
    /// Told when the listener stops.
    pub closing: Closing,
    /// For whoever proves who he is.
    pub proof: Vouch,
}

/// What a connection counts as among those of its address.
#[derive(Debug)]
pub struct Vouch(Option<Seat>);

impl Vouch {
    /// Somebody has proved on it who he is: his address may have more connections.
    pub fn proved(&self) {
        self.0.iter().for_each(Seat::proved);
    }
}

/// Takes connections until `stop` resolves, and talks over each; then lets those under way end within the grace period.
pub async fn serve<L: Listener, T>(
    listener: L,
    bounds: Bounds,
    clock: &Clock,
    stop: impl Future<Output = ()>,
    talk: impl Fn(Connection<L>) -> T + Clone + Send + 'static,
) where
    T: Future<Output = ()> + Send,
{
    let listener = Arc::new(listener);
    let (closing, told) = watch::channel(false);
    let crowd = Arc::new(Crowd::new(bounds.of_one));
    let slots = Arc::new(Semaphore::new(bounds.connections));
    let mut connections = JoinSet::new();
    let trouble = Lasting::default();
    let mut stop = pin!(stop);
    loop {
        let accepted = tokio::select! {
            accepted = accept(&*listener, &slots) => accepted,
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
        let place = match listener.household(&raw).map(|address| Crowd::admit(&crowd, address)) {
            None => None,
            Some(Some(place)) => Some(place),
            // Closed at once: it costs nothing.
            Some(None) => continue,
        };
        let (listener, talk, closing) = (Arc::clone(&listener), talk.clone(), Closing(told.clone()));
        connections.spawn(async move {
            match within(GREETING, listener.greet(raw)).await {
                Ok(Ok((stream, peer))) => {
                    talk(Connection { stream, peer, closing, proof: Vouch(place) }).await;
                }
                Ok(Err(error)) => tracing::debug!("a connection broke off at its greeting: {error}"),
                Err(_) => tracing::debug!("a connection was too slow with its greeting"),
            }
            drop(slot);
        });
    }
    drop(listener);
    closing.send_replace(true);
    let ended = within(bounds.grace, async { while connections.join_next().await.is_some() {} });
    if ended.await.is_err() {
        tracing::warn!(
            requests = connections.len(),
            "the grace period is over: requests under way are broken off"
        );
        connections.shutdown().await;
    }
}

/// The next connection, once there is room for it.
async fn accept<L: Listener>(
    listener: &L,
    slots: &Arc<Semaphore>,
) -> io::Result<(L::Raw, OwnedSemaphorePermit)> {
    let slot = Arc::clone(slots).acquire_owned().await.map_err(io::Error::other)?;
    Ok((listener.accept().await?, slot))
}

/// Tells whoever waits or streams that the listener is about to stop, so that he answers now.
#[derive(Clone, Debug)]
pub struct Closing(watch::Receiver<bool>);

impl Closing {
    /// Of something that never stops.
    pub fn never() -> Self {
        Closing(watch::channel(false).1)
    }

    /// Resolves when the listener is about to stop.
    pub async fn begun(&mut self) {
        if self.0.wait_for(|closing| *closing).await.is_err() {
            // The listener is gone without a word; its connections go with it.
            std::future::pending::<()>().await;
        }
    }
}
