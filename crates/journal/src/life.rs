//! A life of a journal: from one opening for work to its end.

use std::fmt;

use crate::error::Error;
use crate::random;

/// One opening of a journal for work. What runs belongs to the life that began it, and what has one holder at a time (a
/// queue elsewhere) is held by a life, and not by the journal: of that there may be copies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Life {
    number: i64,
    seat: String,
}

impl Life {
    /// The one of this number in this seat, as a journal has it.
    pub fn new(seat: impl Into<String>, number: i64) -> Self {
        Life { number, seat: seat.into() }
    }

    /// A new one, told apart from all others by chance.
    pub(crate) fn begin(seat: String) -> Result<Self, Error> {
        Ok(Life::new(seat, i64::from_le_bytes(random::bytes()?)))
    }

    /// Its number in the journal.
    pub(crate) fn number(&self) -> i64 {
        self.number
    }

    /// Where it is lived, `host:place`. There is room for one at a time: any other one of the same seat is over.
    pub fn seat(&self) -> &str {
        &self.seat
    }
}

/// `seat.number`, without a slash.
impl fmt::Display for Life {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:x}", self.seat, self.number)
    }
}
