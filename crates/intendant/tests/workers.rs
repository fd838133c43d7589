//! Workers and the whole program: what becomes of them when it ends, in whatever way.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![allow(missing_docs, unreachable_pub)]

mod support;

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process, kill_process_group};
use serde_json::{Value, json};
use support::{World, request};

const SLOTS: usize = 64;

/// A worker that notes each request with its own process, and answers with both.
const NOTES: &str = r#"member() { rest=${2#*\"$1\":}; printf '%s' "${rest%%,*}"; }
echo '{"ready":1}'
while read -r line; do
  echo "$(member job "$line") $(member attempt "$line") $$" >>../seen
  WORK
  printf '{"id":%s,"status":0,"message":"by %s"}\n' "$(member id "$line")" "$$"
done"#;

fn noting(work: &str) -> String {
    NOTES.replace("WORK", work)
}

/// What was asked: job, attempt, process.
fn seen(world: &World) -> Vec<(String, u32, i32)> {
    let text = fs::read_to_string(world.path("backends/00first/seen")).unwrap_or_default();
    let line = |line: &str| {
        let mut words = line.split(' ');
        let mut word = || words.next().unwrap();
        (word().to_owned(), word().parse().unwrap(), word().parse().unwrap())
    };
    text.lines().map(line).collect()
}

fn lives(pid: i32) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    !stat.is_empty() && !stat.contains(") Z ")
}

/// The living processes of workers of a hub, by the mark of one of them.
fn workers(like: &str) -> Vec<i32> {
    let journal = like.split('/').next().unwrap();
    let wanted = format!("INTENDANT_RUN={journal}/worker/");
    let carries = |folder: &PathBuf| {
        fs::read(folder.join("environ"))
            .is_ok_and(|e| e.split(|b| *b == 0).any(|v| v.starts_with(wanted.as_bytes())))
    };
    let folders = fs::read_dir("/proc").unwrap().map(|entry| entry.unwrap().path());
    folders.filter(carries).filter_map(|f| f.file_name()?.to_str()?.parse().ok()).collect()
}

fn until<T>(what: &str, hub: &support::Serving, mut come: impl FnMut() -> Option<T>) -> T {
    testkit::wait::until(Duration::from_mins(2), &mut come).unwrap_or_else(|| panic!("{what}: {}", hub.log()))
}

fn asked(subjects: usize) -> String {
    let one =
        |n| json!({ "action": "IDENTITY_UPDATE", "concernedTo": format!("subject-{n}") }).to_string() + "\n";
    (0..subjects).map(one).collect()
}

#[test]
fn a_hub_that_is_killed_with_all_its_workers_busy_leaves_none_and_repeats_nothing_in_silence() {
    let world = World::new();
    world.configure("concurrency: 64\n");
    let work = "[ -e ../go ] || { setsid sleep 1000 & sleep 1000; }";
    let more = format!("mode: worker\nconcurrency: {SLOTS}\ntimeout: 1h");
    world.backend_with("00first", "stop", &more, &noting(work));
    let hub = world.serve();
    let batch = world.file("batch.ndjson", asked(SLOTS));
    assert_eq!(world.run(&["submit", "--ndjson", &batch]).code, 0);
    until("all are busy", &hub, || (seen(&world).len() == SLOTS).then_some(()));
    let first: Vec<i32> = seen(&world).iter().map(|(_, _, pid)| *pid).collect();
    let mark = String::from_utf8(fs::read(format!("/proc/{}/environ", first[0])).unwrap()).unwrap();
    let mark = mark.split("INTENDANT_RUN=").nth(1).unwrap().split('\0').next().unwrap().to_owned();
    hub.kill();
    assert!(first.iter().all(|pid| lives(*pid)), "they do not end by themselves");
    let before = workers(&mark);
    assert!(before.len() >= 2 * SLOTS, "each has started another one: {}", before.len());

    fs::write(world.path("backends/00first/go"), "").unwrap();
    let hub = world.serve();
    until("all are done", &hub, || {
        let listed = world.run(&["jobs", "list", "--state", "succeeded", "--json", "--limit", "200"]).json();
        (listed["jobs"].as_array().unwrap().len() == SLOTS).then_some(())
    });
    let left: Vec<i32> = workers(&mark).into_iter().filter(|pid| before.contains(pid)).collect();
    assert_eq!(left, [0; 0], "{}", hub.log());
    let mut attempts: BTreeMap<String, Vec<u32>> = BTreeMap::new();
    for (job, attempt, _) in seen(&world) {
        attempts.entry(job).or_default().push(attempt);
    }
    assert_eq!(attempts.len(), SLOTS);
    assert!(attempts.values().all(|attempts| *attempts == [1, 2]), "{attempts:?}");
    assert_eq!(hub.stop(), Some(0));
    assert_eq!(workers(&mark), [0; 0]);
}

#[test]
fn a_hub_that_stops_leaves_no_worker_whatever_that_one_does() {
    let world = World::new();
    let stubborn = format!("trap '' TERM; {}\nsetsid sleep 1000 & while :; do sleep 1; done", noting(":"));
    world.backend_with("00first", "stop", "mode: worker\nworker: {grace: 200ms}", &stubborn);
    let hub = world.serve();
    let ran = world.run(&["submit", "--wait", "--json", &request("identity-update.json")]);
    assert_eq!(ran.code, 0, "{ran:?} {}", hub.log());
    let pid = seen(&world)[0].2;
    assert!(lives(pid));
    assert_eq!(hub.stop(), Some(0));
    assert!(!lives(pid));
}

#[test]
fn a_job_that_is_run_once_leaves_no_worker() {
    let world = World::new();
    world.backend_with("00first", "stop", "mode: worker", &noting(":"));
    let ran = world.run(&["run", "--json", &request("identity-update.json")]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(!lives(seen(&world)[0].2));
    let ran = world.run(&["backends", "debug", "00first", "PING_TARGET", "--json"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    let debugged = ran.json();
    assert_eq!(debugged["ending"], "answered");
    assert!(debugged["stdout"].as_str().unwrap().contains("\"status\":0"), "{debugged}");
    assert!(!lives(seen(&world)[1].2));
}

/// As systemd stops a service that does not say otherwise: the workers hear of it too, and may hear of it first.
#[test]
fn a_stop_that_reaches_the_workers_too_is_no_failure_of_theirs() {
    let world = World::new();
    world.configure("breaker: {failures: 1, pause: 1h}\n");
    let work = "if [ ! -e ../again ]; then touch ../again; sleep 1000; fi";
    world.backend_with("00first", "stop", "mode: worker\nretries: {max: 0}", &noting(work));
    let hub = world.serve();
    let id = world.submit(&json!({ "action": "IDENTITY_UPDATE", "concernedTo": "alice" }).to_string());
    let again = world.path("backends/00first/again");
    let pid = until("it works", &hub, || again.exists().then(|| seen(&world)[0].2));
    kill_process_group(Pid::from_raw(pid).unwrap(), Signal::TERM).unwrap();
    assert_eq!(hub.stop(), Some(0));

    let hub = world.serve();
    assert_eq!(world.run(&["jobs", "watch", &id]).code, 0, "{}", hub.log());
    let backends = world.run(&["backends", "list", "--json"]).json();
    assert!(backends[0]["left_alone_until"].is_null(), "{backends}");
    assert_eq!(seen(&world).iter().map(|(_, attempt, _)| *attempt).collect::<Vec<_>>(), [1, 2]);
}

#[test]
fn a_reload_keeps_the_workers_of_what_did_not_change() {
    let world = World::new();
    world.backend_with("00first", "stop", "mode: worker", &noting(":"));
    let hub = world.serve();
    let by = || -> String {
        let ran = world.run(&["submit", "--wait", "--json", &request("identity-update.json")]);
        let answered: Value = ran.json();
        answered["data"][0]["output"]["message"].as_str().unwrap_or_else(|| panic!("{ran:?}")).to_owned()
    };
    let first = by();
    assert_eq!(world.run(&["backends", "reload"]).code, 0);
    assert_eq!(by(), first);
    assert_eq!(world.run(&["backends", "ping", "00first"]).code, 0, "{}", hub.log());
    assert_eq!(world.run(&["backends", "check"]).code, 0);

    world.backend_with("00first", "stop", "mode: worker", &noting("# another"));
    assert_eq!(world.run(&["backends", "reload"]).code, 0);
    assert_ne!(by(), first);
    let old: i32 = first.trim_start_matches("by ").parse().unwrap();
    until("the old one is gone", &hub, || (!lives(old)).then_some(()));
}

/// One that dies by itself is nobody's failure while it has nothing to do, and the next job does not notice.
#[test]
fn a_worker_that_is_killed_at_rest_is_replaced() {
    let world = World::new();
    world.backend_with("00first", "stop", "mode: worker\nretries: {max: 0}", &noting(":"));
    let hub = world.serve();
    for round in 0..3 {
        let ran = world.run(&["submit", "--wait", "--json", &request("identity-update.json")]);
        assert_eq!(ran.code, 0, "{round}: {ran:?} {}", hub.log());
        let pid = seen(&world).last().unwrap().2;
        kill_process(Pid::from_raw(pid).unwrap(), Signal::KILL).unwrap();
    }
}
