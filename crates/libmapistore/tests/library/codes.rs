//! What the functions return and what they read.

use crate::daemon::{Daemon, triple};
use crate::program::{Bench, Program, run};

#[test]
fn every_check_has_its_code_and_errno_stays() {
    let bench = Bench::new();
    let program = bench.build("codes");
    // Without a hub, and with one.
    assert_eq!(run(&mut bench.command(&program)), "checked\n");
    let _daemon = Daemon::start(&bench.socket());
    assert_eq!(run(&mut bench.command(&program)), "checked\n");
}

#[test]
fn a_transport_that_does_not_exist_is_an_error_and_not_another_one() {
    let bench = Bench::new();
    let program = bench.build("once");
    let printed = run(bench.command(&program).env("INTENDANT_MAPISTORE_TRANSPORT", "sockets"));
    assert_eq!(printed, "18\n");
    assert_eq!(run(&mut bench.command(&program)), "0\n");
}

#[test]
fn both_layouts_are_read_and_not_a_byte_more() {
    let bench = Bench::new();
    let daemon = Daemon::start(&bench.socket());
    let mut program: Program = bench.start("layout");
    program.says("registered");
    let expected = [("alice", 1), ("bob", 3), ("carol", 1)];
    daemon.wait_for(&expected.map(|(name, count)| (triple("SOGo", name, name), count)));
    program.ends_well();
}
