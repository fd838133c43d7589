//! Finding out what a script was given and what it said: the original's own procedure, and `backends debug`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![allow(missing_docs, unreachable_pub)]

mod support;

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};
use support::{World, examples, executable, request};

/// Answers with what it was asked, so that two answers can be compared.
const UPSERT: &str = r#"#!/usr/bin/env python3
import json, sys
person = json.load(sys.stdin)["payload"]["identity"]["identity"]["inetOrgPerson"]
print(json.dumps({"status": 0, "message": "Entree uid=%s mod" % person["uid"], "data": person}))
"#;

fn copy(from: &Path, to: &Path) {
    let status = Command::new("cp").arg("-r").arg(from).arg(to).status().unwrap();
    assert!(status.success());
}

#[test]
fn the_procedure_of_the_original_works_as_written() {
    let world = World::new();
    // The example's script writes /tmp/dummy.json; here it writes where no other test does, and does not sleep.
    copy(&examples().join("backends/00dummy"), &world.path("backends/00dummy"));
    let script = world.path("backends/00dummy/bin/dummy.sh");
    let dump = world.path("dummy.json");
    let text = fs::read_to_string(&script).unwrap();
    assert!(text.contains("/tmp/dummy.json") && text.contains("sleep 1"), "the original's script: {text}");
    let text = text.replace("/tmp/dummy.json", dump.to_str().unwrap()).replace("sleep 1", "");
    executable(&script, &text);

    world.backend("01xx", "exit 1");
    executable(&world.path("backends/01xx/bin/upsertidentity.py"), UPSERT);
    let config = world.path("backends/01xx/config.yml");
    let mapped = fs::read_to_string(&config).unwrap().replace("main.sh", "upsertidentity.py");
    fs::write(config, mapped).unwrap();

    let _hub = world.serve();
    let result = world.run(&["submit", "--wait", "--json", &request("identity-update.json")]);
    assert_eq!(result.code, 0, "{result:?}");
    let of_the_hub = &result.json()["data"][1]["output"];

    let by_hand = Command::new("sh")
        .arg("-c")
        .arg(format!("cat {} | ./upsertidentity.py", dump.display()))
        .current_dir(world.path("backends/01xx/bin"))
        .output()
        .unwrap();
    let by_hand: Value = serde_json::from_slice(&by_hand.stdout).unwrap();
    assert_eq!(&by_hand, of_the_hub);
    assert_eq!(by_hand["message"], "Entree uid=aabbas mod");
}

#[test]
fn debug_shows_everything_and_masks_secrets() {
    let world = World::new();
    world.backend(
        "00first",
        r#"cat; echo "secretly: $(id -u)" >&2; echo '{"status": 3, "message": "no"}'; exit 3"#,
    );
    let input = world.file(
        "input.json",
        json!({ "concernedTo": null, "payload": { "newPassword": "hunter-two-22" } }).to_string(),
    );
    let args = ["backends", "debug", "00first", "IDENTITY_PASSWORD_RESET", "--input", &input];
    let ran = world.run(&args);
    assert_eq!(ran.code, 1, "{ran:?}");
    for words in [
        "bin/main.sh",
        "stdin",
        "stdout",
        "stderr",
        "secretly:",
        "exit code 3",
        "on standard output",
        "failed (status 3",
    ] {
        assert!(ran.stdout.contains(words), "{words} is missing: {ran:?}");
    }
    assert!(!ran.stdout.contains("hunter"), "{ran:?}");
    let revealed = world.run(&[&args[..], &["--reveal", "--json"]].concat()).json();
    assert_eq!(revealed["stdin"], r#"{"concernedTo":"","payload":{"newPassword":"hunter-two-22"}}"#);
    world
        .run(&["backends", "debug", "nobody", "PING_TARGET"])
        .said(2, &["there is no backend nobody", "00first"]);
}

#[test]
fn debug_gives_a_script_what_a_job_has() {
    let world = World::new();
    let copy = world.text("stdin");
    world.backend("00first", r#"cat >/dev/null; echo '{"status": 1, "message": "not now"}'; exit 1"#);
    let hub = world.serve();
    let document = json!({
        "action": "IDENTITY_PASSWORD_RESET", "concernedTo": "alice", "payload": { "newPassword": "hunter-two-22" }
    });
    let id = world.submit(&document.to_string());
    assert_eq!(world.run(&["jobs", "watch", "--json", &id]).code, 1);
    world.backend(
        "00first",
        &format!(r#"cat >'{copy}'; echo '{{"status": 0, "message": "took hunter-two-22"}}'"#),
    );
    let ran = world.run(&["backends", "debug", "00first", "IDENTITY_PASSWORD_RESET", "--job", &id]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(!ran.stdout.contains("hunter"), "{ran:?}");
    assert!(fs::read_to_string(copy).unwrap().contains("hunter-two-22"), "the script gets it");
    assert_eq!(hub.stop(), Some(0));
}
