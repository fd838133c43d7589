//! The processes of this machine, as far as `/proc` shows them: who carries which mark, who descends from whom.

use std::collections::HashSet;
use std::fs;
use std::path::Path;
use std::time::Duration;

use rustix::process::{Pid, getpid};

use crate::environment::RUN;

/// How often a process is looked at that is just starting another program, and the pause between.
const LOOKS: u32 = 100;
const BREATH: Duration = Duration::from_millis(1);

/// A living process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Process {
    pub(crate) pid: Pid,
    pub(crate) name: String,
    /// When it began, in the kernel's own ticks: with the number, it tells one process from every other.
    born: u64,
    parent: i32,
    group: i32,
    mark: Option<String>,
}

/// Whose processes are looked for: carriers of one of these marks, members of this process group, and all that
/// descend from them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Family<'a> {
    pub(crate) marks: &'a HashSet<String>,
    /// Only while its leader is not reaped, or just after: later the number may be somebody else's.
    pub(crate) group: Option<Pid>,
}

impl Process {
    /// Whether it still lives, and its number was not given to another one.
    pub(crate) fn is_still_there(&self) -> bool {
        read(self.pid).is_some_and(|now| now.born == self.born)
    }
}

impl Family<'_> {
    /// Its living members. The hub itself is never one.
    pub(crate) fn members(&self) -> Vec<Process> {
        let mut others = all();
        let mut members: Vec<Process> = Vec::new();
        loop {
            let (more, rest): (Vec<_>, Vec<_>) =
                others.into_iter().partition(|process| self.is_kin(process, &members));
            if more.is_empty() {
                return members;
            }
            members.extend(more);
            others = rest;
        }
    }

    fn is_kin(&self, process: &Process, members: &[Process]) -> bool {
        process.mark.as_ref().is_some_and(|mark| self.marks.contains(mark))
            || self.group.is_some_and(|group| group.as_raw_pid() == process.group)
            || members.iter().any(|member| member.pid.as_raw_pid() == process.parent)
    }
}

/// The marks that living processes carry.
pub(crate) fn carried_marks() -> HashSet<String> {
    pids().filter_map(mark_of).collect()
}

fn all() -> Vec<Process> {
    pids().filter_map(read).collect()
}

fn pids() -> impl Iterator<Item = Pid> {
    let own = getpid();
    fs::read_dir("/proc")
        .into_iter()
        .flatten()
        .filter_map(|entry| Pid::from_raw(entry.ok()?.file_name().to_str()?.parse().ok()?))
        .filter(move |pid| *pid != own)
}

fn read(pid: Pid) -> Option<Process> {
    let stat = fs::read_to_string(folder(pid).join("stat")).ok()?;
    // The name stands between parentheses and may hold anything, also parentheses.
    let (head, tail) = stat.rsplit_once(')')?;
    let name = head.split_once('(')?.1.to_owned();
    let mut fields = tail.split_whitespace();
    let state = fields.next()?;
    if matches!(state, "Z" | "X") {
        return None;
    }
    let parent = fields.next()?.parse().ok()?;
    let group = fields.next()?.parse().ok()?;
    // Field 22 of the line; the state was field 3.
    let born = fields.nth(16)?.parse().ok()?;
    Some(Process { pid, name, born, parent, group, mark: mark_of(pid) })
}

/// The mark that a process carries. What it changed in its environment since it began does not count.
fn mark_of(pid: Pid) -> Option<String> {
    environment(pid)?.split(|byte| *byte == 0).find_map(|variable| {
        let mark = variable.strip_prefix(RUN.as_bytes())?.strip_prefix(b"=")?;
        String::from_utf8(mark.to_owned()).ok()
    })
}

/// The environment of a process. While the kernel is replacing its program it shows none, and no arguments either:
/// such a process is looked at again.
#[allow(clippy::disallowed_methods, reason = "nothing tells that another process has begun its program")]
fn environment(pid: Pid) -> Option<Vec<u8>> {
    for _ in 0..LOOKS {
        let environment = fs::read(folder(pid).join("environ")).ok()?;
        // The kernel's own threads have no program.
        if !environment.is_empty() || fs::read_link(folder(pid).join("exe")).is_err() {
            return Some(environment);
        }
        if fs::read(folder(pid).join("cmdline")).ok()?.is_empty() {
            std::thread::sleep(BREATH);
        } else {
            // It is complete now, if it was not before.
            return fs::read(folder(pid).join("environ")).ok();
        }
    }
    None
}

fn folder(pid: Pid) -> std::path::PathBuf {
    Path::new("/proc").join(pid.as_raw_pid().to_string())
}
