//! Tables: a heading, then a record on each row.

use std::collections::HashSet;
use std::sync::Arc;

use ::csv::{ByteRecord, ByteRecordsIntoIter, Error, ErrorKind, Position, Reader, ReaderBuilder};
use model::json::quoted;
use serde_json::Value;

use super::{Cells, LONGEST, Raw, too_long};

/// What may stand between two cells, when nobody says.
const SEPARATORS: [u8; 3] = [b',', b';', b'\t'];
/// What a spreadsheet would take for a formula; our own export puts a `'` before it.
const FORMULA: [char; 4] = ['=', '+', '-', '@'];

/// No table has more columns.
const COLUMNS: usize = 10_000;

/// The rows of a table, read as they are asked for.
pub(super) struct Rows<'f> {
    rows: ByteRecordsIntoIter<&'f [u8]>,
    heading: Vec<Arc<str>>,
}

/// Reads the heading of a table.
pub(super) fn rows(file: &[u8], separator: Option<u8>) -> Result<Rows<'_>, String> {
    let mut reader = open(file, separator);
    let heading = reader.headers().map_err(|error| format!("the heading cannot be read: {error}"))?;
    let heading: Vec<Arc<str>> = heading.iter().map(|name| Arc::from(name.trim())).collect();
    if heading.len() > COLUMNS {
        return Err(format!("the heading has {} columns, more than {COLUMNS}", heading.len()));
    }
    let mut names = HashSet::new();
    let twice = heading.iter().find(|name| !name.is_empty() && !names.insert(Arc::clone(name)));
    if let Some(name) = twice {
        return Err(format!("two columns are called {}: give each its own name", quoted(name)));
    }
    if names.is_empty() {
        return Err("the first line names no columns".to_owned());
    }
    Ok(Rows { rows: reader.into_byte_records(), heading })
}

/// How many rows stand below the heading.
pub(super) fn count(file: &[u8], separator: Option<u8>) -> usize {
    open(file, separator).byte_records().count()
}

fn open(file: &[u8], separator: Option<u8>) -> Reader<&[u8]> {
    ReaderBuilder::new().delimiter(separator.unwrap_or_else(|| guess(file))).from_reader(file)
}

impl Iterator for Rows<'_> {
    type Item = Raw;

    fn next(&mut self) -> Option<Raw> {
        Some(record(self.rows.next()?, &self.heading))
    }
}

fn record(row: Result<ByteRecord, Error>, heading: &[Arc<str>]) -> Raw {
    let line = |position: Option<&Position>| position.map_or(1, Position::line);
    match row {
        Ok(row) if row.as_slice().len() > LONGEST => {
            Raw { line: line(row.position()), content: Err(too_long()) }
        }
        Ok(row) => Raw { line: line(row.position()), content: cells(&row, heading) },
        Err(error) => {
            let why = match error.kind() {
                ErrorKind::UnequalLengths { expected_len, len, .. } => {
                    format!("it has {len} cells, and the heading {expected_len}")
                }
                _ => "it cannot be read as a row".to_owned(),
            };
            Raw { line: line(error.position()), content: Err(why) }
        }
    }
}

fn cells(row: &ByteRecord, heading: &[Arc<str>]) -> Result<Cells, String> {
    let named = heading.iter().zip(row.iter()).filter(|(name, _)| !name.is_empty());
    let cell = |(name, value): (&Arc<str>, &[u8])| {
        let text = std::str::from_utf8(value).map_err(|_| format!("{name} is not written in UTF-8"))?;
        let text = text.trim();
        let text = text.strip_prefix('\'').filter(|rest| rest.starts_with(FORMULA)).unwrap_or(text);
        Ok((Arc::clone(name), Value::from(text)))
    };
    named.map(cell).collect::<Result<_, String>>().map(Cells::Flat)
}

/// The separator that the heading has most of.
fn guess(file: &[u8]) -> u8 {
    let heading = file.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let often = |separator: &u8| heading.split(|byte| byte == separator).count();
    // The last of equals wins: without any it is the comma.
    SEPARATORS.into_iter().rev().max_by_key(often).unwrap_or(b',')
}
