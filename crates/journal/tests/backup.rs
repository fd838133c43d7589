//! Backup while work goes on, and restore.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![allow(missing_docs, unreachable_pub)]
#![allow(clippy::wildcard_imports, reason = "the support module is made for it")]

mod support;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use intendant_journal::{EffectSet, Error, Filter, Key, Order, Page, restore};
use model::{JobState, OutcomeKind};
use support::folder::{Folder, key, try_open};
use support::*;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_is_whole_however_busy_the_journal_is() {
    let folder = Folder::new();
    let journal = try_open(folder.path()).unwrap();
    for number in 1..=300 {
        let mut big = job_of("ann", number);
        big.body = vec![b'x'; 20_000];
        accept(&*journal, big).await;
    }
    let done = Arc::new(AtomicBool::new(false));
    let writer = tokio::spawn({
        let (journal, done) = (Arc::clone(&journal), Arc::clone(&done));
        async move {
            let mut number = 1_000;
            while !done.load(Ordering::Relaxed) {
                number += 1;
                accept(&*journal, job(number)).await;
                run(&*journal, number, OutcomeKind::Done, at(5)).await;
            }
        }
    });
    let to = folder.path().join("backup.db");
    let backup = journal.backup(to.clone());
    // Queued behind it: it is written between two of its steps, and so becomes part of it.
    let meanwhile = journal.accept(job(999), EffectSet::default());
    backup.await.unwrap();
    meanwhile.await.unwrap();
    done.store(true, Ordering::Relaxed);
    writer.await.unwrap();
    assert_eq!(fs::metadata(&to).unwrap().permissions().mode() & 0o777, 0o600);
    for suffix in ["-wal", "-shm", "-journal"] {
        assert!(!folder.path().join(format!("backup.db{suffix}")).exists(), "one file");
    }

    let elsewhere = Folder::new();
    let found = restore(&to, elsewhere.path(), &key().into()).unwrap();
    assert!(found.jobs > 300 && found.id == journal.id());
    let restored = try_open(elsewhere.path()).unwrap();
    assert!(restored.job(id(999)).await.unwrap().is_some(), "work went on meanwhile");
    assert_eq!(restored.id(), journal.id());
    sound(&*restored).await;
    assert_eq!(restored.prepare(id(300)).await.unwrap().unwrap().body.len(), 20_000);
    // It goes on from where the backup was made.
    restored.change(start(1, at(10))).await.unwrap();
    assert_eq!(the_job(&*restored, 1).await.state, JobState::Running);
    assert_eq!(the_job(&*journal, 1).await.state, JobState::Queued);
}

#[tokio::test]
async fn nothing_is_overwritten() {
    let folder = Folder::new();
    let journal = try_open(folder.path()).unwrap();
    accept(&*journal, job(1)).await;
    let to = folder.path().join("backup.db");
    fs::write(&to, "precious").unwrap();
    assert!(matches!(journal.backup(to.clone()).await, Err(Error::Occupied { .. })));
    assert_eq!(fs::read_to_string(&to).unwrap(), "precious");
    fs::remove_file(&to).unwrap();
    journal.backup(to.clone()).await.unwrap();
    let error = restore(&to, folder.path(), &key().into()).unwrap_err();
    assert!(matches!(error, Error::Occupied { .. }), "{error}");
    sound(&*journal).await;
}

#[tokio::test]
async fn a_backup_into_nowhere_is_an_error_and_leaves_nothing() {
    let folder = Folder::new();
    let journal = try_open(folder.path()).unwrap();
    let to = folder.path().join("missing").join("backup.db");
    let error = journal.backup(to.clone()).await.unwrap_err();
    assert!(error.to_string().contains("missing/backup.db"), "{error}");
    assert!(!to.exists());
    accept(&*journal, job(1)).await;
}

#[tokio::test]
async fn a_restore_is_verified_before_it_counts() {
    let folder = Folder::new();
    let journal = try_open(folder.path()).unwrap();
    for number in 1..=30 {
        accept(&*journal, job(number)).await;
    }
    let to = folder.path().join("backup.db");
    journal.backup(to.clone()).await.unwrap();

    let refused = |expected: fn(&Error) -> bool, key: Key| {
        let elsewhere = Folder::new();
        let error = restore(&to, elsewhere.path(), &key.into()).unwrap_err();
        assert!(expected(&error), "{error}");
        assert_eq!(fs::read_dir(elsewhere.path()).unwrap().count(), 0, "nothing is left behind");
    };
    refused(|error| matches!(error, Error::WrongKey { .. }), Key::from_bytes([8; 32]));
    let whole = fs::read(&to).unwrap();
    fs::write(&to, &whole[..whole.len() / 2]).unwrap();
    refused(|error| matches!(error, Error::Damaged(_)), key());
    fs::write(&to, b"").unwrap();
    refused(|error| matches!(error, Error::Damaged(_)), key());
    let mut changed = whole.clone();
    let place = whole.windows(12).position(|w| w == b"IDENTITY_UPD").unwrap();
    changed[place - 60..place].fill(0);
    fs::write(&to, &changed).unwrap();
    refused(|error| matches!(error, Error::Damaged(_)), key());

    fs::write(&to, &whole).unwrap();
    let elsewhere = Folder::new();
    assert_eq!(restore(&to, &elsewhere.path().join("data"), &key().into()).unwrap().jobs, 30);
    let restored = try_open(&elsewhere.path().join("data")).unwrap();
    let page = Page { after: None, order: Order::Newest, limit: 99 };
    let before = journal.jobs(Filter::default(), page).await.unwrap().rows;
    assert_eq!(restored.jobs(Filter::default(), page).await.unwrap().rows, before);
}

#[tokio::test]
async fn a_row_that_was_damaged_before_does_not_keep_the_others_from_being_restored() {
    let folder = Folder::new();
    let journal = try_open(folder.path()).unwrap();
    for number in 1..=3 {
        accept(&*journal, job(number)).await;
    }
    journal.close().await;
    let harm = "UPDATE body SET sealed = zeroblob(60) WHERE seq = 2";
    assert_eq!(rusqlite::Connection::open(folder.database()).unwrap().execute(harm, []).unwrap(), 1);
    let journal = try_open(folder.path()).unwrap();
    let to = folder.path().join("backup.db");
    journal.backup(to.clone()).await.unwrap();
    let elsewhere = Folder::new();
    let restored = restore(&to, elsewhere.path(), &key().into()).unwrap();
    assert_eq!((restored.jobs, restored.damaged.len()), (3, 1), "{restored:?}");
    assert!(restored.damaged[0].contains("body 2"), "{restored:?}");
    let again = try_open(elsewhere.path()).unwrap();
    assert_eq!(again.prepare(id(3)).await.unwrap().unwrap().damaged, []);
}
