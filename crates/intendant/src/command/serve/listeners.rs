//! Where the hub is reached: the socket of the commands, and TCP.

use std::time::Duration;

use access::Access;
use anyhow::Result;
use axum::Router;
use engine::Clock;
use engine::port::BoxFuture;
use http::listen::Socket;
use http::listen::tcp::{Tcp, Tls};
use http::page::{Kit, around};
use http::{ConnectionLimits, KeyedPaths, frame, squeezed};
use tokio::sync::watch;

use crate::config::{Config, Listen};
use crate::plan::refused;

/// What the hub listens on.
pub(super) struct Listeners {
    socket: Socket,
    tcp: Option<Tcp>,
    /// The certificate, to be read again at a reload.
    pub(super) tls: Option<Tls>,
    /// Where people reach the hub.
    pub(super) url: Option<String>,
}

impl Listeners {
    /// Takes socket and address. A hub that `stands_in` for another program, which has no console, works on without the
    /// address when somebody else has it.
    pub(super) async fn open(config: &Config, tls: Option<Tls>, stands_in: bool) -> Result<Self> {
        let socket = Socket::bind(&config.socket).await.map_err(refused)?;
        let tcp = match config.http.listen {
            Listen::Off => None,
            Listen::On(address) => {
                if !address.ip().is_loopback() && tls.is_none() && config.http.trusted_proxies.0.is_empty() {
                    tracing::warn!(
                        %address,
                        "{address} is reached by others, without encryption: give `http.certificate` and `http.key`, \
                         or put a proxy with a certificate in front and name it in `http.trusted_proxies`"
                    );
                }
                match Tcp::bind(address, tls.clone()).await {
                    Err(error @ http::Error::AddressInUse { .. }) if stands_in => {
                        tracing::warn!(%address, "there is no console, the rest works: {error}");
                        None
                    }
                    bound => {
                        let proxies = config.http.trusted_proxies.0.clone();
                        Some(bound.map_err(refused)?.with_proxies(proxies))
                    }
                }
            }
        };
        let own = tcp.as_ref().map(Tcp::url).transpose()?;
        let url = config.http.url.as_ref().map(|site| site.base().to_owned()).or(own);
        Ok(Listeners { socket, tcp, tls, url })
    }

    /// Where it listens, for the log.
    pub(super) fn places(&self, config: &Config) -> String {
        let socket = config.socket.display().to_string();
        let tcp = self.tcp.as_ref().and_then(|tcp| tcp.url().ok());
        [Some(socket), tcp].into_iter().flatten().collect::<Vec<_>>().join(" and ")
    }

    /// Answers that the hub does not work yet, on the socket and to all others, until `stop` changes or is gone.
    pub(super) async fn serve_waiting(
        self,
        own: Router,
        others: Router,
        clock: Clock,
        stop: watch::Receiver<()>,
    ) {
        // Answers are short, and whoever has not asked yet keeps no hub from its work.
        let limits = ConnectionLimits { grace: Duration::from_millis(200), ..ConnectionLimits::default() };
        let socket = self.socket.serve(frame(own), limits, &clock, stopped(stop.clone()));
        let tcp = async {
            if let Some(tcp) = self.tcp {
                tcp.serve(frame(others), limits, &clock, stopped(stop)).await;
            }
        };
        tokio::join!(socket, tcp);
    }

    /// Answers on all of them until `stop` changes or is gone.
    pub(super) async fn serve(
        self,
        routes: Router,
        keyed: KeyedPaths,
        access: Access,
        kit: Kit,
        clock: Clock,
        stop: watch::Receiver<()>,
    ) {
        let limits = ConnectionLimits::default();
        let socket = self.socket.serve(frame(routes.clone()), limits, &clock, stopped(stop.clone()));
        // Inside, a problem's page knows who asks; what no route answers never gets there.
        let people = squeezed(around(access.layer(frame(around(routes, &kit)), keyed), &kit));
        let tcp = async {
            if let Some(tcp) = self.tcp {
                tcp.serve(people, limits, &clock, stopped(stop)).await;
            }
        };
        tokio::join!(socket, tcp);
    }
}

fn stopped(mut stop: watch::Receiver<()>) -> BoxFuture<'static, ()> {
    Box::pin(async move { drop(stop.changed().await) })
}
