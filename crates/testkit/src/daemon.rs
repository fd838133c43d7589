//! A server that is started here and that is gone when this process is, however it ends.

use std::fs::{self, File};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process, kill_process_group};

use crate::packages::tail;
use crate::{Error, wait};

/// How long a server may take to end before it is killed.
const PATIENCE: Duration = Duration::from_secs(10);

/// Waits for the end of its input, which comes when the test's process is gone, and then stops the server: asks,
/// waits five seconds, kills, and removes the folder.
const GUARD: &str = r#"
read -r _
kill -s "$1" "$2" 2>/dev/null
for _ in 1 2 3 4 5 6 7 8 9 10; do kill -0 "$2" 2>/dev/null || break; sleep 0.5; done
kill -s KILL -- "-$2" 2>/dev/null
rm -rf -- "$3"
"#;

/// A running server with its children, which are a process group of their own.
#[derive(Debug)]
pub struct Daemon {
    name: &'static str,
    child: Child,
    guard: Child,
    log: PathBuf,
    ask: Signal,
}

impl Daemon {
    /// Starts a server, which must stay in the foreground. `folder` is its private folder, where its output goes too, and
    /// which is removed with it when this process is killed; `ask` is the signal on which it ends.
    ///
    /// # Errors
    /// When it cannot be executed.
    pub fn start(
        name: &'static str,
        command: &mut Command,
        folder: &Path,
        ask: Signal,
    ) -> Result<Daemon, Error> {
        let log = folder.join(format!("{name}.log"));
        let file = File::create(&log).map_err(Error::io(format!("creating {}", log.display())))?;
        let again = file.try_clone().map_err(Error::io(format!("opening {}", log.display())))?;
        let mut child = command
            .stdin(Stdio::null())
            .stdout(file)
            .stderr(again)
            .process_group(0)
            .spawn()
            .map_err(Error::io(format!("starting {name}")))?;
        match guard(&child, ask, folder) {
            Ok(guard) => Ok(Daemon { name, child, guard, log, ask }),
            Err(error) => {
                let _ = child.kill();
                let _ = child.wait();
                Err(error)
            }
        }
    }

    /// Waits until it answers.
    ///
    /// # Errors
    /// What it said as it ended, or that it does not answer within the limit.
    pub fn ready(&mut self, limit: Duration, answers: impl Fn() -> bool) -> Result<(), Error> {
        let came_to = wait::until(limit, || match self.child.try_wait() {
            Ok(Some(status)) => Some(Err(status)),
            _ => answers().then_some(Ok(())),
        });
        let name = self.name.to_owned();
        match came_to {
            Some(Ok(())) => Ok(()),
            Some(Err(status)) => {
                Err(Error::Died { name, status: status.to_string(), log: self.last_words() })
            }
            None => Err(Error::Slow { name, limit, log: self.last_words() }),
        }
    }

    /// Sends it a signal: one that stands still, or goes on.
    pub fn signal(&self, signal: Signal) {
        // It may have ended by itself.
        let _ = kill_process(Pid::from_child(&self.child), signal);
    }

    /// Asks it to end, and kills what is left of it.
    pub fn stop(&mut self) {
        let _ = self.guard.kill();
        let _ = self.guard.wait();
        let pid = Pid::from_child(&self.child);
        if !self.has_ended() {
            let _ = kill_process(pid, self.ask);
            wait::until(PATIENCE, || self.has_ended().then_some(()));
        }
        let _ = kill_process_group(pid, Signal::KILL);
        let _ = self.child.wait();
    }

    /// Kills it.
    pub fn kill(&mut self) {
        let _ = self.guard.kill();
        let _ = self.guard.wait();
        let _ = kill_process_group(Pid::from_child(&self.child), Signal::KILL);
        let _ = self.child.wait();
    }

    pub(crate) fn has_ended(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(Some(ExitStatus { .. })))
    }

    fn last_words(&self) -> String {
        tail(&fs::read(&self.log).unwrap_or_default())
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Its input is a pipe that only this process holds. In a group of its own, Ctrl-C does not reach it.
fn guard(server: &Child, ask: Signal, folder: &Path) -> Result<Child, Error> {
    let signal = if ask == Signal::INT { "INT" } else { "TERM" };
    Command::new("sh")
        .args(["-c", GUARD, "guard", signal, &server.id().to_string()])
        .arg(folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .process_group(0)
        .spawn()
        .map_err(Error::io("starting the guard of a server"))
}
