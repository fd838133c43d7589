//! A journal that a released version left behind opens, is read, and is worked on, with rows of all kinds. Each file of
//! `released/` is named after its schema; `examples/released.rs` wrote it, with the code of that version.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![allow(missing_docs, unreachable_pub)]
#![allow(clippy::wildcard_imports, reason = "the support module is made for it")]

mod support;

use std::fs;

use intendant_journal::{
    Acceptance, Change, EffectSet, EntityFilter, Error, Expect, Key, Mark, Naming, NewJob, Options, Whose,
};
use model::{EntityKey, JobState, OutcomeKind, Seq};
use rusqlite::Connection;
use support::folder::{renew, try_open};
use support::left::{left_behind, reads_as_written};
use support::*;

#[tokio::test]
async fn it_is_read_before_and_after_its_rows_are_sealed_anew() {
    let folder = left_behind(3);
    let journal = try_open(folder.path()).unwrap();
    reads_as_written(&*journal).await;
    let steps = renew(&*journal).await;
    assert!(steps > 8, "all tables were gone through, in {steps} steps");
    reads_as_written(&*journal).await;
    journal.close().await;
    reads_as_written(&*try_open(folder.path()).unwrap()).await;
}

#[tokio::test]
async fn work_goes_on_where_it_was() {
    let folder = left_behind(3);
    let journal = try_open(folder.path()).unwrap();
    // A repetition of a request is known; what waits is taken up; what ran ends; deliveries leave.
    let again = known_as("request-4", b"content 4", job_of("person-4", 99));
    match journal.accept(again, EffectSet::default()).await.unwrap() {
        Acceptance::Known(Some(job), _) => assert_eq!(job.state, JobState::Succeeded),
        other => panic!("it is not known any more: {other:?}"),
    }
    for number in [1, 8, 9] {
        let mut done = settle(number, 1, OutcomeKind::Done, at(1_100));
        done.replies = 1;
        journal.change(start(number, at(1_000))).await.unwrap();
        journal.change(done).await.unwrap();
    }
    let mut retried = settle(3, 2, OutcomeKind::Done, at(1_100));
    retried.replies = 1;
    journal.change(restart(3, 2, at(1_000))).await.unwrap();
    journal.change(retried).await.unwrap();
    // What ran was begun in a life that is gone.
    assert_eq!(journal.open_attempts(Whose::Gone).await.unwrap()[0].job, id(2));
    let ended = settle(2, 1, OutcomeKind::Done, at(1_100));
    journal.change(Change { expect: Expect::Orphan(0, 1), replies: 1, ..ended }).await.unwrap();
    assert!(the_job(&*journal, 10).await.head, "the next of the subject is free");
    journal.mark(delivery_id(1), Mark::Delivered, at(1_200)).await.unwrap();
    journal
        .apply(
            EffectSet { entities: vec![entity("identity-3", 3, Some("changed"))], ..EffectSet::default() },
            None,
            at(1_200),
        )
        .await
        .unwrap();
    assert_eq!(accept(&*journal, NewJob { reply: Some(b"x".to_vec()), ..job(12) }).await, Seq(12));
    renew(&*journal).await;
    sound(&*journal).await;
    let changed = EntityKey { kind: "identity".to_owned(), key: "identity-3".to_owned() };
    assert_eq!(journal.entity(changed).await.unwrap().unwrap().rev, 4);
}

#[tokio::test]
async fn it_is_searched_by_what_things_are_called() {
    let folder = left_behind(3);
    let journal = try_open(folder.path()).unwrap();
    let filter =
        EntityFilter { kind: "account".to_owned(), states: Vec::new(), text: Some("LÁBEL OF 2".to_owned()) };
    let found = journal.find_entities(filter, None, 9).await.unwrap().rows;
    assert_eq!(found.iter().map(|one| one.key.key.as_str()).collect::<Vec<_>>(), ["account-2"]);
    accept(&*journal, job_of("identity-3", 12)).await;
    let named = journal.named(Naming::Holds("label of".to_owned()), 9).await.unwrap();
    assert_eq!(named.len(), 1, "of whom there are jobs");
    sound(&*journal).await;
}

#[tokio::test]
async fn another_key_leaves_it_as_it_was() {
    let folder = left_behind(3);
    let before = fs::read(folder.database()).unwrap();
    let other = Options::new(folder.path(), Key::from_bytes([8; 32]));
    let refused = intendant_journal::open(other, std::sync::Arc::new(|_| {})).err().unwrap();
    assert!(matches!(refused, Error::WrongKey { .. }), "{refused}");
    let schema = |bytes: &[u8]| u32::from_be_bytes(bytes[60..64].try_into().unwrap());
    assert_eq!(schema(&fs::read(folder.database()).unwrap()), schema(&before));
    reads_as_written(&*try_open(folder.path()).unwrap()).await;
}

#[tokio::test]
async fn what_an_older_version_sealed_is_not_believed_for_ever() {
    let folder = left_behind(3);
    let old = |sql: &str| -> Vec<u8> {
        Connection::open(folder.database()).unwrap().query_row(sql, [], |row| row.get(0)).unwrap()
    };
    let key = old("SELECT value FROM meta WHERE name = 'key_check'");
    let old = old("SELECT sealed FROM body WHERE seq = 1");
    let journal = try_open(folder.path()).unwrap();
    renew(&*journal).await;
    journal.close().await;
    // The old value would open whatever the row says besides its id.
    let conn = Connection::open(folder.database()).unwrap();
    conn.execute("UPDATE body SET sealed = ?1 WHERE seq = 1", [old]).unwrap();
    conn.execute("UPDATE job SET action = 'IDENTITY_DELETE' WHERE seq = 1", []).unwrap();
    drop(conn);
    let journal = try_open(folder.path()).unwrap();
    assert!(!journal.prepare(id(1)).await.unwrap().unwrap().damaged.is_empty());
    journal.close().await;
    // Nor can the journal be told that it has such values still.
    let conn = Connection::open(folder.database()).unwrap();
    conn.execute("INSERT INTO meta (name, value) VALUES ('key_before', ?1)", [key]).unwrap();
    drop(conn);
    assert!(matches!(try_open(folder.path()), Err(Error::Damaged(_))));
}
