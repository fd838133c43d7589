//! Doctor, backup, restore, completions, and the making of backends.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![allow(missing_docs, unreachable_pub)]

mod support;

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use serde_json::{Value, json};
use support::{World, request};

const GOOD: &str = r#"cat >/dev/null; echo '{"status": 0, "message": "entry written"}'"#;

fn update(person: usize) -> String {
    json!({ "action": "IDENTITY_UPDATE", "concernedTo": person.to_string(), "payload": {} }).to_string()
}

/// What doctor says of one thing.
fn level(findings: &Value, name: &str) -> String {
    let finding = findings["checks"].as_array().unwrap().iter().find(|finding| finding["name"] == name);
    finding.unwrap_or_else(|| panic!("nothing about {name}: {findings}"))["level"]
        .as_str()
        .unwrap()
        .to_owned()
}

#[test]
fn a_healthy_hub_is_found_healthy() {
    let world = World::new();
    world.backend("00first", GOOD);
    let _hub = world.serve();
    world.run_with(&["submit", "--wait", "-"], update(1));
    let ran = world.run(&["doctor"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(ran.stdout.lines().all(|line| line.starts_with('✓') || line.starts_with("   ")), "{ran:?}");
    let findings = world.run(&["doctor", "--json"]).json();
    assert_eq!(findings["ok"], true);
    for name in ["configuration", "data folder", "disk", "key", "journal", "backends", "scripts", "hub"] {
        assert_eq!(level(&findings, name), "ok", "{name}: {findings}");
    }
}

#[test]
fn before_the_first_start_nothing_is_wrong() {
    let world = World::new();
    world.backend("00first", GOOD);
    let findings = world.run(&["doctor", "--json"]).json();
    assert_eq!(findings["ok"], true, "{findings}");
    assert_eq!(level(&findings, "hub"), "warning");
    assert!(!world.path("data").exists() && !world.path("key").exists(), "looking makes nothing");
}

#[test]
fn what_is_broken_is_named_with_its_remedy() {
    let world = World::new();
    world.backend("00first", GOOD);
    let hub = world.serve();
    world.run_with(&["submit", "--wait", "-"], update(1));
    assert_eq!(hub.stop(), Some(0));

    fs::set_permissions(world.path("data"), fs::Permissions::from_mode(0o755)).unwrap();
    fs::set_permissions(world.path("key"), fs::Permissions::from_mode(0o644)).unwrap();
    fs::set_permissions(world.path("backends/00first/bin/main.sh"), fs::Permissions::from_mode(0o644))
        .unwrap();
    let ran = world.run(&["doctor"]);
    assert_eq!(ran.code, 1, "{ran:?}");
    for words in ["chmod 0700", "chmod 0600", "intendant backends check"] {
        assert!(ran.stdout.contains(words), "{words} is missing: {ran:?}");
    }
    let findings = world.run(&["doctor", "--json"]).json();
    assert_eq!(level(&findings, "data folder"), "warning");
    assert_eq!(level(&findings, "key"), "error");
    assert_eq!(level(&findings, "scripts"), "error");

    fs::remove_file(world.path("key")).unwrap();
    fs::remove_dir_all(world.path("backends")).unwrap();
    let findings = world.run(&["doctor", "--json"]).json();
    assert_eq!(level(&findings, "key"), "error");
    assert_eq!(level(&findings, "backends"), "error");
}

#[test]
fn a_damaged_journal_is_found() {
    let world = World::new();
    world.backend("00first", GOOD);
    let hub = world.serve();
    for person in 0..50 {
        world.run_with(&["submit", "-q", "-"], update(person));
    }
    assert_eq!(hub.stop(), Some(0));
    let file = world.path("data/journal.db");
    let mut bytes = fs::read(&file).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle..middle + 4096].fill(0xff);
    fs::write(&file, bytes).unwrap();
    let findings = world.run(&["doctor", "--json"]).json();
    assert_eq!(level(&findings, "journal"), "error", "{findings}");
}

#[test]
fn a_backup_of_a_busy_hub_is_restored_elsewhere() {
    let world = World::new();
    world.backend("00first", GOOD);
    let hub = world.serve();
    let first: Vec<String> = (0..200).map(update).collect();
    world.run(&["submit", "-q", "--ndjson", &world.file("first", first.join("\n"))]);
    let more: Vec<String> = (200..2200).map(update).collect();
    let more = world.file("more", more.join("\n"));
    let busy = world.command(&["submit", "-q", "--ndjson", &more]).spawn().unwrap();
    let file = world.text("backup.db");
    let ran = world.run(&["backup", &file]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(ran.stderr.contains("the key is not in it"), "{ran:?}");
    world.run(&["backup", &file]).said(2, &["backup.db exists already"]);
    assert!(busy.wait_with_output().unwrap().status.success());
    assert_eq!(hub.stop(), Some(0));

    let key = fs::read_to_string(world.path("key")).unwrap();
    let copied = fs::read(&file).unwrap();
    assert!(
        !copied.windows(32).any(|window| window == key.as_bytes().get(..32).unwrap()),
        "the key is in it"
    );
    let restored = world.run(&["restore", "--json", &file, "--data", &world.text("elsewhere")]);
    assert_eq!(restored.code, 0, "{restored:?}");
    assert!(restored.json()["jobs"].as_u64().unwrap() >= 200, "{restored:?}");
    world.run(&["restore", &file, "--data", &world.text("elsewhere")]).said(2, &["elsewhere exists already"]);

    world.configure("");
    fs::rename(world.path("data"), world.path("old")).unwrap();
    fs::rename(world.path("elsewhere"), world.path("data")).unwrap();
    let hub = world.serve();
    let again = world.run_with(&["submit", "--wait", "-"], update(1));
    assert_eq!(again.code, 0, "{again:?} {}", hub.log());

    fs::rename(world.path("key"), world.path("kept")).unwrap();
    world.run(&["restore", &file, "--data", &world.text("third")]).said(2, &["key", "not in a backup"]);
    assert!(!world.path("third").exists());
}

#[test]
fn a_new_backend_works_at_once() {
    let world = World::new();
    let made = world.run(&["backends", "new", "mailbox"]);
    assert_eq!(made.code, 0, "{made:?}");
    assert!(made.stdout.contains("backends/10mailbox"), "{made:?}");
    assert_eq!(world.run(&["backends", "check"]).code, 0);
    let ran = world.run(&["run", "--json", &request("identity-update.json")]);
    assert_eq!(ran.code, 0, "{ran:?}");
    world.run(&["backends", "new", "mailbox"]).said(2, &["mailbox exists already"]);
    world.run(&["backends", "new", "No Such"]).said(2, &["cannot be the name of a backend"]);
}

#[test]
fn every_problem_of_every_folder_is_shown_at_once() {
    let world = World::new();
    world.backend("00good", GOOD);
    world.backend_with("10yes", "perhaps", "concurrency: many", GOOD);
    world.backend("20lost", GOOD);
    fs::remove_file(world.path("backends/20lost/bin/main.sh")).unwrap();
    let ran = world.run(&["backends", "check"]);
    assert_eq!(ran.code, 1, "{ran:?}");
    for words in ["10yes/config.yml:5", "20lost", "write `stop` or `continue`"] {
        assert!(ran.stdout.contains(words), "{words} is missing: {ran:?}");
    }
    let told = world.run(&["backends", "check", "--json"]).json();
    assert_eq!(told["backends"], 3);
    assert!(told["problems"].as_array().unwrap().len() >= 3, "{told}");
}

#[test]
fn every_shell_has_its_completions() {
    let world = World::new();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let ran = world.run(&["completions", shell]);
        assert!(
            ran.code == 0 && ran.stdout.contains("backends") && ran.stdout.len() > 1000,
            "{shell}: {ran:?}"
        );
    }
}
