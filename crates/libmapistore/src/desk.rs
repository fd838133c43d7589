//! All that the process knows and the hub is told: what callers and the thread share, under one lock.

use mapistore_wire::{MOST_TRIPLES, Notify, code};

use crate::bell::Bell;
use crate::inbox::Inbox;
use crate::table::{Full, Table};

/// The desk.
pub(crate) struct Desk {
    table: Option<Table>,
    pub(crate) inbox: Inbox,
    pub(crate) bell: Bell,
}

impl Desk {
    pub(crate) const fn new() -> Self {
        Self { table: None, inbox: Inbox::new(), bell: Bell::new() }
    }

    pub(crate) fn table(&mut self) -> &mut Table {
        self.table.get_or_insert_with(|| Table::new(MOST_TRIPLES))
    }

    /// Counts up; what the caller is told, and whether the bell has to be rung.
    pub(crate) fn register(&mut self, key: &str) -> (i32, bool) {
        match self.table().register(key) {
            Ok(()) => (code::SUCCESS, self.news()),
            Err(Full::Memory) => (code::NO_MEMORY, false),
            Err(Full::Triples) => (code::MSG_SEND, false),
        }
    }

    /// Counts down; whether the bell has to be rung.
    pub(crate) fn unregister(&mut self, key: &str) -> bool {
        self.table().unregister(key);
        self.news()
    }

    /// Takes a notification; whether there is one to hand over.
    pub(crate) fn notified(&mut self, notify: Notify<'_>) -> bool {
        self.inbox.take(notify)
    }

    /// Something may have changed: whether the bell has to be rung.
    pub(crate) fn news(&mut self) -> bool {
        self.has_news() && self.bell.ring()
    }

    /// Whether there is something to tell the hub.
    pub(crate) fn has_news(&self) -> bool {
        self.inbox.has_news() || self.table.as_ref().is_some_and(Table::has_news)
    }

    /// The hub listens and knows nothing: how many triples there are to tell.
    pub(crate) fn begin(&mut self) -> usize {
        self.inbox.begin();
        self.table().begin()
    }

    /// Nobody listens any more.
    pub(crate) fn end(&mut self) {
        self.bell.wake();
        self.table().end();
    }

    /// This is another process now: it has registered nobody, and was asked nothing. What can be called is there still.
    pub(crate) fn forget(&mut self) {
        self.bell.wake();
        self.table = None;
        self.inbox.begin();
    }
}
