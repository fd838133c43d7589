//! The library's descriptors, in a process that belongs to somebody else: a host may close all that it has not opened
//! itself, and has its own files under these numbers then. So nothing is read, written or closed before it was looked at.

use std::os::fd::{AsFd as _, AsRawFd as _, BorrowedFd, FromRawFd as _, IntoRawFd as _, OwnedFd, RawFd};

use rustix::fs::fstat;
use rustix::io::{fcntl_dupfd_cloexec, read};
use rustix::net::{AddressFamily, SocketFlags, SocketType, socketpair};

use crate::system;

/// The numbers below are those of the standard streams, which hosts put other files under.
const LOWEST: RawFd = 3;

/// A socket that stays open until it is closed here, or by the host.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Kept {
    number: RawFd,
    /// What the system calls it: no two sockets are the same.
    what: (u64, u64),
}

fn identity(fd: BorrowedFd<'_>) -> Option<(u64, u64)> {
    fstat(fd).ok().map(|found| (found.st_dev, found.st_ino))
}

impl Kept {
    /// Keeps a socket; `None` = there is no room for it.
    pub(crate) fn new(socket: OwnedFd) -> Option<Self> {
        let socket = match socket.as_raw_fd() {
            LOWEST.. => socket,
            _ => fcntl_dupfd_cloexec(&socket, LOWEST).ok()?,
        };
        Some(Self { what: identity(socket.as_fd())?, number: socket.into_raw_fd() })
    }

    /// The socket; `None` = the host has closed it, whatever has its number now.
    pub(crate) fn get(self) -> Option<BorrowedFd<'static>> {
        // SAFETY: a number of which nothing is known yet. It is handed out for one use, when it is ours at this moment.
        let fd = unsafe { BorrowedFd::borrow_raw(self.number) };
        (identity(fd) == Some(self.what)).then_some(fd)
    }

    /// Closes it, if it is there.
    pub(crate) fn close(self) {
        if let Some(fd) = self.get() {
            // SAFETY: `new` has taken it out of its owner's hands, and it is ours still.
            drop(unsafe { OwnedFd::from_raw_fd(fd.as_raw_fd()) });
        }
    }

    /// Puts another socket under its number, if it is there; under whichever number it is kept then.
    fn replace(&mut self, other: Self) {
        if self.get().is_some() && system::replace(self.number, other.number) {
            self.what = other.what;
            other.close();
        } else {
            *self = other;
        }
    }
}

/// Two sockets: pulled at one, readable at the other.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cord {
    pulled: Kept,
    heard: Kept,
}

impl Cord {
    /// A new one; `None` = there is none to be had.
    pub(crate) fn new() -> Option<Self> {
        let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
        let (pulled, heard) = socketpair(AddressFamily::UNIX, SocketType::STREAM, flags, None).ok()?;
        let pulled = Kept::new(pulled)?;
        let Some(heard) = Kept::new(heard) else {
            pulled.close();
            return None;
        };
        Some(Self { pulled, heard })
    }

    /// Pulls it. One that has not been heard yet may be as full as it can be.
    pub(crate) fn pull(self) {
        if let Some(fd) = self.pulled.get() {
            system::tell(fd);
        }
    }

    /// What becomes readable; `None` = the host has closed one of the two.
    pub(crate) fn heard(self) -> Option<BorrowedFd<'static>> {
        self.pulled.get().and(self.heard.get())
    }

    /// It was heard: until it is pulled again there is nothing to read.
    pub(crate) fn quiet(self) {
        let mut buffer = [0; 512];
        while let Some(fd) = self.heard.get()
            && read(fd, &mut buffer) == Ok(buffer.len())
        {}
    }

    /// Closes both.
    pub(crate) fn close(self) {
        self.pulled.close();
        self.heard.close();
    }

    /// In the child of a fork: one of its own under the same numbers. The other one is the parent's.
    pub(crate) fn renew(&mut self) {
        if let Some(Self { pulled, heard }) = Self::new() {
            self.pulled.replace(pulled);
            self.heard.replace(heard);
        }
    }
}

/// One that is whole: this one, or another in its place.
pub(crate) fn whole(cord: Option<Cord>) -> Option<Cord> {
    if let Some(cord) = cord {
        if cord.heard().is_some() {
            return Some(cord);
        }
        cord.close();
    }
    Cord::new()
}

#[cfg(test)]
mod tests {
    use std::fs::File;

    use super::*;

    /// Closes a descriptor behind the library and has something else under its number.
    fn steal(kept: Kept) -> OwnedFd {
        // SAFETY: it is open, and not used as what it was.
        let owned = unsafe { OwnedFd::from_raw_fd(kept.number) };
        let stranger = File::open("/dev/null").unwrap();
        assert!(system::replace(kept.number, stranger.as_raw_fd()));
        owned
    }

    #[test]
    fn a_cord_is_heard_until_it_was() {
        let cord = Cord::new().unwrap();
        let waits = || {
            let mut fds = [rustix::event::PollFd::from_borrowed_fd(
                cord.heard().unwrap(),
                rustix::event::PollFlags::IN,
            )];
            let none = rustix::event::Timespec { tv_sec: 0, tv_nsec: 0 };
            rustix::event::poll(&mut fds, Some(&none)).unwrap() > 0
        };
        assert!(!waits());
        for _ in 0..2000 {
            cord.pull();
        }
        assert!(waits());
        cord.quiet();
        assert!(!waits());
        cord.close();
        assert!(cord.heard().is_none());
    }

    #[test]
    fn what_has_our_number_is_not_ours() {
        let cord = Cord::new().unwrap();
        let stranger = steal(cord.heard);
        assert!(cord.heard.get().is_none() && cord.heard().is_none());
        cord.quiet();
        cord.close();
        assert!(identity(stranger.as_fd()).is_some(), "it is still open");
        assert!(cord.pulled.get().is_none());
        let other = whole(Some(cord)).unwrap();
        assert!(other.heard().is_some());
        other.close();
    }

    #[test]
    fn a_child_has_its_own_under_the_same_numbers() {
        let parents = Cord::new().unwrap();
        let mut own = parents;
        own.renew();
        assert_eq!((own.pulled.number, own.heard.number), (parents.pulled.number, parents.heard.number));
        assert!(own.heard().is_some() && parents.heard().is_none());
        own.close();
    }
}
