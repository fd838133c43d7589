//! The message queues of 2011: a message for each call, sent by who calls, without waiting.

use mapistore_wire::code;
use mapistore_wire::legacy::{Generation, UserCommand};

use crate::key::{self, Key};
use crate::system;

/// Sends a command; what the caller is told.
pub(crate) fn send(generation: Generation, status: u16, key: &Key) -> i32 {
    let Some(triple) = key::triple(key.text()) else { return code::MSG_SEND };
    let message = UserCommand::new(status, triple).encode(generation);
    let sent = system::send(generation.queue(), &message, generation.priority(status));
    if sent { code::SUCCESS } else { code::MSG_SEND }
}
