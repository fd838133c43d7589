//! What somebody sees who waits at a terminal. It is one of util-linux's `script`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![allow(missing_docs, unreachable_pub)]

mod support;

use std::io::Read as _;
use std::process::{Child, Command, Stdio};

use support::World;

/// The command at a terminal of its own, in the world's environment.
fn at_a_terminal(world: &World, args: &[&str]) -> Child {
    let own = world.command(args);
    let mut words = vec![own.get_program().to_str().unwrap().to_owned()];
    words.extend(args.iter().map(|arg| format!("'{arg}'")));
    let mut command = Command::new("script");
    command.args(["--quiet", "--flush", "--return", "--command", &words.join(" "), "/dev/null"]).env_clear();
    command.envs(own.get_envs().filter_map(|(name, value)| Some((name, value?))));
    command.env("TERM", "xterm").env("SHELL", "/bin/sh").current_dir(world.path(""));
    command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().expect("running script")
}

/// Reads what is shown until all of these words were.
fn read_until(child: &mut Child, words: &[&str]) -> String {
    let (mut shown, mut some) = (String::new(), [0; 4096]);
    while !words.iter().all(|word| shown.contains(word)) {
        let read = child.stdout.as_mut().unwrap().read(&mut some).unwrap();
        assert!(read > 0, "it ended without {words:?}: {shown}");
        shown.push_str(&String::from_utf8_lossy(&some[..read]));
    }
    shown
}

fn says_how_far_it_is(watched: impl Fn(&World) -> Child) {
    let world = World::new();
    world.gates();
    let told = r#"PROGRESS: {"done":3,"of":10,"message":"making beds","eta_seconds":40}"#;
    let gate = world.text("gate");
    world.backend(
        "10slow",
        &format!("cat >/dev/null; echo '{told}' >&2; read word <'{gate}'; echo '{{\"status\":0}}'"),
    );
    let hub = world.serve();
    let mut child = watched(&world);
    // A bar moves before the words.
    read_until(&mut child, &["━", "slow", "3 of 10", "making beds", "about 40"]);
    world.open_gate();
    let mut rest = String::new();
    child.stdout.take().unwrap().read_to_string(&mut rest).unwrap();
    assert!(child.wait().unwrap().success(), "{rest}");
    assert!(rest.contains("succeeded"), "{rest}");
    assert_eq!(hub.stop(), Some(0));
}

const REQUEST: &str = r#"{"action":"IDENTITY_UPDATE","concernedTo":"a","payload":{}}"#;

#[test]
fn who_submits_and_waits_sees_how_far_it_is() {
    says_how_far_it_is(|world| {
        let request = world.file("request.json", REQUEST);
        at_a_terminal(world, &["submit", "--wait", &request])
    });
}

#[test]
fn who_watches_a_job_sees_how_far_it_is() {
    says_how_far_it_is(|world| {
        let job = world.submit(REQUEST);
        at_a_terminal(world, &["jobs", "watch", &job])
    });
}
