//! A hub that loses on a crash what it did not fsync, with backends that bear witness.

use std::collections::HashSet;
use std::fs::{self, File};
use std::io::{Read as _, Seek as _, SeekFrom};
use std::time::{Duration, Instant};

use api::client::{Client, Submission};
use api::dto::Story;
use model::JobId;
use serde_json::json;
use testkit::oracle::{self, Edge, JobView, Line, Run, Violation};
use testkit::shadow::{Point, Shadow};
use testkit::wait;

use crate::hub::{ACTION, HubProcess};
use crate::views::{stories, view};

/// Longer than anything takes here, on the busiest machine.
pub(crate) const LONG: Duration = Duration::from_mins(2);

pub(crate) struct Bed {
    hub: HubProcess,
    shadow: Shadow,
    client: Client,
}

impl Bed {
    /// Backends by name: further keys of the action, and what the script does between its begin and its end.
    pub(crate) fn new(backends: &[(&str, &str, &str)]) -> Bed {
        let hub = HubProcess::new(backends);
        // What a target refuses depends on the job here, so it says nothing about the target.
        hub.configure("breaker:\n  failures: 0\n");
        let shadow = Shadow::new(&hub.path("data"), &hub.path("shadow")).unwrap();
        let client = Client::new(hub.path("socket"));
        Bed { hub, shadow, client }
    }

    // === life and death ===

    /// Starts the hub and waits until it takes requests.
    pub(crate) async fn start(&mut self) {
        self.hub.spawn(|command| self.shadow.follow(command).unwrap());
        let client = self.client.clone();
        self.wait_until("the hub is ready", async || client.ready().await.is_ok()).await;
    }

    /// Waits until something is so.
    pub(crate) async fn wait_until(&self, what: &str, so: impl AsyncFn() -> bool) {
        let waited = tokio::time::timeout(LONG, async {
            while !so().await {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        });
        assert!(waited.await.is_ok(), "waited in vain until {what}; the log:\n{}", self.log());
    }

    /// Kills the hub and cuts the power.
    pub(crate) fn crash(&mut self) {
        self.hub.kill();
        self.shadow.cut_power().unwrap();
    }

    /// Lets the hub die at this point.
    pub(crate) fn arm(&self, point: Point) {
        self.shadow.arm(point).unwrap();
    }

    /// Waits until it has died by itself, and cuts the power.
    pub(crate) fn died(&mut self) {
        let mut hub = self.hub.take();
        let died = wait::until(LONG, || hub.try_wait().unwrap());
        assert!(died.is_some(), "it lives; the log:\n{}", self.log());
        self.shadow.cut_power().unwrap();
    }

    // === asking ===

    /// Hands a request about a subject in; the job once it is acknowledged, `None` when the hub died first.
    pub(crate) fn submit(&self, id: &str, subject: u64) -> impl Future<Output = Option<JobId>> + use<> {
        let client = self.client.clone();
        let document = json!({"concernedTo": format!("s{subject}"), "payload": {}}).to_string();
        let submission = Submission { action: Some(ACTION.to_owned()), id: Some(id.to_owned()), wait: None };
        async move {
            match client.submit(document, &submission).await {
                Ok(submitted) => Some(submitted.job.expect("a job")),
                Err(api::Error::Problem(problem)) => panic!("refused: {problem:?}"),
                Err(_) => None,
            }
        }
    }

    /// Waits until every job has ended.
    pub(crate) async fn drain(&self) {
        let live = async || {
            let status = self.client.status().await.unwrap();
            status.jobs.iter().filter(|tally| !tally.state.is_terminal()).map(|tally| tally.jobs).sum::<u64>()
        };
        self.wait_until("all jobs have ended", async || live().await == 0).await;
    }

    /// Everything that the hub says of its jobs.
    pub(crate) async fn stories(&self) -> Vec<Story> {
        stories(&self.client, 0).await
    }

    // === judging ===

    /// What the scripts wrote down.
    pub(crate) fn witness(&self) -> Vec<Line> {
        oracle::read(&fs::read_to_string(self.hub.path("witness")).unwrap()).unwrap()
    }

    /// Follows what the scripts write down from here on.
    pub(crate) fn watch(&self) -> Watch {
        let mut file = File::open(self.hub.path("witness")).unwrap();
        file.seek(SeekFrom::End(0)).unwrap();
        Watch { file, rest: String::new(), live: HashSet::new(), first: None }
    }

    /// Compares what the scripts saw and what was acknowledged with what the hub says in the end.
    pub(crate) fn verdict(&self, stories: &[Story], acknowledged: &[String]) -> Vec<Violation> {
        let journal: Vec<JobView> = stories.iter().map(view).collect();
        oracle::verify(&self.witness(), acknowledged, &journal, true)
    }

    pub(crate) fn log(&self) -> String {
        self.hub.log()
    }
}

/// The scripts that run, as far as they wrote it down.
pub(crate) struct Watch {
    file: File,
    rest: String,
    live: HashSet<Run>,
    first: Option<Instant>,
}

impl Watch {
    /// How many run now.
    pub(crate) fn running(&mut self) -> usize {
        self.read();
        self.live.len()
    }

    /// When the first was seen.
    pub(crate) fn first(&self) -> Option<Instant> {
        self.first
    }

    fn read(&mut self) {
        self.file.read_to_string(&mut self.rest).unwrap();
        while let Some(end) = self.rest.find('\n') {
            let line: Line = self.rest[..end].parse().unwrap();
            self.rest.drain(..=end);
            match line.edge {
                Edge::Start => {
                    self.first.get_or_insert_with(Instant::now);
                    self.live.insert(line.run);
                }
                Edge::End => {
                    self.live.remove(&line.run);
                }
            }
        }
    }
}
