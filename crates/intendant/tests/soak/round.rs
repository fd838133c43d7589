//! A round: work at three doors, faults, and the judge.

use std::collections::HashMap;
use std::fmt;
use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use api::client::{Client, Submission};
use api::dto::{Filter, JobQuery};
use model::word::code;
use serde_json::json;
use testkit::oracle::{self, JobView};

use crate::bed::{Bed, LONG};
use crate::bus::Requester;
use crate::dice::Dice;
use crate::fault::Fault;
use crate::hub::ACTION;
use crate::queue::Queue;
use crate::views::{stories, view};

/// What all jobs are about.
pub(crate) const SUBJECTS: u64 = 200;

/// Callers of the API.
const CALLERS: u64 = 4;

/// Between two requests of one caller.
const PAUSE: Duration = Duration::from_millis(100);

pub(crate) struct Round {
    number: u64,
    faults: Vec<Fault>,
}

/// What a round came to.
pub(crate) struct Done {
    jobs: usize,
    attempts: usize,
    cut_off: usize,
    faults: Vec<Fault>,
}

impl Round {
    /// One of those that the hub lives through, then one of those that end it, in turn.
    pub(crate) fn new(number: u64, dice: &mut Dice) -> Round {
        let mut faults =
            if number.is_multiple_of(2) { Fault::OUTSIDE.to_vec() } else { Fault::DEADLY.to_vec() };
        for last in (1..faults.len()).rev() {
            faults.swap(last, usize::try_from(dice.roll(last as u64 + 1)).unwrap());
        }
        Round { number, faults }
    }

    pub(crate) async fn run(self, bed: &mut Bed, dice: &mut Dice) -> Done {
        fs::write(bed.witness(), "").unwrap();
        let before = newest(&bed.client).await;
        let over = Arc::new(AtomicBool::new(false));
        let callers: Vec<_> = (0..CALLERS)
            .map(|caller| {
                tokio::spawn(call(bed.client.clone(), self.number, caller, fork(dice), Arc::clone(&over)))
            })
            .collect();
        let (number, dice_of, flag) = (self.number, fork(dice), Arc::clone(&over));
        let requester = Requester::new(&bed.broker);
        let requester =
            tokio::task::spawn_blocking(move || requester.publish(number, dice_of, PAUSE / 2, &flag));
        let (dice_of, flag) = (fork(dice), Arc::clone(&over));
        let queue = Queue::new(bed.redis.url());
        let queue = tokio::task::spawn_blocking(move || queue.add(number, dice_of, PAUSE / 2, &flag));

        for fault in &self.faults {
            tokio::time::sleep(Duration::from_millis(500 + dice.roll(1500))).await;
            println!("       {fault:?}");
            fault.strike(bed, dice).await;
        }
        over.store(true, Ordering::Relaxed);

        let mut ids = Vec::new();
        for caller in callers {
            ids.extend(caller.await.unwrap());
        }
        let (requester, queue) = (requester.await.unwrap(), queue.await.unwrap());
        let (requester, queue) = collect(requester, queue).await;
        ids.extend(requester.asked);
        ids.extend(queue.asked);
        drain(bed).await;
        self.judge(bed, before, &ids).await
    }

    /// Nothing lost, repeated or out of order, and one job for each request.
    async fn judge(self, bed: &Bed, before: i64, ids: &[String]) -> Done {
        let stories = stories(&bed.client, before).await;
        let mut jobs: HashMap<&str, Vec<String>> = HashMap::new();
        for story in &stories {
            let id = story.job.external_id.as_deref().expect("each has one");
            jobs.entry(id).or_default().push(story.job.id.to_string());
        }
        let lost: Vec<&String> = ids.iter().filter(|id| !jobs.contains_key(id.as_str())).collect();
        if !lost.is_empty() {
            let kept = bed.keep();
            let traces = traces(bed, &lost).await;
            panic!(
                "{} requests are lost: {lost:?}\n{traces}\nthe journal is in {kept}\n{}",
                lost.len(),
                bed.log()
            );
        }
        let twice: Vec<_> = jobs.iter().filter(|(_, jobs)| jobs.len() > 1).collect();
        assert!(twice.is_empty(), "{} requests became two jobs, first {:?}", twice.len(), twice.first());
        let witness = oracle::read(&fs::read_to_string(bed.witness()).unwrap()).unwrap();
        let views: Vec<JobView> = stories.iter().map(view).collect();
        let violations = oracle::verify(&witness, &[], &views, true);
        let first: Vec<String> = violations.iter().take(20).map(ToString::to_string).collect();
        assert!(violations.is_empty(), "{} violations, first:\n{}", violations.len(), first.join("\n"));
        let attempts = || stories.iter().flat_map(|story| &story.attempts);
        Done {
            jobs: stories.len(),
            attempts: attempts().count(),
            cut_off: attempts().filter(|attempt| attempt.code == Some(code::INTERRUPTED)).count(),
            faults: self.faults,
        }
    }
}

/// What the hub still knows of requests that no listing shows.
async fn traces(bed: &Bed, lost: &[&String]) -> String {
    let mut traces = Vec::new();
    for id in lost.iter().take(10) {
        let query = JobQuery {
            filter: Filter { text: Some((*id).clone()), ..Filter::default() },
            ..JobQuery::default()
        };
        let document = json!({"concernedTo": "s0", "payload": {}}).to_string();
        let again = Submission { action: Some(ACTION.to_owned()), id: Some((*id).clone()), wait: None };
        let (found, again) = (bed.client.jobs(&query).await, bed.client.submit(document, &again).await);
        traces.push(format!("{id}: searched for: {found:?}; handed in again: {again:?}"));
    }
    traces.push(format!("all: {:?}", bed.client.jobs(&JobQuery::default()).await.map(|page| page.damaged)));
    traces.join("\n")
}

impl fmt::Display for Done {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Done { jobs, attempts, cut_off, faults } = self;
        write!(f, " {jobs} jobs, {attempts} attempts, {cut_off} cut off; {faults:?}")
    }
}

/// Hands requests in until it is over, each until it is acknowledged.
async fn call(client: Client, round: u64, caller: u64, mut dice: Dice, over: Arc<AtomicBool>) -> Vec<String> {
    let mut ids = Vec::new();
    while !over.load(Ordering::Relaxed) {
        let id = format!("call-{round}-{caller}-{}", ids.len());
        let document = json!({"concernedTo": format!("s{}", dice.roll(SUBJECTS)), "payload": {}}).to_string();
        let submission = Submission { action: Some(ACTION.to_owned()), id: Some(id.clone()), wait: None };
        let insist = async {
            loop {
                match client.submit(document.clone(), &submission).await {
                    Ok(_) => break,
                    Err(api::Error::Problem(problem)) if problem.status < 500 && problem.status != 429 => {
                        panic!("refused: {problem:?}")
                    }
                    Err(_) => tokio::time::sleep(PAUSE).await,
                }
            }
        };
        tokio::time::timeout(LONG, insist).await.expect("it is acknowledged in the end");
        ids.push(id);
        tokio::time::sleep(PAUSE).await;
    }
    ids
}

/// Each of the two brokers' peers has all its answers.
async fn collect(mut requester: Requester, mut queue: Queue) -> (Requester, Queue) {
    let requester = tokio::task::spawn_blocking(move || {
        requester.collect();
        requester
    });
    let queue = tokio::task::spawn_blocking(move || {
        queue.collect();
        queue
    });
    (requester.await.unwrap(), queue.await.unwrap())
}

async fn drain(bed: &Bed) {
    let live = async |bed: &Bed| {
        let status = bed.client.status().await.unwrap();
        status.jobs.iter().filter(|tally| !tally.state.is_terminal()).map(|tally| tally.jobs).sum::<u64>()
    };
    bed.wait_until("all jobs have ended", async |bed| live(bed).await == 0).await;
}

async fn newest(client: &Client) -> i64 {
    let page = client.jobs(&JobQuery::default()).await.unwrap();
    page.jobs.first().map_or(0, |job| job.seq.0)
}

fn fork(dice: &mut Dice) -> Dice {
    Dice::new(dice.roll(u64::MAX >> 12))
}
