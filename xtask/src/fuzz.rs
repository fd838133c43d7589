//! `cargo xtask fuzz`: the targets of the crate `fuzz`, driven by libFuzzer.
//!
//! The instrumentation is LLVM's own, which the stable compiler has; sanitizers, which it has not, would find nothing
//! in a tree without unsafe code.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result, bail};

use crate::workspace::{cargo, output_of, root, show_and_run, target};

/// What tells the compiler to count where the program went.
const FLAGS: &[&str] = &[
    "--cfg=fuzzing",
    "-Cpasses=sancov-module",
    "-Cllvm-args=-sanitizer-coverage-level=4",
    "-Cllvm-args=-sanitizer-coverage-inline-8bit-counters",
    "-Cllvm-args=-sanitizer-coverage-pc-table",
    "-Cllvm-args=-sanitizer-coverage-trace-compares",
    "-Ccodegen-units=1",
    "-Cdebug-assertions",
];

/// Tries each target for so long, from its seeds and from what earlier runs found worth keeping.
pub(crate) fn run(names: &[String], seconds: u32) -> Result<()> {
    let known = known()?;
    if let Some(unknown) = names.iter().find(|name| !known.contains(name)) {
        bail!("no fuzz target is called {unknown}: there are {}", known.join(", "));
    }
    let host = host()?;
    // With a target named, the flags reach the program and not the build scripts.
    let build = ["build", "--locked", "--release", "--package", "intendant-fuzz", "--target", &host];
    let folder = target()?.join("fuzz");
    let mut cargo = cargo(&build);
    // Counting across crates gains nothing, and costs minutes.
    cargo.env("CARGO_PROFILE_RELEASE_LTO", "off").env("RUSTFLAGS", FLAGS.join(" "));
    show_and_run(cargo.env("CARGO_TARGET_DIR", &folder))?;
    let program = folder.join(&host).join("release/intendant-fuzz");
    for name in if names.is_empty() { &known } else { names } {
        drive(&program, &folder, name, seconds)?;
    }
    Ok(())
}

fn drive(program: &Path, folder: &Path, name: &str, seconds: u32) -> Result<()> {
    let (kept, found) = (folder.join("corpus").join(name), folder.join("found").join(name));
    for folder in [&kept, &found] {
        fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    }
    let mut fuzzer = std::process::Command::new(program);
    fuzzer
        .arg(&kept)
        .arg(root().join("fuzz/seeds").join(name))
        .arg(format!("-max_total_time={seconds}"))
        .arg(format!("-artifact_prefix={}/", found.display()))
        .args(["-timeout=10", "-rss_limit_mb=2048", "-print_final_stats=1"])
        .env("INTENDANT_FUZZ", name);
    show_and_run(&mut fuzzer).with_context(|| {
        format!("{name} breaks a promise: copy the input from {} to fuzz/seeds/{name}", found.display())
    })
}

/// The targets: each has a folder of seeds.
fn known() -> Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(root().join("fuzz/seeds"))? {
        names.push(entry?.file_name().to_string_lossy().into_owned());
    }
    names.sort();
    Ok(names)
}

/// The machine that this is, in the compiler's words.
fn host() -> Result<String> {
    let version = output_of(std::process::Command::new("rustc").arg("-vV"))?;
    let host = version.lines().find_map(|line| line.strip_prefix("host: "));
    Ok(host.context("rustc -vV names no host")?.to_owned())
}
