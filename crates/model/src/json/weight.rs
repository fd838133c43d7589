//! What a text becomes in memory, told before it is read.

use serde_json::Value;

/// A name, its hash, and its share of an object's index and of what growing objects have left over.
const MEMBER: usize = size_of::<String>() + 7 * size_of::<u64>();
/// What the allocator adds to a text or a list of values.
const ALLOCATION: usize = 16;
/// A document may become so many times its bytes …
const PROPORTION: usize = 8;
/// … and this many bytes beside. Ordinary documents of a megabyte and less are never in question.
const BESIDE: usize = 16 << 20;

/// Bytes of memory that a text of this length may become.
pub fn room(length: usize) -> usize {
    length.saturating_mul(PROPORTION).saturating_add(BESIDE)
}

/// Bytes of memory that the values in a text take, about. Of a text that is no JSON: at least as many as reading it
/// takes until that is found out. One pass, no memory.
pub fn weight(text: &[u8]) -> usize {
    let mut found = Found::default();
    let mut at = 0;
    while let Some(byte) = text.get(at) {
        at += match byte {
            b'"' => {
                let length = string(text.get(at + 1..).unwrap_or_default());
                found.strings += 1;
                found.texts += usize::from(length > 0);
                found.letters += length;
                // Both quotation marks.
                length + 2
            }
            b'{' | b'[' => {
                found.values += 1;
                1
            }
            b':' => {
                found.members += 1;
                1
            }
            b'}' | b']' | b',' | b' ' | b'\t' | b'\r' | b'\n' => 1,
            _ => {
                let length = word(text.get(at..).unwrap_or_default());
                found.values += 1;
                // Numbers are kept as they are written.
                found.texts += 1;
                found.letters += length;
                length
            }
        };
    }
    found.weight()
}

/// A value in an array or object, without what it holds.
pub(super) const fn of_value() -> usize {
    size_of::<Value>()
}

/// The name of a member, beside the value.
pub(super) fn of_member(name: &str) -> usize {
    MEMBER + of_text(name)
}

/// What a number takes outside its value: it is kept as it is written, and most are short.
pub(super) const fn of_number() -> usize {
    2 * ALLOCATION
}

/// What a text takes outside its value.
pub(super) fn of_text(text: &str) -> usize {
    if text.is_empty() { 0 } else { ALLOCATION + text.len() }
}

#[derive(Default)]
struct Found {
    /// Values, but for strings.
    values: usize,
    /// Strings, names of members among them.
    strings: usize,
    members: usize,
    /// Strings that are not empty, and numbers.
    texts: usize,
    /// Bytes of them.
    letters: usize,
}

impl Found {
    fn weight(&self) -> usize {
        let values = self.values + self.strings.saturating_sub(self.members);
        values * of_value() + self.members * MEMBER + self.texts * ALLOCATION + self.letters
    }
}

/// Bytes up to the quotation mark that ends a string.
fn string(rest: &[u8]) -> usize {
    let mut at = 0;
    while let Some(offset) =
        rest.get(at..).and_then(|rest| rest.iter().position(|b| matches!(b, b'"' | b'\\')))
    {
        at += offset;
        if rest.get(at) == Some(&b'"') {
            return at;
        }
        at += 2;
    }
    rest.len()
}

/// Bytes of a number or of a word such as `true`; at least one.
fn word(rest: &[u8]) -> usize {
    let ends = |byte: &u8| {
        matches!(byte, b'{' | b'}' | b'[' | b']' | b',' | b':' | b'"') || byte.is_ascii_whitespace()
    };
    rest.iter().skip(1).position(ends).map_or(rest.len(), |length| length + 1)
}
