//! The thread's connection: what goes over it, under the library's lock. None of this waits.

use std::fs;
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
use crate::desk::Desk;
use crate::system;

/// How much is read at once, in bytes.
const READ: usize = 16 << 10;

/// What the hub is told of the process, and the connection while there is one.
pub(crate) struct Line {
    who: Identity,
    buffer: Vec<u8>,
    pub(crate) socket: Option<BorrowedFd<'static>>,
    conversation: Option<Conversation>,
}

impl Line {
    pub(crate) fn new() -> Self {
        Self { who: Identity::of_this_process(), buffer: vec![0; READ], socket: None, conversation: None }
    }

    /// Connects; the socket, when there was somebody.
    pub(crate) fn open(&mut self, path: &Path) -> Option<BorrowedFd<'static>> {
        let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
        let socket = socket_with(AddressFamily::UNIX, SocketType::STREAM, flags, None).ok()?;
        connect(&socket, &SocketAddrUnix::new(path).ok()?).ok()?;
        self.conversation = Some(Conversation::begin(self.who.hello()));
        self.socket = Some(system::keep(socket));
        self.socket
    }

    /// Ends the connection, if there is one; how.
    pub(crate) fn close(&mut self) -> End {
        if let Some(socket) = self.socket.take() {
            // SAFETY: `open` has kept it, and it is forgotten here; only the thread, which calls this, has used it.
            drop(unsafe { system::own(socket) });
        }
        self.conversation.take().map_or(End::Unanswered, |conversation| conversation.end())
    }

    /// Says what there is to say, so much as goes at once: callers wait for the lock meanwhile. What to wait for then; nothing
    /// is asked of a process that has much to answer.
    pub(crate) fn speak(&mut self, desk: &mut Desk) -> Result<PollFlags, Over> {
        let (Some(socket), Some(conversation)) = (self.socket, &mut self.conversation) else {
            return Err(Over);
        };
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
            return Ok(listens | PollFlags::OUT);
        }
        // There is nothing left to say: from now on whoever has something rings the bell.
        desk.bell.sleep();
        Ok(listens)
    }

    /// Understands what has come; whether there are notifications to hand over.
    pub(crate) fn listen(&mut self, desk: &mut Desk) -> Result<bool, Over> {
        let (Some(socket), Some(conversation)) = (self.socket, &mut self.conversation) else {
            return Err(Over);
        };
        match rustix::io::read(socket, &mut self.buffer) {
            Ok(0) => Err(Over),
            Ok(length) => conversation.heard(self.buffer.get(..length).unwrap_or_default(), desk),
            Err(Errno::AGAIN | Errno::INTR) => Ok(false),
            Err(_) => Err(Over),
        }
    }

    /// Says goodbye, if that goes at once.
    pub(crate) fn goodbye(&mut self) {
        if let (Some(socket), Some(conversation)) = (self.socket, &mut self.conversation) {
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
    program: String,
}

impl Identity {
    fn of_this_process() -> Self {
        let pid = rustix::process::getpid().as_raw_nonzero().get().unsigned_abs();
        let started = fs::read_to_string("/proc/self/stat").ok().and_then(|stat| started(&stat)).unwrap_or(0);
        let mut instance = [0; 16];
        if getrandom(&mut instance, GetRandomFlags::NONBLOCK) != Ok(instance.len()) {
            // A machine that has just begun: what tells processes apart at one time has to do.
            instance = ((u128::from(started) << 64) | u128::from(pid)).to_le_bytes();
        }
        let mut program = fs::read("/proc/self/comm").unwrap_or_default();
        program.retain(|byte| !matches!(byte, 0 | b'\n'));
        Self { instance, pid, started, program: String::from_utf8_lossy(&program).into_owned() }
    }

    fn hello(&self) -> Hello<'_> {
        Hello::new(self.instance, self.pid, self.started, &self.program)
    }
}

/// The 22nd field of `/proc/PID/stat`. The second one is the program's name, in which there may be anything.
fn started(stat: &str) -> Option<u64> {
    let (_, rest) = stat.rsplit_once(')')?;
    rest.split_ascii_whitespace().nth(19)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::started;

    #[test]
    fn the_start_is_found_behind_any_name() {
        let fields: Vec<String> = (3..=52).map(|field| format!("{field}00")).collect();
        let stat = format!("4711 (a ) b) c) {}\n", fields.join(" "));
        assert_eq!(started(&stat), Some(2200));
        assert_eq!(started("4711 (a) S 1"), None);
    }
}
