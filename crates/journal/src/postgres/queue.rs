//! The queue before the writer: bounded by number and bytes, first come first served.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot};

use super::op::Op;
use super::tx::Tx;
use crate::api::{BoxFuture, Observer};
use crate::error::Error;

/// Room in the queue, in KiB; every operation takes one besides its bytes.
const ROOM: u32 = 64 * 1024;

/// Who waits for an outcome.
pub(super) type Answer<T> = oneshot::Sender<Result<T, Error>>;

/// Something that is written in a transaction of its own, with statements of its own. It may be run more than once: what it
/// did before was rolled back.
pub(super) trait Alone: Send {
    fn run<'t>(&'t mut self, tx: &'t mut Tx) -> BoxFuture<'t, Result<(), Error>>;
    /// Tells the caller: what `run` made, or the error.
    fn answer(self: Box<Self>, outcome: Result<(), Error>);
}

/// An operation in the queue.
pub(super) struct Queued {
    pub(super) bytes: usize,
    pub(super) op: Op,
    /// Given back when it has been answered.
    pub(super) room: Option<OwnedSemaphorePermit>,
}

impl Queued {
    /// An operation that has room already.
    pub(super) fn again(op: Op) -> Self {
        Queued { bytes: 0, op, room: None }
    }
}

/// What the writer takes from the queue.
pub(super) enum Message {
    Write(Queued),
    /// Tell this one of all commits from now on.
    Observe(Observer),
    /// Write what is queued before this, and end.
    Close,
}

struct Task<T, W> {
    work: W,
    made: Option<T>,
    answer: Answer<T>,
}

impl<T, W> Alone for Task<T, W>
where
    T: Send,
    W: for<'t> Fn(&'t mut Tx) -> BoxFuture<'t, Result<T, Error>> + Send,
{
    fn run<'t>(&'t mut self, tx: &'t mut Tx) -> BoxFuture<'t, Result<(), Error>> {
        let making = (self.work)(tx);
        let made = &mut self.made;
        Box::pin(async move {
            *made = Some(making.await?);
            Ok(())
        })
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
    pub(super) fn write<T>(
        &self,
        bytes: usize,
        op: impl FnOnce(Answer<T>) -> Op,
    ) -> oneshot::Receiver<Result<T, Error>> {
        let (answer, outcome) = oneshot::channel();
        self.queue(bytes, op(answer));
        outcome
    }

    fn queue(&self, bytes: usize, op: Op) {
        let queued = move |room| Message::Write(Queued { bytes, op, room: Some(room) });
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

    /// Queues what is written in a transaction of its own.
    pub(super) fn alone<T, W>(&self, bytes: usize, work: W) -> oneshot::Receiver<Result<T, Error>>
    where
        T: Send + 'static,
        W: for<'t> Fn(&'t mut Tx) -> BoxFuture<'t, Result<T, Error>> + Send + 'static,
    {
        self.write(bytes, |answer| Op::Alone(Box::new(Task { work, made: None, answer })))
    }

    /// Queues anything else.
    pub(super) fn send(&self, message: Message) {
        // When the writer is gone the message is dropped, and with it the sender of its answer: "closed".
        let _ = self.sender.send(message);
    }
}
