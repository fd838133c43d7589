//! Backends that look like the real ones, between a real orchestrator and a real directory.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![allow(missing_docs, unreachable_pub)]

#[path = "support/directory.rs"]
mod directory;
mod support;

use directory::{entry, fill, install, tool};
use serde_json::{Value, json};
use support::World;
use testkit::bullmq::{Orchestrator, Version};
use testkit::service::{Kind, Service};

const LONG_MS: u64 = 110_000;
const ALICE: &str = "uid=alice,ou=people,dc=example,dc=org";

/// Whether the directory lets Alice in with this password.
fn lets_in(directory: &Service, password: &str) -> bool {
    tool(directory, "ldapwhoami", (ALICE, password), &[]).status.success()
}

fn alice(mail: &str) -> Value {
    let person =
        json!({ "uid": "alice", "cn": "Alice Liddell", "sn": "Liddell", "mail": mail, "title": null });
    json!({ "_id": "66c22991bdc3c9a7563a9d4f", "inetOrgPerson": person })
}

/// Adds a job and waits for its answer.
fn ask(node: &mut Orchestrator, action: &str, payload: &Value) -> Value {
    let data = json!({ "concernedTo": "66c22991bdc3c9a7563a9d4f", "payload": payload, "options": {} });
    node.ask("ask", json!({ "name": action, "data": data, "ms": LONG_MS })).unwrap()
}

/// The same, for one that succeeds with this message.
#[track_caller]
fn done(node: &mut Orchestrator, action: &str, payload: &Value, message: &str) {
    let answer = ask(node, action, payload);
    assert_eq!(answer["status"], 0, "{answer}");
    assert_eq!(answer["data"][0]["output"]["message"], message, "{answer}");
}

#[test]
fn identities_and_passwords_reach_the_directory() {
    let redis = Kind::Redis.start().unwrap();
    let mut directory = Kind::Slapd.start().unwrap();
    let world = World::new();
    world.configure(&format!("sesame:\n  main:\n    redis: {}\n", redis.url()));
    fill(&world, &directory, "");
    install(&world, &directory);
    let hub = world.serve();
    let mut node = Orchestrator::start(Version::V5, redis.url(), "sesame").unwrap();
    done(&mut node, "PING_TARGET", &json!({}), "I m alive");
    // Each of the shapes that the orchestrator sends.
    let button = json!({ "identity": { "action": "IDENTITY_UPDATE", "identity": alice("old@example.org") } });
    done(&mut node, "IDENTITY_UPDATE", &button, &format!("Entree {ALICE} add"));
    assert!(entry(&directory, "alice").contains("mail: old@example.org"));
    done(&mut node, "IDENTITY_UPDATE", &alice("new@example.org"), &format!("Entree {ALICE} mod"));
    assert!(entry(&directory, "alice").contains("mail: new@example.org"));

    done(
        &mut node,
        "IDENTITY_PASSWORD_RESET",
        &json!({ "uid": "alice", "newPassword": "first-Pw1" }),
        "Password for alice changed",
    );
    assert!(lets_in(&directory, "first-Pw1"));
    let change = |old: &str| json!({ "uid": "alice", "oldPassword": old, "newPassword": "second-Pw2" });
    done(&mut node, "IDENTITY_PASSWORD_CHANGE", &change("first-Pw1"), "Password for alice changed");
    assert!(lets_in(&directory, "second-Pw2") && !lets_in(&directory, "first-Pw1"));

    done(&mut node, "IDENTITY_DISABLE", &alice("new@example.org"), "Identity disabled");
    assert!(entry(&directory, "alice").contains("description: disabled"));
    done(&mut node, "IDENTITY_ENABLE", &alice("new@example.org"), "Identity enabled");
    assert!(entry(&directory, "alice").contains("description: enabled"));

    let wrong = ask(&mut node, "IDENTITY_PASSWORD_CHANGE", &change("a guess"));
    assert_eq!(wrong["status"], 16);
    assert_eq!(wrong["data"][0]["error"]["message"], "openldap: wrong password");

    done(&mut node, "IDENTITY_DELETE", &alice("new@example.org"), &format!("user : {ALICE} deleted"));
    assert_eq!(entry(&directory, "alice"), "");

    directory.crash();
    let down = ask(&mut node, "IDENTITY_UPDATE", &alice("new@example.org"));
    assert_eq!(down["status"], 4);
    assert_eq!(down["data"][0]["error"]["message"], "openldap: the directory does not answer");
    let log = hub.log();
    assert!(!log.contains("Pw1") && !log.contains("Pw2"), "{log}");
    assert_eq!(hub.stop(), Some(0));
}
