//! A machine that lacks descriptors: no script is begun by halves, and no backend is blamed.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod common;

use std::fs;

use common::{Folder, call, unstopped};
use model::{Outcome, OutcomeKind};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use serde_json::json;

/// Takes all descriptors that are left, of few.
fn take_all() -> Vec<fs::File> {
    setrlimit(Resource::Nofile, Rlimit { current: Some(64), ..getrlimit(Resource::Nofile) }).unwrap();
    std::iter::from_fn(|| fs::File::open("/dev/null").ok()).collect()
}

#[test]
fn an_attempt_without_a_descriptor_is_not_begun_and_costs_nothing() {
    whole_or_not_begun("    timeout: 30s\n", "cat >../seen; echo x >>../begun; echo '{\"status\": 0}'");
}

/// Another worker is started for each.
#[test]
fn a_worker_is_asked_whole_or_not_at_all() {
    let script = r#"echo '{"ready":1}'; read -r line; rest=${line#*\"id\":}
document=${line#*\"document\":}; printf '%s' "${document%\}}" >../seen; echo x >>../begun
echo "{\"id\":${rest%%,*},\"status\":0}"; read -r line"#;
    whole_or_not_begun("    timeout: 30s\n    mode: worker\n    worker: {jobs: 1}\n", script);
}

/// With room for none, for one, and so on until there is enough: each attempt is either made whole or not begun.
fn whole_or_not_begun(keys: &str, script: &str) {
    let folder = Folder::new();
    folder.backend("10test", keys, script);
    let loaded = folder.load();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let run = |size: usize| -> Outcome {
        let (_sender, control) = unstopped(None);
        runtime.block_on(loaded.entries[0].backend.run(call(json!({"payload": "x".repeat(size)})), control))
    };
    assert_eq!(run(10).kind, OutcomeKind::Done);
    let (mut begun, mut short) = (1, 0);
    for room in 0..16 {
        let mut taken = take_all();
        taken.truncate(taken.len() - room);
        let outcome = run(200_000);
        drop(taken);
        let lines = fs::read_to_string(folder.path().join("10test/begun")).unwrap().lines().count();
        if outcome.kind == OutcomeKind::Done {
            begun += 1;
            assert_eq!(fs::metadata(folder.path().join("10test/seen")).unwrap().len(), 200_014);
        } else {
            short += 1;
            assert!(outcome.is_shortage(), "with room for {room}: {outcome:?}");
            assert!(outcome.message.unwrap().contains("Too many open files"));
        }
        assert_eq!(lines, begun, "with room for {room}");
    }
    assert!(short >= 3 && begun >= 3, "{short} {begun}");
}
