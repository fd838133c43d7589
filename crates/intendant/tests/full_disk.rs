//! A disk without room, and one that cannot be written: new requests are refused clearly, nothing is corrupt, and
//! work resumes by itself. The tests mount a small file system in memory, and so have to run as root.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![allow(missing_docs, unreachable_pub)]

mod support;

use std::fs;
use std::process::Command;
use std::time::Duration;

use support::{Serving, World};
use testkit::disk::Disk;
use testkit::wait;

/// A world whose data folder is a disk of so many MiB.
fn small(mebibytes: u32) -> (World, Disk) {
    let world = World::new();
    let data = world.path("data");
    fs::create_dir(&data).unwrap();
    let disk = Disk::mount(&data, mebibytes).unwrap();
    (world, disk)
}

fn document(n: usize) -> String {
    serde_json::json!({
        "action": "IDENTITY_UPDATE", "concernedTo": format!("s{n}"), "payload": { "n": n, "filler": "x".repeat(50_000) }
    })
    .to_string()
}

#[test]
fn work_resumes_by_itself_when_there_is_room() {
    let (world, disk) = small(8);
    world.backend("10ok", "cat >/dev/null; echo '{\"status\":0}'");
    let serving = world.serve();
    let first = world.submit(&document(0));
    disk.fill(1 << 20).unwrap();
    let refused = (1..200).map(|n| world.run_with(&["submit", "-"], document(n))).find(|ran| ran.code != 0);
    let refused = refused.expect("the disk is never full");
    refused.said(1, &["cannot be written"]);
    let socket = world.text("socket");
    let ready =
        Command::new("curl").args(["-s", "--unix-socket", &socket, "http://hub/readyz"]).output().unwrap();
    let ready = String::from_utf8(ready.stdout).unwrap();
    assert!(ready.contains("\"ready\":false") && ready.contains("cannot be written"), "{ready}");
    disk.empty().unwrap();
    let waited = world.run_with(&["submit", "--wait", "--json", "-"], document(1000));
    assert_eq!(waited.code, 0, "{waited:?}");
    // What was accepted before ends as well.
    let ended = world.run(&["jobs", "show", "--json", &first]);
    assert_eq!(ended.json()["job"]["state"], "succeeded", "{ended:?}");
    assert_eq!(serving.stop(), Some(0));
    let doctor = world.run(&["doctor", "--json"]);
    assert!(!doctor.stdout.contains("damaged"), "{doctor:?}");
}

#[test]
fn a_folder_that_cannot_be_written_is_refused_in_one_sentence() {
    let (world, disk) = small(1);
    world.backend("10ok", "echo '{\"status\":0}'");
    disk.remount("ro").unwrap();
    let refused = world.run(&["serve"]);
    assert_ne!(refused.code, 0, "{refused:?}");
    let error = refused.stderr.lines().last().unwrap();
    assert!(error.contains("error: ") && error.contains(&world.text("data")), "{error}");
    assert_eq!(error.matches("Read-only file system").count(), 1, "{error}");
}

fn asked(world: &World, path: &str) -> String {
    let socket = world.text("socket");
    let url = format!("http://hub{path}");
    let out =
        Command::new("curl").args(["-s", "-w", "%{http_code}", "--unix-socket", &socket, &url]).output();
    String::from_utf8(out.unwrap().stdout).unwrap()
}

#[test]
fn a_restart_on_a_full_disk_waits_for_room() {
    let (world, disk) = small(8);
    world.backend("10ok", "cat >/dev/null; echo '{\"status\":0}'");
    let serving = world.serve();
    let first = world.submit(&document(0));
    assert_eq!(world.run(&["jobs", "watch", &first]).code, 0);
    // Killed, it leaves a log that a start can write to without any room.
    serving.kill();
    disk.fill(0).unwrap();

    let mut waiting = Serving::begin(&world, world.command(&["serve"]));
    let status = waiting.notice();
    assert!(status.starts_with("STATUS=") && status.contains("no room"), "{status}");
    // The second look comes after it has listened for a while.
    for _ in 0..3 {
        assert!(waiting.notice().starts_with("EXTEND_TIMEOUT_USEC="), "{}", waiting.log());
    }
    let (health, ready) = (asked(&world, "/healthz"), asked(&world, "/readyz"));
    assert!(
        health.ends_with("200") && ready.ends_with("503") && ready.contains("no room"),
        "{health} {ready}"
    );
    let refused = world.run_with(&["submit", "-"], document(1));
    refused.said(1, &["has not started yet", "no room"]);
    disk.empty().unwrap();
    while waiting.notice() != "READY=1" {}
    let waited = world.run_with(&["submit", "--wait", "--json", "-"], document(2));
    assert_eq!(waited.code, 0, "{waited:?}");
    assert_eq!(world.run(&["jobs", "show", "--json", &first]).json()["job"]["state"], "succeeded");
    let log = waiting.log();
    assert_eq!(
        (log.matches("cannot start").count(), log.matches("there is what it waited for").count()),
        (1, 1),
        "{log}"
    );
    assert_eq!(waiting.stop(), Some(0));
}

#[test]
fn a_hub_that_waits_for_room_stops_when_it_is_told_to() {
    let (world, disk) = small(1);
    disk.fill(0).unwrap();
    let mut waiting = Serving::begin(&world, world.command(&["serve"]));
    assert!(waiting.notice().starts_with("STATUS="), "{}", waiting.log());
    waiting.signal(rustix::process::Signal::TERM);
    assert_eq!(waiting.wait(), Some(0));
}

#[test]
fn a_synchronisation_that_meets_a_full_disk_says_how_far_it_came() {
    const PEOPLE: usize = 3000;
    let (world, disk) = small(64);
    world.backend("10ok", "cat >/dev/null; echo '{\"status\":0}'");
    let serving = world.serve();
    let rows: Vec<String> = (0..PEOPLE).map(|n| format!("u{n},Name {n},Family {n}")).collect();
    let people = world.file("people.csv", format!("uid,cn,sn\n{}\n", rows.join("\n")));
    assert_eq!(world.run(&["identities", "import", "--validated", &people]).code, 0);
    assert_eq!(world.run(&["backends", "pause", "10ok"]).code, 0);
    disk.fill(2 << 20).unwrap();

    let stopped = world.run(&["identities", "sync"]);
    assert_eq!(stopped.code, 1, "{stopped:?}");
    assert!(!stopped.stderr.contains("nothing was accepted"), "{stopped:?}");
    let words: Vec<&str> = stopped.stderr.split_whitespace().collect();
    let told = words.iter().position(|word| *word == "were").expect("it says how many");
    let told: usize = words[told - 1].parse().unwrap();
    disk.empty().unwrap();
    let listed = world.run(&["identities", "list", "--in", "synchronising", "--limit", "1000", "--json"]);
    let accepted = listed.json()["identities"].as_array().unwrap().len();
    assert!(
        told > 0 && told < PEOPLE && (told == accepted || accepted == 1000),
        "{told} {accepted} {stopped:?}"
    );

    // Asked again, the rest is accepted, and nobody has two jobs.
    let rest = world.run(&["identities", "sync", "--json"]);
    assert_eq!(rest.json()["done"], PEOPLE - told, "{rest:?}");
    let count = asked(&world, "/api/v1/jobs/count?action=IDENTITY_UPDATE");
    assert!(count.contains("\"jobs\":1000"), "{count}");
    // What was done while there was no room is in the audit once there is.
    let audited = || {
        let audit = asked(&world, "/api/v1/audit?code=synchronise");
        (audit.matches("synchronise: done to").count() == 2).then_some(())
    };
    assert!(wait::until(Duration::from_mins(2), audited).is_some(), "what was done is in the audit");
    assert_eq!(serving.stop(), Some(0));
}
