//! Connections by address: nobody takes the places of all others.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Of an address's connections those on which nobody has proved who he is are this part at most.
const UNPROVED: usize = 4;

/// The connections there are, of those addresses that have any.
#[derive(Debug)]
pub(crate) struct Crowd {
    of_one: usize,
    by: Mutex<HashMap<IpAddr, Count>>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Count {
    all: usize,
    proved: usize,
    /// Some were closed, and that was said.
    told: bool,
}

impl Crowd {
    pub(crate) fn new(of_one: usize) -> Self {
        Crowd { of_one: of_one.max(1), by: Mutex::default() }
    }

    /// A place for one more connection from an address; `None` = it has as many as it may.
    pub(crate) fn admit(crowd: &Arc<Self>, address: IpAddr) -> Option<Seat> {
        let mut by = crowd.lock();
        let count = by.entry(address).or_default();
        let unproved = count.all.saturating_sub(count.proved);
        if count.all < crowd.of_one && unproved < (crowd.of_one / UNPROVED).max(1) {
            count.all += 1;
            return Some(Seat { crowd: Arc::clone(crowd), address, proved: AtomicBool::new(false) });
        }
        if !std::mem::replace(&mut count.told, true) {
            tracing::warn!(
                address = %address,
                "{} connections from {address} at once ({unproved} without a token or a session): more are closed",
                count.all
            );
        }
        None
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<IpAddr, Count>> {
        self.by.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A connection's place, until this is dropped.
#[derive(Debug)]
pub(crate) struct Seat {
    crowd: Arc<Crowd>,
    address: IpAddr,
    proved: AtomicBool,
}

impl Seat {
    /// Somebody has proved on it who he is.
    pub(crate) fn proved(&self) {
        if self.proved.swap(true, Ordering::Relaxed) {
            return;
        }
        if let Some(count) = self.crowd.lock().get_mut(&self.address) {
            count.proved += 1;
        }
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut by = self.crowd.lock();
        let Some(count) = by.get_mut(&self.address) else { return };
        count.all = count.all.saturating_sub(1);
        count.proved = count.proved.saturating_sub(usize::from(self.proved.load(Ordering::Relaxed)));
        if count.all == 0 {
            by.remove(&self.address);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    #[test]
    fn an_address_has_so_many_places_and_fewer_for_strangers() {
        let crowd = Arc::new(Crowd::new(8));
        let at = |n: u32| Crowd::admit(&crowd, Ipv4Addr::from(n).into());
        let first = [at(1), at(1)].map(Option::unwrap);
        assert!(at(1).is_none() && at(2).is_some());
        first.iter().for_each(Seat::proved);
        first.iter().for_each(Seat::proved);
        let mut more = Vec::new();
        while let Some(place) = at(1) {
            place.proved();
            more.push(place);
        }
        assert_eq!(more.len(), 6);
        drop(more.pop());
        assert!(at(1).is_some());
        drop((first, more));
        assert!(crowd.by.lock().unwrap().is_empty());
    }
}
