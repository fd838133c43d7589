//! `cargo xtask bench build`: what the first command of the README costs whoever has nothing built yet.

use std::fs;
use std::path::Path;
use std::time::Instant;

use anyhow::{Context as _, Result};
use serde_json::Value;

use crate::workspace::{cargo, show_and_run};

/// Parts that are named: those that took longest.
const NAMED: usize = 15;
/// Minutes of processor time that it may take.
const GOAL: f64 = 8.75;
/// Ticks of a second, as the kernel counts processor time.
const TICKS: f64 = 100.0;

/// Builds the command into an empty folder, and prints how long that took and on what.
#[allow(clippy::disallowed_methods, reason = "measuring time is what it is for")]
pub(super) fn run() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let (before, begun) = (processor_seconds()?, Instant::now());
    // As the first command of the README does.
    show_and_run(
        cargo(&["build", "--locked", "--release", "--timings"]).env("CARGO_TARGET_DIR", folder.path()),
    )?;
    let (wall, used) = (begun.elapsed().as_secs_f64(), processor_seconds()? - before);
    println!("from nothing: {:.1} min, {:.1} min of processor time", wall / 60.0, used / 60.0);
    println!("the goal: at most {GOAL:.2} min of processor time, half of what it was");
    let mut units = units(folder.path())?;
    let (own, others): (Vec<&Unit>, Vec<&Unit>) = units.iter().partition(|unit| unit.is_own());
    let sum = |units: &[&Unit]| units.iter().map(|unit| unit.seconds).sum::<f64>() / 60.0;
    // Each for as long as it was under way, which is more than it computes where others share the processors.
    println!("under way: ours {:.1} min, others' {:.1} min", sum(&own), sum(&others));
    units.sort_by(|one, other| other.seconds.total_cmp(&one.seconds));
    for Unit { seconds, name } in units.iter().take(NAMED) {
        println!("{seconds:>7.1} s  {name}");
    }
    Ok(())
}

/// A part of the build.
struct Unit {
    /// How long it was under way.
    seconds: f64,
    name: String,
}

impl Unit {
    fn is_own(&self) -> bool {
        self.name.starts_with("intendant")
    }
}

/// What all processes that this one has waited for have used.
fn processor_seconds() -> Result<f64> {
    let stat = fs::read_to_string("/proc/self/stat").context("reading /proc/self/stat")?;
    // The name, in brackets, may hold anything; cutime and cstime are the 14th and 15th field after it.
    let fields = stat.rsplit_once(')').map(|(_, rest)| rest.split_whitespace().collect::<Vec<_>>());
    let fields = fields.context("/proc/self/stat is odd")?;
    let ticks = |n: usize| {
        fields.get(n).and_then(|field| field.parse::<f64>().ok()).context("/proc/self/stat is odd")
    };
    Ok((ticks(13)? + ticks(14)?) / TICKS)
}

/// The parts, as cargo's report has them.
fn units(target: &Path) -> Result<Vec<Unit>> {
    let report = fs::read_to_string(target.join("cargo-timings/cargo-timing.html"))?;
    let units = report.split_once("const UNIT_DATA = ").and_then(|(_, rest)| rest.split_once("];"));
    let units =
        units.map(|(units, _)| format!("{units}]")).context("cargo's report of times is another one now")?;
    let units: Vec<Value> = serde_json::from_str(&units).context("reading cargo's report of times")?;
    let read = |unit: &Value| {
        let word = |key: &str| unit.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
        let name = format!("{} {}{}", word("name"), word("version"), word("target"));
        Some(Unit { seconds: unit.get("duration")?.as_f64()?, name })
    };
    Ok(units.iter().filter_map(read).collect())
}
