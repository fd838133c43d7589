//! Real processes with the C library against the real registry: whatever they do, however they end, and however often the
//! hub restarts, the table is in the end the sum of what living processes hold, and nobody was told gone who was there.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod support;

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Duration;

use intendant_mapistore::Settings;
use intendant_mapistore::registry::Rules;
use support::{Bed, until};
use tempfile::TempDir;

/// Processes at once, and what happens in one run.
const PROCESSES: usize = 4;
const STEPS: usize = 160;
const USERS: [&str; 4] = ["SOGo ann ann", "SOGo ben ann", "SOGo eve eve@example.org", "Other ann x"];
/// Held by the first process from beginning to end.
const ANCHOR: &str = "SOGo anchor anchor";

/// The C library as cargo has built it: beside this test, or built now.
fn library() -> PathBuf {
    let name = "libintendant_libmapistore.so";
    let here = std::env::current_exe().unwrap();
    let folders = || here.ancestors().skip(1).take(2).map(|folder| folder.join(name));
    if let Some(built) = folders().find(|library| library.is_file()) {
        return built;
    }
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let build = Command::new(cargo).args(["build", "-q", "-p", "intendant-libmapistore"]).status().unwrap();
    assert!(build.success(), "`cargo build -p intendant-libmapistore` builds what is missing here");
    folders().find(|library| library.is_file()).expect("cargo has put it there")
}

/// A program that registers what it is told.
fn program(folder: &Path) -> PathBuf {
    let library = library();
    std::os::unix::fs::symlink(&library, folder.join("libintendant_mapistore.so.1")).unwrap();
    let (source, program) = (Path::new(env!("CARGO_MANIFEST_DIR")), folder.join("speaker"));
    let built = Command::new("gcc")
        .args(["-std=gnu11", "-Wall", "-Wextra", "-Werror", "-pthread", "-I"])
        .arg(source.join("../libmapistore/include"))
        .arg(source.join("tests/c/speaker.c"))
        .arg(&library)
        .arg("-o")
        .arg(&program)
        .arg(format!("-Wl,-rpath,{}", folder.display()))
        .status()
        .unwrap();
    assert!(built.success(), "gcc is needed");
    program
}

/// A process, and whom it holds.
struct Process {
    child: Child,
    to: Option<ChildStdin>,
    from: BufReader<ChildStdout>,
    held: BTreeMap<String, u64>,
}

impl Process {
    fn start(program: &Path, socket: &Path) -> Self {
        let mut child = Command::new(program)
            .env("INTENDANT_MAPISTORE_SOCKET", socket)
            .env_remove("INTENDANT_MAPISTORE_TRANSPORT")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let (to, from) = (child.stdin.take(), BufReader::new(child.stdout.take().unwrap()));
        Process { child, to, from, held: BTreeMap::new() }
    }

    /// Has it register or unregister somebody; what it does not hold it does not unregister.
    fn count(&mut self, user: &str, more: bool) {
        let count = self.held.entry(user.to_owned()).or_default();
        if !more && *count == 0 {
            return;
        }
        *count = if more { *count + 1 } else { *count - 1 };
        let word = if more { 'r' } else { 'u' };
        writeln!(self.to.as_mut().unwrap(), "{word} {user}").unwrap();
        let mut answer = String::new();
        self.from.read_line(&mut answer).unwrap();
        assert_eq!(answer, ".\n");
    }

    /// It ends: killed, or by itself.
    fn end(&mut self, killed: bool) {
        if killed {
            self.child.kill().unwrap();
        }
        self.to = None;
        self.child.wait().unwrap();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Numbers by chance that come again with the same seed.
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % n
    }
}

fn sum(processes: &[Process]) -> Vec<String> {
    let mut sum = BTreeMap::<String, u64>::new();
    for (user, count) in processes.iter().flat_map(|process| &process.held).filter(|(_, count)| **count > 0) {
        *sum.entry(user.replace(' ', "|")).or_default() += count;
    }
    let mut lines: Vec<String> = sum.into_iter().map(|(user, count)| format!("{user}={count}")).collect();
    lines.sort();
    lines
}

async fn run(seed: u64, folder: &TempDir, program: &Path) {
    let rules = Rules { grace: Duration::from_secs(30), ..Rules::default() };
    let mut bed = Bed::with(Settings { rules, ..Settings::default() }).await;
    let socket = folder.path().join(format!("{seed}.sock"));
    // The bed's own folder has a name that the processes cannot know beforehand.
    std::os::unix::fs::symlink(bed.socket(), &socket).unwrap();
    let start = || Process::start(program, &socket);
    let mut processes: Vec<Process> = (0..PROCESSES).map(|_| start()).collect();
    processes[0].count(ANCHOR, true);
    until("the anchor", async || bed.ear.heard().contains(&"+anchor".to_owned())).await;
    let mut dice = Dice(seed);
    for _ in 0..STEPS {
        let n = dice.below(PROCESSES);
        match dice.below(40) {
            0 => bed = bed.again().await,
            1..=3 if n > 0 => {
                processes[n].end(dice.below(2) == 0);
                processes[n] = start();
            }
            // Some of it happens while the hub is away, or just after it has come back.
            what => processes[n].count(USERS[dice.below(USERS.len())], what < 24),
        }
    }
    let wanted = sum(&processes);
    let registered = || {
        let mut registered = bed.registered();
        registered.sort();
        registered
    };
    until(&format!("seed {seed}: {wanted:?}"), async || registered() == wanted).await;
    until("all to be told", async || {
        let there = |name: &str| bed.ear.heard().iter().filter(|word| *word == name).count();
        there("+ann") + there("+ben") + there("+eve") - there("-ann") - there("-ben") - there("-eve")
            == wanted.len() - 1
    })
    .await;
    let heard = bed.ear.heard();
    let anchors: Vec<&String> = heard.iter().filter(|word| word.ends_with("anchor")).collect();
    assert_eq!(anchors, ["+anchor"], "seed {seed}: who was there all along is told once, and never gone");
    // All end, each in its own way, and nobody is left.
    for (n, process) in processes.iter_mut().enumerate() {
        process.end(n % 2 == 0);
    }
    bed.until_registered(&[]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_table_is_the_sum_of_what_living_processes_hold() {
    let folder = tempfile::tempdir().unwrap();
    let program = program(folder.path());
    for seed in [1, 7] {
        run(seed, &folder, &program).await;
    }
}
