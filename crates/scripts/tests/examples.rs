//! The backends in `examples/backends` do what they say, and the original's own way of debugging works as written.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod common;

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use common::{Folder, call, chmod, run_entry};
use engine::port::Call;
use intendant_scripts::{Defaults, load};
use model::{Outcome, OutcomeKind};
use serde_json::{Value, json};

fn examples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/backends")
}

/// An identity, as the orchestrator wraps it.
fn identity() -> Value {
    json!({"concernedTo": "66c22991bdc3c9a7563a9d4f", "payload": {"identity": {"action": "IDENTITY_UPDATE", "identity": {
        "_id": "66c22991bdc3c9a7563a9d4f", "state": 2,
        "inetOrgPerson": {"cn": "DUPONT Alain", "sn": "DUPONT", "givenName": "Hélène", "mail": "ad@lmondomaine.com",
            "mobile": "06 07 08 09 10", "uid": "aabbas", "employeeNumber": ["111111"], "title": ""}
    }}}})
}

/// A copy of one example, so that what it writes does not land in the checkout.
fn copy(name: &str) -> Folder {
    let folder = Folder::new();
    let source = examples().join(name);
    folder.write(&format!("{name}/config.yml"), fs::read(source.join("config.yml")).unwrap());
    for entry in fs::read_dir(source.join("bin")).unwrap() {
        let path = entry.unwrap().path();
        let script = format!("{name}/bin/{}", path.file_name().unwrap().to_str().unwrap());
        chmod(&folder.write(&script, fs::read(&path).unwrap()), fs::metadata(&path).map(|_| 0o755).unwrap());
    }
    folder
}

fn run(folder: &Folder, action: &str, body: Value) -> Outcome {
    let loaded = load(folder.path(), &Defaults::default());
    run_entry(&loaded.entries[0], Call { action: action.into(), ..call(body) }, None)
}

#[test]
fn all_of_them_are_sound() {
    // Whoever owns the repository may be another user than the one who runs the tests.
    let owners = vec![fs::metadata(examples()).unwrap().uid()];
    let loaded = load(&examples(), &Defaults { owners, ..Defaults::default() });
    assert_eq!(loaded.problems, []);
    let names: Vec<_> = loaded.entries.iter().map(|entry| &*entry.name).collect();
    assert_eq!(names, ["dummy", "ldif", "heartbeat", "library"]);
}

/// As the original's guide says: "put a dummy backend first …, then `cat /tmp/dummy.json|./upsertidentity.py`".
#[test]
fn a_script_can_be_debugged_as_the_seed_says() {
    let folder = copy("00dummy");
    let head = "_version: 1\nname: 'xx'\ndescription: 'd'\nactive: true\nactions:\n";
    folder.write("01xx/config.yml", format!("{head}  IDENTITY_UPDATE:\n    script: 'upsertidentity.py'\n"));
    folder.script(
        "01xx/bin/upsertidentity.py",
        "#!/usr/bin/env python3\nimport json, sys\nperson = json.load(sys.stdin)['payload']['identity']['identity']['inetOrgPerson']\n\
         print(json.dumps({'status': 0, 'message': 'Entry ' + person['uid'] + ' of ' + person['cn']}))\n",
    );
    let loaded = load(folder.path(), &Defaults::default());
    let body = identity();
    let dummy = run_entry(&loaded.entries[0], call(body.clone()), None);
    assert_eq!(dummy.message.as_deref(), Some("dummy upsertbackend backend"));
    let by_hub = run_entry(&loaded.entries[1], call(body.clone()), None);
    assert_eq!(by_hub.message.as_deref(), Some("Entry aabbas of DUPONT Alain"));
    let seen: Value = serde_json::from_slice(&fs::read("/tmp/dummy.json").unwrap()).unwrap();
    assert_eq!(seen, body);
    let by_hand = Command::new("/bin/sh")
        .args(["-c", "cd \"$0\"/01xx/bin; cat /tmp/dummy.json|./upsertidentity.py"])
        .arg(folder.path())
        .output()
        .unwrap();
    assert_eq!(serde_json::from_slice::<Value>(&by_hand.stdout).unwrap(), by_hub.data.unwrap());
}

#[test]
fn ldif_writes_a_record_for_each_kind_of_change() {
    let folder = copy("10ldif");
    let person = identity()["payload"]["identity"]["identity"].clone();
    let password = json!({"payload": {"uid": "aabbas", "newPassword": "battery staple"}});
    let steps = [
        ("PING_TARGET", json!({}), "changes.ldif can be written"),
        ("IDENTITY_UPDATE", identity(), "add"),
        ("IDENTITY_UPDATE", json!({"payload": person}), "modify"),
        ("IDENTITY_LIFECYCLE_CHANGED", json!({"payload": {"after": person}}), "modify"),
        ("IDENTITY_PASSWORD_CHANGE", password.clone(), "modify"),
        ("IDENTITY_PASSWORD_RESET", password, "modify"),
        ("IDENTITY_DISABLE", json!({"payload": person}), "modify"),
        ("IDENTITY_ENABLE", json!({"payload": person}), "modify"),
        ("IDENTITY_DELETE", json!({"payload": person}), "delete"),
        ("IDENTITY_CREATE", json!({"payload": person}), "add"),
    ];
    for (action, body, expected) in steps {
        let outcome = run(&folder, action, body);
        assert_eq!(outcome.kind, OutcomeKind::Done, "{action}: {outcome:?}");
        assert!(outcome.message.as_ref().unwrap().ends_with(expected), "{action}: {outcome:?}");
    }
    let file = fs::read_to_string(folder.path().join("10ldif/state/changes.ldif")).unwrap();
    assert_eq!(file.matches("dn: uid=aabbas,ou=people,dc=example,dc=org\n").count(), 9);
    for line in ["givenName:: SMOpbMOobmU=\n", "employeeNumber: 111111\n", "employeeType: inactive\n"] {
        assert!(file.contains(line), "no {line} in {file}");
    }
    assert!(!file.contains("battery staple"));
    let refused = run(&folder, "IDENTITY_UPDATE", json!({"payload": {}}));
    assert_eq!((refused.kind, refused.status), (OutcomeKind::Hard, 1));
    assert_eq!(refused.message.as_deref(), Some("the identity has no inetOrgPerson.uid"));
}

#[test]
fn ldif_records_a_job_once_however_often_it_is_attempted() {
    let folder = copy("10ldif");
    let entry = load(folder.path(), &Defaults::default()).entries[0].clone();
    let first = call(identity());
    let mut second = first.clone();
    second.mark.attempt = 2;
    let messages = [first, second].map(|call| run_entry(&entry, call, None).message.unwrap());
    assert!(messages[0].ends_with("add") && messages[1].ends_with("was recorded already"), "{messages:?}");
}

#[test]
fn heartbeat_answers_whatever_is_sent() {
    let outcome = run(&copy("20heartbeat"), "IDENTITY_UPDATE", json!({"payload": "x".repeat(1 << 20)}));
    assert_eq!(outcome.message.as_deref(), Some("server alive"));
}
