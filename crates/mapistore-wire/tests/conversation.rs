//! The stream socket's frames.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests: what is wrong ends them")]

use intendant_mapistore_wire as wire;
use proptest::prelude::*;
use wire::{Frames, FromHub, FromProcess, HIGHEST, Hello, LONGEST_FRAME, Notify, Reason, Triple, WireError};

fn alice() -> Triple<'static> {
    Triple::new("SOGo", "jérôme", "alice@example.org").unwrap()
}

fn from_process() -> Vec<FromProcess<'static>> {
    vec![
        FromProcess::Hello(Hello::new([7; 16], 4711, 123_456, "samba")),
        FromProcess::Snapshot,
        FromProcess::Set { triple: alice(), count: u64::MAX },
        FromProcess::Manager { backend: "SOGo", present: true },
        FromProcess::Manager { backend: "", present: false },
        FromProcess::SnapshotEnd,
        FromProcess::Anomalies(3),
        FromProcess::Answer { id: 9, code: -1, uri: Some("sogo://alice:*@inbox/") },
        FromProcess::Answer { id: 10, code: 21, uri: None },
        FromProcess::Sync(11),
        FromProcess::Goodbye,
    ]
}

fn from_hub() -> Vec<FromHub<'static>> {
    vec![
        FromHub::Welcome(HIGHEST),
        FromHub::Refused { reason: Reason::TooMany, why: "300 processes are connected" },
        FromHub::Refused { reason: Reason::Other(99), why: "" },
        FromHub::Notify(Notify { id: 1, triple: alice(), folder: Some("inbox"), message: None, root: None }),
        FromHub::Synced(11),
    ]
}

/// All that a stream says.
fn each(stream: &[u8], mut take: impl FnMut(wire::Frame<'_>)) -> Result<(), WireError> {
    let mut frames = Frames::default();
    for read in stream.chunks(1000) {
        frames.push(read);
        while let Some(frame) = frames.next_frame()? {
            take(frame);
        }
    }
    Ok(())
}

#[test]
fn what_a_process_says_is_understood() {
    let mut stream = Vec::new();
    for said in from_process() {
        said.encode(&mut stream).unwrap();
    }
    let mut expected = from_process().into_iter();
    each(&stream, |frame| assert_eq!(FromProcess::decode(frame), Ok(expected.next()))).unwrap();
    assert_eq!(expected.next(), None);
}

#[test]
fn what_the_hub_says_is_understood() {
    let mut stream = Vec::new();
    for said in from_hub() {
        said.encode(&mut stream).unwrap();
    }
    let mut expected = from_hub().into_iter();
    each(&stream, |frame| assert_eq!(FromHub::decode(frame), Ok(expected.next()))).unwrap();
    assert_eq!(expected.next(), None);
}

/// The format is a promise to programs that were built with an older library.
#[test]
fn the_bytes_are_those_that_were_published() {
    let mut stream = Vec::new();
    FromProcess::Hello(Hello {
        lowest: 1,
        highest: 2,
        instance: [0xab; 16],
        pid: 5,
        started: 6,
        program: "p",
    })
    .encode(&mut stream)
    .unwrap();
    let instance = "ab".repeat(16);
    let hello = format!("28000000014d53545201000200{instance}050000000600000000000000010070");
    assert_eq!(hex(&stream), hello);
    stream.clear();
    let triple = Triple::new("SOGo", "a", "é").unwrap();
    FromProcess::Set { triple, count: 2 }.encode(&mut stream).unwrap();
    assert_eq!(
        hex(&stream),
        "16000000040200000000000000".to_owned() + "0400534f476f" + "010061" + "0200c3a9"
    );
}

fn hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 15])
        .map(|n| char::from(b"0123456789abcdef"[usize::from(n)]))
        .collect()
}

/// A frame of this kind and body.
fn frame(kind: u8, body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len() + 1).unwrap();
    [&length.to_le_bytes()[..], &[kind], body].concat()
}

/// How the hub understands one frame.
fn understood(kind: u8, body: &[u8]) -> Result<bool, WireError> {
    let mut result = Ok(false);
    each(&frame(kind, body), |frame| result = FromProcess::decode(frame).map(|said| said.is_some()))?;
    result
}

#[test]
fn frames_of_the_future_are_skipped_or_refused() {
    assert_eq!(understood(0x80, b"anything"), Ok(false));
    assert_eq!(understood(0xff, b""), Ok(false));
    assert_eq!(understood(0x7f, b""), Err(WireError::Kind(0x7f)));
    assert_eq!(understood(0x00, b""), Err(WireError::Kind(0)));
    let mut hello = Vec::new();
    FromProcess::Hello(Hello::new([0; 16], 1, 1, "p")).encode(&mut hello).unwrap();
    assert_eq!(understood(0x01, &[&hello[5..], b"more of a later version"].concat()), Ok(true));
}

#[test]
fn what_is_wrong_is_named() {
    assert_eq!(understood(0x09, b"x"), Err(WireError::Long(1)));
    assert_eq!(understood(0x06, b"1234567"), Err(WireError::Short));
    assert_eq!(understood(0x05, b"\x02\x00\x00"), Err(WireError::Flag(2)));
    assert_eq!(understood(0x05, b"\x01\x02\x00\xff\xfe"), Err(WireError::Text));
    assert_eq!(understood(0x05, b"\x01\x01\x00\x00"), Err(WireError::Text));
    assert_eq!(
        understood(0x05, &[&[1, 1, 32][..], &[b'a'; 8193]].concat()),
        Err(WireError::TextLength(8193))
    );
    assert_eq!(understood(0x01, &[0; 60]), Err(WireError::Magic));
    let set = [&[0; 8][..], &[0xff, 0xff], &vec![b'a'; 0xffff - 30]].concat();
    assert_eq!(understood(0x04, &set), Err(WireError::Short));
    let names = [&[0; 8][..], &[0, 0x20], &[b'a'; 0x2000], &[0; 4]].concat();
    assert!(matches!(understood(0x04, &names), Err(WireError::Triple(_))));
    assert!(understood(0x80, &vec![0; LONGEST_FRAME - 1]).is_ok());
    assert!(matches!(understood(0x80, &vec![0; LONGEST_FRAME]), Err(WireError::Length(_))));
}

proptest! {
    #[test]
    fn any_bytes_are_understood_or_refused(stream in proptest::collection::vec(any::<u8>(), 0..300)) {
        let mut said = Vec::new();
        let _ = each(&stream, |frame| {
            if let Ok(Some(message)) = FromProcess::decode(frame) {
                message.encode(&mut said).unwrap();
            }
            let _ = FromHub::decode(frame);
        });
        prop_assert!(said.len() <= stream.len());
    }

    #[test]
    fn any_names_come_back_as_they_were(names in any::<[String; 3]>(), count in any::<u64>()) {
        let names = names.map(|name| name.replace('\0', ""));
        let triple = Triple::new(&names[0], &names[1], &names[2]).unwrap();
        let mut stream = Vec::new();
        FromProcess::Set { triple, count }.encode(&mut stream).unwrap();
        each(&stream, |frame| {
            assert_eq!(FromProcess::decode(frame), Ok(Some(FromProcess::Set { triple, count })));
        })
        .unwrap();
    }
}
