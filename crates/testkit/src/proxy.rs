//! A road to a server that can be cut: what a machine sees of a network that fails.
//!
//! A program under test reaches the server through a [`Proxy`] of its own. Its road can be [cut](Proxy::cut), it can
//! [hang](Proxy::hang), and it can be cut [behind a COMMIT](Proxy::cut_behind_commit): PostgreSQL carries it out, and
//! the program never hears of it.

mod pump;
mod watch;

use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use crate::port::Port;
use crate::{Error, wait};

/// A server on this machine takes a connection at once, or not at all.
const CONNECTS: Duration = Duration::from_secs(5);

/// What goes no further on a road that hangs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// What the client sends.
    There,
    /// What the server answers.
    Back,
    /// Neither.
    Both,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Road {
    Open,
    Hangs(Way),
    Cut,
    Gone,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Direction {
    There,
    Back,
}

impl Road {
    fn lets(self, direction: Direction) -> bool {
        match self {
            Road::Open => true,
            Road::Hangs(Way::There) => direction == Direction::Back,
            Road::Hangs(Way::Back) => direction == Direction::There,
            Road::Hangs(Way::Both) | Road::Cut | Road::Gone => false,
        }
    }
}

/// One connection, at both its ends.
#[derive(Debug)]
struct Link {
    client: TcpStream,
    server: TcpStream,
    over: AtomicBool,
    /// A COMMIT was let through, and nothing of what is answered is.
    deaf: AtomicBool,
}

impl Link {
    fn end(&self) {
        self.over.store(true, Ordering::Release);
        for socket in [&self.client, &self.server] {
            // It may have ended by itself.
            let _ = socket.shutdown(Shutdown::Both);
        }
    }
}

#[derive(Debug)]
struct State {
    road: Road,
    /// Whether somebody listens.
    listens: bool,
    /// The next COMMIT is the last thing that is let through.
    armed: bool,
    links: Vec<Arc<Link>>,
}

#[derive(Debug)]
struct Shared {
    target: SocketAddr,
    port: u16,
    state: Mutex<State>,
    changed: Condvar,
}

/// A road to a server, on a port of its own. Gone when it is dropped, with all that is on it.
#[derive(Debug)]
pub struct Proxy {
    shared: Arc<Shared>,
    accepting: Option<JoinHandle<()>>,
    _port: Port,
}

impl Proxy {
    /// An open road to a server.
    ///
    /// # Errors
    /// When there is no port to listen on.
    pub fn to(target: SocketAddr) -> Result<Proxy, Error> {
        let port = Port::take()?;
        let state = State { road: Road::Open, listens: true, armed: false, links: Vec::new() };
        let shared = Arc::new(Shared {
            target,
            port: port.number(),
            state: Mutex::new(state),
            changed: Condvar::new(),
        });
        let listener = shared.listen()?;
        let of_thread = Arc::clone(&shared);
        let accepting = std::thread::spawn(move || of_thread.accept(listener));
        Ok(Proxy { shared, accepting: Some(accepting), _port: port })
    }

    /// Where it is reached.
    pub fn address(&self) -> SocketAddr {
        self.shared.address()
    }

    /// The URL of the server, by this road.
    pub fn url(&self, url: &str) -> String {
        url.replace(&self.shared.target.to_string(), &self.address().to_string())
    }

    /// Ends every connection and takes no new one: who connects is refused.
    pub fn cut(&self) {
        self.shared.cut();
    }

    /// Takes connections as ever, and keeps back what is sent, until the road [heals](Proxy::heal): then it arrives.
    pub fn hang(&self, way: Way) {
        self.shared.lock().road = Road::Hangs(way);
        self.shared.changed.notify_all();
    }

    /// Makes all well.
    ///
    /// # Errors
    /// When somebody else has taken the port.
    pub fn heal(&self) -> Result<(), Error> {
        let mut state = self.shared.lock();
        state.armed = false;
        state.road = Road::Open;
        self.shared.changed.notify_all();
        let listens = self.shared.until(state, |state| state.listens || state.road == Road::Gone);
        match listens.road {
            Road::Gone => Err(Error::NoPort { first: self.shared.port, last: self.shared.port }),
            _ => Ok(()),
        }
    }

    /// Lets the next COMMIT through, waits until the server has carried it out, and cuts the road in place of its answer.
    pub fn cut_behind_commit(&self) {
        self.shared.lock().armed = true;
    }

    /// Whether the road is cut. `limit`: so long it is waited for.
    pub fn is_cut_within(&self, limit: Duration) -> bool {
        wait::until(limit, || (self.shared.lock().road == Road::Cut).then_some(())).is_some()
    }

    /// So many connections are on the road.
    pub fn connections(&self) -> usize {
        self.shared.lock().links.len()
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.shared.close(Road::Gone);
        if let Some(accepting) = self.accepting.take() {
            // It has nothing to tell.
            let _ = accepting.join();
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn until<'a>(
        &self,
        state: MutexGuard<'a, State>,
        holds: impl Fn(&State) -> bool,
    ) -> MutexGuard<'a, State> {
        let waited = self.changed.wait_while(state, |state| !holds(state));
        waited.unwrap_or_else(PoisonError::into_inner)
    }

    fn address(&self) -> SocketAddr {
        SocketAddr::from((Ipv4Addr::LOCALHOST, self.port))
    }

    fn listen(&self) -> Result<TcpListener, Error> {
        TcpListener::bind(self.address()).map_err(Error::io(format!("listening on {}", self.address())))
    }

    fn cut(&self) {
        self.close(Road::Cut);
        let state = self.lock();
        // Unless it was healed meanwhile, nobody listens any more.
        drop(self.until(state, |state| !state.listens || state.road != Road::Cut));
    }

    /// Ends every connection, and the listening.
    fn close(&self, road: Road) {
        let links = {
            let mut state = self.lock();
            state.road = road;
            state.armed = false;
            std::mem::take(&mut state.links)
        };
        for link in links {
            link.end();
        }
        // Whoever has just looked at its connection waits by now.
        drop(self.lock());
        self.changed.notify_all();
        // Whoever waits for a connection has to look.
        let _ = TcpStream::connect(self.address());
    }

    /// Takes connections while the road is not cut, in a thread of its own.
    fn accept(self: &Arc<Self>, first: TcpListener) {
        let mut listener = Some(first);
        loop {
            while let Some(listening) = &listener {
                let taken = listening.accept();
                if matches!(self.lock().road, Road::Cut | Road::Gone) {
                    listener = None;
                } else if let Ok((client, _)) = taken {
                    self.join(client);
                }
            }
            let mut state = self.lock();
            state.listens = false;
            self.changed.notify_all();
            state = self.until(state, |state| state.road != Road::Cut);
            if state.road == Road::Gone {
                return;
            }
            match self.listen() {
                Ok(anew) => {
                    listener = Some(anew);
                    state.listens = true;
                }
                Err(_) => state.road = Road::Gone,
            }
            self.changed.notify_all();
        }
    }

    /// Joins a client with the server. One that is not reached hangs up.
    fn join(self: &Arc<Self>, client: TcpStream) {
        let Ok(server) = TcpStream::connect_timeout(&self.target, CONNECTS) else { return };
        for socket in [&client, &server] {
            // Slower without it, and nothing else.
            let _ = socket.set_nodelay(true);
        }
        let link =
            Arc::new(Link { client, server, over: AtomicBool::new(false), deaf: AtomicBool::new(false) });
        let mut state = self.lock();
        if matches!(state.road, Road::Cut | Road::Gone) {
            return;
        }
        state.links.push(Arc::clone(&link));
        drop(state);
        pump::start(self, &link);
    }
}
