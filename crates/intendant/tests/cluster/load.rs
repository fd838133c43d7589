//! Callers that know several hubs and ask the next one when one does not take their request, as a balancer does.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use api::client::{Client, Submission};
use serde_json::json;
use tokio::task::JoinHandle;

use crate::hub::ACTION;

/// Each caller has a subject of its own.
const CALLERS: usize = 12;
/// Between two requests of one caller.
const PAUSE: Duration = Duration::from_millis(800);
/// Before the next hub is asked, once all of them were.
const AGAIN: Duration = Duration::from_millis(50);
/// A hub that has not answered by then may hang: the next one is asked the same.
pub(crate) const ANSWERS: Duration = Duration::from_secs(3);

/// A request that was acknowledged.
#[derive(Clone, Debug)]
pub(crate) struct Ack {
    pub(crate) job: String,
    /// By this hub.
    pub(crate) by: usize,
    pub(crate) at: Instant,
}

pub(crate) struct Load {
    over: Arc<AtomicBool>,
    acks: Arc<Mutex<Vec<Ack>>>,
    callers: Vec<JoinHandle<()>>,
}

impl Load {
    /// Begins. `name` makes its requests others than those of every other load.
    pub(crate) fn start(hubs: &[Client], name: &str) -> Load {
        let (over, acks) = (Arc::<AtomicBool>::default(), Arc::<Mutex<Vec<Ack>>>::default());
        let callers = (0..CALLERS).map(|caller| {
            let caller = Caller {
                name: format!("{name}-{caller}"),
                subject: caller,
                hubs: hubs.to_vec(),
                next: caller % hubs.len(),
                acks: Arc::clone(&acks),
            };
            tokio::spawn(caller.run(Arc::clone(&over)))
        });
        Load { callers: callers.collect(), over, acks }
    }

    /// The first request after `since` that was acknowledged, by one that is not `but`.
    pub(crate) fn first(&self, since: Instant, but: Option<usize>) -> Option<Ack> {
        let acks = self.acks.lock().unwrap();
        acks.iter().find(|ack| ack.at > since && Some(ack.by) != but).cloned()
    }

    /// Waits until what was begun is acknowledged; the jobs of all requests.
    pub(crate) async fn end(self) -> Vec<String> {
        self.over.store(true, Ordering::Relaxed);
        for caller in self.callers {
            caller.await.unwrap();
        }
        let acks = self.acks.lock().unwrap();
        acks.iter().map(|ack| ack.job.clone()).collect()
    }
}

struct Caller {
    name: String,
    subject: usize,
    hubs: Vec<Client>,
    next: usize,
    acks: Arc<Mutex<Vec<Ack>>>,
}

impl Caller {
    async fn run(mut self, over: Arc<AtomicBool>) {
        for n in 0.. {
            if over.load(Ordering::Relaxed) {
                return;
            }
            let ack = self.insist(&format!("{}-{n}", self.name)).await;
            self.acks.lock().unwrap().push(ack);
            // Each in turn, so that one that has come back is asked as well.
            self.next = (self.next + 1) % self.hubs.len();
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// The same request to one hub after the other, until one has acknowledged it.
    async fn insist(&mut self, id: &str) -> Ack {
        let document = json!({"concernedTo": format!("s{}", self.subject), "payload": {}}).to_string();
        let submission = Submission { action: Some(ACTION.to_owned()), id: Some(id.to_owned()), wait: None };
        let begun = Instant::now();
        for tried in 1.. {
            assert!(begun.elapsed() < 2 * crate::bed::LONG, "{id} is acknowledged by nobody");
            let asked = self.hubs[self.next].submit(document.clone(), &submission);
            match tokio::time::timeout(ANSWERS, asked).await {
                Ok(Ok(submitted)) => {
                    let job = submitted.job.expect("a job").to_string();
                    return Ack { job, by: self.next, at: Instant::now() };
                }
                Ok(Err(api::Error::Problem(problem))) if problem.status < 500 && problem.status != 429 => {
                    panic!("refused: {problem:?}")
                }
                Ok(Err(_)) | Err(_) => self.next = (self.next + 1) % self.hubs.len(),
            }
            if tried % self.hubs.len() == 0 {
                tokio::time::sleep(AGAIN).await;
            }
        }
        unreachable!()
    }
}
