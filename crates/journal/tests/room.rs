//! No room: new work is refused clearly, nothing is half written, and work resumes by itself when there is room.
//!
//! The test mounts a small file system in memory, and so has to run as root.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![allow(missing_docs, unreachable_pub)]
#![allow(clippy::wildcard_imports, reason = "the support module is made for it")]

mod support;

use intendant_journal::{Acceptance, EffectSet, Error, NewJob};
use model::OutcomeKind;
use support::folder::try_open;
use support::*;
use tempfile::TempDir;
use testkit::disk::Disk;

/// A folder on a small disk.
fn small() -> (TempDir, Disk) {
    let folder = tempfile::tempdir().unwrap();
    let disk = Disk::mount(folder.path(), 6).unwrap();
    (folder, disk)
}

fn big(number: u64) -> NewJob {
    NewJob { body: vec![b'x'; 100_000], ..job_of("ann", number) }
}

#[tokio::test]
async fn a_full_disk_refuses_and_recovers_by_itself() {
    let (small, disk) = small();
    let folder = small.path().join("data");
    let journal = try_open(&folder).unwrap();
    accept(&*journal, job_of("bob", 1)).await;
    let mut accepted = Vec::new();
    let refused = loop {
        let number = 100 + accepted.len() as u64;
        match journal.accept(big(number), EffectSet::default()).await {
            Ok(answer) => {
                assert!(answer == Acceptance::New);
                accepted.push(number);
            }
            Err(error) => break error,
        }
        assert!(accepted.len() < 200, "the disk is never full");
    };
    assert!(matches!(refused, Error::Unwritable(_)), "{refused:?}");
    assert!(accepted.len() > 5);
    // All of a group answer the same, and reading goes on.
    let writes = (0..20).map(|n| journal.accept(big(1_000 + n), EffectSet::default()));
    for answer in futures_util::future::join_all(writes).await {
        assert!(matches!(answer, Err(Error::Unwritable(_))), "{answer:?}");
    }
    for number in &accepted {
        the_job(&*journal, *number).await;
    }
    assert_eq!(journal.job(id(1_000)).await.unwrap(), None);
    sound(&*journal).await;

    disk.remount("size=40m").unwrap();
    accept(&*journal, big(2_000)).await;
    run(&*journal, 1, OutcomeKind::Done, at(10)).await;
    sound(&*journal).await;
    journal.close().await;
    let journal = try_open(&folder).unwrap();
    sound(&*journal).await;
    for number in accepted {
        the_job(&*journal, number).await;
    }
}

#[tokio::test]
async fn that_it_has_no_room_is_known_until_there_is_some() {
    let (small, disk) = small();
    let journal = try_open(&small.path().join("data")).unwrap();
    journal.writable().await.unwrap();
    let mut number = 0;
    while journal.accept(big(number), EffectSet::default()).await.is_ok() {
        number += 1;
        assert!(number < 200, "the disk is never full");
    }
    // Less than a job may still be written: that alone says nothing.
    let full = journal.writable().await;
    assert!(matches!(full, Err(Error::Unwritable(_))), "{full:?}");
    disk.remount("size=40m").unwrap();
    let mut asked = 1;
    while journal.writable().await.is_err() {
        asked += 1;
        assert!(asked < 50, "there is room, and it is not seen");
    }
    accept(&*journal, big(9_000)).await;
    journal.writable().await.unwrap();
}

#[tokio::test]
async fn a_read_only_disk_is_refused_at_opening() {
    let (small, disk) = small();
    let folder = small.path().join("data");
    let journal = try_open(&folder).unwrap();
    accept(&*journal, job(1)).await;
    journal.close().await;
    drop(journal);
    disk.remount("ro").unwrap();
    let error = try_open(&folder).err().unwrap();
    assert!(matches!(error, Error::Unwritable(_) | Error::Io { .. }), "{error:?}");
    assert!(error.to_string().contains("ead-only"), "{error}");
    disk.remount("rw").unwrap();
    assert_eq!(the_job(&*try_open(&folder).unwrap(), 1).await.id, id(1));
}
