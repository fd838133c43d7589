//! A hub that is not there, comes late, goes away and comes back, or no longer listens.

use crate::daemon::{Daemon, Triple, triple};
use crate::program::{Bench, Program};

fn expected(alice: u64, bob: u64) -> Vec<(Triple, u64)> {
    let all = [("alice", alice), ("bob", bob)];
    all.into_iter().filter(|(_, n)| *n > 0).map(|(name, n)| (triple("SOGo", name, name), n)).collect()
}

fn step(program: &mut Program) {
    program.go();
    program.says("step");
}

#[test]
fn a_hub_that_comes_late_is_told_everything() {
    let bench = Bench::new();
    let mut program = bench.start("steps");
    program.says("step");
    step(&mut program);
    step(&mut program);
    let daemon = Daemon::start(&bench.socket());
    daemon.wait_for(&expected(3, 1));
    step(&mut program);
    daemon.wait_for(&expected(4, 0));
    program.kill();
}

#[test]
fn a_hub_that_comes_back_is_told_what_is_so_and_not_what_was() {
    let bench = Bench::new();
    let mut program = bench.start("steps");
    program.says("step");
    let mut instance = None;
    for turn in 1..=4_u64 {
        let daemon = Daemon::start(&bench.socket());
        daemon.wait_for(&expected(3 * turn - 2, turn % 2));
        let told = daemon.look(|peers| peers.last().unwrap().instance);
        assert_eq!(*instance.get_or_insert(told), told, "the same table");
        step(&mut program);
        daemon.wait_for(&expected(3 * turn - 1, (turn + 1) % 2));
        drop(daemon);
        // While nobody listens.
        step(&mut program);
        step(&mut program);
    }
    program.kill();
}

/// A connection may break anywhere, also in the middle of a snapshot.
#[test]
fn a_hub_that_comes_and_goes_is_told_the_truth_in_the_end() {
    let bench = Bench::new();
    let mut program = bench.start_with("many", &["0"]);
    program.line();
    for _ in 0..10 {
        let daemon = Daemon::start(&bench.socket());
        daemon.wait("somebody", |peers| peers.first().map(|_| ()));
    }
    program.go();
    program.says("unregistered");
    let daemon = Daemon::start(&bench.socket());
    let expected: Vec<_> =
        (9000..10_000).map(|n| format!("user {n}")).map(|name| (triple("SOGo", "", &name), 1)).collect();
    daemon.wait("the thousand that are left", |peers| {
        let peer = peers.iter().find(|peer| peer.is_live())?;
        let names: Vec<&str> = peer.table.keys().map(|(_, _, vuser)| vuser.as_str()).collect();
        let expected = expected.iter().map(|((_, _, vuser), _)| vuser.as_str());
        (peer.total() == 1000 && names.into_iter().eq(expected)).then_some(())
    });
    program.ends_well();
}

/// Ten thousand registrations stay, and as many times more that come and go cost nothing, without a hub and with one that has
/// stopped reading.
#[test]
fn hours_without_a_hub_cost_no_memory() {
    let bench = Bench::new();
    let mut absent = bench.start("many");
    let grown: i64 = absent.line().parse().unwrap();
    assert!(grown < 4096, "{grown} KiB");
    let daemon = Daemon::start(&bench.socket());
    daemon.wait("ten thousand", |peers| (peers.first()?.total() == 10_000).then_some(()));
    drop(daemon);
    drop(absent);

    let _stalled = Daemon::stalled(&bench.socket());
    let mut stalled = bench.start("many");
    let grown: i64 = stalled.line().parse().unwrap();
    assert!(grown < 16_384, "{grown} KiB");
}
