//! Rate, memory and start with ten thousand and with a million journaled jobs.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};

use crate::bed;

const SIZES: [u64; 2] = [10_000, 1_000_000];
const JOBS: u32 = 20_000;

/// What was measured.
struct Figures {
    /// Jobs accepted and done in a second.
    rate: f64,
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
        let Figures { rate, start, memory } = in_a_fresh_process(folder.path())?;
        println!("{size:8} jobs: {rate:6.0} jobs/s, start {start:5.1} ms, {memory:5.1} MiB resident");
        if let Some(first) = &first {
            println!(
                "ratio to the first: rate {:.2}, start {:.2}, memory {:.2} (goal: within 25 %)",
                rate / first.rate,
                start / first.start,
                memory / first.memory
            );
        }
        first = first.or(Some(Figures { rate, start, memory }));
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
    Ok(Figures { rate: next()?, start: next()?, memory: next()? })
}

/// The measuring process: prints its figures in one line.
pub(crate) fn one(folder: &Path) -> Result<()> {
    let Figures { rate, start, memory } = runtime()?.block_on(measure(folder))?;
    println!("{rate} {start} {memory}");
    Ok(())
}

async fn fill(folder: &Path, size: u64) -> Result<()> {
    let hub = bed::start(folder, bed::noop("IDENTITY_UPDATE")).await?;
    bed::submit(&hub, size, 512).await?;
    bed::drain(&hub).await?;
    hub.stop(Duration::from_secs(10)).await;
    Ok(())
}

async fn measure(folder: &Path) -> Result<Figures> {
    let started = Instant::now();
    let hub = bed::start(folder, bed::noop("IDENTITY_UPDATE")).await?;
    let start = started.elapsed().as_secs_f64() * 1e3;
    let started = Instant::now();
    bed::submit(&hub, u64::from(JOBS), 64).await?;
    bed::drain(&hub).await?;
    let rate = f64::from(JOBS) / started.elapsed().as_secs_f64();
    let memory = bed::resident("self");
    hub.stop(Duration::from_secs(10)).await;
    Ok(Figures { rate, start, memory })
}

fn runtime() -> Result<tokio::runtime::Runtime> {
    Ok(tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?)
}
