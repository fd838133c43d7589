//! What is said over the stream socket.

use crate::frame::{self, Frame};
use crate::text::{Reader, write_text, write_text_if_any, write_triple};
use crate::{HIGHEST, LOWEST, Triple, WireError};

/// How a conversation begins, so that a stray connection is told from one.
const MAGIC: [u8; 4] = *b"MSTR";

/// Kinds from here on may be skipped by who does not know them.
const MAY_BE_SKIPPED: u8 = 0x80;

/// Who begins a conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hello<'a> {
    /// The lowest version of the conversation that the process knows.
    pub lowest: u16,
    /// The highest one.
    pub highest: u16,
    /// The table that the process speaks of: random, the same on each connection, another one after a fork.
    pub instance: [u8; 16],
    /// The process, as it sees itself. The kernel's word about the peer wins.
    pub pid: u32,
    /// When it began, in clock ticks since the machine's start; 0 when it does not know.
    pub started: u64,
    /// The program's name, for people.
    pub program: &'a str,
}

impl<'a> Hello<'a> {
    /// The hello of this version of the conversation.
    pub fn new(instance: [u8; 16], pid: u32, started: u64, program: &'a str) -> Self {
        Self { lowest: LOWEST, highest: HIGHEST, instance, pid, started, program }
    }
}

/// What a process says to the hub.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FromProcess<'a> {
    /// The first word.
    Hello(Hello<'a>),
    /// What follows, up to [`FromProcess::SnapshotEnd`], is all that there is.
    Snapshot,
    /// The snapshot is whole.
    SnapshotEnd,
    /// So often is this triple registered now; 0 when it no longer is.
    Set {
        /// The triple.
        triple: Triple<'a>,
        /// How many registrations of it there are.
        count: u64,
    },
    /// The process can make URIs for this backend and take its notifications, or no longer can.
    Manager {
        /// The backend.
        backend: &'a str,
        /// Whether it can.
        present: bool,
    },
    /// So many unregistrations met no registration since the instance began.
    Anomalies(u64),
    /// What became of a notification.
    Answer {
        /// The notification's.
        id: u64,
        /// What the callback returned, or one of [`crate::code`] when none was called.
        code: i32,
        /// The URI that the backend made.
        uri: Option<&'a str>,
    },
    /// Asks for [`FromHub::Synced`] as soon as all before it is on disk.
    Sync(u64),
    /// The process ends: what it has registered is gone at once.
    Goodbye,
}

impl<'a> FromProcess<'a> {
    /// Appends this as a frame. When it cannot be written, nothing is appended.
    pub fn encode(&self, out: &mut Vec<u8>) -> Result<(), WireError> {
        frame::write(out, self.kind(), |out| self.body(out))
    }

    fn kind(&self) -> u8 {
        match self {
            Self::Hello(_) => 0x01,
            Self::Snapshot => 0x02,
            Self::SnapshotEnd => 0x03,
            Self::Set { .. } => 0x04,
            Self::Manager { .. } => 0x05,
            Self::Anomalies(_) => 0x06,
            Self::Answer { .. } => 0x07,
            Self::Sync(_) => 0x08,
            Self::Goodbye => 0x09,
        }
    }

    fn body(&self, out: &mut Vec<u8>) -> Result<(), WireError> {
        match *self {
            Self::Hello(hello) => {
                out.extend(MAGIC);
                out.extend(hello.lowest.to_le_bytes());
                out.extend(hello.highest.to_le_bytes());
                out.extend(hello.instance);
                out.extend(hello.pid.to_le_bytes());
                out.extend(hello.started.to_le_bytes());
                write_text(out, hello.program)
            }
            Self::Snapshot | Self::SnapshotEnd | Self::Goodbye => Ok(()),
            Self::Set { triple, count } => {
                out.extend(count.to_le_bytes());
                write_triple(out, triple)
            }
            Self::Manager { backend, present } => {
                out.push(u8::from(present));
                write_text(out, backend)
            }
            Self::Anomalies(number) | Self::Sync(number) => {
                out.extend(number.to_le_bytes());
                Ok(())
            }
            Self::Answer { id, code, uri } => {
                out.extend(id.to_le_bytes());
                out.extend(code.to_le_bytes());
                write_text_if_any(out, uri)
            }
        }
    }

    /// What a frame says; `None` for one that may be skipped.
    pub fn decode(frame: Frame<'a>) -> Result<Option<Self>, WireError> {
        let mut body = Reader::new(frame.body);
        let said = match frame.kind {
            0x01 => return hello(body).map(|hello| Some(Self::Hello(hello))),
            0x02 => Self::Snapshot,
            0x03 => Self::SnapshotEnd,
            0x04 => {
                let count = body.u64()?;
                Self::Set { triple: body.triple()?, count }
            }
            0x05 => {
                let present = body.flag()?;
                Self::Manager { backend: body.text()?, present }
            }
            0x06 => Self::Anomalies(body.u64()?),
            0x07 => Self::Answer { id: body.u64()?, code: body.i32()?, uri: body.text_if_any()? },
            0x08 => Self::Sync(body.u64()?),
            0x09 => Self::Goodbye,
            MAY_BE_SKIPPED.. => return Ok(None),
            kind => return Err(WireError::Kind(kind)),
        };
        body.end().map(|()| Some(said))
    }
}

/// The first word. What a later version puts after it is left unread.
fn hello(mut body: Reader<'_>) -> Result<Hello<'_>, WireError> {
    if body.array()? != MAGIC {
        return Err(WireError::Magic);
    }
    Ok(Hello {
        lowest: body.u16()?,
        highest: body.u16()?,
        instance: body.array()?,
        pid: body.u32()?,
        started: body.u64()?,
        program: body.text()?,
    })
}

/// Why the hub takes no conversation. The process tries again later.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// There is no version that both know.
    Version,
    /// The peer is not among those who may speak.
    NotAllowed,
    /// There are too many processes, or this one has too much to say.
    TooMany,
    /// Something could not be understood.
    NotUnderstood,
    /// The hub stops.
    Stopping,
    /// A reason of a later version.
    Other(u16),
}

impl Reason {
    fn number(self) -> u16 {
        match self {
            Self::Version => 1,
            Self::NotAllowed => 2,
            Self::TooMany => 3,
            Self::NotUnderstood => 4,
            Self::Stopping => 5,
            Self::Other(number) => number,
        }
    }

    fn of(number: u16) -> Self {
        match number {
            1 => Self::Version,
            2 => Self::NotAllowed,
            3 => Self::TooMany,
            4 => Self::NotUnderstood,
            5 => Self::Stopping,
            other => Self::Other(other),
        }
    }
}

/// What a backend is to be told of, in the process that has registered the user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Notify<'a> {
    /// Comes back with the answer.
    pub id: u64,
    /// Whom it concerns.
    pub triple: Triple<'a>,
    /// The folder, when one is known.
    pub folder: Option<&'a str>,
    /// The message, when one is known.
    pub message: Option<&'a str>,
    /// The URI that the new one is built on, when one is known.
    pub root: Option<&'a str>,
}

/// What the hub says to a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FromHub<'a> {
    /// The conversation goes on in this version.
    Welcome(u16),
    /// It does not: the hub closes the connection.
    Refused {
        /// Why, for programs.
        reason: Reason,
        /// Why, for people.
        why: &'a str,
    },
    /// A notification, to be answered by [`FromProcess::Answer`].
    Notify(Notify<'a>),
    /// What came before this [`FromProcess::Sync`] is on disk.
    Synced(u64),
}

impl<'a> FromHub<'a> {
    /// Appends this as a frame. When it cannot be written, nothing is appended.
    pub fn encode(&self, out: &mut Vec<u8>) -> Result<(), WireError> {
        frame::write(out, self.kind(), |out| self.body(out))
    }

    fn kind(&self) -> u8 {
        match self {
            Self::Welcome(_) => 0x41,
            Self::Refused { .. } => 0x42,
            Self::Notify(_) => 0x43,
            Self::Synced(_) => 0x44,
        }
    }

    fn body(&self, out: &mut Vec<u8>) -> Result<(), WireError> {
        match *self {
            Self::Welcome(version) => {
                out.extend(version.to_le_bytes());
                Ok(())
            }
            Self::Refused { reason, why } => {
                out.extend(reason.number().to_le_bytes());
                write_text(out, why)
            }
            Self::Notify(Notify { id, triple, folder, message, root }) => {
                out.extend(id.to_le_bytes());
                write_triple(out, triple)?;
                [folder, message, root].into_iter().try_for_each(|text| write_text_if_any(out, text))
            }
            Self::Synced(token) => {
                out.extend(token.to_le_bytes());
                Ok(())
            }
        }
    }

    /// What a frame says; `None` for one that may be skipped.
    pub fn decode(frame: Frame<'a>) -> Result<Option<Self>, WireError> {
        let mut body = Reader::new(frame.body);
        let said = match frame.kind {
            // What a later version puts after these two is left unread.
            0x41 => return Ok(Some(Self::Welcome(body.u16()?))),
            0x42 => {
                let reason = Reason::of(body.u16()?);
                return Ok(Some(Self::Refused { reason, why: body.text()? }));
            }
            0x43 => Self::Notify(Notify {
                id: body.u64()?,
                triple: body.triple()?,
                folder: body.text_if_any()?,
                message: body.text_if_any()?,
                root: body.text_if_any()?,
            }),
            0x44 => Self::Synced(body.u64()?),
            MAY_BE_SKIPPED.. => return Ok(None),
            kind => return Err(WireError::Kind(kind)),
        };
        body.end().map(|()| Some(said))
    }
}
