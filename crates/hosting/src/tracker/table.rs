//! Tables of schools: a heading, then a school on each row. Read whole before anything is done with it. Pure.

use std::collections::BTreeMap;

use csv::{ByteRecord, ReaderBuilder};
use serde_json::{Map, Value, json};

use super::act::NewSchool;
use super::bulk::BadRow;
use super::hosts::OWN;
use crate::api::faults_in_words;
use crate::hidden::Hidden;
use crate::values;

/// No table is longer, in bytes, nor has more rows.
const LONGEST: usize = 16 << 20;
const ROWS: usize = 100_000;
/// What columns may be called, in any case of letters; the first of each is its name here.
const COLUMNS: [(&str, &[&str]); 8] = [
    ("rne", &["rne", "uai", "school"]),
    ("griffe", &["griffe", "stamp"]),
    ("code", &["code"]),
    ("version", &["version"]),
    ("mail", &["mail", "email", "e-mail", "courriel"]),
    ("language", &["language", "langue", "lang"]),
    ("host", &["host", "hébergeur", "hebergeur"]),
    ("key", &["key", "clé", "cle"]),
];
/// The letters of Windows-1252 that Latin-1 does not have, from 0x80 on.
const WINDOWS: [char; 32] = [
    '€', '\u{81}', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\u{8d}', 'Ž', '\u{8f}', '\u{90}',
    '‘', '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\u{9d}', 'ž', 'Ÿ',
];

/// How a table was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// UTF-8.
    Utf8,
    /// As older spreadsheets write it.
    Windows1252,
}

impl Encoding {
    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Encoding::Utf8 => "UTF-8",
            Encoding::Windows1252 => "Windows-1252",
        }
    }
}

/// A table that was read.
#[derive(Debug, PartialEq)]
pub struct Table {
    /// How it was written.
    pub encoding: Encoding,
    /// The schools, each with its line.
    pub rows: Vec<(u64, NewSchool)>,
    /// The rows that cannot be used, with what is wrong with each.
    pub bad: Vec<BadRow>,
    /// Columns that nobody knows.
    pub unused: Vec<String>,
}

impl Table {
    /// Reads a table. An error is a sentence about the whole of it.
    pub fn read(file: &[u8]) -> Result<Self, String> {
        if file.len() > LONGEST {
            return Err(format!("the table is longer than {} MiB: split it", LONGEST >> 20));
        }
        let (encoding, text) = decoded(file)?;
        let separator = separator(&text);
        let mut reader = ReaderBuilder::new()
            .delimiter(separator)
            .has_headers(false)
            .flexible(true)
            .from_reader(text.as_bytes());
        let mut row = ByteRecord::new();
        let read = reader
            .read_byte_record(&mut row)
            .map_err(|error| format!("the heading cannot be read: {error}"))?;
        if !read {
            return Err(
                "the table is empty: its first line names the columns, such as rne;griffe;code;version;mail"
                    .to_owned(),
            );
        }
        let heading = Heading::read(&row)?;
        let mut table = Table { encoding, rows: Vec::new(), bad: Vec::new(), unused: heading.unused.clone() };
        let (mut seen, mut lines) = (BTreeMap::new(), Lines { text: text.as_bytes(), at: 0, line: 1 });
        loop {
            let more = reader.read_byte_record(&mut row);
            let line = lines.at(row.position().map_or(0, csv::Position::byte));
            match more {
                Ok(false) => break,
                Ok(true) if row.iter().all(|cell| cell.trim_ascii().is_empty()) => {}
                Ok(true) => match heading.school(&row) {
                    Ok(school) => match seen.insert(school.rne.clone(), line) {
                        None => table.rows.push((line, school)),
                        Some(first) => {
                            table.bad.push(BadRow {
                                line,
                                reason: format!("{} stands on line {first} already", school.rne),
                            });
                        }
                    },
                    Err(reason) => table.bad.push(BadRow { line, reason }),
                },
                Err(error) => return Err(format!("line {line} and what follows cannot be read: {error}")),
            }
            if table.rows.len() + table.bad.len() > ROWS {
                return Err(format!("the table has more than {ROWS} rows: split it"));
            }
        }
        if table.rows.is_empty() && table.bad.is_empty() {
            return Err("there is no row below the heading".to_owned());
        }
        Ok(table)
    }
}

/// Counts lines: the reader counts one too few where they end with two characters.
struct Lines<'t> {
    text: &'t [u8],
    at: usize,
    line: u64,
}

impl Lines<'_> {
    /// The line of the row that begins here, behind lines with nothing on them. Rows are asked for in their order.
    fn at(&mut self, byte: u64) -> u64 {
        let from = usize::try_from(byte).unwrap_or(usize::MAX).max(self.at);
        let rest = self.text.get(from..).unwrap_or_default();
        let row = from + rest.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
        let passed = self.text.get(self.at..row).unwrap_or_default();
        self.line += passed.iter().map(|byte| u64::from(*byte == b'\n')).sum::<u64>();
        self.at = row;
        self.line
    }
}

/// Which column is what.
struct Heading {
    columns: Vec<Option<&'static str>>,
    unused: Vec<String>,
}

impl Heading {
    fn read(row: &ByteRecord) -> Result<Self, String> {
        let mut heading = Heading { columns: Vec::new(), unused: Vec::new() };
        for cell in row {
            let name = String::from_utf8_lossy(cell).trim().to_lowercase();
            let known = COLUMNS.iter().find(|(_, names)| names.contains(&name.as_str())).map(|(own, _)| *own);
            if known.is_some() && heading.columns.contains(&known) {
                return Err(format!(
                    "two columns are called {}: give each its own name",
                    known.unwrap_or_default()
                ));
            }
            if known.is_none() && !name.is_empty() {
                heading.unused.push(name.chars().take(60).collect());
            }
            heading.columns.push(known);
        }
        if heading.columns.contains(&Some("rne")) {
            return Ok(heading);
        }
        let all = COLUMNS.map(|(own, _)| own).join(", ");
        Err(format!("no column is called rne: the first line names the columns; known are {all}"))
    }

    fn school(&self, row: &ByteRecord) -> Result<NewSchool, String> {
        if row.len() != self.columns.len() {
            return Err(format!("it has {} cells, and the heading {}", row.len(), self.columns.len()));
        }
        let cell = |wanted: &str| {
            let place = self.columns.iter().position(|name| *name == Some(wanted))?;
            let text = std::str::from_utf8(row.get(place)?).ok()?.trim();
            Some(text).filter(|text| !text.is_empty())
        };
        let rne = cell("rne").ok_or("the school's number (rne) is missing")?;
        let mut said = Map::new();
        said.insert("rne".to_owned(), json!(rne));
        let values = ["griffe", "code", "version"].map(|name| (name, cell(name)));
        let given = values.iter().filter(|(_, value)| value.is_some()).count();
        let mut fault = None;
        if given == 0 {
            // It is only looked at: the reader wants to know the number, and nothing more.
            said.extend(
                values.map(|(name, _)| (name.to_owned(), json!(if name == "version" { "CL" } else { "-" }))),
            );
        } else {
            said.extend(values.iter().filter_map(|(name, value)| {
                let value =
                    if *name == "version" { value.map(str::to_uppercase) } else { value.map(str::to_owned) };
                Some(((*name).to_owned(), Value::from(value?)))
            }));
        }
        if let Some(mail) = cell("mail") {
            let language = cell("language").unwrap_or("fr").to_lowercase();
            said.insert("contact".to_owned(), json!({ "mail": mail, "language": language }));
        } else if cell("language").is_some() {
            fault = Some("there is a language and no mail address".to_owned());
        }
        match values::read_new(&Value::Object(said)) {
            Ok((rne, mut values)) if fault.is_none() => {
                let contact = values.contact.take();
                Ok(NewSchool {
                    rne,
                    host: cell("host").unwrap_or(OWN).to_owned(),
                    values: (given > 0).then_some(values),
                    key: cell("key").map(Hidden::new),
                    contact,
                    tell: false,
                })
            }
            Ok(_) => Err(fault.unwrap_or_default()),
            Err(faults) => {
                Err(faults_in_words(faults).into_iter().chain(fault).collect::<Vec<_>>().join("; "))
            }
        }
    }
}

/// A table as text, and how it was written.
fn decoded(file: &[u8]) -> Result<(Encoding, String), String> {
    if file.starts_with(b"\xff\xfe") || file.starts_with(b"\xfe\xff") {
        return Err("the table is written in UTF-16: save it as CSV in UTF-8".to_owned());
    }
    let file = file.strip_prefix(b"\xef\xbb\xbf").unwrap_or(file);
    if let Ok(text) = std::str::from_utf8(file) {
        return Ok((Encoding::Utf8, text.to_owned()));
    }
    if file.contains(&0) {
        return Err("this is no table: save it as CSV in UTF-8".to_owned());
    }
    let letter = |byte: &u8| match byte {
        0x80..=0x9f => WINDOWS.get(usize::from(byte - 0x80)).copied().unwrap_or('\u{fffd}'),
        byte => char::from(*byte),
    };
    Ok((Encoding::Windows1252, file.iter().map(letter).collect()))
}

/// What stands between the columns: whatever the heading has most of.
fn separator(text: &str) -> u8 {
    let heading = text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
    let count = |separator: u8| heading.bytes().filter(|byte| *byte == separator).count();
    [b';', b',', b'\t']
        .into_iter()
        .max_by_key(|separator| (count(*separator), *separator == b';'))
        .unwrap_or(b';')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Table {
        Table::read(text.as_bytes()).unwrap()
    }

    fn bad(table: &Table) -> Vec<(u64, &str)> {
        table.bad.iter().map(|row| (row.line, row.reason.as_str())).collect()
    }

    #[test]
    fn a_table_of_a_french_spreadsheet_is_read() {
        let text = "RNE;Griffe;Code;Version;Courriel;Langue;Ville\r\n0750655e;\"Lycée \"\"Été\"\"\";k-1;cl;cdi@lycee.example;;Paris\r\n\r\n0750654D;;;;;;\r\n";
        let table = read(text);
        assert_eq!(
            (table.encoding, bad(&table), &table.unused),
            (Encoding::Utf8, vec![], &vec!["ville".to_owned()])
        );
        let [(2, first), (4, second)] = &table.rows[..] else { panic!("{table:?}") };
        let values = first.values.as_ref().unwrap();
        assert_eq!(
            (first.rne.as_str(), values.griffe.as_str(), values.code.expose()),
            ("0750655E", "Lycée \"Été\"", "k-1")
        );
        assert_eq!(first.contact.as_ref().map(|contact| contact.language.as_str()), Some("fr"));
        assert_eq!((first.host.as_str(), values.contact.as_ref()), (OWN, None), "who is told stays here");
        assert_eq!((second.values.as_ref(), second.contact.as_ref()), (None, None));
        assert!(!format!("{table:?}").contains("k-1"));
    }

    #[test]
    fn an_older_encoding_is_read_and_told() {
        let table = Table::read(b"rne,griffe,code,version\n0750655E,Coll\xe8ge \x8cuvre,k,SP\n").unwrap();
        assert_eq!(table.encoding, Encoding::Windows1252);
        assert_eq!(table.rows[0].1.values.as_ref().unwrap().griffe, "Collège Œuvre");
        assert_eq!(read("\u{feff}rne\n0750655E\n").encoding, Encoding::Utf8);
        assert!(Table::read(b"\xff\xfer\0n\0e\0").unwrap_err().contains("UTF-16"));
    }

    #[test]
    fn every_bad_row_is_named_with_its_line() {
        let table = read(
            "rne\tgriffe\tcode\tversion\tmail\tlanguage\n0750655F\ta\tb\tCL\t\t\n0750655E\ta\t\tXX\t\t\n0750654D\ta\tb\tCL\tnobody\tde\n0750654D\ta\tb\n0750654D\ta\tb\tCL\t\tfr\n0750654D\ta\tb\tCL\t\t\n0750654D\ta\tb\tCL\t\t\n",
        );
        let lines: Vec<_> = table.bad.iter().map(|row| row.line).collect();
        assert_eq!((lines, table.rows.len()), (vec![2, 3, 4, 5, 6, 8], 1), "{table:?}");
        let reasons: Vec<_> = table.bad.iter().map(|row| row.reason.as_str()).collect();
        assert!(reasons[0].contains("rne") && reasons[0].contains("would be E"), "{reasons:?}");
        assert!(reasons[1].contains("code") && reasons[1].contains("version"), "{reasons:?}");
        assert!(reasons[2].contains("mail") && reasons[2].contains("language"), "{reasons:?}");
        assert!(reasons[3].contains("3 cells") && reasons[4].contains("no mail"), "{reasons:?}");
        assert!(reasons[5].contains("line 7"), "{reasons:?}");
    }

    #[test]
    fn what_is_no_table_is_refused_with_a_sentence() {
        for (file, words) in [
            ("", "empty"),
            ("rne;griffe\n", "no row"),
            ("name;town\nx;y\n", "no column is called rne"),
            ("rne;uai\n1;2\n", "two columns"),
            ("a\0b\u{80}", "no column"),
        ] {
            let why = Table::read(file.as_bytes()).unwrap_err();
            assert!(why.contains(words), "{file:?}: {why}");
        }
        assert!(Table::read(b"PK\x03\x04\0\0\x80\xff").unwrap_err().contains("no table"));
        assert!(Table::read(&vec![b'a'; LONGEST + 1]).unwrap_err().contains("16 MiB"));
    }
}
