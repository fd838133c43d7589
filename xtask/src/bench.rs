//! `cargo xtask bench`: the benchmarks, as a release build.

use anyhow::Result;

use crate::workspace::{cargo, show_and_run};

/// Runs the benchmark program with these arguments.
pub(crate) fn run(args: &[String]) -> Result<()> {
    show_and_run(cargo(&["run", "--locked", "--release", "--package", "intendant-bench", "--"]).args(args))
}
