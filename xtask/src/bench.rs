//! `cargo xtask bench`: the benchmarks, built as what is installed.

mod build;

use std::process::Command;

use anyhow::Result;

use crate::workspace::{cargo, show_and_run, target};

/// Runs the benchmark program with these arguments. It finds the command beside it. `build` alone measures how long the
/// program is built.
pub(crate) fn run(args: &[String]) -> Result<()> {
    if args == ["build"] {
        return build::run();
    }
    show_and_run(&mut cargo(&[
        "build",
        "--locked",
        "--profile",
        "dist",
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
    show_and_run(Command::new(target()?.join("dist/intendant-bench")).args(args))
}
