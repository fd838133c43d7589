//! Rate, memory and start with ten thousand and with a million journaled jobs; and at the cap, where each new job makes an
//! old one go.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use engine::{Hub, Keep, Limits};
use jiff::Timestamp;
use journal::Retention;

use crate::bed;

const SIZES: [u64; 2] = [10_000, 1_000_000];
const JOBS: u32 = 20_000;
/// At the cap what is over is removed so often, in the measured time too. A hub does it once a minute, all at once.
const PRUNE: Duration = Duration::from_millis(500);

/// What was measured.
struct Figures {
    /// Jobs accepted and done in a second.
    rate: f64,
    /// The same while each makes an old one go.
    at_the_cap: f64,
    /// Milliseconds until the hub has started.
    start: f64,
    /// MiB resident after the work.
    memory: f64,
}

pub(crate) fn run() -> Result<()> {
    let mut first: Option<Figures> = None;
    for size in SIZES {
        let folder = tempfile::tempdir()?;
        runtime()?.block_on(fill(folder.path(), size))?;
        let Figures { rate, at_the_cap, start, memory } = in_a_fresh_process(folder.path())?;
        println!(
            "{size:8} jobs: {rate:6.0} jobs/s below the cap, {at_the_cap:6.0} at it, start {start:5.1} ms, \
             {memory:5.1} MiB resident"
        );
        if let Some(first) = &first {
            println!(
                "ratio to the first: rate {:.2} below the cap, {:.2} at it, start {:.2}, memory {:.2} (goal: within 25 %)",
                rate / first.rate,
                at_the_cap / first.at_the_cap,
                start / first.start,
                memory / first.memory
            );
        }
        first = first.or(Some(Figures { rate, at_the_cap, start, memory }));
    }
    Ok(())
}

/// Measures in a process that has not written the jobs itself: what its allocator kept would be in the figures.
fn in_a_fresh_process(folder: &Path) -> Result<Figures> {
    let output = Command::new(std::env::current_exe()?).arg("scale-one").arg(folder).output()?;
    let said = String::from_utf8_lossy(&output.stdout);
    ensure!(
        output.status.success(),
        "the measuring process failed: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    let last = said.lines().last().unwrap_or_default();
    let mut figures = last.split(' ').map(str::parse::<f64>);
    let mut next = || figures.next().context("a figure is missing")?.context("it is no number");
    Ok(Figures { rate: next()?, at_the_cap: next()?, start: next()?, memory: next()? })
}

/// The measuring process: prints its figures in one line.
pub(crate) fn one(folder: &Path) -> Result<()> {
    let Figures { rate, at_the_cap, start, memory } = runtime()?.block_on(measure(folder))?;
    println!("{rate} {at_the_cap} {start} {memory}");
    Ok(())
}

async fn fill(folder: &Path, size: u64) -> Result<()> {
    let hub = bed::start(folder, bed::noop("IDENTITY_UPDATE")).await?;
    bed::submit(&hub, size, 512).await?;
    bed::drain(&hub).await?;
    // Events of a million jobs are more than are kept: removing them is no part of what is measured below the cap.
    hub.keeping().prune(retention(u64::MAX), Timestamp::now()).await?;
    hub.stop(Duration::from_secs(10)).await;
    Ok(())
}

async fn measure(folder: &Path) -> Result<Figures> {
    let started = Instant::now();
    let hub = bed::start(folder, bed::noop("IDENTITY_UPDATE")).await?;
    let start = started.elapsed().as_secs_f64() * 1e3;
    let rate = rate(&hub).await?;
    let cap = hub.journal().tallies().await?.iter().map(|tally| tally.jobs).sum();
    let pruning = tokio::spawn(prune(hub.clone(), cap));
    let at_the_cap = self::rate(&hub).await?;
    pruning.abort();
    let memory = bed::resident("self");
    hub.stop(Duration::from_secs(10)).await;
    Ok(Figures { rate, at_the_cap, start, memory })
}

async fn rate(hub: &Hub) -> Result<f64> {
    let started = Instant::now();
    bed::submit(hub, u64::from(JOBS), 64).await?;
    bed::drain(hub).await?;
    Ok(f64::from(JOBS) / started.elapsed().as_secs_f64())
}

/// Keeps as many jobs as there were.
async fn prune(hub: Hub, cap: u64) -> Result<()> {
    loop {
        hub.keeping().prune(retention(cap), Timestamp::now()).await?;
        tokio::time::sleep(PRUNE).await;
    }
}

/// The usual retention, but for the number of jobs.
fn retention(jobs_max: u64) -> Retention {
    let Keep { records_max, messages_max, events_max, bytes_max, .. } = Limits::default().keep;
    Retention {
        jobs_before: Timestamp::MIN,
        jobs_max,
        ids_before: Timestamp::MIN,
        records_before: Timestamp::MIN,
        records_max,
        messages_before: Timestamp::MIN,
        messages_max,
        events_max,
        bytes_max,
    }
}

fn runtime() -> Result<tokio::runtime::Runtime> {
    Ok(tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?)
}
