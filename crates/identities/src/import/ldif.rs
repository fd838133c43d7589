//! LDIF (RFC 2849): entries as directories export them.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::{Cells, Raw};

/// The entries of a file, in order.
pub(super) fn entries(file: &[u8]) -> Vec<Raw> {
    let mut entries = Vec::new();
    let mut entry: Vec<(u64, Vec<u8>)> = Vec::new();
    let mut in_comment = false;
    for (number, line) in (1..).zip(file.split(|byte| *byte == b'\n')) {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if let Some(rest) = line.strip_prefix(b" ") {
            if let (false, Some((_, begun))) = (in_comment, entry.last_mut()) {
                begun.extend_from_slice(rest);
            }
            continue;
        }
        in_comment = line.starts_with(b"#");
        if line.is_empty() {
            entries.extend(finish(std::mem::take(&mut entry)));
        } else if !in_comment {
            entry.push((number, line.to_vec()));
        }
    }
    entries.extend(finish(entry));
    entries
}

/// An entry of unfolded lines; none when it only says the version.
fn finish(mut lines: Vec<(u64, Vec<u8>)>) -> Option<Raw> {
    lines.retain(|(_, line)| !line.to_ascii_lowercase().starts_with(b"version:"));
    let line = lines.first()?.0;
    let attributes = lines.iter().map(|(number, text)| attribute(*number, text));
    let content = attributes.collect::<Result<Vec<_>, _>>().and_then(|attributes| {
        let change = attributes.iter().find(|(name, _)| name.eq_ignore_ascii_case("changetype"));
        match change.map(|(_, value)| value.as_str().unwrap_or_default()) {
            None | Some("add") => Ok(Cells::Flat(attributes)),
            Some(_) => Err("it changes an entry, and only whole entries are imported".to_owned()),
        }
    });
    Some(Raw { line, content })
}

/// `name: text`, `name:: base64`. What is no text stays Base64.
fn attribute(number: u64, line: &[u8]) -> Result<(String, Value), String> {
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
        return Ok((name.to_owned(), Value::from(value.trim())));
    };
    let encoded = encoded.trim();
    let bytes = STANDARD.decode(encoded).map_err(|_| wrong("is no Base64"))?;
    let value = String::from_utf8(bytes).unwrap_or_else(|_| encoded.to_owned());
    Ok((name.to_owned(), Value::from(value)))
}
