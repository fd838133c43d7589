//! `cargo xtask bench`: the benchmarks, as a release build.

use std::process::Command;

use anyhow::Result;

use crate::workspace::{cargo, show_and_run, target};

/// Runs the benchmark program with these arguments. It finds the command beside it.
pub(crate) fn run(args: &[String]) -> Result<()> {
    show_and_run(&mut cargo(&[
        "build",
        "--locked",
        "--release",
        "--package",
        "intendant",
        "--package",
        "intendant-bench",
        "--package",
        "intendant-libmapistore",
        // As it is installed.
        "--features",
        "intendant/jemalloc",
    ]))?;
    show_and_run(Command::new(target()?.join("release/intendant-bench")).args(args))
}
