//! JSON documents: in an array, or one on each line.

use serde_json::Value;
use serde_json::value::RawValue;

use super::{Cells, Raw};

/// The objects of an array, or the one object that is the file.
pub(super) fn array(file: &[u8]) -> Result<Vec<Raw>, String> {
    let text = std::str::from_utf8(file).map_err(|_| "the file is not written in UTF-8".to_owned())?;
    let whole: &RawValue = serde_json::from_str(text).map_err(|error| {
        format!(
            "the file is no JSON from line {}, column {} on: where each line is a document, it is ndjson",
            error.line(),
            error.column()
        )
    })?;
    if !whole.get().starts_with('[') {
        return Ok(vec![document(line_of(text, whole), whole.get())]);
    }
    let items: Vec<&RawValue> = serde_json::from_str(whole.get()).map_err(|error| error.to_string())?;
    let (mut records, mut line, mut at) = (Vec::with_capacity(items.len()), 1, 0);
    for item in items {
        // Counted on from the one before: a file is looked through once.
        let place = offset(text, item);
        line += newlines(text.get(at..place).unwrap_or_default());
        at = place;
        records.push(document(line, item.get()));
    }
    Ok(records)
}

/// A document on each line that is not empty.
pub(super) fn lines(file: &[u8]) -> Vec<Raw> {
    let numbered = (1..).zip(file.split(|byte| *byte == b'\n'));
    numbered
        .filter(|(_, line)| !line.trim_ascii().is_empty())
        .map(|(number, line)| match std::str::from_utf8(line) {
            Ok(line) => document(number, line),
            Err(_) => Raw { line: number, content: Err("it is not written in UTF-8".to_owned()) },
        })
        .collect()
}

fn document(line: u64, text: &str) -> Raw {
    let content = match serde_json::from_str::<Value>(text) {
        Ok(document) => Ok(Cells::Document(document)),
        // The parser's own words could quote the record.
        Err(error) => Err(format!("it is no JSON from column {} on", error.column())),
    };
    Raw { line, content }
}

fn line_of(text: &str, part: &RawValue) -> u64 {
    1 + newlines(text.get(..offset(text, part)).unwrap_or_default())
}

/// Where a part of the text begins.
fn offset(text: &str, part: &RawValue) -> usize {
    part.get().as_ptr().addr().saturating_sub(text.as_ptr().addr())
}

fn newlines(text: &str) -> u64 {
    text.bytes().map(|byte| u64::from(byte == b'\n')).sum()
}
