//! A journal is carried to another place, whole, whatever comes in between.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![allow(missing_docs, unreachable_pub)]
#![allow(clippy::wildcard_imports, reason = "the support module is made for it")]

mod support;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use intendant_journal::{
    Acceptance, Address, Carried, EffectSet, Error, Filter, Journal, Key, Keys, Look, Options, Order, Page,
    carry, identify,
};
use rusqlite::Connection;
#[cfg(feature = "postgres")]
use support::database::Schema;
use support::folder::{Folder, key, renew, try_open};
use support::left::{left_behind, reads_as_written};
use support::*;

fn keys() -> Keys {
    key().into()
}

fn folder(folder: &Folder) -> Address {
    Address::from(folder.path())
}

/// With rows of all kinds, all of them sealed as this version does it.
async fn full() -> Folder {
    let folder = left_behind(3);
    let journal = try_open(folder.path()).unwrap();
    renew(&*journal).await;
    journal.close().await;
    folder
}

/// Carries it, on a thread that may block.
async fn carried(from: &Address, to: &Address) -> Result<Carried, Error> {
    carried_until(from, to, u64::MAX).await.expect("it was let through")
}

/// The same, but that it dies when so many rows are there; `None` = it died.
async fn carried_until(from: &Address, to: &Address, end: u64) -> Option<Result<Carried, Error>> {
    let (from, to) = (from.clone(), to.clone());
    let carrying = move || {
        catch_unwind(AssertUnwindSafe(|| {
            carry(&from, &to, &keys(), |progress| assert!(progress.done < end, "the end of this one"))
        }))
        .ok()
    };
    tokio::task::spawn_blocking(carrying).await.unwrap()
}

/// A schema as an address.
#[cfg(feature = "postgres")]
fn schema(schema: &Schema) -> Address {
    schema.options().at
}

fn rows(carried: &Carried, table: &str) -> u64 {
    carried.tables.iter().find(|(name, _)| *name == table).unwrap().1
}

/// The journal works on: numbers go on, and order holds.
async fn works_on(journal: &dyn Journal, number: u64) {
    let before = journal.newest().await.unwrap().unwrap();
    let events = journal.last_event().await.unwrap();
    let job = job_of("carried on", number);
    assert_eq!(journal.accept(job, EffectSet::default()).await.unwrap(), Acceptance::New);
    assert!(journal.newest().await.unwrap().unwrap() > before);
    assert_eq!(journal.events(events, 9).await.unwrap().rows.len(), 1);
    sound(journal).await;
}

#[tokio::test]
async fn everything_arrives_and_the_source_says_where_it_went() {
    let (source, destination) = (full().await, Folder::new());
    let id = identify(folder(&source)).unwrap();
    let carried = carried(&folder(&source), &folder(&destination)).await.unwrap();
    assert_eq!(Some(carried.id), id);
    assert_eq!(identify(folder(&destination)).unwrap(), id);
    assert_eq!((rows(&carried, "live"), rows(&carried, "done")), (7, 4));
    assert!(carried.tables.iter().all(|(_, rows)| *rows > 0), "nothing of a kind is missing: {carried:?}");

    let journal = try_open(destination.path()).unwrap();
    reads_as_written(&*journal).await;
    works_on(&*journal, 71).await;

    let Err(Error::Moved { to, .. }) = try_open(source.path()).map(drop) else { panic!("it opens") };
    assert_eq!(to, destination.path().display().to_string());
    assert!(matches!(Look::open(source.path(), &keys()).map(drop), Err(Error::Moved { .. })));
    let again = self::carried(&folder(&source), &folder(&Folder::new())).await;
    assert!(matches!(again, Err(Error::Moved { .. })), "{again:?}");
}

#[tokio::test]
async fn it_goes_on_where_it_was_cut_off() {
    let (source, destination) = (full().await, Folder::new());
    for end in [1, 5, 20, 40, 60] {
        assert!(
            carried_until(&folder(&source), &folder(&destination), end).await.is_none(),
            "it dies at {end}"
        );
        let half = try_open(destination.path()).map(drop);
        assert!(matches!(half, Err(Error::Moving { .. })), "half of it does not open: {half:?}");
    }
    carried(&folder(&source), &folder(&destination)).await.unwrap();
    let journal = try_open(destination.path()).unwrap();
    reads_as_written(&*journal).await;
    works_on(&*journal, 72).await;
}

#[tokio::test]
async fn it_goes_on_in_the_middle_of_a_table() {
    const MANY: u64 = 4500;
    let (source, destination) = (Folder::new(), Folder::new());
    let journal = try_open(source.path()).unwrap();
    let jobs =
        (1..=MANY).map(|number| journal.accept(job_of(&number.to_string(), number), EffectSet::default()));
    futures_util::future::try_join_all(jobs).await.unwrap();
    journal.close().await;
    drop(journal);
    assert!(carried_until(&folder(&source), &folder(&destination), 2001).await.is_none());
    assert!(carried_until(&folder(&source), &folder(&destination), 6501).await.is_none());
    let carried = carried(&folder(&source), &folder(&destination)).await.unwrap();
    assert_eq!(rows(&carried, "live"), MANY);
    sound(&*try_open(destination.path()).unwrap()).await;
}

#[tokio::test]
async fn what_was_done_at_the_source_meanwhile_is_not_lost() {
    let (source, destination) = (full().await, Folder::new());
    assert!(carried_until(&folder(&source), &folder(&destination), 40).await.is_none());
    let journal = try_open(source.path()).unwrap();
    accept(&*journal, job_of("meanwhile", 99)).await;
    journal.close().await;
    drop(journal);
    carried(&folder(&source), &folder(&destination)).await.unwrap();
    let journal = try_open(destination.path()).unwrap();
    assert!(journal.job(id(99)).await.unwrap().is_some());
    sound(&*journal).await;
}

#[tokio::test]
async fn it_comes_back_to_where_it_was() {
    let (here, there) = (full().await, Folder::new());
    carried(&folder(&here), &folder(&there)).await.unwrap();
    let journal = try_open(there.path()).unwrap();
    accept(&*journal, job_of("there", 99)).await;
    journal.close().await;
    drop(journal);
    carried(&folder(&there), &folder(&here)).await.unwrap();
    let journal = try_open(here.path()).unwrap();
    assert!(journal.job(id(99)).await.unwrap().is_some());
    sound(&*journal).await;
    assert!(matches!(try_open(there.path()).map(drop), Err(Error::Moved { .. })));
}

#[tokio::test]
async fn nothing_that_is_there_is_overwritten_and_nothing_in_use_is_taken() {
    let (source, other) = (full().await, full().await);
    let journal = try_open(source.path()).unwrap();
    let busy = carried(&folder(&source), &folder(&Folder::new())).await;
    assert!(matches!(busy, Err(Error::Locked { .. })), "{busy:?}");
    journal.close().await;
    drop(journal);
    // Another journal, with the same rows in it.
    Connection::open(other.database())
        .unwrap()
        .execute("DELETE FROM meta WHERE name = 'moving'", [])
        .unwrap();
    let journal = try_open(&another(other.path())).unwrap();
    accept(&*journal, job_of("theirs", 1)).await;
    journal.close().await;
    drop(journal);
    let taken = carried(&folder(&source), &Address::from(another(other.path()).as_path())).await;
    assert!(matches!(&taken, Err(Error::Uncarried(why)) if why.contains("another journal")), "{taken:?}");
    try_open(source.path()).expect("it is as it was");
    let nothing = carried(&folder(&Folder::new()), &folder(&Folder::new())).await;
    assert!(matches!(nothing, Err(Error::Missing(_))), "{nothing:?}");
}

fn another(folder: &Path) -> std::path::PathBuf {
    folder.join("another")
}

#[tokio::test]
async fn it_waits_for_the_end_of_a_change_of_key() {
    let source = full().await;
    let new = Keys { now: Key::from_bytes([8; 32]), others: vec![key()] };
    let options = Options::new(source.path(), new.clone());
    let journal = intendant_journal::open(options, std::sync::Arc::new(|_| {})).unwrap();
    journal.close().await;
    drop(journal);
    let (from, to) = (folder(&source), folder(&Folder::new()));
    let turning = tokio::task::spawn_blocking(move || carry(&from, &to, &new, |_| {})).await.unwrap();
    assert!(matches!(turning, Err(Error::Turning)), "{turning:?}");
    let page = Page { after: None, order: Order::Oldest, limit: 99 };
    let keys = Keys { now: Key::from_bytes([8; 32]), others: vec![key()] };
    let options = Options::new(source.path(), keys);
    let journal = intendant_journal::open(options, std::sync::Arc::new(|_| {})).unwrap();
    assert_eq!(journal.jobs(Filter::default(), page).await.unwrap().rows.len(), 11);
}

#[cfg(feature = "postgres")]
#[tokio::test]
async fn into_a_database_and_back_it_stays_what_it_was() {
    let (here, there) = (full().await, Schema::new());
    let id = identify(folder(&here)).unwrap();
    let went = carried(&folder(&here), &schema(&there)).await.unwrap();
    assert_eq!((Some(went.id), identify(schema(&there)).unwrap()), (id, id));
    assert!(went.tables.iter().all(|(_, rows)| *rows > 0), "nothing of a kind is missing: {went:?}");
    let opened = there.open();
    reads_as_written(&*opened.journal).await;
    works_on(&*opened.journal, 73).await;
    opened.journal.close().await;
    drop(opened);

    let came = carried(&schema(&there), &folder(&here)).await.unwrap();
    assert_eq!(rows(&came, "live"), rows(&went, "live") + 1);
    let journal = try_open(here.path()).unwrap();
    assert_eq!(journal.id(), went.id);
    let jobs = journal.jobs(Filter::default(), Page { after: None, order: Order::Oldest, limit: 99 }).await;
    assert_eq!(jobs.unwrap().rows.len(), 12);
    works_on(&*journal, 74).await;
    let left = intendant_journal::open(there.options(), std::sync::Arc::new(|_| {})).map(drop);
    assert!(matches!(left, Err(Error::Moved { .. })), "{left:?}");
}

#[cfg(feature = "postgres")]
#[tokio::test]
async fn it_goes_on_in_a_database_where_it_was_cut_off() {
    let (source, there) = (full().await, Schema::new());
    for end in [1, 20, 60] {
        assert!(carried_until(&folder(&source), &schema(&there), end).await.is_none(), "it dies at {end}");
        let half = intendant_journal::open(there.options(), std::sync::Arc::new(|_| {})).map(drop);
        assert!(matches!(half, Err(Error::Moving { .. })), "half of it does not open: {half:?}");
    }
    carried(&folder(&source), &schema(&there)).await.unwrap();
    // Out of it too.
    let back = Folder::new();
    for end in [1, 20, 60] {
        assert!(carried_until(&schema(&there), &folder(&back), end).await.is_none(), "it dies at {end}");
    }
    carried(&schema(&there), &folder(&back)).await.unwrap();
    let journal = try_open(back.path()).unwrap();
    reads_as_written(&*journal).await;
    works_on(&*journal, 75).await;
}

#[cfg(feature = "postgres")]
#[tokio::test]
async fn what_a_database_promises_is_asked() {
    use intendant_journal::{Database, promises};
    let there = Schema::new();
    let database = Database::new(there.url(), there.folder()).unwrap();
    let ask = move || promises(&database, || at(0));
    let promises = tokio::task::spawn_blocking(ask).await.unwrap().unwrap();
    assert!(!promises.fsync, "the server of the tests does without");
    assert!(promises.full_page_writes && promises.superuser);
    assert_eq!((promises.standbys, promises.synchronous), (0, Some(false)));
    assert!(promises.ahead.unsigned_abs() > 1000, "the clock of the test stands still");
}
