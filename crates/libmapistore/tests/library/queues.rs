//! The message queues of 2011: what the library puts there is what the original put there.

use std::process::Command;

use mapistore_wire::Triple;
use mapistore_wire::legacy::{Generation, UserCommand, status};

use crate::program::Bench;

/// What the program says where there are no queues.
const NONE: i32 = 77;

#[test]
fn both_generations_are_written_byte_for_byte() {
    let bench = Bench::new();
    let program = bench.build_with("queue", &["-lintendant_mapistore", "-lrt"]);
    let triple = Triple::new("SOGo", "alice", "jérôme").unwrap();
    for (generation, transport) in [(Generation::A, "mqueue-a"), (Generation::B, "mqueue-b")] {
        let mut command = own_queues(&bench, &program);
        command.env("INTENDANT_MAPISTORE_TRANSPORT", transport).arg(generation.queue());
        let output = command.output().unwrap();
        if output.status.code() == Some(NONE) {
            left_out(&String::from_utf8_lossy(&output.stderr));
            return;
        }
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        // The kernel hands over the highest priority first: what counts down.
        let line = |status| {
            let message = UserCommand::new(status, triple).encode(generation);
            let hex: String = message.iter().flat_map(|byte| [byte >> 4, byte & 15]).map(digit).collect();
            format!("{} {hex}\n", generation.priority(status))
        };
        let expected = line(status::UNREGISTER).repeat(5) + &line(status::REGISTER).repeat(5);
        assert_eq!(String::from_utf8_lossy(&output.stdout), expected);
    }
}

/// Queues have the same name for the whole machine: where that can be had, the program has some of its own.
fn own_queues(bench: &Bench, program: &std::path::Path) -> Command {
    let may = Command::new("unshare").args(["--ipc", "true"]).output().is_ok_and(|o| o.status.success());
    let mut command = bench.command(if may { "unshare".as_ref() } else { program });
    if may {
        command.arg("--ipc").arg(program);
    }
    command
}

/// A machine without queues is no defect, but a run that looks at everything must have some.
#[allow(clippy::print_stderr, reason = "the run says so")]
fn left_out(why: &str) {
    assert!(std::env::var_os("INTENDANT_REQUIRE_QUEUES").is_none(), "queues are required: {why}");
    eprintln!("left out: {why}");
}

fn digit(n: u8) -> char {
    char::from_digit(n.into(), 16).unwrap()
}
