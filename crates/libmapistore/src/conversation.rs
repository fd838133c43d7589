//! One conversation with the hub: what is said and what is understood, without the socket.

use mapistore_wire::{Frames, FromHub, FromProcess, HIGHEST, Hello, LONGEST_FRAME, LOWEST, Reason};

use crate::desk::Desk;
use crate::key;

/// How much is written down before it is sent, in bytes.
const FULL: usize = 32 << 10;

/// The room for that: what was not full takes one more, and then the short words at the end.
const ROOM: usize = FULL + LONGEST_FRAME + 64;

/// The conversation is over: refused, or not understood.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Over;

/// How a conversation has ended, which decides when the next one begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// Nobody has answered.
    Unanswered,
    /// It went on for a while.
    Interrupted,
    /// The hub wants none: what it says then will be so for a while.
    Refused,
}

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
    /// The hub has said that it wants to hear no more.
    Refused,
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
    /// Begins one, with all the memory for what is said in it; `None` = there is none.
    pub(crate) fn begin(hello: Hello<'_>) -> Option<Self> {
        let mut out = Vec::new();
        out.try_reserve_exact(ROOM).ok()?;
        let mut begun = Self { phase: Phase::Greeted, frames: Frames::default(), out, sent: 0 };
        begun.say(FromProcess::Hello(hello));
        Some(begun)
    }

    /// How it ends, when it ends now.
    pub(crate) fn end(&self) -> End {
        match self.phase {
            Phase::Greeted => End::Unanswered,
            Phase::Welcome | Phase::Snapshot(_) | Phase::Changes => End::Interrupted,
            Phase::Refused => End::Refused,
        }
    }

    /// What is to be sent.
    pub(crate) fn to_send(&self) -> &[u8] {
        self.out.get(self.sent..).unwrap_or_default()
    }

    /// Whether there is more to say at once: written down, or on the desk of a process that is welcome.
    pub(crate) fn has_more(&self, desk: &Desk) -> bool {
        let to_tell = match self.phase {
            Phase::Greeted | Phase::Refused => false,
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
        if self.end() == End::Interrupted {
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
        while self.out.len() < FULL && self.tell_manager(desk) {}
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

    /// Tells of one backend.
    fn tell_manager(&mut self, desk: &mut Desk) -> bool {
        let out = &mut self.out;
        let told = desk.inbox.next_managed(|backend, present| {
            let _ = FromProcess::Manager { backend, present }.encode(out);
        });
        told.is_some()
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
        // Without memory the conversation begins anew, when there is some.
        self.frames.reserve(read.len()).map_err(|_| Over)?;
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
                Some(FromHub::Refused { reason, .. }) => {
                    if reason != Reason::Stopping {
                        self.phase = Phase::Refused;
                    }
                    return Err(Over);
                }
                Some(FromHub::Synced(_)) | None => {}
                Some(_) => return Err(Over),
            }
        }
        Ok(notified)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn begun() -> Conversation {
        let mut begun = Conversation::begin(Hello::new([1; 16], 1, 1, "test")).unwrap();
        begun.sent(begun.to_send().len());
        begun
    }

    fn hear(conversation: &mut Conversation, desk: &mut Desk, message: &FromHub<'_>) -> Result<bool, Over> {
        let mut frame = Vec::new();
        message.encode(&mut frame).unwrap();
        conversation.heard(&frame, desk)
    }

    /// What is said now, in short.
    fn said(conversation: &mut Conversation, desk: &mut Desk) -> Vec<String> {
        conversation.fill(desk);
        let (mut frames, mut said) = (Frames::default(), Vec::new());
        frames.push(conversation.to_send());
        while let Some(frame) = frames.next_frame().unwrap() {
            said.push(match FromProcess::decode(frame).unwrap().unwrap() {
                FromProcess::Set { triple, count } => format!("{} {count}", triple.vuser()),
                other => format!("{other:?}"),
            });
        }
        conversation.sent(conversation.to_send().len());
        said
    }

    #[test]
    fn nothing_is_said_before_the_hub_answers_and_then_everything() {
        let (mut conversation, mut desk) = (begun(), Desk::new());
        desk.register("SOGo\0alice\0alice\0");
        assert_eq!(said(&mut conversation, &mut desk), [""; 0]);
        assert!(!conversation.has_more(&desk));
        hear(&mut conversation, &mut desk, &FromHub::Welcome(1)).unwrap();
        assert!(conversation.has_more(&desk));
        assert_eq!(said(&mut conversation, &mut desk), ["Snapshot", "alice 1", "SnapshotEnd"]);
        desk.register("SOGo\0bob\0bob\0");
        desk.unregister("SOGo\0alice\0alice\0");
        assert_eq!(said(&mut conversation, &mut desk), ["bob 1", "alice 0"]);
        assert!(!conversation.has_more(&desk));
        assert_eq!(conversation.end(), End::Interrupted);
    }

    #[test]
    fn a_snapshot_ends_even_when_it_is_empty_or_goes_on_growing() {
        let (mut conversation, mut desk) = (begun(), Desk::new());
        hear(&mut conversation, &mut desk, &FromHub::Welcome(1)).unwrap();
        assert_eq!(said(&mut conversation, &mut desk), ["Snapshot", "SnapshotEnd"]);

        let (mut conversation, mut desk) = (begun(), Desk::new());
        for n in 0..2000 {
            desk.register(&format!("SOGo\0user {n}\0user {n}\0"));
        }
        hear(&mut conversation, &mut desk, &FromHub::Welcome(1)).unwrap();
        let first = said(&mut conversation, &mut desk);
        assert!(first.len() < 2000, "it comes in pieces");
        desk.register("SOGo\0late\0late\0");
        let all: Vec<String> =
            [first, said(&mut conversation, &mut desk), said(&mut conversation, &mut desk)].concat();
        assert_eq!(all.len(), 2003);
        assert_eq!(all[2001..], ["SnapshotEnd", "late 1"]);
    }

    #[test]
    fn a_hub_that_refuses_is_left_alone_and_one_that_stops_is_not() {
        for (reason, end) in [(Reason::NotAllowed, End::Refused), (Reason::Stopping, End::Interrupted)] {
            let (mut conversation, mut desk) = (begun(), Desk::new());
            assert_eq!(conversation.end(), End::Unanswered);
            hear(&mut conversation, &mut desk, &FromHub::Welcome(1)).unwrap();
            assert!(hear(&mut conversation, &mut desk, &FromHub::Refused { reason, why: "" }).is_err());
            assert_eq!(conversation.end(), end);
        }
    }

    #[test]
    fn what_is_out_of_place_ends_the_conversation() {
        let (mut conversation, mut desk) = (begun(), Desk::new());
        assert!(hear(&mut conversation, &mut desk, &FromHub::Welcome(HIGHEST + 1)).is_err());
        let mut conversation = begun();
        hear(&mut conversation, &mut desk, &FromHub::Welcome(1)).unwrap();
        assert!(hear(&mut conversation, &mut desk, &FromHub::Welcome(1)).is_err());
        assert!(begun().heard(b"\x01\0\0\0\x7f", &mut desk).is_err());
    }
}
