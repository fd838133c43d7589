//! Real processes with the C library, and the whole hub.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![allow(missing_docs, unreachable_pub, dead_code)]

#[path = "../../libmapistore/tests/library/program.rs"]
mod program;
mod support;

use std::fs;
use std::time::Duration;

use program::{Bench, Program};
use serde_json::Value;
use support::{World, executable};
use testkit::wait;

const LONG: Duration = Duration::from_mins(1);

/// A hub that listens to processes, with a backend that notes who comes and who goes.
fn world() -> World {
    let world = World::new();
    world.configure("registry:\n  socket: mapistore.sock\n");
    let home = world.path("backends/10notes");
    fs::create_dir_all(home.join("bin")).unwrap();
    let actions = ["USER_REGISTERED", "USER_UNREGISTERED"];
    let actions =
        actions.map(|action| format!("  {action}:\n    script: note.sh\n    onError: stop\n")).concat();
    let config = format!(
        "_version: 1\nname: notes\ndescription: of a test\nactive: true\noptions: {{}}\nactions:\n{actions}"
    );
    fs::write(home.join("config.yml"), config).unwrap();
    let note = format!(
        "#!/bin/sh\nname=$(sed 's/.*\"username\":\"\\([^\"]*\\)\".*/\\1/')\n\
         echo \"$INTENDANT_ACTION $name\" >>'{}'\necho '{{\"status\":0,\"message\":\"noted\"}}'\n",
        world.text("noted")
    );
    executable(&home.join("bin/note.sh"), &note);
    world
}

/// Builds and starts a program that finds this hub.
fn start(bench: &Bench, world: &World, name: &str, args: &[&str]) -> Program {
    let program = bench.build(name);
    Program::spawn(
        bench.command(program).env("INTENDANT_MAPISTORE_SOCKET", world.path("mapistore.sock")).args(args),
    )
}

fn registered(world: &World) -> Vec<Value> {
    let page = world.run(&["registry", "list", "--json"]).json();
    page["registrations"].as_array().unwrap().clone()
}

/// Waits until exactly these are registered, so often each; since when the first one is.
fn until_registered(world: &World, expected: &[(&str, u64)]) -> Value {
    let mut last = Vec::new();
    let found = wait::until(LONG, || {
        last = registered(world);
        let found: Vec<_> = last
            .iter()
            .map(|one| (one["user"].as_str().unwrap(), one["count"].as_u64().unwrap()))
            .filter(|(_, count)| *count > 0)
            .collect();
        let since = last.first().map_or(Value::Null, |one| one["since"].clone());
        (found == expected && (last.is_empty() || !since.is_null())).then_some(since)
    });
    found.unwrap_or_else(|| panic!("not {expected:?}: {last:?}"))
}

/// Waits until so many were noted; in the order of their names.
fn noted(world: &World, count: usize) -> Vec<String> {
    let found = wait::until(LONG, || {
        let text = fs::read_to_string(world.path("noted")).ok()?;
        let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
        lines.sort();
        (lines.len() >= count).then_some(lines)
    });
    found.unwrap_or_else(|| panic!("{:?}", fs::read_to_string(world.path("noted"))))
}

#[test]
fn who_is_registered_survives_the_hub_and_goes_with_the_process() {
    let (world, bench) = (world(), Bench::new());
    let hub = world.serve();
    let mut program = start(&bench, &world, "steps", &[]);
    program.says("step");
    let since = until_registered(&world, &[("alice", 1), ("bob", 1)]);
    program.go();
    program.says("step");
    until_registered(&world, &[("alice", 2)]);
    assert_eq!(noted(&world, 3), ["USER_REGISTERED alice", "USER_REGISTERED bob", "USER_UNREGISTERED bob"]);

    // The hub is killed. Meanwhile bob comes and goes again, and alice stays.
    hub.kill();
    for _ in 0..2 {
        program.go();
        program.says("step");
    }
    let hub = world.serve();
    assert_eq!(until_registered(&world, &[("alice", 4)]), since, "alice was never gone");

    // The process is killed: what it held goes with it.
    program.kill();
    until_registered(&world, &[]);
    let all = noted(&world, 4);
    assert_eq!(all[2..], ["USER_UNREGISTERED alice", "USER_UNREGISTERED bob"], "{all:?}");
    assert_eq!(all.len(), 4, "{all:?}");
    assert_eq!(hub.stop(), Some(0));
}

#[test]
fn a_notification_reaches_the_backend_and_its_uri_comes_back() {
    let (world, bench) = (world(), Bench::new());
    let hub = world.serve();
    let mut program = start(&bench, &world, "notify", &["poll"]);
    program.says("ready");
    wait::until(LONG, || registered(&world).iter().any(|one| one["manager"] == true).then_some(()))
        .expect("a manager interface");

    let notify = |backend: &str, vuser: &str| {
        let args =
            ["registry", "notify", backend, vuser, "--folder", "inbox", "--message-id", "42", "--json"];
        world.run(&args)
    };
    let told = notify("SOGo", "alice");
    assert_eq!(told.code, 0, "{told:?}");
    let uri = "sogo://alice:*@inbox/42.eml";
    assert!(told.stdout.contains(uri), "{told:?}");
    program.says(&format!("SOGo alice alice inbox 42 {uri}"));

    for (backend, vuser) in [("SOGo", "nobody"), ("Other", "alice")] {
        let refused = notify(backend, vuser);
        assert_eq!(refused.code, 1, "{refused:?}");
        assert!(!refused.stderr.is_empty(), "{refused:?}");
    }
    program.go();
    program.says("taken back");
    program.ends_well();
    until_registered(&world, &[]);
    assert_eq!(hub.stop(), Some(0));
}
