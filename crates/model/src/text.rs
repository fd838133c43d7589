//! Text from outside, however it is written: the one reader of every door that takes files or lines of text.
//!
//! What begins with a mark is read as the mark says (UTF-8, UTF-16); without one it is UTF-8, unless somebody says more.
//! Nothing is guessed: what looks otherwise is told.

use std::borrow::Cow;
use std::fmt;

use encoding_rs::{UTF_16BE, UTF_16LE, WINDOWS_1252};

/// The mark of UTF-8.
const UTF8: &[u8] = b"\xef\xbb\xbf";

/// How a text is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// UTF-8.
    Utf8,
    /// UTF-16; without its mark in the order that its first character shows.
    Utf16,
    /// ISO 8859-1 with what Windows adds to it (Windows-1252): what spreadsheets of Western Europe write.
    Latin1,
}

impl Encoding {
    /// All of them.
    pub const ALL: [Encoding; 3] = [Encoding::Utf8, Encoding::Utf16, Encoding::Latin1];

    /// The word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Encoding::Utf8 => "utf-8",
            Encoding::Utf16 => "utf-16",
            Encoding::Latin1 => "latin-1",
        }
    }

    /// The encoding of that name, and of the other names that it has.
    pub fn of_word(word: &str) -> Option<Self> {
        Some(match word.to_ascii_lowercase().as_str() {
            "utf-8" | "utf8" => Encoding::Utf8,
            "utf-16" | "utf16" | "utf-16le" | "utf-16be" | "unicode" => Encoding::Utf16,
            "latin-1" | "latin1" | "iso-8859-1" | "iso-8859-15" | "windows-1252" | "cp1252" | "ansi" => {
                Encoding::Latin1
            }
            _ => return None,
        })
    }
}

/// Why bytes are not taken as text. *Refused*: whoever wrote them says how, or writes them otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotText {
    /// They look like an encoding that is not the one they are read in; from this line on.
    Looks(Encoding, u64),
    /// They break the rules of the encoding that they are read in.
    Broken(Encoding),
}

impl fmt::Display for NotText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            NotText::Looks(encoding, line) => {
                let word = encoding.as_str();
                write!(f, "it is not written in UTF-8, and looks like {word} (line {line}): save it as UTF-8")
            }
            NotText::Broken(encoding) => {
                write!(f, "it is not written in {}", encoding.as_str().to_uppercase())
            }
        }
    }
}

impl std::error::Error for NotText {}

/// The bytes of a text in UTF-8, without its mark. A stray byte in what is UTF-8 otherwise stays: whoever reads the record
/// in which it stands tells of it there.
pub fn plain(bytes: &[u8], told: Option<Encoding>) -> Result<Cow<'_, [u8]>, NotText> {
    if let Some(text) = bytes.strip_prefix(UTF8) {
        return Ok(Cow::Borrowed(text));
    }
    let marked = bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff");
    match told {
        _ if marked => utf16(bytes),
        Some(Encoding::Utf16) => utf16(bytes),
        Some(Encoding::Latin1) => Ok(match WINDOWS_1252.decode_without_bom_handling(bytes).0 {
            Cow::Borrowed(text) => Cow::Borrowed(text.as_bytes()),
            Cow::Owned(text) => Cow::Owned(text.into_bytes()),
        }),
        Some(Encoding::Utf8) => Ok(Cow::Borrowed(bytes)),
        // The letters that begin such a text have a zero beside them, which no other text has.
        None if matches!(bytes, [0, _, ..] | [_, 0, ..]) => Err(NotText::Looks(Encoding::Utf16, 1)),
        None => single_bytes(bytes)
            .map_or(Ok(Cow::Borrowed(bytes)), |line| Err(NotText::Looks(Encoding::Latin1, line))),
    }
}

/// A whole text, in UTF-8.
pub fn read(bytes: &[u8]) -> Result<Cow<'_, str>, NotText> {
    let broken = NotText::Broken(Encoding::Utf8);
    match plain(bytes, None)? {
        Cow::Borrowed(text) => std::str::from_utf8(text).map(Cow::Borrowed).map_err(|_| broken),
        Cow::Owned(text) => String::from_utf8(text).map(Cow::Owned).map_err(|_| broken),
    }
}

fn utf16(bytes: &[u8]) -> Result<Cow<'_, [u8]>, NotText> {
    let (order, text) = match bytes {
        [0xfe, 0xff, text @ ..] | text @ [0, ..] => (UTF_16BE, text),
        [0xff, 0xfe, text @ ..] | text => (UTF_16LE, text),
    };
    let (text, broken) = order.decode_without_bom_handling(text);
    if broken {
        Err(NotText::Broken(Encoding::Utf16))
    } else {
        Ok(Cow::Owned(text.into_owned().into_bytes()))
    }
}

/// The first line with a byte above ASCII, in what has no character of several bytes: each byte is a letter.
fn single_bytes(bytes: &[u8]) -> Option<u64> {
    let mut line = 1;
    let mut first = None;
    for chunk in bytes.utf8_chunks() {
        if !chunk.valid().is_ascii() {
            return None;
        }
        line += chunk.valid().bytes().map(|byte| u64::from(byte == b'\n')).sum::<u64>();
        first = first.or((!chunk.invalid().is_empty()).then_some(line));
    }
    first
}

#[cfg(test)]
mod tests {
    use super::*;

    fn utf16(text: &str, bytes: fn(u16) -> [u8; 2]) -> Vec<u8> {
        text.encode_utf16().flat_map(bytes).collect()
    }

    #[test]
    fn marks_say_how_a_text_is_written() {
        for bytes in [
            "é\n".as_bytes().to_vec(),
            "\u{feff}é\n".as_bytes().to_vec(),
            utf16("\u{feff}é\n", u16::to_le_bytes),
            utf16("\u{feff}é\n", u16::to_be_bytes),
        ] {
            assert_eq!(read(&bytes).unwrap(), "é\n", "{bytes:?}");
            for told in Encoding::ALL.into_iter().filter(|_| bytes.len() != 3) {
                assert_eq!(
                    plain(&bytes, Some(told)).unwrap(),
                    "é\n".as_bytes(),
                    "a mark goes before {told:?}"
                );
            }
        }
        assert_eq!(read(b"").unwrap(), "");
    }

    #[test]
    fn what_is_not_utf8_is_told_with_what_it_looks_like() {
        let said = read(b"uid\n\ncaf\xe9").unwrap_err();
        assert_eq!(said, NotText::Looks(Encoding::Latin1, 3));
        assert!(said.to_string().contains("latin-1 (line 3)"), "{said}");
        for bytes in [utf16("uid", u16::to_le_bytes), utf16("uid", u16::to_be_bytes)] {
            assert_eq!(read(&bytes).unwrap_err(), NotText::Looks(Encoding::Utf16, 1));
            assert_eq!(plain(&bytes, Some(Encoding::Utf16)).unwrap(), &b"uid"[..]);
        }
        assert_eq!(read(b"\xff\xfea").unwrap_err(), NotText::Broken(Encoding::Utf16));
    }

    #[test]
    fn a_stray_byte_in_utf8_stays_where_it_is() {
        let bytes = "é\n\u{0}\n".as_bytes().iter().chain(b"caf\xe9").copied().collect::<Vec<_>>();
        assert_eq!(plain(&bytes, None).unwrap(), bytes);
        assert_eq!(read(&bytes).unwrap_err(), NotText::Broken(Encoding::Utf8));
    }

    #[test]
    fn latin_1_is_what_windows_writes() {
        assert_eq!(plain(b"\x80 caf\xe9 \x9c", Some(Encoding::Latin1)).unwrap(), "€ café œ".as_bytes());
        for encoding in Encoding::ALL {
            assert_eq!(Encoding::of_word(encoding.as_str()), Some(encoding));
        }
        assert_eq!(Encoding::of_word("EBCDIC"), None);
    }
}
