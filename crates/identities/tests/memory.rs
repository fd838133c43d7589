//! What an import takes in memory: in a process of its own, by its peak.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod support;

use std::fmt::Write as _;

use intendant_identities::import::{Format, Mapping};
use intendant_identities::register::{File, Options, Portions};
use support::{Bed, actor};

/// Bytes of memory that this process had at most so far.
fn peak() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<usize>().unwrap() << 10
}

#[tokio::test(flavor = "multi_thread")]
async fn a_large_table_is_never_in_memory_as_documents() {
    let bed = Bed::new().await;
    let (columns, people) = (500, 2_000);
    let mut file = "uid".to_owned();
    for column in 0..columns {
        write!(file, ",inetOrgPerson.c{column}").unwrap();
    }
    for person in 0..people {
        write!(file, "\np{person}{}", ",x".repeat(columns)).unwrap();
    }
    let bytes = file.into_bytes();
    let length = bytes.len();
    let before = peak();
    let file = File {
        bytes: bytes.into(),
        format: Format::Csv,
        encoding: None,
        mapping: Mapping::default(),
        memory: None,
    };
    let portions = Portions::open(file).await.unwrap();
    assert_eq!(portions.of, people);
    let options = Options { dry_run: true, ..Options::default() };
    let report = bed.register.import(portions, options, &actor(), |_| {}).await.unwrap();
    assert_eq!(report.new, people, "{report:?}");
    let grown = peak() - before;
    // As documents they would be a hundred times their bytes.
    assert!(grown < 64 << 20, "{grown} bytes for a file of {length}");
}
