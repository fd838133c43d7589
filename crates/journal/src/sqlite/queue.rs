//! The queue before the writer: bounded by number and bytes, first come first served.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot};

use super::tx::Tx;
use crate::error::Error;

/// Room in the queue, in KiB; every operation takes one besides its bytes.
const ROOM: u32 = 64 * 1024;

/// What an operation is, for the points at which tests let the process die.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Accept,
    Start,
    Settle,
    Mark,
    Other,
}

/// Something to be written. It may be run more than once: what it did before was rolled back.
pub(super) trait Operation: Send {
    fn run(&mut self, tx: &mut Tx<'_>) -> Result<(), Error>;
    /// Tells the caller: what `run` made, or the error.
    fn answer(self: Box<Self>, outcome: Result<(), Error>);
}

/// An operation in the queue.
pub(super) struct Queued {
    pub(super) kind: Kind,
    pub(super) bytes: usize,
    pub(super) operation: Box<dyn Operation>,
    /// Given back when it has been answered.
    _room: OwnedSemaphorePermit,
}

/// What the writer takes from the queue.
pub(super) enum Message {
    Write(Queued),
    Backup(super::backup::Request),
    /// Write what is queued before this, and end.
    Close,
}

struct Task<T, W> {
    work: W,
    made: Option<T>,
    answer: oneshot::Sender<Result<T, Error>>,
}

impl<T: Send, W: Fn(&mut Tx<'_>) -> Result<T, Error> + Send> Operation for Task<T, W> {
    fn run(&mut self, tx: &mut Tx<'_>) -> Result<(), Error> {
        self.made = Some((self.work)(tx)?);
        Ok(())
    }

    fn answer(self: Box<Self>, outcome: Result<(), Error>) {
        let Task { made, answer, .. } = *self;
        // Nobody may wait for it any more.
        let _ = answer.send(outcome.and_then(|()| made.ok_or(Error::Closed)));
    }
}

/// The callers' end of the queue.
#[derive(Clone)]
pub(super) struct Queue {
    sender: mpsc::UnboundedSender<Message>,
    room: Arc<Semaphore>,
}

impl Queue {
    pub(super) fn new() -> (Self, mpsc::UnboundedReceiver<Message>) {
        let (sender, receiver) = mpsc::unbounded_channel();
        (Queue { sender, room: Arc::new(Semaphore::new(ROOM as usize)) }, receiver)
    }

    /// Queues an operation of so many bytes at once, so that it is carried out even when nobody waits for it. A full
    /// queue lets it wait for room in a task of its own, in its turn.
    pub(super) fn write<T, W>(&self, kind: Kind, bytes: usize, work: W) -> oneshot::Receiver<Result<T, Error>>
    where
        T: Send + 'static,
        W: Fn(&mut Tx<'_>) -> Result<T, Error> + Send + 'static,
    {
        let (answer, outcome) = oneshot::channel();
        self.queue(kind, bytes, Box::new(Task { work, made: None, answer }));
        outcome
    }

    fn queue(&self, kind: Kind, bytes: usize, operation: Box<dyn Operation>) {
        let queued = move |room| Message::Write(Queued { kind, bytes, operation, _room: room });
        let weight = u32::try_from(bytes / 1024).unwrap_or(ROOM).saturating_add(1).min(ROOM);
        if let Ok(room) = Arc::clone(&self.room).try_acquire_many_owned(weight) {
            self.send(queued(room));
        } else {
            let queue = self.clone();
            tokio::spawn(async move {
                if let Ok(room) = Arc::clone(&queue.room).acquire_many_owned(weight).await {
                    queue.send(queued(room));
                }
            });
        }
    }

    /// Queues anything else.
    pub(super) fn send(&self, message: Message) {
        // When the writer is gone the message is dropped, and with it the sender of its answer: "closed".
        let _ = self.sender.send(message);
    }
}
