//! Rate, memory and start with ten thousand and with a million journaled jobs.

use std::time::{Duration, Instant};

use anyhow::Result;

use crate::bed;

const SIZES: [u64; 2] = [10_000, 1_000_000];
const JOBS: u64 = 20_000;

pub(crate) fn run() -> Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let mut first: Option<(f64, f64, f64)> = None;
    for size in SIZES {
        let (rate, start, memory) = runtime.block_on(measure(size))?;
        println!("{size:8} jobs: {rate:6.0} jobs/s, start {:5.1} ms, {memory:5.1} MiB resident", start * 1e3);
        match first {
            None => first = Some((rate, start, memory)),
            Some((r, s, m)) => {
                println!(
                    "ratio to the first: rate {:.2}, start {:.2}, memory {:.2} (goal: within 25 %)",
                    rate / r,
                    start / s,
                    memory / m
                );
            }
        }
    }
    Ok(())
}

async fn measure(size: u64) -> Result<(f64, f64, f64)> {
    let folder = tempfile::tempdir()?;
    let hub = bed::start(folder.path(), bed::noop()).await?;
    bed::submit(&hub, size, 512).await?;
    bed::drain(&hub).await?;
    hub.stop(Duration::from_secs(10)).await;
    drop(hub);
    let started = Instant::now();
    let hub = bed::start(folder.path(), bed::noop()).await?;
    let start = started.elapsed().as_secs_f64();
    let started = Instant::now();
    bed::submit(&hub, JOBS, 256).await?;
    bed::drain(&hub).await?;
    let seconds = started.elapsed().as_secs_f64();
    let memory = bed::resident("self");
    hub.stop(Duration::from_secs(10)).await;
    Ok((f64::from(u32::try_from(JOBS).unwrap_or(u32::MAX)) / seconds, start, memory))
}
