//! What a process that registers users on a backend of OpenChange and the hub say to each other.
//!
//! Everything here is encoding and decoding: no socket, no queue, no clock. The format is described in this crate's
//! README; a decoder takes any bytes and never more memory than one frame has.
#![forbid(unsafe_code)]

pub mod code;
mod error;
mod frame;
pub mod legacy;
mod message;
mod text;
mod triple;
mod version;

pub use error::WireError;
pub use frame::{Frame, Frames, LONGEST_FRAME};
pub use message::{FromHub, FromProcess, Hello, Notify, Reason};
pub use text::LONGEST_TEXT;
pub use triple::{MOST_MANAGERS, MOST_TRIPLES, Triple, TripleError};
pub use version::{HIGHEST, LOWEST, agreed};
