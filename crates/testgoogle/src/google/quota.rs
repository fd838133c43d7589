//! How many queries came within a minute.

use std::collections::VecDeque;

use jiff::{SignedDuration, Timestamp};

const MINUTE: SignedDuration = SignedDuration::from_mins(1);

/// The queries of the last minute, and the most there ever were in one.
#[derive(Debug, Default)]
pub(super) struct Quota {
    /// In a minute; `None` = without bounds.
    pub(super) limit: Option<usize>,
    recent: VecDeque<Timestamp>,
    busiest: usize,
    refused: usize,
}

impl Quota {
    /// Counts a query; whether it may go on.
    pub(super) fn count(&mut self, now: Timestamp) -> bool {
        while self.recent.front().is_some_and(|oldest| now.duration_since(*oldest) >= MINUTE) {
            self.recent.pop_front();
        }
        self.recent.push_back(now);
        self.busiest = self.busiest.max(self.recent.len());
        let may = self.limit.is_none_or(|limit| self.recent.len() <= limit);
        self.refused += usize::from(!may);
        may
    }

    /// The most queries, refused ones too, that ever were in a sliding minute.
    pub(super) fn busiest(&self) -> usize {
        self.busiest
    }

    /// How many were refused.
    pub(super) fn refused(&self) -> usize {
        self.refused
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_minute_slides() {
        let mut quota = Quota { limit: Some(2), ..Quota::default() };
        let at = |second| Timestamp::from_second(second).unwrap();
        let told: Vec<bool> = [0, 30, 59, 60, 91].map(|second| quota.count(at(second))).to_vec();
        assert_eq!(told, [true, true, false, false, false]);
        assert_eq!((quota.busiest(), quota.refused()), (3, 3));
        assert!(quota.count(at(300)));
    }
}
