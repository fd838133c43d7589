//! A script cannot hurt the hub: whatever it does, it ends in time and leaves nothing behind.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod common;

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

use common::{Folder, call, mark, run_entry, unstopped};
use engine::port::{Call, Stop};
use intendant_scripts::{Loaded, kill_carriers};
use model::word::code;
use model::{Outcome, OutcomeKind, RunMark};
use serde_json::json;

const DONE: &str = r#"echo '{"status": 0, "message": "done"}'"#;
const NONE: [i32; 0] = [];

/// The living processes that carry a mark.
fn carriers(mark: &RunMark) -> Vec<i32> {
    let wanted = format!("INTENDANT_RUN={mark}");
    let carries = |folder: &PathBuf| {
        fs::read(folder.join("environ")).is_ok_and(|e| e.split(|b| *b == 0).any(|v| v == wanted.as_bytes()))
    };
    let folders = fs::read_dir("/proc").unwrap().map(|entry| entry.unwrap().path());
    folders.filter(carries).filter_map(|f| f.file_name()?.to_str()?.parse().ok()).collect()
}

/// What is alive under a process id that a script wrote down.
fn lives(folder: &Folder, file: &str) -> bool {
    let pid = fs::read_to_string(folder.path().join(file)).unwrap();
    let stat = fs::read_to_string(format!("/proc/{}/stat", pid.trim())).unwrap_or_default();
    !stat.is_empty() && !stat.contains(") Z ")
}

/// A backend, ready to be run.
struct Bench {
    folder: Folder,
    loaded: Loaded,
    call: Call,
}

impl Bench {
    fn new(keys: &str, script: &str) -> Bench {
        let folder = Folder::new();
        folder.backend("10test", keys, script);
        let loaded = folder.load();
        Bench { folder, loaded, call: call(json!({"concernedTo": "1"})) }
    }

    fn run(&self) -> Outcome {
        run_entry(&self.loaded.entries[0], self.call.clone(), None)
    }

    /// Lets the backends go, which waits for the last look at what is left behind.
    fn close(self) -> (Folder, RunMark) {
        drop(self.loaded);
        (self.folder, self.call.mark)
    }
}

#[test]
fn a_script_that_never_ends_is_ended_at_its_limit() {
    let bench = Bench::new("    timeout: 2s\n", &format!("{DONE}\nsleep 1000 & sleep 1000"));
    let outcome = bench.run();
    assert_eq!((outcome.kind, outcome.status, outcome.code), (OutcomeKind::Soft, 2, Some(code::TIMEOUT)));
    let message = outcome.message.unwrap();
    assert!(message.contains("2s") && message.contains("done"), "{message}");
    assert_eq!(carriers(&bench.call.mark), NONE);
}

#[test]
fn the_hubs_own_limit_counts_where_it_is_shorter() {
    let bench = Bench::new("    timeout: 1h\n", "exec sleep 1000");
    let outcome = run_entry(&bench.loaded.entries[0], bench.call.clone(), Some(Duration::from_millis(200)));
    assert_eq!(outcome.code, Some(code::TIMEOUT));
    assert!(outcome.message.unwrap().contains("200ms"));
}

#[test]
fn the_limit_covers_the_writing_of_a_document_that_nobody_reads() {
    let mut bench = Bench::new("    timeout: 300ms\n", "exec sleep 1000");
    bench.call = call(json!({"payload": "x".repeat(1 << 20)}));
    assert_eq!(bench.run().code, Some(code::TIMEOUT));
    assert_eq!(carriers(&bench.call.mark), NONE);
}

#[test]
fn the_limit_covers_a_flood_without_end() {
    let bench = Bench::new("    timeout: 300ms\n", "while :; do echo flood; echo flood >&2; done");
    let outcome = bench.run();
    assert_eq!(outcome.code, Some(code::TIMEOUT));
    assert!(outcome.log.unwrap().len() <= 64 * 1024);
}

#[test]
fn a_script_that_ignores_the_polite_signal_is_killed() {
    let bench = Bench::new("    timeout: 300ms\n", "trap '' TERM INT HUP; while :; do sleep 1000; done");
    assert_eq!(bench.run().code, Some(code::TIMEOUT));
    assert_eq!(carriers(&bench.call.mark), NONE);
}

#[test]
fn a_script_may_use_the_grace_to_tidy_up() {
    let bench =
        Bench::new("    timeout: 2s\n", "trap 'echo tidy >../tidied; exit 0' TERM; sleep 1000 & wait");
    assert_eq!(bench.run().code, Some(code::TIMEOUT));
    assert_eq!(fs::read_to_string(bench.folder.path().join("10test/tidied")).unwrap(), "tidy\n");
}

#[test]
fn a_stopped_script_is_ended_too() {
    let bench = Bench::new("    timeout: 300ms\n", "kill -STOP $$");
    assert_eq!(bench.run().code, Some(code::TIMEOUT));
    assert_eq!(carriers(&bench.call.mark), NONE);
}

/// Children that leave the group, the session and the pipes, and one that even drops the mark.
#[test]
fn children_in_other_sessions_are_ended_at_the_limit() {
    let script = "setsid sleep 1000 &\n(setsid sh -c 'sleep 1000 & exec sleep 1000' >/dev/null 2>&1 </dev/null &)\n\
                  env -i setsid sh -c 'echo $$ >../unmarked; exec sleep 1000' &\n\
                  while [ ! -s ../unmarked ]; do :; done; sleep 1000";
    let bench = Bench::new("    timeout: 3s\n", script);
    assert_eq!(bench.run().code, Some(code::TIMEOUT));
    assert_eq!(carriers(&bench.call.mark), NONE);
    assert!(!lives(&bench.folder, "10test/unmarked"));
}

#[test]
fn a_child_that_holds_the_pipes_delays_the_end_a_little_and_is_ended() {
    for child in ["sleep 1000 &", "setsid sleep 1000 &", "(setsid sleep 1000 &)"] {
        let bench = Bench::new("", &format!("{child}\n{DONE}"));
        let outcome = bench.run();
        assert_eq!((outcome.kind, outcome.message.as_deref()), (OutcomeKind::Done, Some("done")), "{child}");
        assert_eq!(carriers(&bench.call.mark), NONE, "{child}");
    }
}

#[test]
fn what_a_child_prints_soon_after_the_end_still_counts() {
    let bench = Bench::new(
        "",
        &format!(
            "(while kill -0 $$ 2>/dev/null && [ \"$(cut -d' ' -f3 /proc/$$/stat)\" != Z ]; do :; done; {DONE}) &"
        ),
    );
    assert_eq!(bench.run().message.as_deref(), Some("done"));
}

#[test]
fn a_child_that_closed_the_pipes_is_ended_with_its_group() {
    let bench = Bench::new("", &format!("sleep 1000 >/dev/null 2>&1 </dev/null &\n{DONE}"));
    assert_eq!(bench.run().kind, OutcomeKind::Done);
    assert_eq!(carriers(&bench.call.mark), NONE);
}

#[test]
fn a_daemon_that_left_no_trace_but_the_mark_is_found() {
    let daemon = "sh -c 'echo $$ >../daemon; exec sleep 1000'";
    let script = format!(
        "(setsid {daemon} >/dev/null 2>&1 </dev/null &)\nwhile [ ! -s ../daemon ]; do :; done\n{DONE}"
    );
    let bench = Bench::new("", &script);
    assert_eq!(bench.run().kind, OutcomeKind::Done);
    let (folder, mark) = bench.close();
    assert_eq!(carriers(&mark), NONE);
    assert!(!lives(&folder, "10test/daemon"));
}

#[test]
fn a_child_that_is_allowed_to_stay_stays() {
    for child in ["sleep 1000 &", "sleep 1000 >/dev/null 2>&1 &", "(setsid sleep 1000 &)"] {
        let bench = Bench::new("    background: allowed\n", &format!("{child}\n{DONE}"));
        assert_eq!(bench.run().message.as_deref(), Some("done"), "{child}");
        let (_folder, mark) = bench.close();
        // While the child starts its program it shows no environment.
        let one =
            testkit::wait::until(Duration::from_secs(30), || (carriers(&mark).len() == 1).then_some(()));
        assert!(one.is_some(), "{child}: {:?}", carriers(&mark));
        let ended = kill_carriers([&mark]);
        assert_eq!((ended.gone.len(), ended.left.len()), (1, 0), "{child}: {ended:?}");
        assert_eq!(carriers(&mark), NONE, "{child}");
    }
}

#[test]
fn it_does_not_stay_after_a_forced_end() {
    let bench =
        Bench::new("    background: allowed\n    timeout: 300ms\n", "setsid sleep 1000 &\nsleep 1000");
    assert_eq!(bench.run().code, Some(code::TIMEOUT));
    assert_eq!(carriers(&bench.call.mark), NONE);
}

/// Starts an attempt, waits until its script says that it runs, then does something to it.
fn interrupted(
    act: impl AsyncFnOnce(tokio::sync::watch::Sender<Option<Stop>>, tokio::task::JoinHandle<Outcome>),
) -> RunMark {
    interrupted_in("echo ready >../ready; setsid sleep 1000 & sleep 1000", act).1
}

/// The same with another script, and what it has left in its folder.
fn interrupted_in(
    script: &str,
    act: impl AsyncFnOnce(tokio::sync::watch::Sender<Option<Stop>>, tokio::task::JoinHandle<Outcome>),
) -> (Folder, RunMark) {
    let bench = Bench::new("", script);
    let ready = bench.folder.path().join("10test/ready");
    assert!(Command::new("mkfifo").arg(&ready).status().unwrap().success());
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    runtime.block_on(async {
        let (sender, control) = unstopped(None);
        let (entry, call) = (bench.loaded.entries[0].clone(), bench.call.clone());
        let attempt = tokio::spawn(async move { entry.backend.run(call, control).await });
        assert_eq!(tokio::fs::read_to_string(&ready).await.unwrap(), "ready\n");
        act(sender, attempt).await;
    });
    drop(runtime);
    bench.close()
}

#[test]
fn a_cancelled_attempt_is_ended_and_final() {
    let mark = interrupted(async |sender, attempt| {
        sender.send(Some(Stop::Cancelled)).unwrap();
        let outcome = attempt.await.unwrap();
        assert_eq!((outcome.kind, outcome.code), (OutcomeKind::Hard, Some(code::CANCELLED)));
    });
    assert_eq!(carriers(&mark), NONE);
}

#[test]
fn an_attempt_is_interrupted_when_the_hub_stops() {
    let mark = interrupted(async |sender, attempt| {
        sender.send(Some(Stop::Stopping)).unwrap();
        let outcome = attempt.await.unwrap();
        assert_eq!(
            (outcome.kind, outcome.status, outcome.code),
            (OutcomeKind::Soft, 2, Some(code::INTERRUPTED))
        );
    });
    assert_eq!(carriers(&mark), NONE);
}

#[test]
fn an_attempt_that_somebody_else_may_be_about_to_begin_has_no_time_to_say_goodbye() {
    let script = "trap 'echo bye >../bye' TERM; echo ready >../ready; setsid sleep 1000 & wait; sleep 1000";
    let (folder, mark) = interrupted_in(script, async |sender, attempt| {
        sender.send(Some(Stop::Unsure)).unwrap();
        let outcome = attempt.await.unwrap();
        assert_eq!((outcome.kind, outcome.code), (OutcomeKind::Soft, Some(code::INTERRUPTED)));
    });
    assert_eq!(carriers(&mark), NONE);
    assert!(!folder.path().join("10test/bye").exists());
}

#[test]
fn an_attempt_that_nobody_waits_for_is_ended() {
    let mark = interrupted(async |_sender, attempt| {
        attempt.abort();
        assert!(attempt.await.unwrap_err().is_cancelled());
    });
    assert_eq!(carriers(&mark), NONE);
}

#[test]
fn an_attempt_that_was_stopped_before_it_began_never_runs() {
    let bench = Bench::new("", "echo ran >../ran");
    let (sender, control) = unstopped(None);
    sender.send(Some(Stop::Cancelled)).unwrap();
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_time().max_blocking_threads(1).build().unwrap();
    let outcome = runtime.block_on(async {
        // The only thread for scripts is busy until the attempt has been told.
        let (release, busy) = std::sync::mpsc::channel::<()>();
        let blocker = tokio::task::spawn_blocking(move || busy.recv());
        let attempt = bench.loaded.entries[0].backend.run(bench.call.clone(), control);
        let mut attempt = std::pin::pin!(attempt);
        tokio::select! {
            biased;
            _ = &mut attempt => panic!("it ran"),
            () = tokio::task::yield_now() => {}
        }
        release.send(()).unwrap();
        blocker.await.unwrap().unwrap();
        attempt.await
    });
    assert_eq!(outcome.code, Some(code::CANCELLED));
    assert!(!bench.folder.path().join("10test/ran").exists());
}

#[test]
fn at_start_carriers_of_unfinished_attempts_are_ended_and_no_others() {
    let (ours, other) = (mark(), mark());
    let start = |mark: &RunMark, script: &str| {
        let mut command = Command::new("/bin/sh");
        command.args(["-c", script]).env("INTENDANT_RUN", mark.to_string());
        command.stdout(Stdio::piped()).spawn().unwrap()
    };
    let mut lost = start(&ours, "trap '' TERM; (setsid sh -c 'echo up; exec sleep 1000'); sleep 1000");
    let mut stays = start(&other, "echo up; exec sleep 1000");
    for child in [&mut lost, &mut stays] {
        let mut up = [0; 3];
        std::io::Read::read_exact(child.stdout.as_mut().unwrap(), &mut up).unwrap();
    }
    let ended = kill_carriers([&ours, &mark()]);
    assert_eq!((ended.gone.len(), ended.left.len()), (2, 0), "{ended:?}");
    assert_eq!(carriers(&ours), NONE);
    assert_eq!(carriers(&other).len(), 1);
    lost.wait().unwrap();
    stays.kill().unwrap();
    stays.wait().unwrap();
}

#[test]
fn nothing_is_ended_where_there_is_nothing_to_end() {
    assert!(kill_carriers([]).is_empty());
    assert!(kill_carriers([&mark()]).is_empty());
}

/// How many descriptors and children (zombies too) this process has.
fn usage() -> (usize, usize) {
    let descriptors = fs::read_dir("/proc/self/fd").unwrap().count();
    let children = fs::read_dir("/proc/self/task")
        .unwrap()
        .map(|task| fs::read_to_string(task.unwrap().path().join("children")).unwrap_or_default())
        .map(|children| children.split_whitespace().count())
        .sum();
    (descriptors, children)
}

fn resident() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

/// Nothing accumulates: not descriptors, not children, not memory; and the next run is as good as the first.
#[test]
fn nasty_scripts_leave_nothing_behind() {
    let nasty = [
        "exit 0",
        "exec >&- 2>&-; sleep 0.01",
        "exec <&-",
        "head -c 30000000 /dev/zero",
        "head -c 30000000 /dev/zero >&2",
        "kill -9 $$",
        "kill -SEGV $$",
        "printf '{\"status\": 0'",
        "head -c 2000000 /dev/zero | tr '\\0' '{'",
        "sleep 1000",
        "setsid sleep 1000 >/dev/null 2>&1 & sleep 1000",
        "sleep 1000 >/dev/null 2>&1 & exit 3",
        "/nonexistent",
        "ulimit -u 1; sleep 1 & sleep 1",
        "cat; cat; cat",
    ];
    let folder = Folder::new();
    for (place, script) in nasty.iter().enumerate() {
        folder.backend(&format!("{place:02}nasty"), "    timeout: 200ms\n", script);
    }
    folder.backend("99good", "", &format!("cat >/dev/null; {DONE}"));
    // The backends go after each round, and with them what looks after their scripts.
    let round = || {
        let loaded = folder.load();
        for entry in &loaded.entries {
            let (call, body) = (call(json!({})), json!({"payload": "x".repeat(200_000)}));
            let outcome = run_entry(entry, Call { body: body.into(), ..call }, None);
            assert_eq!(
                outcome.kind == OutcomeKind::Done,
                &*entry.name == "99good",
                "{}: {outcome:?}",
                entry.name
            );
        }
    };
    round();
    let (before, memory) = (usage(), resident());
    for _ in 0..4 {
        round();
    }
    assert_eq!(usage(), before);
    assert_eq!(before.1, 0, "no child is left, not even a zombie");
    assert!(resident() < memory + 12_000, "{memory} kB grew to {} kB", resident());
}

#[test]
fn a_gigabyte_on_each_stream_is_counted_and_not_kept() {
    let bench = Bench::new(
        "",
        &format!("head -c 1073741824 /dev/zero & head -c 1073741824 /dev/zero >&2; wait; {DONE}"),
    );
    let before = resident();
    let outcome = bench.run();
    assert_eq!(outcome.kind, OutcomeKind::Done, "{:?}", outcome.code);
    assert!(resident() < before + 16_000, "{before} kB grew to {} kB", resident());
    assert!(outcome.log.unwrap().starts_with("[214"));
}
