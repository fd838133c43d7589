//! The thread's connection: what goes over it, under the library's lock. None of this waits.

use std::fs::File;
use std::io::Read as _;
use std::os::fd::BorrowedFd;
use std::path::Path;

use mapistore_wire::Hello;
use rustix::event::PollFlags;
use rustix::io::Errno;
use rustix::net::{
    AddressFamily, SendFlags, SocketAddrUnix, SocketFlags, SocketType, connect, send, socket_with,
};
use rustix::rand::{GetRandomFlags, getrandom};

use crate::conversation::{Conversation, End, Over};
use crate::descriptor::Kept;
use crate::desk::Desk;

/// How much is read at once, in bytes.
const READ: usize = 16 << 10;

/// What the hub is told of the process, and the connection while there is one.
pub(crate) struct Line {
    who: Identity,
    buffer: Vec<u8>,
    pub(crate) socket: Option<Kept>,
    conversation: Option<Conversation>,
}

impl Line {
    /// One that is not connected; `None` = there is no memory.
    pub(crate) fn new() -> Option<Self> {
        let mut buffer = Vec::new();
        buffer.try_reserve_exact(READ).ok()?;
        buffer.resize(READ, 0);
        Some(Self { who: Identity::of_this_process(), buffer, socket: None, conversation: None })
    }

    /// Connects; `None` = there is nobody, or no room.
    pub(crate) fn open(&mut self, path: &Path) -> Option<()> {
        let conversation = Conversation::begin(self.who.hello())?;
        let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
        let socket = socket_with(AddressFamily::UNIX, SocketType::STREAM, flags, None).ok()?;
        connect(&socket, &SocketAddrUnix::new(path).ok()?).ok()?;
        self.socket = Some(Kept::new(socket)?);
        self.conversation = Some(conversation);
        Some(())
    }

    /// Ends the connection, if there is one; how.
    pub(crate) fn close(&mut self) -> End {
        if let Some(socket) = self.socket.take() {
            socket.close();
        }
        self.conversation.take().map_or(End::Unanswered, |conversation| conversation.end())
    }

    /// The connection, unless the host has closed it.
    fn connected(&mut self) -> Result<(BorrowedFd<'static>, &mut Conversation, &mut [u8]), Over> {
        let socket = self.socket.and_then(Kept::get).ok_or(Over)?;
        Ok((socket, self.conversation.as_mut().ok_or(Over)?, &mut self.buffer))
    }

    /// Says what there is to say, so much as goes at once: callers wait for the lock meanwhile. What to wait for then; nothing
    /// is asked of a process that has much to answer.
    pub(crate) fn speak(&mut self, desk: &mut Desk) -> Result<(BorrowedFd<'static>, PollFlags), Over> {
        let (socket, conversation, _) = self.connected()?;
        conversation.fill(desk);
        if !conversation.to_send().is_empty() {
            match send(socket, conversation.to_send(), SendFlags::NOSIGNAL) {
                Ok(bytes) => conversation.sent(bytes),
                Err(Errno::AGAIN | Errno::INTR) => {}
                Err(_) => return Err(Over),
            }
        }
        let listens = if desk.inbox.is_full() { PollFlags::empty() } else { PollFlags::IN };
        if conversation.has_more(desk) {
            return Ok((socket, listens | PollFlags::OUT));
        }
        // There is nothing left to say: from now on whoever has something rings the bell.
        desk.bell.sleep();
        Ok((socket, listens))
    }

    /// Understands what has come; whether there are notifications to hand over.
    pub(crate) fn listen(&mut self, desk: &mut Desk) -> Result<bool, Over> {
        let (socket, conversation, buffer) = self.connected()?;
        match rustix::io::read(socket, &mut *buffer) {
            Ok(0) => Err(Over),
            Ok(length) => conversation.heard(buffer.get(..length).unwrap_or_default(), desk),
            Err(Errno::AGAIN | Errno::INTR) => Ok(false),
            Err(_) => Err(Over),
        }
    }

    /// Says goodbye, if that goes at once.
    pub(crate) fn goodbye(&mut self) {
        if let Ok((socket, conversation, _)) = self.connected() {
            conversation.goodbye();
            let _ = send(socket, conversation.to_send(), SendFlags::NOSIGNAL);
        }
    }
}

/// What the hub is told of the process.
struct Identity {
    instance: [u8; 16],
    pid: u32,
    started: u64,
    program: Program,
}

/// The name of a program, followed by zeros: the system keeps no more of it.
type Program = [u8; 16];

impl Identity {
    fn of_this_process() -> Self {
        let pid = rustix::process::getpid().as_raw_nonzero().get().unsigned_abs();
        let started = started(&read::<1024>("/proc/self/stat")).unwrap_or(0);
        let mut instance = [0; 16];
        if getrandom(&mut instance, GetRandomFlags::NONBLOCK) != Ok(instance.len()) {
            // A machine that has just begun: what tells processes apart at one time has to do.
            instance = ((u128::from(started) << 64) | u128::from(pid)).to_le_bytes();
        }
        Self { instance, pid, started, program: printable(read("/proc/self/comm")) }
    }

    fn hello(&self) -> Hello<'_> {
        let name = self.program.split(|byte| *byte == 0).next().unwrap_or_default();
        Hello::new(self.instance, self.pid, self.started, str::from_utf8(name).unwrap_or_default())
    }
}

/// The beginning of a file, followed by zeros; nothing but zeros when it cannot be read.
fn read<const N: usize>(path: &str) -> [u8; N] {
    let mut bytes = [0; N];
    let read = File::open(path).and_then(|mut file| file.read(&mut bytes));
    if read.is_ok() { bytes } else { [0; N] }
}

/// The name without its line's end, and with nothing in it that is no text.
fn printable(mut program: Program) -> Program {
    let is_text = str::from_utf8(&program).is_ok();
    for byte in &mut program {
        match *byte {
            b'\n' => *byte = 0,
            0x80.. if !is_text => *byte = b'?',
            _ => {}
        }
    }
    program
}

/// The 22nd field of `/proc/PID/stat`. The second one is the program's name, in which there may be anything.
fn started(stat: &[u8]) -> Option<u64> {
    let behind = stat.rsplit(|byte| *byte == b')').next()?;
    str::from_utf8(behind).ok()?.split_ascii_whitespace().nth(19)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::{printable, started};

    #[test]
    fn the_start_is_found_behind_any_name() {
        let fields: Vec<String> = (3..=52).map(|field| format!("{field}00")).collect();
        let stat = format!("4711 (a ) b) c) {}\n", fields.join(" "));
        assert_eq!(started(stat.as_bytes()), Some(2200));
        assert_eq!(started(b"4711 (a) S 1"), None);
        assert_eq!(started(b""), None);
    }

    #[test]
    fn a_programs_name_is_text() {
        assert_eq!(&printable(*b"smbd\n\0\0\0\0\0\0\0\0\0\0\0"), b"smbd\0\0\0\0\0\0\0\0\0\0\0\0");
        assert_eq!(
            &printable(*b"\xc3\xa9t\xc3\xa9\n\0\0\0\0\0\0\0\0\0\0"),
            "été\0\0\0\0\0\0\0\0\0\0\0".as_bytes()
        );
        // Cut in the middle of a letter.
        assert_eq!(&printable(*b"fourteen-bytes\xc3\n"), b"fourteen-bytes?\0");
    }
}
