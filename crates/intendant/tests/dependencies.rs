//! What routes and backends declare that they ask over HTTP: shown with whether it answers, and read anew by a reload.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![allow(missing_docs, unreachable_pub)]

mod support;

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::process::Command;
use std::time::Duration;

use serde_json::{Value, json};
use support::World;
use testkit::wait;

const LONG: Duration = Duration::from_mins(2);
/// Nobody listens there.
const NOWHERE: &str = "http://127.0.0.1:1/api";

/// A referential that answers whoever asks, and its address.
fn referential() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/api", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let _ = stream.read(&mut [0; 4096]);
            // It does not know us, and it is there.
            let _ = stream
                .write_all(b"HTTP/1.1 401 Unauthorized\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
        }
    });
    url
}

fn needs(name: &str, url: &str) -> String {
    format!("depends_on: [{{name: {name}, url: '{url}', why: reads members}}]")
}

/// A route whose backend is asked for mailing lists; the broker is away, which matters to none of this.
fn configure(world: &World, needed: &str) {
    world.configure(&format!(
        "bus:\n  lists:\n    url: amqp://127.0.0.1:1\n    routes:\n      request.mailinglist.update:\n        action: LIST_UPDATE\n        {needed}\n"
    ));
}

fn backend(world: &World, needed: &str) {
    world.file(
        "backends/10lists/config.yml",
        format!("_version: 1\nname: 10lists\ndescription: of a test\nactive: true\n{needed}\nactions:\n  LIST_UPDATE:\n    script: main.sh\n"),
    );
}

fn ask(world: &World, path: &str) -> Value {
    let output = Command::new("curl")
        .args(["-s", "--unix-socket", &world.text("socket"), &format!("http://hub{path}")])
        .output()
        .unwrap();
    serde_json::from_slice(&output.stdout).unwrap()
}

/// The dependencies of the hub, by name, once each of these is as it is said.
fn stand(world: &World, expected: &[(&str, bool)]) {
    let expected: Vec<(String, bool)> =
        expected.iter().map(|(name, ready)| (format!("dependency {name}"), *ready)).collect();
    let mut seen = Vec::new();
    let same = wait::until(LONG, || {
        let readiness = ask(world, "/readyz");
        let parts = readiness["parts"].as_array().unwrap();
        let parts = parts.iter().filter(|part| part["name"].as_str().unwrap().starts_with("dependency"));
        let is_tried = |part: &Value| part["ready"] == true || part["why"].is_string();
        seen = parts
            .filter(|part| is_tried(part))
            .inspect(|part| assert_eq!(part["optional"], true))
            .map(|part| (part["name"].as_str().unwrap().to_owned(), part["ready"] == true))
            .collect();
        seen.sort();
        (seen == expected).then_some(())
    });
    assert!(same.is_some(), "{seen:?}, and not {expected:?}");
}

#[test]
fn dependencies_are_shown_and_read_anew() {
    let world = World::new();
    let gram = referential();
    world.backend("10lists", "echo '{\"status\": 0}'");
    backend(&world, &needs("GrAM", &gram));
    configure(&world, &needs("LDAP", NOWHERE));

    let check = world.run(&["backends", "check"]);
    assert!(
        check.stdout.contains(&format!("10lists depends on GrAM at {gram} (reads members): it answers")),
        "{check:?}"
    );
    assert_eq!(check.code, 0);
    let doctor = world.run(&["doctor"]).stdout;
    assert!(doctor.contains(&format!("GrAM at {gram} (reads members) answers")), "{doctor}");
    assert!(doctor.contains(&format!("LDAP at {NOWHERE} (reads members) is not reached")), "{doctor}");
    assert_eq!(doctor.matches(NOWHERE).count(), 1, "said once: {doctor}");
    let catalogue = world.run(&["bus", "catalogue", "--json"]).json();
    let named = |catalogue: &Value| -> Vec<Value> {
        let entries = catalogue["entries"].as_array().unwrap().clone();
        let needed = entries.iter().filter_map(|entry| entry["depends_on"].as_array());
        needed.flatten().map(|needed| needed["name"].clone()).collect()
    };
    assert_eq!(named(&catalogue), [json!("LDAP"), json!("GrAM")]);

    let hub = world.serve();
    stand(&world, &[("GrAM", true), ("LDAP", false)]);
    let shown = ask(&world, "/api/v1/bus/catalogue");
    assert_eq!(named(&shown), [json!("LDAP"), json!("GrAM")]);
    assert_eq!(shown["dependencies"].as_array().unwrap().len(), 2);
    assert_eq!(ask(&world, "/api/v1/backends")[0]["depends_on"][0]["url"], gram);

    // What is gone is forgotten, what is new is looked at, what stays stays.
    backend(&world, &needs("Wiki", NOWHERE));
    configure(&world, &needs("GrAM", &gram));
    assert_eq!(world.run(&["backends", "reload"]).code, 0);
    stand(&world, &[("GrAM", true), ("Wiki", false)]);
    let check = world.run(&["backends", "check", "--json"]).json();
    assert_eq!(check["dependencies"][0]["name"], "Wiki");
    assert_eq!(check["dependencies"][0]["reachable"], false);

    backend(&world, "");
    configure(&world, "reply: true");
    assert_eq!(world.run(&["backends", "reload"]).code, 0);
    stand(&world, &[]);
    assert_eq!(hub.stop(), Some(0));
}
