//! A journal whose file went away: nothing is accepted into it, and none is begun anew in its place unasked.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![allow(missing_docs, unreachable_pub)]
#![allow(clippy::wildcard_imports, reason = "the support module is made for it")]

mod support;

use std::fs;
use std::path::Path;
use std::sync::Arc;

use intendant_journal::{EffectSet, Error, Journal, Options, identify};
use support::folder::{Folder, key, try_open};
use support::*;
use uuid::Uuid;

fn open(folder: &Path, expected: Uuid) -> Result<Arc<dyn Journal>, Error> {
    let options = Options { expected: Some(expected), ..Options::new(folder, key()) };
    intendant_journal::open(options, Arc::new(|_| {}))
}

async fn refused(journal: &dyn Journal, number: u64) {
    let accepted = journal.accept(job(number), EffectSet::default()).await;
    assert!(
        matches!(&accepted, Err(Error::Unwritable(why)) if why.contains("is not there any more")),
        "{accepted:?}"
    );
    let ready = journal.writable().await;
    assert!(matches!(&ready, Err(Error::Unwritable(why)) if why.contains("journal.db")), "{ready:?}");
}

#[tokio::test]
async fn nothing_is_accepted_into_a_file_that_went_away_and_all_is_when_it_is_back() {
    let outer = tempfile::tempdir().unwrap();
    let (folder, away) = (outer.path().join("data"), outer.path().join("away"));
    let journal = try_open(&folder).unwrap();
    accept(&*journal, job(1)).await;
    journal.writable().await.unwrap();

    fs::rename(&folder, &away).unwrap();
    refused(&*journal, 2).await;
    // An empty folder in its place, as below a file system that is not mounted, and one with another journal.
    fs::create_dir(&folder).unwrap();
    refused(&*journal, 3).await;
    drop(try_open(&folder).unwrap());
    refused(&*journal, 4).await;
    fs::remove_dir_all(&folder).unwrap();

    fs::rename(&away, &folder).unwrap();
    accept(&*journal, job(5)).await;
    while journal.writable().await.is_err() {}
    journal.close().await;
    let journal = try_open(&folder).unwrap();
    for (number, there) in [(1, true), (2, false), (3, false), (4, false), (5, true)] {
        assert_eq!(journal.job(id(number)).await.unwrap().is_some(), there, "{number}");
    }
    sound(&*journal).await;
}

#[tokio::test]
async fn a_log_that_was_removed_is_missed_as_well() {
    let folder = Folder::new();
    let journal = try_open(folder.path()).unwrap();
    accept(&*journal, job(1)).await;
    fs::remove_file(folder.log()).unwrap();
    refused(&*journal, 2).await;
}

#[tokio::test]
async fn one_that_has_to_be_there_is_not_made() {
    let outer = tempfile::tempdir().unwrap();
    let folder = outer.path().join("data");
    assert_eq!(identify(&folder).unwrap(), None);
    let journal = try_open(&folder).unwrap();
    let expected = journal.id();
    assert_eq!(identify(&folder).unwrap(), Some(expected), "also while it is in use");
    journal.close().await;
    open(&folder, expected).unwrap().close().await;

    let gone = |error: Error| assert!(matches!(error, Error::Gone { .. }), "{error}");
    fs::rename(folder.join("journal.db"), folder.join("moved")).unwrap();
    gone(open(&folder, expected).err().unwrap());
    fs::write(folder.join("journal.db"), "").unwrap();
    gone(open(&folder, expected).err().unwrap());
    fs::remove_dir_all(&folder).unwrap();
    gone(open(&folder, expected).err().unwrap());
    assert!(!folder.exists(), "nothing was made");

    let other = try_open(&folder).unwrap();
    other.close().await;
    let error = open(&folder, expected).err().unwrap();
    assert!(matches!(&error, Error::Another { found, .. } if *found == other.id()), "{error}");
}
