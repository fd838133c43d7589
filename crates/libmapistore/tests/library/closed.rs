//! A host that closes the library's descriptors behind its back.

use mapistore_wire::{FromHub, Notify, Triple};

use crate::daemon::{Daemon, triple};
use crate::program::Bench;

#[test]
fn what_the_host_has_under_our_numbers_is_left_alone_and_nothing_is_lost() {
    let bench = Bench::new();
    let daemon = Daemon::start(&bench.socket());
    let mut program = bench.start("closed");
    let alice = |count| daemon.wait_for(&[(triple("SOGo", "alice", "alice"), count)]);
    let connections = || daemon.look(<[_]>::len);
    program.says("registered");
    alice(1);
    program.go();
    for round in 1..=6 {
        program.says("closed");
        alice(1 + round);
        assert!(u64::try_from(connections()).unwrap() > round, "each time there is another connection");
        program.go();
        program.says("waiting");
        let triple = Triple::new("SOGo", "alice", "alice").unwrap();
        daemon.say(&FromHub::Notify(Notify { id: round, triple, folder: None, message: None, root: None }));
        program.says("alice");
        program.says("notified");
        daemon.wait("an answer", |peers| peers.last()?.answers.get(&round).cloned());
        program.go();
    }
    program.says("child");
    daemon.wait("the child's own", |peers| {
        let child = peers.iter().find(|peer| peer.is_live() && peer.pid != program.pid())?;
        (child.count("SOGo", "alice", "child") == 1).then_some(())
    });
    program.go();
    program.says("closed");
    daemon.wait_for(&[(triple("SOGo", "alice", "alice"), 7), (triple("SOGo", "alice", "last"), 1)]);
    program.kill();
}
