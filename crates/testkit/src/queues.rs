//! Durable queues for Node that others use, to be measured (`queues/rate.js`).

use std::process::Command;

use crate::Error;
use crate::npm::{self, NODE};
use crate::packages::{require, run};

const FILES: [(&str, &str); 3] = [
    ("package.json", include_str!("../queues/package.json")),
    ("package-lock.json", include_str!("../queues/package-lock.json")),
    ("rate.js", include_str!("../queues/rate.js")),
];

/// One of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Queue {
    /// `BullMQ`, on Redis.
    BullMq,
    /// pg-boss, on PostgreSQL.
    PgBoss,
    /// graphile-worker, on PostgreSQL.
    Graphile,
}

impl Queue {
    /// All of them.
    pub const ALL: [Queue; 3] = [Queue::BullMq, Queue::PgBoss, Queue::Graphile];

    /// What its authors call it.
    pub fn name(self) -> &'static str {
        match self {
            Queue::BullMq => "bullmq",
            Queue::PgBoss => "pg-boss",
            Queue::Graphile => "graphile-worker",
        }
    }

    /// Whether it keeps its jobs in PostgreSQL.
    pub fn is_on_postgresql(self) -> bool {
        self != Queue::BullMq
    }

    /// Seconds for so many jobs that do nothing, from so many submitters of which each waits until its own job is written.
    /// The server at `url` is as good as empty.
    ///
    /// # Errors
    /// [`Error::Missing`] without Node or npm; otherwise what the program said as it failed.
    pub fn seconds(self, url: &str, jobs: u64, submitters: usize) -> Result<f64, Error> {
        let program = npm::install("queues", &FILES)?.join("rate.js");
        let mut node = Command::new(require(NODE)?);
        node.arg(program).args([self.name(), url]).arg(jobs.to_string()).arg(submitters.to_string());
        let said = run(self.name(), &mut node)?;
        match said.trim().parse() {
            Ok(seconds) => Ok(seconds),
            Err(_) => Err(Error::Tool { what: self.name().to_owned(), log: said }),
        }
    }
}
