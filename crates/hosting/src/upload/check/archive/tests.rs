#![allow(clippy::cast_possible_truncation, reason = "what is made here is short")]

use std::io::Cursor;

use proptest::prelude::*;

use super::*;

const LIMITS: ArchiveLimits = ArchiveLimits { entries: 100, unpacked: 1 << 30, ratio: 100, nested: 2 };

/// An entry of an archive that is made to be odd.
#[derive(Clone)]
struct Made {
    name: Vec<u8>,
    listed_name: Option<Vec<u8>>,
    bytes: Vec<u8>,
    unpacked: u32,
    method: u16,
    flags: u16,
    mode: u32,
    at: Option<u32>,
    extra: Vec<u8>,
}

fn file(name: &str) -> Made {
    Made {
        name: name.as_bytes().to_vec(),
        listed_name: None,
        bytes: b"notices".to_vec(),
        unpacked: 7,
        method: 0,
        flags: 1 << 11,
        mode: 0o100_644,
        at: None,
        extra: Vec::new(),
    }
}

fn made(entries: &[Made]) -> Vec<u8> {
    let (mut archive, mut listed) = (Vec::new(), Vec::new());
    for entry in entries {
        let at = entry.at.unwrap_or(archive.len() as u32);
        let head = |name: &[u8], extra: usize| {
            let mut head = Vec::new();
            head.extend(20_u16.to_le_bytes());
            head.extend(entry.flags.to_le_bytes());
            head.extend(entry.method.to_le_bytes());
            head.extend([0; 8]);
            head.extend((entry.bytes.len() as u32).to_le_bytes());
            head.extend(entry.unpacked.to_le_bytes());
            head.extend((name.len() as u16).to_le_bytes());
            head.extend((extra as u16).to_le_bytes());
            head
        };
        archive.extend(b"PK\x03\x04");
        archive.extend(head(&entry.name, 0));
        archive.extend(&entry.name);
        archive.extend(&entry.bytes);
        let name = entry.listed_name.as_ref().unwrap_or(&entry.name);
        listed.extend(b"PK\x01\x02");
        listed.extend(((3_u16 << 8) | 0x14).to_le_bytes());
        listed.extend(head(name, entry.extra.len()));
        listed.extend([0; 6]);
        listed.extend((entry.mode << 16).to_le_bytes());
        listed.extend(at.to_le_bytes());
        listed.extend(name);
        listed.extend(&entry.extra);
    }
    ended(archive, &listed, entries.len())
}

fn ended(mut archive: Vec<u8>, listed: &[u8], entries: usize) -> Vec<u8> {
    let start = archive.len() as u32;
    archive.extend(listed);
    archive.extend(b"PK\x05\x06\0\0\0\0");
    archive.extend((entries as u16).to_le_bytes());
    archive.extend((entries as u16).to_le_bytes());
    archive.extend((listed.len() as u32).to_le_bytes());
    archive.extend(start.to_le_bytes());
    archive.extend([0; 2]);
    archive
}

fn looked(archive: &[u8]) -> Result<Looked, Reason> {
    match look(&mut Cursor::new(archive), archive.len() as u64, &LIMITS) {
        Ok(looked) => Ok(looked),
        Err(Bad::Refused(refusal)) => Err(refusal.reason),
        Err(Bad::Unread(error)) => panic!("{error}"),
    }
}

fn refused(entry: Made) -> Reason {
    looked(&made(&[file("base.mdb"), entry])).expect_err("it is taken")
}

#[test]
fn an_archive_as_schools_have_it_is_taken() {
    let folder = Made { bytes: Vec::new(), unpacked: 0, mode: 0o040_755, ..file("base/") };
    let archive = made(&[folder, file("base/Élèves.mdb"), file("base/old.zip")]);
    assert_eq!(looked(&archive), Ok(Looked { entries: 3, unpacked: 14, nested: 1 }));
    // Letters of an old character set are letters, and two of them are two.
    let old = |byte| Made { name: vec![b'a', byte], flags: 0, ..file("") };
    assert!(looked(&made(&[old(0x82), old(0x87)])).is_ok());
}

#[test]
fn names_that_lead_out_or_are_none_everywhere_are_refused() {
    for name in [
        "../evil.mdb",
        "a/../../evil.mdb",
        "/etc/passwd",
        "C:/evil.mdb",
        "C:evil.mdb",
        "a\\..\\evil.mdb",
        "a//b",
        "./a",
        "nul.mdb",
        "a/COM1",
        "a\0b",
        "a\nb",
        "a\u{202e}bdm",
        "trailing.",
        "trailing /a",
        "",
    ] {
        assert_eq!(refused(file(name)), Reason::ArchiveName, "{name:?}");
    }
    assert_eq!(refused(file(&"x".repeat(2_000))), Reason::ArchiveName);
    assert_eq!(refused(file(&"a/".repeat(40))), Reason::ArchiveName);
    assert_eq!(refused(file("BASE.MDB")), Reason::ArchiveTwice);
    assert_eq!(refused(file("base.mdb/")), Reason::ArchiveTwice, "a file is no folder");
}

#[test]
fn links_devices_passwords_and_rare_packings_are_refused() {
    assert_eq!(refused(Made { mode: 0o120_777, ..file("link") }), Reason::ArchiveLink);
    assert_eq!(refused(Made { mode: 0o020_600, ..file("tty") }), Reason::ArchiveLink);
    assert_eq!(refused(Made { mode: 0o010_600, ..file("pipe") }), Reason::ArchiveLink);
    assert_eq!(refused(Made { flags: 1, ..file("locked") }), Reason::ArchiveEncrypted);
    assert_eq!(refused(Made { extra: vec![0x01, 0x99, 0, 0], ..file("aes") }), Reason::ArchiveEncrypted);
    assert_eq!(refused(Made { method: 14, ..file("lzma") }), Reason::ArchiveMethod);
}

#[test]
fn what_becomes_too_much_is_refused() {
    let bomb = Made { method: 8, unpacked: 1 << 29, ..file("bomb") };
    assert_eq!(looked(&made(&[bomb])), Err(Reason::ArchiveRatio));
    let huge = Made { method: 8, unpacked: u32::MAX - 1, ..file("huge") };
    assert_eq!(looked(&made(&[huge])), Err(Reason::ArchiveUnpacked));
    let many: Vec<Made> = (0..101).map(|n| file(&format!("{n}"))).collect();
    assert_eq!(looked(&made(&many)), Err(Reason::ArchiveEntries));
    let nested: Vec<Made> = (0..3).map(|n| file(&format!("{n}.zip"))).collect();
    assert_eq!(looked(&made(&nested)), Err(Reason::ArchiveNested));
}

#[test]
fn entries_that_share_their_bytes_are_refused() {
    let again = Made { at: Some(0), ..file("base.mdb") };
    let twice = Made { listed_name: Some(b"base.mdb".to_vec()), ..again };
    assert_eq!(looked(&made(&[file("base.mdb"), twice])), Err(Reason::ArchiveTwice));
    // Under other names, whose local heads then differ or overlap.
    let overlapping = Made { at: Some(0), ..file("copy.mdb") };
    let reason = looked(&made(&[file("base.mdb"), overlapping])).unwrap_err();
    assert!(matches!(reason, Reason::ArchiveOverlap | Reason::ArchiveBroken), "{reason:?}");
    let inner = Made { at: Some(3), ..file("b") };
    assert_eq!(looked(&made(&[file("base.mdb"), inner])), Err(Reason::ArchiveOverlap));
}

#[test]
fn what_can_be_read_in_two_ways_is_refused() {
    let other = Made { listed_name: Some(b"harmless".to_vec()), ..file("evil.exe") };
    assert_eq!(refused(other), Reason::ArchiveBroken);
    assert_eq!(refused(Made { unpacked: 9, ..file("stored longer than it is") }), Reason::ArchiveBroken);
    let second_name = vec![0x75, 0x70, 0, 0];
    assert_eq!(refused(Made { extra: second_name, ..file("named twice") }), Reason::ArchiveBroken);
    let zip64 = [vec![1, 0, 8, 0], vec![0; 8]].concat();
    assert_eq!(refused(Made { extra: zip64, ..file("sized twice") }), Reason::ArchiveBroken);
    assert_eq!(refused(Made { name: vec![0xff], ..file("") }), Reason::ArchiveBroken, "it says UTF-8");
    let good = made(&[file("base.mdb")]);
    let before = [b"#!/bin/sh\n".to_vec(), good.clone()].concat();
    assert_eq!(looked(&before), Err(Reason::ArchiveBroken), "something stands before it");
    let after = [good.clone(), b"more".to_vec()].concat();
    assert_eq!(looked(&after), Err(Reason::ArchiveBroken), "something stands behind it");
    let mut hidden = made(&[file("base.mdb"), file("hidden.exe")]);
    let end = hidden.len() - 22;
    hidden[end + 8] = 1;
    hidden[end + 10] = 1;
    assert_eq!(looked(&hidden), Err(Reason::ArchiveBroken), "an entry is not counted");
    assert_eq!(looked(b"PK\x03\x04"), Err(Reason::ArchiveBroken));
    assert_eq!(looked(&made(&[])), Err(Reason::ArchiveEmpty));
    assert_eq!(
        looked(&made(&[Made { bytes: Vec::new(), unpacked: 0, ..file("a/") }])),
        Err(Reason::ArchiveEmpty)
    );
}

/// The same archive with the records of Zip64 at its end.
fn wide(change: impl Fn(&mut Vec<u8>)) -> Vec<u8> {
    let short = made(&[file("base.mdb")]);
    let end = short.len() - 22;
    let start = u32::from_le_bytes(short[end + 16..end + 20].try_into().unwrap());
    let mut record = b"PK\x06\x06".to_vec();
    record.extend(44_u64.to_le_bytes());
    record.extend([45, 0, 45, 0]);
    record.extend([0; 8]);
    record.extend(1_u64.to_le_bytes());
    record.extend(1_u64.to_le_bytes());
    record.extend((end as u64 - u64::from(start)).to_le_bytes());
    record.extend(u64::from(start).to_le_bytes());
    change(&mut record);
    let mut archive = short[..end].to_vec();
    archive.extend(&record);
    archive.extend(b"PK\x06\x07\0\0\0\0");
    archive.extend((end as u64).to_le_bytes());
    archive.extend(1_u32.to_le_bytes());
    archive.extend(b"PK\x05\x06\0\0\0\0\xff\xff\xff\xff");
    archive.extend([0xff; 8]);
    archive.extend([0; 2]);
    archive
}

#[test]
fn zip64_is_read_and_contradicts_nothing() {
    assert_eq!(looked(&wide(|_| {})), Ok(Looked { entries: 1, unpacked: 7, nested: 0 }));
    for place in [4, 16, 24, 32, 40, 48] {
        let changed = wide(|record| record[place] ^= 1);
        assert_eq!(looked(&changed), Err(Reason::ArchiveBroken), "{place}");
    }
}

proptest! {
    #[test]
    fn no_bytes_break_it(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let _ = look(&mut Cursor::new(&bytes), bytes.len() as u64, &LIMITS);
    }

    #[test]
    fn no_change_of_one_byte_breaks_it(place in 0_usize..400, to in any::<u8>()) {
        let mut archive = wide(|_| {});
        let place = place % archive.len();
        archive[place] = to;
        let _ = look(&mut Cursor::new(&archive), archive.len() as u64, &LIMITS);
    }
}
