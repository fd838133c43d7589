//! The data folder: who may look into it, who holds it, and what is refused at opening.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![allow(missing_docs, unreachable_pub)]
#![allow(clippy::wildcard_imports, reason = "the support module is made for it")]

mod support;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use intendant_journal::{EffectSet, Error, Key, Options};
use rusqlite::Connection;

use support::folder::{Folder, key, try_open};
use support::*;

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[tokio::test]
async fn only_its_owner_can_look_into_it() {
    let outer = tempfile::tempdir().unwrap();
    let folder = outer.path().join("var").join("intendant");
    let journal = try_open(&folder).unwrap();
    accept(&*journal, job(1)).await;
    assert_eq!(mode(&folder), 0o700);
    for entry in fs::read_dir(&folder).unwrap() {
        let path = entry.unwrap().path();
        assert_eq!(mode(&path), 0o600, "{}", path.display());
    }
    journal.close().await;
    // One that was made by hand becomes private.
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o755)).unwrap();
    try_open(&folder).unwrap();
    assert_eq!(mode(&folder), 0o700);
}

#[tokio::test]
async fn one_hub_at_a_time() {
    let folder = Folder::new();
    let first = try_open(folder.path()).unwrap();
    match try_open(folder.path()).err() {
        Some(Error::Locked { at: held, pid }) => {
            assert_eq!(held, folder.path().into());
            assert_eq!(pid, std::process::id().to_string());
        }
        other => panic!("expected the folder to be locked, got {other:?}"),
    }
    accept(&*first, job(1)).await;
    first.close().await;
    let second = try_open(folder.path()).unwrap();
    assert_eq!(the_job(&*second, 1).await.id, id(1));
}

/// A script that a killed hub was just starting has the hub's descriptors until it begins.
#[tokio::test]
async fn a_lock_that_a_killed_hub_still_holds_for_a_moment_is_waited_for() {
    let folder = Folder::new();
    let held = fs::File::create(folder.path().join("lock")).unwrap();
    held.lock().unwrap();
    let mut holder = Command::new("sleep").arg("0.2").stdin(held).spawn().unwrap();
    try_open(folder.path()).unwrap();
    holder.wait().unwrap();
}

#[tokio::test]
async fn one_hub_at_a_time_across_processes() {
    const CHILD: &str = "JOURNAL_TEST_LOCKED_FOLDER";
    if let Ok(folder) = std::env::var(CHILD) {
        let error = try_open(Path::new(&folder)).err().unwrap();
        println!("the child was told: {error}");
        return;
    }
    let folder = Folder::new();
    let journal = try_open(folder.path()).unwrap();
    let child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "one_hub_at_a_time_across_processes", "--nocapture"])
        .env(CHILD, folder.path())
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&child.stdout);
    let expected =
        format!("{} is in use by another hub (process {})", folder.path().display(), std::process::id());
    assert!(told.contains(&expected), "{told}");
    assert!(child.status.success(), "{told}");
    accept(&*journal, job(1)).await;
}

#[tokio::test]
async fn dropping_it_writes_what_is_queued() {
    let folder = Folder::new();
    let journal = try_open(folder.path()).unwrap();
    for number in 1..=50 {
        drop(journal.accept(job(number), EffectSet::default()));
    }
    drop(journal);
    let journal = try_open(folder.path()).unwrap();
    assert_eq!(the_job(&*journal, 50).await.seq, model::Seq(50));
}

#[tokio::test]
async fn another_key_is_refused() {
    let folder = Folder::new();
    let journal = try_open(folder.path()).unwrap();
    accept(&*journal, job(1)).await;
    journal.close().await;
    let other = Options::new(folder.path(), Key::from_bytes([8; 32]));
    let error = intendant_journal::open(other, Arc::new(|_| {})).err().unwrap();
    assert!(matches!(error, Error::WrongKey { .. }), "{error}");
    assert!(error.to_string().contains(&folder.path().display().to_string()), "{error}");
    let journal = try_open(folder.path()).unwrap();
    sound(&*journal).await;
}

#[tokio::test]
async fn a_newer_schema_is_refused() {
    let folder = Folder::new();
    try_open(folder.path()).unwrap().close().await;
    Connection::open(folder.database()).unwrap().pragma_update(None, "user_version", 99).unwrap();
    let error = try_open(folder.path()).err().unwrap();
    assert!(matches!(error, Error::Newer { found: 99, .. }), "{error}");
}

#[tokio::test]
async fn what_is_no_journal_is_left_alone() {
    let folder = Folder::new();
    fs::write(folder.database(), b"this is a letter to my bank, and no journal".repeat(100)).unwrap();
    let before = fs::read(folder.database()).unwrap();
    let error = try_open(folder.path()).err().unwrap();
    assert!(matches!(error, Error::Damaged(_)), "{error}");
    assert_eq!(fs::read(folder.database()).unwrap(), before);

    fs::remove_file(folder.database()).unwrap();
    Connection::open(folder.database()).unwrap().execute_batch("CREATE TABLE mine (x)").unwrap();
    let before = fs::read(folder.database()).unwrap();
    let error = try_open(folder.path()).err().unwrap();
    assert!(matches!(error, Error::Damaged(_)), "{error}");
    assert_eq!(fs::read(folder.database()).unwrap(), before);
}

#[tokio::test]
async fn the_key_is_in_none_of_its_files() {
    let folder = Folder::new();
    let journal = try_open(folder.path()).unwrap();
    accept(&*journal, job(1)).await;
    for entry in fs::read_dir(folder.path()).unwrap() {
        let bytes = fs::read(entry.unwrap().path()).unwrap();
        assert!(!bytes.windows(16).any(|window| window == [7; 16]));
    }
    assert!(!format!("{:?}", Options::new(folder.path(), key())).contains("7, 7"));
}
