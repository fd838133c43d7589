//! Files of identities.

use std::collections::HashSet;

use identities::document::is_id;
use identities::import::{Format, Mapping, Ready, Record, read};
use serde_json::{Value, json};

/// The first line is the format, and a mapping after it; the rest is the file, which is read as the other formats, too.
/// What can be used is somebody once, and the same person when it is written out and comes back; what cannot is refused
/// in words.
pub(crate) fn run(bytes: &[u8]) {
    let end = bytes.iter().position(|byte| *byte == b'\n').unwrap_or(bytes.len());
    let (head, file) = bytes.split_at_checked(end).unwrap_or_default();
    let head = String::from_utf8_lossy(head);
    let (named, mapping) = head.split_once(' ').unwrap_or((&head, ""));
    let mapping = match Mapping::parse(mapping) {
        Ok(mapping) => mapping,
        Err(why) => {
            assert!(!why.0.is_empty(), "a mapping is refused without a word");
            Mapping::default()
        }
    };
    let file = file.strip_prefix(b"\n").unwrap_or(file);
    for format in Format::ALL {
        // The others need no mapping to be tried.
        let mapping = if format.as_str() == named { &mapping } else { &Mapping::default() };
        match read(file, format, mapping) {
            Ok(records) => check(&records.collect::<Vec<_>>()),
            Err(why) => assert!(!why.is_empty(), "a file is refused without a word"),
        }
    }
}

fn check(records: &[Record]) {
    let mut people = HashSet::new();
    for record in records {
        assert!(record.line > 0, "a record without a line");
        match &record.identity {
            Ok(ready) => {
                assert!(is_id(&ready.id), "{:?} is no id", ready.id);
                assert!(people.insert(&ready.id), "{} is there twice", ready.id);
                comes_back(ready);
            }
            Err(why) => assert!(!why.is_empty(), "a record is refused without a word"),
        }
    }
}

/// What is exported and imported again changes nothing.
fn comes_back(ready: &Ready) {
    let mut document = ready.document.clone();
    document.insert("_id".to_owned(), json!(ready.id));
    let written = Value::Object(document).to_string();
    let mapping = Mapping::default();
    let again = read(written.as_bytes(), Format::Ndjson, &mapping).expect("lines can always be read");
    let again: Vec<Record> = again.collect();
    let same = Ready { passwords: 0, row: false, ..ready.clone() };
    assert_eq!(again, [Record { line: 1, identity: Ok(same) }], "written out, it is another one");
}
