//! Script runs per second beside a bare loop of the standard library in the same run: the same bytes, the same pipes,
//! one thread per slot. `cargo run --release -p intendant-scripts --example spawns [SECONDS] [SLOTS]`
#![allow(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::print_stdout,
    missing_docs,
    reason = "a measurement reads the clock, prints, and ends when something is wrong"
)]

use std::error::Error;
use std::fs;
use std::io::{Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use engine::port::{Backend, Call, Control, Reporter};
use intendant_scripts::{Defaults, load};
use model::mask::Mask;
use model::{JobId, OutcomeKind, RunMark};
use serde_json::{Value, json};
use tokio::sync::watch;
use uuid::Uuid;

const ACTION: &str = "IDENTITY_UPDATE";
const SCRIPT: &str = "#!/bin/sh\nread -r line\necho '{\"status\": 0, \"message\": \"done\"}'\n";

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let span = Duration::from_secs(arguments.next().map_or(Ok(3), |text| text.parse())?);
    let slots: usize = arguments.next().map_or(Ok(4), |text| text.parse())?;
    let folder = tempfile::tempdir()?;
    make(folder.path(), "10direct", "run.sh")?;
    make(folder.path(), "20shell", "run.sh ''")?;
    let body =
        Arc::new(json!({"concernedTo": "66c22991bdc3c9a7563a9d4f", "payload": {"text": "x".repeat(1500)}}));
    let loaded = load(folder.path(), &Defaults::default());
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    for round in 1..=3 {
        let bare = bare(folder.path(), &body, span, slots);
        println!("round {round}: bare /bin/sh -c {bare:.0}/s");
        for entry in &loaded.entries {
            let rate = runtime.block_on(hub(&entry.backend, &body, span, slots));
            println!("  {:8} {rate:.0}/s = {:.2} of it", entry.name, rate / bare);
        }
    }
    Ok(())
}

fn make(folder: &Path, name: &str, line: &str) -> std::io::Result<()> {
    let bin = folder.join(name).join("bin");
    fs::create_dir_all(&bin)?;
    let head = format!("_version: 1\nname: '{name}'\ndescription: 'rate'\nactive: true\nactions:\n");
    fs::write(folder.join(name).join("config.yml"), format!("{head}  {ACTION}:\n    script: \"{line}\"\n"))?;
    let script = bin.join("run.sh");
    fs::write(&script, SCRIPT)?;
    fs::set_permissions(script, fs::Permissions::from_mode(0o755))
}

/// The least that anyone can do: one thread per slot, start, write, read to the end, wait.
fn bare(folder: &Path, body: &Value, span: Duration, slots: usize) -> f64 {
    let bin = folder.join("10direct/bin");
    let line = bin.join("run.sh");
    let input = body.to_string();
    let count = AtomicU32::new(0);
    let started = Instant::now();
    std::thread::scope(|scope| {
        for _ in 0..slots {
            scope.spawn(|| {
                while started.elapsed() < span {
                    let mut child = Command::new("/bin/sh")
                        .arg("-c")
                        .arg(&line)
                        .current_dir(&bin)
                        .stdin(Stdio::piped())
                        .stdout(Stdio::piped())
                        .stderr(Stdio::piped())
                        .spawn()
                        .expect("the shell starts");
                    let mut answer = Vec::new();
                    if let Some(mut pipe) = child.stdin.take() {
                        pipe.write_all(input.as_bytes()).expect("the script reads");
                    }
                    if let Some(mut pipe) = child.stdout.take() {
                        pipe.read_to_end(&mut answer).expect("the script answers");
                    }
                    assert!(child.wait().expect("the script ends").success());
                    serde_json::from_slice::<Value>(&answer).expect("the answer is JSON");
                    count.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
    });
    f64::from(count.into_inner()) / started.elapsed().as_secs_f64()
}

async fn hub(backend: &Arc<dyn Backend>, body: &Arc<Value>, span: Duration, slots: usize) -> f64 {
    let started = Instant::now();
    let journal = Uuid::new_v4();
    let mut running = Vec::new();
    for _ in 0..slots {
        let (backend, body) = (Arc::clone(backend), Arc::clone(body));
        running.push(tokio::spawn(async move {
            let (_sender, stop) = watch::channel(None);
            let mask = Arc::new(Mask::default());
            let mut count = 0_u32;
            while started.elapsed() < span {
                let mark = RunMark { journal, job: JobId(Uuid::new_v4()), step: 0, attempt: 1 };
                let (body, mask) = (Arc::clone(&body), Arc::clone(&mask));
                let call = Call { body, mask, ..Call::new(mark, ACTION, Value::Null) };
                let control = Control { limit: None, stop: stop.clone(), progress: Reporter::unheard() };
                let outcome = backend.run(call, control).await;
                assert_eq!(outcome.kind, OutcomeKind::Done, "{outcome:?}");
                count += 1;
            }
            count
        }));
    }
    let mut total = 0.0;
    for task in running {
        total += f64::from(task.await.expect("the loop ends"));
    }
    total / started.elapsed().as_secs_f64()
}
