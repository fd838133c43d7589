//! Reads identities out of files: JSON, NDJSON, CSV, LDIF. Pure: a file's text becomes records, each with its line, good
//! or with the reason why not. What is wrong with one record never hides another.

mod csv;
mod json;
mod ldif;
mod mapping;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::document::{self, Taken};
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
}

/// A record as its format gives it, before the mapping.
struct Raw {
    line: u64,
    content: Result<Cells, String>,
}

/// The content of a record.
enum Cells {
    /// Names and values, in order; a name may come more than once.
    Flat(Vec<(String, Value)>),
    /// A whole document.
    Document(Value),
}

/// Reads a whole file. An error says why nothing at all can be read.
pub fn read(file: &[u8], format: Format, mapping: &Mapping) -> Result<Vec<Record>, String> {
    // Spreadsheets write one.
    let file = file.strip_prefix(b"\xef\xbb\xbf").unwrap_or(file);
    let raw = match format {
        Format::Json => json::array(file)?,
        Format::Ndjson => json::lines(file),
        Format::Csv => csv::rows(file, mapping.separator)?,
        Format::Ldif => ldif::entries(file),
    };
    let mut seen: HashMap<String, u64> = HashMap::new();
    Ok(raw.into_iter().map(|raw| record(raw, mapping, &mut seen)).collect())
}

fn record(raw: Raw, mapping: &Mapping, seen: &mut HashMap<String, u64>) -> Record {
    let line = raw.line;
    let identity = raw.content.and_then(|cells| ready(cells, mapping)).and_then(|ready| {
        match seen.entry(ready.id.clone()) {
            Entry::Occupied(first) => Err(format!("it is the same identity as on line {}", first.get())),
            Entry::Vacant(new) => {
                new.insert(line);
                Ok(ready)
            }
        }
    });
    Record { line, identity }
}

fn ready(cells: Cells, mapping: &Mapping) -> Result<Ready, String> {
    let Taken { id, document, passwords } = document::take(mapping.document(cells)?)?;
    let derived = || document::derived_id(&document, &mapping.key);
    let id = id.or_else(derived).ok_or_else(|| {
        let names: Vec<&str> = mapping.key.iter().map(|key| mapping::short(key)).collect();
        format!("it has no {}, by which identities are told apart", names.join(" or no "))
    })?;
    Ok(Ready { id, document, passwords })
}
