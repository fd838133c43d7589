//! Workers that stay: against the same handler run once for each job, and against what the machine can do at best, which
//! is the lesser of a bare loop over the pipes of the same workers and of durable jobs that do nothing.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use engine::port::Catalogue;
use serde_json::json;

use crate::bed;

/// So many of them work at once: as few as an administrator allows at first, and enough for commits to be shared, as those
/// of jobs that do nothing are.
const SLOTS: [usize; 2] = [4, 32];
const JOBS: u64 = 20_000;
/// Starting an interpreter takes its time.
const ONCE: u64 = 400;

/// A language, the helper of a few lines for it, a handler, and how many times faster a worker is to be.
struct Language {
    interpreter: &'static str,
    /// Prints where the interpreter itself lies: a version manager may stand before it.
    itself: &'static str,
    helper: (&'static str, &'static str),
    handler: &'static str,
    goal: f64,
}

const LANGUAGES: [Language; 2] = [
    Language {
        interpreter: "python3",
        itself: "import sys; print(sys.executable)",
        helper: ("intendant.py", include_str!("../../examples/workers/intendant.py")),
        handler: "from intendant import run\nrun(lambda request: {\"message\": \"ok\"})\n",
        goal: 20.0,
    },
    Language {
        interpreter: "node",
        itself: "console.log(process.execPath)",
        helper: ("intendant.js", include_str!("../../examples/workers/intendant.js")),
        handler: "require('./intendant.js').run(() => ({ message: 'ok' }));\n",
        goal: 50.0,
    },
];

pub(crate) fn run() -> Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let noop = runtime.block_on(hub(bed::noop("IDENTITY_UPDATE"), JOBS))?;
    println!("durable jobs that do nothing: {noop:.0} jobs/s");
    for language in LANGUAGES {
        let folder = tempfile::tempdir()?;
        let once = folder.path().join("once");
        language.write(&once, "script", SLOTS[0])?;
        let once = runtime.block_on(hub(bed::scripts(&once), ONCE))?;
        println!("{}: run once for each job {once:.0} jobs/s", language.interpreter);
        for slots in SLOTS {
            let kept = folder.path().join(format!("kept{slots}"));
            let bin = language.write(&kept, "worker", slots)?;
            let kept = runtime.block_on(hub(bed::scripts(&kept), JOBS))?;
            let (bare, memory) = bare(&bin, slots)?;
            let (lesser, both) = (bare.min(noop), 1.0 / (1.0 / bare + 1.0 / noop));
            println!("  {slots} workers: {kept:.0} jobs/s, {memory:.1} MiB each");
            println!("    ratio to once for each job: {:.1} (goal {:.0})", kept / once, language.goal);
            println!("    a bare loop over their pipes: {bare:.0}/s");
            println!("    ratio to the lesser of that and of nothing: {:.2} (goal 0.8)", kept / lesser);
            println!(
                "    both need the same processors: no more than {both:.0}/s ({:.2} of the lesser), of which {:.2}",
                both / lesser,
                kept / both
            );
        }
    }
    Ok(())
}

impl Language {
    /// Writes the backend into a folder of backends. Says where its scripts lie.
    fn write(&self, folder: &Path, mode: &str, slots: usize) -> Result<PathBuf> {
        let bin = folder.join("10kept/bin");
        fs::create_dir_all(&bin)?;
        let option = if self.interpreter == "node" { "-e" } else { "-c" };
        let itself = Command::new(self.interpreter).args([option, self.itself]).output();
        let itself = String::from_utf8(itself.with_context(|| self.interpreter)?.stdout)?;
        let config = format!(
            "_version: 1\nname: kept\ndescription: bench\nactive: true\nconcurrency: {slots}\nmode: {mode}\n\
             actions:\n  IDENTITY_UPDATE:\n    script: main\n    onError: stop\n"
        );
        fs::write(folder.join("10kept/config.yml"), config)?;
        fs::write(bin.join(self.helper.0), self.helper.1)?;
        fs::write(bin.join("main"), format!("#!{}\n{}", itself.trim(), self.handler))?;
        fs::set_permissions(bin.join("main"), fs::Permissions::from_mode(0o755))?;
        Ok(bin)
    }
}

/// Jobs a second of a hub.
async fn hub(catalogue: Catalogue, jobs: u64) -> Result<f64> {
    let data = tempfile::tempdir()?;
    let hub = bed::start(data.path(), catalogue).await?;
    // The workers are there before the clock runs.
    bed::submit(&hub, 64, 64).await?;
    bed::drain(&hub).await?;
    let started = Instant::now();
    bed::submit(&hub, jobs, 64).await?;
    bed::drain(&hub).await?;
    let rate = rate(jobs, started);
    hub.stop(Duration::from_secs(10)).await;
    Ok(rate)
}

/// Requests a second to the same workers, by one thread for each, and how much memory one of them has.
fn bare(bin: &Path, slots: usize) -> Result<(f64, f64)> {
    let workers = (0..slots).map(|_| Bare::start(bin)).collect::<Result<Vec<_>>>()?;
    let next = AtomicU64::new(0);
    let started = Instant::now();
    let ask = |mut worker: Bare| -> Result<Bare> {
        while next.fetch_add(1, Ordering::Relaxed) < JOBS {
            worker.ask(&next)?;
        }
        Ok(worker)
    };
    let ask = &ask;
    let workers = std::thread::scope(|scope| {
        let threads: Vec<_> = workers.into_iter().map(|worker| scope.spawn(move || ask(worker))).collect();
        let broken = |_| Err(anyhow::anyhow!("a thread broke down"));
        threads.into_iter().map(|thread| thread.join().unwrap_or_else(broken)).collect::<Result<Vec<_>>>()
    })?;
    let rate = rate(JOBS, started);
    let resident: f64 = workers.iter().map(|worker| bed::resident(&worker.child.id().to_string())).sum();
    Ok((rate, resident / f64::from(u32::try_from(slots)?)))
}

/// A worker, and nothing around it.
struct Bare {
    child: Child,
    stdin: ChildStdin,
    stdout: BufReader<ChildStdout>,
    said: String,
}

impl Bare {
    fn start(bin: &Path) -> Result<Bare> {
        let mut command = Command::new(bin.join("main"));
        command.current_dir(bin).env("INTENDANT_WORKER", "1").stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn()?;
        let stdin = child.stdin.take().context("stdin")?;
        let stdout = BufReader::new(child.stdout.take().context("stdout")?);
        let mut worker = Bare { child, stdin, stdout, said: String::new() };
        worker.hear("ready")?;
        Ok(worker)
    }

    /// The same bytes as those of the hub.
    fn ask(&mut self, next: &AtomicU64) -> Result<()> {
        let id = format!("0192e4a0-0000-7000-8000-{:012}", next.load(Ordering::Relaxed));
        let mut line =
            json!({ "id": format!("{id}/{id}/0/1"), "action": "IDENTITY_UPDATE", "job": id, "attempt": 1,
            "run": format!("{id}/{id}/0/1"), "deadline": null, "dry_run": false, "language": "en",
            "document": bed::request(0).body })
            .to_string();
        line.push('\n');
        self.stdin.write_all(line.as_bytes())?;
        self.hear("status")
    }

    fn hear(&mut self, word: &str) -> Result<()> {
        self.said.clear();
        self.stdout.read_line(&mut self.said)?;
        ensure!(self.said.contains(word), "the worker said {:?}", self.said);
        Ok(())
    }
}

impl Drop for Bare {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn rate(jobs: u64, started: Instant) -> f64 {
    f64::from(u32::try_from(jobs).unwrap_or(u32::MAX)) / started.elapsed().as_secs_f64()
}
