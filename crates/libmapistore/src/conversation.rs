//! One conversation with the hub: what is said and what is understood, without the socket.

use mapistore_wire::{Frames, FromHub, FromProcess, HIGHEST, Hello, LOWEST};

use crate::desk::Desk;
use crate::key;

/// How much is written down before it is sent, in bytes.
const FULL: usize = 32 << 10;

/// The conversation is over: refused, or not understood.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Over;

#[derive(Debug, PartialEq, Eq)]
enum Phase {
    /// The hub has not answered yet.
    Greeted,
    /// It has; it knows nothing yet.
    Welcome,
    /// So many triples of the snapshot are left.
    Snapshot(usize),
    /// What changes is told.
    Changes,
}

/// The conversation.
#[derive(Debug)]
pub(crate) struct Conversation {
    phase: Phase,
    frames: Frames,
    out: Vec<u8>,
    sent: usize,
}

impl Conversation {
    /// Begins one.
    pub(crate) fn begin(hello: Hello<'_>) -> Self {
        let mut begun = Self { phase: Phase::Greeted, frames: Frames::default(), out: Vec::new(), sent: 0 };
        begun.say(FromProcess::Hello(hello));
        begun
    }

    /// Whether the hub has answered.
    pub(crate) fn is_welcome(&self) -> bool {
        self.phase != Phase::Greeted
    }

    /// What is to be sent.
    pub(crate) fn to_send(&self) -> &[u8] {
        self.out.get(self.sent..).unwrap_or_default()
    }

    /// Whether there is more to say at once: written down, or on the desk of a process that is welcome.
    pub(crate) fn has_more(&self, desk: &Desk) -> bool {
        let to_tell = match self.phase {
            Phase::Greeted => false,
            Phase::Welcome | Phase::Snapshot(_) => true,
            Phase::Changes => desk.has_news(),
        };
        to_tell || !self.to_send().is_empty()
    }

    /// So much of it was sent.
    pub(crate) fn sent(&mut self, bytes: usize) {
        self.sent += bytes;
        if self.to_send().is_empty() {
            self.out.clear();
            self.sent = 0;
        }
    }

    /// Says goodbye, after what is being sent.
    pub(crate) fn goodbye(&mut self) {
        if self.is_welcome() {
            self.say(FromProcess::Goodbye);
        }
    }

    /// Everything has bounds that what is said keeps to; what does not is left out rather than the conversation ended.
    fn say(&mut self, message: FromProcess<'_>) {
        let _ = message.encode(&mut self.out);
    }

    /// Writes down what there is to say, as much as goes at once.
    pub(crate) fn fill(&mut self, desk: &mut Desk) {
        if self.phase == Phase::Greeted || !self.to_send().is_empty() {
            return;
        }
        if self.phase == Phase::Welcome {
            self.say(FromProcess::Snapshot);
            self.phase = Phase::Snapshot(desk.begin());
        }
        while let Some((backend, present)) = desk.inbox.next_managed() {
            let _ = FromProcess::Manager { backend, present }.encode(&mut self.out);
        }
        while self.out.len() < FULL && self.tell_one(desk) {}
        while self.out.len() < FULL
            && let Some(answer) = desk.inbox.next_answer()
        {
            self.say(FromProcess::Answer { id: answer.id, code: answer.code, uri: answer.uri.as_deref() });
        }
        if let Some(anomalies) = desk.table().anomalies() {
            self.say(FromProcess::Anomalies(anomalies));
        }
    }

    /// Tells of one triple; the snapshot ends when all that it began with were told.
    fn tell_one(&mut self, desk: &mut Desk) -> bool {
        if self.phase == Phase::Snapshot(0) {
            self.say(FromProcess::SnapshotEnd);
            self.phase = Phase::Changes;
        }
        let out = &mut self.out;
        let told = desk.table().next(|key, count| {
            if let Some(triple) = key::triple(key) {
                let _ = FromProcess::Set { triple, count }.encode(out);
            }
        });
        if let Phase::Snapshot(left) = &mut self.phase {
            *left = if told.is_some() { *left - 1 } else { 0 };
            return true;
        }
        told.is_some()
    }

    /// Understands what was read; whether there are notifications to hand over.
    pub(crate) fn heard(&mut self, read: &[u8], desk: &mut Desk) -> Result<bool, Over> {
        self.frames.push(read);
        let mut notified = false;
        while let Some(frame) = self.frames.next_frame().map_err(|_| Over)? {
            match FromHub::decode(frame).map_err(|_| Over)? {
                Some(FromHub::Welcome(LOWEST..=HIGHEST)) if self.phase == Phase::Greeted => {
                    self.phase = Phase::Welcome;
                }
                Some(FromHub::Notify(notify)) if self.phase != Phase::Greeted => {
                    notified |= desk.notified(notify);
                }
                Some(FromHub::Synced(_)) | None => {}
                Some(_) => return Err(Over),
            }
        }
        Ok(notified)
    }
}
