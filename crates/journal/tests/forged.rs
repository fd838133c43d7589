//! Who can write the journal's file, and has not its key, cannot change what decides in clear: it is treated as damaged.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![allow(missing_docs, unreachable_pub)]
#![allow(clippy::wildcard_imports, reason = "the support module is made for it")]

mod support;

use std::future::Future;
use std::sync::Arc;

use intendant_journal::{Error, Journal, NewJob, NewStep};
use model::{Class, OnError, OutboxPlace, OutcomeKind};
use rusqlite::Connection;
use support::folder::{Folder, try_open};
use support::*;

/// A closed journal: job 1 waits for a retry of the first of two steps, job 2 has ended and owes a delivery.
async fn filled() -> Folder {
    let folder = Folder::new();
    let journal = try_open(folder.path()).unwrap();
    for number in 1..=2 {
        let new = NewJob {
            reply: Some(b"address".to_vec()),
            deadline: Some(at(1_000_000)),
            not_before: Some(at(50)),
            ..known_as(&number.to_string(), b"content", job_of(&number.to_string(), number))
        };
        accept(&*journal, new).await;
        let mut first = start(number, at(100));
        first.plan.push(NewStep { backend: "10ldap".to_owned(), on_error: OnError::Stop });
        journal.change(first).await.unwrap();
    }
    journal.change(retry(1, 1, at(200), at(300))).await.unwrap();
    let mut done = settle(2, 1, OutcomeKind::Done, at(200));
    done.replies = 1;
    done.effects.deliveries = vec![delivery(1, at(200))];
    done.effects.entities = vec![entity("ann", 0, Some("disabled"))];
    journal.change(done).await.unwrap();
    journal.close().await;
    folder
}

/// Changes the file in this way, and expects that what is read then is treated as damaged, and that the check finds it.
async fn noticed<T, F>(change: &str, read: impl FnOnce(Arc<dyn Journal>) -> F)
where
    F: Future<Output = Result<T, Error>>,
{
    let folder = filled().await;
    let conn = Connection::open(folder.database()).unwrap();
    assert!(conn.execute(change, []).unwrap() > 0, "{change}");
    drop(conn);
    let journal: Arc<dyn Journal> = try_open(folder.path()).unwrap();
    match read(Arc::clone(&journal)).await {
        Ok(_) => assert_ne!(journal.damaged(), [], "{change} is believed"),
        Err(error) => assert!(matches!(error, Error::Damaged(_)), "{change}: {error}"),
    }
    assert!(!journal.check().await.unwrap().is_empty(), "the check says nothing of {change}");
}

#[tokio::test]
async fn what_a_job_asks_for() {
    for change in [
        "action = 'IDENTITY_DELETE'",
        "subject = 'identity:bob'",
        "subject = NULL",
        "source = 'sesame'",
        "external_id = 'another'",
        "external_id = NULL",
        "deadline = deadline + 1000",
        "deadline = NULL",
        "accepted_at = accepted_at - 1000",
        "replay_of = id",
        "not_before = not_before + 1000",
        "not_before = NULL",
        "dry_run = 1",
    ] {
        let change = format!("UPDATE job SET {change} WHERE seq = 1");
        noticed(&change, async |journal| journal.prepare(id(1)).await).await;
    }
}

#[tokio::test]
async fn on_which_backends_it_runs() {
    for change in [
        "UPDATE step SET backend = '99other' WHERE id = 256",
        "UPDATE step SET on_error = 1 WHERE id = 256",
        "DELETE FROM step WHERE id = 257",
        "UPDATE step SET id = CASE id WHEN 256 THEN 258 ELSE 256 END WHERE id IN (256, 257)",
        "UPDATE job SET plan = NULL WHERE seq = 1",
    ] {
        noticed(change, async |journal| journal.prepare(id(1)).await).await;
    }
}

#[tokio::test]
async fn what_a_backend_answered() {
    for change in
        ["kind = 0", "status = 0", "code = NULL", "message = 'all is well'", "ended_at = ended_at + 1"]
    {
        let change = format!("UPDATE attempt SET {change} WHERE id = 16777216 + 1");
        noticed(&change, async |journal| journal.attempts(id(1)).await).await;
    }
}

#[tokio::test]
async fn where_an_answer_goes() {
    for change in ["courier = 'webhook'", "address = 'elsewhere'"] {
        let change = format!("UPDATE delivery SET {change}");
        noticed(&change, async |journal| journal.deliveries(None, OutboxPlace::default(), 9).await).await;
    }
}

#[tokio::test]
async fn what_an_entity_is() {
    for change in ["state = 'active'", "label = 'root'", "rev = 2", "key = 'bob'", "kind = 'token'"] {
        let change = format!("UPDATE entity SET {change}");
        noticed(&change, async |journal| {
            for kind in ["identity", "token"] {
                journal.entities(kind.to_owned(), None, 9).await?;
            }
            Ok(())
        })
        .await;
    }
}

#[tokio::test]
async fn urgency_is_lent_and_not_taken_away() {
    let folder = Folder::new();
    let journal = try_open(folder.path()).unwrap();
    accept(&*journal, job_of("ann", 1)).await;
    accept(&*journal, NewJob { class: Class::Interactive, ..job_of("ann", 2) }).await;
    let lent = journal.prepare(id(1)).await.unwrap().unwrap();
    assert_eq!((lent.job.class, lent.body), (Class::Interactive, b"the body of 1".to_vec()));
    journal.close().await;
    let conn = Connection::open(folder.database()).unwrap();
    conn.execute("UPDATE job SET class = 1", []).unwrap();
    drop(conn);
    let journal = try_open(folder.path()).unwrap();
    assert!(journal.prepare(id(1)).await.unwrap().is_some(), "it was a bulk job");
    assert!(!journal.prepare(id(2)).await.unwrap().unwrap().damaged.is_empty());
}
