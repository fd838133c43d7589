//! The program as it is installed: memory at rest, start to first job done, resumed after a kill.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};

use crate::{backend, bed};

pub(crate) fn run() -> Result<()> {
    let program = program()?;
    let folder = tempfile::tempdir()?;
    let config = configure(folder.path())?;
    let request = folder.path().join("request.json");
    fs::write(&request, serde_json::to_vec(&bed::request(0).body)?)?;

    let started = Instant::now();
    let mut hub = serve(&program, &config)?;
    submit(&program, &config, &request)?;
    println!(
        "start of the hub to first job done and answered: {:.0} ms (goal 50)",
        started.elapsed().as_secs_f64() * 1e3
    );
    std::thread::sleep(Duration::from_secs(3));
    println!("resident at rest: {:.1} MiB (goal 20)", bed::resident(&hub.id().to_string()));

    hub.kill()?;
    hub.wait()?;
    let started = Instant::now();
    let mut hub = serve(&program, &config)?;
    submit(&program, &config, &request)?;
    println!(
        "killed with -9, started, next job done: {:.0} ms (goal 2000)",
        started.elapsed().as_secs_f64() * 1e3
    );
    hub.kill()?;
    hub.wait()?;
    Ok(())
}

/// The release build of the command, beside this one.
pub(crate) fn program() -> Result<PathBuf> {
    let here = std::env::current_exe()?;
    let program = here.parent().context("no folder")?.join("intendant");
    ensure!(program.exists(), "{} is not there: `cargo xtask bench` builds it", program.display());
    Ok(program)
}

fn configure(folder: &Path) -> Result<PathBuf> {
    backend::write(&folder.join("backends"), "update.sh", None)?;
    let config = folder.join("intendant.yml");
    let at = |name: &str| folder.join(name).display().to_string();
    let text = format!(
        "data:\n  folder: {}\nkey: file:{}\nsocket: {}\nbackends:\n  folder: {}\nhttp:\n  listen: 127.0.0.1:0\nlog:\n  level: error\n",
        at("data"),
        at("key"),
        at("hub.sock"),
        at("backends")
    );
    fs::write(&config, text)?;
    Ok(config)
}

fn serve(program: &Path, config: &Path) -> Result<Child> {
    Ok(Command::new(program).arg("--config").arg(config).arg("serve").stdin(Stdio::null()).spawn()?)
}

/// Submits and waits for the result, as soon as the hub listens.
fn submit(program: &Path, config: &Path, request: &Path) -> Result<()> {
    let deadline = Instant::now() + Duration::from_secs(30);
    loop {
        let status = Command::new(program)
            .arg("--config")
            .arg(config)
            .args(["submit", "--wait", "--json"])
            .arg(request)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()?;
        if status.success() {
            return Ok(());
        }
        ensure!(Instant::now() < deadline, "the hub does not answer");
    }
}
