//! Callers at work while something goes wrong around a journal, and what has to hold of it afterwards.
#![allow(clippy::disallowed_methods, reason = "a server beside the tests is waited for")]
#![allow(clippy::wildcard_imports, reason = "the module above is made for it")]

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use intendant_journal::{Acceptance, Change, EffectSet, Error, Journal};
use model::OutcomeKind;
use tokio::task::JoinHandle;

use super::*;

/// So many callers write at the same time.
const CALLERS: u64 = 16;

/// A journal with callers at work.
pub struct AtWork {
    pub journal: Arc<dyn Journal>,
    stop: Arc<AtomicBool>,
    callers: JoinHandle<(Vec<u64>, Vec<u64>)>,
}

impl AtWork {
    pub fn on(journal: Arc<dyn Journal>) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let callers = tokio::spawn(work(Arc::clone(&journal), Arc::clone(&stop)));
        AtWork { journal, stop, callers }
    }

    /// Waits until one more job was accepted.
    pub async fn progress(&self) {
        let before = self.journal.newest().await.unwrap();
        until(|| async { self.journal.newest().await.is_ok_and(|newest| newest > before) }).await;
    }

    /// They stop: all that was acknowledged is there, once; and everything fits together.
    pub async fn end(self) {
        self.stop.store(true, Ordering::Relaxed);
        let (accepted, ended) = self.callers.await.unwrap();
        judge(&*self.journal, &accepted, &ended).await;
    }
}

/// Callers that accept, start and end jobs until they are told to stop, each with its own subject. Returns the numbers of
/// jobs that were acknowledged, and those that were acknowledged as ended.
async fn work(journal: Arc<dyn Journal>, stop: Arc<AtomicBool>) -> (Vec<u64>, Vec<u64>) {
    let caller = |caller: u64| {
        let (journal, stop) = (Arc::clone(&journal), Arc::clone(&stop));
        tokio::spawn(async move {
            let (mut accepted, mut ended) = (Vec::new(), Vec::new());
            let mut number = caller;
            while !stop.load(Ordering::Relaxed) {
                number += CALLERS;
                let new =
                    known_as(&format!("id-{number}"), b"content", job_of(&format!("s{caller}"), number));
                // The same request again until there is an answer, as every source does.
                loop {
                    match journal.accept(new.clone(), EffectSet::default()).await {
                        Ok(Acceptance::New | Acceptance::Known(..)) => break,
                        Ok(other) => panic!("{other:?}"),
                        Err(Error::Unwritable(_)) => tokio::time::sleep(Duration::from_millis(20)).await,
                        Err(error) => panic!("{error}"),
                    }
                }
                accepted.push(number);
                insist(&*journal, start(number, at(1))).await;
                insist(&*journal, settle(number, 1, OutcomeKind::Done, at(2))).await;
                ended.push(number);
            }
            (accepted, ended)
        })
    };
    let callers = join_all((1..=CALLERS).map(caller)).await;
    callers.into_iter().map(Result::unwrap).fold(<(Vec<_>, Vec<_>)>::default(), |(mut a, mut e), (b, f)| {
        a.extend(b);
        e.extend(f);
        (a, e)
    })
}

/// Writes a move until it is written. It was not written when the answer is that it could not be.
async fn insist(journal: &dyn Journal, change: Change) {
    loop {
        match journal.change(change.clone()).await {
            Ok(()) => return,
            Err(Error::Unwritable(_)) => tokio::time::sleep(Duration::from_millis(20)).await,
            Err(error) => panic!("{error}"),
        }
    }
}

async fn judge(journal: &dyn Journal, accepted: &[u64], ended: &[u64]) {
    assert!(!ended.is_empty());
    for number in accepted {
        let job = the_job(journal, *number).await;
        assert_eq!(job.state.is_terminal(), ended.contains(number), "{job:?}");
        let attempts = journal.attempts(id(*number)).await.unwrap();
        assert!(attempts.len() <= 1, "{attempts:?}");
    }
    let all: u64 = journal.tallies().await.unwrap().iter().map(|tally| tally.jobs).sum();
    assert_eq!(all, accepted.len() as u64, "nothing is there twice");
    sound(journal).await;
}

/// Waits until something holds.
pub async fn until<F: Future<Output = bool>>(mut holds: impl FnMut() -> F) {
    let began = Instant::now();
    while !holds().await {
        assert!(began.elapsed() < Duration::from_mins(1), "it never came true");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}
