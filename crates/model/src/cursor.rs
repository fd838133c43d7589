//! How events and deliveries are followed: by positions, and not by counting.

use std::fmt;
use std::str::FromStr;

use serde::de::{self, Deserializer, Visitor};
use serde::{Deserialize, Serialize, Serializer};

/// A position that is read from text knows of so many origins at most.
const MOST: usize = 4096;

/// An event's own name, given at commit: whoever wrote it, its origin, and the how manieth of that origin it is. Both
/// count from 0 on. What comes after it is known to an [`EventsCursor`] alone.
///
/// As text it is `3:120`, and `120` where a hub counts for itself; so it is written in JSON, too, always as a string.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct EventSeq {
    origin: i64,
    number: i64,
}

impl EventSeq {
    /// The origin of all events in a journal that one hub writes for itself.
    pub const ALONE: i64 = 0;

    /// The number that a journal gives which one hub writes for itself.
    pub fn new(number: i64) -> Self {
        EventSeq::of(EventSeq::ALONE, number)
    }

    /// The number that one of several gives which write the same journal.
    pub fn of(origin: i64, number: i64) -> Self {
        EventSeq { origin, number }
    }

    /// Who gave the number.
    pub fn origin(self) -> i64 {
        self.origin
    }

    /// The number as it was given, for the journal that gave it.
    pub fn number(self) -> i64 {
        self.number
    }
}

impl fmt::Display for EventSeq {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.origin != EventSeq::ALONE {
            write!(f, "{}:", self.origin)?;
        }
        self.number.fmt(f)
    }
}

/// It is neither the name of an event nor a position among them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadEvents {
    /// Not a number with its origin.
    #[error("an event is named by its number, with its origin before it where there are several: 120, 3:120")]
    Number,
    /// One origin has two places.
    #[error("a position names an origin once")]
    Twice,
    /// Longer than any that was given.
    #[error("a position names at most {MOST} origins")]
    TooMany,
}

impl FromStr for EventSeq {
    type Err = BadEvents;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let whole = |text: &str| {
            let is_number = text.bytes().all(|byte| byte.is_ascii_digit());
            is_number.then(|| text.parse().ok()).flatten().ok_or(BadEvents::Number)
        };
        match text.split_once(':') {
            Some((origin, number)) => Ok(EventSeq::of(whole(origin)?, whole(number)?)),
            None => whole(text).map(EventSeq::new),
        }
    }
}

impl Serialize for EventSeq {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Read from a number as well, as it was written once.
impl<'de> Deserialize<'de> for EventSeq {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Written)
    }
}

struct Written;

impl Visitor<'_> for Written {
    type Value = EventSeq;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the name of an event")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<EventSeq, E> {
        text.parse().map_err(E::custom)
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<EventSeq, E> {
        i64::try_from(number).map(EventSeq::new).map_err(|_| E::custom(BadEvents::Number))
    }
}

/// How far a reader of events has come: of each origin everything up to its place was seen, and nothing that is committed
/// later lies before it; of an origin without a place nothing was. It is what a stream is resumed by; the default lies
/// before all events.
///
/// As text it is the last event seen of each origin, by origin: `120,3:55,5:88`; `0` before all of them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct EventsCursor {
    /// By origin, at most one of each, and none with the number 0.
    places: Vec<EventSeq>,
}

impl EventsCursor {
    /// Directly behind an event that was read in its turn, where no other origin was read.
    pub fn behind(event: EventSeq) -> Self {
        let mut cursor = EventsCursor::default();
        cursor.pass(event);
        cursor
    }

    /// Moves behind an event, unless it is behind it already. Says whether it moved: the event was not seen before.
    pub fn pass(&mut self, event: EventSeq) -> bool {
        match self.find(event.origin) {
            Ok(index) => {
                let seen = self.places.get_mut(index).filter(|seen| seen.number < event.number);
                seen.map(|seen| *seen = event).is_some()
            }
            Err(_) if event.number <= 0 => false,
            Err(index) => {
                self.places.insert(index, event);
                true
            }
        }
    }

    /// Of each origin the lesser place of both. An origin that one of them does not know was not seen.
    #[must_use]
    pub fn at_most(mut self, other: &Self) -> Self {
        self.places.retain_mut(|place| {
            place.number = place.number.min(other.number(place.origin));
            place.number > 0
        });
        self
    }

    /// Of each origin the greater place of both: behind all that one of them or the other has seen.
    #[must_use]
    pub fn join(mut self, other: &Self) -> Self {
        for place in other.places() {
            self.pass(place);
        }
        self
    }

    /// The number of the last event of an origin that was seen, for the journal that gave it; 0 = none.
    pub fn number(&self, origin: i64) -> i64 {
        self.find(origin).ok().and_then(|index| self.places.get(index)).map_or(0, |place| place.number)
    }

    /// The last event that was seen of each origin, by origin; nothing of an origin that was not seen.
    pub fn places(&self) -> impl ExactSizeIterator<Item = EventSeq> {
        self.places.iter().copied()
    }

    fn find(&self, origin: i64) -> Result<usize, usize> {
        self.places.binary_search_by_key(&origin, |place| place.origin)
    }
}

impl fmt::Display for EventsCursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut places = self.places();
        let Some(first) = places.next() else { return f.write_str("0") };
        first.fmt(f)?;
        places.try_for_each(|place| write!(f, ",{place}"))
    }
}

impl FromStr for EventsCursor {
    type Err = BadEvents;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let named = text.trim().split(',').take(MOST + 1).map(str::parse);
        let mut places = named.collect::<Result<Vec<EventSeq>, _>>()?;
        if places.len() > MOST {
            return Err(BadEvents::TooMany);
        }
        places.sort_unstable_by_key(|place| place.origin);
        if places.is_sorted_by(|one, next| one.origin < next.origin) {
            places.retain(|place| place.number > 0);
            Ok(EventsCursor { places })
        } else {
            Err(BadEvents::Twice)
        }
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
