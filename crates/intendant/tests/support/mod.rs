//! A folder of its own for each test: configuration, data, socket, backends; and the real command to work with it.
#![allow(dead_code, reason = "each test program uses its part")]

use std::ffi::OsStr;
use std::fs;
use std::io::Write as _;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tempfile::TempDir;

/// How long something may take that takes milliseconds. Only a test that fails waits so long.
const PATIENCE: std::time::Duration = std::time::Duration::from_mins(1);

/// The examples of the repository.
pub fn examples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples").canonicalize().unwrap()
}

/// An example request.
pub fn request(name: &str) -> String {
    examples().join("requests").join(name).display().to_string()
}

/// A test's own world.
pub struct World {
    folder: TempDir,
}

impl World {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("backends")).unwrap();
        let world = World { folder };
        world.configure("");
        world
    }

    /// Writes the configuration, with more lines at its end.
    pub fn configure(&self, more: &str) {
        let text = format!(
            "data:\n  folder: data\nbackends:\n  folder: backends\nsocket: socket\nkey: file:key\n{more}"
        );
        fs::write(self.path("intendant.yml"), text).unwrap();
    }

    pub fn path(&self, name: impl AsRef<Path>) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn text(&self, name: &str) -> String {
        self.path(name).display().to_string()
    }

    /// Writes a file and returns its path.
    pub fn file(&self, name: &str, content: impl AsRef<[u8]>) -> String {
        fs::write(self.path(name), content).unwrap();
        self.text(name)
    }

    /// Makes a backend that maps every identity action to one script, with `onError: stop`.
    pub fn backend(&self, folder: &str, script: &str) {
        self.backend_with(folder, "stop", "", script);
    }

    /// The same with another `onError` and more lines at the top of its configuration.
    pub fn backend_with(&self, folder: &str, on_error: &str, more: &str, script: &str) {
        let home = self.path("backends").join(folder);
        fs::create_dir_all(home.join("bin")).unwrap();
        let actions = ["IDENTITY_UPDATE", "IDENTITY_DELETE", "IDENTITY_PASSWORD_RESET", "PING_TARGET"];
        let mapping = |action| format!("  {action}:\n    script: main.sh\n    onError: {on_error}\n");
        let actions = actions.map(mapping).concat();
        let config = format!(
            "_version: 1\nname: {folder}\ndescription: of a test\nactive: true\n{more}\nactions:\n{actions}"
        );
        fs::write(home.join("config.yml"), config).unwrap();
        executable(&home.join("bin/main.sh"), &format!("#!/bin/sh\n{script}\n"));
    }

    /// The command, in this world's environment and nothing else.
    pub fn command<S: AsRef<OsStr>>(&self, args: &[S]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_intendant"));
        command
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", self.folder.path())
            .env("TMPDIR", self.folder.path())
            .env("TZ", "UTC")
            .env("INTENDANT_CONFIG", self.path("intendant.yml"))
            .env("INTENDANT_HTTP__LISTEN", "127.0.0.1:0")
            .env("INTENDANT_BACKENDS__OWNERS", owner())
            .current_dir(self.folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .args(args);
        command
    }

    pub fn run<S: AsRef<OsStr>>(&self, args: &[S]) -> Ran {
        Ran::from(self.command(args).output().unwrap())
    }

    pub fn run_with<S: AsRef<OsStr>>(&self, args: &[S], stdin: impl AsRef<[u8]>) -> Ran {
        let mut child = self.command(args).stdin(Stdio::piped()).spawn().unwrap();
        // A command that refuses its input early closes the pipe.
        let _ = child.stdin.take().unwrap().write_all(stdin.as_ref());
        Ran::from(child.wait_with_output().unwrap())
    }

    /// Submits a document and returns its job's id.
    pub fn submit(&self, document: &str) -> String {
        let ran = self.run_with(&["submit", "--json", "-"], document);
        assert_eq!(ran.code, 0, "{ran:?}");
        ran.json()["job"].as_str().unwrap().to_owned()
    }

    /// Starts the hub and waits until it says that it is ready.
    pub fn serve(&self) -> Serving {
        Serving::start(self, self.command(&["serve"]))
    }

    /// A pair of named pipes: a script of [`GATED`] tells on the first that it runs, and waits for the second.
    pub fn gates(&self) {
        for name in ["started", "gate"] {
            let status = Command::new("mkfifo").arg(self.path(name)).status().unwrap();
            assert!(status.success());
        }
    }

    /// A script that says when it runs, waits until it may end, and succeeds.
    pub fn gated_script(&self) -> String {
        let (started, gate) = (self.text("started"), self.text("gate"));
        format!(
            "cat >/dev/null; echo on >'{started}'; read word <'{gate}'; echo '{{\"status\":0,\"message\":\"let in\"}}'"
        )
    }

    /// Waits until a gated script runs.
    pub fn wait_until_started(&self) {
        assert_eq!(fs::read_to_string(self.path("started")).unwrap(), "on\n");
    }

    /// Lets a gated script end.
    pub fn open_gate(&self) {
        fs::write(self.path("gate"), "go\n").unwrap();
    }
}

/// Whoever owns the repository, whose examples are run, may be another user than the one who runs the tests.
fn owner() -> String {
    fs::metadata(examples()).unwrap().uid().to_string()
}

fn fresh() -> usize {
    static COUNTER: std::sync::atomic::AtomicUsize = std::sync::atomic::AtomicUsize::new(0);
    COUNTER.fetch_add(1, std::sync::atomic::Ordering::Relaxed)
}

/// Writes an executable file. In one move: a file that is still open for writing cannot be executed.
pub fn executable(path: &Path, content: &str) {
    let draft = path.with_extension("draft");
    fs::write(&draft, content).unwrap();
    fs::set_permissions(&draft, fs::Permissions::from_mode(0o755)).unwrap();
    fs::rename(&draft, path).unwrap();
}

/// How a command ended.
#[derive(Debug)]
pub struct Ran {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Ran {
    /// Its standard output as one JSON document.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// Its standard output as JSON lines.
    pub fn lines(&self) -> Vec<Value> {
        self.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// It ended with this code, and one line on standard error that holds all of these.
    #[track_caller]
    pub fn said(&self, code: i32, words: &[&str]) {
        assert_eq!(self.code, code, "{self:?}");
        assert_eq!(self.stderr.trim_end().lines().count(), 1, "one line: {self:?}");
        for word in words {
            assert!(self.stderr.contains(word), "{word:?} is missing: {self:?}");
        }
    }
}

impl From<Output> for Ran {
    fn from(output: Output) -> Self {
        Ran {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
}

/// A running hub. It is killed when the test ends.
pub struct Serving {
    child: Child,
    notices: UnixDatagram,
    log: PathBuf,
}

impl Serving {
    /// Starts a hub of this world with a command, and waits until it says that it is ready.
    pub fn start(world: &World, command: Command) -> Self {
        let mut serving = Serving::begin(world, command);
        let notice = serving.notice();
        assert_eq!(notice, "READY=1", "{}", serving.log());
        serving
    }

    /// Starts a hub without waiting for anything.
    pub fn begin(world: &World, mut command: Command) -> Self {
        let notices = UnixDatagram::bind(world.path(format!("notices-{}", fresh()))).unwrap();
        notices.set_read_timeout(Some(PATIENCE)).unwrap();
        let address = notices.local_addr().unwrap().as_pathname().unwrap().to_owned();
        let log = fs::File::create(world.path("log")).unwrap();
        let child = command.env("NOTIFY_SOCKET", address).stderr(log).spawn().unwrap();
        Serving { child, notices, log: world.path("log") }
    }

    /// What it tells the service manager next.
    pub fn notice(&mut self) -> String {
        let mut buffer = [0; 256];
        let length = self.notices.recv(&mut buffer).unwrap_or_else(|error| panic!("{error}: {}", self.log()));
        String::from_utf8_lossy(&buffer[..length]).into_owned()
    }

    pub fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap()
    }

    /// Where it is reached over TCP, as it says in its log.
    pub fn url(&self) -> String {
        let log = self.log();
        let said = log.split("url=\"").nth(1).unwrap_or_else(|| panic!("no address: {log}"));
        said.split('"').next().unwrap().to_owned()
    }

    pub fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Asks it to stop and returns its exit code.
    pub fn stop(mut self) -> Option<i32> {
        self.signal(Signal::TERM);
        assert_eq!(self.notice(), "STOPPING=1");
        self.wait()
    }

    pub fn wait(mut self) -> Option<i32> {
        self.child.wait().unwrap().code()
    }

    /// Whether it has ended by itself.
    pub fn ended(&mut self) -> bool {
        self.child.try_wait().unwrap().is_some()
    }

    /// Ends it as a crash would.
    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
