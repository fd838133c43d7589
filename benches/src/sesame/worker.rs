//! A worker on the queue, as a process of its own.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::{Context as _, Result, ensure};
use testkit::bullmq;

use super::CONCURRENCY;
use crate::process;

/// The processor time of a process is counted in these.
const TICKS: f64 = 100.0;
const SCRIPT: &str = "update.sh";

/// Whose worker.
#[derive(Clone, Copy, Debug)]
pub(super) enum Kind {
    /// The npm package's, with `child_process.spawn` and a shell.
    Node,
    /// BullMQ's own for Rust.
    Bare,
    /// Ours, answering at once.
    Ours,
    /// Ours as it is installed: an answer waits 10 ms for an orchestrator that is still writing its own record.
    Paused,
}

impl Kind {
    pub(super) const ALL: [Kind; 4] = [Kind::Node, Kind::Bare, Kind::Ours, Kind::Paused];

    pub(super) fn name(self) -> &'static str {
        match self {
            Kind::Node => "Node, npm bullmq",
            Kind::Bare => "Rust, bullmq-official, no journal",
            Kind::Ours => "intendant, answers at once",
            Kind::Paused => "intendant, answers after 10 ms",
        }
    }
}

/// Where a worker finds its work.
#[derive(Clone, Copy)]
pub(super) struct Setting<'a> {
    /// For what it keeps.
    pub(super) folder: &'a Path,
    /// The backends.
    pub(super) backends: &'a Path,
    /// Redis.
    pub(super) url: &'a str,
    /// The queue.
    pub(super) queue: &'a str,
}

/// What the workers are made of, built before anything is measured.
pub(super) struct Programs {
    packages: PathBuf,
    bare: PathBuf,
    ours: PathBuf,
}

impl Programs {
    pub(super) fn ready() -> Result<Self> {
        Ok(Programs { packages: bullmq::install()?, bare: bare()?, ours: process::program()? })
    }
}

/// The pause before answers by default, counted from when a job was added, in milliseconds.
pub(super) const PAUSE_MS: f64 = 10.0;

/// A worker at work.
pub(super) struct Worker(Child);

impl Worker {
    /// Starts one with what it is told by `setting`.
    pub(super) fn start(kind: Kind, programs: &Programs, setting: &Setting<'_>) -> Result<Self> {
        let Setting { backends, url, queue, .. } = *setting;
        let bin = backends.join("01sh/bin");
        let mut command = match kind {
            Kind::Node => {
                let mut node = Command::new("node");
                node.arg(here().join("bullmq/worker.js")).arg("bullmq5");
                node.env("NODE_PATH", programs.packages.join("node_modules"));
                node
            }
            Kind::Bare => Command::new(&programs.bare),
            Kind::Ours | Kind::Paused => {
                let mut ours = Command::new(&programs.ours);
                let config = configure(kind, setting)?;
                ours.arg("--config").arg(config).arg("serve");
                ours
            }
        };
        if matches!(kind, Kind::Node | Kind::Bare) {
            let script = bin.join(SCRIPT);
            command.args([url, queue, &CONCURRENCY.to_string()]).arg(script).arg(bin);
        }
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).spawn();
        child.map(Worker).with_context(|| format!("starting {}", kind.name()))
    }

    pub(super) fn id(&self) -> String {
        self.0.id().to_string()
    }

    /// Its own processor time in seconds, without that of the scripts.
    pub(super) fn cpu(&self) -> Result<f64> {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.0.id()))?;
        let (_, after_name) = stat.rsplit_once(')').context("no such process")?;
        let times = after_name.split_whitespace().skip(11).take(2);
        Ok(times.map(str::parse::<f64>).sum::<Result<f64, _>>()? / TICKS)
    }

    pub(super) fn stop(mut self) -> Result<()> {
        self.0.kill()?;
        self.0.wait()?;
        Ok(())
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// BullMQ's own worker for Rust, built in its own workspace.
fn bare() -> Result<PathBuf> {
    let target = std::env::current_exe()?.parent().context("no folder")?.join("bare-worker");
    let status = Command::new("cargo")
        .args(["build", "--locked", "--release", "--quiet"])
        .current_dir(here().join("bullmq"))
        .env("CARGO_TARGET_DIR", &target)
        .status()?;
    ensure!(status.success(), "the bare worker could not be built");
    Ok(target.join("release/bare-worker"))
}

fn here() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn configure(kind: Kind, setting: &Setting<'_>) -> Result<PathBuf> {
    let Setting { folder, backends, url, queue } = *setting;
    let home = folder.join(format!("{kind:?}"));
    fs::create_dir_all(&home)?;
    let pause = if matches!(kind, Kind::Paused) { PAUSE_MS } else { 0.0 };
    let at = |name: &str| home.join(name).display().to_string();
    let text = format!(
        "data:\n  folder: {}\nkey: file:{}\nsocket: {}\nbackends:\n  folder: {}\nhttp:\n  listen: off\nlog:\n  level: \
         error\nsesame:\n  main:\n    redis: {url}\n    queue: {queue}\n    answer_after: {pause}ms\n",
        at("data"),
        at("key"),
        at("hub.sock"),
        backends.display()
    );
    let config = home.join("intendant.yml");
    fs::write(&config, text)?;
    Ok(config)
}
