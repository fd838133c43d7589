//! A hub with two brokers, a small disk and a clock that can be set.

use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use api::client::Client;
use rustix::process::{Pid, Signal, kill_process};

use testkit::disk::Disk;
use testkit::service::{Kind, Service};
use testkit::wall::Wall;

use crate::gauge::Gauge;
use crate::hub::{ACTION, HubProcess};

/// Longer than anything takes here, on the busiest machine.
pub(crate) const LONG: Duration = Duration::from_mins(4);

/// So many jobs are kept: more than a round has, so that the judge finds them all.
const KEPT: usize = 20_000;

/// A backend whose target is often asleep, and one that often refuses. What they do depends on the job's id alone.
const BACKENDS: &[(&str, &str, &str)] = &[
    (
        "10asleep",
        "    onError: 'stop'\n    retries: {max: 200, initial: 50ms, max_delay: 500ms}\n",
        "sleep 0.05\ncase $JOB in *[0-3]) [ \"$ATTEMPT\" -gt 2 ] || status=75;; esac",
    ),
    (
        "20refuses",
        "    onError: 'continue'\n    retries: {max: 200, initial: 50ms, max_delay: 500ms}\n",
        "sleep 0.05\ncase $JOB in *[7-8]) status=3;; esac",
    ),
];

pub(crate) struct Bed {
    hub: HubProcess,
    pub(crate) client: Client,
    pub(crate) redis: Service,
    pub(crate) broker: Service,
    wall: Wall,
    disk: Disk,
}

impl Bed {
    pub(crate) fn new() -> Bed {
        let hub = HubProcess::new(BACKENDS);
        fs::create_dir(hub.path("data")).unwrap();
        let disk = Disk::mount(&hub.path("data"), 256).unwrap();
        let redis = Kind::Redis.start().unwrap();
        let broker = Kind::RabbitMq.start().unwrap();
        hub.configure(&sources(&redis, &broker));
        let client = Client::new(hub.path("socket"));
        let wall = Wall::new(&hub.path("")).unwrap();
        Bed { hub, client, redis, broker, wall, disk }
    }

    // === life and death ===

    /// Starts the hub, whether it can take work or not.
    pub(crate) fn spawn(&mut self) {
        let wall = &self.wall;
        self.hub.spawn(|command| wall.follow(command));
    }

    /// Starts it and waits until it takes requests.
    pub(crate) async fn start(&mut self) {
        self.spawn();
        self.wait_until("the hub is ready", async |bed| bed.client.ready().await.is_ok_and(|r| r.ready))
            .await;
    }

    /// Kills it.
    pub(crate) fn kill(&mut self) {
        self.hub.kill();
    }

    /// Asks it to stop, and says how it ended.
    pub(crate) async fn stop(&mut self) -> Option<i32> {
        self.signal(Signal::TERM);
        let mut hub = self.hub.take();
        tokio::task::spawn_blocking(move || hub.wait().unwrap().code()).await.unwrap()
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(self.hub.child()), signal).unwrap();
    }

    // === what surrounds it ===

    /// Puts the hub's clock ahead by so many seconds, or behind.
    pub(crate) fn set_clock(&self, seconds: i64) {
        self.wall.set_ahead(seconds).unwrap();
    }

    /// Leaves no room on the disk.
    pub(crate) fn fill_disk(&self) {
        self.disk.fill(0).unwrap();
    }

    /// Makes room again.
    pub(crate) fn empty_disk(&self) {
        self.disk.empty().unwrap();
    }

    /// Keeps a copy of the journal, for whoever has to find out what went wrong; where it is.
    pub(crate) fn keep(&self) -> String {
        let kept = std::env::temp_dir().join(format!("intendant-soak-{}", std::process::id()));
        fs::create_dir_all(&kept).unwrap();
        let copied =
            Command::new("cp").arg("-r").args([self.path("data"), self.path("log"), kept.clone()]).status();
        assert!(copied.is_ok_and(|copied| copied.success()), "it cannot be copied");
        kept.display().to_string()
    }

    /// Kills the scripts that run.
    pub(crate) fn kill_scripts(&self) {
        for child in self.children() {
            if let Some(pid) = Pid::from_raw(child) {
                // It may have ended just now.
                let _ = kill_process(pid, Signal::KILL);
            }
        }
    }

    fn children(&self) -> Vec<i32> {
        let pid = self.hub.child().id();
        let tasks = fs::read_dir(format!("/proc/{pid}/task")).unwrap();
        let of = |task: fs::DirEntry| fs::read_to_string(task.path().join("children")).unwrap_or_default();
        let lists: Vec<String> = tasks.flatten().map(of).collect();
        lists.iter().flat_map(|list| list.split_whitespace()).map(|pid| pid.parse().unwrap()).collect()
    }

    // === looking ===

    /// Waits until something is so.
    pub(crate) async fn wait_until(&self, what: &str, so: impl AsyncFn(&Bed) -> bool) {
        let waited = tokio::time::timeout(LONG, async {
            while !so(self).await {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        });
        if waited.await.is_err() {
            let status = self.client.status().await;
            let ready = self.client.ready().await;
            panic!("waited in vain until {what}; {status:#?} {ready:#?}; the log:\n{}", self.log());
        }
    }

    /// What it takes, at rest.
    pub(crate) async fn gauge(&self) -> Gauge {
        self.wait_until("no script runs", async |bed| bed.children().is_empty()).await;
        // Memory that is free goes back a little later.
        tokio::time::sleep(Duration::from_secs(1)).await;
        Gauge::read(self.hub.child().id(), &self.path("data"))
    }

    pub(crate) fn witness(&self) -> PathBuf {
        self.path("witness")
    }

    /// The end of its log.
    pub(crate) fn log(&self) -> String {
        let log = self.hub.log();
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(60)..].join("\n")
    }

    fn path(&self, name: &str) -> PathBuf {
        self.hub.path(name)
    }
}

/// More than a round has: each answer is looked for at the end of its round.
const ANSWERS: u64 = 20_000;

/// How it is told of its brokers, and what it keeps.
fn sources(redis: &Service, broker: &Service) -> String {
    let (redis, broker, key) = (redis.url(), broker.url(), crate::bus::KEY);
    format!(
        "retention:\n  jobs_max: {KEPT}\n\
         sesame:\n  main:\n    redis: {redis}\n    keep_count: {ANSWERS}\n\
         bus:\n  soak:\n    url: {broker}\n    application_id: soak\n    deferred: 1s\n    routes:\n\
         \x20     {key}:\n        action: {ACTION}\n        concerned_to: /who\n        reply: true\n"
    )
}
