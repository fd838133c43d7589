//! Dead letters run again, with what was wrong put right.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![allow(missing_docs, unreachable_pub)]

mod support;

use std::fs;
use std::time::Duration;

use serde_json::json;
use support::{Ran, World};
use testkit::wait;

const GOOD: &str = r#"cat >/dev/null; echo '{"status": 0, "message": "entry written"}'"#;
const BAD: &str = r#"cat >/dev/null; echo '{"status": 4, "message": "server down"}'; exit 4"#;
/// Only a test that fails waits so long.
const LONG: Duration = Duration::from_mins(2);

#[test]
fn a_replay_takes_a_secret_from_standard_input() {
    let world = World::new();
    world.configure("dead_letters:\n  keep_secrets: 0s\n");
    let copy = world.text("stdin");
    world.backend("00first", BAD);
    let _hub = world.serve();
    let document = json!({
        "action": "IDENTITY_PASSWORD_RESET", "concernedTo": "alice", "payload": { "newPassword": "hunter-two-22" }
    });
    let id = world.submit(&document.to_string());
    assert_eq!(world.run(&["jobs", "watch", "--json", &id]).code, 1);
    world.run(&["jobs", "retry", &id]).said(1, &["no longer kept", "--set-from-stdin /payload/newPassword"]);
    world.backend("00first", &format!("cat >'{copy}'; {GOOD}"));
    let args = ["jobs", "retry", "--json", "--set-from-stdin", "/payload/newPassword", &id];
    let replayed = world.run_with(&args, "\u{feff}hunter-three-33\n");
    assert_eq!(replayed.code, 0, "{replayed:?}");
    let again = replayed.json()["replayed"].as_str().unwrap().to_owned();
    assert_eq!(world.run(&["jobs", "watch", "--json", &again]).code, 0);
    assert!(fs::read_to_string(copy).unwrap().contains("\"hunter-three-33\""));
}

#[test]
fn a_dead_letter_is_edited_and_runs_again() {
    let world = World::new();
    let copy = world.text("stdin");
    // What is wrong stands in the document.
    world.backend("00first", &format!("cat >'{copy}'; if grep -q wrong '{copy}'; then {BAD}\nfi\n{GOOD}"));
    let hub = world.serve();
    let wrong = json!({
        "action": "IDENTITY_UPDATE", "concernedTo": "alice",
        "payload": { "mail": "wrong", "newPassword": "hunter-two-22" }
    });
    let id = world.submit(&wrong.to_string());
    assert_eq!(world.run(&["jobs", "watch", "--json", &id]).code, 1);
    let mut document = world.run(&["jobs", "show", "--json", &id]).json()["document"].take();
    assert_eq!(document["payload"]["newPassword"], model::MASK, "{document}");
    document["payload"]["mail"] = json!("alice@example.org");

    let file = world.file("edited.json", document.to_string());
    let again = world.run(&["jobs", "retry", "--json", &id, "--document", &file]);
    assert_eq!(again.code, 0, "{again:?}");
    let again = again.json()["replayed"].as_str().unwrap().to_owned();
    assert_eq!(world.run(&["jobs", "watch", "--json", &again]).code, 0);
    let read = fs::read_to_string(&copy).unwrap();
    assert!(
        read.contains("alice@example.org") && read.contains("hunter-two-22"),
        "a mask keeps its secret: {read}"
    );

    // From elsewhere, and from standard input.
    let id = world.submit(&wrong.to_string().replace("alice", "bob"));
    assert_eq!(world.run(&["jobs", "watch", "--json", &id]).code, 1);
    let token = world.run(&["token", "make", "laptop", "--scope", "operate,submit"]).stdout;
    let url = hub.url();
    let elsewhere = ["--server", &url, "jobs", "retry", "--json", &id, "--document", "-"];
    let mut command = world.command(&elsewhere);
    command.env("INTENDANT_TOKEN", token.trim()).stdin(fs::File::open(&file).unwrap());
    let ran = Ran::from(command.output().unwrap());
    assert_eq!(ran.code, 0, "{ran:?}");
    let again = ran.json()["replayed"].as_str().unwrap().to_owned();
    assert_eq!(world.run(&["jobs", "watch", "--json", &again]).code, 0);

    // One that will be tried again by itself goes on as it is, and says so.
    let soft = r#"cat >/dev/null; echo '{"status": 1, "message": "later", "retry_after": 600}'; exit 75"#;
    world.backend("00first", soft);
    let waiting = world.submit(&wrong.to_string().replace("alice", "cat"));
    let retrying = wait::until(LONG, || {
        let jobs = world.run(&["jobs", "list", "--json", "--state", "retrying"]).json();
        jobs["jobs"].as_array().unwrap().iter().any(|job| job["id"] == waiting.as_str()).then_some(())
    });
    assert!(retrying.is_some(), "{}", hub.log());
    world
        .run(&["jobs", "retry", &waiting, "--document", &file])
        .said(1, &["is retrying", "cancel it, then retry it"]);

    for (args, stdin, words) in [
        (&["--document", "none.json"][..], "", "none.json: there is no such file"),
        (&["--document", "-"], "{", "standard input: it breaks off at line 1"),
        (&["--document", "-", &again], "{}", "name one job"),
        (&["--document", "-", "--set-from-stdin", "/payload/newPassword"], "{}", "give --document a file"),
    ] {
        world.run_with(&[&["jobs", "retry", &id], args].concat(), stdin).said(2, &[words]);
    }
}
