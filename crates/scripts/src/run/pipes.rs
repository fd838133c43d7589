//! What can be done with pipes without waiting.

use std::io::{self, Read};
use std::os::fd::BorrowedFd;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, poll};

use super::force::timeout;

/// How much is read at once.
pub(crate) const CHUNK: usize = 16 * 1024;

/// Which of these can be used without waiting.
pub(crate) fn ready<const N: usize>(
    entries: [Option<(BorrowedFd<'_>, PollFlags)>; N],
    left: Duration,
) -> [bool; N] {
    let mut polled: Vec<PollFd<'_>> =
        entries.iter().flatten().map(|(fd, flags)| PollFd::from_borrowed_fd(*fd, *flags)).collect();
    if poll(&mut polled, timeout(left).as_ref()).is_err() {
        return [false; N];
    }
    let mut events = polled.iter().map(|entry| !entry.revents().is_empty());
    entries.map(|entry| entry.is_some() && events.next().unwrap_or(false))
}

/// Reads once from a pipe that is ready; closes it at its end.
pub(crate) fn read_some(pipe: &mut Option<impl Read>, take: impl FnOnce(&[u8])) -> usize {
    let mut buffer = [0; CHUNK];
    let Some(open) = pipe else { return 0 };
    match open.read(&mut buffer) {
        Err(error) if matches!(error.kind(), io::ErrorKind::Interrupted | io::ErrorKind::WouldBlock) => 0,
        Ok(0) | Err(_) => {
            *pipe = None;
            0
        }
        Ok(count) => {
            take(buffer.get(..count).unwrap_or_default());
            count
        }
    }
}
