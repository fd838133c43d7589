//! Hubs that work on one journal beside each other, each on a machine of its own.
#![allow(clippy::disallowed_methods, reason = "other hubs are waited for")]
#![allow(clippy::wildcard_imports, reason = "the module above is made for it")]

use std::sync::Arc;
use std::time::{Duration, Instant};

use intendant_journal::{Error, Journal, Options};
use model::OutcomeKind;

use super::database::{Schema, sql};
use super::*;

/// Longer than anything takes here.
const LONG: Duration = Duration::from_mins(1);

/// A hub on a machine of its own. What it is told is kept.
pub struct Hub {
    pub journal: Arc<dyn Journal>,
    pub heard: Heard,
    machine: Schema,
}

impl Hub {
    pub fn beside(schema: &Schema) -> Self {
        Hub::on(schema.elsewhere(), true)
    }

    /// One that is not told by others when there is something to read, nor tells them.
    pub fn deaf(schema: &Schema) -> Self {
        Hub::on(schema.elsewhere(), false)
    }

    /// One in this seat.
    pub fn on(machine: Schema, notify: bool) -> Self {
        let heard = Heard::default();
        let options = Options { beside: true, notify, ..machine.options() };
        let journal = intendant_journal::open(options, heard.observer()).unwrap();
        Hub { journal, heard, machine }
    }

    /// Ends; what is left is its seat.
    pub async fn end(self) -> Schema {
        self.journal.close().await;
        self.machine
    }

    pub fn leads(&self) -> bool {
        *self.journal.leads().borrow()
    }
}

pub async fn until(what: &str, mut so: impl AsyncFnMut() -> bool) {
    let begun = Instant::now();
    while !so().await {
        assert!(begun.elapsed() < LONG, "waited in vain until {what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// Starts a job at whoever owns it, and says who that is.
pub async fn start_somewhere(hubs: &[Hub], job: u64) -> usize {
    let mut owner = None;
    until("somebody starts the job", async || {
        for (place, hub) in hubs.iter().enumerate() {
            match hub.journal.change(start(job, at(1_000))).await {
                Ok(()) => {
                    assert_eq!(owner.replace(place), None);
                    return true;
                }
                // It is on its way from one to the other, or not in line yet.
                Err(Error::NotOurs(_) | Error::Fenced(_)) => {}
                Err(error) => panic!("{error}"),
            }
        }
        false
    })
    .await;
    owner.unwrap()
}

/// Runs a job from its start to its end.
pub async fn run_somewhere(hubs: &[Hub], job: u64) {
    let owner = start_somewhere(hubs, job).await;
    hubs[owner].journal.change(settle(job, 1, OutcomeKind::Done, at(2_000))).await.unwrap();
}

pub fn shards(schema: &Schema) -> Vec<usize> {
    let counts = sql(
        schema.url(),
        "SELECT count(*) FROM shard JOIN pen ON node = owner AND NOT over GROUP BY node ORDER BY node",
    );
    counts.iter().map(|count| count.parse().unwrap()).collect()
}

pub async fn spread(schema: &Schema, hubs: usize) {
    until("the shards are spread", async || {
        let shards = shards(schema);
        shards.len() == hubs
            && shards.iter().sum::<usize>() == 256
            && shards.iter().all(|count| *count > 256 / hubs / 2)
    })
    .await;
}
