//! How events and deliveries are followed: by positions, and not by counting.

use std::fmt;
use std::num::ParseIntError;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// An event's own number, given at commit. What comes after it is known to an [`EventsCursor`] alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct EventSeq(i64);

impl EventSeq {
    /// The number that a journal gives.
    pub fn new(seq: i64) -> Self {
        EventSeq(seq)
    }

    /// The number as it was given, for the journal that gave it.
    pub fn number(self) -> i64 {
        self.0
    }
}

impl fmt::Display for EventSeq {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// How far a reader of events has come: everything up to it was seen, and nothing that is committed later lies before it.
/// As text it is what a stream is resumed by; the default lies before all events.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct EventsCursor(i64);

impl EventsCursor {
    /// Directly behind an event that was read in its turn.
    pub fn behind(event: EventSeq) -> Self {
        EventsCursor(event.0)
    }

    /// Moves behind an event, unless it is behind it already. Says whether it moved: the event was not seen before.
    pub fn pass(&mut self, event: EventSeq) -> bool {
        let is_new = event.0 > self.0;
        self.0 = self.0.max(event.0);
        is_new
    }

    /// The one of both that has come less far.
    #[must_use]
    pub fn at_most(self, other: &Self) -> Self {
        EventsCursor(self.0.min(other.0))
    }

    /// The number of the last event that was seen, for the journal that gave it.
    pub fn number(&self) -> i64 {
        self.0
    }
}

impl fmt::Display for EventsCursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for EventsCursor {
    type Err = ParseIntError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.trim().parse().map(EventsCursor)
    }
}

/// Where a delivery stands among those that are to be made: given when it is put in line, in the order in which that is
/// committed, by whoever delivers it. What is put in line later comes behind all that was read. The default lies before
/// all of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct OutboxPlace(i64);

impl OutboxPlace {
    /// The place of the delivery with this number.
    pub fn new(seq: i64) -> Self {
        OutboxPlace(seq)
    }

    /// The number of the delivery, for the journal that gave it.
    pub fn number(self) -> i64 {
        self.0
    }

    /// Directly before: what is read behind it begins here.
    #[must_use]
    pub fn before(self) -> Self {
        OutboxPlace(self.0.saturating_sub(1))
    }
}

impl fmt::Display for OutboxPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_moves_forward_only_and_comes_back_from_its_text() {
        let mut cursor = EventsCursor::default();
        let moved = [2, 2, 1, 5].map(|seq| cursor.pass(EventSeq::new(seq)));
        assert_eq!(moved, [true, false, false, true]);
        assert_eq!(cursor, EventsCursor::behind(EventSeq::new(5)));
        assert_eq!(cursor.to_string().parse(), Ok(cursor.clone()));
        let less = EventsCursor::behind(EventSeq::new(3));
        assert_eq!(cursor.clone().at_most(&less), less);
        assert_eq!(less.clone().at_most(&cursor), less);
    }
}
