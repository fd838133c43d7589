//! Bad input: one clear sentence each, the right exit code, nothing lost.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![allow(missing_docs, unreachable_pub)]

mod support;

use std::fs;
use std::io::{self, Read as _};
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::process::Stdio;

use support::{Ran, World, executable, request};

const GOOD: &str = r#"cat >/dev/null; echo '{"status": 0, "message": "entry written"}'"#;

/// Each malformed example, and what must be said of it.
const MALFORMED: [(&str, &str); 9] = [
    ("not-json.json", "line 1, column 1: not JSON"),
    ("cut-short.json", "it breaks off at line 1"),
    ("array.json", "where one object is expected"),
    ("no-action.json", "no action: name it"),
    ("unknown-member.json", "did you mean \"concernedTo\"?"),
    ("payload-text.json", "\"payload\" must be an object or null, not a string"),
    ("twice.json", "\"concernedTo\" is given twice"),
    ("not-utf8.json", "not UTF-8"),
    ("empty.json", "it is empty"),
];

#[test]
fn documents_that_are_none_are_refused_by_run() {
    let world = World::new();
    world.backend("00first", GOOD);
    for (name, words) in MALFORMED {
        let file = request(&format!("malformed/{name}"));
        world.run(&["run", &file]).said(2, &["error: ", name, words]);
    }
}

#[test]
fn documents_that_are_none_are_refused_by_the_hub_and_kept() {
    let world = World::new();
    world.backend("00first", GOOD);
    let _hub = world.serve();
    for (name, words) in MALFORMED {
        let file = request(&format!("malformed/{name}"));
        world.run(&["submit", &file]).said(2, &["error: ", name, words]);
    }
    let refusals = world.run(&["jobs", "refusals", "list", "--json"]).json();
    assert_eq!(refusals["records"].as_array().unwrap().len(), MALFORMED.len());
    let first = refusals["records"][MALFORMED.len() - 1]["seq"].as_i64().unwrap().to_string();
    let shown = world.run(&["jobs", "refusals", "show", "--reveal", &first]);
    let raw = fs::read_to_string(request("malformed/not-json.json")).unwrap();
    assert_eq!(shown.stdout, raw, "the message as it came");
    let plain = world.run(&["jobs", "refusals", "show", &first]);
    assert!(plain.stdout.contains("not JSON") && !plain.stdout.contains("concernedTo:"), "{plain:?}");
}

/// Writes a hundred megabytes to a command's standard input, which stops reading long before.
fn flood(world: &World, args: &[&str]) -> Ran {
    let mut child = world.command(args).stdin(Stdio::piped()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let written = io::copy(&mut io::repeat(b' ').take(100 << 20), &mut stdin);
    assert!(written.is_err(), "it read all of it");
    drop(stdin);
    Ran::from(child.wait_with_output().unwrap())
}

#[test]
fn a_huge_document_is_not_read_to_its_end() {
    let world = World::new();
    world.backend("00first", GOOD);
    let words = ["standard input: it is longer than the 10485760 bytes that requests.max_size allows"];
    flood(&world, &["run", "-"]).said(2, &words);
    let _hub = world.serve();
    flood(&world, &["submit", "-"]).said(2, &words);
}

#[test]
fn files_that_cannot_be_read_are_named() {
    let world = World::new();
    world.backend("00first", GOOD);
    world.run(&["run", "none.json"]).said(2, &["none.json: there is no such file"]);
    world.run(&["run", "backends"]).said(2, &["backends: it is a folder"]);
    world
        .run(&["run", "--backends", "nowhere", &request("identity-update.json")])
        .said(2, &["nowhere: there is no such folder of backends", "--backends"]);
}

#[test]
fn wrong_usage_is_told_apart() {
    let world = World::new();
    for args in [
        &["run"][..],
        &["submit"],
        &["jobs", "show"],
        &["jobs", "list", "--state", "fallen"],
        &["jobs", "list", "--since", "yesterday-ish"],
        &["jobs", "retry"],
        &["submit", "--ndjson", "--wait", "x"],
        &["frobnicate"],
    ] {
        let ran = world.run(args);
        assert_eq!(ran.code, 2, "{args:?}: {ran:?}");
        assert!(ran.stderr.starts_with("error: "), "{args:?}: {ran:?}");
    }
}

#[test]
fn a_configuration_that_is_wrong_is_shown_with_its_line() {
    let world = World::new();
    world.configure("conccurency: 4\n");
    let ran = world.run(&["run", &request("identity-update.json")]);
    assert_eq!(ran.code, 2, "{ran:?}");
    assert!(
        ran.stderr.contains("intendant.yml:7: unknown key conccurency, did you mean concurrency?"),
        "{ran:?}"
    );
    assert!(ran.stderr.lines().count() <= 3, "the sentence, the line and a mark: {ran:?}");
    for command in [&["serve"][..], &["doctor"], &["backends", "list"]] {
        let ran = world.run(command);
        assert!(ran.code == 2 || command[0] == "doctor" && ran.code == 1, "{ran:?}");
        assert!(format!("{}{}", ran.stdout, ran.stderr).contains("conccurency"), "{ran:?}");
    }
}

#[test]
fn a_configuration_that_others_may_write_is_not_read() {
    let world = World::new();
    fs::set_permissions(world.path("intendant.yml"), fs::Permissions::from_mode(0o666)).unwrap();
    world
        .run(&["run", &request("identity-update.json")])
        .said(2, &["anyone on this machine may change it", "chmod o-w"]);
}

/// A step that cannot be run fails with a sentence that names the file and what to do.
fn fails_with(world: &World, words: &[&str]) {
    let ran = world.run(&["run", "--json", &request("identity-update.json")]);
    ran.said(1, words);
    assert_ne!(ran.json()["status"], 0);
    let checked = world.run(&["backends", "check"]);
    assert_eq!(checked.code, 1, "{checked:?}");
}

#[test]
fn a_script_that_is_missing_fails_its_step() {
    let world = World::new();
    world.backend("00first", GOOD);
    fs::remove_file(world.path("backends/00first/bin/main.sh")).unwrap();
    fails_with(&world, &["main.sh", "does not exist"]);
}

#[test]
fn a_script_that_is_not_executable_fails_its_step() {
    let world = World::new();
    world.backend("00first", GOOD);
    let script = world.path("backends/00first/bin/main.sh");
    fs::set_permissions(&script, fs::Permissions::from_mode(0o644)).unwrap();
    fails_with(&world, &["main.sh", "not executable", "chmod +x"]);
}

#[test]
fn a_script_that_anyone_may_write_is_not_run() {
    let world = World::new();
    let witness = world.text("witness");
    world.backend("00first", &format!("touch '{witness}'; {GOOD}"));
    let script = world.path("backends/00first/bin/main.sh");
    fs::set_permissions(&script, fs::Permissions::from_mode(0o777)).unwrap();
    fails_with(&world, &["main.sh", "anyone on this machine may change it", "chmod o-w"]);
    assert!(!world.path("witness").exists());
}

#[test]
fn a_link_out_of_the_folder_to_what_anyone_may_write_is_not_run() {
    let world = World::new();
    let witness = world.text("witness");
    world.backend("00first", GOOD);
    let outside = world.path("outside.sh");
    executable(&outside, &format!("#!/bin/sh\ntouch '{witness}'\n"));
    fs::set_permissions(&outside, fs::Permissions::from_mode(0o777)).unwrap();
    let script = world.path("backends/00first/bin/main.sh");
    fs::remove_file(&script).unwrap();
    symlink(&outside, &script).unwrap();
    fails_with(&world, &["outside.sh", "chmod o-w"]);
    assert!(!world.path("witness").exists());
}

#[test]
fn broken_yaml_is_shown_with_its_line() {
    let world = World::new();
    world.backend("00first", GOOD);
    let config = world.path("backends/00first/config.yml");
    fs::write(&config, "_version: 1\nname: [unclosed\n").unwrap();
    fails_with(&world, &["00first/config.yml", "line"]);
}
