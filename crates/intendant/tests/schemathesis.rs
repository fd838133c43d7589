//! The API keeps to its own description: Schemathesis asks everything that the description allows, and much that it
//! does not, and finds no answer of 5xx and none that is not described.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![allow(missing_docs, unreachable_pub)]

mod support;

use support::World;
use testkit::schemathesis;

/// What is not asked: streams and waits that do not end by themselves, bodies of lines that Schemathesis cannot write
/// (all with tests of their own), and the removal of tokens, because it guesses its own.
const WITHOUT: &[&str] =
    &["/api/v1/events", "/api/v1/jobs/{id}/wait", "/api/v1/jobs/batch", "/api/v1/tokens/{token}"];
const EXAMPLES: u32 = 15;

#[test]
fn every_answer_is_described() {
    let world = World::new();
    world.configure("http:\n  token_rate: 1000000\n  address_rate: 1000000\n");
    world.backend("10ldap", "echo '{\"status\": 0}'");
    let serving = world.serve();
    world.submit(r#"{"action": "IDENTITY_UPDATE", "concernedTo": "1", "payload": {}}"#);
    let token = world.run(&["token", "make", "schemathesis", "--scope", "admin"]).stdout.trim().to_owned();
    let url = serving.url();
    let description = world.run(&["openapi"]).stdout;
    let output = schemathesis::ask(&url, &description, &token, EXAMPLES, WITHOUT).unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    // It asked, and was let in.
    assert!(said.contains("Test cases:") && !said.contains(" 0 generated"), "{said}");
    serving.stop();
}
