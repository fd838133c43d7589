//! The shim: what was fsynced is in the image, and nothing else.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::fs;
use std::io::{BufRead as _, BufReader, Lines, Write as _};
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use intendant_testkit::shadow::{Event, Point, Shadow};
use tempfile::TempDir;

/// A program under the shim that does what it is told.
struct Actor {
    shadow: Shadow,
    folder: PathBuf,
    child: Child,
    orders: ChildStdin,
    answers: Lines<BufReader<ChildStdout>>,
    _scratch: TempDir,
}

impl Actor {
    fn start(prepare: impl FnOnce(&Path)) -> Actor {
        Actor::start_as(Command::new(env!("CARGO_BIN_EXE_testkit-actor")), prepare)
    }

    fn start_as(mut command: Command, prepare: impl FnOnce(&Path)) -> Actor {
        let scratch = tempfile::tempdir().unwrap();
        let folder = scratch.path().join("data");
        fs::create_dir(&folder).unwrap();
        prepare(&folder);
        let shadow = Shadow::new(&folder, &scratch.path().join("shadow")).unwrap();
        shadow.follow(&mut command).unwrap();
        let mut child =
            command.current_dir(&folder).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let orders = child.stdin.take().unwrap();
        let answers = BufReader::new(child.stdout.take().unwrap()).lines();
        Actor { shadow, folder, child, orders, answers, _scratch: scratch }
    }

    fn order(&mut self, order: &str) {
        writeln!(self.orders, "{order}").unwrap();
    }

    fn does(&mut self, order: &str) {
        self.order(order);
        let answer = self.answers.next().expect("it is dead").unwrap();
        assert_eq!(answer, "ok", "{order}");
    }

    fn durable(&self, name: &str) -> Option<String> {
        self.shadow.durable(name).map(|bytes| String::from_utf8(bytes).unwrap())
    }

    /// Kills it as a power cut would, and shows the folder that the next start finds.
    fn cut(&mut self) -> PathBuf {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        self.shadow.cut_power().unwrap();
        self.folder.clone()
    }

    fn dies_doing(&mut self, order: &str) {
        self.order(order);
        assert_eq!(self.child.wait().unwrap().signal(), Some(9), "{order}");
    }
}

#[test]
fn only_what_was_synced_survives() {
    let mut actor = Actor::start(|_| ());
    actor.does("write kept one");
    actor.does("sync kept");
    actor.does("write lost two");
    actor.does("append kept more");
    let left = actor.cut();
    assert_eq!(fs::read_to_string(left.join("kept")).unwrap(), "one");
    assert!(!left.join("lost").exists());
}

#[test]
fn what_was_there_before_survives_until_a_change_is_synced() {
    let mut actor = Actor::start(|folder| fs::write(folder.join("old"), "0123456789").unwrap());
    actor.does("patch old 2 xy");
    assert_eq!(actor.durable("old").unwrap(), "0123456789");
    actor.does("sync old");
    assert_eq!(actor.durable("old").unwrap(), "01xy456789");
    actor.does("truncate old 4");
    actor.does("patch old 6 z");
    assert_eq!(actor.durable("old").unwrap(), "01xy456789");
    actor.does("sync old");
    assert_eq!(actor.durable("old").unwrap(), "01xy\0\0z");
}

#[test]
fn replacing_a_file_loses_the_content_that_was_never_synced() {
    let mut actor = Actor::start(|folder| fs::write(folder.join("key"), "old").unwrap());
    actor.does("write draft new");
    actor.does("rename draft key");
    assert_eq!(actor.durable("key").unwrap(), "");
    assert_eq!(actor.durable("draft"), None);

    actor.does("write draft newer");
    actor.does("sync draft");
    actor.does("rename draft key");
    assert_eq!(actor.durable("key").unwrap(), "newer");
    actor.does("append key !");
    assert_eq!(actor.durable("key").unwrap(), "newer");
}

#[test]
fn data_synced_after_a_rename_arrives_under_the_new_name() {
    let mut actor = Actor::start(|_| ());
    actor.does("write a text");
    actor.does("rename a b");
    actor.does("sync a"); // the descriptor that was opened as `a`
    assert_eq!(actor.durable("b").unwrap(), "text");
    actor.does("unlink b");
    assert_eq!(actor.durable("b"), None);
}

#[test]
fn emptying_a_file_is_not_durable_before_its_sync() {
    let mut actor = Actor::start(|folder| fs::write(folder.join("log"), "long content").unwrap());
    actor.does("write log x");
    assert_eq!(actor.durable("log").unwrap(), "long content");
    actor.does("sync log");
    assert_eq!(actor.durable("log").unwrap(), "x");
}

#[test]
fn it_dies_at_the_chosen_point() {
    for (point, survives) in [(Point::Before(Event::Sync, 2), "one"), (Point::After(Event::Sync, 2), "two")] {
        let mut actor = Actor::start(|_| ());
        actor.does("write file one");
        actor.shadow.arm(point).unwrap();
        actor.does("sync file");
        actor.does("sync file"); // nothing changed: does not count
        actor.does("write file two");
        actor.dies_doing("sync file");
        assert_eq!(fs::read_to_string(actor.cut().join("file")).unwrap(), survives, "{point:?}");
    }
}

#[test]
fn it_dies_around_the_start_of_a_process() {
    for (point, printed) in
        [(Point::Before(Event::Spawn, 1), None), (Point::After(Event::Spawn, 1), Some("Linux"))]
    {
        let mut actor = Actor::start(|_| ());
        actor.shadow.arm(point).unwrap();
        actor.dies_doing("spawn uname");
        // The program has the actor's output, and the line ends when both are gone.
        let line = actor.answers.next().transpose().unwrap();
        assert_eq!(line.as_deref(), printed, "{point:?}");
    }
}

#[test]
fn the_rows_of_a_database_survive_when_it_syncs_and_only_then() {
    for (synchronous, rows) in [("FULL", "2"), ("OFF", "1")] {
        let sqlite = intendant_testkit::packages::find("sqlite3").expect("cargo xtask services --install");
        let mut command = Command::new(&sqlite);
        command.args(["-batch", "-bail", "journal.db"]);
        let mut actor = Actor::start_as(command, |folder| {
            let made = Command::new(&sqlite)
                .arg(folder.join("journal.db"))
                .arg("PRAGMA journal_mode=WAL; CREATE TABLE t (x); INSERT INTO t VALUES (1);")
                .stdout(Stdio::null())
                .status();
            assert!(made.unwrap().success());
        });
        actor.does(&format!("PRAGMA synchronous={synchronous}; INSERT INTO t VALUES (2); SELECT 'ok';"));
        let left = actor.cut();
        assert!(!left.join("journal.db-shm").exists());
        let count = Command::new(&sqlite)
            .arg(left.join("journal.db"))
            .arg("PRAGMA integrity_check; SELECT count(*) FROM t;")
            .output()
            .unwrap();
        assert_eq!(String::from_utf8(count.stdout).unwrap(), format!("ok\n{rows}\n"), "{synchronous}");
    }
}
