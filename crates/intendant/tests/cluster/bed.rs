//! A PostgreSQL, and hubs that have their journal on it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use api::client::Client;
use api::dto::{JobQuery, Story};
use tempfile::TempDir;
use testkit::disk::Disk;
use testkit::oracle::{self, Edge, Line, Run};
use testkit::service::{Kind, Service};

use crate::judge::Pause;
use crate::load::{Ack, Load};
use crate::node::Node;
use crate::pulse::Pulse;
use crate::sink::Sink;
use crate::views::stories;

/// Longer than anything takes here, on the busiest machine.
pub(crate) const LONG: Duration = Duration::from_mins(2);

/// What PostgreSQL has, in MiB.
const ROOM: u32 = 512;

/// A backend whose target is often asleep and sometimes slow, and one that often refuses. What they do depends on the
/// job's id alone.
const BACKENDS: &[(&str, &str, &str)] = &[
    (
        "10asleep",
        "    onError: 'stop'\n    retries: {max: 200, initial: 50ms, max_delay: 500ms}\n",
        "case $JOB in *[048c]0) sleep 8;; *) sleep 0.1;; esac\n\
         case $JOB in *[0-3]) [ \"$ATTEMPT\" -gt 2 ] || status=75;; esac",
    ),
    ("20refuses", "    onError: 'continue'\n", "case $JOB in *[7-8]) status=3;; esac"),
];

/// Behind the lines of the journal.
pub(crate) const ALL_WORK: &str = "  all_work: true\n";

pub(crate) struct Bed {
    pub(crate) nodes: Vec<Node>,
    pub(crate) server: Service,
    pub(crate) pulse: Pulse,
    pub(crate) pauses: Vec<Pause>,
    /// All of them work at once.
    together: bool,
    /// Who is told how jobs end.
    pub(crate) sink: Sink,
    /// That of PostgreSQL.
    pub(crate) disk: Disk,
    folder: TempDir,
}

impl Bed {
    /// Starts so many hubs, and waits until one is at work and the others stand by.
    pub(crate) async fn start(hubs: usize) -> Bed {
        Bed::with(hubs, BACKENDS, "").await
    }

    /// The same with other backends, and more lines of configuration.
    pub(crate) async fn with(hubs: usize, backends: &[(&str, &str, &str)], more: &str) -> Bed {
        Bed::beside(None, hubs, backends, more).await
    }

    /// So many hubs that all work at once.
    pub(crate) async fn together(hubs: usize) -> Bed {
        Bed::together_with(hubs, BACKENDS, "").await
    }

    /// The same with other backends, and more lines of configuration.
    pub(crate) async fn together_with(hubs: usize, backends: &[(&str, &str, &str)], more: &str) -> Bed {
        Bed::beside(None, hubs, backends, &format!("{ALL_WORK}{more}")).await
    }

    /// The same beside a broker to which each hub has a road of its own.
    pub(crate) async fn beside(
        broker: Option<&Service>,
        hubs: usize,
        backends: &[(&str, &str, &str)],
        more: &str,
    ) -> Bed {
        let folder = tempfile::tempdir().unwrap();
        let witness = folder.path().join("witness");
        fs::write(&witness, "").unwrap();
        let mut server = Kind::PostgreSql.start().unwrap();
        let disk = server.move_to_disk(ROOM).unwrap();
        let sink = Sink::listen().await;
        let more = format!("{more}{}", sink.lines());
        let nodes = (0..hubs).map(|_| Node::new(&server, broker, backends, &witness, &more)).collect();
        let together = more.starts_with(ALL_WORK);
        let mut bed =
            Bed { nodes, server, pulse: Pulse::start(), pauses: Vec::new(), together, sink, disk, folder };
        for node in &mut bed.nodes {
            node.spawn();
        }
        bed.settle().await;
        bed
    }

    /// From their next start on every other hub is another version of the program, and each changes whenever it starts anew.
    pub(crate) fn mix(&mut self, version: &Path) {
        for (place, node) in self.nodes.iter_mut().enumerate() {
            node.alternate(version, place % 2 == 0);
        }
    }

    pub(crate) fn hubs(&self) -> Vec<Client> {
        self.nodes.iter().map(|node| node.client.clone()).collect()
    }

    /// Waits until something is so.
    pub(crate) async fn wait_until(&self, what: &str, so: impl AsyncFn(&Bed) -> bool) {
        let begun = Instant::now();
        while !so(self).await {
            assert!(begun.elapsed() < LONG, "waited in vain until {what}; {}", self.logs());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Which of them is at work.
    pub(crate) async fn at_work(&self) -> Option<usize> {
        for (place, node) in self.nodes.iter().enumerate() {
            if node.is_at_work().await {
                return Some(place);
            }
        }
        None
    }

    /// Waits until one is at work; which one it is.
    pub(crate) async fn wait_for_one(&self) -> usize {
        let begun = Instant::now();
        loop {
            if let Some(place) = self.at_work().await {
                return place;
            }
            assert!(begun.elapsed() < LONG, "nobody is at work; {}", self.logs());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Waits until one is at work and the others stand by; which one it is. Where all work, until they do, each on a part; which
    /// one leads.
    pub(crate) async fn settle(&self) -> usize {
        if self.together {
            return self.settle_together().await;
        }
        let others_stand_by = async |bed: &Bed, place: usize| {
            for (other, node) in bed.nodes.iter().enumerate() {
                if other != place && !node.stands_by().await {
                    return false;
                }
            }
            true
        };
        let begun = Instant::now();
        loop {
            if let Some(place) = self.at_work().await
                && others_stand_by(self, place).await
            {
                return place;
            }
            assert!(
                begun.elapsed() < LONG,
                "it is not so that one works and the others stand by; {}",
                self.logs()
            );
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Whether they all work at once.
    pub(crate) fn is_together(&self) -> bool {
        self.together
    }

    async fn settle_together(&self) -> usize {
        let leads = async |bed: &Bed| {
            let mut leads = None;
            for (place, node) in bed.nodes.iter().enumerate() {
                let own = node.is_at_work().await.then_some(node.own().await).flatten()?;
                if own.leads {
                    leads = Some(place);
                }
            }
            leads
        };
        let begun = Instant::now();
        loop {
            if let Some(place) = leads(self).await {
                return place;
            }
            assert!(begun.elapsed() < LONG, "it is not so that all work and one leads; {}", self.logs());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Waits for the first request that is acknowledged after `since`, by another one than `but`.
    pub(crate) async fn first(&self, load: &Load, since: Instant, but: Option<usize>) -> Ack {
        self.wait_until("a request is acknowledged", async |_| load.first(since, but).is_some()).await;
        load.first(since, but).expect("it was there")
    }

    /// Waits until every job has ended.
    pub(crate) async fn drain(&self) {
        let live = async |bed: &Bed| {
            let place = bed.at_work().await?;
            let status = bed.nodes[place].client.status().await.ok()?;
            let live = status.jobs.iter().filter(|tally| !tally.state.is_terminal());
            Some(live.map(|tally| tally.jobs).sum::<u64>())
        };
        self.wait_until("all jobs have ended", async |bed| live(bed).await == Some(0)).await;
    }

    /// What is said of all jobs after this place in the order.
    pub(crate) async fn stories(&self, after: i64) -> Vec<Story> {
        stories(&self.nodes[self.settle().await].client, after).await
    }

    /// The newest place in the order.
    pub(crate) async fn newest(&self) -> i64 {
        let page = self.nodes[self.settle().await].client.jobs(&JobQuery::default()).await.unwrap();
        page.jobs.first().map_or(0, |job| job.seq.0)
    }

    /// Runs statements on the database, past the hubs. Returns what the last one gave.
    pub(crate) fn sql(&self, statements: &str) -> String {
        let options = ["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-c", statements, self.server.url()];
        let ran = Command::new("psql").args(options).output().unwrap();
        assert!(ran.status.success(), "{statements}: {}", String::from_utf8_lossy(&ran.stderr));
        String::from_utf8_lossy(&ran.stdout).trim().to_owned()
    }

    // === what the scripts wrote down ===

    fn path(&self) -> PathBuf {
        self.folder.path().join("witness")
    }

    pub(crate) fn witness(&self) -> Vec<Line> {
        oracle::read(&fs::read_to_string(self.path()).unwrap()).unwrap()
    }

    /// The runs that have begun and not reached their end, and of which no later attempt has begun: that one was ended.
    pub(crate) fn under_way(&self) -> Vec<Run> {
        let mut alive: Vec<Run> = Vec::new();
        for line in self.witness() {
            let same_step = |run: &Run| (&run.job, run.step) == (&line.run.job, line.run.step);
            alive.retain(|run| !same_step(run));
            if line.edge == Edge::Start {
                alive.push(line.run);
            }
        }
        alive
    }

    /// So many ran after so many lines.
    pub(crate) fn under_way_at(&self, lines: usize) -> usize {
        let began = self.witness().iter().take(lines).filter(|line| line.edge == Edge::Start).count();
        2 * began - lines
    }

    /// What scripts look for that fail until it is there: `$WITNESS.mended`.
    pub(crate) fn mend(&self) {
        fs::write(self.path().with_extension("mended"), "").unwrap();
    }

    /// So many scripts have begun or ended.
    pub(crate) fn lines(&self) -> usize {
        self.witness().len()
    }

    /// Forgets all that they wrote down: nothing runs.
    pub(crate) fn forget(&mut self) {
        fs::write(self.path(), "").unwrap();
        self.nodes.iter().for_each(Node::forget_runs);
        self.pauses.clear();
    }

    pub(crate) fn logs(&self) -> String {
        let log = |(place, node): (usize, &Node)| format!("hub {place}:\n{}\n", node.log());
        self.nodes.iter().enumerate().map(log).collect()
    }
}
