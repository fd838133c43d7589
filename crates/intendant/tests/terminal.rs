//! What somebody sees who waits at a terminal. It is one of util-linux's `script`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![allow(missing_docs, unreachable_pub)]

mod support;

use std::io::{Read as _, Write as _};
use std::process::{Child, Command, Stdio};

use support::World;

/// The command at a terminal of its own, in the world's environment, where nothing is typed.
fn at_a_terminal(world: &World, args: &[&str]) -> Child {
    typed_at(world, args, Stdio::null())
}

/// The same, with what is typed.
fn typed_at(world: &World, args: &[&str], typed: Stdio) -> Child {
    let own = world.command(args);
    let mut words = vec![own.get_program().to_str().unwrap().to_owned()];
    words.extend(args.iter().map(|arg| format!("'{arg}'")));
    let mut command = Command::new("script");
    command.args(["--quiet", "--flush", "--return", "--command", &words.join(" "), "/dev/null"]).env_clear();
    command.envs(own.get_envs().filter_map(|(name, value)| Some((name, value?))));
    command.env("TERM", "xterm").env("SHELL", "/bin/sh").current_dir(world.path(""));
    command.stdin(typed).stdout(Stdio::piped()).spawn().expect("running script")
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

/// Types what is asked for, each when it is; what was shown, and how the command ended.
fn types(world: &World, command: &[&str], words: &[(&str, &str)]) -> (String, bool) {
    let mut child = typed_at(world, command, Stdio::piped());
    let mut shown = String::new();
    for (asked, typed) in words {
        shown.push_str(&read_until(&mut child, &[*asked]));
        child.stdin.as_mut().unwrap().write_all(typed.as_bytes()).unwrap();
    }
    child.stdout.take().unwrap().read_to_string(&mut shown).unwrap();
    (shown, child.wait().unwrap().success())
}

#[test]
fn a_password_is_typed_twice_and_not_shown() {
    let world = World::new();
    let reset = world.text("reset");
    world.backend("10directory", &format!("cat >>'{reset}'; echo >>'{reset}'; echo '{{\"status\":0}}'"));
    let people = world.file("people.csv", "_id,uid,cn,sn\nann,ann,ONE Ann,ONE\n");
    let hub = world.serve();
    let imported = world.run(&["identities", "import", "--validated", &people]);
    assert!(imported.code == 0 && imported.stdout.contains("1 new"), "{imported:?}");
    let synchronised = world.run(&["identities", "sync", "--wait"]);
    assert_eq!(synchronised.code, 0, "{synchronised:?}");

    let (new, again, password) = ("new password", "once more", ["identities", "password", "ann"]);
    let (shown, well) = types(&world, &password, &[(new, "s3cret-one\r"), (again, "s3cret-two\r")]);
    assert!(!well && shown.contains("not the same"), "{shown}");
    let (shown, well) = types(&world, &password, &[(new, "s3cret-one\x03")]);
    assert!(!well && shown.contains("nothing was changed"), "{shown}");
    assert!(!std::fs::read_to_string(world.path("reset")).unwrap().contains("s3cret"));

    let (shown, well) =
        types(&world, &password, &[(new, "wrong\x15s3cret-onex\x7f\r"), (again, "s3cret-one\r")]);
    assert!(well && shown.contains("the password is set") && !shown.contains("s3cret"), "{shown}");
    let asked = std::fs::read_to_string(world.path("reset")).unwrap();
    assert!(asked.contains(r#""newPassword":"s3cret-one""#), "{asked}");
    assert_eq!(hub.stop(), Some(0));
}

#[test]
fn above_fifty_their_number_is_typed() {
    let world = World::new();
    world.backend("10directory", "cat >/dev/null; echo '{\"status\":0}'");
    let rows: Vec<String> = (0..51).map(|n| format!("p{n},p{n},PERSON {n},PERSON")).collect();
    let people = world.file("people.csv", format!("_id,uid,cn,sn\n{}\n", rows.join("\n")));
    let hub = world.serve();
    let imported = world.run(&["identities", "import", "--validated", &people]);
    assert!(imported.code == 0 && imported.stdout.contains("51 new"), "{imported:?}");

    let delete = ["identities", "delete", "--all"];
    // Where nobody can be asked it has to be said.
    world.run(&delete).said(2, &["51 identities are meant, more than 50", "--expected 51"]);
    let asked = "51 identities will be deleted; type their number";
    let left =
        |world: &World| world.run(&["identities", "list", "--in", "deleted", "--json"]).json()["total"] == 0;
    for (typed, words) in [("50\r", "that is another number"), ("yes\r", "no number was typed")] {
        let (shown, well) = types(&world, &delete, &[(asked, typed)]);
        assert!(!well && shown.contains(words) && left(&world), "{shown}");
    }
    let (shown, well) = types(&world, &delete, &[(asked, "51\r")]);
    assert!(well && shown.contains("51"), "{shown}");
    assert_eq!(world.run(&["identities", "list", "--in", "deleted", "--json"]).json()["total"], 51);
    assert_eq!(hub.stop(), Some(0));
}
