//! Threads, forks, ends of processes.

use std::fs;

use crate::daemon::{Daemon, Peer, Triple, triple};
use crate::program::Bench;

fn alice(count: u64) -> (Triple, u64) {
    (triple("SOGo", "alice", "alice"), count)
}

/// The conversation with this process.
fn of(peers: &[Peer], pid: u32) -> Option<&Peer> {
    peers.iter().rev().find(|peer| peer.pid == pid && peer.has_snapshot)
}

#[test]
fn many_threads_lose_nothing() {
    let bench = Bench::new();
    let daemon = Daemon::start(&bench.socket());
    let mut program = bench.start("threads");
    program.says("registered");
    let own = (0..64).map(|n| format!("user {n}")).map(|name| (triple("SOGo", &name, &name), 1));
    let expected: Vec<_> = own.chain([(triple("SOGo", "everybody", "shared"), 64)]).collect();
    daemon.wait_for(&expected);
    assert_eq!(daemon.look(|peers| peers[0].anomalies), 0);
    // What happened between two looks of the thread was told once: far less than there were calls.
    assert!(daemon.look(|peers| peers[0].sets) < 64 * 1000 * 2);
    program.ends_well();
}

#[test]
fn a_process_says_who_it_is() {
    let bench = Bench::new();
    let daemon = Daemon::start(&bench.socket());
    let mut program = bench.start("exit");
    program.says("registered");
    daemon.wait_for(&[alice(1)]);
    let stat = fs::read_to_string(format!("/proc/{}/stat", program.pid())).unwrap();
    let started = stat.rsplit(')').next().unwrap().split_whitespace().nth(19).unwrap();
    daemon.look(|peers| {
        assert_eq!((peers[0].pid, peers[0].started.to_string().as_str()), (program.pid(), started));
        assert_eq!(peers[0].program, "exit");
        assert_ne!(peers[0].instance, [0; 16]);
    });
}

#[test]
fn a_process_that_ends_says_goodbye_and_may_go_on_unregistering() {
    let bench = Bench::new();
    let daemon = Daemon::start(&bench.socket());
    let mut program = bench.start("exit");
    program.says("registered");
    daemon.wait_for(&[alice(1)]);
    program.go();
    program.says("ended");
    program.ends_well();
    daemon.wait("goodbye and the end", |peers| (peers[0].said_goodbye && !peers[0].is_open).then_some(()));
}

#[test]
fn a_process_that_is_killed_is_missed_at_once() {
    let bench = Bench::new();
    let daemon = Daemon::start(&bench.socket());
    let mut program = bench.start("exit");
    program.says("registered");
    daemon.wait_for(&[alice(1)]);
    program.kill();
    let goodbye = daemon.wait("the end", |peers| (!peers[0].is_open).then_some(peers[0].said_goodbye));
    assert!(!goodbye);
}

#[test]
fn a_child_has_neither_thread_nor_socket_nor_table() {
    let bench = Bench::new();
    let daemon = Daemon::start(&bench.socket());
    let mut program = bench.start("fork");
    program.says("parent");
    let parent = program.pid();
    daemon.wait_for(&[alice(1)]);
    program.go();
    let child: u32 = program.line().parse().unwrap();
    let (childs, parents) = daemon.wait("the child's own table", |peers| {
        let child =
            of(peers, child).filter(|peer| peer.count("SOGo", "bob", "bob") == 1 && peer.anomalies == 1)?;
        Some((child.instance, of(peers, parent)?.instance))
    });
    assert_ne!(childs, parents);
    // The parent's own is as it was: nothing was counted twice, and nothing that a child has said.
    daemon.wait("the parent's table", |peers| {
        let parent = of(peers, parent)?;
        let one = parent.is_live() && parent.total() == 1 && parent.count("SOGo", "alice", "alice") == 1;
        (one && parent.anomalies == 0).then_some(())
    });
    // The child is killed: its connection ends, since nobody else has a copy of it, and the parent's goes on.
    program.go();
    program.says("child is gone");
    daemon.wait("the child's end", |peers| (!of(peers, child)?.is_open).then_some(()));
    assert!(daemon.look(|peers| of(peers, parent).unwrap().is_open));
    // Nor does a child hold on to its parent's.
    program.kill();
    daemon.wait("the parent's end", |peers| (!of(peers, parent)?.is_open).then_some(()));
}

#[test]
fn the_library_stays_when_it_is_unloaded() {
    let bench = Bench::new();
    let daemon = Daemon::start(&bench.socket());
    let program = bench.build_with("load", &["-ldl"]);
    let mut program =
        crate::program::Program::spawn(bench.command(&program).env("LD_LIBRARY_PATH", bench.path("")));
    program.says("registered");
    daemon.wait_for(&[alice(1)]);
    program.go();
    program.says("registered again");
    daemon.wait_for(&[alice(2)]);
    program.ends_well();
}

#[test]
fn the_thread_takes_no_signal_and_nothing_is_handled_for_the_host() {
    let bench = Bench::new();
    let daemon = Daemon::start(&bench.socket());
    let mut program = bench.start("signals");
    program.says("registered");
    daemon.wait_for(&[alice(1)]);
    let tasks = fs::read_dir(format!("/proc/{}/task", program.pid())).unwrap();
    let statuses: Vec<String> =
        tasks.map(|task| fs::read_to_string(task.unwrap().path().join("status")).unwrap()).collect();
    let ours: Vec<&String> = statuses.iter().filter(|status| status.contains("Name:\tmapistore\n")).collect();
    assert_eq!((statuses.len(), ours.len()), (2, 1));
    // All but SIGKILL and SIGSTOP, which nobody can block, and the two that the C library keeps to itself.
    assert!(ours[0].contains("SigBlk:\tfffffffe7ffbfeff\n"), "{}", ours[0]);
    program.go();
    program.says("signalled");
    program.ends_well();
}

#[test]
fn the_destructor_of_a_context_unregisters() {
    let bench = Bench::new();
    let daemon = Daemon::start(&bench.socket());
    let program = bench.build_with("talloc", &["-lintendant_mapistore", "-ltalloc"]);
    let mut program = crate::program::Program::spawn(&mut bench.command(&program));
    program.says("registered");
    daemon.wait_for(&[(triple("SOGo", "alice", "alice@example.org"), 3)]);
    program.go();
    program.says("freed");
    daemon.wait_for(&[]);
    assert_eq!(daemon.look(|peers| peers[0].anomalies), 0);
    program.ends_well();
}

#[test]
fn calls_wake_the_thread_only_when_it_sleeps() {
    let bench = Bench::new();
    let daemon = Daemon::start(&bench.socket());
    let mut program = bench.start("awake");
    program.says("registered");
    daemon.wait_for(&[alice(1)]);
    program.go();
    let woken: u32 = program.line().parse().unwrap();
    // Of 200,000 calls. After each time it rests for a millisecond, in which there are many calls on any machine.
    assert!(woken < 40_000, "{woken} times");
    program.ends_well();
}
