//! LDIF (RFC 2849): entries as directories export them.

use std::iter::Peekable;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::{Cells, LONGEST, Raw, too_long};

/// No entry has more lines: each becomes a value, however short it is.
const LINES: usize = 50_000;

/// The entries of a file, in order, read as they are asked for.
pub(super) fn entries(file: &[u8]) -> impl Iterator<Item = Raw> + Send {
    let mut lines = (1..).zip(file.split(|byte| *byte == b'\n')).peekable();
    std::iter::from_fn(move || {
        loop {
            if let Some(raw) = Entry::next(&mut lines)?.finish() {
                return Some(raw);
            }
        }
    })
}

/// The lines up to the next empty one, unfolded, with their numbers.
#[derive(Default)]
struct Entry {
    lines: Vec<(u64, Vec<u8>)>,
    bytes: usize,
    /// What is too long is not kept.
    too_long: bool,
    /// It says whom it is about.
    named: bool,
}

impl Entry {
    /// It may be an empty one; `None` = the file has ended.
    fn next<'f>(lines: &mut Peekable<impl Iterator<Item = (u64, &'f [u8])>>) -> Option<Self> {
        let mut entry = Entry::default();
        let mut in_comment = false;
        let mut over = true;
        // Where the empty line is missing, a second name begins another entry.
        let belongs = |entry: &Entry, line: &[u8]| !(entry.named && begins_entry(line));
        while let Some((number, line)) = lines.next_if(|(_, line)| belongs(&entry, line)) {
            over = false;
            entry.named |= begins_entry(line);
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            if line.is_empty() {
                break;
            }
            let folded = line.strip_prefix(b" ");
            in_comment = if folded.is_some() { in_comment } else { line.starts_with(b"#") };
            if !in_comment {
                entry.push(number, line, folded);
            }
        }
        (!over).then_some(entry)
    }

    fn push(&mut self, number: u64, line: &[u8], folded: Option<&[u8]>) {
        self.bytes += line.len();
        self.too_long |= self.bytes > LONGEST || self.lines.len() >= LINES;
        match (folded, self.lines.last_mut()) {
            (Some(rest), Some((_, begun))) if !self.too_long => begun.extend_from_slice(rest),
            (None, last) if !self.too_long || last.is_none() => self.lines.push((number, line.to_vec())),
            _ => {}
        }
    }

    /// None when it only says the version.
    fn finish(mut self) -> Option<Raw> {
        self.lines.retain(|(_, line)| !line.to_ascii_lowercase().starts_with(b"version:"));
        let line = self.lines.first()?.0;
        if self.too_long {
            return Some(Raw {
                line,
                content: Err(format!("{} or has more than {LINES} lines", too_long())),
            });
        }
        // In a language is only whoever has no other: what names none goes before.
        self.lines.sort_by_key(|(_, text)| names_language(text));
        let attributes = self.lines.iter().map(|(number, text)| attribute(*number, text));
        let content = attributes.collect::<Result<Vec<_>, _>>().and_then(|attributes| {
            let change = attributes.iter().find(|(name, _)| name.eq_ignore_ascii_case("changetype"));
            match change.map(|(_, value)| value.as_str().unwrap_or_default()) {
                None => Ok(Cells::Flat(attributes)),
                Some(change) if change.eq_ignore_ascii_case("add") => Ok(Cells::Flat(attributes)),
                Some(_) => Err("it changes an entry, and only whole entries are imported".to_owned()),
            }
        });
        Some(Raw { line, content })
    }
}

/// Whether a line is a value in a language: `cn;lang-en: …`.
fn names_language(line: &[u8]) -> bool {
    let name = line.split(|byte| *byte == b':').next().unwrap_or_default();
    let mut options = name.split(|byte| *byte == b';').skip(1);
    options.any(|option| option.get(..5).is_some_and(|tag| tag.eq_ignore_ascii_case(b"lang-")))
}

/// Whether a line names an entry.
fn begins_entry(line: &[u8]) -> bool {
    line.get(..3).is_some_and(|name| name.eq_ignore_ascii_case(b"dn:"))
}

/// `name: text`, `name:: base64`. What is no text stays Base64.
fn attribute(number: u64, line: &[u8]) -> Result<(Arc<str>, Value), String> {
    let wrong = |what: &str| format!("line {number} {what}");
    let text = std::str::from_utf8(line).map_err(|_| wrong("is not written in UTF-8"))?;
    let (name, value) = text.split_once(':').ok_or_else(|| wrong("is no `attribute: value`"))?;
    // Options such as `;lang-fr` are none of ours.
    let name = name.split(';').next().unwrap_or_default().trim();
    if name.is_empty() {
        return Err(wrong("names no attribute"));
    }
    if value.starts_with('<') {
        return Err(wrong("refers to a file, which is not read"));
    }
    let Some(encoded) = value.strip_prefix(':') else {
        return Ok((name.into(), Value::from(value.trim())));
    };
    let encoded = encoded.trim();
    let bytes = STANDARD.decode(encoded).map_err(|_| wrong("is no Base64"))?;
    let value = String::from_utf8(bytes).unwrap_or_else(|_| encoded.to_owned());
    Ok((name.into(), Value::from(value)))
}
