//! `intendant run`: one request, here and now.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![allow(missing_docs, unreachable_pub)]

mod support;

use std::fs;
use std::process::Command;

use serde_json::json;
use support::{World, request};

const GOOD: &str = r#"cat >/dev/null; echo '{"status": 0, "message": "entry written"}'"#;
const BAD: &str = r#"cat >/dev/null; echo '{"status": 4, "message": "server down"}'; exit 4"#;

#[test]
fn each_step_and_the_whole_result_are_shown() {
    let world = World::new();
    world.backend("00first", GOOD);
    world.backend("10second", GOOD);
    let ran = world.run(&["run", &request("identity-update.json")]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(ran.stdout.starts_with("IDENTITY_UPDATE  identity:66c22991bdc3c9a7563a9d4f\n"), "{ran:?}");
    let steps: Vec<&str> = ran.stdout.lines().filter(|line| line.contains('✓')).collect();
    assert_eq!(steps.len(), 3, "two steps and the end: {ran:?}");
    assert!(steps[0].contains("00first") && steps[0].contains("entry written"), "{steps:?}");
    assert!(steps[1].contains("10second") && steps[1].contains(" ms "), "{steps:?}");
    assert!(steps[2].starts_with("✓ succeeded in "), "{steps:?}");
    let result: serde_json::Value =
        serde_json::from_str(&ran.stdout[ran.stdout.find("\n{").unwrap()..]).unwrap();
    assert_eq!(result["data"][1]["output"]["message"], "entry written");
    assert_eq!(ran.stderr, "");
}

#[test]
fn json_is_exactly_what_callers_of_the_original_expect() {
    let world = World::new();
    world.backend("00first", GOOD);
    let ran = world.run(&["run", "--json", &request("identity-delete.json")]);
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "{ran:?}");
    assert_eq!(ran.stdout.lines().count(), 1);
    let result = ran.json();
    let members: Vec<&String> = result.as_object().unwrap().keys().collect();
    assert_eq!(members, ["jobId", "status", "data", "jobName", "options"]);
    assert_eq!(result["status"], 0);
    assert_eq!(result["jobName"], "IDENTITY_DELETE");
    assert_eq!(
        result["data"],
        json!([{ "backend": "00first", "status": 0, "output": { "status": 0, "message": "entry written" } }])
    );
    assert_eq!(result["options"]["targetState"], -99);
    let without = world.run(&["run", "--json", &request("identity-update.json")]).json();
    assert!(without.get("options").is_none(), "absent members stay absent: {without}");
}

#[test]
fn every_command_has_a_manual_page() {
    let world = World::new();
    let folder = world.text("man");
    assert_eq!(world.run(&["manual", "--all", &folder]).code, 0);
    let mut pages = 0;
    for page in fs::read_dir(&folder).unwrap() {
        let mut lint = Command::new("mandoc");
        let said = lint.args(["-T", "lint", "-W", "error"]).arg(page.unwrap().path()).output().unwrap();
        assert!(said.status.success(), "{}", String::from_utf8_lossy(&said.stdout));
        pages += 1;
    }
    assert!(pages > 60, "{pages}");
    let one = world.run(&["manual", "jobs", "retry"]);
    assert_eq!(one.stdout, fs::read_to_string(world.path("man/intendant-jobs-retry.1")).unwrap());
    world.run(&["manual", "jobs", "retyr"]).said(1, &["there is no command `retyr` in `intendant jobs`"]);
}

#[test]
fn a_failure_names_subject_backend_words_and_what_follows() {
    let world = World::new();
    world.backend("00first", GOOD);
    world.backend("10second", BAD);
    world.backend("20third", GOOD);
    let ran = world.run(&["run", &request("identity-update.json")]);
    ran.said(
        1,
        &[
            "failed: IDENTITY_UPDATE of identity:66c22991bdc3c9a7563a9d4f",
            "10second said \"server down\" (status 4)",
            "20third did not run",
            "nothing was retried",
        ],
    );
    assert!(ran.stdout.contains("✗ 10second"), "{ran:?}");
    assert!(ran.stdout.contains("· 20third"), "{ran:?}");
    assert_eq!(world.run(&["run", "--json", &request("identity-update.json")]).json()["status"], 4);
}

#[test]
fn a_failure_with_continue_still_fails_the_job() {
    let world = World::new();
    world.backend_with("00first", "continue", "", BAD);
    world.backend("10second", GOOD);
    let ran = world.run(&["run", "--json", &request("identity-update.json")]);
    assert_eq!(ran.code, 1);
    let result = ran.json();
    assert_eq!(result["status"], 4);
    assert_eq!(result["data"].as_array().unwrap().len(), 2);
    assert!(result["data"][0]["error"]["message"].as_str().unwrap().starts_with("00first: "), "{result}");
}

#[test]
fn nothing_is_retried_whatever_the_backend_asks_for() {
    let world = World::new();
    let log = world.text("runs");
    world.backend_with(
        "00first",
        "stop",
        "retries:\n  max: 5\n  initial: 1ms\n",
        &format!("echo run >>'{log}'; exit 75"),
    );
    let ran = world.run(&["run", "--json", &request("identity-update.json")]);
    assert_eq!(ran.code, 1, "{ran:?}");
    assert_eq!(fs::read_to_string(log).unwrap(), "run\n");
}

#[test]
fn the_request_may_come_from_standard_input_and_the_action_from_an_option() {
    let world = World::new();
    world.backend("00first", "cat");
    let ran = world.run_with(
        &["run", "--json", "--action", "PING_TARGET", "-"],
        r#"{"payload":{"status":0,"message":"hello"}}"#,
    );
    assert_eq!(ran.json()["jobName"], "PING_TARGET");
}

#[test]
fn a_script_reads_exactly_the_bytes_of_the_document() {
    let world = World::new();
    let copy = world.text("stdin");
    world.backend("00first", &format!("cat >'{copy}'; {GOOD}"));
    let document = r#"{ "action": "IDENTITY_UPDATE", "concernedTo": "1", "payload": {"z": null, "a": "é\u00e9", "n": 1.50} }"#;
    assert_eq!(world.run_with(&["run", "-q", "-"], document).code, 0);
    assert_eq!(
        fs::read_to_string(copy).unwrap(),
        r#"{"concernedTo":"1","payload":{"z":"","a":"éé","n":1.5}}"#
    );
}

#[test]
fn nothing_is_left_behind() {
    let world = World::new();
    world.backend("00first", GOOD);
    world.run(&["run", "-q", &request("identity-update.json")]);
    let mut left: Vec<_> =
        fs::read_dir(world.path("")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    left.sort();
    assert_eq!(left, ["backends", "intendant.yml"]);
}

#[test]
fn a_data_folder_keeps_the_job_and_is_one_hubs_only() {
    let world = World::new();
    world.backend("00first", GOOD);
    let kept = world.run(&["run", "--json", "--data", &world.text("data"), &request("identity-update.json")]);
    assert_eq!(kept.code, 0, "{kept:?}");
    let _hub = world.serve();
    let listed = world.run(&["jobs", "list", "--json"]).json();
    assert_eq!(listed["jobs"][0]["id"], kept.json()["jobId"]);
    assert_eq!(listed["jobs"][0]["source"], "run");
    let locked = world.run(&["run", "--data", &world.text("data"), &request("identity-update.json")]);
    locked.said(2, &["in use by another hub", "submit --wait"]);
}

#[test]
fn an_action_that_nobody_maps_fails_and_says_so() {
    let world = World::new();
    world.backend("00first", GOOD);
    let ran = world.run_with(&["run", "-"], r#"{"action": "IDENTITY_VANISH", "concernedTo": "1"}"#);
    ran.said(1, &["failed: IDENTITY_VANISH of identity:1: ", "no active backend maps IDENTITY_VANISH"]);
}

#[test]
fn a_broken_folder_fails_its_step_and_no_other() {
    let world = World::new();
    world.backend_with("00first", "continue", "active: [", GOOD);
    world.backend("10second", GOOD);
    let ran = world.run(&["run", "--json", &request("identity-update.json")]);
    assert_eq!(ran.code, 1, "{ran:?}");
    let result = ran.json();
    assert!(result["data"][0]["error"]["message"].as_str().unwrap().contains("config.yml"), "{result}");
    assert_eq!(result["data"][1]["status"], 0, "{result}");
}

#[test]
fn an_interrupted_run_ends_its_script() {
    let world = World::new();
    world.gates();
    world.backend("00first", &world.gated_script());
    let child = world.command(&["run", &request("identity-update.json")]).spawn().unwrap();
    world.wait_until_started();
    rustix::process::kill_process(rustix::process::Pid::from_child(&child), rustix::process::Signal::INT)
        .unwrap();
    let ran = support::Ran::from(child.wait_with_output().unwrap());
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(ran.stdout.contains("· cancelled"), "{ran:?}");
    // Nobody reads the gate any more: the script is gone.
    let opened = rustix::fs::open(
        world.path("gate"),
        rustix::fs::OFlags::WRONLY | rustix::fs::OFlags::NONBLOCK,
        rustix::fs::Mode::empty(),
    );
    assert_eq!(opened.unwrap_err(), rustix::io::Errno::NXIO);
}

#[test]
fn the_first_command_of_the_readme_works_in_a_fresh_clone() {
    let world = World::new();
    let mut command = world.command(&["run", "examples/requests/identity-update.json"]);
    // What is there without any preparation: the checkout, and the configuration at its root.
    command.env_remove("INTENDANT_CONFIG").current_dir(support::examples().join(".."));
    let ran = support::Ran::from(command.output().unwrap());
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "{ran:?}");
    for name in ["dummy", "ldif", "heartbeat"] {
        assert!(ran.stdout.contains(&format!("✓ {name} ")), "{name}: {ran:?}");
    }
}

#[test]
fn every_example_request_is_run() {
    let world = World::new();
    world.configure("");
    for folder in ["10ldif", "20heartbeat"] {
        let from = support::examples().join("backends").join(folder);
        let copied = Command::new("cp").arg("-r").arg(from).arg(world.path("backends")).status();
        assert!(copied.unwrap().success());
    }
    for entry in fs::read_dir(support::examples().join("requests")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "json") {
            let ran = world.run(&["run", "--json", path.to_str().unwrap()]);
            assert_eq!((ran.code, &ran.json()["status"]), (0, &json!(0)), "{path:?}: {ran:?}");
        }
    }
}
