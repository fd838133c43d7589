//! The thread: it connects, tells the hub what the desk knows, and does so again after every interruption.

use std::ffi::c_void;
use std::os::fd::BorrowedFd;
use std::panic::catch_unwind;

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use crate::conversation::{End, Over};
use crate::inbox::Dispatch;
use crate::library::{Library, dispatch, library};
use crate::line::Line;
use crate::settings::Transport;
use crate::system;

/// The pause after an interruption: the first one, and the longest, in milliseconds.
const PAUSES: (i64, i64) = (50, 2000);

/// The pause after the hub has said that it wants no conversation, in milliseconds.
const REFUSED: i64 = 30_000;

/// After it was woken the thread waits so long for more, in milliseconds: then no call of that time has to wake it.
const GATHER: i64 = 1;

/// So often it looks whether the host has left it its descriptors, in milliseconds, should nothing else have told.
const LOOK: i64 = 30_000;

/// What the thread runs.
pub(crate) extern "C" fn run(_: *mut c_void) -> *mut c_void {
    system::name_thread(c"mapistore");
    let _ = catch_unwind(work);
    std::ptr::null_mut()
}

fn work() {
    let mut pause = PAUSES.0;
    loop {
        let Some(is_connected) = library().open() else { return };
        if is_connected {
            while turn().is_ok() {}
        }
        let rest = match library().close() {
            End::Unanswered => pause,
            End::Interrupted => PAUSES.0,
            End::Refused => REFUSED,
        };
        let bell = library().bell();
        let mut fds = bell.map(|bell| PollFd::from_borrowed_fd(bell, PollFlags::IN));
        wait(fds.as_mut_slice(), rest);
        // A ring that came when the connection was over already must not be heard for ever.
        library().silence();
        pause = (2 * rest).min(PAUSES.1);
    }
}

/// What the thread waits for.
struct Wait {
    socket: BorrowedFd<'static>,
    interest: PollFlags,
    bell: Option<BorrowedFd<'static>>,
}

/// Says what there is to say, then waits and listens.
fn turn() -> Result<(), Over> {
    let Wait { socket, interest, bell } = library().speak()?;
    let on = |fd, interest| PollFd::from_borrowed_fd(fd, interest);
    let mut fds = [on(socket, interest), on(bell.unwrap_or(socket), PollFlags::IN)];
    // Without a bell nobody can wake it.
    wait(&mut fds, if bell.is_some() { LOOK } else { PAUSES.1 });
    let [on_socket, on_bell] = fds.map(|fd| fd.revents());
    library().desk.bell.wake();
    if !on_bell.is_empty() {
        library().silence();
        wait(&mut [on(socket, interest)], GATHER);
    }
    if on_socket.intersects(PollFlags::IN | PollFlags::HUP | PollFlags::ERR) && library().listen()? {
        dispatch();
    }
    Ok(())
}

impl Library {
    /// Connects; whether there was somebody. `None` = the process ends.
    fn open(&mut self) -> Option<bool> {
        if self.is_ending {
            return None;
        }
        let Self { transport: Some(Transport::Socket(path)), line, .. } = self else { return Some(false) };
        if line.is_none() {
            *line = Line::new();
        }
        Some(line.as_mut().is_some_and(|line| line.open(path).is_some()))
    }

    /// Ends the connection, if there is one; how.
    fn close(&mut self) -> End {
        self.desk.end();
        self.line.as_mut().map_or(End::Unanswered, Line::close)
    }

    /// Says what there is to say, or goodbye; what to wait for then.
    fn speak(&mut self) -> Result<Wait, Over> {
        let bell = self.bell();
        let Self { desk, line, is_ending, .. } = self;
        let line = line.as_mut().ok_or(Over)?;
        if *is_ending {
            line.goodbye();
            return Err(Over);
        }
        let (socket, interest) = line.speak(desk)?;
        Ok(Wait { socket, interest, bell })
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

/// Waits for one of these, at most so many milliseconds.
fn wait(fds: &mut [PollFd<'_>], milliseconds: i64) {
    let limit = Timespec { tv_sec: milliseconds / 1000, tv_nsec: milliseconds % 1000 * 1_000_000 };
    // What goes wrong is noticed by who uses the descriptors.
    let _ = poll(fds, Some(&limit));
}
