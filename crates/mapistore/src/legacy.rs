//! The queues that the library of 2011 writes: read until they are empty, however their messages overtook each other.

mod mq;
mod reader;

pub use mq::{Mq, QueueError, Way};
pub(crate) use reader::read;

use mapistore_wire::legacy::{Command as Message, Generation, Reject, UserCommand, status};

use crate::registry::{Command, Triple};

/// What a message comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Heard {
    /// Somebody comes or goes.
    Command(Command),
    /// It asks for nothing that is counted here, for this reason.
    Nothing(&'static str),
    /// It is none.
    Rejected(Reject),
}

/// Reads a message of either generation, on whichever queue it came. Pure.
pub fn hear(message: &[u8]) -> Heard {
    match Message::decode(Generation::of(message), message) {
        Ok(Message::User(command)) => user(&command),
        Ok(Message::Bind(_)) => Heard::Nothing("bind"),
        Ok(Message::Notification(_)) => Heard::Nothing("notification"),
        Err(why) => Heard::Rejected(why),
    }
}

fn user(command: &UserCommand) -> Heard {
    let Some(triple) = command.triple().map(Triple::from) else {
        return Heard::Nothing("incomplete");
    };
    match command.status {
        status::REGISTER => Heard::Command(Command::Register(triple)),
        status::UNREGISTER => Heard::Command(Command::Unregister(triple)),
        _ => Heard::Nothing("status"),
    }
}
