//! The hub and the commands that talk to it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![allow(missing_docs, unreachable_pub)]

mod support;

use std::fs;

use rustix::process::Signal;
use serde_json::json;
use support::{Ran, Serving, World, request};

const GOOD: &str = r#"cat >/dev/null; echo '{"status": 0, "message": "entry written"}'"#;
const BAD: &str = r#"cat >/dev/null; echo '{"status": 4, "message": "server down"}'; exit 4"#;

fn update(person: &str) -> String {
    json!({ "action": "IDENTITY_UPDATE", "concernedTo": person, "payload": { "uid": person } }).to_string()
}

#[test]
fn a_request_is_submitted_waited_for_and_shown() {
    let world = World::new();
    world.backend("00first", GOOD);
    let _hub = world.serve();
    let ran = world.run(&["submit", "--wait", &request("identity-update.json")]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(ran.stdout.contains("✓ 00first") && ran.stdout.contains("✓ succeeded in "), "{ran:?}");

    let listed = world.run(&["jobs", "list"]);
    assert!(listed.stdout.contains("✓ succeeded"), "{listed:?}");
    let jobs = world.run(&["jobs", "list", "--json"]).json();
    let id = jobs["jobs"][0]["id"].as_str().unwrap();
    let shown = world.run(&["jobs", "show", id]).stdout;
    for words in ["Timeline", "entry written", "What happens next", "Request", "\"concernedTo\""] {
        assert!(shown.contains(words), "{words} is missing: {shown}");
    }
    let exported = world.run(&["jobs", "export", "--documents"]).lines();
    assert_eq!(exported.len(), 1);
    assert_eq!(exported[0]["document"]["concernedTo"], "66c22991bdc3c9a7563a9d4f");
    assert_eq!(world.run(&["jobs", "watch", id]).code, 0);
    assert_eq!(world.run(&["jobs", "watch", "--json", id]).code, 0);
}

#[test]
fn the_result_of_submit_and_of_run_is_the_same() {
    let world = World::new();
    world.backend("00first", GOOD);
    let _hub = world.serve();
    let mut submitted = world.run(&["submit", "--wait", "--json", &request("identity-delete.json")]).json();
    let mut ran = world.run(&["run", "--json", &request("identity-delete.json")]).json();
    submitted["jobId"].take();
    ran["jobId"].take();
    assert_eq!(submitted, ran);
}

#[test]
fn a_dry_run_is_marked_where_jobs_are_listed() {
    let world = World::new();
    world.backend("10ldap", GOOD);
    let _hub = world.serve();
    let ran = world.run_with(&["submit", "--wait", "--dry-run", "-"], update("alice"));
    assert_eq!(ran.code, 1, "its backend declares none: {ran:?}");
    world.run_with(&["submit", "--wait", "-"], update("bob"));
    let listed = world.run(&["jobs", "list"]).stdout;
    let marked: Vec<&str> = listed.lines().filter(|line| line.contains("(dry run)")).collect();
    assert!(marked.len() == 1 && marked[0].contains("alice"), "{listed}");
}

#[test]
fn a_failure_is_retried_once_its_cause_is_gone() {
    let world = World::new();
    world.backend("00first", BAD);
    let _hub = world.serve();
    let failed = world.run_with(&["submit", "--wait", "-"], update("alice"));
    failed.said(
        1,
        &["failed: IDENTITY_UPDATE of identity:alice: ", "00first said \"server down\"", "jobs retry"],
    );
    let dead = world.run(&["jobs", "list", "--json", "--state", "failed"]).json();
    let id = dead["jobs"][0]["id"].as_str().unwrap().to_owned();
    assert_eq!(world.run(&["jobs", "watch", &id]).code, 1);

    world.backend("00first", GOOD);
    let retried = world.run(&["jobs", "retry", "--json", &id]).json();
    let again = retried["replayed"].as_str().unwrap();
    assert_ne!(again, id);
    assert_eq!(world.run(&["jobs", "watch", "--json", again]).code, 0);
    world.run(&["jobs", "retry", &id]).said(1, &["was replayed as job", again]);
    let all = world.run(&["jobs", "retry", "--state", "failed", "--action", "IDENTITY_UPDATE"]);
    assert_eq!(all.code, 0, "{all:?}");
    assert!(all.stdout.contains("0 jobs run again"), "the only one is settled by its replay: {all:?}");
}

#[test]
fn an_id_makes_one_job_only() {
    let world = World::new();
    world.backend("00first", GOOD);
    let _hub = world.serve();
    let submit = |person: &str| world.run_with(&["submit", "--json", "--id", "mine", "-"], update(person));
    let first = submit("alice").json();
    assert_eq!(first["accepted"], "new");
    let second = submit("alice").json();
    assert_eq!((&second["accepted"], &second["job"]), (&json!("known"), &first["job"]));
    submit("bob").said(2, &["this id was used before"]);
}

#[test]
fn many_requests_go_in_at_once_and_bad_lines_are_listed() {
    let world = World::new();
    world.backend("00first", GOOD);
    let _hub = world.serve();
    let good: Vec<String> = (0..300).map(|n| update(&format!("person-{n}"))).collect();
    let file = world.file("good.ndjson", good.join("\n"));
    let ran = world.run(&["submit", "--ndjson", &file]);
    assert_eq!((ran.code, ran.stdout.as_str()), (0, "✓ 300 accepted\n"), "{ran:?}");

    let bad = format!("{}\n{{\"payload\":1}}\n\n{}\nnonsense\n", update("x"), update("y"));
    let ran = world.run_with(&["submit", "--ndjson", "-"], &bad);
    assert_eq!(ran.code, 1, "{ran:?}");
    let lines: Vec<&str> = ran.stdout.lines().collect();
    assert_eq!(lines.len(), 3, "{ran:?}");
    assert!(lines[0].contains("line 2: ") && lines[1].contains("line 5: "), "{lines:?}");
    assert_eq!(lines[2], "! 2 accepted, 2 refused");
    let told = world.run_with(&["submit", "--ndjson", "--json", "-"], &bad).lines();
    assert_eq!(told.len(), 4);
    assert_eq!(told[1]["line"], 2);
}

#[test]
fn deadline_class_and_subject_can_be_given_beside_the_document() {
    let world = World::new();
    world.gates();
    world.backend_with("00first", "stop", "concurrency: 1\n", &world.gated_script());
    let _hub = world.serve();
    world.submit(&update("first"));
    world.wait_until_started();
    let args =
        ["submit", "--json", "--deadline", "2h", "--class", "interactive", "--subject", "account:7", "-"];
    let id = world.run_with(&args, update("second")).json()["job"].as_str().unwrap().to_owned();
    let job = &world.run(&["jobs", "show", "--json", &id]).json()["job"];
    assert_eq!((&job["class"], &job["subject"]), (&json!("interactive"), &json!("account:7")));
    assert!(job["deadline"].is_string());
    world.open_gate();
    world.wait_until_started();
    world.open_gate();
    assert_eq!(world.run(&["jobs", "watch", &id]).code, 0);
}

#[test]
fn a_running_job_is_cancelled_and_its_script_ended() {
    let world = World::new();
    world.gates();
    world.backend("00first", &world.gated_script());
    let _hub = world.serve();
    let id = world.submit(&update("alice"));
    world.wait_until_started();
    let cancelled = world.run(&["jobs", "cancel", &id]);
    assert!(cancelled.code == 0 && cancelled.stdout.contains("is being ended"), "{cancelled:?}");
    assert_eq!(world.run(&["jobs", "watch", &id]).code, 1);
    let job = &world.run(&["jobs", "show", "--json", &id]).json()["job"];
    assert_eq!(job["state"], "cancelled");
    world.run(&["jobs", "cancel", &id]).said(1, &["is cancelled", "nothing to cancel"]);
}

#[test]
fn a_pause_is_kept_over_a_restart() {
    let world = World::new();
    world.backend("00first", GOOD);
    let hub = world.serve();
    assert_eq!(world.run(&["backends", "pause", "00first"]).code, 0);
    let id = world.submit(&update("alice"));
    assert_eq!(hub.stop(), Some(0));

    let _hub = world.serve();
    let listed = world.run(&["backends", "list"]);
    assert!(listed.stdout.contains("! paused"), "{listed:?}");
    let told = world.run(&["jobs", "show", "--json", &id]).json();
    assert_eq!((&told["job"]["state"], &told["waiting_on"]["on"]), (&json!("queued"), &json!("pause")));
    assert_eq!(world.run(&["backends", "resume", "00first"]).code, 0);
    assert_eq!(world.run(&["jobs", "watch", "--json", &id]).code, 0);
    world.run(&["backends", "pause", "nobody"]).said(1, &["nobody", "backends list"]);
}

#[test]
fn a_reload_takes_what_is_good_and_refuses_what_is_bad() {
    let world = World::new();
    world.backend("00first", GOOD);
    let hub = world.serve();
    world.backend("10second", GOOD);
    world.configure("log:\n  format: json\n");
    let ran = world.run(&["backends", "reload"]);
    assert!(ran.code == 0 && ran.stdout.contains("✓ 2 backends in use"), "{ran:?}");
    assert!(ran.stdout.contains("log.format was changed and holds after a restart"), "{ran:?}");
    let result = world.run_with(&["submit", "--wait", "--json", "-"], update("alice")).json();
    assert_eq!(result["data"].as_array().unwrap().len(), 2);

    world.configure("concurrency: none\n");
    fs::remove_dir_all(world.path("backends/10second")).unwrap();
    // The command reads the configuration as well: it has to be told where the hub is by another one.
    let other = world.file("other.yml", "socket: socket\n");
    world
        .run(&["--config", &other, "backends", "reload"])
        .said(2, &["nothing was changed", "intendant.yml:7", "\"none\""]);
    let listed = world.run(&["--config", &other, "backends", "list", "--json"]).json();
    assert_eq!(listed.as_array().unwrap().len(), 2, "the old ones stay: {listed}");

    assert_eq!(hub.stop(), Some(0));
}

#[test]
fn a_service_manager_that_watches_hears_that_it_lives() {
    let world = World::new();
    let mut command = world.command(&["serve"]);
    command.env("WATCHDOG_USEC", "500000");
    let mut hub = Serving::begin(&world, command);
    while hub.notice() != "READY=1" {}
    // The first ones were told as it started.
    for _ in 0..3 {
        assert_eq!(hub.notice(), "WATCHDOG=1");
    }
    hub.signal(Signal::TERM);
    while hub.notice() != "STOPPING=1" {}
    assert_eq!(hub.wait(), Some(0));
}

#[test]
fn a_hang_up_signal_reloads_and_a_bad_configuration_changes_nothing() {
    let world = World::new();
    world.backend("00first", GOOD);
    let mut hub = world.serve();
    let mut hang_up = || {
        hub.signal(Signal::HUP);
        assert_eq!(hub.notice(), "RELOADING=1");
        assert_eq!(hub.notice(), "READY=1");
        hub.log()
    };
    world.backend("10second", GOOD);
    world.configure("conccurency: 4\n");
    let log = hang_up();
    assert!(log.contains("the reload is refused") && log.contains("did you mean concurrency?"), "{log}");
    world.configure("concurrency: 4\n");
    hang_up();
    let listed = world.run(&["backends", "list", "--json"]).json();
    assert_eq!(listed.as_array().unwrap().len(), 2, "{listed}");
    world.configure("log: {level: debug}\n");
    hang_up();
    world.run_with(&["submit", "--wait", "-"], update("alice"));
    let log = hang_up();
    assert!(log.contains("DEBUG"), "the level is hot: {log}");
    assert_eq!(hub.stop(), Some(0));
}

#[test]
fn a_stop_lets_a_running_script_end() {
    let world = World::new();
    world.gates();
    world.backend("00first", &world.gated_script());
    world.backend("10second", GOOD);
    let mut hub = world.serve();
    let id = world.submit(&update("alice"));
    world.wait_until_started();
    hub.signal(Signal::TERM);
    assert_eq!(hub.notice(), "STOPPING=1");
    world.run_with(&["submit", "-"], update("bob")).said(1, &["no hub is listening"]);
    world.open_gate();
    let log = world.path("log");
    assert_eq!(hub.wait(), Some(0), "{}", fs::read_to_string(log).unwrap());

    // The first step is recorded and does not run again; the second runs now.
    let _hub = world.serve();
    assert_eq!(world.run(&["jobs", "watch", "--json", &id]).code, 0);
    let steps = &world.run(&["jobs", "show", "--json", &id]).json()["steps"];
    assert_eq!((&steps[0]["attempts"], &steps[1]["attempts"]), (&json!(1), &json!(1)));
}

#[test]
fn a_second_signal_ends_a_script_by_force_and_it_runs_again() {
    let world = World::new();
    world.gates();
    world.backend("00first", &world.gated_script());
    let mut hub = world.serve();
    let id = world.submit(&update("alice"));
    world.wait_until_started();
    hub.signal(Signal::TERM);
    assert_eq!(hub.notice(), "STOPPING=1");
    hub.signal(Signal::INT);
    assert_eq!(hub.wait(), Some(0));

    let _hub = world.serve();
    world.wait_until_started();
    world.open_gate();
    assert_eq!(world.run(&["jobs", "watch", "--json", &id]).code, 0);
    let steps = &world.run(&["jobs", "show", "--json", &id]).json()["steps"];
    assert_eq!(steps[0]["attempts"], 2);
}

#[test]
fn a_killed_hub_loses_nothing() {
    let world = World::new();
    world.gates();
    world.backend("00first", &world.gated_script());
    let hub = world.serve();
    let id = world.submit(&update("alice"));
    world.wait_until_started();
    hub.kill();
    let _hub = world.serve();
    world.wait_until_started();
    world.open_gate();
    assert_eq!(world.run(&["jobs", "watch", "--json", &id]).code, 0);
}

#[test]
fn two_hubs_do_not_share_a_folder_or_a_socket() {
    let world = World::new();
    world.backend("00first", GOOD);
    let _hub = world.serve();
    let same = world.run(&["serve"]);
    assert!(same.code == 2 && same.stderr.contains("a hub is listening there already"), "{same:?}");
    let other = world.command(&["serve"]).env("INTENDANT_SOCKET", world.path("other")).output().unwrap();
    let other = Ran::from(other);
    assert!(other.code == 2 && other.stderr.contains("in use by another hub"), "{other:?}");
    assert!(!world.path("other").exists(), "no socket is left behind");
}

#[test]
fn secrets_are_masked_and_revealed_only_to_whoever_has_the_key() {
    let world = World::new();
    let copy = world.text("stdin");
    world.backend("00first", &format!("tee '{copy}' >/dev/null; cat '{copy}' >&2; {GOOD}; exit 1"));
    let hub = world.serve();
    let document = json!({
        "action": "IDENTITY_PASSWORD_RESET", "concernedTo": "alice", "payload": { "newPassword": "hunter-two-22" }
    });
    let id = world.submit(&document.to_string());
    assert_eq!(world.run(&["jobs", "watch", "--json", &id]).code, 1);
    assert!(fs::read_to_string(&copy).unwrap().contains("hunter-two-22"), "the script gets it");
    for args in [
        &["jobs", "show", &id][..],
        &["jobs", "show", "--json", &id],
        &["jobs", "stdin", &id],
        &["jobs", "export", "--documents"],
    ] {
        let ran = world.run(args);
        assert!(ran.code == 0 && !ran.stdout.contains("hunter"), "{args:?}: {ran:?}");
    }
    assert!(!hub.log().contains("hunter"), "{}", hub.log());
    let revealed = world.run(&["jobs", "stdin", "--reveal", &id]);
    assert_eq!(revealed.stdout, fs::read_to_string(&copy).unwrap(), "byte for byte what the backend read");
    drop(hub);
    assert_eq!(world.run(&["jobs", "stdin", "--reveal", &id]).stdout, revealed.stdout, "also without a hub");
    fs::rename(world.path("key"), world.path("lost")).unwrap();
    world.run(&["jobs", "stdin", "--reveal", &id]).said(2, &["key"]);
}

#[test]
fn without_a_hub_commands_say_how_to_start_one() {
    let world = World::new();
    world.backend("00first", GOOD);
    world.run(&["jobs", "list"]).said(1, &["no hub is listening", "intendant serve"]);
    let listed = world.run(&["backends", "list"]);
    assert!(listed.code == 0 && listed.stdout.contains("00first"), "{listed:?}");
    assert!(listed.stderr.contains("no hub is running"), "{listed:?}");
    let pinged = world.run(&["backends", "ping"]);
    assert!(pinged.code == 0 && pinged.stdout.contains("✓ 00first"), "{pinged:?}");
}

#[test]
fn a_ping_asks_every_backend_or_one() {
    let world = World::new();
    world.backend("00first", GOOD);
    world.backend("10second", BAD);
    let _hub = world.serve();
    let all = world.run(&["backends", "ping"]);
    assert_eq!(all.code, 1, "{all:?}");
    assert!(all.stdout.contains("✓ 00first") && all.stdout.contains("✗ 10second"), "{all:?}");
    assert_eq!(world.run(&["backends", "ping", "00first"]).code, 0);
    world.run(&["backends", "ping", "nobody"]).said(2, &["there is no backend nobody"]);
}

#[test]
fn the_log_is_json_where_that_is_wanted() {
    let world = World::new();
    world.configure("log: {format: json}\n");
    world
        .backend("00first", r#"cat >/dev/null; echo "WARN: quota nearly used up" >&2; echo '{"status": 0}'"#);
    let mut hub = world.serve();
    world.run_with(&["submit", "--wait", "-"], update("alice"));
    hub.signal(Signal::TERM);
    assert_eq!(hub.notice(), "STOPPING=1");
    let log = world.path("log");
    assert_eq!(hub.wait(), Some(0));
    let records: Vec<serde_json::Value> =
        fs::read_to_string(log).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let of_the_script =
        records.iter().find(|record| record["message"].as_str().unwrap().contains("quota")).unwrap();
    assert_eq!((&of_the_script["level"], &of_the_script["backend"]), (&json!("WARN"), &json!("00first")));
    assert!(of_the_script["timestamp"].as_str().unwrap().ends_with('Z'), "{of_the_script}");
    assert_eq!(records.last().unwrap()["message"], "stopped");
}
