//! Prints how many whole jobs a second the journal makes durable (accept, start and settle, each awaited), and how
//! much of the writer's time a job takes.
//!
//! `cargo run --release -p intendant-journal --example commits -- [JOBS] [ALREADY] [SUBMITTERS] [SUBJECTS] [FOLDER]`
//! Defaults: 100,000 measured jobs with 100,000 already there, 64 submitters, 500 subjects, a temporary folder below
//! the current one (a memory file system would measure nothing).
#![allow(clippy::disallowed_methods, reason = "it measures real time")]
#![allow(clippy::print_stdout, reason = "it prints what it measured")]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "it may fail loudly")]
#![allow(clippy::cast_precision_loss, reason = "for people")]

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use intendant_journal::{
    AttemptEnd, AttemptStart, Change, EffectSet, Expect, JobChange, Journal, Key, NewJob, NewStep, Options,
    Scrub, StepChange,
};
use jiff::Timestamp;
use model::{Class, EventKind, JobId, JobState, OnError, OutcomeKind, StepState, Subject};
use uuid::Uuid;

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    let mut arguments = std::env::args().skip(1);
    let mut number = |default: u64| arguments.next().map_or(default, |a| a.parse().unwrap());
    let (jobs, already, submitters, subjects) = (number(100_000), number(100_000), number(64), number(500));
    let (_temporary, folder) = folder(arguments.next());

    let begin = Instant::now();
    let options = Options::new(&folder, Key::from_bytes([7; 32]));
    let journal = intendant_journal::open(options, Arc::new(|_| {})).unwrap();
    println!("opened in {:?}", begin.elapsed());
    let ids = Arc::new(AtomicU64::new(Timestamp::now().as_millisecond().unsigned_abs() << 20));
    submit(&journal, &ids, already, submitters, subjects).await;

    let (begin, busy) = (Instant::now(), busy());
    let mut times = submit(&journal, &ids, jobs, submitters, subjects).await;
    let (took, busy) = (begin.elapsed(), self::busy().saturating_sub(busy));
    times.sort_unstable();
    println!(
        "{jobs} jobs beside {already} in {took:.2?}: {:.0} a second; a job takes {:.1} us of the writer, {:.2?} (median) {:.2?} (p99) in all",
        jobs as f64 / took.as_secs_f64(),
        busy.as_secs_f64() * 1e6 / jobs as f64,
        times[times.len() / 2],
        times[times.len() * 99 / 100],
    );
    println!("{}", resident());
    for entry in fs::read_dir(&folder).unwrap() {
        let entry = entry.unwrap();
        println!("{:>12} bytes {}", entry.metadata().unwrap().len(), entry.file_name().display());
    }
    journal.close().await;
}

fn folder(given: Option<String>) -> (Option<tempfile::TempDir>, PathBuf) {
    if let Some(path) = given {
        return (None, path.into());
    }
    let temporary = tempfile::tempdir_in(".").unwrap();
    let path = temporary.path().to_owned();
    (Some(temporary), path)
}

/// Submits so many jobs, each submitter one after the other on subjects of its own, and returns how long each took.
async fn submit(
    journal: &Arc<dyn Journal>,
    ids: &Arc<AtomicU64>,
    jobs: u64,
    submitters: u64,
    subjects: u64,
) -> Vec<Duration> {
    let left = Arc::new(AtomicU64::new(jobs));
    let tasks: Vec<_> = (0..submitters)
        .map(|submitter| {
            let (journal, ids, left) = (Arc::clone(journal), Arc::clone(ids), Arc::clone(&left));
            tokio::spawn(async move {
                let mut times = Vec::new();
                while left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |l| l.checked_sub(1)).is_ok() {
                    let begin = Instant::now();
                    let count = ids.fetch_add(1, Ordering::Relaxed);
                    let subject = submitter + count % (subjects / submitters).max(1) * submitters;
                    whole_job(&*journal, count, subject).await;
                    times.push(begin.elapsed());
                }
                times
            })
        })
        .collect();
    let mut times = Vec::new();
    for task in tasks {
        times.extend(task.await.unwrap());
    }
    times
}

async fn whole_job(journal: &dyn Journal, count: u64, subject: u64) {
    // The time comes first in real ids as well. Subjects are this run's own: one that was killed left live jobs.
    let id = JobId(Uuid::from_u64_pair(count, 0));
    let now = Timestamp::now();
    let new = NewJob {
        id,
        source: "http".to_owned(),
        external_id: None,
        action: "IDENTITY_UPDATE".to_owned(),
        subject: Subject::new("identity", &format!("{:012x}{subject:012x}", std::process::id())),
        class: Class::Bulk,
        deadline: None,
        not_before: None,
        dry_run: false,
        accepted_at: now,
        replay_of: None,
        body: vec![b'x'; 400],
        secrets: None,
        reply: None,
    };
    journal.accept(new, EffectSet::default()).await.unwrap();
    let to = |state: JobState, scrub| JobChange {
        state,
        lane: None,
        due_at: now,
        status: 0,
        code: None,
        message: None,
        scrub,
        cause: None,
    };
    let start = Change {
        job: id,
        at: now,
        expect: Expect::Ready,
        replies: 0,
        plan: vec![NewStep { backend: "00dummy".to_owned(), on_error: OnError::Stop }],
        ended: None,
        steps: Vec::new(),
        started: Some(AttemptStart { step: 0, number: 1 }),
        to: to(JobState::Running, Scrub::Keep),
        events: vec![(EventKind::StepStarted, Some(0), Some(1), None)],
        effects: EffectSet::default(),
    };
    journal.change(start).await.unwrap();
    let settle = Change {
        job: id,
        at: now,
        expect: Expect::Running(0, 1),
        replies: 0,
        plan: Vec::new(),
        ended: Some(AttemptEnd {
            step: 0,
            number: 1,
            kind: OutcomeKind::Done,
            status: 0,
            code: None,
            message: None,
            output: vec![b'x'; 60],
        }),
        steps: vec![StepChange {
            index: 0,
            state: StepState::Succeeded,
            status: 0,
            code: None,
            message: None,
            tried: 1,
            due_at: None,
            waits: 0,
            waited: Duration::ZERO,
        }],
        started: None,
        to: to(JobState::Succeeded, Scrub::Now),
        events: vec![
            (EventKind::StepSucceeded, Some(0), Some(1), None),
            (EventKind::Succeeded, None, None, None),
        ],
        effects: EffectSet::default(),
    };
    journal.change(settle).await.unwrap();
}

/// The line of the process's status that tells its memory.
fn resident() -> String {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    status.lines().find(|line| line.starts_with("VmRSS")).unwrap().replace('\t', " ")
}

/// How long the writer's thread has been on a processor.
fn busy() -> Duration {
    let tasks = fs::read_dir("/proc/self/task").unwrap().map(|task| task.unwrap().path());
    let writer = tasks
        .filter(|task| {
            fs::read_to_string(task.join("comm")).is_ok_and(|name| name.trim() == "journal-writer")
        })
        .filter_map(|task| fs::read_to_string(task.join("schedstat")).ok())
        .find_map(|times| times.split(' ').next()?.parse().ok());
    Duration::from_nanos(writer.unwrap())
}
