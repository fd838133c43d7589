//! The chores of this workspace: `cargo xtask help`.
#![forbid(unsafe_code)]
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a tool for people: it prints")]

mod bench;
mod cluster;
mod deny;
mod fuzz;
mod library;
mod licences;
mod release;
mod sabotage;
mod services;
mod test;
mod tidy;
mod workspace;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(bin_name = "cargo xtask", about = "The chores of the workspace")]
struct Cli {
    #[command(subcommand)]
    chore: Chore,
}

#[derive(Subcommand)]
enum Chore {
    /// Install what the tests need, then run the doc tests and all other tests
    Test {
        /// Handed to the test runner; then only that is run
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        args: Vec<String>,
    },
    /// Start servers on loopback, on free ports, until Ctrl-C
    Services {
        /// redis, valkey, rabbitmq, postgresql, slapd, smtp, google, gram; none = all
        names: Vec<String>,
        /// Only install what they are made of
        #[arg(long)]
        install: bool,
    },
    /// Break the main promises one by one, in a copy of the tree: a test must notice each
    Sabotage {
        /// The patches in xtask/sabotage, without .patch; none = all
        names: Vec<String>,
    },
    /// Look for input that breaks what decoders promise, with libFuzzer (needs a C++ compiler)
    Fuzz {
        /// The targets in fuzz/src; none = all
        names: Vec<String>,
        /// How long each is tried, in seconds
        #[arg(long, default_value_t = 60)]
        seconds: u32,
    },
    /// Everything at once for hours: three doors, and a fault every few seconds (as root)
    Soak {
        /// How long
        #[arg(long, default_value_t = 120)]
        minutes: u64,
        /// Another order of faults
        #[arg(long, default_value_t = 20_261_126)]
        seed: u64,
    },
    /// Several hubs on one PostgreSQL, to try by hand what happens when one is gone
    Cluster {
        /// How many
        #[arg(default_value_t = 3)]
        hubs: usize,
        /// All of them work at once
        #[arg(long)]
        all_work: bool,
    },
    /// Faults at random on three hubs with one PostgreSQL, for hours: nothing lost, nothing repeated in silence
    ClusterCrash {
        /// How many faults
        #[arg(default_value_t = 200)]
        rounds: u64,
        /// Another order of faults
        #[arg(long, default_value_t = 20_261_127)]
        seed: u64,
        /// All hubs work at once
        #[arg(long)]
        all_work: bool,
        /// Another version of the program, built with `--features crash-points`: hubs change between it and this one
        #[arg(long, value_name = "PROGRAM")]
        beside: Option<PathBuf>,
    },
    /// Keep a picture of every page of the console: phone, desktop and very wide, light and dark
    Screenshots {
        /// Where the pictures go; made if missing
        folder: PathBuf,
    },
    /// Check what comes in from outside: licences, banned crates and sources, by deny.toml
    Deny,
    /// Write the list of the works of others that are in the program
    Licences,
    /// Build the C library and lay it out: library, archive, headers, pkg-config file, manual pages
    Library {
        /// Where it will be used
        #[arg(long, default_value = "/usr/local")]
        prefix: PathBuf,
        /// Lay it out below this folder instead, for a package
        #[arg(long)]
        destdir: Option<PathBuf>,
    },
    /// Prepare a release: version, changelog, archive with completions and manual pages, checksums
    Release {
        /// Its version, such as 1.2.0
        version: String,
        /// Do it; otherwise it is only said what would be done
        #[arg(long)]
        write: bool,
    },
    /// Check the habits of the house that no compiler knows
    Tidy,
    /// Run the benchmarks: ratios against a baseline of the same run
    Bench {
        /// Which one, and its options; none = all
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        args: Vec<String>,
    },
}

fn main() -> ExitCode {
    let done = match Cli::parse().chore {
        Chore::Test { args } => test::run(&args),
        Chore::Services { names, install } => services::run(&names, install),
        Chore::Sabotage { names } => sabotage::run(&names),
        Chore::Fuzz { names, seconds } => fuzz::run(&names, seconds),
        Chore::Soak { minutes, seed } => test::soak(minutes, seed),
        Chore::Cluster { hubs, all_work } => cluster::run(hubs, all_work),
        Chore::ClusterCrash { rounds, seed, all_work, beside } => {
            test::cluster_crash(rounds, seed, all_work, beside.as_deref())
        }
        Chore::Screenshots { folder } => test::screenshots(&folder),
        Chore::Deny => deny::run(),
        Chore::Licences => licences::run(),
        Chore::Library { prefix, destdir } => library::run(&prefix, destdir.as_deref()),
        Chore::Release { version, write } => release::run(&version, write),
        Chore::Tidy => tidy::run(),
        Chore::Bench { args } => bench::run(&args),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}
