//! The messages that OpenChange sent over POSIX message queues in 2011.
//!
//! Generation A (7 to 14 October 2011) sends a bare user command on `/mapistore_users`; generation B (from 14 October)
//! wraps it, and two other commands, for `/mapistore_ipc`. Both are NDR, 32-bit, little-endian, without a header.

mod command;
mod ndr;
mod reject;

pub use command::{Bind, Command, Notification, UserCommand};
pub use reject::Reject;

/// The longest message that a queue of default size takes, in bytes.
pub const LONGEST: usize = 8192;

/// What a user command asks for.
pub mod status {
    /// Nothing that a user command may ask for.
    pub const SEND: u16 = 0;
    /// Counts up.
    pub const REGISTER: u16 = 1;
    /// Counts down.
    pub const UNREGISTER: u16 = 2;
}

/// Which form a message has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Generation {
    /// A bare user command.
    A,
    /// A command that says its type.
    B,
}

impl Generation {
    /// The queue's name.
    pub fn queue(self) -> &'static str {
        match self {
            Self::A => "/mapistore_users",
            Self::B => "/mapistore_ipc",
        }
    }

    /// The priority with which the original sends a user command. What counts down overtakes what counts up.
    pub fn priority(self, status: u16) -> u32 {
        match (self, status) {
            (_, status::UNREGISTER) => 31,
            (Self::A, _) => 0,
            (Self::B, _) => 30,
        }
    }

    /// The form that a user command has by itself: where A has padding, which the original leaves empty, B repeats
    /// its type.
    pub fn of(message: &[u8]) -> Self {
        match message.get(2..4) {
            Some([0, 0]) | None => Self::A,
            Some(_) => Self::B,
        }
    }
}

/// How long a user command of generation B with these names is, in bytes.
pub(crate) fn length(names: [&str; 3]) -> usize {
    const HEAD: usize = 20;
    names
        .into_iter()
        .fold(HEAD, |at, name| ndr::aligned(at, 4) + ndr::STRING_HEAD + 2 * (name.encode_utf16().count() + 1))
}
