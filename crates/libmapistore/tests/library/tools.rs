//! What valgrind says of programs that use the library.

use std::process::Command;

use crate::daemon::Daemon;
use crate::program::{Bench, Program};

/// What a program ends with when valgrind has found something.
const FOUND: &str = "--error-exitcode=99";

fn memcheck(bench: &Bench) -> Command {
    let mut command = bench.command("valgrind");
    command.args([
        "--quiet",
        FOUND,
        "--leak-check=full",
        "--errors-for-leak-kinds=definite,indirect,possible",
    ]);
    command.arg("--trace-children=no");
    command
}

fn helgrind(bench: &Bench) -> Command {
    let mut command = bench.command("valgrind");
    command.args(["--tool=helgrind", "--quiet", FOUND, "--history-level=approx"]);
    command
}

/// Each program under both tools, with a hub; what it says decides how far it goes.
fn under(tool: fn(&Bench) -> Command, name: &str, args: &[&str], follow: impl FnOnce(&mut Program, &Daemon)) {
    let bench = Bench::new();
    let program = bench.build(name);
    let daemon = Daemon::start(&bench.socket());
    let mut program = Program::spawn(tool(&bench).arg(program).args(args));
    follow(&mut program, &daemon);
    program.ends_well();
}

fn threads(program: &mut Program, daemon: &Daemon) {
    program.says("registered");
    daemon.wait("everybody", |peers| (peers.first()?.is_live() && peers[0].total() == 128).then_some(()));
}

fn forks(program: &mut Program, daemon: &Daemon) {
    program.says("parent");
    daemon.wait("alice", |peers| (peers.first()?.total() == 1).then_some(()));
    program.go();
    program.line();
    daemon.wait("bob", |peers| {
        peers.iter().any(|peer| peer.is_live() && peer.count("SOGo", "bob", "bob") == 1).then_some(())
    });
    program.go();
    program.says("child is gone");
}

fn notifications(program: &mut Program, daemon: &Daemon) {
    use mapistore_wire::{FromHub, Notify, Triple};
    program.says("ready");
    daemon.wait("alice", |peers| (peers.first()?.is_live() && peers[0].total() == 2).then_some(()));
    let triple = Triple::new("SOGo", "alice", "alice").unwrap();
    for id in 1..=5 {
        daemon.say(&FromHub::Notify(Notify { id, triple, folder: None, message: None, root: None }));
        program.says("SOGo alice alice - - sogo://alice:*@*/");
    }
    daemon.wait("answers", |peers| (peers[0].answers.len() == 5).then_some(()));
    program.go();
    program.says("taken back");
}

#[test]
fn memcheck_finds_nothing() {
    under(memcheck, "threads", &["20"], threads);
    under(memcheck, "fork", &["3"], forks);
    under(memcheck, "notify", &["poll"], notifications);
    under(memcheck, "notify", &["thread"], notifications);
    under(memcheck, "codes", &[], |program, _| program.says("checked"));
}

#[test]
fn helgrind_finds_nothing() {
    under(helgrind, "threads", &["20"], threads);
    under(helgrind, "fork", &["3"], forks);
    under(helgrind, "notify", &["poll"], notifications);
    under(helgrind, "notify", &["thread"], notifications);
}
