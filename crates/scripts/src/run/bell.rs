//! Reaches a thread that waits for a script: it watches the bell beside the script's pipes.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::OnceLock;

use engine::port::Stop;
use rustix::event::{EventfdFlags, eventfd};

/// Rings at most once, with a reason.
#[derive(Debug)]
pub(crate) struct Bell {
    descriptor: OwnedFd,
    reason: OnceLock<Stop>,
}

impl Bell {
    /// A silent bell.
    pub(crate) fn new() -> io::Result<Self> {
        let descriptor = eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?;
        Ok(Bell { descriptor, reason: OnceLock::new() })
    }

    /// Asks for the script to be ended by force. The first reason counts.
    pub(crate) fn ring(&self, reason: Stop) {
        if self.reason.set(reason).is_ok() {
            // The counter has room for one: this write cannot fail.
            let _ = rustix::io::write(&self.descriptor, &1_u64.to_ne_bytes());
        }
    }

    /// Why it rang, once it has.
    pub(crate) fn reason(&self) -> Option<Stop> {
        self.reason.get().copied()
    }
}

impl AsFd for Bell {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.descriptor.as_fd()
    }
}
