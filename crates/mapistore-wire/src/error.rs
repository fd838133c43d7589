use std::fmt;

use crate::{LONGEST_FRAME, LONGEST_TEXT, TripleError};

/// Why a message cannot be written or read. Whoever sent it is *refused*: after one of these the connection is of no use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WireError {
    /// The frame is empty, or longer than [`LONGEST_FRAME`].
    Length(u32),
    /// Nobody knows this kind of frame, and it may not be skipped.
    Kind(u8),
    /// The frame ends in the middle of what it says.
    Short,
    /// The frame goes on after what it says: so many bytes.
    Long(usize),
    /// A text is no UTF-8, or contains U+0000.
    Text,
    /// A text is longer than [`LONGEST_TEXT`]: so many bytes.
    TextLength(usize),
    /// A triple cannot be one.
    Triple(TripleError),
    /// A flag is neither 0 nor 1.
    Flag(u8),
    /// The first frame does not begin as one of this protocol.
    Magic,
}

impl fmt::Display for WireError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Length(0) => f.write_str("a frame is empty"),
            Self::Length(n) => write!(f, "a frame of {n} bytes is longer than {LONGEST_FRAME}"),
            Self::Kind(kind) => write!(f, "nobody knows frames of the kind {kind:#04x}"),
            Self::Short => f.write_str("a frame ends in the middle of what it says"),
            Self::Long(n) => write!(f, "a frame goes on for {n} bytes after what it says"),
            Self::Text => f.write_str("a text is no UTF-8 or contains U+0000"),
            Self::TextLength(n) => write!(f, "a text of {n} bytes is longer than {LONGEST_TEXT}"),
            Self::Triple(why) => why.fmt(f),
            Self::Flag(flag) => write!(f, "a flag is {flag}, neither 0 nor 1"),
            Self::Magic => f.write_str("this is no conversation about users of backends"),
        }
    }
}

impl std::error::Error for WireError {}

impl From<TripleError> for WireError {
    fn from(why: TripleError) -> Self {
        Self::Triple(why)
    }
}
