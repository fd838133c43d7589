//! A journal is turned to another key while it is used, and goes on with that after any end.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![allow(missing_docs, unreachable_pub)]
#![allow(clippy::wildcard_imports, reason = "the support module is made for it")]

mod support;

use std::fs;
use std::path::Path;
use std::sync::Arc;

use intendant_journal::{
    Acceptance, EffectSet, Error, Journal, Key, Keys, Look, NewJob, Options, Renewal, restore,
};
use model::OutcomeKind;
use support::folder::{Folder, key, renew, try_open};
use support::*;
use zeroize::Zeroizing;

const JOBS: u64 = 300;

fn other() -> Key {
    Key::from_bytes([8; 32])
}

fn both() -> Keys {
    Keys { now: other(), others: vec![key()] }
}

fn open(folder: &Path, keys: impl Into<Keys>) -> Result<Arc<dyn Journal>, Error> {
    intendant_journal::open(Options::new(folder, keys), Arc::new(|_| {}))
}

fn whole(number: u64) -> NewJob {
    NewJob {
        secrets: Some(Zeroizing::new(b"a secret".to_vec())),
        reply: Some(b"address".to_vec()),
        ..known_as(&number.to_string(), b"content", job_of(&number.to_string(), number))
    }
}

/// So many jobs, some of which run, some have ended, with entities and deliveries.
async fn fill(journal: &dyn Journal) {
    for number in 1..=JOBS {
        accept(journal, whole(number)).await;
        if number % 3 == 0 {
            journal.change(start(number, at(100))).await.unwrap();
        }
        if number % 6 == 0 {
            let mut done = settle(number, 1, OutcomeKind::Done, at(200));
            done.replies = 1;
            done.effects.deliveries = vec![delivery(number, at(200))];
            done.effects.entities = vec![entity(&number.to_string(), 0, Some("new"))];
            journal.change(done).await.unwrap();
        }
    }
}

async fn readable(journal: &dyn Journal) {
    for number in 1..=JOBS {
        assert!(journal.prepare(id(number)).await.unwrap().is_some());
    }
    assert_eq!(journal.damaged(), []);
    sound(journal).await;
}

#[tokio::test]
async fn all_is_readable_meanwhile_and_with_the_new_key_alone_at_the_end() {
    let folder = Folder::new();
    let journal = try_open(folder.path()).unwrap();
    fill(&*journal).await;
    assert!(!journal.turn(key()).await.unwrap(), "it has this key already");
    assert!(journal.turn(other()).await.unwrap());
    assert!(matches!(journal.turn(Key::from_bytes([9; 32])).await, Err(Error::Turning)));
    let (mut last, mut arrived) = (0, 100_000);
    while let Renewal::Under { percent, again } = journal.renew().await.unwrap() {
        assert!(again || percent >= last, "{percent} after {last}");
        last = percent;
        // Work goes on in front of it and behind it.
        arrived += 1;
        accept(&*journal, whole(arrived)).await;
        journal.prepare(id(1)).await.unwrap().unwrap();
    }
    readable(&*journal).await;
    journal.close().await;
    assert!(matches!(open(folder.path(), key()), Err(Error::WrongKey { .. })));
    let journal = open(folder.path(), other()).unwrap();
    readable(&*journal).await;
    // Hashes cannot be made anew: repetitions are recognised by those of the old key.
    let again = journal.accept(whole(1), EffectSet::default()).await.unwrap();
    assert!(matches!(again, Acceptance::Known(Some(_), _)), "{again:?}");
    let reused = known_as("1", b"something else", job(200_000));
    let reused = journal.accept(reused, EffectSet::default()).await.unwrap();
    assert!(matches!(reused, Acceptance::IdReused(_)), "{reused:?}");
    assert_eq!(
        journal.prepare(id(1)).await.unwrap().unwrap().replies.len(),
        1,
        "the caller had joined already"
    );
}

#[tokio::test]
async fn it_goes_on_after_any_end() {
    let mut folder = Folder::new();
    let mut journal = try_open(folder.path()).unwrap();
    fill(&*journal).await;
    journal.turn(other()).await.unwrap();
    let mut steps = 0;
    // The process is lost after every step, and goes on with the files as they were at that moment.
    loop {
        let renewal = journal.renew().await.unwrap();
        steps += 1;
        let copy = Folder::new();
        for file in ["journal.db", "journal.db-wal"] {
            fs::copy(folder.path().join(file), copy.path().join(file)).unwrap();
        }
        drop(journal);
        folder = copy;
        if renewal == Renewal::Done {
            break;
        }
        if steps % 5 == 1 {
            let alone = open(folder.path(), other()).err().unwrap();
            assert!(matches!(alone, Error::KeyBefore { .. }), "{alone}");
            let alone = open(folder.path(), key()).err().unwrap();
            assert!(matches!(alone, Error::WrongKey { .. }), "{alone}");
            let look = Look::open(folder.path(), &both()).unwrap().unwrap();
            assert!(look.is_sealed_with(&other()) && look.renewal().unwrap().is_some());
            assert_eq!(look.check().unwrap(), Vec::<String>::new());
        }
        journal = open(folder.path(), both()).unwrap();
    }
    assert!(steps > 16, "it was done in {steps} steps, with as many ends");
    readable(&*open(folder.path(), other()).unwrap()).await;
}

#[tokio::test]
async fn a_key_changed_while_nothing_ran_and_an_old_backup_are_turned_when_they_are_opened() {
    let folder = Folder::new();
    let journal = try_open(folder.path()).unwrap();
    fill(&*journal).await;
    let backup = folder.path().join("backup.db");
    journal.backup(backup.clone()).await.unwrap();
    journal.close().await;
    let journal = open(folder.path(), both()).unwrap();
    readable(&*journal).await;
    renew(&*journal).await;
    journal.close().await;
    readable(&*open(folder.path(), other()).unwrap()).await;

    let elsewhere = Folder::new();
    let refused = restore(&backup, &elsewhere.path().join("data"), &other().into()).unwrap_err();
    assert!(matches!(refused, Error::WrongKey { .. }), "{refused}");
    restore(&backup, &elsewhere.path().join("data"), &both()).unwrap();
    let journal = open(&elsewhere.path().join("data"), both()).unwrap();
    readable(&*journal).await;
    renew(&*journal).await;
    journal.close().await;
    readable(&*open(&elsewhere.path().join("data"), other()).unwrap()).await;
}
