//! What the hub does with registrations: how fast it counts them, how fast the journal learns who came, how many processes
//! can be connected at once, and how much memory somebody takes who is registered.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::os::unix::net::UnixStream as Stream;
use std::path::Path;
use std::process::{Command, Stdio};
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

use super::PARTS;
use crate::bed;

/// Counts of people who are there already.
const EVENTS: u64 = 1_000_000 / PARTS;
/// People who come.
const USERS: u64 = 100_000 / PARTS;
/// Descriptors that all else takes.
const RESERVED: u64 = 600;
/// Connections at most, where descriptors are as good as unlimited.
const MOST: u64 = 100_000 / PARTS;

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

/// As many processes as there are descriptors for. Their ends are in a process of their own.
async fn connections(socket: &Path, live: &Live) -> Result<()> {
    let limit = rustix::process::getrlimit(rustix::process::Resource::Nofile).current.unwrap_or(1 << 20);
    let wanted = limit.saturating_sub(RESERVED).min(MOST);
    let before = bed::resident("self");
    let begun = Instant::now();
    let mut crowd = Command::new(std::env::current_exe()?)
        .args([CROWD.as_ref(), socket.as_os_str(), wanted.to_string().as_ref()])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    let mut said = BufReader::new(crowd.stdout.take().context("what it says")?);
    let line = tokio::task::spawn_blocking(move || {
        let mut line = String::new();
        said.read_line(&mut line).map(|_| line)
    });
    ensure!(line.await?? == "connected\n", "not all were let in");
    let took = begun.elapsed();
    let connected = live.table().connected();
    ensure!(u64::try_from(connected)? >= wanted, "{connected} of {wanted} are connected");
    let each = (bed::resident("self") - before) * 1024.0 / count(wanted);
    println!(
        "  {wanted} processes connected at once (limit of {limit} descriptors), each with a user on disk after {:.1} s; {each:.1} KiB for each",
        took.as_secs_f64()
    );
    drop(crowd.stdin.take());
    ensure!(crowd.wait()?.success(), "the crowd has not ended well");
    Ok(())
}

/// How the crowd is called.
pub(crate) const CROWD: &str = "mapistore-crowd";

/// So many connections, each with a user, as long as standard input is open.
pub(crate) fn crowd(socket: &Path, wanted: &str) -> Result<()> {
    let mut streams = Vec::new();
    for n in 0..wanted.parse::<u128>()? {
        let mut stream = Stream::connect(socket).context("the hub does not listen")?;
        let mut out = greeting(n + 1)?;
        let user = format!("u{n}");
        FromProcess::Set { triple: Triple::new("SOGo", &user, &user)?, count: 1 }.encode(&mut out)?;
        FromProcess::Sync(1).encode(&mut out)?;
        stream.write_all(&out)?;
        streams.push(stream);
    }
    let mut buffer = [0; 256];
    for stream in &mut streams {
        let mut frames = Frames::default();
        while !is_synced(&mut frames, 1)? {
            let read = stream.read(&mut buffer)?;
            ensure!(read > 0, "the hub has closed the connection");
            frames.push(buffer.get(..read).unwrap_or_default());
        }
    }
    println!("connected");
    std::io::stdin().read_to_end(&mut Vec::new())?;
    Ok(())
}

/// What a process says first: nobody is registered by it yet.
fn greeting(instance: u128) -> Result<Vec<u8>> {
    let mut out = Vec::new();
    FromProcess::Hello(Hello::new(instance.to_le_bytes(), 1, 1, "bench")).encode(&mut out)?;
    FromProcess::Snapshot.encode(&mut out)?;
    FromProcess::SnapshotEnd.encode(&mut out)?;
    Ok(out)
}

/// Whether the hub has said that all is on disk, as far as it was heard.
fn is_synced(frames: &mut Frames, wanted: u64) -> Result<bool> {
    while let Some(frame) = frames.next_frame()? {
        match FromHub::decode(frame)? {
            Some(FromHub::Synced(token)) if token == wanted => return Ok(true),
            Some(FromHub::Refused { why, .. }) => anyhow::bail!("refused: {why}"),
            _ => {}
        }
    }
    Ok(false)
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
        let mut line = Line { stream, frames: Frames::default(), out: greeting(instance)?, token: 0 };
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
        while !is_synced(&mut self.frames, self.token)? {
            let read = self.stream.read(&mut buffer).await?;
            ensure!(read > 0, "the hub has closed the connection");
            self.frames.push(buffer.get(..read).unwrap_or_default());
        }
        Ok(())
    }
}
