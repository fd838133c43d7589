//! The order of a subject's jobs: only the oldest live one, the head, may run.

use jiff::{SignedDuration, Timestamp};
use model::believe::{FURTHEST, retry_at, within};
use model::{Class, JobState};

/// A retrying head is hurried at most so often.
pub(crate) const HURRY: SignedDuration = SignedDuration::from_secs(10);

/// The oldest live job of a subject, as far as those behind it need to know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct First {
    pub(crate) state: JobState,
    pub(crate) class: Class,
    pub(crate) due_at: Timestamp,
    pub(crate) attempted_at: Option<Timestamp>,
    /// Its request says that it does not start before.
    pub(crate) not_before: Option<Timestamp>,
}

/// What an arrival does to the first of its line, before which it does not come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Arrival {
    /// It is due earlier: then.
    pub(crate) hurry: Option<Timestamp>,
    /// All of the line have this class from now on.
    pub(crate) lend: Option<Class>,
    /// Whoever takes jobs up has to be told of the first one.
    pub(crate) tell: bool,
}

/// A job arrives behind others. Who waits for a retry is tried again soon, and who waits for an answer lends urgency to
/// all before.
pub(crate) fn arrive(first: &First, class: Class, at: Timestamp) -> Arrival {
    let mut due_at = first.due_at;
    if first.state == JobState::Retrying {
        // A clock that ran ahead at the last attempt does not make it wait for longer.
        let last = first.attempted_at.map_or(Timestamp::MIN, |last| last.min(at));
        let allowed = last.checked_add(HURRY).unwrap_or(at);
        due_at = due_at.min(at.max(allowed));
    }
    let hurry = (due_at != first.due_at).then_some(due_at);
    let lend = (class == Class::Interactive).then_some(class);
    let differs = hurry.is_some() || lend.is_some_and(|class| class != first.class);
    Arrival { hurry, lend, tell: differs && first.state != JobState::Running }
}

/// The head has ended, and this one comes next: when it is due. It has waited for nothing else, also when it was accepted
/// under a clock that ran ahead.
pub(crate) fn leave(next: &First, at: Timestamp) -> Timestamp {
    if next.state == JobState::Queued { next.due_at.min(put_off(next.not_before, at)) } else { next.due_at }
}

/// When a job that was never told to wait is due at the latest: at once, or when its request says.
fn put_off(not_before: Option<Timestamp>, at: Timestamp) -> Timestamp {
    not_before.map_or(at, |time| within(time, FURTHEST, at).max(at))
}

/// When a head is due by its rule that waits for a later time. `told`: its backend said so.
pub(crate) fn believed(first: &First, told: bool, at: Timestamp) -> Timestamp {
    if told || first.state == JobState::Retrying {
        return retry_at(first.due_at, first.attempted_at, at);
    }
    first.due_at.min(put_off(first.not_before, at))
}
