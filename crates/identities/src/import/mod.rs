//! Reads identities out of files: JSON, NDJSON, CSV, LDIF. Pure: a file's text becomes records, one after the other,
//! each with its line, good or with the reason why not. What is wrong with one record never hides another.
//!
//! However large the file, no more than the record at hand is in memory, and what it takes is in proportion to it.

mod csv;
mod json;
mod ldif;
mod mapping;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::sync::Arc;

use model::json::{Bad, Fault, quoted};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::document::{self, Taken};
pub(crate) use mapping::short;
pub use mapping::{BadMapping, Mapping};

/// What a file is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// One array of objects, or one object.
    Json,
    /// An object on each line.
    Ndjson,
    /// A table with a heading; separated by comma, semicolon or tab.
    Csv,
    /// RFC 2849: what directories export.
    Ldif,
}

impl Format {
    /// All of them.
    pub const ALL: [Format; 4] = [Format::Json, Format::Ndjson, Format::Csv, Format::Ldif];

    /// The word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Format::Json => "json",
            Format::Ndjson => "ndjson",
            Format::Csv => "csv",
            Format::Ldif => "ldif",
        }
    }

    /// The format that a file name says.
    pub fn of_name(name: &str) -> Option<Self> {
        match name.rsplit_once('.')?.1.to_ascii_lowercase().as_str() {
            "json" => Some(Format::Json),
            "ndjson" | "jsonl" => Some(Format::Ndjson),
            "csv" | "tsv" => Some(Format::Csv),
            "ldif" | "ldf" => Some(Format::Ldif),
            _ => None,
        }
    }
}

/// A record of a file.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    /// The line on which it begins, from 1.
    pub line: u64,
    /// What it is, or why it cannot be used.
    pub identity: Result<Ready, String>,
}

/// A record that can be imported.
#[derive(Clone, Debug, PartialEq)]
pub struct Ready {
    /// Whom it is about.
    pub id: String,
    /// The members that the file says.
    pub document: Map<String, Value>,
    /// Passwords that were left out.
    pub passwords: usize,
    /// Bytes of memory that the document takes, about.
    pub weight: usize,
    /// It is a row of a table, which has one text for each column.
    pub row: bool,
    /// It says of itself that it is deleted, as an export does.
    pub deleted: bool,
}

impl Ready {
    /// Lays what the file says over what is there.
    pub fn lay_over(&self, kept: &mut Map<String, Value>) {
        let lay = if self.row { document::merge_row } else { document::merge };
        lay(kept, self.document.clone());
    }
}

/// A record as its format gives it, before the mapping.
struct Raw {
    line: u64,
    content: Result<Cells, String>,
}

/// The content of a record.
enum Cells {
    /// Names and values, in order; a name may come more than once.
    Flat(Vec<(Arc<str>, Value)>),
    /// A whole document.
    Document(Value),
}

/// No record is longer, in bytes.
const LONGEST: usize = 10 << 20;
/// No file has more records.
const MOST: u64 = 1_000_000;

/// The records of a file, read as they are asked for.
pub struct Records<'f> {
    raw: Box<dyn Iterator<Item = Raw> + Send + 'f>,
    mapping: &'f Mapping,
    /// Where whom was met, by a hash of the id: ids may be many, and long.
    seen: HashMap<[u8; 16], u64>,
    read: u64,
    /// Columns of a table that become nothing, and of which nobody said so.
    pub unused: Vec<String>,
    rows: bool,
}

/// Begins to read a file. An error says why nothing at all can be read.
pub fn read<'f>(file: &'f [u8], format: Format, mapping: &'f Mapping) -> Result<Records<'f>, String> {
    let file = unmarked(file);
    let mut unused = Vec::new();
    let raw: Box<dyn Iterator<Item = Raw> + Send + 'f> = match format {
        Format::Json => Box::new(json::items(file)?.map(|(line, text)| json::document(line, text))),
        Format::Ndjson => Box::new(json::lines(file).map(|(line, text)| json::document(line, text))),
        Format::Csv => {
            let rows = csv::rows(file, mapping.separator)?;
            let heading = rows.heading();
            let lacking = mapping.lacks(heading);
            if !lacking.is_empty() {
                return Err(lacks(&lacking, heading));
            }
            if !mapping.tells_apart(heading) {
                return Err(nobody(mapping, heading));
            }
            unused = mapping.unknown(heading);
            Box::new(rows)
        }
        Format::Ldif => Box::new(ldif::entries(file)),
    };
    Ok(Records { raw, mapping, seen: HashMap::new(), read: 0, unused, rows: format == Format::Csv })
}

/// How many records a file has.
pub fn count(file: &[u8], format: Format, mapping: &Mapping) -> u64 {
    let file = unmarked(file);
    let records = match format {
        Format::Json => json::items(file).map_or(0, Iterator::count),
        Format::Ndjson => json::lines(file).count(),
        Format::Csv => csv::count(file, mapping.separator),
        Format::Ldif => ldif::entries(file).count(),
    };
    u64::try_from(records).unwrap_or(u64::MAX).min(MOST)
}

/// Without the mark that spreadsheets put before their texts.
fn unmarked(file: &[u8]) -> &[u8] {
    file.strip_prefix(b"\xef\xbb\xbf").unwrap_or(file)
}

impl Iterator for Records<'_> {
    type Item = Record;

    fn next(&mut self) -> Option<Record> {
        if self.read > MOST {
            return None;
        }
        let Raw { line, content } = self.raw.next()?;
        self.read += 1;
        let identity = if self.read > MOST {
            Err(format!(
                "the file has more than {MOST} records: import what begins here as a file of its own"
            ))
        } else {
            content
                .and_then(|cells| ready(cells, self.mapping))
                .and_then(|ready| self.once(line, Ready { row: self.rows, ..ready }))
        };
        Some(Record { line, identity })
    }
}

impl Records<'_> {
    /// Takes nobody a second time.
    fn once(&mut self, line: u64, ready: Ready) -> Result<Ready, String> {
        let key = |kind: &[u8], name: &str| {
            let mut key = [0; 16];
            blake3::Hasher::new().update(kind).update(name.as_bytes()).finalize_xof().fill(&mut key);
            key
        };
        let id = key(b"id", &ready.id);
        if let Some(first) = self.seen.get(&id) {
            return Err(format!("it is the same identity as on line {first}"));
        }
        if let Some(uid) = document::account(&ready.document) {
            let key = key(b"uid", &document::account_key(&uid));
            if let Some(first) = self.seen.get(&key) {
                return Err(format!("its uid, {}, is that of the identity on line {first}", quoted(&uid)));
            }
            self.seen.insert(key, line);
        }
        self.seen.insert(id, line);
        Ok(ready)
    }
}

/// No more columns are named: who reads it looks at the file.
const NAMED: usize = 30;

/// What is wrong with a table that does not fit its mapping.
fn lacks(lacking: &[&str], heading: &[Arc<str>]) -> String {
    let lacking: Vec<&str> = lacking.iter().take(NAMED).copied().collect();
    format!(
        "the mapping names columns that the file does not have: {}; its columns are {}",
        lacking.join(", "),
        columns(heading)
    )
}

/// What is wrong with a table that says of nobody who it is.
fn nobody(mapping: &Mapping, heading: &[Arc<str>]) -> String {
    let names: Vec<&str> = mapping.key.iter().map(|key| short(key)).collect();
    format!(
        "no column becomes {}, by which identities are told apart; its columns are {}: give a mapping (--mapping) that says \
         what becomes what",
        names.join(" and "),
        columns(heading)
    )
}

fn columns(heading: &[Arc<str>]) -> String {
    heading.iter().take(NAMED).map(|name| &**name).collect::<Vec<_>>().join(", ")
}

/// What is wrong with a record that is no JSON. Its line is told beside it.
fn no_json(bad: Bad) -> String {
    match bad.fault {
        Fault::NotUtf8 => "it is not written in UTF-8".to_owned(),
        Fault::Cut(_) | Fault::Syntax(_) => format!("it is no JSON from column {} on", bad.column),
        fault => Bad { line: 0, column: 0, fault }.to_string(),
    }
}

fn too_long() -> String {
    format!("it is longer than {} MiB", LONGEST >> 20)
}

fn ready(cells: Cells, mapping: &Mapping) -> Result<Ready, String> {
    let Taken { id, document, passwords, weight, deleted } = document::take(mapping.document(cells)?)?;
    let derived = || document::derived_id(&document, &mapping.key);
    let id = id.or_else(derived).ok_or_else(|| {
        let names: Vec<&str> = mapping.key.iter().map(|key| short(key)).collect();
        format!("it has no {}, by which identities are told apart", names.join(" or no "))
    })?;
    Ok(Ready { id, document, passwords, weight, row: false, deleted })
}
