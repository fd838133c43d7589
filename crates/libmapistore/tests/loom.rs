//! The table and the bell, with every order in which callers and the thread may take their turns.
#![allow(clippy::unwrap_used, missing_docs, dead_code, unreachable_pub)]

#[path = "../src/bell.rs"]
mod bell;
#[path = "../src/index.rs"]
mod index;
#[path = "../src/table.rs"]
mod table;

use std::collections::BTreeMap;

use loom::sync::{Arc, Mutex, Notify};
use loom::thread;

use bell::Bell;
use table::Table;

/// As callers and the thread share it; the notify is the descriptor that the thread sleeps on.
struct Shared {
    desk: Mutex<(Table, Bell)>,
    descriptor: Notify,
}

impl Shared {
    fn new() -> Arc<Self> {
        let mut table = Table::new(8);
        table.begin();
        Arc::new(Self { desk: Mutex::new((table, Bell::default())), descriptor: Notify::new() })
    }

    /// What a call does.
    fn call(&self, change: impl FnOnce(&mut Table)) {
        let mut desk = self.desk.lock().unwrap();
        change(&mut desk.0);
        let ring = desk.0.has_news() && desk.1.ring();
        drop(desk);
        if ring {
            self.descriptor.notify();
        }
    }

    /// What the thread does, until the hub knows what is expected.
    fn work(&self, expected: &BTreeMap<String, u64>) {
        let mut known = BTreeMap::new();
        while known != *expected {
            let mut desk = self.desk.lock().unwrap();
            if desk
                .0
                .next(|key, count| {
                    known.insert(key.to_owned(), count);
                })
                .is_some()
            {
                continue;
            }
            desk.1.sleep();
            drop(desk);
            // Without a ring for what is still to come, this waits for ever, and loom says so.
            self.descriptor.wait();
            self.desk.lock().unwrap().1.wake();
        }
    }
}

fn counts(of: &[(&str, u64)]) -> BTreeMap<String, u64> {
    of.iter().map(|(key, count)| ((*key).to_owned(), *count)).collect()
}

/// Nobody's ring is lost: after the calls the thread always gets to know all of them.
#[test]
fn no_registration_is_left_untold() {
    loom::model(|| {
        let shared = Shared::new();
        let callers: Vec<_> = ["alice", "bob"]
            .into_iter()
            .map(|name| {
                let shared = shared.clone();
                thread::spawn(move || shared.call(|table| table.register(name).unwrap()))
            })
            .collect();
        shared.work(&counts(&[("alice", 1), ("bob", 1)]));
        for caller in callers {
            caller.join().unwrap();
        }
    });
}

/// Two who register the same, one of whom takes it back, and a thread that comes between: one is left.
#[test]
fn the_net_count_is_what_the_hub_knows_in_the_end() {
    loom::model(|| {
        let shared = Shared::new();
        let callers = [true, false].map(|stays| {
            let shared = shared.clone();
            thread::spawn(move || {
                shared.call(|table| table.register("alice").unwrap());
                if !stays {
                    shared.call(|table| table.unregister("alice"));
                }
            })
        });
        let mut known = BTreeMap::new();
        let mut take = || {
            let mut desk = shared.desk.lock().unwrap();
            desk.0.next(|key, count| {
                known.insert(key.to_owned(), count);
            })
        };
        take();
        take();
        for caller in callers {
            caller.join().unwrap();
        }
        while take().is_some() {}
        assert_eq!(known, counts(&[("alice", 1)]));
    });
}
