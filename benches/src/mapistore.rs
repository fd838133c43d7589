//! Registrations of OpenChange's users: what a call of the C library costs who makes it, against a bare atomic counter, and
//! what the hub does with them.

mod hub;

use std::io::{Read as _, Write as _};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use anyhow::{Context as _, Result, ensure};
use mapistore_wire::{Frames, FromHub, FromProcess, HIGHEST};

/// A build for development measures a part of it, to see that it can be measured: its figures say nothing.
const PARTS: u64 = if cfg!(debug_assertions) { 20 } else { 1 };
/// So many calls of each thread.
const CALLS: u64 = 1_000_000 / PARTS;

pub(crate) use hub::{CROWD, crowd};

pub(crate) fn run() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let caller = build(folder.path())?;
    println!(
        "a call of the library, with a hub that listens; the clock that is read after each is counted too"
    );
    let socket = folder.path().join("socket");
    let told = listen(&socket)?;
    measure(&caller, folder.path(), &socket)?;
    println!("  the hub was told {} counts of it", told.load(Ordering::Relaxed));
    println!("the same, with no hub");
    measure(&caller, folder.path(), &folder.path().join("nobody"))?;
    hub::run()
}

/// Builds the caller with the library that lies beside this program.
fn build(folder: &Path) -> Result<PathBuf> {
    let source = Path::new(env!("CARGO_MANIFEST_DIR"));
    let here = std::env::current_exe()?;
    let library = here.with_file_name("libintendant_libmapistore.so");
    ensure!(library.is_file(), "{} is not there: `cargo xtask bench` builds it", library.display());
    std::os::unix::fs::symlink(&library, folder.join("libintendant_mapistore.so.1"))?;
    let caller = folder.join("caller");
    let built = Command::new("gcc")
        .args(["-O2", "-std=gnu11", "-pthread", "-I"])
        .arg(source.join("../crates/libmapistore/include"))
        .arg(source.join("src/mapistore/caller.c"))
        .arg(&library)
        .arg("-o")
        .arg(&caller)
        .status()
        .context("cannot run gcc")?;
    ensure!(built.success(), "gcc has not built the caller");
    Ok(caller)
}

fn measure(caller: &Path, libraries: &Path, socket: &Path) -> Result<()> {
    let output = Command::new(caller)
        .arg(CALLS.to_string())
        .env("LD_LIBRARY_PATH", libraries)
        .env("INTENDANT_MAPISTORE_SOCKET", socket)
        .output()?;
    ensure!(output.status.success(), "the caller ended with {}", output.status);
    let printed = String::from_utf8(output.stdout)?;
    let mut bare = 0.0;
    for line in printed.lines() {
        let figures: Vec<f64> = line.split(' ').map(str::parse).collect::<Result<_, _>>()?;
        let [threads, is_bare, p50, p99, p999, rate, woken] = figures.as_slice() else { continue };
        if *is_bare > 0.0 {
            bare = *p50;
            println!("  {threads} threads, an atomic counter: p50 {p50} ns, p99 {p99} ns, {rate:.0}/s");
            continue;
        }
        let goal = if *threads > 1.0 { "" } else { " (goal < 1000)" };
        println!(
            "  {threads} threads, registrations: p50 {p50} ns{goal}, p99 {p99} ns, p99.9 {p999} ns, {rate:.0}/s, {:.1} times the counter's p50; the thread was woken {woken} times",
            p50 / bare
        );
    }
    Ok(())
}

/// A hub that only listens. How many counts it was told.
fn listen(path: &Path) -> Result<Arc<AtomicU64>> {
    let listener = UnixListener::bind(path)?;
    let told = Arc::new(AtomicU64::new(0));
    let counter = told.clone();
    thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let _ = serve(stream, &counter);
        }
    });
    Ok(told)
}

fn serve(mut stream: UnixStream, told: &AtomicU64) -> Result<()> {
    let mut welcome = Vec::new();
    FromHub::Welcome(HIGHEST).encode(&mut welcome)?;
    stream.write_all(&welcome)?;
    let (mut frames, mut buffer) = (Frames::default(), vec![0; 1 << 16]);
    loop {
        let length = stream.read(&mut buffer)?;
        ensure!(length > 0, "the process has ended");
        frames.push(buffer.get(..length).unwrap_or_default());
        while let Some(frame) = frames.next_frame()? {
            let is_count = matches!(FromProcess::decode(frame)?, Some(FromProcess::Set { .. }));
            told.fetch_add(u64::from(is_count), Ordering::Relaxed);
        }
    }
}
