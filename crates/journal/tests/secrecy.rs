//! Nothing confidential can be read in the files of the data folder.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![allow(missing_docs, unreachable_pub)]
#![allow(clippy::wildcard_imports, reason = "the support module is made for it")]

mod support;

use std::fs;
use std::path::Path;

use intendant_journal::{EffectSet, Journal, NewJob, NewRecord};
use model::effect::EntityContent;
use model::{Code, EntityWrite, OutboxPlace, OutcomeKind, RecordKind};
use serde_json::json;
use support::folder::{Folder, try_open};
use support::*;
use zeroize::Zeroizing;

const CANARIES: [&str; 9] = [
    "canary-body",
    "canary-secret",
    "canary-reply",
    "canary-content",
    "canary-output",
    "canary-delivery",
    "canary-entity",
    "canary-record",
    "canary-audit",
];

async fn write_canaries(journal: &dyn Journal) {
    let new = NewJob {
        body: b"canary-body".to_vec(),
        secrets: Some(Zeroizing::new(b"canary-secret".to_vec())),
        reply: Some(b"canary-reply".to_vec()),
        ..known_as("clear-id", b"canary-content", job_of("clear-subject", 1))
    };
    accept(journal, new).await;
    journal.change(start(1, at(10))).await.unwrap();
    let mut failed = retry(1, 1, at(20), at(30));
    failed.ended.as_mut().unwrap().output = b"canary-output".to_vec();
    failed.effects = EffectSet {
        entities: vec![EntityWrite {
            key: entity_key("clear-key"),
            expected_rev: 0,
            content: Some(EntityContent {
                state: "clear-state".to_owned(),
                label: "clear-label".to_owned(),
                body: json!({"x": "canary-entity"}),
            }),
        }],
        deliveries: vec![(
            delivery_id(1),
            delivery(1, at(1)).1,
            at(1),
            json!("canary-delivery").to_string().into_bytes(),
        )],
        follow_ups: Vec::new(),
        joins: Vec::new(),
        records: vec![record("canary-audit")],
        settles: Vec::new(),
    };
    journal.change(failed).await.unwrap();
    journal.record(record("canary-record")).await.unwrap();
}

fn record(body: &str) -> NewRecord {
    NewRecord {
        kind: RecordKind::Refusal,
        at: at(1),
        who: "clear-who".to_owned(),
        what: None,
        code: Code::from_static("unreadable"),
        message: "clear-message".to_owned(),
        body: body.as_bytes().to_vec(),
    }
}

fn found(folder: &Path, text: &str) -> bool {
    fs::read_dir(folder).unwrap().any(|entry| {
        let bytes = fs::read(entry.unwrap().path()).unwrap();
        bytes.windows(text.len()).any(|window| window == text.as_bytes())
    })
}

#[tokio::test]
async fn no_canary_is_found_in_any_file() {
    let folder = Folder::new();
    let journal = try_open(folder.path()).unwrap();
    write_canaries(&*journal).await;
    // While it is open there is a write-ahead log, afterwards there is not.
    for closed in [false, true] {
        if closed {
            journal.backup(folder.path().join("backup")).await.unwrap();
            journal.close().await;
        }
        for canary in CANARIES {
            assert!(!found(folder.path(), canary), "{canary}, closed: {closed}");
        }
        for clear in ["clear-id", "clear-subject", "clear-key", "clear-state", "clear-label", "clear-message"]
        {
            assert!(found(folder.path(), clear), "the search would find {clear}");
        }
    }
    // They are all there for who has the key.
    let journal = try_open(folder.path()).unwrap();
    let prepared = journal.prepare(id(1)).await.unwrap().unwrap();
    assert_eq!(prepared.secrets.as_ref().unwrap().as_slice(), b"canary-secret");
    assert_eq!(prepared.replies, [b"canary-reply".to_vec()]);
    assert_eq!(journal.attempts(id(1)).await.unwrap()[0].1.as_deref(), Some(&b"canary-output"[..]));
    assert_eq!(
        journal.deliveries(None, OutboxPlace::default(), 9).await.unwrap().rows[0].body,
        json!("canary-delivery")
    );
    let entity = journal.entity(entity_key("clear-key")).await.unwrap().unwrap();
    assert_eq!(entity.body, json!({"x": "canary-entity"}));
    assert_eq!(journal.record_body(1).await.unwrap().unwrap().1, b"canary-audit");
    assert_eq!(journal.record_body(2).await.unwrap().unwrap().1, b"canary-record");
}

#[tokio::test]
async fn a_scrubbed_secret_is_gone_from_the_file_also_as_sealed() {
    let folder = Folder::new();
    let journal = try_open(folder.path()).unwrap();
    write_canaries(&*journal).await;
    journal.close().await;
    let sealed: Vec<u8> = rusqlite::Connection::open(folder.database())
        .unwrap()
        .query_row("SELECT sealed FROM secret", [], |row| row.get(0))
        .unwrap();
    let holds = |sealed: &[u8]| {
        fs::read(folder.database()).unwrap().windows(16).any(|window| window == &sealed[24..40])
    };
    assert!(holds(&sealed));
    let journal = try_open(folder.path()).unwrap();
    journal.change(restart(1, 2, at(40))).await.unwrap();
    let settled = intendant_journal::Change { replies: 1, ..settle(1, 2, OutcomeKind::Done, at(50)) };
    journal.change(settled).await.unwrap();
    journal.close().await;
    assert!(!holds(&sealed));
}
