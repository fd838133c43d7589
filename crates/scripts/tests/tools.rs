//! What a person asks for: a skeleton, and one run in full view.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod common;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use common::{ACTION, Folder, call, mark};
use engine::port::Call;
use intendant_scripts::{Error, Language, Skeleton, Stream, check};
use model::mask::Mask;
use model::redact::take_secrets;
use model::{Outcome, OutcomeKind};
use serde_json::json;

/// As it is made when nothing is said of it.
fn scaffold(folder: &Path, name: &str) -> Result<PathBuf, Error> {
    intendant_scripts::scaffold(folder, name, Skeleton::default())
}

fn ask(folder: &Folder, name: &str, action: &str) -> Outcome {
    let loaded = folder.load();
    let call = Call { action: action.into(), ..call(json!({"concernedTo": "1"})) };
    loaded.backend(name).unwrap().debug(&call).unwrap().outcome
}

#[test]
fn a_skeleton_is_sound_and_runs() {
    let folder = Folder::new();
    let home = scaffold(folder.path(), "mailbox").unwrap();
    assert_eq!(home, folder.path().join("10mailbox"));
    assert_eq!(check(folder.path()), []);
    let ping = ask(&folder, "mailbox", "PING_TARGET");
    assert_eq!((ping.kind, ping.message.as_deref()), (OutcomeKind::Done, Some("I am alive")));
    assert_eq!(ask(&folder, "mailbox", ACTION).kind, OutcomeKind::Done);
}

/// Each as a worker, too, and each the other way round once its `mode` is changed.
#[test]
fn a_skeleton_in_any_language_is_sound_and_runs() {
    for language in [Language::Sh, Language::Python, Language::Node] {
        for worker in [false, true] {
            let folder = Folder::new();
            let home =
                intendant_scripts::scaffold(folder.path(), "mailbox", Skeleton { language, worker }).unwrap();
            let config = fs::read_to_string(home.join("config.yml")).unwrap();
            assert_eq!(config.contains("\nmode: worker\n"), worker, "{language:?}");
            let mut ways = vec![config.clone()];
            if config.contains("mode: worker") {
                let other = if worker { "mode: script" } else { "\nmode: worker" };
                ways.push(config.replace("#mode: worker", other).replace("mode: worker", other.trim()));
            }
            for config in ways {
                fs::write(home.join("config.yml"), &config).unwrap();
                assert_eq!(check(folder.path()), [], "{config}");
                let ping = ask(&folder, "mailbox", "PING_TARGET");
                let found = (ping.kind, ping.message.as_deref());
                assert_eq!(found, (OutcomeKind::Done, Some("I am alive")), "{language:?}: {ping:?}");
                let outcome = ask(&folder, "mailbox", ACTION);
                assert_eq!(outcome.kind, OutcomeKind::Done, "{language:?}: {outcome:?}");
                assert!(outcome.message.unwrap().starts_with("nothing is done yet"));
            }
        }
    }
}

#[test]
fn skeletons_follow_one_another() {
    let folder = Folder::new();
    folder.backend("02first", "", "true");
    assert!(scaffold(folder.path(), "second").unwrap().ends_with("03second"));
    assert!(scaffold(folder.path(), "third").unwrap().ends_with("04third"));
    assert!(matches!(scaffold(folder.path(), "second"), Err(Error::NameTaken { .. })));
    folder.write("99last/config.yml", "");
    assert!(scaffold(folder.path(), "early").unwrap().ends_with("00early"));
    let left: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert!(left.iter().all(|name| !name.to_str().unwrap().starts_with('.')), "{left:?}");
}

#[test]
fn a_name_that_cannot_be_a_folders_is_refused() {
    let folder = Folder::new();
    for name in ["", "../x", "A", "1x", "a b", "é", "a/b", ".a", "-a"] {
        let error = scaffold(folder.path(), name).unwrap_err();
        assert!(matches!(error, Error::BadName(_)), "{name}");
        assert!(error.to_string().contains("small letters"));
    }
    let error = scaffold(&folder.path().join("no/such/../folder\0"), "x").unwrap_err();
    assert!(matches!(error, Error::Write { .. }), "{error}");
}

#[test]
fn debug_shows_everything_about_a_run() {
    let folder = Folder::new();
    folder.backend(
        "10test",
        "",
        "cat; echo; echo '{\"status\": 4, \"message\": \"no\"}' >&2; echo complaint >&2; exit 4",
    );
    let loaded = folder.load();
    let shown = loaded.backends[0].debug(&call(json!({"concernedTo": null, "b": 1.5}))).unwrap();
    let bin = folder.path().join("10test/bin");
    assert_eq!(
        (shown.command, shown.through_shell),
        (bin.join("run.sh").to_str().unwrap().to_owned(), false)
    );
    assert_eq!(shown.cwd, bin);
    assert_eq!(shown.stdin, r#"{"concernedTo":null,"b":1.5}"#);
    assert_eq!(shown.stdout, "{\"concernedTo\":null,\"b\":1.5}\n");
    assert_eq!(shown.stderr, "{\"status\": 4, \"message\": \"no\"}\ncomplaint\n");
    assert_eq!((shown.ending.as_deref(), shown.answer_on), (Some("exit code 4"), Some(Stream::Stderr)));
    assert_eq!((shown.outcome.kind, shown.outcome.status), (OutcomeKind::Hard, 4));
}

#[test]
fn debug_masks_secrets_unless_they_are_asked_for() {
    let folder = Folder::new();
    folder.backend("10test", "", "cat; exit 1");
    let loaded = folder.load();
    let body = json!({"payload": {"newPassword": "battery staple"}});
    let secrets = take_secrets(&mut body.clone(), &[]);
    let masked = Call { mask: Arc::new(Mask::new(&secrets)), ..call(body.clone()) };
    let shown = serde_json::to_string(&loaded.backends[0].debug(&masked).unwrap()).unwrap();
    assert!(!shown.contains("battery"), "{shown}");
    let revealed = loaded.backends[0].debug(&call(body.clone())).unwrap();
    assert_eq!((revealed.stdin, revealed.stdout), (body.to_string(), body.to_string()));
}

#[test]
fn debug_says_why_nothing_was_run() {
    let folder = Folder::new();
    folder.backend("10test", "", "true");
    fs::remove_file(folder.path().join("10test/bin/run.sh")).unwrap();
    let loaded = folder.load();
    let missing = loaded.backends[0].debug(&call(json!({}))).unwrap();
    assert_eq!((missing.ending, missing.outcome.status), (None, 127));
    let unmapped = Call { action: "NO_SUCH".into(), mark: mark(), ..call(json!({})) };
    let unmapped = loaded.backends[0].debug(&unmapped).unwrap();
    assert!(unmapped.outcome.message.unwrap().contains("does not map NO_SUCH"));
}
