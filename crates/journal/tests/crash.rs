//! What is on disk when the process dies at a named point: all of a commit or nothing of it, and what was answered.
//!
//! Run with `--features crash-points,postgres`. Each test starts itself again as a child, which dies.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![allow(missing_docs, unreachable_pub)]
#![allow(clippy::print_stdout, reason = "the child says what was answered")]
#![allow(clippy::wildcard_imports, reason = "the support module is made for it")]

mod support;

use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use intendant_journal::{Acceptance, Database, EffectSet, Expect, Journal, Mark, Options, Whose};
use model::{DeliveryState, JobState, OutboxPlace, OutcomeKind};
use support::database::Schema;
use support::folder::{Folder, key, try_open};
use support::*;

const TOLD: &str = "JOURNAL_TEST_CRASH_PLACE";
const SIGABRT: i32 = 6;

/// Where the journal of a test is.
enum Place {
    Folder(Folder),
    Schema(Schema),
}

impl Place {
    fn new(engine: &str) -> Self {
        if engine == "postgres" { Place::Schema(Schema::new()) } else { Place::Folder(Folder::new()) }
    }

    /// As the child is told of it.
    fn told(&self) -> String {
        match self {
            Place::Folder(folder) => folder.path().display().to_string(),
            Place::Schema(schema) => format!("{}\n{}", schema.folder().display(), schema.url()),
        }
    }

    /// Opens it; the child has nothing but what it is told.
    fn open(told: &str) -> Arc<dyn Journal> {
        match told.split_once('\n') {
            None => try_open(Path::new(told)).unwrap(),
            Some((folder, url)) => {
                let options = Options::new(Database::new(url, folder).unwrap(), key());
                intendant_journal::open(options, Arc::new(|_| {})).unwrap()
            }
        }
    }
}

/// What the child does: two jobs of one subject, the first one to its end. It says what was answered.
async fn work(told: &str) {
    let journal = Place::open(told);
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

/// Lets a child die at this point, and looks at what it leaves and what it said.
async fn die(engine: &str, test: &str, point: &str, look: impl AsyncFn(Arc<dyn Journal>, String)) {
    if let Ok(told) = std::env::var(TOLD) {
        return work(&told).await;
    }
    let place = Place::new(engine);
    let child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", &format!("{test}::{engine}"), "--nocapture"])
        .env(TOLD, place.told())
        .env("INTENDANT_CRASH_AT", point)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&child.stdout).into_owned();
    assert_eq!(child.status.signal(), Some(SIGABRT), "it did not die at {point}: {said}");
    let journal = Place::open(&place.told());
    sound(&*journal).await;
    look(Arc::clone(&journal), said).await;
    finish(&*journal).await;
}

/// One test for each engine: the child's part, or the parent's.
macro_rules! crash {
    ($name:ident, $point:literal, |$journal:ident, $said:ident| $body:block) => {
        mod $name {
            use super::*;

            async fn look($journal: Arc<dyn Journal>, $said: String) $body

            #[tokio::test]
            async fn sqlite() {
                die("sqlite", stringify!($name), $point, look).await;
            }

            #[tokio::test]
            async fn postgres() {
                die("postgres", stringify!($name), $point, look).await;
            }
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
