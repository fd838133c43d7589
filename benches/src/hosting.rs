//! Hosting, by the program as it is installed: how fast a school's state is told among ten thousand, how fast files come in,
//! in how much memory,
//! and how soon a client has looked at thousands of schools.
//!
//! A debug build does little of it, to show that it works.

mod polling;
mod program;
mod sink;

use std::fs::{self, File};
use std::io::Write as _;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use futures_util::future::try_join_all;
use hyper::body::Bytes;
use tokio::sync::Barrier;

use crate::bed;
use crate::http::{at, rate};

use program::{Hub, School};
pub(crate) use sink::serve as sink;

const SHORT: bool = cfg!(debug_assertions);
const SCHOOLS: usize = if SHORT { 300 } else { 10_000 };
const LOOKS: usize = if SHORT { 600 } else { 40_000 };
const CONNECTIONS: usize = 32;
const MIB: usize = 1 << 20;
const SIZES: [usize; 2] = if SHORT { [16 * MIB, 32 * MIB] } else { [256 * MIB, 1024 * MIB] };
const ROUNDS: usize = 3;
const FOLLOWED: usize = if SHORT { 300 } else { 8_000 };
const UPLOADS: usize = 50;
const EACH: usize = if SHORT { 4 * MIB } else { 64 * MIB };
/// Sent at once.
const PIECE: usize = 256 << 10;

pub(crate) fn run() -> Result<()> {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?.block_on(measure())
}

async fn measure() -> Result<()> {
    states().await?;
    for size in SIZES {
        throughput(size).await?;
    }
    memory().await?;
    polling::round(FOLLOWED).await
}

/// GET of a state against `/healthz`, in turns.
async fn states() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let hub = Hub::start(folder.path())?;
    let begun = Instant::now();
    let schools = hub.schools(SCHOOLS, CONNECTIONS).await?;
    println!("{SCHOOLS} schools asked for over HTTP, {CONNECTIONS} at once: {:.0}/s", rate(SCHOOLS, begun));
    let paths: Vec<String> = schools.iter().map(School::path).collect();
    let (mut state, mut health) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        health.push(looks(&hub, &["/healthz".to_owned()]).await?);
        state.push(looks(&hub, &paths).await?);
    }
    let (state, health) = (best(state)?, best(health)?);
    println!(
        "GET of a state: {:.0}/s, p50 {:.2} ms, p99 {:.2} ms; /healthz of the same server: {:.0}/s, p99 {:.2} ms; ratio {:.2} \
         (goal 0.5)",
        state.rate,
        state.p50,
        state.p99,
        health.rate,
        health.p99,
        state.rate / health.rate
    );
    Ok(())
}

/// How fast something was answered.
struct Looks {
    rate: f64,
    p50: f64,
    p99: f64,
}

fn best(all: Vec<Looks>) -> Result<Looks> {
    all.into_iter().max_by(|one, other| one.rate.total_cmp(&other.rate)).context("nothing was measured")
}

/// Asks for these in turn over many connections.
async fn looks(hub: &Hub, paths: &[String]) -> Result<Looks> {
    let begun = Instant::now();
    let one = async |n: usize| {
        let mut connection = hub.connect().await?;
        let mut times = Vec::with_capacity(LOOKS / CONNECTIONS);
        // Neighbours in number are not asked for one after the other.
        for path in paths.iter().cycle().skip(n * 7919 % paths.len()).step_by(13).take(LOOKS / CONNECTIONS) {
            let asked = Instant::now();
            connection.ask("GET", path, Bytes::new()).await?;
            times.push(asked.elapsed());
        }
        anyhow::Ok(times)
    };
    let mut times = try_join_all((0..CONNECTIONS).map(one)).await?.concat();
    Ok(Looks { rate: rate(times.len(), begun), p50: at(&mut times, 500), p99: at(&mut times, 990) })
}

/// A file of so many bytes: over tus, into a sink that writes and flushes the same way, without and with a digest, and by `cp`.
async fn throughput(size: usize) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let hub = Hub::start(&folder.path().join("hub"))?;
    let sink = sink::Sink::start(&folder.path().join("sink"))?;
    let schools = hub.schools(ROUNDS, 1).await?;
    let (mut ours, mut bare, mut digested, mut copied) = (f64::MAX, f64::MAX, f64::MAX, f64::MAX);
    for school in &schools {
        let upload = hub.announce(school, size).await?;
        ours = ours.min(hub.send(&upload, size, None).await?.as_secs_f64());
        bare = bare.min(sink.send(size, false).await?.as_secs_f64());
        sink.clear()?;
        digested = digested.min(sink.send(size, true).await?.as_secs_f64());
        copied = copied.min(copy(folder.path(), size)?.as_secs_f64());
        hub.clear()?;
        sink.clear()?;
    }
    let speed = |seconds: f64| f64::from(u32::try_from(size / MIB).unwrap_or(u32::MAX)) / seconds;
    println!(
        "a file of {} MiB: {:.0} MiB/s; a bare sink that flushes as often: {:.0} MiB/s, ratio {:.2}; one that makes a SHA-256 of \
         it, too: {:.0} MiB/s, ratio {:.2} (goal 0.9); cp and sync: {:.0} MiB/s, ratio {:.2}",
        size / MIB,
        speed(ours),
        speed(bare),
        bare / ours,
        speed(digested),
        digested / ours,
        speed(copied),
        copied / ours
    );
    Ok(())
}

/// Copies a file, and waits until the copy is on the disk.
fn copy(folder: &Path, size: usize) -> Result<Duration> {
    let (from, to) = (folder.join("from"), folder.join("to"));
    let mut file = File::create(&from)?;
    for piece in program::text(size) {
        file.write_all(&piece)?;
    }
    file.sync_all()?;
    let begun = Instant::now();
    ensure!(Command::new("cp").arg(&from).arg(&to).status()?.success(), "cp failed");
    File::open(&to)?.sync_data()?;
    let took = begun.elapsed();
    fs::remove_file(&from)?;
    fs::remove_file(&to)?;
    Ok(took)
}

/// Fifty schools send at once: all of them have sent a half before any goes on.
async fn memory() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let hub = Hub::start(folder.path())?;
    let before = bed::resident(&hub.pid());
    let schools = hub.schools(UPLOADS, 8).await?;
    let halfway = Arc::new(Barrier::new(UPLOADS));
    let begun = Instant::now();
    let one = async |school: &School| {
        let upload = hub.announce(school, EACH).await?;
        hub.send(&upload, EACH, Some(Arc::clone(&halfway))).await
    };
    let mut most = before;
    let mut sent = Box::pin(try_join_all(schools.iter().map(one)));
    loop {
        tokio::select! {
            done = &mut sent => { done?; break }
            () = tokio::time::sleep(Duration::from_millis(20)) => most = most.max(bed::resident(&hub.pid())),
        }
    }
    let speed = rate(UPLOADS * EACH / MIB, begun);
    println!(
        "{UPLOADS} uploads of {} MiB at once: {most:.0} MiB resident at most, {before:.0} before (goal 100); {speed:.0} MiB/s in all",
        EACH / MIB
    );
    Ok(())
}
