//! What a hub takes of the machine.

use std::fmt;
use std::fs;
use std::path::Path;

/// Growth that is none: what a round happens to leave behind.
const SLACK: u64 = 12 << 20;
const FEW: u64 = 12;

/// Fewer rounds than these say nothing of growth.
const ROUNDS: usize = 12;

/// A reading.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Gauge {
    memory: u64,
    descriptors: u64,
    threads: u64,
    disk: u64,
}

impl Gauge {
    pub(crate) const HEADING: &str = "     s  own MiB   fds  threads  disk MiB  round";

    /// Of a process and its folder.
    pub(crate) fn read(pid: u32, data: &Path) -> Gauge {
        let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
        let number = |name: &str| -> u64 {
            let line = status.lines().find_map(|line| line.strip_prefix(name)).expect("a line of that name");
            line.split_whitespace().next().unwrap().parse().unwrap()
        };
        let files = fs::read_dir(data).unwrap().flatten();
        Gauge {
            memory: number("RssAnon:") << 10,
            descriptors: fs::read_dir(format!("/proc/{pid}/fd")).unwrap().count() as u64,
            threads: number("Threads:"),
            disk: files.map(|file| file.metadata().map_or(0, |m| m.len())).sum(),
        }
    }
}

impl fmt::Display for Gauge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mib = |bytes: u64| bytes >> 20;
        write!(f, "{:>8} {:>5} {:>8} {:>9}", mib(self.memory), self.descriptors, self.threads, mib(self.disk))
    }
}

/// The second half of the rounds took no more than the first, by the middle one of each: a busy moment of the machine, when many
/// threads wait for its disk, lifts single rounds and is no growth.
pub(crate) fn stays(gauges: &[Gauge]) {
    if gauges.len() < ROUNDS {
        return;
    }
    let (first, second) = gauges.split_at(gauges.len() / 2);
    let middle = |half: &[Gauge], of: fn(&Gauge) -> u64| {
        let mut found: Vec<u64> = half.iter().map(of).collect();
        found.sort_unstable();
        found[found.len() / 2]
    };
    for (what, of, slack) in [
        ("memory", (|g| g.memory) as fn(&Gauge) -> u64, SLACK),
        ("descriptors", |g| g.descriptors, FEW),
        ("threads", |g| g.threads, FEW),
    ] {
        let (before, after) = (middle(first, of), middle(second, of));
        assert!(after <= before + slack, "{what} grew from {before} to {after}: {gauges:#?}");
    }
}
