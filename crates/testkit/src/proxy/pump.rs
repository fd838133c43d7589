//! What carries bytes from one end of a connection to the other, as far as the road lets them through.

use std::io::{Read as _, Write as _};
use std::net::Shutdown;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::watch::{Answers, Requests};
use super::{Direction, Link, Road, Shared};

const BYTES: usize = 64 << 10;

/// Carries in both directions, each in a thread, until the connection ends.
pub(super) fn start(shared: &Arc<Shared>, link: &Arc<Link>) {
    for direction in [Direction::There, Direction::Back] {
        let (shared, link) = (Arc::clone(shared), Arc::clone(link));
        std::thread::spawn(move || match direction {
            Direction::There => there(&shared, &link),
            Direction::Back => back(&shared, &link),
        });
    }
}

/// Carries what the client sends. When a COMMIT is waited for it is the last thing that arrives.
fn there(shared: &Shared, link: &Link) {
    let mut requests = Requests::default();
    let mut bytes = vec![0; BYTES];
    loop {
        let length = (&link.client).read(&mut bytes).unwrap_or(0);
        if !shared.passes(link, Direction::There) {
            return;
        }
        let said = bytes.get(..length).unwrap_or_default();
        if said.is_empty() {
            let _ = link.server.shutdown(Shutdown::Write);
            return;
        }
        if requests.commits(said) && shared.strikes() {
            link.deaf.store(true, Ordering::Release);
        }
        if (&link.server).write_all(said).is_err() {
            return shared.forget(link);
        }
    }
}

/// Carries what the server answers. The answer to the COMMIT that was waited for is the end of the road.
fn back(shared: &Shared, link: &Link) {
    let mut answers = Answers::default();
    let mut bytes = vec![0; BYTES];
    loop {
        let length = (&link.server).read(&mut bytes).unwrap_or(0);
        if !shared.passes(link, Direction::Back) {
            return;
        }
        let said = bytes.get(..length).unwrap_or_default();
        if link.deaf.load(Ordering::Acquire) {
            if said.is_empty() || answers.committed(said) {
                return shared.cut();
            }
        } else if said.is_empty() || (&link.client).write_all(said).is_err() {
            return shared.forget(link);
        }
    }
}

impl Shared {
    /// Waits until the road lets something through; false when the connection is over before.
    fn passes(&self, link: &Link, direction: Direction) -> bool {
        let over = || link.over.load(Ordering::Acquire);
        let state = self.until(self.lock(), |state| over() || state.road.lets(direction));
        drop(state);
        !over()
    }

    /// Whether this COMMIT is the one that is waited for: only one is.
    fn strikes(&self) -> bool {
        let mut state = self.lock();
        state.road == Road::Open && std::mem::take(&mut state.armed)
    }

    /// One of both ends has hung up.
    fn forget(&self, link: &Link) {
        link.end();
        self.lock().links.retain(|other| !std::ptr::eq(Arc::as_ptr(other), link));
        self.changed.notify_all();
    }
}
