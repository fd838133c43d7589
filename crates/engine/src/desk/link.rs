//! Connections to other servers (Redis, RabbitMQ, a mail server), as readiness, commands and console show them.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;

use crate::clock::Clock;
use crate::desk::hub::Hub;

/// First and longest pause before a lost connection is made again.
const PAUSE: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(3));

/// A connection that the hub keeps, and mends when it breaks. Whoever owns the connection says how it stands.
#[derive(Debug)]
pub struct Link {
    name: String,
    kind: &'static str,
    standing: Mutex<LinkState>,
}

#[derive(Debug)]
struct LinkState {
    connected: bool,
    waits: bool,
    since: Timestamp,
    note: Option<String>,
    last_error: Option<String>,
    /// Why it is down, as far as that was told already.
    told: BTreeSet<String>,
    counters: BTreeMap<&'static str, u64>,
}

/// Reasons that are told of one outage, at most: it could have another one each time.
const TOLD: usize = 16;

/// A connection that came about. Shown, it is how a sentence about that begins: `connected to`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Up {
    /// How long it was down; `None` = it is the first, and was there at once.
    pub away: Option<Duration>,
}

impl fmt::Display for Up {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.away {
            None => f.write_str("connected to"),
            Some(away) => write!(f, "connected again after {} s to", away.as_secs()),
        }
    }
}

/// How a connection stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinkView {
    /// The configured instance that it belongs to.
    pub name: String,
    /// What is at the other end: `redis`, `rabbitmq`, …
    pub kind: &'static str,
    /// Whether it is up.
    pub connected: bool,
    /// It is left to the hub that leads, which is another one now: it is down, and nothing is amiss.
    pub waits: bool,
    /// Since when it is, or is not.
    pub since: Timestamp,
    /// What else is to be known, such as that another hub serves. Free of secrets.
    pub note: Option<String>,
    /// Why it was lost the last time, also when it is up again. Free of secrets.
    pub last_error: Option<String>,
    /// What went over it since start, by name.
    pub counters: BTreeMap<&'static str, u64>,
}

impl Link {
    fn lock(&self) -> MutexGuard<'_, LinkState> {
        // Plain assignments only are made under the lock; a poisoned one is still sound.
        self.standing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// It is up; `None` = that is no news.
    pub fn up(&self, at: Timestamp) -> Option<Up> {
        let mut standing = self.lock();
        if standing.connected {
            return None;
        }
        let missed = !std::mem::take(&mut standing.told).is_empty();
        let away = missed.then(|| at.duration_since(standing.since).try_into().unwrap_or_default());
        (standing.connected, standing.since) = (true, at);
        Some(Up { away })
    }

    /// It is down, or could not be made. Says whether that is news: it was up, it is the first time, or the reason was
    /// not told of this outage.
    pub fn down(&self, at: Timestamp, why: String) -> bool {
        let mut standing = self.lock();
        if standing.connected {
            (standing.connected, standing.since) = (false, at);
        }
        standing.last_error = Some(why.clone());
        standing.told.len() < TOLD && standing.told.insert(why)
    }

    /// It is left to another hub, or not any more.
    pub fn waits(&self, waits: bool) {
        self.lock().waits = waits;
    }

    /// What else is to be known of it. Says whether that is news.
    pub fn note(&self, note: Option<String>) -> bool {
        let mut standing = self.lock();
        let news = standing.note != note;
        standing.note = note;
        news
    }

    /// Adds to a counter.
    pub fn count(&self, what: &'static str, more: u64) {
        *self.lock().counters.entry(what).or_default() += more;
    }

    /// How it stands.
    pub fn view(&self) -> LinkView {
        let standing = self.lock();
        LinkView {
            name: self.name.clone(),
            kind: self.kind,
            connected: standing.connected,
            waits: standing.waits,
            since: standing.since,
            note: standing.note.clone(),
            last_error: standing.last_error.clone(),
            counters: standing.counters.clone(),
        }
    }
}

/// Paces the attempts at making a connection anew.
pub struct Pacer<'a> {
    link: &'a Link,
    clock: &'a Clock,
    pause: Duration,
}

impl<'a> Pacer<'a> {
    /// For this connection.
    pub fn new(link: &'a Link, clock: &'a Clock) -> Self {
        Pacer { link, clock, pause: PAUSE.0 }
    }

    /// Notes that it is down, says so once for each reason, and waits before the next attempt. The pauses grow until it
    /// has worked, and are never quite the same, so that many who lost the same server do not all come back at once.
    pub async fn lost(&mut self, why: &impl fmt::Display) {
        if self.link.view().connected {
            // It had worked.
            self.pause = PAUSE.0;
        }
        let pause = self.pause.mul_f64(0.5 + self.clock.chance());
        let source = &self.link.name;
        if self.link.down(self.clock.now(), why.to_string()) {
            let (since, next) = (self.link.view().since, pause.as_secs_f64());
            tracing::warn!(
                source,
                "{source}: {why}; down since {since:.0}, next try in {next:.1} s, then every few seconds until it is back"
            );
        } else {
            tracing::debug!(source, "{source}: still {why}");
        }
        self.clock.sleep(pause).await;
        self.pause = (2 * self.pause).min(PAUSE.1);
    }
}

impl Hub {
    /// Enters a connection in the list. It counts as down until [`Link::up`].
    pub fn link(&self, name: &str, kind: &'static str) -> Arc<Link> {
        let standing = LinkState {
            connected: false,
            waits: false,
            since: self.now(),
            note: None,
            last_error: None,
            told: BTreeSet::new(),
            counters: BTreeMap::new(),
        };
        let link = Arc::new(Link { name: name.to_owned(), kind, standing: Mutex::new(standing) });
        self.links.lock().unwrap_or_else(PoisonError::into_inner).push(Arc::clone(&link));
        link
    }

    /// Takes a connection off the list.
    pub fn unlink(&self, link: &Arc<Link>) {
        let mut links = self.links.lock().unwrap_or_else(PoisonError::into_inner);
        links.retain(|other| !Arc::ptr_eq(other, link));
    }

    /// Every connection, in the order in which they were entered.
    pub fn links(&self) -> Vec<LinkView> {
        let links = self.links.lock().unwrap_or_else(PoisonError::into_inner);
        links.iter().map(|link| link.view()).collect()
    }

    /// Something that could not leave may leave now, see [`crate::port::Courier::is_open`].
    pub fn wake_outbox(&self) {
        self.core.wiring.outbox.notify_one();
    }
}
