//! Durable jobs that do nothing: what the road itself costs.

use std::time::{Duration, Instant};

use anyhow::Result;
use futures_util::future::try_join_all;
use model::Effects;

use crate::bed;

const BEFORE: u64 = 100_000;
const JOBS: u64 = 50_000;

pub(crate) fn run() -> Result<()> {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?.block_on(measure())
}

async fn measure() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let hub = bed::start(folder.path(), bed::noop("IDENTITY_UPDATE")).await?;
    bed::submit(&hub, BEFORE, 512).await?;
    bed::drain(&hub).await?;
    println!("{BEFORE} jobs are in the journal; 500 subjects; every accept, start and settle is fsynced");
    for submitters in [64, 256] {
        let started = Instant::now();
        bed::submit(&hub, JOBS, submitters).await?;
        let accepted = started.elapsed().as_secs_f64();
        bed::drain(&hub).await?;
        let done = started.elapsed().as_secs_f64();
        let rate = |seconds: f64| f64::from(u32::try_from(JOBS).unwrap_or(u32::MAX)) / seconds;
        println!(
            "{submitters:4} submitters: {:6.0} accepts/s, {:6.0} jobs/s accepted and done (goal 10000)",
            rate(accepted),
            rate(done)
        );
    }
    latency(&hub).await?;
    hub.stop(Duration::from_secs(10)).await;
    Ok(())
}

/// Accept to result at 1,000 requests a second.
pub(crate) async fn latency(hub: &engine::Hub) -> Result<()> {
    let mut tick = tokio::time::interval(Duration::from_millis(1));
    let mut running = Vec::new();
    for n in 0..5_000 {
        tick.tick().await;
        let hub = hub.clone();
        running.push(tokio::spawn(async move {
            let started = Instant::now();
            if let engine::Accepted::New(id) = hub.accept(bed::request(n), Effects::default()).await? {
                hub.wait(id, Duration::from_mins(1)).await?;
            }
            anyhow::Ok(started.elapsed())
        }));
    }
    let mut times = try_join_all(running).await?.into_iter().collect::<Result<Vec<_>>>()?;
    times.sort();
    let at =
        |share: usize| times.get(times.len() * share / 1000).copied().unwrap_or_default().as_secs_f64() * 1e3;
    println!(
        "accept to result at 1000/s: p50 {:.1} ms, p99 {:.1} ms (goal 20), p99.9 {:.1} ms",
        at(500),
        at(990),
        at(999)
    );
    Ok(())
}
