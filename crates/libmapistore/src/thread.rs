//! The thread: it connects, tells the hub what the desk knows, and does so again after every interruption.

use std::ffi::c_void;
use std::os::fd::BorrowedFd;
use std::panic::catch_unwind;

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use crate::conversation::{End, Over};
use crate::inbox::Dispatch;
use crate::library::{Library, dispatch, library};
use crate::settings::Transport;
use crate::system;

/// The pause after an interruption: the first one, and the longest, in milliseconds.
const PAUSES: (i64, i64) = (50, 2000);

/// The pause after the hub has said that it wants no conversation, in milliseconds.
const REFUSED: i64 = 30_000;

/// After it was woken the thread waits so long for more, in milliseconds: then no call of that time has to wake it.
const GATHER: i64 = 1;

/// What the thread runs.
pub(crate) extern "C" fn run(_: *mut c_void) -> *mut c_void {
    system::name_thread(c"mapistore");
    let _ = catch_unwind(work);
    std::ptr::null_mut()
}

fn work() {
    let Some(bell) = library().bell() else { return };
    let mut pause = PAUSES.0;
    while !library().is_ending {
        let socket = library().open();
        if let Some(socket) = socket {
            while turn(socket, bell).is_ok() {}
        }
        let rest = match library().close() {
            End::Unanswered => pause,
            End::Interrupted => PAUSES.0,
            End::Refused => REFUSED,
        };
        wait(&mut [PollFd::new(&bell, PollFlags::IN)], Some(rest));
        // A ring that came when the connection was over already must not be heard for ever.
        silence(bell);
        pause = (2 * rest).min(PAUSES.1);
    }
}

/// Says what there is to say, then waits and listens.
fn turn(socket: BorrowedFd<'static>, bell: BorrowedFd<'static>) -> Result<(), Over> {
    let interest = library().speak()?;
    let mut fds = [PollFd::new(&socket, interest), PollFd::new(&bell, PollFlags::IN)];
    wait(&mut fds, None);
    let [on_socket, on_bell] = fds.map(|fd| fd.revents());
    library().desk.bell.wake();
    if on_bell.contains(PollFlags::IN) {
        silence(bell);
        wait(&mut [PollFd::new(&socket, interest)], Some(GATHER));
    }
    if on_socket.intersects(PollFlags::IN | PollFlags::HUP | PollFlags::ERR) && library().listen()? {
        dispatch();
    }
    Ok(())
}

impl Library {
    /// Connects; the socket, when there was somebody.
    fn open(&mut self) -> Option<BorrowedFd<'static>> {
        let Transport::Socket(path) = self.transport().clone() else { return None };
        self.line().open(&path)
    }

    /// Ends the connection, if there is one; how.
    fn close(&mut self) -> End {
        self.desk.end();
        self.line().close()
    }

    /// Says what there is to say, or goodbye; what to wait for then.
    fn speak(&mut self) -> Result<PollFlags, Over> {
        if self.is_ending {
            self.line().goodbye();
            return Err(Over);
        }
        let Self { desk, line, .. } = self;
        line.as_mut().ok_or(Over)?.speak(desk)
    }

    /// Understands what has come; whether there are notifications to hand over in this thread.
    fn listen(&mut self) -> Result<bool, Over> {
        let Self { desk, line, .. } = self;
        let notified = line.as_mut().ok_or(Over)?.listen(desk)?;
        if notified {
            self.light();
        }
        Ok(notified && self.desk.inbox.dispatch == Dispatch::Thread)
    }
}

fn silence(bell: BorrowedFd<'static>) {
    let _ = rustix::io::read(bell, &mut [0; 8]);
}

/// Waits for one of these; so many milliseconds, or as long as it takes.
fn wait(fds: &mut [PollFd<'_>], milliseconds: Option<i64>) {
    let limit = milliseconds.map(|n| Timespec { tv_sec: n / 1000, tv_nsec: n % 1000 * 1_000_000 });
    // What goes wrong is noticed by who uses the descriptors.
    let _ = poll(fds, limit.as_ref());
}
