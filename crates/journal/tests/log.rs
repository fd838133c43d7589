//! The write-ahead log stays within its bound.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![allow(missing_docs, unreachable_pub)]
#![allow(clippy::wildcard_imports, reason = "the support module is made for it")]

mod support;

use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use futures_util::future::join_all;
use intendant_journal::{EffectSet, Error, Journal, NewJob, Options};
use rusqlite::Connection;
use support::folder::{Folder, key};
use support::*;

const BOUND: u64 = 1024 * 1024;

fn open(folder: &Folder) -> Arc<dyn Journal> {
    let options = Options { wal_bound: BOUND, ..Options::new(folder.path(), key()) };
    intendant_journal::open(options, Arc::new(|_| {})).unwrap()
}

fn length(folder: &Folder) -> u64 {
    fs::metadata(folder.log()).unwrap().len()
}

/// Sixteen submitters, so many jobs of 10 kB; returns how long the log ever was, and the errors.
async fn load(journal: &dyn Journal, folder: &Folder, first: u64, jobs: u64) -> (u64, Vec<Error>) {
    let longest = AtomicU64::new(0);
    let submitters = (0..16).map(|submitter| {
        let longest = &longest;
        async move {
            let mut errors = Vec::new();
            for number in (first + submitter..first + jobs).step_by(16) {
                let new = NewJob { body: vec![b'x'; 10_000], ..job_of(&submitter.to_string(), number) };
                errors.extend(journal.accept(new, EffectSet::default()).await.err());
                longest.fetch_max(length(folder), Ordering::Relaxed);
            }
            errors
        }
    });
    let errors = join_all(submitters).await.into_iter().flatten().collect();
    (longest.into_inner(), errors)
}

#[tokio::test]
async fn under_load_it_is_emptied_again_and_again() {
    let folder = Folder::new();
    let journal = open(&folder);
    let (longest, errors) = load(&*journal, &folder, 1, 2_000).await;
    assert!(errors.is_empty(), "{errors:?}");
    let written = fs::metadata(folder.database()).unwrap().len();
    assert!(written > 15 * BOUND, "{written} bytes is no load");
    // A group of writes may begin just below the bound.
    assert!(longest < 3 * BOUND, "the log was {longest} bytes long");
    sound(&*journal).await;
}

#[tokio::test]
async fn a_long_reader_lets_it_grow_to_a_limit_and_no_further() {
    let folder = Folder::new();
    let journal = open(&folder);
    accept(&*journal, job(1)).await;
    // Another program, such as SQLite's shell, in the middle of reading.
    let reader = Connection::open(folder.database()).unwrap();
    reader.execute_batch("BEGIN; SELECT count(*) FROM job").unwrap();

    let (longest, errors) = load(&*journal, &folder, 100, 500).await;
    assert!(errors.is_empty(), "work goes on for long: {errors:?}");
    assert!(longest > 3 * BOUND, "the reader is no hindrance: {longest}");
    let (longest, errors) = load(&*journal, &folder, 1_000, 3_000).await;
    assert!(!errors.is_empty() && errors.iter().all(|e| matches!(e, Error::Unwritable(_))), "{errors:?}");
    assert!(errors[0].to_string().contains("another program"), "{}", errors[0]);
    assert!(longest < 18 * BOUND, "the log was {longest} bytes long");
    // Its own reads are short, and are not hindered.
    assert_eq!(the_job(&*journal, 1).await.id, id(1));

    reader.execute_batch("ROLLBACK").unwrap();
    let (_, errors) = load(&*journal, &folder, 10_000, 200).await;
    assert!(errors.is_empty(), "{errors:?}");
    assert!(length(&folder) < 3 * BOUND, "the log is {} bytes long", length(&folder));
    sound(&*journal).await;
}
