//! What is kept of a set of files: documents on the disk, beside the files themselves.

use jiff::{SignedDuration, Timestamp};
use model::believe::is_ahead;
use serde::{Deserialize, Serialize};

use super::refusal::Refusal;
use super::school::School;

/// How long what nobody uses is kept.
pub(crate) const KEPT: SignedDuration = SignedDuration::from_hours(24);
/// Sessions that lead to a set, at most: a further one takes the place of the one that was used longest ago.
pub(crate) const SESSIONS: usize = 4;
/// Use is written down when it is so much later than what was written.
const NOTED: SignedDuration = SignedDuration::from_mins(10);

/// A set of files of a school that becomes complete.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct SetDocument {
    /// Whose it is.
    pub school: School,
    /// When it was used last.
    pub(crate) used_at: Timestamp,
    /// Those who may use it.
    pub sessions: Vec<Session>,
    /// Its files in their order, the main one first.
    pub order: Vec<String>,
    /// It was handed over. While a school holds it, that counts whatever stands here.
    #[serde(default)]
    pub handed_over: bool,
}

/// Somebody who may use a set: who knows a random text that is nowhere kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Session {
    /// The hash of the text.
    pub hash: String,
    /// When it was used last.
    pub(crate) used_at: Timestamp,
}

/// A file of a set.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct FileDocument {
    /// The name that it has at the school.
    pub name: String,
    /// Its bytes.
    pub size: u64,
    /// How far it is.
    pub state: State,
}

/// How far a file is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub(crate) enum State {
    /// Bytes are missing.
    Coming,
    /// It is complete.
    There {
        /// Its SHA-256, in hexadecimal.
        sha256: String,
    },
    /// It is not taken; nothing is left of it.
    Refused {
        /// Why.
        why: Refusal,
    },
}

impl SetDocument {
    /// A set without files.
    pub(crate) fn new(school: School, now: Timestamp) -> Self {
        SetDocument { school, used_at: now, sessions: Vec::new(), order: Vec::new(), handed_over: false }
    }

    /// Lets somebody in. Of those who were, the ones used last stay.
    pub(crate) fn admit(&mut self, hash: String, now: Timestamp) {
        self.sessions.retain(|session| is_fresh(session.used_at, now));
        self.sessions.sort_by_key(|session| std::cmp::Reverse(session.used_at));
        self.sessions.truncate(SESSIONS - 1);
        self.sessions.push(Session { hash, used_at: now });
        self.used_at = now;
    }

    /// Notes that it is used. The answer says whether that has to be written down.
    pub(crate) fn use_of(&mut self, hash: &str, now: Timestamp) -> bool {
        let Some(session) = self.sessions.iter_mut().find(|session| session.hash == hash) else {
            return false;
        };
        let noted = now.duration_since(session.used_at) > NOTED || now < session.used_at;
        if noted {
            session.used_at = now;
            self.used_at = now;
        }
        noted
    }

    /// Whether somebody may use it.
    pub(crate) fn admits(&self, hash: &str, now: Timestamp) -> bool {
        self.sessions.iter().any(|session| session.hash == hash && is_fresh(session.used_at, now))
    }

    /// Puts files first, in this order; the others follow as they were. Files that are not there are left out.
    pub(crate) fn put_first(&mut self, first: &[String]) {
        let mut order: Vec<String> = Vec::with_capacity(self.order.len());
        for id in first.iter().filter(|id| self.order.contains(id)) {
            if !order.contains(id) {
                order.push(id.clone());
            }
        }
        let rest: Vec<String> = self.order.iter().filter(|id| !order.contains(id)).cloned().collect();
        order.extend(rest);
        self.order = order;
    }

    /// Brings times back that lie ahead: a clock that ran ahead and was put right left them. Whether there were any.
    pub(crate) fn put_right(&mut self, now: Timestamp) -> bool {
        let sessions = self.sessions.iter_mut().map(|session| &mut session.used_at);
        let ahead = std::iter::once(&mut self.used_at).chain(sessions).filter(|at| is_ahead(**at, now));
        ahead.map(|at| *at = now).count() > 0
    }

    /// Until when it is kept if nobody uses it.
    pub(crate) fn expires_at(&self) -> Timestamp {
        self.used_at.checked_add(KEPT).unwrap_or(self.used_at)
    }
}

/// Whether what was used then is still kept. A clock that was set back makes nothing older.
fn is_fresh(used_at: Timestamp, now: Timestamp) -> bool {
    now.duration_since(used_at) < KEPT
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minute: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + minute * 60).unwrap()
    }

    fn set() -> SetDocument {
        SetDocument::new(School { rne: "0750655E".to_owned(), generation: 1 }, at(0))
    }

    #[test]
    fn a_fifth_session_takes_the_place_of_the_one_used_longest_ago() {
        let mut set = set();
        for n in 0..4 {
            set.admit(format!("s{n}"), at(n));
        }
        assert!((0..4).all(|n| set.admits(&format!("s{n}"), at(4))));
        assert!(set.use_of("s0", at(20)));
        set.admit("s4".to_owned(), at(21));
        assert!(set.admits("s0", at(21)) && !set.admits("s1", at(21)) && set.admits("s4", at(21)));
        assert_eq!(set.sessions.len(), SESSIONS);
    }

    #[test]
    fn a_session_lasts_a_day_longer_than_it_is_used() {
        let mut set = set();
        set.admit("s".to_owned(), at(0));
        assert!(set.admits("s", at(24 * 60 - 1)) && !set.admits("s", at(24 * 60)));
        assert!(
            set.use_of("s", at(23 * 60)) && !set.use_of("s", at(23 * 60 + 5)),
            "written down now and then"
        );
        assert!(set.admits("s", at(46 * 60)) && !set.admits("other", at(0)));
        assert_eq!(set.expires_at(), at(47 * 60));
    }

    #[test]
    fn a_clock_that_was_put_right_leaves_nobody_in_for_weeks() {
        let mut set = set();
        set.admit("s".to_owned(), at(0));
        assert!(!set.put_right(at(0)), "clocks differ a little");
        set.admit("ahead".to_owned(), at(30 * 24 * 60));
        assert!(set.put_right(at(10)) && !set.put_right(at(10)));
        assert_eq!(
            (set.expires_at(), set.sessions.len()),
            (at(24 * 60 + 10), 1),
            "the old one was over by then"
        );
        assert!(set.admits("ahead", at(24 * 60)) && !set.admits("ahead", at(24 * 60 + 10)));
    }

    #[test]
    fn files_are_put_first() {
        let mut set = set();
        set.order = ["a", "b", "c", "d"].map(str::to_owned).to_vec();
        set.put_first(&["c".to_owned(), "x".to_owned(), "a".to_owned(), "c".to_owned()]);
        assert_eq!(set.order, ["c", "a", "b", "d"]);
    }
}
