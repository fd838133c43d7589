//! A damaged file is recovered, or refused clearly; nothing panics, nothing is silently wrong in what is sealed.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![allow(missing_docs, unreachable_pub)]
#![allow(clippy::wildcard_imports, reason = "the support module is made for it")]

mod support;

use std::fs;

use intendant_journal::{Error, Filter, NewJob, Order, Page};
use model::{OutboxPlace, OutcomeKind};
use rusqlite::Connection;
use support::folder::{Folder, try_open};
use support::*;
use zeroize::Zeroizing;

const JOBS: u64 = 60;

/// A closed journal with jobs in all sorts of states.
async fn filled() -> Folder {
    let folder = Folder::new();
    let journal = try_open(folder.path()).unwrap();
    for number in 1..=JOBS {
        let new = NewJob {
            secrets: Some(Zeroizing::new(b"a secret".to_vec())),
            reply: Some(b"address".to_vec()),
            ..known_as(&number.to_string(), b"content", job_of(&(number % 9).to_string(), number))
        };
        accept(&*journal, new).await;
        if number <= 9 {
            journal.change(start(number, at(100))).await.unwrap();
        }
        if number <= 4 {
            let mut done = settle(number, 1, OutcomeKind::Done, at(200));
            done.replies = 1;
            done.effects.deliveries = vec![delivery(number, at(200))];
            done.effects.entities = vec![entity(&number.to_string(), 0, Some("new"))];
            journal.change(done).await.unwrap();
        }
    }
    journal.close().await;
    folder
}

/// Uses everything; says whether something was wrong. Only these errors may come.
async fn use_all(folder: &Folder) -> bool {
    let fine = |error: &Error| {
        assert!(
            matches!(
                error,
                Error::Damaged(_) | Error::Unwritable(_) | Error::WrongKey { .. } | Error::Newer { .. }
            ),
            "{error:?}"
        );
    };
    let journal = match try_open(folder.path()) {
        Ok(journal) => journal,
        Err(error) => {
            fine(&error);
            return true;
        }
    };
    let mut wrong = match journal.check().await {
        Ok(findings) => !findings.is_empty(),
        Err(error) => {
            fine(&error);
            true
        }
    };
    let mut note = |error: Option<Error>| {
        if let Some(error) = error {
            fine(&error);
            wrong = true;
        }
    };
    for number in 1..=JOBS {
        note(journal.prepare(id(number)).await.err());
        note(journal.attempts(id(number)).await.err());
    }
    note(journal.jobs(Filter::default(), Page { after: None, order: Order::Newest, limit: 99 }).await.err());
    note(journal.deliveries(None, OutboxPlace::default(), 99).await.err());
    note(journal.events(model::EventsCursor::default(), 999).await.err());
    journal.close().await;
    wrong
}

#[tokio::test]
async fn one_bit_in_each_page() {
    let folder = filled().await;
    assert!(!use_all(&folder).await, "it is sound before");
    let sound = fs::read(folder.database()).unwrap();
    let pages = sound.len() / 4096;
    assert!(pages > 10);
    let mut noticed = 0;
    for page in 0..pages {
        // Somewhere else in each page, the header of the first one included.
        for place in [page * 4096 + (page * 37) % 100, page * 4096 + 2048 + (page * 101) % 2000] {
            let mut damaged = sound.clone();
            damaged[place] ^= 1 << (page % 8);
            fs::write(folder.database(), &damaged).unwrap();
            noticed += usize::from(use_all(&folder).await);
        }
    }
    // The rest fell into unused space, of which every table and index that is still empty has a page, or changed a text in
    // clear.
    assert!(noticed * 4 > pages * 2, "{noticed} of {} flips were noticed", pages * 2);
}

#[tokio::test]
async fn cut_short_anywhere() {
    let folder = filled().await;
    let sound = fs::read(folder.database()).unwrap();
    // The last bytes of the last row alone may be a time, which nothing else repeats: what is cut off holds a row.
    for length in (1..sound.len() - 512).step_by(sound.len() / 40) {
        fs::write(folder.database(), &sound[..length]).unwrap();
        assert!(use_all(&folder).await, "cut to {length} of {} bytes", sound.len());
    }
}

#[tokio::test]
async fn a_torn_log_loses_its_torn_end_only() {
    let folder = Folder::new();
    let journal = try_open(folder.path()).unwrap();
    let mut lengths = Vec::new();
    for number in 1..=10 {
        accept(&*journal, job(number)).await;
        lengths.push(fs::metadata(folder.log()).unwrap().len());
    }
    let (database, log) = (fs::read(folder.database()).unwrap(), fs::read(folder.log()).unwrap());
    let copies = (lengths[4]..=lengths[5]).step_by(997);
    for cut in copies {
        let copy = Folder::new();
        fs::write(copy.database(), &database).unwrap();
        fs::write(copy.log(), &log[..usize::try_from(cut).unwrap()]).unwrap();
        let again = try_open(copy.path()).unwrap();
        sound(&*again).await;
        let kept = again
            .jobs(Filter::default(), Page { after: None, order: Order::Newest, limit: 99 })
            .await
            .unwrap()
            .rows
            .len();
        assert_eq!(kept, if cut == lengths[5] { 6 } else { 5 }, "cut at {cut}");
    }
}

#[tokio::test]
async fn sealed_values_cannot_be_exchanged() {
    for (table, key) in
        [("body", "seq"), ("secret", "seq"), ("reply", "seq"), ("attempt", "id"), ("delivery", "seq")]
    {
        let folder = filled().await;
        let conn = Connection::open(folder.database()).unwrap();
        let swap = format!(
            "UPDATE {table} SET sealed = (SELECT other.sealed FROM {table} AS other
                 WHERE other.{key} <> {table}.{key} ORDER BY other.{key} LIMIT 1)
             WHERE {key} = (SELECT min({key}) FROM {table})"
        );
        assert_eq!(conn.execute(&swap, []).unwrap(), 1, "{table}");
        drop(conn);
        let journal = try_open(folder.path()).unwrap();
        let findings = journal.check().await.unwrap();
        assert_eq!(findings.len(), 1, "{table}: {findings:?}");
        assert!(findings[0].contains(table) && findings[0].contains("does not open"), "{findings:?}");
    }
}

#[tokio::test]
async fn what_does_not_fit_together_is_found() {
    for (harm, words) in [
        ("DELETE FROM body WHERE seq = 20", "no body"),
        ("UPDATE job SET head = 1 WHERE seq = 20", "head"),
        ("UPDATE job SET head = 0 WHERE seq = 6", "head"),
        ("UPDATE tally SET jobs = jobs + 1 WHERE state = 0", "tally"),
        ("UPDATE job SET open_step = NULL WHERE seq = 6", "without an attempt"),
        ("UPDATE step SET state = 0 WHERE id = 6 * 256", "no running step"),
        ("DELETE FROM step WHERE id = 1 * 256", "steps"),
        ("DELETE FROM secret WHERE seq = 20", "secrets"),
        ("DELETE FROM reply WHERE seq = 20", "reply addresses"),
        ("DELETE FROM job WHERE seq = 2", "gone"),
        ("UPDATE job SET ended_at = 5 WHERE seq = 20", "end"),
        ("UPDATE entity SET rev = 7 WHERE key = '1'", "identity 1"),
        ("UPDATE called SET folded = 'other' WHERE key = '1'", "does not see"),
        ("DELETE FROM called WHERE key = '1'", "does not see"),
        ("INSERT INTO called VALUES ('identity', 'nobody', 'nobody')", "does not see"),
    ] {
        let folder = filled().await;
        assert_eq!(Connection::open(folder.database()).unwrap().execute(harm, []).unwrap(), 1, "{harm}");
        let findings = try_open(folder.path()).unwrap().check().await.unwrap();
        assert!(findings.iter().any(|finding| finding.contains(words)), "{harm}: {findings:?}");
    }
}
