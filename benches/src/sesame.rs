//! Sesame's queue: the same jobs, the same script, our daemon against a Node worker and against BullMQ's own Rust
//! worker, which keeps no journal. Each in turn, on the same Redis.

mod worker;

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};
use testkit::bullmq::{Orchestrator, Version};
use testkit::service::{Kind, Service};

use self::worker::{Programs, Setting, Worker};
use crate::{backend, bed};

const SYNCS: usize = 3_000;
const DUMPS: usize = 20_000;
/// Added one after the other, each once the one before is answered.
const TURNS: usize = 300;
/// What the original runs at once.
const CONCURRENCY: usize = 5;
const POLL: Duration = Duration::from_millis(10);

pub(crate) fn run() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let backends = folder.path().join("backends");
    backend::write(&backends, "update.sh", Some(CONCURRENCY))?;
    let redis = Kind::Redis.start()?;
    println!("{SYNCS} jobs of a sh script, {CONCURRENCY} at once; then {DUMPS} of DUMP_PACKAGE_CONFIG");
    let programs = Programs::ready()?;
    let mut figures = Vec::new();
    for kind in worker::Kind::ALL {
        let measured = measure(kind, &programs, folder.path(), &backends, &redis)?;
        println!("{:<34} {measured}", kind.name());
        figures.push(measured);
    }
    if let [node, bare, ours, paused] = figures.as_slice() {
        println!(
            "jobs/s: {:.2} of the bare Rust worker (goal 0.9), {:.2} with the pause before answers; {:.1} × Node (goal 2.5)",
            ours.jobs / bare.jobs,
            paused.jobs / bare.jobs,
            ours.jobs / node.jobs,
        );
        println!(
            "from adding a job to hearing its answer, p50: {:.2} of Node's (goal 1.2); {:.2} with the pause, which alone is {:.2}",
            ours.answer / node.answer,
            paused.answer / node.answer,
            worker::PAUSE_MS / node.answer,
        );
        println!(
            "of Node's: own CPU per job {:.2} (goal 0.25), memory {:.2} (goal 0.2), start to first job done {:.2} \
             (goal 0.1; {:.2} with the pause), queue only {:.1} × (goal 3)",
            ours.cpu / node.cpu,
            ours.memory / node.memory,
            ours.first / node.first,
            paused.first / node.first,
            ours.dumps / node.dumps,
        );
        println!(
            "queue only, Redis is what is waited for: BullMQ's scripts take {:.2} ms of it for each job here (which \
             takes many at once) and {:.2} ms for Node (which takes the next one as it completes one), so that nobody \
             who leaves those scripts as they are gets far beyond {:.0}/s on this machine",
            ours.redis,
            node.redis,
            1e3 / node.redis.min(ours.redis),
        );
    }
    Ok(())
}

/// What one worker did.
struct Measured {
    /// Seconds from its start to the end of its first job.
    first: f64,
    /// Milliseconds from adding a job to hearing its answer, for half of those that are added one after the other.
    answer: f64,
    /// Jobs a second.
    jobs: f64,
    /// Milliseconds of its own processor time for each.
    cpu: f64,
    /// Jobs a second that need no script.
    dumps: f64,
    /// Milliseconds of Redis's processor time for each of those.
    redis: f64,
    /// Resident, after all that, in MiB.
    memory: f64,
}

impl std::fmt::Display for Measured {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "{:5.0} jobs/s, {:.2} ms own CPU each, first done after {:4.0} ms, one after the other {:.1} ms, queue only \
             {:6.0}/s ({:.2} ms of Redis each), {:.0} MiB",
            self.jobs,
            self.cpu,
            self.first * 1e3,
            self.answer,
            self.dumps,
            self.redis,
            self.memory
        )
    }
}

fn measure(
    kind: worker::Kind,
    programs: &Programs,
    folder: &Path,
    backends: &Path,
    redis: &Service,
) -> Result<Measured> {
    let mut queue = Queue::new(kind, redis)?;
    queue.add("IDENTITY_UPDATE", 1)?;
    let begun = Instant::now();
    let setting = Setting { folder, backends, url: redis.url(), queue: &queue.name.clone() };
    let worker = Worker::start(kind, programs, &setting)?;
    queue.emptied(begun)?;
    let first = begun.elapsed().as_secs_f64();

    let answer = queue.in_turn()?;
    let cpu_before = worker.cpu()?;
    let (jobs, _) = queue.rate("IDENTITY_UPDATE", SYNCS)?;
    let spent = (worker.cpu()? - cpu_before) * 1e3;
    let (dumps, redis) = queue.rate("DUMP_PACKAGE_CONFIG", DUMPS)?;
    let memory = bed::resident(&worker.id());
    worker.stop()?;
    Ok(Measured { first, answer, jobs, cpu: spent / count(SYNCS), dumps, redis, memory })
}

/// A queue of its own for each worker, and the orchestrator that fills it.
struct Queue<'r> {
    name: String,
    node: Orchestrator,
    added: usize,
    redis: &'r Service,
}

impl<'r> Queue<'r> {
    fn new(kind: worker::Kind, redis: &'r Service) -> Result<Self> {
        let name = format!("bench-{kind:?}").to_lowercase();
        let mut node = Orchestrator::start(Version::V5, redis.url(), &name)?;
        node.ask("deafen", json!({}))?;
        Ok(Queue { name, node, added: 0, redis })
    }

    fn add(&mut self, action: &str, jobs: usize) -> Result<()> {
        let range = self.added..self.added + jobs;
        let jobs: Vec<Value> = range.clone().map(|n| job(action, n)).collect();
        self.node.ask("addBulk", json!({ "jobs": jobs }))?;
        self.added = range.end;
        Ok(())
    }

    /// Jobs a second, from a full queue that is opened until it is empty, and the milliseconds of Redis for each.
    fn rate(&mut self, action: &str, jobs: usize) -> Result<(f64, f64)> {
        self.node.ask("pause", json!({}))?;
        self.add(action, jobs)?;
        let (begun, before) = (Instant::now(), busy(self.redis)?);
        self.node.ask("resume", json!({}))?;
        self.emptied(begun)?;
        let rate = count(jobs) / begun.elapsed().as_secs_f64();
        Ok((rate, (busy(self.redis)? - before) * 1e3 / count(jobs)))
    }

    /// Milliseconds from adding a job to hearing its answer, by an orchestrator that does one after the other: the median.
    fn in_turn(&mut self) -> Result<f64> {
        let mut node = Orchestrator::start(Version::V5, self.redis.url(), &self.name)?;
        let mut times = Vec::new();
        for n in self.added..self.added + TURNS {
            let begun = Instant::now();
            node.ask("ask", job("IDENTITY_UPDATE", n))?;
            times.push(begun.elapsed());
        }
        self.added += TURNS;
        times.sort();
        Ok(times.get(TURNS / 2).map_or(0.0, |median| median.as_secs_f64() * 1e3))
    }

    /// Waits until no job waits or is under way. How many were done does not show: a worker keeps the last ones only.
    fn emptied(&mut self, begun: Instant) -> Result<()> {
        loop {
            let counts = self.node.ask("counts", json!({}))?;
            let of = |state: &str| counts.get(state).and_then(Value::as_u64).unwrap_or_default();
            ensure!(of("failed") == 0, "jobs failed: {counts}");
            ensure!(
                of("completed") + of("wait") + of("active") + of("paused") > 0,
                "the queue is gone: {counts}"
            );
            if of("wait") + of("active") + of("paused") == 0 {
                return Ok(());
            }
            ensure!(begun.elapsed() < Duration::from_mins(5), "the worker stands still: {counts}");
            std::thread::sleep(POLL);
        }
    }
}

/// The processor time of Redis so far, in seconds.
fn busy(redis: &Service) -> Result<f64> {
    let told = Command::new("redis-cli").args(["-u", redis.url(), "INFO", "cpu"]).output()?;
    let told = String::from_utf8_lossy(&told.stdout).into_owned();
    let of = |name: &str| {
        let value = told.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
        value.and_then(|value| value.trim().parse::<f64>().ok()).with_context(|| format!("no {name}: {told}"))
    };
    Ok(of("used_cpu_sys")? + of("used_cpu_user")?)
}

/// A synchronisation of one of 500 identities, as the button sends it.
fn job(action: &str, n: usize) -> Value {
    let body = bed::request(n as u64).body;
    let mut data = if action == "IDENTITY_UPDATE" { body } else { json!({}) };
    if let Some(members) = data.as_object_mut() {
        members.insert("options".to_owned(), json!({ "async": true }));
    }
    json!({ "name": action, "data": data, "opts": { "jobId": format!("66c22991bdc3c9a7{n:08x}") } })
}

fn count(jobs: usize) -> f64 {
    f64::from(u32::try_from(jobs).unwrap_or(u32::MAX))
}
