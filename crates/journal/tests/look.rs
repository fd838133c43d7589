//! A look at a journal while another handle, as a hub has it, goes on using it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![allow(missing_docs, unreachable_pub)]
#![allow(clippy::wildcard_imports, reason = "the support module is made for it")]

mod support;

use std::path::Path;
use std::sync::Arc;

use intendant_journal::{EffectSet, Error, Journal, Key, Look, Options, restore};

use support::{id, job};

fn key(byte: u8) -> Key {
    Key::from_bytes([byte; 32])
}

fn open(folder: &Path) -> Arc<dyn Journal> {
    intendant_journal::open(Options::new(folder, key(7)), Arc::new(|_| {})).unwrap()
}

#[tokio::test]
async fn it_sees_what_is_committed_and_keeps_nobody_out() {
    let folder = tempfile::tempdir().unwrap();
    assert!(Look::open(folder.path(), &key(7).into()).unwrap().is_none(), "there is no journal yet");
    let journal = open(folder.path());
    journal.accept(job(1), EffectSet::default()).await.unwrap();

    let look = Look::open(folder.path(), &key(7).into()).unwrap().unwrap();
    assert_eq!(look.id(), journal.id());
    assert_eq!(look.job(id(1)).unwrap().unwrap().body, b"the body of 1");
    assert!(look.job(id(2)).unwrap().is_none());
    journal.accept(job(2), EffectSet::default()).await.unwrap();
    assert!(look.job(id(2)).unwrap().is_some(), "what comes later is seen too");
    assert_eq!(look.check().unwrap(), Vec::<String>::new());
    assert!(matches!(Look::open(folder.path(), &key(8).into()), Err(Error::WrongKey { .. })));
}

#[tokio::test]
async fn a_backup_made_beside_a_hub_can_be_restored() {
    let folder = tempfile::tempdir().unwrap();
    let journal = open(&folder.path().join("data"));
    for number in 1..=500 {
        journal.accept(job(number), EffectSet::default()).await.unwrap();
    }
    let look = Look::open(folder.path().join("data"), &key(7).into()).unwrap().unwrap();
    let file = folder.path().join("backup.db");
    look.backup(&file).unwrap();
    assert!(matches!(look.backup(&file), Err(Error::Occupied { .. })), "nothing is overwritten");
    journal.accept(job(501), EffectSet::default()).await.unwrap();

    assert_eq!(restore(&file, &folder.path().join("restored"), &key(7).into()).unwrap().jobs, 500);
}
