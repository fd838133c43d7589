//! What a file is by its first bytes, and whether that is what its name says.

use crate::upload::refusal::Reason;

/// So many bytes are looked at, from the beginning.
pub(crate) const HEAD: usize = 4096;

/// What a beginning looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Zip,
    /// A database of Access.
    Jet,
    Text,
    Xml,
    /// An XML file with entities of its own.
    Entities,
    /// Something that runs, in whatever it is opened, or is shown there.
    Active,
    OtherArchive,
    /// Of no kind that is known here.
    Unknown,
}

/// Beginnings of what has no place among databases.
const ACTIVE: &[&[u8]] = &[
    b"MZ",
    b"\x7fELF",
    b"#!",
    b"\xca\xfe\xba\xbe",
    b"\xfe\xed\xfa",
    b"\xcf\xfa\xed\xfe",
    b"\xce\xfa\xed\xfe",
    b"%PDF-",
    b"\x89PNG\r\n",
    b"\xff\xd8\xff",
    b"GIF8",
    b"BM",
    b"II*\0",
    b"MM\0*",
    b"\0asm",
    b"L\0\0\0\x01\x14\x02\0",
    b"{\\rtf",
    b"OggS",
    b"ID3",
    b"fLaC",
    b"\x1aE\xdf\xa3",
    b"\0\0\x01\0",
];
/// Beginnings of what is packed in another way than ZIP.
const ARCHIVES: &[&[u8]] = &[
    b"\x1f\x8b",
    b"BZh",
    b"\xfd7zXZ\0",
    b"7z\xbc\xaf\x27\x1c",
    b"Rar!\x1a\x07",
    b"\x28\xb5\x2f\xfd",
    b"MSCF",
    b"\x1f\x9d",
    b"LZIP",
    b"\x04\x22\x4d\x18",
    b"070701",
    b"070707",
    b"!<arch>\n",
];
/// What begins a page or a picture that is text, in small letters.
const MARKUP: [&str; 8] = ["<!doctype html", "<html", "<svg", "<head", "<body", "<script", "<?php", "<%"];

/// Whether what begins so may have a name with this ending.
pub(crate) fn fits(extension: &str, head: &[u8]) -> Result<(), Reason> {
    let kind = of(head);
    let fits = match (kind, extension) {
        (Kind::Active, _) => return Err(Reason::Active),
        (Kind::Entities, _) => return Err(Reason::Entities),
        (Kind::OtherArchive, _) => return Err(Reason::OtherArchive),
        (_, "zip") => kind == Kind::Zip,
        (_, "mdb" | "accdb") => kind == Kind::Jet,
        (_, "xml") => kind == Kind::Xml,
        (_, "txt" | "csv") => kind == Kind::Text,
        // Formats of others, of which nothing is known but that they are none of those above.
        _ => matches!(kind, Kind::Unknown | Kind::Jet | Kind::Text),
    };
    if fits { Ok(()) } else { Err(Reason::Content) }
}

fn of(head: &[u8]) -> Kind {
    let head = head.get(..HEAD).unwrap_or(head);
    let begins = |beginnings: &[&[u8]]| beginnings.iter().any(|beginning| head.starts_with(beginning));
    if head.starts_with(b"PK\x03\x04") || head.starts_with(b"PK\x05\x06") {
        return Kind::Zip;
    }
    if begins(ARCHIVES) || head.get(257..262) == Some(b"ustar") {
        return Kind::OtherArchive;
    }
    if head.get(4..19) == Some(b"Standard Jet DB") || head.get(4..19) == Some(b"Standard ACE DB") {
        return Kind::Jet;
    }
    match text(head) {
        Some(text) => of_text(&text),
        None if begins(ACTIVE) || is_media(head) => Kind::Active,
        None => Kind::Unknown,
    }
}

/// Sounds and films, whose first bytes are lengths.
fn is_media(head: &[u8]) -> bool {
    let riff = head.starts_with(b"RIFF") && matches!(head.get(8..12), Some(b"WAVE" | b"AVI " | b"WEBP"));
    riff || head.get(4..8) == Some(b"ftyp") || head.starts_with(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")
}

/// The beginning as text; `None` = it is none. Old files are not written in UTF-8: any byte but control characters is one
/// of a text.
fn text(head: &[u8]) -> Option<String> {
    if let Some(wide) = head.strip_prefix(b"\xff\xfe") {
        return Some(utf16(wide, u16::from_le_bytes));
    }
    if let Some(wide) = head.strip_prefix(b"\xfe\xff") {
        return Some(utf16(wide, u16::from_be_bytes));
    }
    let bare = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head);
    let is_text = |byte: &u8| !matches!(byte, 0..=8 | 14..=25 | 28..=31);
    bare.iter().all(is_text).then(|| String::from_utf8_lossy(bare).into_owned())
}

fn utf16(wide: &[u8], unit: fn([u8; 2]) -> u16) -> String {
    let (pairs, _) = wide.as_chunks::<2>();
    char::decode_utf16(pairs.iter().map(|pair| unit(*pair))).map(|c| c.unwrap_or('\u{fffd}')).collect()
}

fn of_text(text: &str) -> Kind {
    let low = text.trim_start().to_ascii_lowercase();
    let begins = |beginning: &&str| low.starts_with(*beginning);
    if ["#!", "%pdf-", "{\\rtf"].iter().any(begins) || MARKUP.iter().any(begins) {
        return Kind::Active;
    }
    if !low.starts_with('<') {
        return Kind::Text;
    }
    let inside = root(&low);
    if MARKUP.iter().any(|beginning| inside.starts_with(beginning)) || low.contains("<?xml-stylesheet") {
        return Kind::Active;
    }
    if low.contains("<!entity")
        || (low.contains("<!doctype") && (low.contains("system") || low.contains("public")))
    {
        return Kind::Entities;
    }
    Kind::Xml
}

/// What follows declarations and comments.
fn root(text: &str) -> &str {
    let mut rest = text.trim_start();
    loop {
        let end = if rest.starts_with("<?xml") {
            "?>"
        } else if rest.starts_with("<!--") {
            "-->"
        } else {
            return rest;
        };
        let Some((_, after)) = rest.split_once(end) else { return "" };
        rest = after.trim_start();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const JET: &[u8] = b"\0\x01\0\0Standard Jet DB\0\x01\0\0\0";
    const XML: &[u8] = b"<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?>\n<!-- CDI -->\n<notices><titre>\xc9t\xe9</titre></notices>";

    #[test]
    fn what_a_name_says_is_what_is_there() {
        for (extension, head) in [
            ("zip", &b"PK\x03\x04rest"[..]),
            ("mdb", JET),
            ("xml", XML),
            ("xml", b"\xff\xfe<\0a\0/\0>\0"),
            ("txt", b"Titre;Auteur\r\nL'\xc9tranger;Camus\r\n"),
            ("txt", "\u{feff}Élève".as_bytes()),
            ("bdd", b"\x01\x02\x03\0\0\0BCDI"),
            ("bdd", JET),
        ] {
            assert_eq!(fits(extension, head), Ok(()), "{extension} {head:?}");
        }
    }

    #[test]
    fn what_is_something_else_is_refused_for_its_reason() {
        let mut tar = vec![b'a'; 512];
        tar[257..262].copy_from_slice(b"ustar");
        for (extension, head, reason) in [
            ("zip", &b"MZ\x90\0\x03\0\0\0"[..], Reason::Active),
            ("bdd", b"\x7fELF\x02\x01\x01\0", Reason::Active),
            ("txt", b"#!/bin/sh\nrm -rf /\n", Reason::Active),
            ("txt", b"%PDF-1.7\n/* */ alert(1)", Reason::Active),
            ("bdd", b"%PDF-1.7\n\x01\x02", Reason::Active),
            ("mdb", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", Reason::Active),
            ("xml", b"<?xml version=\"1.0\"?><svg xmlns=\"x\"><script>1</script></svg>", Reason::Active),
            ("xml", b"<svg onload=alert(1)>", Reason::Active),
            ("xml", b"<!-- a --><HTML>", Reason::Active),
            ("xml", b"<?xml version='1.0'?><?xml-stylesheet href='x.xsl'?><a/>", Reason::Active),
            ("txt", b"<!DOCTYPE html><p>", Reason::Active),
            ("xml", b"<!DOCTYPE a [<!ENTITY x SYSTEM \"file:///etc/passwd\">]><a>&x;</a>", Reason::Entities),
            ("xml", b"<!DOCTYPE a SYSTEM \"http://x/\"><a/>", Reason::Entities),
            ("zip", b"Rar!\x1a\x07\x01\0", Reason::OtherArchive),
            ("bdd", &tar, Reason::OtherArchive),
            ("txt", b"\x1f\x8b\x08\0", Reason::OtherArchive),
            ("zip", JET, Reason::Content),
            ("mdb", b"PK\x03\x04", Reason::Content),
            ("bdd", b"PK\x03\x04", Reason::Content),
            ("txt", b"a\0b", Reason::Content),
            ("xml", b"no markup", Reason::Content),
            ("mdb", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1\0\0", Reason::Active),
        ] {
            assert_eq!(fits(extension, head), Err(reason), "{extension} {}", String::from_utf8_lossy(head));
        }
    }
}
