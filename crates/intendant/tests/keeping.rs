//! The journal's place and its key: one that went missing is not begun anew in silence, and the key is changed while the
//! hub works.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![allow(missing_docs, unreachable_pub)]
#![allow(clippy::disallowed_methods, reason = "it waits for what another process does")]

mod support;

use std::fs;
use std::process::Command;
use std::thread::sleep;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use support::{Serving, World};

const GOOD: &str = r#"cat >/dev/null; echo '{"status": 0}'"#;
/// How long something may take that takes milliseconds. Only a test that fails waits so long.
const PATIENCE: Duration = Duration::from_mins(1);

fn update(person: &str) -> String {
    json!({ "action": "IDENTITY_UPDATE", "concernedTo": person, "payload": { "uid": person } }).to_string()
}

fn world() -> World {
    let world = World::new();
    world.backend("00first", GOOD);
    world
}

/// Waits until it holds.
fn until(what: &str, holds: impl Fn() -> bool) {
    let begun = Instant::now();
    while !holds() {
        assert!(begun.elapsed() < PATIENCE, "{what}: not within {PATIENCE:?}");
        sleep(Duration::from_millis(20));
    }
}

fn ready(world: &World) -> Value {
    let socket = world.text("socket");
    let told = Command::new("curl").args(["-s", "--unix-socket", &socket, "http://hub/readyz"]).output();
    serde_json::from_slice(&told.unwrap().stdout).unwrap()
}

#[test]
fn a_journal_that_is_gone_is_not_begun_anew_unasked() {
    let world = world();
    let serving = world.serve();
    let job = world.submit(&update("alice"));
    assert_eq!(world.run(&["jobs", "watch", &job]).code, 0);
    assert_eq!(serving.stop(), Some(0));
    let marker = fs::read_to_string(world.path("intendant.journals")).unwrap();
    assert!(marker.lines().any(|line| line.ends_with(&world.text("data"))), "{marker}");

    fs::rename(world.path("data"), world.path("away")).unwrap();
    for arguments in [vec!["serve"], vec!["run", "--data", "data", &support::request("identity-update.json")]]
    {
        let refused = world.run(&arguments);
        assert_eq!(refused.code, 2, "{refused:?}");
        for words in ["is not there any more", "--new-journal", "intendant.journals"] {
            assert!(refused.stderr.contains(words), "{words:?} is missing: {refused:?}");
        }
    }
    assert!(!world.path("data").exists(), "nothing was made");
    world.run(&["backup", "backup.db"]).said(2, &["is not there any more"]);
    let doctor = world.run(&["doctor"]);
    assert!(doctor.code == 1 && doctor.stdout.contains("is not there any more"), "{doctor:?}");

    // An empty folder, as where a file system is mounted, and an emptied file.
    fs::create_dir(world.path("data")).unwrap();
    assert_eq!(world.run(&["serve"]).code, 2);
    fs::write(world.path("data/journal.db"), "").unwrap();
    assert_eq!(world.run(&["serve"]).code, 2);
    fs::remove_dir_all(world.path("data")).unwrap();

    // Back in its place it is itself; on purpose a new one is begun, once.
    fs::rename(world.path("away"), world.path("data")).unwrap();
    assert_eq!(world.run(&["serve", "--new-journal"]).code, 2, "it is where it was");
    let serving = world.serve();
    assert_eq!(world.run(&["jobs", "show", &job]).code, 0);
    assert_eq!(serving.stop(), Some(0));
    fs::rename(world.path("data"), world.path("away")).unwrap();
    let serving = Serving::start(&world, world.command(&["serve", "--new-journal"]));
    assert_ne!(world.run(&["jobs", "show", &job]).code, 0, "it is a new one");
    assert_eq!(serving.stop(), Some(0));
    assert_eq!(world.serve().stop(), Some(0), "which is the one that has to be there from now on");

    // Another one in its place.
    fs::remove_dir_all(world.path("data")).unwrap();
    fs::rename(world.path("away"), world.path("data")).unwrap();
    let refused = world.run(&["serve"]);
    assert!(refused.code == 2 && refused.stderr.contains("there is another journal"), "{refused:?}");
}

#[test]
fn a_restored_backup_is_the_journal_that_has_to_be_there() {
    let world = world();
    let serving = world.serve();
    let job = world.submit(&update("alice"));
    assert_eq!(world.run(&["jobs", "watch", &job]).code, 0);
    assert_eq!(world.run(&["backup", "backup.db"]).code, 0);
    assert_eq!(serving.stop(), Some(0));
    fs::remove_dir_all(world.path("data")).unwrap();
    assert_eq!(Serving::start(&world, world.command(&["serve", "--new-journal"])).stop(), Some(0));
    fs::remove_dir_all(world.path("data")).unwrap();
    let data = world.text("data");
    assert_eq!(world.run(&["restore", "backup.db", "--data", &data]).code, 0);
    let serving = world.serve();
    assert_eq!(world.run(&["jobs", "show", &job]).code, 0);
    assert_eq!(serving.stop(), Some(0));
}

#[test]
fn a_journal_that_goes_away_while_the_hub_runs_is_missed() {
    let world = world();
    let serving = world.serve();
    assert_eq!(ready(&world)["ready"], true);
    fs::rename(world.path("data"), world.path("away")).unwrap();
    let told = ready(&world);
    assert_eq!(told["ready"], false, "{told}");
    assert!(told.to_string().contains("is not there any more"), "{told}");
    let refused = world.run_with(&["submit", "-"], update("alice"));
    assert!(refused.code != 0 && refused.stderr.contains("is not there any more"), "{refused:?}");
    // The log says it also when nobody asks.
    until("the log says it", || serving.log().contains("is not there any more"));
    fs::rename(world.path("away"), world.path("data")).unwrap();
    let job = world.submit(&update("bob"));
    assert_eq!(world.run(&["jobs", "watch", &job]).code, 0);
    until("it is ready again", || ready(&world)["ready"] == true);
    assert_eq!(serving.stop(), Some(0));
    let listed = world.serve();
    let jobs = world.run(&["jobs", "list", "--json"]).json();
    assert_eq!(jobs["jobs"].as_array().unwrap().len(), 1, "{jobs}");
    drop(listed);
}

#[test]
fn the_key_is_changed_while_the_hub_works_and_old_backups_open() {
    let world = world();
    let serving = world.serve();
    let many: Vec<String> = (0..400).map(|n| update(&format!("person-{n}"))).collect();
    let file = world.file("many.ndjson", many.join("\n"));
    assert_eq!(world.run(&["submit", "--ndjson", &file]).code, 0);
    let job = world.submit(&update("alice"));
    assert_eq!(world.run(&["backup", "before.db"]).code, 0);
    let before = fs::read(world.path("key")).unwrap();

    let rotated = world.run(&["key", "rotate", "--json"]).json();
    assert_ne!(fs::read(world.path("key")).unwrap(), before);
    let older = rotated["older"].as_array().unwrap();
    assert_eq!(older.len(), 1, "{rotated}");
    assert_eq!(fs::read(older[0].as_str().unwrap()).unwrap(), before);
    assert_eq!(world.run(&["jobs", "watch", &job]).code, 0);
    let after = world.submit(&update("bob"));
    assert_eq!(world.run(&["jobs", "watch", &after]).code, 0);
    assert_eq!(serving.stop(), Some(0));
    assert!(fs::read_to_string(world.path("log")).unwrap().contains("sealed anew"));

    // The new key alone opens everything; the old one is for the old backup only.
    let kept = older[0].as_str().unwrap();
    fs::rename(kept, world.path("elsewhere")).unwrap();
    let serving = world.serve();
    let stdin = world.run(&["jobs", "show", "--json", &job]).json();
    assert_eq!(stdin["document"]["concernedTo"], "alice");
    let doctor = world.run(&["doctor"]);
    assert!(doctor.stdout.contains("whole, read in"), "{doctor:?}");
    assert_eq!(serving.stop(), Some(0));
    let refused = world.run(&["restore", "before.db", "--data", "restored"]);
    assert_eq!(refused.code, 2, "{refused:?}");
    fs::rename(world.path("elsewhere"), kept).unwrap();
    assert_eq!(world.run(&["restore", "before.db", "--data", "restored"]).code, 0);

    // Without a hub the command does it itself.
    assert_eq!(world.run(&["key", "rotate"]).code, 0);
    let serving = world.serve();
    assert_eq!(world.run(&["jobs", "show", &job]).code, 0);
    assert_eq!(serving.stop(), Some(0));
}

#[test]
fn a_change_of_key_that_was_killed_goes_on() {
    let world = world();
    let serving = world.serve();
    let many: Vec<String> = (0..1_000).map(|n| update(&format!("person-{n}"))).collect();
    let file = world.file("many.ndjson", many.join("\n"));
    assert_eq!(world.run(&["submit", "--ndjson", &file]).code, 0);
    let job = world.submit(&update("alice"));
    let mut rotating = world.command(&["key", "rotate"]).spawn().unwrap();
    until("it has begun", || serving.log().contains("the key was changed"));
    serving.kill();
    let _ = rotating.kill();
    rotating.wait().unwrap();
    let serving = world.serve();
    assert_eq!(world.run(&["jobs", "watch", &job]).code, 0);
    // Asked again it waits for the end, and makes no third key.
    let rotated = world.run(&["key", "rotate", "--json"]);
    let keys = fs::read_dir(world.path(""))
        .unwrap()
        .filter(|entry| entry.as_ref().unwrap().file_name().to_string_lossy().starts_with("key."));
    assert!(rotated.code == 0 && (1..=2).contains(&keys.count()), "{rotated:?}");
    assert_eq!(serving.stop(), Some(0));
    for older in rotated.json()["older"].as_array().unwrap() {
        fs::remove_file(older.as_str().unwrap()).unwrap();
    }
    let serving = world.serve();
    let doctor = world.run(&["doctor"]);
    assert!(doctor.stdout.contains("whole, read in"), "{doctor:?}");
    assert_eq!(world.run(&["jobs", "show", &job]).code, 0);
    assert_eq!(serving.stop(), Some(0));
}

#[test]
fn a_key_that_is_no_file_is_changed_by_naming_both() {
    let world = world();
    let key = |digit: &str| digit.repeat(64);
    let with = |keys: &str| {
        let text = fs::read_to_string(world.path("intendant.yml")).unwrap();
        let rest = text.lines().filter(|line| !line.starts_with("key")).collect::<Vec<_>>().join("\n");
        fs::write(world.path("intendant.yml"), format!("{rest}\n{keys}\n")).unwrap();
    };
    with(&format!("key: '{}'", key("1")));
    let serving = world.serve();
    let job = world.submit(&update("alice"));
    assert_eq!(world.run(&["jobs", "watch", &job]).code, 0);
    world.run(&["key", "rotate"]).said(2, &["key_before", "restart"]);
    assert_eq!(serving.stop(), Some(0));
    with(&format!("key: '{}'\nkey_before: '{}'", key("2"), key("1")));
    let serving = world.serve();
    until("all is sealed anew", || serving.log().contains("are sealed anew"));
    assert_eq!(serving.stop(), Some(0));
    with(&format!("key: '{}'", key("2")));
    let serving = world.serve();
    assert_eq!(world.run(&["jobs", "show", &job]).code, 0);
    assert_eq!(serving.stop(), Some(0));
}
