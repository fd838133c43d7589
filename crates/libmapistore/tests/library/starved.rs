//! A host without memory: it is told so, and goes on.

use mapistore_wire::{FromHub, Notify, Triple, code};

use crate::daemon::{Daemon, triple};
use crate::program::Bench;

fn tell(daemon: &Daemon, id: u64) {
    let triple = Triple::new("SOGo", "alice", "alice").unwrap();
    daemon.say(&FromHub::Notify(Notify { id, triple, folder: Some("inbox"), message: None, root: None }));
}

#[test]
fn a_host_without_memory_is_not_ended_and_nothing_is_lost() {
    let bench = Bench::new();
    let daemon = Daemon::start(&bench.socket());
    let mut program = bench.start("starved");
    let alice = |count| [(triple("SOGo", "alice", "alice"), count)];
    program.says("fed");
    daemon.wait_for(&alice(1));
    tell(&daemon, 1);
    daemon.wait("an answer", |peers| peers[0].answers.get(&1).cloned());
    program.go();

    program.says("starving");
    tell(&daemon, 2);
    program.says("not notified");
    drop(daemon);
    let daemon = Daemon::start(&bench.socket());
    program.go();
    program.says("fed again");
    daemon.wait_for(&alice(2));
    tell(&daemon, 3);
    let answer = daemon.wait("an answer", |peers| peers.last()?.answers.get(&3).cloned());
    assert_eq!(answer, (code::SUCCESS, Some("sogo://alice:*@inbox/".to_owned())));
    program.go();

    for id in 11..=26 {
        program.says("one is refused");
        daemon.wait_for(&alice(2));
        let before = daemon.look(<[_]>::len);
        tell(&daemon, id);
        daemon.wait("an answer, or another connection", |peers| {
            (peers.len() > before || peers.last()?.answers.contains_key(&id)).then_some(())
        });
        program.go();
    }

    for round in 1..=6 {
        program.says("hungry");
        // Some of these are lost with a connection, some are not answered, some are.
        for id in 0..20 {
            let _ = daemon.try_say(&FromHub::Notify(Notify {
                id: 100 * round + id,
                triple: Triple::new("SOGo", "alice", "alice").unwrap(),
                folder: None,
                message: None,
                root: None,
            }));
        }
        program.go();
    }
    program.says("fed in the end");
    daemon.wait_for(&alice(8));
    program.ends_well();
}
