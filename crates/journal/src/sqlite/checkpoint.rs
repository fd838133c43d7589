//! Keeps the write-ahead log (WAL) small. A second connection, in a thread of its own, copies it into the database
//! while the writer goes on. What such a pass could not copy because it was written meanwhile, the writer lets it
//! copy in a short pause; then the next commit begins the log anew.

use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::thread;

use rusqlite::Connection;

use super::open;
use crate::error::Error;

/// A pause of the writer copies at most about so many pages, unless the log is above its bound.
const SHORT: u64 = 512;
/// A long read is ended when it lets the log grow to so many times its bound.
const READERS: u64 = 4;
/// Above so many times the bound nothing more is accepted.
const FULL: u64 = 16;

/// The state of the log, shared by writer, checkpoint thread and readers.
pub(super) struct Checkpoints {
    conn: Mutex<Option<Connection>>,
    wake: OnceLock<SyncSender<()>>,
    /// Pages in the log after the last commit.
    pages: AtomicU64,
    /// At so many pages the thread makes its next pass.
    next: AtomicU64,
    /// So many pages further than the last one: few while little is written, so that each pass is over quickly and
    /// holds up nobody for long; more under load, where passes cost throughput.
    step: AtomicU64,
    /// A pass came near the end: a short pause of the writer finishes it.
    nearly: AtomicBool,
    bound: u64,
}

impl Checkpoints {
    /// Starts the thread. `bound` is the size in bytes above which the writer waits for the log to be emptied.
    pub(super) fn start(database: &Path, bound: u64) -> Result<Arc<Self>, Error> {
        let bound = (bound / u64::from(open::PAGE)).max(64);
        let checkpoints = Arc::new(Checkpoints {
            conn: Mutex::new(Some(open::connect(database, open::Role::Checkpoint)?)),
            wake: OnceLock::new(),
            pages: AtomicU64::new(0),
            next: AtomicU64::new(bound / 16),
            step: AtomicU64::new(bound / 16),
            nearly: AtomicBool::new(false),
            bound,
        });
        let (wake, woken) = sync_channel(1);
        let _ = checkpoints.wake.set(wake);
        let weak = Arc::downgrade(&checkpoints);
        let work = move || {
            while woken.recv().is_ok() {
                let Some(checkpoints) = weak.upgrade() else { break };
                checkpoints.pass_meanwhile();
            }
        };
        thread::Builder::new()
            .name("journal-checkpoint".to_owned())
            .spawn(work)
            .map_err(Error::io("starting the checkpoint thread of", database))?;
        Ok(checkpoints)
    }

    /// For the writer's commit hook: so many pages are in the log.
    pub(super) fn committed(&self, pages: u64) {
        let before = self.pages.swap(pages, Ordering::Relaxed);
        if pages < before {
            // The log was begun anew.
            self.next.store(self.step.load(Ordering::Relaxed), Ordering::Relaxed);
        }
    }

    /// Wakes the thread when the log has grown enough for a pass. Called by the writer after each commit.
    pub(super) fn after_commit(&self) {
        let due = self.pages.load(Ordering::Relaxed) >= self.next.load(Ordering::Relaxed);
        if due && let Some(wake) = self.wake.get() {
            // Full: it has been woken already.
            let _ = wake.try_send(());
        }
    }

    /// The writer's pause, where one is needed. An error says why nothing can be written.
    pub(super) fn before_write(&self) -> Result<(), String> {
        let pages = self.pages.load(Ordering::Relaxed);
        if !self.nearly.swap(false, Ordering::Relaxed) && pages < self.bound {
            return Ok(());
        }
        let left = self.pass();
        if pages >= self.bound * FULL && left != Some(0) {
            return Err(format!(
                "its write-ahead log has {pages} pages and cannot be emptied, because another program has been reading the journal for too long, or the disk is full"
            ));
        }
        Ok(())
    }

    /// For long reads: whether they are in the way.
    pub(super) fn readers_in_the_way(&self) -> bool {
        self.pages.load(Ordering::Relaxed) >= self.bound * READERS
    }

    /// Closes the connection; no pass is made after this.
    pub(super) fn close(&self) {
        self.conn.lock().unwrap_or_else(PoisonError::into_inner).take();
    }

    fn pass_meanwhile(&self) {
        let before = self.pages.load(Ordering::Relaxed);
        if let Some(left) = self.pass() {
            self.nearly.store(left <= SHORT, Ordering::Relaxed);
        }
        let now = self.pages.load(Ordering::Relaxed);
        let step = (4 * now.saturating_sub(before)).clamp(self.bound / 16, self.bound / 4);
        self.step.store(step, Ordering::Relaxed);
        self.next.store(now + step, Ordering::Relaxed);
    }

    /// Copies what readers allow to be copied, and returns how many pages are left; `None` when it failed.
    fn pass(&self) -> Option<u64> {
        let conn = self.conn.lock().unwrap_or_else(PoisonError::into_inner);
        let result =
            conn.as_ref()?.prepare_cached("PRAGMA wal_checkpoint(PASSIVE)").and_then(|mut statement| {
                statement.query_row([], |row| Ok((row.get::<_, i64>(1)?, row.get::<_, i64>(2)?)))
            });
        match result {
            Ok((log, copied)) => u64::try_from(log - copied).ok(),
            Err(error) => {
                tracing::warn!(%error, "the write-ahead log could not be copied into the journal");
                None
            }
        }
    }
}
