//! A hub for the tests of other crates: [`open`] a journal in a folder, put [`Fake`] backends on [`entry`]s, and
//! [`start`] it.
#![forbid(unsafe_code)]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::missing_panics_doc,
    clippy::disallowed_methods,
    reason = "what goes wrong in a test ends it, and tests wait for other programs"
)]

mod fake;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use engine::port::{Backend, BackendEntry, Mapping};
use engine::{Clock, Hub, Setup, Wiring, wiring};
use journal::{Committed, Filter, Journal, Key, Options, Order, Page};
use model::{Job, OnError, RetryPolicy, Seq};
use testkit::gate::Gate;

pub use fake::{Called, Fake, interrupted};

/// Longer than anything in these tests takes, also on a busy machine.
pub const LONG: Duration = Duration::from_mins(2);

/// Quick retries, for ever.
pub const QUICK: RetryPolicy = RetryPolicy {
    max: 100,
    initial: Duration::from_millis(20),
    max_delay: Duration::from_millis(20),
    max_age: None,
    jitter: 0.0,
};

/// Retries that do not come within a test.
pub const SLOW: RetryPolicy =
    RetryPolicy { initial: Duration::from_hours(1), max_delay: Duration::from_hours(1), ..QUICK };

/// The journal of a folder, and what tells a hub of its commits.
pub fn open(folder: &Path) -> (Arc<dyn Journal>, Arc<Wiring>) {
    open_behind(&Arc::default(), |_| false, folder)
}

/// The same. Commits that are `held` are told only while the gate is open: until then nobody is answered either.
pub fn open_behind(
    gate: &Arc<Gate>,
    held: fn(&Committed) -> bool,
    folder: &Path,
) -> (Arc<dyn Journal>, Arc<Wiring>) {
    let (told, wires) = wiring();
    let gate = Arc::clone(gate);
    let observer: journal::Observer = Arc::new(move |committed| {
        if held(&committed) {
            gate.pass();
        }
        told(committed);
    });
    let options = Options::new(folder, Key::from_bytes([7; 32]));
    (journal::open(options, observer).unwrap(), wires)
}

/// A hub on a journal that was opened, by the clock of the machine.
pub async fn start((journal, wires): (Arc<dyn Journal>, Arc<Wiring>), setup: Setup) -> Hub {
    Hub::start(journal, wires, Clock::system(), setup).await.unwrap()
}

/// How an action is mapped.
pub fn mapping(on_error: OnError, retry: Option<RetryPolicy>) -> Mapping {
    Mapping { on_error, retry, limit: None }
}

/// An active backend that maps these actions.
pub fn entry(name: &str, backend: Arc<dyn Backend>, actions: &[&str], mapping: Mapping) -> BackendEntry {
    BackendEntry::new(name, backend, actions.iter().map(|action| ((*action).to_owned(), mapping)))
}

/// All jobs of a hub, in the order in which they came.
pub async fn jobs(hub: &Hub) -> Vec<Job> {
    let (mut found, mut after) = (Vec::new(), None);
    loop {
        let page = Page { after, order: Order::Oldest, limit: 1_000 };
        let listing = hub.journal().jobs(Filter::default(), page).await.unwrap();
        found.extend(listing.rows);
        match listing.next {
            Some(next) => after = Some(Seq(next)),
            None => return found,
        }
    }
}

/// Waits until something is so.
pub async fn until(what: &str, mut so: impl AsyncFnMut() -> bool) {
    let waited = in_time(async {
        // Apart: what is asked may be large, and each test would hold it.
        while !Box::pin(so()).await {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    });
    assert!(waited.await.is_some(), "waited in vain for {what}");
}

/// What comes of it, unless it takes too long.
pub async fn in_time<T>(future: impl Future<Output = T>) -> Option<T> {
    tokio::time::timeout(LONG, future).await.ok()
}
