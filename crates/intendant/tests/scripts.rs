//! What surrounds a script when the whole program runs it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![allow(missing_docs, unreachable_pub)]

mod support;

use std::fs;
use std::process::{Command, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};
use serde_json::json;
use support::{Ran, Serving, World, request};

/// What steers a terminal, or the order in which it shows what follows.
fn steers(text: &str) -> Vec<char> {
    let harmless = |c: char| matches!(c, '\n' | '\t');
    let marks =
        ['\u{61c}', '\u{200e}', '\u{200f}', '\u{202a}', '\u{202e}', '\u{2028}', '\u{2066}', '\u{2069}'];
    text.chars().filter(|c| c.is_control() && !harmless(*c) || marks.contains(c)).collect()
}

#[test]
fn what_a_script_prints_steers_no_terminal_and_makes_up_no_record() {
    let world = World::new();
    world.backend(
        "00first",
        "cat >/dev/null\nprintf 'INFO: fine\\r12:00:01 ERROR made up\\n' >&2\n\
         printf 'noise \\302\\233 \\342\\200\\256 \\033[2J\\n' >&2\n\
         printf '{\"status\": 1, \"message\": \"a\\\\u009b31mred\\\\u202e\"}\\n'",
    );
    let hub = world.serve();
    let mut printed = Vec::new();
    let request = request("identity-update.json");
    for more in [vec![], vec!["--json"]] {
        let ran = world.run(&[&["submit", "--wait"][..], &more, &[request.as_str()]].concat());
        assert_eq!(ran.code, 1, "{ran:?}");
        printed.extend([ran.stdout, ran.stderr]);
    }
    let listed = world.run(&["jobs", "list", "--json"]);
    let id = listed.json()["jobs"][0]["id"].as_str().unwrap().to_owned();
    printed.push(listed.stdout);
    for arguments in [
        vec!["jobs", "show", &id],
        vec!["jobs", "show", "--json", &id],
        vec!["jobs", "list"],
        vec!["jobs", "export", "--documents"],
    ] {
        printed.push(world.run(&arguments).stdout);
    }
    printed.push(hub.log());
    for text in printed {
        assert_eq!(steers(&text), [], "{text:?}");
    }
    assert!(hub.log().lines().any(|line| line.contains("INFO") && line.contains("ERROR made up")));
}

#[test]
fn a_script_inherits_no_descriptor_of_whoever_started_the_program() {
    let world = World::new();
    world.backend(
        "00first",
        "cat >/dev/null; ls /proc/self/fd | tr '\\n' ' ' >../fds; echo '{\"status\": 0}'",
    );
    let inner = world.command(&["run", &request("identity-update.json")]);
    let mut outer = Command::new("/bin/sh");
    outer.args(["-c", "exec 9>lock; exec \"$@\"", "sh"]).arg(inner.get_program()).args(inner.get_args());
    outer.env_clear().envs(inner.get_envs().filter_map(|(name, value)| Some((name, value?))));
    outer.current_dir(world.path("")).stdin(Stdio::null());
    let ran = Ran::from(outer.output().unwrap());
    assert_eq!(ran.code, 0, "{ran:?}");
    // The last one is the directory that is being listed.
    assert_eq!(fs::read_to_string(world.path("backends/00first/fds")).unwrap(), "0 1 2 3 ");
}

/// As systemd stops a service that does not say otherwise: the scripts hear of it too, and may hear of it first.
#[test]
fn a_stop_that_reaches_the_scripts_too_is_no_failure_of_theirs() {
    let world = World::new();
    world.configure("breaker: {failures: 1, pause: 1h}\n");
    world.backend_with(
        "00first",
        "stop",
        "retries: {max: 0}",
        "cat >/dev/null\nif [ ! -e ../again ]; then touch ../again; echo $$ >../pid; exec sleep 1000; fi\n\
         echo '{\"status\": 0, \"message\": \"the second time\"}'",
    );
    let hub = world.serve();
    let id = world.submit(&json!({ "action": "IDENTITY_UPDATE", "concernedTo": "alice" }).to_string());
    let pid = testkit::wait::until(Duration::from_mins(1), || {
        fs::read_to_string(world.path("backends/00first/pid")).ok()?.trim().parse().ok()
    });
    kill_process_group(Pid::from_raw(pid.unwrap()).unwrap(), Signal::TERM).unwrap();
    assert_eq!(hub.stop(), Some(0));

    let hub = world.serve();
    assert_eq!(world.run(&["jobs", "watch", &id]).code, 0, "{}", hub.log());
    let shown = world.run(&["jobs", "show", &id]).stdout;
    assert!(shown.contains("the second time"), "{shown}");
    let backends = world.run(&["backends", "list", "--json"]).json();
    assert!(backends[0]["left_alone_until"].is_null(), "{backends}");
}

/// In the place of Sesame's daemon folders run as they are; elsewhere the safe defaults hold.
#[test]
fn backends_have_the_habits_of_the_original_in_its_place_only() {
    let world = World::new();
    let late = "(sleep 4; echo '{\"status\": 0, \"message\": \"late\"}') &\nexit 0";
    world.backend("deep", late);
    fs::create_dir_all(world.path("backends/10outer/inner")).unwrap();
    fs::rename(world.path("backends/deep"), world.path("backends/10outer/inner/deep")).unwrap();
    let mut command = world.command(&["sesame-daemon"]);
    // Nobody listens there: the queue is waited for, and the socket answers meanwhile.
    command
        .env("SESAME_REDIS_URI", "redis://127.0.0.1:9/0")
        .env("SESAME_BACKENDS_PATH", world.path("backends"));
    let hub = Serving::start(&world, command);
    let ran = world.run(&["submit", "--wait", "--json", &request("identity-update.json")]);
    assert_eq!((ran.code, &ran.json()["data"][0]["output"]["message"]), (0, &json!("late")), "{}", hub.log());
    assert_eq!(hub.stop(), Some(0));

    let hub = world.serve();
    let ran = world.run(&["submit", "--wait", "--json", &request("identity-update.json")]);
    assert_eq!(ran.code, 1, "nothing is looked for so deep: {}", hub.log());
}
