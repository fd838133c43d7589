//! What a process that runs scripts does for itself first: nothing is inherited, and nothing gets lost.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod common;

use std::fs;
use std::time::Duration;

use common::{Folder, call, run_entry};
use intendant_scripts::host;
use model::OutcomeKind;
use model::word::code;
use rustix::io::{FdFlags, fcntl_setfd};
use rustix::process::{Pid, Resource, Signal, getrlimit, kill_process};
use serde_json::json;

const DONE: &str = r#"echo '{"status": 0, "message": "done"}'"#;

/// A process that drops the mark, leaves the group and the session, closes everything, and loses its parent.
const LOST: &str = "(env -i setsid sh -c 'echo $$ >../lost.new; mv ../lost.new ../lost; exec sleep 1000' \
                    >/dev/null 2>&1 </dev/null &)\nwhile [ ! -s ../lost ]; do :; done";

fn lost(folder: &Folder) -> i32 {
    fs::read_to_string(folder.path().join("10test/lost")).unwrap().trim().parse().unwrap()
}

fn lives(pid: i32) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    !stat.is_empty() && !stat.contains(") Z ")
}

#[test]
fn what_lost_its_mark_and_its_parent_is_ended_at_the_limit() {
    host();
    let folder = Folder::new();
    // It may even be allowed to leave something running: a forced end is one of everything.
    for keys in ["    timeout: 3s\n", "    timeout: 3s\n    background: allowed\n"] {
        folder.backend("10test", keys, &format!("rm -f ../lost\n{LOST}\nsleep 1000"));
        let loaded = folder.load();
        let outcome = run_entry(&loaded.entries[0], call(json!({})), None);
        assert_eq!(outcome.code, Some(code::TIMEOUT), "{keys}");
        assert!(!lives(lost(&folder)), "{keys}");
    }
}

#[test]
fn and_when_its_script_is_over() {
    host();
    let folder = Folder::new();
    folder.backend("10test", "", &format!("{LOST}\n{DONE}"));
    let loaded = folder.load();
    assert_eq!(run_entry(&loaded.entries[0], call(json!({})), None).kind, OutcomeKind::Done);
    // With the backends goes what looks after their scripts, after a last look.
    drop(loaded);
    assert!(!lives(lost(&folder)));
}

#[test]
fn it_stays_where_that_is_allowed() {
    host();
    let folder = Folder::new();
    folder.backend("10test", "    background: allowed\n", &format!("{LOST}\n{DONE}"));
    // What comes afterwards does not end it: whose it is cannot be told any more.
    folder.backend("20test", "", DONE);
    let loaded = folder.load();
    for entry in &loaded.entries {
        assert_eq!(run_entry(entry, call(json!({})), None).kind, OutcomeKind::Done);
    }
    drop(loaded);
    let pid = lost(&folder);
    assert!(lives(pid));
    kill_process(Pid::from_raw(pid).unwrap(), Signal::KILL).unwrap();
}

/// Whoever is handed orphans buries them too.
#[test]
fn no_zombie_is_left() {
    host();
    let folder = Folder::new();
    let short = LOST.replace("exec sleep 1000", "exit 0");
    folder.backend("10test", "    background: allowed\n", &format!("{short}\n{DONE}"));
    folder.backend("20test", "    timeout: 3s\n", "sleep 1000 & setsid sleep 1000 & sleep 1000");
    let loaded = folder.load();
    for entry in &loaded.entries {
        run_entry(entry, call(json!({})), None);
    }
    let pid = lost(&folder);
    let gone = || {
        // The next script that ends has them looked at.
        run_entry(&loaded.entries[0], call(json!({})), None);
        (!fs::exists(format!("/proc/{pid}")).unwrap()).then_some(())
    };
    assert!(testkit::wait::until(Duration::from_secs(30), gone).is_some());
}

#[test]
fn scripts_inherit_no_descriptor_of_whoever_started_the_hub() {
    let folder = Folder::new();
    let file = folder.write("lock", "");
    let open = fs::File::open(&file).unwrap();
    fcntl_setfd(&open, FdFlags::empty()).unwrap();
    host();
    folder.backend("10test", "", &format!("ls -l /proc/self/fd >&2; {DONE}"));
    let log = common::answer(&folder).log.unwrap();
    assert!(!log.contains("/lock"), "{log}");
}

#[test]
fn they_leave_no_memory_behind_and_open_as_many_files_as_before() {
    let before = getrlimit(Resource::Nofile).current;
    host();
    let after = getrlimit(Resource::Nofile);
    assert_eq!(after.current, after.maximum);
    let folder = Folder::new();
    folder.backend("10test", "", &format!("sleep 0.1; ulimit -c >&2; ulimit -n >&2; {DONE}"));
    let log = common::answer(&folder).log.unwrap();
    let files = before.map_or("unlimited".to_owned(), |files| files.to_string());
    assert_eq!(log.lines().collect::<Vec<_>>(), ["0", files.as_str()]);
}
