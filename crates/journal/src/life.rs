//! A life of a journal: from one opening for work to its end.

use crate::error::Error;
use crate::random;

/// One opening of a journal for work. What runs belongs to the life that began it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Life(pub(crate) i64);

impl Life {
    /// A new one, told apart from all others by chance.
    pub(crate) fn begin() -> Result<Self, Error> {
        Ok(Life(i64::from_le_bytes(random::bytes()?)))
    }
}
