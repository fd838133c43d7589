//! A worker cannot hurt the hub: whatever it says, or does not, it is ended in time, and its attempt is known or told to
//! be unknown.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod common;

use std::fs;
use std::process::Command;
use std::time::Duration;

use common::workers::{Bench, READY, carriers, gone, told};
use engine::port::Stop;
use model::word::code;
use model::{Outcome, OutcomeKind};
use serde_json::{Value, json};

/// Answers for ever, with its process and how often it was asked.
const SOUND: &str = r#"n=0; while read -r line; do n=$((n+1)); echo "{\"id\":$(id "$line"),\"status\":0,\"message\":\"$$ $n\"}"; done"#;

/// What a worker does that was asked once.
fn asked(script: &str) -> Bench {
    Bench::new("", &format!("{READY}\nread -r line\nid=$(id \"$line\")\n{script}"))
}

fn lost(outcome: &Outcome) -> &str {
    assert_eq!((outcome.kind, outcome.code.clone()), (OutcomeKind::Soft, Some(code::LOST)), "{outcome:?}");
    outcome.message.as_deref().unwrap()
}

#[test]
fn one_process_is_asked_again_and_again() {
    let bench = Bench::new("", &format!("{READY}\n{SOUND}"));
    let said: Vec<String> = (0..3).map(|_| bench.run().message.unwrap()).collect();
    let (pid, _) = said[0].split_once(' ').unwrap();
    assert_eq!(said, [1, 2, 3].map(|n| format!("{pid} {n}")));
}

#[test]
fn an_answer_means_what_that_of_a_script_means() {
    let cases: [(&str, OutcomeKind, i32, Option<model::Code>); 5] = [
        (r#""status":0,"message":"m","data":{"a":[1]}"#, OutcomeKind::Done, 0, None),
        (r#""status":4,"message":"m""#, OutcomeKind::Hard, 4, Some(code::FAILED)),
        (r#""status":1,"retry":true"#, OutcomeKind::Soft, 1, Some(code::RETRY)),
        (r#""status":0,"retry_after":7"#, OutcomeKind::Soft, 75, Some(code::RETRY)),
        (r#""message":"no status""#, OutcomeKind::Hard, 32, Some(code::INVALID_ANSWER)),
    ];
    for (members, kind, status, code) in cases {
        let outcome =
            asked(&format!("echo '{{\"id\":'$id',{}}}'; read -r line", members.replace('\'', ""))).run();
        assert_eq!((outcome.kind, outcome.status, outcome.code.clone()), (kind, status, code), "{outcome:?}");
        let data = outcome.data.unwrap();
        assert_eq!(data, serde_json::from_str::<Value>(&format!("{{{members}}}")).unwrap());
    }
}

#[test]
fn what_it_complains_of_belongs_to_the_request() {
    let bench = Bench::new(
        "",
        &format!(
            "{READY}\nwhile read -r line; do echo \"saw $(id \"$line\")\" >&2; echo \"{{\\\"id\\\":$(id \"$line\"),\\\"status\\\":0}}\"; done"
        ),
    );
    for _ in 0..2 {
        let call = bench.call();
        let outcome = bench.run_call(&call, None);
        assert_eq!(outcome.log, Some(format!("saw \"{}\"\n", call.mark)));
    }
}

#[test]
fn the_line_carries_what_the_environment_of_a_script_does() {
    let bench = asked(r#"printf '%s' "$line" >../line; echo "{\"id\":$id,\"status\":0}"; read -r line"#);
    let call = bench.call();
    assert_eq!(bench.run_call(&call, None).kind, OutcomeKind::Done);
    let line: Value = serde_json::from_slice(&fs::read(bench.file("line")).unwrap()).unwrap();
    let mark = call.mark.to_string();
    let job = call.mark.job.to_string();
    let known = json!({"id": mark, "action": common::ACTION, "job": job, "attempt": 1, "run": mark, "deadline": null,
        "dry_run": false, "language": line["language"], "document": {"concernedTo": "1"}});
    assert_eq!(line, known);
    assert_eq!(line.as_object().unwrap().keys().next_back().unwrap(), "document");
}

/// What it said is not believed, what it did is not known, and no process of it is left.
#[test]
fn one_that_breaks_the_protocol_is_ended_and_its_attempt_is_unknown() {
    let answer = r#"echo "{\"id\":$id,\"status\":0}""#;
    let sleep = "sleep 1000";
    let cases = [
        (format!("echo '{{\"id\":\"1\",\"status\":0}}'\n{sleep}"), "another `id`"),
        (format!("echo '{{\"status\":0}}'\n{sleep}"), "another `id`"),
        (
            format!(
                "printf '%s\\n%s\\n' \"{{\\\"id\\\":$id,\\\"status\\\":0}}\" \"{{\\\"id\\\":$id,\\\"status\\\":0}}\"\n{sleep}"
            ),
            "more than one",
        ),
        (format!("id={{}}; {answer}\n{sleep}"), "another `id`"),
        (format!("printf '{{\"id\":\"x\",\"status'; exec >&-\n{sleep}"), "half a line"),
        (format!("exec >&-\n{sleep}"), "closed its output"),
        (format!("printf 'connecting\\n'\n{sleep}"), "not one JSON object; its last line was: connecting"),
        (format!("printf '\\n'\n{sleep}"), "not one JSON object"),
        (
            format!("printf '{{\"id\":%s,\"message\":\"\\377\",\"status\":0}}\\n' \"$id\"\n{sleep}"),
            "not UTF-8",
        ),
        (
            format!(
                "printf '{{\"id\":%s,\"status\":0,\"data\":' \"$id\"; printf '[%.0s' $(seq 5000); echo\n{sleep}"
            ),
            "JSON",
        ),
        (
            format!(
                "printf '{{\"id\":%s,\"status\":0,\"data\":' \"$id\"; printf '[%.0s' $(seq 500); printf ']%.0s' $(seq 500); echo '}}'\n{sleep}"
            ),
            "nested deeper",
        ),
        (format!("head -c 100000000 /dev/zero | tr '\\0' x; echo\n{sleep}"), "more than 1048576 bytes"),
        ("while :; do printf xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx; done".to_owned(), "more than 1048576 bytes"),
        ("yes".to_owned(), "not one JSON object"),
    ];
    for (script, why) in cases {
        let bench = asked(&script);
        let outcome = bench.run();
        assert!(lost(&outcome).contains(why), "{script}: {outcome:?}");
        assert!(gone(&bench), "{script}: {:?}", carriers(&bench));
    }
}

#[test]
fn one_that_ends_in_the_middle_leaves_its_attempt_unknown_as_a_killed_script_does() {
    for (script, code_of, status) in [
        ("kill -9 $$", code::KILLED, 137),
        ("kill -TERM $$", code::KILLED, 143),
        ("exit 3", code::LOST, 3),
        ("exit 0", code::LOST, 1),
        ("printf '{\"id\":'; exit 0", code::LOST, 1),
        ("echo 'Traceback' >&2; exit 1", code::LOST, 1),
    ] {
        let bench = asked(script);
        let outcome = bench.run();
        let found = (outcome.kind, outcome.code.clone(), outcome.status);
        assert_eq!(found, (OutcomeKind::Soft, Some(code_of), status), "{script}: {outcome:?}");
        assert_eq!(outcome.message.as_ref().unwrap().contains("Traceback"), script.contains("Traceback"));
        assert!(gone(&bench), "{script}");
    }
}

/// `systemctl stop` tells workers too: that is no failure of theirs.
#[test]
fn one_that_was_told_to_stop_says_so() {
    assert!(asked("kill -TERM $$").run().was_told_to_stop());
    assert!(asked("trap 'exit 143' TERM; kill -TERM $$").run().was_told_to_stop());
}

#[test]
fn one_that_never_answers_is_ended_at_the_limit_and_another_takes_its_place() {
    let bench = Bench::new(
        "    timeout: 2s\n",
        &format!(
            "{READY}\nif [ ! -e ../hung ]; then touch ../hung; read -r line; setsid sleep 1000 & sleep 1000; fi\n{SOUND}"
        ),
    );
    let outcome = bench.run();
    assert_eq!((outcome.kind, outcome.code.clone()), (OutcomeKind::Soft, Some(code::TIMEOUT)), "{outcome:?}");
    assert!(gone(&bench));
    assert_eq!(bench.run().kind, OutcomeKind::Done);
}

#[test]
fn the_limit_covers_a_large_request_that_is_never_read() {
    let bench = Bench::new("    timeout: 500ms\n", &format!("{READY}\nexec sleep 1000"));
    let call = common::call(json!({"payload": "x".repeat(4 << 20)}));
    assert_eq!(bench.run_call(&call, None).code, Some(code::TIMEOUT));
    assert!(gone(&bench));
}

#[test]
fn a_large_request_and_a_large_answer_pass_each_other() {
    let bench = Bench::new(
        "    limits: {output: 64MiB}\n",
        &format!(
            "{READY}\nwhile IFS= read -r line; do echo \"saw ${{#line}}\" >&2; printf '{{\"status\":0,\"id\":%s,\"data\":\"' \"$(id \"$line\")\"; head -c 3000000 /dev/zero | tr '\\0' y; echo '\"}}'; done"
        ),
    );
    let outcome = bench.run_call(&common::call(json!({"payload": "x".repeat(1 << 20)})), None);
    assert_eq!(outcome.data.unwrap()["data"].as_str().unwrap().len(), 3_000_000);
}

#[test]
fn the_limit_covers_floods_without_end() {
    for flood in [
        "while :; do echo flood >&2; done",
        r#"while :; do echo "{\"id\":$id,\"progress\":{\"done\":1}}"; done"#,
    ] {
        let bench =
            Bench::new("    timeout: 1s\n", &format!("{READY}\nread -r line\nid=$(id \"$line\")\n{flood}"));
        let outcome = bench.run();
        assert_eq!(outcome.code, Some(code::TIMEOUT), "{flood}");
        assert!(outcome.log.unwrap_or_default().len() <= 64 * 1024);
        assert!(gone(&bench));
    }
}

#[test]
fn progress_is_told_while_it_works() {
    let script = r#"echo "{\"id\":$id,\"progress\":{\"done\":3,\"of\":4,\"message\":\"half way\"}}"; echo "{\"id\":$id,\"status\":0}"; read -r line"#;
    let (outcome, progress) = told(&asked(script));
    assert_eq!(outcome.kind, OutcomeKind::Done);
    assert_eq!(
        progress.map(|progress| (progress.done, progress.of, progress.message)),
        Some((Some(3), Some(4), Some("half way".to_owned())))
    );
}

#[test]
fn a_worker_that_never_gets_ready_is_asked_nothing() {
    for (script, keys, kind, code_of, why) in [
        ("exec sleep 1000", "    worker: {ready: 300ms}\n", OutcomeKind::Soft, code::TIMEOUT, "within 300ms"),
        (
            "echo no module >&2; exit 1",
            "",
            OutcomeKind::Soft,
            code::LOST,
            "exit code 1 before it was ready; its last line was: no module",
        ),
        ("echo Hello; sleep 1000", "", OutcomeKind::Hard, code::BACKEND_BROKEN, "Hello"),
        ("echo '{\"ready\":2}'; sleep 1000", "", OutcomeKind::Hard, code::BACKEND_BROKEN, "version 2"),
        (
            "printf '{\"ready\":1}\\n{\"id\":1}\\n'; sleep 1000",
            "",
            OutcomeKind::Hard,
            code::BACKEND_BROKEN,
            "before it was asked",
        ),
        ("head -c 9000000 /dev/zero; sleep 1000", "", OutcomeKind::Hard, code::BACKEND_BROKEN, "more than"),
        (
            "cat >/dev/null; echo '{\"status\":0}'",
            "    timeout: 1s\n",
            OutcomeKind::Soft,
            code::TIMEOUT,
            "no worker was ready",
        ),
    ] {
        let bench = Bench::new(keys, script);
        let outcome = bench.run();
        assert_eq!((outcome.kind, outcome.code.clone()), (kind, Some(code_of)), "{script}: {outcome:?}");
        assert!(outcome.message.as_ref().unwrap().contains(why), "{script}: {outcome:?}");
        assert!(gone(&bench), "{script}");
    }
}

#[test]
fn one_that_speaks_without_being_asked_is_ended_and_never_asked_again() {
    let late = r#"{"id":"x","status":0}"#;
    let bench = Bench::new(
        "",
        &format!(
            "{READY}\nif [ ! -e ../spoke ]; then read -r line; echo \"{{\\\"id\\\":$(id \"$line\"),\\\"status\\\":0,\\\"message\\\":\\\"first\\\"}}\"; sleep 0.2; echo '{late}'; touch ../spoke; sleep 1000; fi\n{SOUND}"
        ),
    );
    assert_eq!(bench.run().message.as_deref(), Some("first"));
    testkit::wait::until(Duration::from_mins(1), || bench.file("spoke").exists().then_some(())).unwrap();
    assert_eq!(bench.run().kind, OutcomeKind::Done);
}

/// Nothing of the request has reached it, so that another one can be asked.
#[test]
fn one_that_closed_its_input_is_replaced_in_silence() {
    let bench = Bench::new(
        "",
        &format!(
            "if [ ! -e ../deaf ]; then exec <&-; touch ../deaf; {READY}; sleep 1000; fi\n{READY}\n{SOUND}"
        ),
    );
    let outcome = bench.run();
    assert_eq!(outcome.kind, OutcomeKind::Done, "{outcome:?}");
}

#[test]
fn one_that_died_while_it_had_nothing_to_do_is_replaced_in_silence() {
    let bench = Bench::new("", &format!("{READY}\n{SOUND}"));
    let pid = |outcome: Outcome| outcome.message.unwrap().split(' ').next().unwrap().to_owned();
    let first = pid(bench.run());
    assert!(Command::new("kill").args(["-9", &first]).status().unwrap().success());
    assert_ne!(pid(bench.run()), first);
}

#[test]
fn another_takes_its_place_after_so_many_requests_and_when_it_is_old_or_large() {
    let bench = Bench::new("    worker: {jobs: 1}\n", &format!("{READY}\n{SOUND}\nprintf x >>../ended"));
    let said: Vec<_> = (0..2).map(|_| bench.run().message.unwrap()).collect();
    assert!(said.iter().all(|said| said.ends_with(" 1")), "{said:?}");
    // It ends in its own order: its input has ended.
    let both = || fs::read(bench.file("ended")).is_ok_and(|ended| ended == b"xx").then_some(());
    testkit::wait::until(Duration::from_mins(1), both).unwrap();
    for keys in ["    worker: {age: 1ms}\n", "    worker: {memory: 1KiB}\n"] {
        let bench = Bench::new(keys, &format!("{READY}\n{SOUND}"));
        let first = bench.run().message.unwrap();
        let other = || bench.run().message.filter(|said| said.split(' ').next() != first.split(' ').next());
        testkit::wait::until(Duration::from_mins(1), other).unwrap_or_else(|| panic!("{keys}"));
    }
}

#[test]
fn one_that_ignores_the_end_of_its_input_is_ended_after_the_grace() {
    let bench = Bench::new(
        "    worker: {grace: 100ms}\n",
        &format!("{READY}\n{SOUND}\ntrap '' TERM; setsid sleep 1000 & sleep 1000"),
    );
    assert_eq!(bench.run().kind, OutcomeKind::Done);
    assert_eq!(carriers(&bench).len(), 1);
    let (folder, journal) = bench.close();
    let none = || common::workers::of(journal).is_empty().then_some(());
    testkit::wait::until(Duration::from_mins(1), none).unwrap();
    drop(folder);
}

#[test]
fn what_a_worker_started_ends_with_it() {
    let script = "setsid sleep 1000 >/dev/null 2>&1 </dev/null & sleep 1000 &";
    let bench = Bench::new("    worker: {jobs: 1}\n", &format!("{READY}\n{script}\n{SOUND}"));
    assert_eq!(bench.run().kind, OutcomeKind::Done);
    assert!(gone(&bench));
}

#[test]
fn cancelling_the_job_ends_the_worker() {
    let bench = Bench::new(
        "",
        &format!("{READY}\nread -r line; echo ready >../ready; setsid sleep 1000 & sleep 1000"),
    );
    let outcome = bench.interrupted(Stop::Cancelled);
    assert_eq!((outcome.kind, outcome.code), (OutcomeKind::Hard, Some(code::CANCELLED)));
    assert!(gone(&bench));
    let outcome = bench.interrupted(Stop::Stopping);
    assert_eq!((outcome.kind, outcome.code), (OutcomeKind::Soft, Some(code::INTERRUPTED)));
    assert!(gone(&bench));
}

#[test]
fn an_attempt_that_was_stopped_before_it_began_is_never_asked_for() {
    let bench = Bench::new("", &format!("{READY}\nread -r line; echo asked >../asked; sleep 1000"));
    assert_eq!(bench.stopped_before(Stop::Cancelled).code, Some(code::CANCELLED));
    assert!(!bench.file("asked").exists());
    // One that is there and has nothing to do is left as it is.
    let bench = Bench::new("", &format!("{READY}\n{SOUND}"));
    let pid = bench.run().message.unwrap();
    assert_eq!(bench.stopped_before(Stop::Stopping).code, Some(code::INTERRUPTED));
    assert_eq!(bench.run().message.unwrap(), pid.replace(" 1", " 2"));
}

#[test]
fn a_worker_that_fails_again_and_again_is_started_less_and_less_often() {
    let bench = Bench::new("", "printf x >>../started; exit 1");
    let outcomes: Vec<_> = (0..4).map(|_| bench.run()).collect();
    assert!(outcomes.iter().all(|outcome| lost(outcome).contains("before it was ready")));
    assert_eq!(fs::read(bench.file("started")).unwrap(), b"xxxx");
    // The pauses of the third and the fourth start are longer than this limit together.
    let outcome = bench.run_call(&bench.call(), Some(Duration::from_millis(300)));
    assert_eq!(outcome.code, Some(code::TIMEOUT), "{outcome:?}");
    assert_eq!(fs::read(bench.file("started")).unwrap(), b"xxxx");
}

#[test]
fn a_reload_keeps_workers_whose_files_are_as_they_were_and_no_others() {
    let mut bench = Bench::new("", &format!("{READY}\n{SOUND}"));
    let first = bench.run().message.unwrap();
    bench.reload();
    let pid = first.split(' ').next().unwrap();
    assert_eq!(bench.run().message.unwrap(), format!("{pid} 2"));
    bench.rewrite(&format!("{READY}\n# another\n{SOUND}"));
    bench.reload();
    let second = bench.run().message.unwrap();
    assert!(second.ends_with(" 1") && !second.starts_with(pid), "{second}");
    let other = || (carriers(&bench).len() == 1).then_some(());
    testkit::wait::until(Duration::from_mins(1), other).unwrap();
}
