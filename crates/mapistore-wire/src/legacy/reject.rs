use std::fmt;

/// Why a message of a queue is not one. It is counted and put aside; the next one may be right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reject {
    /// It ends in the middle of what it says.
    Short,
    /// Its type is none that is known, or the two places that say it differ.
    Type {
        /// The first place.
        kind: u16,
        /// The second one.
        repeated: u16,
    },
    /// A string does not begin at its beginning.
    Offset(u32),
    /// A string has no characters at all, not even its end, or more than it has room for.
    Count {
        /// The characters that it is said to have.
        actual: u32,
        /// Its room.
        max: u32,
    },
    /// A string has no end.
    Unterminated,
    /// A string is no UTF-16.
    Text,
    /// An array is not as long as it is said to be in another place.
    Size,
}

impl Reject {
    /// The reason in one word, for a counter.
    pub fn code(self) -> &'static str {
        match self {
            Self::Short => "short",
            Self::Type { .. } => "type",
            Self::Offset(_) => "offset",
            Self::Count { .. } => "count",
            Self::Unterminated => "unterminated",
            Self::Text => "text",
            Self::Size => "size",
        }
    }
}

impl fmt::Display for Reject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Short => f.write_str("it ends in the middle of what it says"),
            Self::Type { kind, repeated } => write!(f, "its type is {kind} and {repeated}, which is none"),
            Self::Offset(offset) => write!(f, "a string begins at {offset} instead of 0"),
            Self::Count { actual, max } => write!(f, "a string has {actual} characters in a room of {max}"),
            Self::Unterminated => f.write_str("a string has no end"),
            Self::Text => f.write_str("a string is no UTF-16"),
            Self::Size => f.write_str("an array is not as long as it says elsewhere"),
        }
    }
}

impl std::error::Error for Reject {}
