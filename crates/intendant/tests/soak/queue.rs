//! An orchestrator on Sesame's queue.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use testkit::bullmq::{Orchestrator, Version};

use crate::bed::LONG;
use crate::dice::Dice;
use crate::hub::ACTION;

/// So many at once.
const BATCH: usize = 5;

pub(crate) struct Queue {
    url: String,
    node: Option<Orchestrator>,
    /// Handed in.
    pub(crate) asked: Vec<String>,
}

impl Queue {
    pub(crate) fn new(url: &str) -> Queue {
        Queue { url: url.to_owned(), node: None, asked: Vec::new() }
    }

    /// Adds jobs until it is over, whatever happens to Redis.
    pub(crate) fn add(
        mut self,
        round: u64,
        mut dice: Dice,
        pause: Duration,
        over: &Arc<AtomicBool>,
    ) -> Queue {
        while !over.load(Ordering::Relaxed) {
            let ids: Vec<String> = (0..BATCH).map(|n| id(round, self.asked.len() + n)).collect();
            let jobs: Vec<Value> = ids.iter().map(|id| job(id, dice.roll(crate::round::SUBJECTS))).collect();
            self.insist("addBulk", &json!({ "jobs": jobs }));
            self.asked.extend(ids);
            thread::sleep(pause * u32::try_from(BATCH).unwrap());
        }
        self
    }

    /// Waits until each is answered, and none of them as BullMQ answers what a worker lost.
    pub(crate) fn collect(&mut self) {
        let asked = self.asked.clone();
        self.insist(
            "waitAll",
            &json!({ "ids": asked, "ms": LONG.as_millis().try_into().unwrap_or(u64::MAX) }),
        );
        let counts = self.insist("counts", &json!({}));
        assert_eq!(counts["failed"], 0, "jobs failed in the queue itself: {counts}");
        // Or the queue is full one day, and what is completed while the clock is behind is the oldest in it.
        self.insist("clean", &json!({}));
    }

    /// Asks, with a new orchestrator if need be, until it is done.
    fn insist(&mut self, what: &str, arguments: &Value) -> Value {
        let end = Instant::now() + 2 * LONG;
        loop {
            match self.attempt(what, arguments) {
                Ok(value) => return value,
                Err(error) => assert!(Instant::now() < end, "the queue: {error}"),
            }
            self.node = None;
            thread::sleep(Duration::from_millis(300));
        }
    }

    fn attempt(&mut self, what: &str, arguments: &Value) -> Result<Value, testkit::Error> {
        let node = match &mut self.node {
            Some(node) => node,
            none => none.insert(Orchestrator::start(Version::V5, &self.url, "sesame")?),
        };
        node.ask(what, arguments.clone())
    }
}

fn id(round: u64, n: usize) -> String {
    format!("5eed{round:08x}{n:012x}")
}

fn job(id: &str, subject: u64) -> Value {
    let who = format!("s{subject}");
    let payload = json!({ "identity": { "action": ACTION, "identity": { "_id": who } } });
    json!({
        "name": ACTION,
        "data": { "concernedTo": who, "payload": payload, "options": { "async": true } },
        "opts": { "jobId": id, "attempts": 1 },
    })
}
