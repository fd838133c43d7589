//! `cargo xtask test`: what the tests need, then the tests.

use std::path::Path;

use anyhow::Result;
use testkit::service::Kind;

use crate::services;
use crate::workspace::{cargo, has_subcommand, show_and_run};

/// Without arguments: the doc tests, then every other test of the workspace. With arguments: what they select.
pub(crate) fn run(args: &[String]) -> Result<()> {
    services::install(&Kind::ALL)?;
    if args.is_empty() {
        show_and_run(&mut cargo(&["test", "--workspace", "--all-features", "--locked", "--doc", "--quiet"]))?;
    }
    let mut tests = if has_subcommand("nextest") {
        cargo(&["nextest", "run", "--all-features", "--locked"])
    } else {
        println!("cargo-nextest is not installed: using cargo test, which is slower");
        cargo(&["test", "--all-features", "--locked", "--all-targets"])
    };
    if !names_a_package(args) {
        tests.arg("--workspace");
    }
    show_and_run(tests.args(args))
}

/// Runs everything at once for so long, with the program as it is installed.
pub(crate) fn soak(minutes: u64, seed: u64) -> Result<()> {
    services::install(&[Kind::Redis, Kind::RabbitMq])?;
    let test = ["test", "-p", "intendant", "--locked", "--release", "--test", "soak", "--", "--nocapture"];
    let seconds = (60 * minutes).to_string();
    show_and_run(
        cargo(&test).env("INTENDANT_SOAK_SECONDS", seconds).env("INTENDANT_SOAK_SEED", seed.to_string()),
    )
}

/// Runs so many faults on three hubs, with the program as it is installed; and with another version `beside` it.
pub(crate) fn cluster_crash(rounds: u64, seed: u64, all_work: bool, beside: Option<&Path>) -> Result<()> {
    services::install(&[Kind::PostgreSql])?;
    let beside = beside.map(std::path::absolute).transpose()?;
    let build = ["test", "-p", "intendant", "--locked", "--release", "--features", "crash-points"];
    let test = ["--test", "cluster", "whoever_is_at_work", "--", "--nocapture"];
    show_and_run(
        cargo(&[&build[..], &test[..]].concat())
            .env("INTENDANT_CLUSTER_ROUNDS", rounds.to_string())
            .env("INTENDANT_CLUSTER_SEED", seed.to_string())
            .env("INTENDANT_CLUSTER_ALL_WORK", u8::from(all_work).to_string())
            .envs(beside.map(|version| ("INTENDANT_CLUSTER_BESIDE", version))),
    )
}

/// Looks at every page in a browser and keeps what is seen.
pub(crate) fn screenshots(folder: &Path) -> Result<()> {
    services::install(&[Kind::RabbitMq])?;
    let folder = std::path::absolute(folder)?;
    let test = ["test", "-p", "intendant", "--locked", "--test", "browser", "every_page"];
    show_and_run(cargo(&test).env("INTENDANT_SCREENSHOTS", &folder))?;
    println!("the pictures are in {}", folder.display());
    Ok(())
}

fn names_a_package(args: &[String]) -> bool {
    args.iter().any(|arg| arg == "--workspace" || arg.starts_with("-p") || arg.starts_with("--package"))
}

#[cfg(test)]
mod tests {
    use super::names_a_package;

    #[test]
    fn the_workspace_is_meant_unless_a_package_is_named() {
        let args = |list: &[&str]| list.iter().map(ToString::to_string).collect::<Vec<_>>();
        assert!(names_a_package(&args(&["-p", "intendant-journal"])));
        assert!(names_a_package(&args(&["--package=intendant-journal"])));
        assert!(!names_a_package(&args(&["crash", "--no-capture"])));
    }
}
