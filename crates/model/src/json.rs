//! JSON from outside, read within bounds: the one reader of every door.
//!
//! It is RFC 8259 with nothing in it that could be read in two ways: no member twice, no byte that is not UTF-8. What
//! it gives can be kept and read back: never nested deeper than [`DEEPEST`], never out of proportion to its bytes in
//! memory. Whole numbers keep all their digits.

mod canonical;
mod check;
mod reader;
mod weight;

use std::fmt;

use serde_json::Value;

use crate::word::{Code, code};

pub use canonical::canonical;
pub use check::{check, check_part, leads_too_deep};
pub use reader::number;
pub use weight::{room, weight};

/// So many arrays and objects may stand in one another, the outermost included. Well below the 128 levels up to which
/// what is stored can be read back: it is stored and shown inside other objects.
pub const DEEPEST: usize = 96;
/// So many levels more than its contents may something have that only wraps them; and so many fewer a part that is
/// wrapped before it becomes a request.
pub const AROUND: usize = 16;
/// A member of this name cannot be told from a number once it is stored.
pub(crate) const RESERVED: &str = "$serde_json::private::Number";

/// Reads a document. A byte order mark before it is tolerated.
pub fn read(document: &[u8]) -> Result<Value, Bad> {
    read_within(document, DEEPEST)
}

/// The same for what wraps documents: a call of the API, an envelope.
pub fn read_around(document: &[u8]) -> Result<Value, Bad> {
    read_within(document, DEEPEST + AROUND)
}

fn read_within(document: &[u8], levels: usize) -> Result<Value, Bad> {
    let text = text_of(document)?;
    let (needed, room) = (weight(text.as_bytes()), room(text.len()));
    if needed > room {
        return Err(Bad::at_no_place(Fault::Heavy { needed, room }));
    }
    reader::parse(text, levels)
}

/// A document as text, without the mark that some editors put before it.
pub fn text_of(document: &[u8]) -> Result<&str, Bad> {
    if document.starts_with(b"\xff\xfe") || document.starts_with(b"\xfe\xff") {
        return Err(Bad::at_no_place(Fault::Utf16));
    }
    let document = document.strip_prefix(b"\xef\xbb\xbf").unwrap_or(document);
    let text = std::str::from_utf8(document).map_err(|error| {
        let (line, column) = place(document.get(..error.valid_up_to()).unwrap_or_default());
        Bad { line, column, fault: Fault::NotUtf8 }
    })?;
    if text.trim_ascii().is_empty() {
        return Err(Bad::at_no_place(Fault::Empty));
    }
    Ok(text)
}

/// Line and column, from 1, of what follows these bytes.
fn place(before: &[u8]) -> (usize, usize) {
    let mut lines = before.split(|byte| *byte == b'\n');
    let last = lines.next_back().unwrap_or_default();
    (lines.count() + 1, String::from_utf8_lossy(last).chars().count() + 1)
}

/// Why a text is not taken as JSON. *Refused*: it is the same however often it is read. Its words name places and
/// members, and never repeat a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bad {
    /// The line, from 1; 0 = it is about the whole.
    pub line: usize,
    /// The column, from 1.
    pub column: usize,
    /// What is wrong.
    pub fault: Fault,
}

/// What can be wrong with a text that should be JSON.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It is written in UTF-16.
    Utf16,
    /// A byte is not UTF-8.
    NotUtf8,
    /// There is nothing in it.
    Empty,
    /// It ends in the middle; with the parser's words for what was open.
    Cut(String),
    /// It does not follow JSON's rules; with the parser's words.
    Syntax(String),
    /// It is nested deeper than so many levels.
    Deep(usize),
    /// An object has two members of this name.
    Twice(String),
    /// A number is beyond what programs hold as one (about 1.8e308).
    Number,
    /// A member has a name that cannot be stored.
    Reserved,
    /// It would take far more memory than its length lets expect.
    Heavy {
        /// Bytes of memory that it would take.
        needed: usize,
        /// Bytes that a text of its length may take.
        room: usize,
    },
}

impl Bad {
    fn at_no_place(fault: Fault) -> Self {
        Bad { line: 0, column: 0, fault }
    }

    /// The code of a request that is refused for it.
    pub fn code(&self) -> Code {
        match self.fault {
            Fault::Heavy { .. } => code::TOO_MANY_VALUES,
            _ => code::UNREADABLE,
        }
    }
}

impl fmt::Display for Bad {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Bad { line, column, fault } = self;
        if let Fault::Cut(what) = fault {
            return write!(f, "it breaks off at line {line}, column {column} ({what}): is it whole?");
        }
        if *line > 0 {
            write!(f, "line {line}, column {column}: ")?;
        }
        match fault {
            Fault::Utf16 => f.write_str("it is written in UTF-16: save it as UTF-8"),
            Fault::NotUtf8 => f.write_str("not UTF-8"),
            Fault::Empty => f.write_str("it is empty"),
            Fault::Cut(what) | Fault::Syntax(what) => write!(f, "not JSON: {what}"),
            Fault::Deep(most) => write!(f, "nested deeper than {most} levels"),
            Fault::Twice(name) => write!(f, "{} is given twice", quoted(name)),
            Fault::Number => f.write_str("number out of range"),
            Fault::Reserved => write!(f, "no member may be called {RESERVED:?}"),
            Fault::Heavy { needed, room } => write!(
                f,
                "it has so many small values that it would take {} MiB of memory, more than the {} MiB for a text of \
                 its length: send it in several parts",
                needed >> 20,
                room >> 20
            ),
        }
    }
}

impl std::error::Error for Bad {}

/// A name from outside, fit to be repeated in a sentence: without control characters, and not too long.
pub fn quoted(name: &str) -> String {
    const SHOWN: usize = 40;
    match name.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{:?}…", name.get(..end).unwrap_or_default()),
        None => format!("{name:?}"),
    }
}

#[cfg(test)]
mod tests;
