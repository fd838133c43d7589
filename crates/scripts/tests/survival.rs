//! A script outlives a hub that is killed, and its input does too.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod common;

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use common::{Folder, call, run_entry};
use intendant_scripts::{Defaults, load};
use serde_json::{Value, json};

/// Names the folder of backends to the process that is killed.
const FOLDER: &str = "FOLDER_OF_THE_HUB_THAT_DIES";

fn document() -> Value {
    json!({"concernedTo": "1", "payload": "x".repeat(1 << 20)})
}

/// No test: what the test below kills.
#[test]
fn the_hub_that_dies() {
    let Ok(folder) = std::env::var(FOLDER) else { return };
    let loaded = load(Path::new(&folder), &Defaults::default());
    run_entry(&loaded.entries[0], call(document()), None);
}

#[test]
fn the_input_is_whole_although_the_hub_was_killed_before_it_was_read() {
    let folder = Folder::new();
    let script = "echo $$ >../began; while [ ! -e ../go ]; do sleep 0.05; done; cat >../seen.new; mv ../seen.new ../seen";
    folder.backend("10test", "", script);
    let file = |name: &str| folder.path().join("10test").join(name);
    let until = |what: &dyn Fn() -> bool| {
        testkit::wait::until(Duration::from_mins(1), || what().then_some(())).unwrap();
    };

    let mut hub = Command::new(std::env::current_exe().unwrap());
    hub.args(["--exact", "the_hub_that_dies"]).env(FOLDER, folder.path());
    let mut hub = hub.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    until(&|| fs::read_to_string(file("began")).is_ok_and(|pid| pid.ends_with('\n')));
    hub.kill().unwrap();
    hub.wait().unwrap();
    fs::write(file("go"), "").unwrap();
    until(&|| file("seen").exists());
    assert!(fs::read(file("seen")).unwrap() == document().to_string().into_bytes());
}
