//! What a message says.

use super::ndr::{Reader, Writer};
use super::{Generation, Reject};
use crate::Triple;

/// The type of each command in generation B, as it was from 21 October 2011.
const USER: u16 = 1;
const BIND: u16 = 2;
const NOTIFICATION: u16 = 3;

/// What a message says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// A user is registered or unregistered.
    User(UserCommand),
    /// A client wants to be told by datagrams (generation B).
    Bind(Bind),
    /// A client subscribes, or something happened (generation B).
    Notification(Notification),
}

/// Registers or unregisters a user on a backend.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UserCommand {
    /// One of [`super::status`]; a reader takes any number.
    pub status: u16,
    /// The backend.
    pub backend: Option<String>,
    /// The user of the system.
    pub username: Option<String>,
    /// The name that the backend has for that user.
    pub vuser: Option<String>,
}

impl UserCommand {
    /// A command about this triple.
    pub fn new(status: u16, triple: Triple<'_>) -> Self {
        let name = |name: &str| Some(name.to_owned());
        Self {
            status,
            backend: name(triple.backend()),
            username: name(triple.username()),
            vuser: name(triple.vuser()),
        }
    }

    /// Whom it is about, when it names all three and they may be names.
    pub fn triple(&self) -> Option<Triple<'_>> {
        Triple::new(self.backend.as_deref()?, self.username.as_deref()?, self.vuser.as_deref()?).ok()
    }

    /// The message in this form.
    pub fn encode(&self, generation: Generation) -> Vec<u8> {
        let mut message = Writer::default();
        if generation == Generation::B {
            message.u16(USER);
            message.u16(USER);
        }
        self.write(&mut message);
        message.into_bytes()
    }

    fn names(&self) -> [Option<&str>; 3] {
        [self.backend.as_deref(), self.username.as_deref(), self.vuser.as_deref()]
    }

    fn write(&self, message: &mut Writer) {
        message.u16(self.status);
        self.names().iter().for_each(|name| message.pointer(name.is_some()));
        self.names().iter().for_each(|name| message.string(*name));
    }

    fn read(message: &mut Reader<'_>) -> Result<Self, Reject> {
        let status = message.u16()?;
        let [backend, username, vuser] = [message.pointer()?, message.pointer()?, message.pointer()?];
        Ok(Self {
            status,
            backend: message.string(backend)?,
            username: message.string(username)?,
            vuser: message.string(vuser)?,
        })
    }
}

/// Where a client wants its datagrams.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Bind {
    /// The user of the system.
    pub username: Option<String>,
    /// What each datagram consists of.
    pub context: Vec<u8>,
    /// Where it goes to: a socket address as the system has it.
    pub address: Vec<u8>,
}

impl Bind {
    fn write(&self, message: &mut Writer) {
        let size = |bytes: &[u8]| u16::try_from(bytes.len()).unwrap_or(u16::MAX);
        message.u32(size(&self.address).into());
        message.pointer(self.username.is_some());
        message.u16(size(&self.context));
        message.u32(size(&self.context).into());
        message.raw(&self.context);
        message.u16(size(&self.address));
        message.raw(&self.address);
        message.string(self.username.as_deref());
    }

    fn read(message: &mut Reader<'_>) -> Result<Self, Reject> {
        let address_size = message.u32()?;
        let username = message.pointer()?;
        let context = message.u16()?;
        if message.u32()? != u32::from(context) {
            return Err(Reject::Size);
        }
        let context = message.raw(context.into())?.to_vec();
        let address = message.u16()?;
        if address_size != u32::from(address) {
            return Err(Reject::Size);
        }
        let address = message.raw(address.into())?.to_vec();
        Ok(Self { username: message.string(username)?, context, address })
    }
}

/// A subscription, or what happened in a folder.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Notification {
    /// 0 something happened, 1 subscribes, 2 unsubscribes.
    pub status: u16,
    /// What happened or is asked for, in bits.
    pub flags: u16,
    /// The user of the system.
    pub username: Option<String>,
    /// Whether all folders are meant; a number other than 0 says so.
    pub whole_store: u8,
    /// The folder.
    pub folder: u64,
    /// The message.
    pub message: u64,
    /// The folder's or message's URI.
    pub uri: Option<String>,
    /// How many messages the folder has.
    pub total: u32,
    /// How many of them are unread.
    pub unread: u32,
}

impl Notification {
    fn write(&self, message: &mut Writer) {
        message.align(8);
        message.u16(self.status);
        message.u16(self.flags);
        message.pointer(self.username.is_some());
        message.u8(self.whole_store);
        message.u64(self.folder);
        message.u64(self.message);
        message.pointer(self.uri.is_some());
        message.u32(self.total);
        message.u32(self.unread);
        message.string(self.username.as_deref());
        message.string(self.uri.as_deref());
    }

    fn read(message: &mut Reader<'_>) -> Result<Self, Reject> {
        message.align(8);
        let (status, flags, username) = (message.u16()?, message.u16()?, message.pointer()?);
        let (whole_store, folder, id) = (message.u8()?, message.u64()?, message.u64()?);
        let (uri, total, unread) = (message.pointer()?, message.u32()?, message.u32()?);
        let username = message.string(username)?;
        let uri = message.string(uri)?;
        Ok(Self { status, flags, username, whole_store, folder, message: id, uri, total, unread })
    }
}

impl Command {
    /// The message in the form of generation B, which alone knows all commands.
    pub fn encode(&self) -> Vec<u8> {
        let mut message = Writer::default();
        let kind = match self {
            Self::User(_) => USER,
            Self::Bind(_) => BIND,
            Self::Notification(_) => NOTIFICATION,
        };
        message.u16(kind);
        message.u16(kind);
        match self {
            Self::User(command) => command.write(&mut message),
            Self::Bind(command) => command.write(&mut message),
            Self::Notification(command) => command.write(&mut message),
        }
        message.into_bytes()
    }

    /// What a message in this form says.
    pub fn decode(generation: Generation, message: &[u8]) -> Result<Self, Reject> {
        let mut reader = Reader::new(message);
        if generation == Generation::A {
            return UserCommand::read(&mut reader).map(Self::User);
        }
        match (reader.u16()?, reader.u16()?) {
            (USER, USER) => UserCommand::read(&mut reader).map(Self::User),
            (BIND, BIND) => Bind::read(&mut reader).map(Self::Bind),
            (NOTIFICATION, NOTIFICATION) => Notification::read(&mut reader).map(Self::Notification),
            (kind, repeated) => Err(Reject::Type { kind, repeated }),
        }
    }
}
