//! Tables: a heading, then a record on each row.

mod shape;

use std::collections::HashMap;
use std::sync::Arc;

use ::csv::{ByteRecord, Reader, ReaderBuilder};
use model::json::quoted;
use serde_json::Value;

use self::shape::{Lines, ends, guess, told, unclosed};
use super::{Cells, LONGEST, Raw, too_long};

/// What a spreadsheet would take for a formula; our own export puts a `'` before it.
const FORMULA: [char; 4] = ['=', '+', '-', '@'];

/// No table has more columns.
const COLUMNS: usize = 10_000;
/// So many times reading begins anew behind a quotation mark that nothing closes.
const MENDED: usize = 100;

/// The rows of a table, read as they are asked for.
pub(super) struct Rows<'f> {
    file: &'f [u8],
    separator: u8,
    reader: Reader<&'f [u8]>,
    /// Where in the file the reader began.
    from: usize,
    lines: Lines<'f>,
    heading: Vec<Arc<str>>,
    mended: usize,
}

/// Reads the heading of a table.
pub(super) fn rows(file: &[u8], separator: Option<u8>) -> Result<Rows<'_>, String> {
    let (told, from) = told(file);
    let table = file.get(from..).unwrap_or_default();
    let separator = separator.or(told).unwrap_or_else(|| guess(table));
    let mut reader = open(table, separator);
    let mut first = ByteRecord::new();
    reader.read_byte_record(&mut first).map_err(|error| format!("the heading cannot be read: {error}"))?;
    let name = |cell: &[u8]| std::str::from_utf8(cell).map(|name| Arc::from(name.trim()));
    let heading = first.iter().map(name).collect::<Result<Vec<Arc<str>>, _>>();
    let heading = heading.map_err(|_| "the heading is not written in UTF-8".to_owned())?;
    check(&heading)?;
    Ok(Rows { file, separator, reader, from, lines: Lines::of(file), heading, mended: 0 })
}

/// How many rows stand below the heading.
pub(super) fn count(file: &[u8], separator: Option<u8>) -> usize {
    let Ok(mut rows) = rows(file, separator) else { return 0 };
    let mut row = ByteRecord::new();
    std::iter::from_fn(|| rows.advance(&mut row)).count()
}

/// Whether each column has a name of its own: directories see no capitals in them.
fn check(heading: &[Arc<str>]) -> Result<(), String> {
    if heading.len() > COLUMNS {
        return Err(format!("the heading has {} columns, more than {COLUMNS}", heading.len()));
    }
    let mut names: HashMap<String, &str> = HashMap::new();
    for name in heading.iter().filter(|name| !name.is_empty()) {
        if let Some(first) = names.insert(name.to_lowercase(), name) {
            return Err(if first == &**name {
                format!("two columns are called {}: give each its own name", quoted(name))
            } else {
                format!("the columns {} and {} have one name: give each its own", quoted(first), quoted(name))
            });
        }
    }
    if names.is_empty() { Err("the first line names no columns".to_owned()) } else { Ok(()) }
}

fn open(table: &[u8], separator: u8) -> Reader<&[u8]> {
    ReaderBuilder::new().delimiter(separator).has_headers(false).flexible(true).from_reader(table)
}

impl Iterator for Rows<'_> {
    type Item = Raw;

    fn next(&mut self) -> Option<Raw> {
        let mut row = ByteRecord::new();
        let (line, read) = self.advance(&mut row)?;
        Some(Raw { line, content: read.and_then(|()| cells(&row, &self.heading)) })
    }
}

impl Rows<'_> {
    /// The names of the columns.
    pub(super) fn heading(&self) -> &[Arc<str>] {
        &self.heading
    }

    /// Where in the file the reader has come.
    fn place(&self) -> usize {
        self.from + usize::try_from(self.reader.position().byte()).unwrap_or(usize::MAX - self.from)
    }

    /// Reads the next row: its line, and what is wrong with it.
    fn advance(&mut self, row: &mut ByteRecord) -> Option<(u64, Result<(), String>)> {
        let start = self.place();
        let read = self.reader.read_byte_record(row);
        if let Ok(false) = read {
            return None;
        }
        let end = self.place();
        let text = self.file.get(start..end).unwrap_or_default();
        // Lines with nothing on them belong to no row.
        let begin = start + text.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
        if end >= self.file.len()
            && let Some(opened) = unclosed(self.file.get(begin..).unwrap_or_default(), self.separator)
        {
            return Some(self.begin_behind(begin, begin + opened));
        }
        let checked = match read {
            Err(_) => Err("it cannot be read as a row".to_owned()),
            Ok(_) if row.as_slice().len() > LONGEST => Err(too_long()),
            Ok(_) if row.len() != self.heading.len() => {
                Err(format!("it has {} cells, and the heading {}", row.len(), self.heading.len()))
            }
            Ok(_) => Ok(()),
        };
        Some((self.lines.at(begin), checked))
    }

    /// Goes on below the line with a quotation mark that nothing closes: what went into it are rows.
    fn begin_behind(&mut self, begin: usize, mark: usize) -> (u64, Result<(), String>) {
        let line = self.lines.at(begin);
        let opened = self.lines.at(mark);
        let rest = self.file.get(mark..).unwrap_or_default();
        let end = rest.iter().position(|byte| *byte == b'\n').map_or(self.file.len(), |end| mark + end + 1);
        let below = match ends(self.file, end, self.file.len()) {
            0 => None,
            1 => Some("1 line".to_owned()),
            lines => Some(format!("{lines} lines")),
        };
        self.mended += 1;
        self.from = if self.mended > MENDED { self.file.len() } else { end };
        self.reader = open(self.file.get(self.from..).unwrap_or_default(), self.separator);
        let what = format!("a quotation mark is opened on line {opened} and never closed");
        let why = match below {
            None => what,
            Some(below) if self.mended > MENDED => format!("{what}: what went into it ({below}) is left out"),
            Some(below) => format!("{what}: what went into it ({below}) is read as rows of its own"),
        };
        (line, Err(why))
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
