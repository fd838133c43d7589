//! What a person asks for: a skeleton, and one run in full view. And the seed's actions.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod common;

use std::fs;
use std::sync::Arc;

use common::{ACTION, Folder, call, mark};
use engine::port::Call;
use intendant_scripts::{Error, Stream, actions, check, scaffold};
use model::mask::Mask;
use model::redact::take_secrets;
use model::{Class, Destructive, Outcome, OutcomeKind};
use serde_json::{Value, json};

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

/// Every shape in which the orchestrator sends one person gives one subject, and hides every password
/// (contracts/sesame.md §1.3).
#[test]
fn one_person_is_one_subject_in_every_shape() {
    let person = json!({"_id": "66c2", "inetOrgPerson": {"uid": "aabbas", "userPassword": "s3cret-word"}});
    let merged = |extra: Value| {
        let mut payload = person.clone();
        payload.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        payload
    };
    let shapes = [
        json!({"identity": {"action": "IDENTITY_UPDATE", "identity": person}}),
        person.clone(),
        json!({"after": person}),
        json!({"before": person, "after": person}),
        merged(json!({"uid": "aabbas", "oldPassword": "s3cret-word", "newPassword": "s3cret-word"})),
    ];
    let (_, spec) = actions().into_iter().find(|(name, _)| name == "IDENTITY_PASSWORD_CHANGE").unwrap();
    for payload in shapes {
        for concerned in [
            json!({"concernedTo": "66c2", "payload": payload}),
            json!({"concernedTo": null, "payload": payload}),
        ] {
            let values =
                spec.subject_pointers.iter().filter_map(|pointer| concerned.pointer(pointer)?.as_str());
            assert_eq!(values.into_iter().next(), Some("66c2"), "{concerned}");
            let mut masked = concerned.clone();
            take_secrets(&mut masked, &spec.secrets);
            assert!(!masked.to_string().contains("s3cret"), "{masked}");
        }
    }
}

#[test]
fn the_seeds_actions_are_in_the_table() {
    let table = actions();
    assert_eq!(table.len(), 9);
    for (name, spec) in &table {
        assert!(spec.null_as_empty && spec.subject_kind.as_deref() == Some("identity"), "{name}");
        let waited_for = name.contains("PASSWORD") || name == "PING_TARGET";
        assert_eq!(spec.class == Class::Interactive, waited_for, "{name}");
        let destroys = match name.as_str() {
            "IDENTITY_DELETE" => Some(Destructive::Delete),
            "IDENTITY_DISABLE" => Some(Destructive::Disable),
            _ => None,
        };
        assert_eq!(spec.destructive, destroys, "{name}");
    }
}
