//! What is on disk when the process dies at a named point: all of a commit or nothing of it, and what was answered.
//!
//! Run with `--features crash-points`. Each test starts itself again as a child, which dies.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![allow(missing_docs, unreachable_pub)]
#![allow(clippy::print_stdout, reason = "the child says what was answered")]
#![allow(clippy::wildcard_imports, reason = "the support module is made for it")]

mod support;

use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::Command;

use intendant_journal::{Acceptance, EffectSet, Expect, Journal, Mark, Whose};
use model::{DeliveryState, JobState, OutboxPlace, OutcomeKind};
use support::folder::{Folder, try_open};
use support::*;

const FOLDER: &str = "JOURNAL_TEST_CRASH_FOLDER";
const SIGABRT: i32 = 6;

/// What the child does: two jobs of one subject, the first one to its end. It says what was answered.
async fn work(folder: &Path) {
    let journal = try_open(folder).unwrap();
    for number in 1..=2 {
        accept(&*journal, known_as(&number.to_string(), b"content", job_of("ann", number))).await;
        println!("answered: accept {number}");
    }
    journal.change(start(1, at(10))).await.unwrap();
    println!("answered: start");
    let mut done = settle(1, 1, OutcomeKind::Done, at(20));
    done.effects.deliveries = vec![delivery(1, at(20))];
    journal.change(done).await.unwrap();
    println!("answered: settle");
    journal.mark(delivery_id(1), Mark::Delivered, at(30)).await.unwrap();
    println!("answered: mark");
}

/// Lets a child die at this point; returns the folder it leaves and what it said.
fn die(test: &str, point: &str) -> (Folder, String) {
    let folder = Folder::new();
    let child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", test, "--nocapture"])
        .env(FOLDER, folder.path())
        .env("INTENDANT_CRASH_AT", point)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&child.stdout).into_owned();
    assert_eq!(child.status.signal(), Some(SIGABRT), "it did not die at {point}: {said}");
    (folder, said)
}

/// One test: the child's part, or the parent's.
macro_rules! crash {
    ($name:ident, $point:literal, |$journal:ident, $said:ident| $body:block) => {
        #[tokio::test]
        async fn $name() {
            if let Ok(folder) = std::env::var(FOLDER) {
                return work(Path::new(&folder)).await;
            }
            let (folder, $said) = die(stringify!($name), $point);
            let $journal = try_open(folder.path()).unwrap();
            sound(&*$journal).await;
            $body
            finish(&*$journal).await;
        }
    };
}

/// Whatever happened: asked again, everything ends once, in order.
async fn finish(journal: &dyn Journal) {
    for number in 1..=2 {
        let again = known_as(&number.to_string(), b"content", job_of("ann", number));
        let answer = journal.accept(again, EffectSet::default()).await.unwrap();
        assert!(matches!(answer, Acceptance::New | Acceptance::Known(Some(_), _)), "{answer:?}");
    }
    for number in 1..=2 {
        let mut attempts = journal.attempts(id(number)).await.unwrap().len();
        if the_job(journal, number).await.state == JobState::Running {
            journal.change(to(number, Expect::Orphan(0, 1), JobState::Queued, at(90))).await.unwrap();
        }
        if the_job(journal, number).await.state == JobState::Queued {
            attempts += 1;
            let attempt = u32::try_from(attempts).unwrap();
            let begun = if attempt == 1 { start(number, at(100)) } else { restart(number, attempt, at(100)) };
            journal.change(begun).await.unwrap();
            journal.change(settle(number, attempt, OutcomeKind::Done, at(110))).await.unwrap();
        }
        assert_eq!(the_job(journal, number).await.state, JobState::Succeeded);
    }
    sound(journal).await;
}

crash!(before_an_accept_is_committed_there_is_nothing, "accept.before_commit:2", |journal, said| {
    assert!(said.contains("accept 1") && !said.contains("accept 2"), "{said}");
    assert_eq!(the_job(&*journal, 1).await.state, JobState::Queued);
    assert_eq!(journal.job(id(2)).await.unwrap(), None);
});

crash!(after_an_accept_is_committed_it_is_there_unanswered, "accept.after_commit:2", |journal, said| {
    assert!(said.contains("accept 1") && !said.contains("accept 2"), "{said}");
    assert_eq!(the_job(&*journal, 2).await.state, JobState::Queued);
});

crash!(before_a_start_is_committed_nothing_ran, "start.before_commit:1", |journal, said| {
    assert!(said.contains("accept 2") && !said.contains("start"), "{said}");
    assert_eq!(the_job(&*journal, 1).await.state, JobState::Queued);
    assert_eq!(journal.attempts(id(1)).await.unwrap(), []);
});

crash!(after_a_start_is_committed_its_attempt_is_open, "start.after_commit:1", |journal, said| {
    assert!(!said.contains("start"), "{said}");
    assert_eq!(journal.open_attempts(Whose::Gone).await.unwrap()[0].job, id(1));
});

crash!(before_a_settle_is_committed_the_attempt_is_open, "settle.before_commit:1", |journal, said| {
    assert!(said.contains("start") && !said.contains("settle"), "{said}");
    assert_eq!(the_job(&*journal, 1).await.state, JobState::Running);
    assert!(!the_job(&*journal, 2).await.head);
    assert_eq!(journal.deliveries(None, OutboxPlace::default(), 9).await.unwrap().rows, []);
});

crash!(after_a_settle_is_committed_all_of_it_is_there, "settle.after_commit:1", |journal, said| {
    assert!(!said.contains("settle"), "{said}");
    assert_eq!(the_job(&*journal, 1).await.state, JobState::Succeeded);
    assert!(the_job(&*journal, 2).await.head);
    assert_eq!(journal.deliveries(None, OutboxPlace::default(), 9).await.unwrap().rows.len(), 1);
});

crash!(before_a_mark_is_committed_the_delivery_is_repeated, "mark.before_commit:1", |journal, said| {
    assert!(said.contains("settle") && !said.contains("mark"), "{said}");
    let pending = journal.deliveries(None, OutboxPlace::default(), 9).await.unwrap().rows;
    assert_eq!((pending[0].id, pending[0].state), (delivery_id(1), DeliveryState::Pending));
});
