//! What is registered, and by whom it is held. Pure.

use std::fmt::{self, Write as _};

use mapistore_wire as wire;
use mapistore_wire::legacy::Generation;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Somebody on a backend: which one, the user as the backend knows him, and the system user behind that. Ordered so that
/// all who share a user of a backend stand together. Names are opaque; they may be empty, and are never longer together
/// than a message of the queues can be.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Triple {
    /// The backend, `SOGo`.
    pub backend: Box<str>,
    /// The user as the backend knows him.
    pub vuser: Box<str>,
    /// The system user.
    pub user: Box<str>,
}

impl Triple {
    /// These names; `None` = they are longer than the library takes, or contain U+0000.
    pub fn new(backend: &str, user: &str, vuser: &str) -> Option<Self> {
        wire::Triple::new(backend, user, vuser).ok().map(Triple::from)
    }

    /// The same with its system user in small letters, as directories compare them.
    #[must_use]
    pub fn folded(self) -> Self {
        Triple { user: self.user.to_lowercase().into(), ..self }
    }

    /// The first place at which somebody of this user of a backend can stand.
    pub fn first_of(backend: &str, vuser: &str) -> Self {
        Triple { backend: backend.into(), vuser: vuser.into(), user: "".into() }
    }

    /// Whether it is about this user of a backend.
    pub fn is_of(&self, backend: &str, vuser: &str) -> bool {
        *self.backend == *backend && *self.vuser == *vuser
    }

    /// Bytes of its names.
    pub fn size(&self) -> usize {
        self.backend.len() + self.vuser.len() + self.user.len()
    }
}

impl From<wire::Triple<'_>> for Triple {
    fn from(said: wire::Triple<'_>) -> Self {
        Triple { backend: said.backend().into(), vuser: said.vuser().into(), user: said.username().into() }
    }
}

/// `alice as SOGo/alice`, without control characters.
impl fmt::Display for Triple {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Triple { backend, vuser, user } = self;
        for c in format!("{user} as {backend}/{vuser}").chars() {
            f.write_char(if c.is_control() { char::REPLACEMENT_CHARACTER } else { c })?;
        }
        Ok(())
    }
}

/// A process of this machine, and which of the tables in it: there may be two copies of the library.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Process {
    /// Its number; 0 = the kernel does not say (it lives in another namespace).
    pub pid: u32,
    /// When it was started, in ticks since the machine was: numbers are given again.
    pub start: u64,
    /// Which table, as it says.
    pub instance: Uuid,
}

/// A queue that several processes write, and that does not say who does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Queue {
    /// That of generation A.
    A,
    /// That of generation B.
    B,
}

impl Queue {
    /// All of them.
    pub const ALL: [Queue; 2] = [Queue::A, Queue::B];

    /// Its letter, in small.
    pub fn as_str(self) -> &'static str {
        match self {
            Queue::A => "a",
            Queue::B => "b",
        }
    }

    /// The generation that writes it.
    pub fn generation(self) -> Generation {
        match self {
            Queue::A => Generation::A,
            Queue::B => Generation::B,
        }
    }
}

/// Who holds references.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Holder {
    /// A process that is connected, or was a moment ago.
    Process(Process),
    /// Those who write a queue.
    Queue(Queue),
    /// Whoever the journal did not know of when the hub was last killed.
    Unseen,
}
