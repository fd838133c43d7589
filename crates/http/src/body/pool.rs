//! Memory for what is being read, shared so that nobody keeps others waiting.

use std::collections::HashMap;
use std::hash::Hash;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use engine::clock::within;
use tokio::sync::Notify;

use crate::caller::{Caller, Proof};
use crate::listen::household;
use crate::problem::Problem;

/// Who holds memory.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Who {
    Somebody(String),
    Household(IpAddr),
}

/// A number of bytes. Of what is shared, nobody has more than is left for others: however many read at once, the next
/// one finds room.
#[derive(Clone, Debug)]
pub struct Pool(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    size: usize,
    shared: bool,
    state: Mutex<State>,
    freed: Notify,
}

/// What is held, of those who hold anything.
#[derive(Debug, Default)]
struct State {
    held: usize,
    by: HashMap<Who, usize>,
}

impl Pool {
    /// Memory that each of its users may use up.
    pub fn own(size: usize) -> Self {
        Pool::new(size, false)
    }

    /// Memory of many who do not know each other.
    pub fn shared(size: usize) -> Self {
        Pool::new(size, true)
    }

    fn new(size: usize, shared: bool) -> Self {
        Pool(Arc::new(Inner { size, shared, state: Mutex::default(), freed: Notify::new() }))
    }

    /// Nothing yet, for a caller.
    pub fn of(&self, caller: &Caller) -> Hold {
        let who = match &caller.by {
            Proof::Token { id, .. } => format!("{} {id}", caller.actor.0),
            Proof::Socket | Proof::Key | Proof::Session { .. } => caller.actor.0.clone(),
        };
        Hold { pool: self.clone(), who: Who::Somebody(who), bytes: 0 }
    }

    /// Nothing yet, for whoever is behind an address.
    pub fn at(&self, address: IpAddr) -> Hold {
        Hold { pool: self.clone(), who: Who::Household(household(address)), bytes: 0 }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Memory that is held, until this is dropped.
#[derive(Debug)]
pub struct Hold {
    pool: Pool,
    who: Who,
    bytes: usize,
}

impl Hold {
    /// Takes more, if there is more just now.
    pub fn grow(&mut self, bytes: usize) -> Result<(), Problem> {
        let mut state = self.pool.state();
        let own = state.by.get(&self.who).copied().unwrap_or_default();
        let counted = if self.pool.0.shared { own } else { 0 };
        let free = self.pool.0.size.saturating_sub(state.held);
        if counted.saturating_add(bytes) > free {
            return Err(busy());
        }
        state.held += bytes;
        *state.by.entry(self.who.clone()).or_default() += bytes;
        drop(state);
        self.bytes += bytes;
        Ok(())
    }

    /// Takes more, and waits for it as long as nothing may come of a body.
    pub async fn grow_in_time(&mut self, bytes: usize, idle: Duration) -> Result<(), Problem> {
        let pool = self.pool.clone();
        let grown = async {
            loop {
                let freed = pool.0.freed.notified();
                if self.grow(bytes).is_ok() {
                    return;
                }
                freed.await;
            }
        };
        within(idle, grown).await.map_err(|_| busy())
    }

    /// Keeps so much and gives what is more away.
    #[must_use]
    pub fn keep(&mut self, bytes: usize) -> Hold {
        let more = self.bytes.saturating_sub(bytes);
        self.bytes -= more;
        Hold { pool: self.pool.clone(), who: self.who.clone(), bytes: more }
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        if self.bytes == 0 {
            return;
        }
        let mut state = self.pool.state();
        state.held = state.held.saturating_sub(self.bytes);
        if let Some(own) = state.by.get_mut(&self.who) {
            *own = own.saturating_sub(self.bytes);
            if *own == 0 {
                state.by.remove(&self.who);
            }
        }
        drop(state);
        self.pool.0.freed.notify_waiters();
    }
}

fn busy() -> Problem {
    Problem::later("busy", 1, "the hub is reading as many documents as it has memory for")
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    fn at(pool: &Pool, n: u32) -> Hold {
        pool.at(Ipv4Addr::from(n).into())
    }

    #[test]
    fn whoever_takes_all_that_he_can_leaves_room_for_others() {
        let pool = Pool::shared(1000);
        let mut all: Vec<_> = (0..5).map(|n| at(&pool, n)).collect();
        for hold in &mut all {
            while hold.grow(1).is_ok() {}
        }
        let held: Vec<_> = all.iter().map(|hold| hold.bytes).collect();
        assert_eq!(held, [500, 250, 125, 63, 31]);
        assert!(at(&pool, 0).grow(1).is_err() && at(&pool, 9).grow(1).is_ok());
        drop(all);
        assert!(pool.state().by.is_empty() && at(&pool, 9).grow(1000).is_ok());
    }

    #[test]
    fn what_is_one_s_own_can_be_used_up() {
        let pool = Pool::own(1000);
        let mut one = at(&pool, 1);
        assert!(one.grow(600).is_ok() && one.grow(400).is_ok() && one.grow(1).is_err());
        let given = one.keep(100);
        assert!(one.grow(1).is_err());
        drop(given);
        assert!(one.grow(900).is_ok() && one.grow(1).is_err());
    }

    #[tokio::test]
    async fn memory_is_waited_for() {
        let pool = Pool::own(10);
        let (mut one, mut other) = (at(&pool, 1), at(&pool, 2));
        one.grow(10).unwrap();
        let long = Duration::from_mins(1);
        {
            let mut waiting = std::pin::pin!(other.grow_in_time(5, long));
            assert!(futures_util::poll!(&mut waiting).is_pending());
            drop(one);
            waiting.await.unwrap();
        }
        let late = other.grow_in_time(6, Duration::from_millis(1)).await.unwrap_err();
        assert_eq!(late.code.as_str(), "busy");
    }
}
