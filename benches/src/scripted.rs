//! Script jobs against a bare loop of the standard library's `Command`: the same command line, bytes and pipes.

use std::io::{Read, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};

use crate::{backend, bed};

const JOBS: u64 = 4_000;
/// What a backend has when its `config.yml` does not say; the bare loop has as many threads.
const SLOTS: usize = 16;

pub(crate) fn run() -> Result<()> {
    let folder = tempfile::tempdir()?;
    // The first needs the shell (a redirection), the second does not.
    backend::write(&folder.path().join("with"), "update.sh 2>/dev/null", None)?;
    backend::write(&folder.path().join("without"), "update.sh", None)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    for _ in 0..2 {
        let bare = bare(&folder.path().join("with/01sh/bin"))?;
        println!("bare loop, {SLOTS} threads, /bin/sh -c:          {bare:5.0} scripts/s");
        for (name, what) in [("with", "hub, /bin/sh -c"), ("without", "hub, shell not needed")] {
            let rate = runtime.block_on(hub(&folder.path().join(name)))?;
            println!(
                "{what:<38} {rate:5.0} jobs/s, ratio {:.2} (goal {})",
                rate / bare,
                if name == "with" { "0.9" } else { "> 1.0" }
            );
        }
    }
    Ok(())
}

fn bare(bin: &Path) -> Result<f64> {
    let next = AtomicU64::new(0);
    let body = serde_json::to_vec(&bed::request(0).body)?;
    let command = format!("{}/update.sh 2>/dev/null", bin.display());
    let one = || -> Result<()> {
        while next.fetch_add(1, Ordering::Relaxed) < JOBS {
            let mut child = Command::new("/bin/sh")
                .arg("-c")
                .arg(&command)
                .current_dir(bin)
                .stdin(Stdio::piped())
                .stdout(Stdio::piped())
                .stderr(Stdio::piped())
                .spawn()?;
            child.stdin.take().context("stdin")?.write_all(&body)?;
            let mut out = String::new();
            child.stdout.take().context("stdout")?.read_to_string(&mut out)?;
            child.stderr.take().context("stderr")?.read_to_string(&mut String::new())?;
            ensure!(child.wait()?.success() && out.contains("\"status\": 0"), "the script failed: {out}");
        }
        Ok(())
    };
    let started = Instant::now();
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..SLOTS).map(|_| scope.spawn(one)).collect();
        threads
            .into_iter()
            .try_for_each(|t| t.join().unwrap_or_else(|_| Err(anyhow::anyhow!("a thread broke down"))))
    })?;
    Ok(rate(started))
}

async fn hub(backends: &Path) -> Result<f64> {
    let data = tempfile::tempdir()?;
    let hub = bed::start(data.path(), bed::scripts(backends)).await?;
    let started = Instant::now();
    bed::submit(&hub, JOBS, 64).await?;
    bed::drain(&hub).await?;
    let rate = rate(started);
    hub.stop(Duration::from_secs(10)).await;
    Ok(rate)
}

fn rate(started: Instant) -> f64 {
    f64::from(u32::try_from(JOBS).unwrap_or(u32::MAX)) / started.elapsed().as_secs_f64()
}
