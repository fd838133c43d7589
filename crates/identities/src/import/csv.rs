//! Tables: a heading, then a record on each row.

use serde_json::Value;

use super::{Cells, Raw};

/// What may stand between two cells, when nobody says.
const SEPARATORS: [u8; 3] = [b',', b';', b'\t'];
/// What a spreadsheet would take for a formula; our own export puts a `'` before it.
const FORMULA: [char; 4] = ['=', '+', '-', '@'];

/// The rows of a table.
pub(super) fn rows(file: &[u8], separator: Option<u8>) -> Result<Vec<Raw>, String> {
    let separator = separator.unwrap_or_else(|| guess(file));
    let mut reader = ::csv::ReaderBuilder::new().delimiter(separator).from_reader(file);
    let heading = reader.headers().map_err(|error| format!("the heading cannot be read: {error}"))?;
    let heading: Vec<String> = heading.iter().map(|name| name.trim().to_owned()).collect();
    let twice = heading.iter().enumerate().find(|(place, name)| {
        !name.is_empty() && heading.iter().take(*place).any(|earlier| earlier == *name)
    });
    if let Some((_, name)) = twice {
        return Err(format!("two columns are called {name:?}: give each its own name"));
    }
    if heading.iter().all(String::is_empty) {
        return Err("the first line names no columns".to_owned());
    }
    Ok(reader.byte_records().map(|row| record(row, &heading)).collect())
}

fn record(row: Result<::csv::ByteRecord, ::csv::Error>, heading: &[String]) -> Raw {
    let line = |position: Option<&::csv::Position>| position.map_or(1, ::csv::Position::line);
    match row {
        Ok(row) => Raw { line: line(row.position()), content: cells(&row, heading) },
        Err(error) => {
            let why = match error.kind() {
                ::csv::ErrorKind::UnequalLengths { expected_len, len, .. } => {
                    format!("it has {len} cells, and the heading {expected_len}")
                }
                _ => "it cannot be read as a row".to_owned(),
            };
            Raw { line: line(error.position()), content: Err(why) }
        }
    }
}

fn cells(row: &::csv::ByteRecord, heading: &[String]) -> Result<Cells, String> {
    let named = heading.iter().zip(row.iter()).filter(|(name, _)| !name.is_empty());
    let cell = |(name, value): (&String, &[u8])| {
        let text = std::str::from_utf8(value).map_err(|_| format!("{name} is not written in UTF-8"))?;
        let text = text.trim();
        let text = text.strip_prefix('\'').filter(|rest| rest.starts_with(FORMULA)).unwrap_or(text);
        Ok((name.clone(), Value::from(text)))
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
