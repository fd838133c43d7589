//! Reaches a thread that waits for a script: it watches the signal beside the script's pipes.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::OnceLock;

use engine::port::Stop;
use rustix::event::{EventfdFlags, eventfd};

/// Sent at most once, with a reason.
#[derive(Debug)]
pub(crate) struct StopSignal {
    descriptor: OwnedFd,
    reason: OnceLock<Stop>,
}

impl StopSignal {
    /// One that was not sent.
    pub(crate) fn new() -> io::Result<Self> {
        let descriptor = eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?;
        Ok(StopSignal { descriptor, reason: OnceLock::new() })
    }

    /// Asks for the script to be ended by force. The first reason counts.
    pub(crate) fn send(&self, reason: Stop) {
        if self.reason.set(reason).is_ok() {
            // The counter has room for one: this write cannot fail.
            let _ = rustix::io::write(&self.descriptor, &1_u64.to_ne_bytes());
        }
    }

    /// Why it was sent, once it was.
    pub(crate) fn reason(&self) -> Option<Stop> {
        self.reason.get().copied()
    }
}

impl AsFd for StopSignal {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.descriptor.as_fd()
    }
}
