//! A backend that said "not now" to all that need it: nobody asks it until then, and then one job does, and decides. So it
//! is asked once each time, however many jobs wait.

use std::time::Duration;

use jiff::Timestamp;

use crate::believe::within;

/// That, until when, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hold {
    until: Timestamp,
    /// How long the wait is.
    pause: Duration,
    said: String,
}

impl Hold {
    /// It has just said so, in these words.
    pub fn new(pause: Duration, said: String, now: Timestamp) -> Self {
        Hold { until: within(Timestamp::MAX, pause, now), pause, said }
    }

    /// Until when nobody asks it.
    pub fn until(&self) -> Timestamp {
        self.until
    }

    /// Its words.
    pub fn said(&self) -> &str {
        &self.said
    }

    /// Whether the time has come to ask again.
    pub fn is_over(&self, now: Timestamp) -> bool {
        self.until <= now
    }

    /// Whether one more attempt may go there, beside `running` ones.
    pub fn lets_through(&self, running: usize, now: Timestamp) -> bool {
        self.is_over(now) && running == 0
    }

    /// It has said so once more: the later time counts.
    #[must_use]
    pub fn or_later(self, other: Option<Hold>) -> Self {
        other.filter(|other| other.until > self.until).unwrap_or(self)
    }

    /// It does not become longer than it is because the clock was set back.
    pub fn set_back(&mut self, now: Timestamp) {
        self.until = within(self.until, self.pause, now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn nobody_asks_until_then_and_then_one_does() {
        let hold = Hold::new(Duration::from_mins(1), "quota".to_owned(), at(0));
        assert_eq!((hold.until(), hold.said()), (at(60), "quota"));
        assert!(!hold.lets_through(0, at(59)));
        assert!(hold.lets_through(0, at(60)) && !hold.lets_through(1, at(60)));
    }

    #[test]
    fn the_later_word_counts_and_a_clock_set_back_makes_it_no_longer() {
        let first = Hold::new(Duration::from_mins(1), "first".to_owned(), at(0));
        let sooner = Hold::new(Duration::from_secs(10), "sooner".to_owned(), at(1));
        let mut hold = sooner.or_later(Some(first.clone()));
        assert_eq!(hold, first);
        hold.set_back(at(-3600));
        assert_eq!(hold.until(), at(-3540));
    }
}
