//! JSON documents: in an array, or one on each line.

use model::json;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;

use super::{Cells, LONGEST, Raw, no_json, too_long};

/// The items of an array with their lines, or the one value that is the file.
pub(super) struct Items<'f> {
    text: &'f str,
    /// Where the next one begins, or what stands before it.
    at: usize,
    line: u64,
    in_array: bool,
}

/// Looks through the whole file, so that one which breaks off is told of before anything of it is used.
pub(super) fn items(file: &[u8]) -> Result<Items<'_>, String> {
    let text = std::str::from_utf8(file).map_err(|_| "the file is not written in UTF-8".to_owned())?;
    serde_json::from_str::<IgnoredAny>(text).map_err(|error| {
        format!(
            "the file is no JSON from line {}, column {} on: where each line is a document, it is ndjson",
            error.line(),
            error.column()
        )
    })?;
    let mut items = Items { text, at: 0, line: 1, in_array: false };
    items.pass_over(|byte| byte.is_ascii_whitespace());
    items.in_array = items.rest().starts_with('[');
    items.at += usize::from(items.in_array);
    Ok(items)
}

impl<'f> Items<'f> {
    fn rest(&self) -> &'f str {
        self.text.get(self.at..).unwrap_or_default()
    }

    /// Passes over these bytes, and counts lines.
    fn pass_over(&mut self, passes: impl Fn(u8) -> bool) {
        let rest = self.rest().as_bytes();
        let length = rest.iter().position(|byte| !passes(*byte)).unwrap_or(rest.len());
        self.pass(length);
    }

    fn pass(&mut self, length: usize) {
        let passed = self.rest().as_bytes().get(..length).unwrap_or_default();
        self.line += passed.iter().map(|byte| u64::from(*byte == b'\n')).sum::<u64>();
        self.at += length;
    }
}

impl<'f> Iterator for Items<'f> {
    type Item = (u64, &'f [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        self.pass_over(|byte| byte.is_ascii_whitespace() || byte == b',');
        let rest = self.rest();
        let mut values = serde_json::Deserializer::from_str(rest).into_iter::<&RawValue>();
        let item = values.next()?.ok()?.get().as_bytes();
        let found = (self.line, item);
        // After a value that is no array there is nothing.
        let length = if self.in_array { values.byte_offset() } else { rest.len() };
        self.pass(length);
        Some(found)
    }
}

/// The lines that are not empty, with their numbers.
pub(super) fn lines(file: &[u8]) -> impl Iterator<Item = (u64, &[u8])> + Send {
    (1..).zip(file.split(|byte| *byte == b'\n')).filter(|(_, line)| !line.trim_ascii().is_empty())
}

/// The record in such a text.
pub(super) fn document(line: u64, text: &[u8]) -> Raw {
    let content = if text.len() > LONGEST {
        Err(too_long())
    } else {
        json::read(text).map(Cells::Document).map_err(no_json)
    };
    Raw { line, content }
}
