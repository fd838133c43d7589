//! The processes of this machine, as far as `/proc` shows them: who carries which mark, who descends from whom.

use std::collections::HashSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::process::{Pid, getpid};

use super::custody::Orphan;
use super::nursery;
use crate::environment::RUN;
use crate::shortage::seen;

/// How often a process is looked at that is just starting another program, and the pause between.
const LOOKS: u32 = 100;
const BREATH: Duration = Duration::from_millis(1);

/// A process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Process {
    pub(crate) pid: Pid,
    pub(crate) name: String,
    /// When it began, in the kernel's own ticks: with the number, it tells one process from every other.
    born: u64,
    pub(crate) parent: i32,
    group: i32,
    /// It has not ended. One that has waits for its parent to take note.
    pub(crate) lives: bool,
    pub(crate) mark: Option<String>,
}

/// Whose processes are looked for: carriers of one of these marks, members of this process group, those that were lost
/// by a script or are named here, and all that descend from them.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Family<'a> {
    pub(crate) marks: Option<&'a HashSet<String>>,
    /// All marks that begin so: those of workers.
    pub(crate) workers: Option<&'a str>,
    /// Only while its leader is not reaped, or just after: later the number may be somebody else's.
    pub(crate) group: Option<Pid>,
    /// The script, by its number in the nursery.
    pub(crate) loser: Option<u64>,
    pub(crate) named: &'a [Process],
}

impl Process {
    /// Whether it still lives, and its number was not given to another one.
    pub(crate) fn is_still_there(&self) -> io::Result<bool> {
        Ok(read(self.pid)?.is_some_and(|now| now.lives && now.born == self.born))
    }

    /// What tells it from every other one.
    pub(crate) fn key(&self) -> Orphan {
        (self.pid.as_raw_pid(), self.born)
    }
}

impl Family<'_> {
    /// Its living members. The hub itself is never one. An error: there was no descriptor or memory left to look.
    pub(crate) fn members(&self) -> io::Result<Vec<Process>> {
        let mut others = all()?;
        others.retain(|process| process.lives);
        let mut members: Vec<Process> = Vec::new();
        loop {
            let (more, rest): (Vec<_>, Vec<_>) =
                others.into_iter().partition(|process| self.is_kin(process, &members));
            if more.is_empty() {
                return Ok(members);
            }
            members.extend(more);
            others = rest;
        }
    }

    fn is_marked(&self, mark: &str) -> bool {
        self.marks.is_some_and(|marks| marks.contains(mark))
            || self.workers.is_some_and(|workers| mark.starts_with(workers))
    }

    fn is_kin(&self, process: &Process, members: &[Process]) -> bool {
        process.mark.as_ref().is_some_and(|mark| self.is_marked(mark))
            || self.group.is_some_and(|group| group.as_raw_pid() == process.group)
            || self.loser.is_some_and(|number| nursery::was_lost_by(number, process))
            || self.named.iter().any(|named| named.key() == process.key())
            || members.iter().any(|member| member.pid.as_raw_pid() == process.parent)
    }
}

/// All processes but this one.
pub(crate) fn all() -> io::Result<Vec<Process>> {
    pids()?.into_iter().filter_map(|pid| read(pid).transpose()).collect()
}

fn pids() -> io::Result<Vec<Pid>> {
    let own = getpid();
    let entries = seen(fs::read_dir("/proc"))?.into_iter().flatten();
    let numbers = entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
    Ok(numbers.filter_map(Pid::from_raw).filter(|pid| *pid != own).collect())
}

fn read(pid: Pid) -> io::Result<Option<Process>> {
    let Some(stat) = seen(fs::read_to_string(folder(pid).join("stat")))? else { return Ok(None) };
    let Some(mut process) = parse(pid, &stat) else { return Ok(None) };
    if process.lives {
        process.mark = mark_of(pid)?;
    }
    Ok(Some(process))
}

fn parse(pid: Pid, stat: &str) -> Option<Process> {
    // The name stands between parentheses and may hold anything, also parentheses.
    let (head, tail) = stat.rsplit_once(')')?;
    let name = head.split_once('(')?.1.to_owned();
    let mut fields = tail.split_whitespace();
    let lives = !matches!(fields.next()?, "Z" | "X");
    let parent = fields.next()?.parse().ok()?;
    let group = fields.next()?.parse().ok()?;
    // Field 22 of the line; the state was field 3.
    let born = fields.nth(16)?.parse().ok()?;
    Some(Process { pid, name, born, parent, group, lives, mark: None })
}

/// The mark that a process carries. What it changed in its environment since it began does not count.
fn mark_of(pid: Pid) -> io::Result<Option<String>> {
    let environment = environment(pid)?.unwrap_or_default();
    Ok(environment.split(|byte| *byte == 0).find_map(|variable| {
        let mark = variable.strip_prefix(RUN.as_bytes())?.strip_prefix(b"=")?;
        String::from_utf8(mark.to_owned()).ok()
    }))
}

/// The environment of a process. While the kernel is replacing its program it shows none, and no arguments either:
/// such a process is looked at again.
#[allow(clippy::disallowed_methods, reason = "nothing tells that another process has begun its program")]
fn environment(pid: Pid) -> io::Result<Option<Vec<u8>>> {
    let look = |file: &str| seen(fs::read(folder(pid).join(file)));
    for _ in 0..LOOKS {
        let Some(environment) = look("environ")? else { return Ok(None) };
        // The kernel's own threads have no program.
        if !environment.is_empty() || fs::read_link(folder(pid).join("exe")).is_err() {
            return Ok(Some(environment));
        }
        match look("cmdline")? {
            None => return Ok(None),
            Some(arguments) if arguments.is_empty() => std::thread::sleep(BREATH),
            // It is complete now, if it was not before.
            Some(_) => return look("environ"),
        }
    }
    Ok(None)
}

fn folder(pid: Pid) -> PathBuf {
    Path::new("/proc").join(pid.as_raw_pid().to_string())
}
