//! Processes of this machine: which one has a number, and when it has ended.

use std::os::fd::OwnedFd;
use std::time::Duration;

use engine::Clock;
use rustix::process::{Pid, PidfdFlags, pidfd_open};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

use crate::registry::Process;

/// Where the kernel cannot say by itself that a process has ended it is asked so often.
const LOOK: Duration = Duration::from_secs(1);

/// When a process was started, in ticks since the machine was; `None` = there is none of that number that runs.
pub(crate) fn start_of(pid: u32) -> Option<u64> {
    started(&std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?)
}

/// Whether a process is certainly not there any more.
pub(crate) fn is_gone(process: &Process) -> bool {
    if process.pid == 0 {
        return false;
    }
    match start_of(process.pid) {
        Some(start) => start != process.start,
        // It may be hidden from us.
        None => number(process.pid).is_none_or(|pid| {
            pidfd_open(pid, PidfdFlags::empty()).is_err_and(|error| error == rustix::io::Errno::SRCH)
        }),
    }
}

/// What `/proc/PID/stat` says: the name of a program may contain anything, also blanks and brackets.
fn started(stat: &str) -> Option<u64> {
    let (_, rest) = stat.rsplit_once(')')?;
    let mut fields = rest.split_ascii_whitespace();
    // One that has ended and was not looked after by its parent yet.
    if matches!(fields.next()?, "Z" | "X") {
        return None;
    }
    fields.nth(18)?.parse().ok()
}

/// Resolves when a process has ended, whoever has its number since. Without its start it is the one of this number.
pub(crate) async fn ended(pid: u32, start: Option<u64>, clock: &Clock) {
    let lives = || start.is_none() || start_of(pid) == start;
    while lives() {
        // Its number cannot have been given to another one between the two looks at it.
        match handle(pid).filter(|_| lives()) {
            Some(told) if told.readable().await.is_ok() => return,
            None if start.is_none() => return,
            _ => clock.sleep(LOOK).await,
        }
    }
}

fn number(pid: u32) -> Option<Pid> {
    Pid::from_raw(i32::try_from(pid).ok()?)
}

/// Something that the kernel makes readable when a process ends.
fn handle(pid: u32) -> Option<AsyncFd<OwnedFd>> {
    let pidfd = pidfd_open(number(pid)?, PidfdFlags::NONBLOCK).ok()?;
    #[allow(deprecated, reason = "what took its place is unsafe")]
    AsyncFd::with_interest(pidfd, Interest::READABLE).ok()
}

#[cfg(test)]
mod tests {
    use std::process::{Command, Stdio};

    use super::*;

    #[test]
    fn the_name_of_a_program_hides_nothing() {
        let stat = "7 (a) R (b) S 1 7 7 0 -1 4194560 1 0 0 0 0 0 0 0 20 0 1 0 4711 3 1";
        assert_eq!(started(stat), Some(4711));
        assert_eq!(started(&stat.replace(" S ", " Z ")), None);
        assert_eq!(started("7 (a) S 1"), None);
        assert!(start_of(std::process::id()).is_some());
        assert_eq!(start_of(0), None);
    }

    #[tokio::test]
    async fn the_end_of_a_process_is_noticed_also_when_nobody_looks_after_it() {
        let mut child = Command::new("cat").stdin(Stdio::piped()).spawn().unwrap();
        let (pid, clock) = (child.id(), Clock::system());
        let start = start_of(pid).unwrap();
        let end = tokio::spawn(async move { ended(pid, Some(start), &clock).await });
        // It runs as long as somebody may write to it.
        tokio::task::yield_now().await;
        assert!(!end.is_finished());
        drop(child.stdin.take());
        end.await.unwrap();
        assert_eq!(start_of(pid), None, "a zombie is none that runs");
        child.wait().unwrap();
        let process = |pid, start| Process { pid, start, instance: uuid::Uuid::nil() };
        assert!(is_gone(&process(pid, start)));
        let own = std::process::id();
        let own_start = start_of(own).unwrap();
        assert!(!is_gone(&process(own, own_start)) && is_gone(&process(own, own_start + 1)));
        assert!(!is_gone(&process(0, 0)), "nobody knows");
    }
}
