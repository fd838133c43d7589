//! Whether this machine lacks what attempts take to begin: processes, memory, descriptors.

use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::{SignedDuration, Timestamp};

/// After so long without another failure one attempt that begins says that it is over: near a limit some do and some
/// do not.
const CALM: SignedDuration = SignedDuration::from_secs(10);
/// So long after the last failure nobody is told of it any more, also where nothing has begun since.
const NEWS: SignedDuration = SignedDuration::from_mins(1);

/// What attempts found, for those who ask.
#[derive(Debug, Default)]
pub(crate) struct Shortage(Mutex<Option<Lack>>);

#[derive(Debug)]
struct Lack {
    why: String,
    last: Timestamp,
}

impl Shortage {
    fn lock(&self) -> MutexGuard<'_, Option<Lack>> {
        // Plain assignments only are made under the lock; a poisoned one is still sound.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// An attempt could not begin. Says whether that is news.
    pub(crate) fn noted(&self, why: &str, now: Timestamp) -> bool {
        self.lock().replace(Lack { why: why.to_owned(), last: now }).is_none()
    }

    /// One has begun. Says whether the shortage is over by that.
    pub(crate) fn begun(&self, now: Timestamp) -> bool {
        let mut lack = self.lock();
        let over = lack.as_ref().is_some_and(|lack| now.duration_since(lack.last) >= CALM);
        if over {
            *lack = None;
        }
        over
    }

    /// Why attempts cannot begin on this machine just now, if so.
    pub(crate) fn current(&self, now: Timestamp) -> Option<String> {
        self.lock().as_ref().filter(|lack| now.duration_since(lack.last) < NEWS).map(|lack| lack.why.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn it_is_news_once_and_over_after_a_calm() {
        let shortage = Shortage::default();
        assert!(!shortage.begun(at(0)));
        assert!(shortage.noted("no descriptor", at(0)));
        assert!(!shortage.noted("no process", at(5)));
        assert!(!shortage.begun(at(14)));
        assert_eq!(shortage.current(at(14)).as_deref(), Some("no process"));
        assert!(shortage.begun(at(15)));
        assert!(shortage.noted("no descriptor", at(16)));
        assert_eq!(shortage.current(at(76)), None);
    }
}
