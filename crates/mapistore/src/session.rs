//! The handle on a process that is connected: what it can do, and how something is asked of it.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use mapistore_wire::{FromHub, MOST_MANAGERS, Notify as Ask, WireError};
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{Notify, mpsc, oneshot};

use crate::registry::Epoch;

/// Frames that wait to be written to one process.
pub(crate) const OUTGOING: usize = 256;

/// A process that is connected, or was a moment ago.
#[derive(Debug)]
pub struct Session {
    /// Which of its connections.
    pub(crate) epoch: Epoch,
    /// The user under whom it runs.
    pub(crate) uid: u32,
    /// The program, as it calls itself.
    pub(crate) program: String,
    /// Told when another connection of the process has taken its place.
    pub(crate) replaced: Arc<Notify>,
    /// Where frames go; `None` = the connection is lost.
    pub(crate) out: Option<mpsc::Sender<Vec<u8>>>,
    managers: BTreeSet<String>,
    asked: HashMap<u64, oneshot::Sender<Answer>>,
}

/// What became of a notification in a process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    /// What the callback returned.
    pub code: i32,
    /// The URI that the backend made.
    pub uri: Option<String>,
}

/// Why a process cannot be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Unasked {
    /// It is not connected.
    #[error("it is not connected")]
    Away,
    /// It does not read what is sent to it.
    #[error("it does not read what is sent to it")]
    Busy,
    /// What is asked does not fit into a frame.
    #[error("this cannot be sent to it: {0}")]
    Unsendable(#[from] WireError),
}

impl Session {
    pub(crate) fn new(epoch: Epoch, uid: u32, program: &str, out: mpsc::Sender<Vec<u8>>) -> Self {
        Session {
            epoch,
            uid,
            program: program.chars().filter(|c| !c.is_control()).take(64).collect(),
            replaced: Arc::default(),
            out: Some(out),
            managers: BTreeSet::new(),
            asked: HashMap::new(),
        }
    }

    /// Whether it makes URIs for a backend.
    pub fn manages(&self, backend: &str) -> bool {
        self.managers.contains(backend)
    }

    /// It makes URIs for a backend, or no longer. `false` = it has said so of too many.
    pub(crate) fn set_manager(&mut self, backend: &str, present: bool) -> bool {
        if !present {
            self.managers.remove(backend);
        } else if self.managers.len() >= MOST_MANAGERS && !self.manages(backend) {
            return false;
        } else {
            self.managers.insert(backend.to_owned());
        }
        true
    }

    /// Asks for something; the answer comes as soon as the process gives one, or the connection is lost.
    pub(crate) fn ask(&mut self, ask: Ask<'_>) -> Result<oneshot::Receiver<Answer>, Unasked> {
        let out = self.out.as_ref().ok_or(Unasked::Away)?;
        let mut frame = Vec::new();
        FromHub::Notify(ask).encode(&mut frame)?;
        out.try_send(frame).map_err(|error| match error {
            TrySendError::Full(_) => Unasked::Busy,
            TrySendError::Closed(_) => Unasked::Away,
        })?;
        // Who waits no longer has gone away.
        self.asked.retain(|_, asker| !asker.is_closed());
        let (asker, answer) = oneshot::channel();
        self.asked.insert(ask.id, asker);
        Ok(answer)
    }

    /// An answer has come. What nobody asked for is left.
    pub(crate) fn answer(&mut self, id: u64, answer: Answer) {
        if let Some(asker) = self.asked.remove(&id) {
            let _ = asker.send(answer);
        }
    }

    /// The connection is lost: nobody answers any more.
    pub(crate) fn lose(&mut self) {
        self.out = None;
        self.asked.clear();
    }
}
