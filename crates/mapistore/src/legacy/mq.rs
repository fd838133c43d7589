//! A POSIX message queue.

use std::os::fd::{AsFd as _, AsRawFd, RawFd};

use mapistore_wire::legacy::LONGEST;
use nix::errno::Errno;
use nix::mqueue::{
    MQ_OFlag, MqAttr, MqdT, mq_attr_member_t, mq_close, mq_getattr, mq_open, mq_receive, mq_send,
};
use nix::sys::stat::Mode;

/// Messages that a queue holds which we make: what the kernel lets everybody have.
const MESSAGES: mq_attr_member_t = 10;
/// Bytes of a message in it: what the library encodes fits.
const BYTES: mq_attr_member_t = 8192;

/// What it is opened for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// For what comes; it is made where it is missing.
    Read,
    /// For what is sent; it is made where it is missing.
    Write,
    /// To look at; it is not made.
    Look,
}

/// Why a queue cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("queue {name}: {}", explain(*.errno))]
pub struct QueueError {
    name: String,
    errno: Errno,
}

impl QueueError {
    /// There is no such queue.
    pub fn is_missing(&self) -> bool {
        self.errno == Errno::ENOENT
    }

    /// This machine has no queues at all.
    pub fn is_unsupported(&self) -> bool {
        matches!(self.errno, Errno::ENOSYS | Errno::EPERM)
    }
}

fn explain(errno: Errno) -> String {
    match errno {
        Errno::ENOSYS => "this machine has no POSIX message queues".to_owned(),
        Errno::EMFILE => {
            "no more queues are allowed: raise the limit on message queues (RLIMIT_MSGQUEUE)".to_owned()
        }
        Errno::ENOSPC => "there are too many queues on this machine (fs.mqueue.queues_max)".to_owned(),
        Errno::EACCES => "it belongs to somebody else, and is closed to us".to_owned(),
        Errno::EAGAIN => "it is full: nobody reads it".to_owned(),
        Errno::EMSGSIZE => "the message is longer than it takes".to_owned(),
        other => other.desc().to_owned(),
    }
}

/// An open queue. It does not block, and is closed, never removed, when it is dropped: who writes it keeps it.
#[derive(Debug)]
pub struct Mq {
    name: String,
    mqd: Option<MqdT>,
    longest: usize,
}

impl Mq {
    /// Opens a queue.
    pub fn open(name: &str, way: Way) -> Result<Self, QueueError> {
        let flags = MQ_OFlag::O_NONBLOCK | MQ_OFlag::O_CLOEXEC;
        let flags = flags
            | match way {
                Way::Read => MQ_OFlag::O_RDONLY | MQ_OFlag::O_CREAT,
                Way::Write => MQ_OFlag::O_WRONLY | MQ_OFlag::O_CREAT,
                Way::Look => MQ_OFlag::O_RDONLY,
            };
        let failed = |errno| QueueError { name: name.to_owned(), errno };
        let attributes = MqAttr::new(0, MESSAGES, BYTES, 0);
        let mode = Mode::S_IRUSR | Mode::S_IWUSR | Mode::S_IRGRP | Mode::S_IWGRP;
        let mqd = mq_open(name, flags, mode, Some(&attributes)).map_err(failed)?;
        let longest = mq_getattr(&mqd).map_err(failed)?.msgsize();
        Ok(Mq { name: name.to_owned(), mqd: Some(mqd), longest: usize::try_from(longest).unwrap_or(LONGEST) })
    }

    fn mqd(&self) -> Result<&MqdT, QueueError> {
        self.mqd.as_ref().ok_or_else(|| self.failed(Errno::EBADF))
    }

    fn failed(&self, errno: Errno) -> QueueError {
        QueueError { name: self.name.clone(), errno }
    }

    /// Bytes of its longest message.
    pub fn longest(&self) -> usize {
        self.longest
    }

    /// Takes the most urgent message into a buffer of [`Mq::longest`] bytes; `None` = it is empty.
    pub fn receive<'b>(&self, buffer: &'b mut [u8]) -> Result<Option<&'b [u8]>, QueueError> {
        match mq_receive(self.mqd()?, buffer, &mut 0) {
            Ok(length) => Ok(Some(buffer.get(..length).unwrap_or_default())),
            Err(Errno::EAGAIN) => Ok(None),
            Err(errno) => Err(self.failed(errno)),
        }
    }

    /// Puts a message in.
    pub fn send(&self, message: &[u8], priority: u32) -> Result<(), QueueError> {
        mq_send(self.mqd()?, message, priority).map_err(|errno| self.failed(errno))
    }

    /// Opens a queue that is ours to a group, whatever the mask of the process was when it was made.
    pub fn open_to(&self, group: Option<u32>) -> Result<(), QueueError> {
        let descriptor = self.mqd()?.as_fd();
        let failed = |errno: rustix::io::Errno| self.failed(Errno::from_raw(errno.raw_os_error()));
        rustix::fs::fchmod(descriptor, rustix::fs::Mode::from_raw_mode(0o660)).map_err(failed)?;
        match group {
            Some(group) => {
                rustix::fs::fchown(descriptor, None, Some(rustix::fs::Gid::from_raw(group))).map_err(failed)
            }
            None => Ok(()),
        }
    }

    /// What it is, whatever it is called: a queue that was removed keeps those who had opened it.
    pub fn identity(&self) -> Result<(u64, u64), QueueError> {
        let found = rustix::fs::fstat(self.mqd()?.as_fd())
            .map_err(|errno| self.failed(Errno::from_raw(errno.raw_os_error())))?;
        Ok((found.st_dev, found.st_ino))
    }
}

impl AsRawFd for Mq {
    fn as_raw_fd(&self) -> RawFd {
        self.mqd.as_ref().map_or(-1, |mqd| mqd.as_fd().as_raw_fd())
    }
}

impl Drop for Mq {
    fn drop(&mut self) {
        // A descriptor that is not there any more needs no closing.
        let _ = self.mqd.take().map(mq_close);
    }
}
