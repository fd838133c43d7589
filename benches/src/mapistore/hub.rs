//! What the hub does with registrations: how fast it counts them, how fast the journal learns who came, how many processes
//! can be connected at once, and how much memory somebody takes who is registered.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use engine::Clock;
use engine::port::Catalogue;
use mapistore::registry::Rules;
use mapistore::{Live, Settings, Work};
use mapistore_wire::{Frames, FromHub, FromProcess, Hello, Triple};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::UnixStream;
use tokio::runtime::Runtime;

use crate::bed;

/// Counts of people who are there already.
const EVENTS: u64 = 1_000_000;
/// People who come.
const USERS: u64 = 100_000;
/// Descriptors that all else takes.
const RESERVED: u64 = 600;

pub(super) fn run() -> Result<()> {
    println!("the hub, with its journal on disk");
    let folder = tempfile::tempdir()?;
    Runtime::new()?.block_on(measure(folder.path()))
}

async fn measure(folder: &Path) -> Result<()> {
    let hub = bed::start(&folder.join("data"), Catalogue::default()).await?;
    let rules = Rules { tables: usize::MAX, ..Rules::default() };
    let socket = folder.join("socket");
    let settings = Settings { socket: Some(socket.clone()), rules, ..Settings::default() };
    let live = Live::new(settings, Clock::system());
    let work = Work::begin(live.clone(), hub.clone());
    let mut line = Line::open(&socket, 0).await?;
    events(&mut line).await?;
    people(&mut line).await?;
    drop(line);
    connections(&socket, &live).await?;
    work.quiesce();
    hub.stop(Duration::ZERO).await;
    work.close().await;
    Ok(())
}

/// How fast what is said is counted.
async fn events(line: &mut Line) -> Result<()> {
    let names: Vec<String> = (0..1000).map(|n| format!("user{n}")).collect();
    for name in &names {
        line.set(name, 1)?;
    }
    line.sync().await?;
    let begun = Instant::now();
    for n in 0..EVENTS {
        let name = names.get(usize::try_from(n % 1000)?).context("a name")?;
        line.set(name, 1 + n)?;
        if line.out.len() > 64 << 10 {
            line.flush().await?;
        }
    }
    line.sync().await?;
    println!("  {:.0} counts/s over one connection", rate(EVENTS, begun.elapsed()));
    Ok(())
}

/// How fast the journal learns who has come, and what each takes in memory.
async fn people(line: &mut Line) -> Result<()> {
    let before = bed::resident("self");
    let begun = Instant::now();
    for n in 0..USERS {
        line.set(&format!("teacher{n:06}@example.org"), 3)?;
        if line.out.len() > 64 << 10 {
            line.flush().await?;
        }
    }
    line.sync().await?;
    let took = begun.elapsed();
    let each = (bed::resident("self") - before) * 1024.0 * 1024.0 / count(USERS);
    println!(
        "  {USERS} people who come at once: {:.0}/s on disk, {:.1} s in all; {each:.0} bytes of memory for each",
        rate(USERS, took),
        took.as_secs_f64()
    );
    Ok(())
}

/// As many processes as there are descriptors for: both ends of each connection are in this process.
async fn connections(socket: &Path, live: &Live) -> Result<()> {
    let limit = rustix::process::getrlimit(rustix::process::Resource::Nofile).current.unwrap_or(1 << 20);
    let wanted = usize::try_from(limit.saturating_sub(RESERVED) / 2)?.min(100_000);
    let before = bed::resident("self");
    let begun = Instant::now();
    let mut lines = Vec::with_capacity(wanted);
    for n in 0..wanted {
        let mut line = Line::open(socket, u128::try_from(n)? + 1).await?;
        line.set(&format!("u{n}"), 1)?;
        line.flush().await?;
        lines.push(line);
    }
    if let Some(last) = lines.last_mut() {
        last.sync().await?;
    }
    let took = begun.elapsed();
    ensure!(live.table().connected() >= wanted, "not all are connected");
    let each = (bed::resident("self") - before) * 1024.0 / count(wanted as u64);
    println!(
        "  {wanted} processes connected at once (limit of {limit} descriptors), made in {:.1} s; {each:.1} KiB for each with both its ends",
        took.as_secs_f64()
    );
    Ok(())
}

fn count(n: u64) -> f64 {
    f64::from(u32::try_from(n).unwrap_or(u32::MAX))
}

fn rate(n: u64, took: Duration) -> f64 {
    count(n) / took.as_secs_f64()
}

/// A process that speaks.
struct Line {
    stream: UnixStream,
    frames: Frames,
    out: Vec<u8>,
    token: u64,
}

impl Line {
    async fn open(socket: &Path, instance: u128) -> Result<Self> {
        let mut tries = 0;
        let stream = loop {
            match UnixStream::connect(socket).await {
                Ok(stream) => break stream,
                Err(error) if tries > 500 => return Err(error).context("the hub does not listen"),
                Err(_) => {
                    tries += 1;
                    tokio::time::sleep(Duration::from_millis(10)).await;
                }
            }
        };
        let mut line = Line { stream, frames: Frames::default(), out: Vec::new(), token: 0 };
        FromProcess::Hello(Hello::new(instance.to_le_bytes(), 1, 1, "bench")).encode(&mut line.out)?;
        FromProcess::Snapshot.encode(&mut line.out)?;
        FromProcess::SnapshotEnd.encode(&mut line.out)?;
        line.flush().await?;
        Ok(line)
    }

    fn set(&mut self, user: &str, count: u64) -> Result<()> {
        let triple = Triple::new("SOGo", user, user)?;
        Ok(FromProcess::Set { triple, count }.encode(&mut self.out)?)
    }

    async fn flush(&mut self) -> Result<()> {
        self.stream.write_all(&self.out).await?;
        self.out.clear();
        Ok(())
    }

    /// Waits until all that was said is counted and on disk.
    async fn sync(&mut self) -> Result<()> {
        self.token += 1;
        FromProcess::Sync(self.token).encode(&mut self.out)?;
        self.flush().await?;
        let mut buffer = vec![0; 4096];
        loop {
            while let Some(frame) = self.frames.next_frame()? {
                match FromHub::decode(frame)? {
                    Some(FromHub::Synced(token)) if token == self.token => return Ok(()),
                    Some(FromHub::Refused { why, .. }) => anyhow::bail!("refused: {why}"),
                    _ => {}
                }
            }
            let read = self.stream.read(&mut buffer).await?;
            ensure!(read > 0, "the hub has closed the connection");
            self.frames.push(buffer.get(..read).unwrap_or_default());
        }
    }
}
