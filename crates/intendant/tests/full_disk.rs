//! A disk without room, and one that cannot be written: new requests are refused clearly, nothing is corrupt, and
//! work resumes by itself. The tests mount a small file system in memory, and so have to run as root.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![allow(missing_docs, unreachable_pub)]

mod support;

use std::fs;
use std::path::Path;
use std::process::Command;

use support::World;

fn mount(arguments: &[&str], folder: &Path) {
    let status = Command::new("mount").args(arguments).arg(folder).status().expect("running mount");
    assert!(status.success(), "this test mounts a small file system and has to run as root");
}

/// Unmounts also when the test fails.
struct Mounted<'a>(&'a Path);

impl Drop for Mounted<'_> {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("--lazy").arg(self.0).status();
    }
}

fn document(n: usize) -> String {
    serde_json::json!({
        "action": "IDENTITY_UPDATE", "concernedTo": format!("s{n}"), "payload": { "n": n, "filler": "x".repeat(50_000) }
    })
    .to_string()
}

#[test]
fn work_resumes_by_itself_when_there_is_room() {
    let world = World::new();
    world.backend("10ok", "cat >/dev/null; echo '{\"status\":0}'");
    let data = world.path("data");
    fs::create_dir(&data).unwrap();
    mount(&["-t", "tmpfs", "-o", "size=8m", "tmpfs"], &data);
    let _mounted = Mounted(&data);
    let serving = world.serve();
    let first = world.submit(&document(0));
    fs::write(data.join("filler"), vec![0; 6_500_000]).unwrap();
    let refused = (1..200).map(|n| world.run_with(&["submit", "-"], document(n))).find(|ran| ran.code != 0);
    let refused = refused.expect("the disk is never full");
    refused.said(1, &["cannot be written"]);
    let socket = world.text("socket");
    let ready =
        Command::new("curl").args(["-s", "--unix-socket", &socket, "http://hub/readyz"]).output().unwrap();
    let ready = String::from_utf8(ready.stdout).unwrap();
    assert!(ready.contains("\"ready\":false") && ready.contains("cannot be written"), "{ready}");
    fs::remove_file(data.join("filler")).unwrap();
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
    let world = World::new();
    world.backend("10ok", "echo '{\"status\":0}'");
    let data = world.path("data");
    fs::create_dir(&data).unwrap();
    mount(&["-t", "tmpfs", "-o", "ro,size=1m", "tmpfs"], &data);
    let _mounted = Mounted(&data);
    let refused = world.run(&["serve"]);
    assert_ne!(refused.code, 0, "{refused:?}");
    let error = refused.stderr.lines().last().unwrap();
    assert!(error.contains("error: ") && error.contains(&world.text("data")), "{error}");
    assert_eq!(error.matches("Read-only file system").count(), 1, "{error}");
}
