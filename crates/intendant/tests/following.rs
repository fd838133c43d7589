//! Schools that are followed, by a hub that is a program of its own: mails to a relay that wants encryption and a password,
//! and a hub that is killed in between.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![allow(clippy::disallowed_methods, reason = "the hub is a program of its own here")]
#![allow(missing_docs, unreachable_pub)]

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};
use support::{World, executable};
use testkit::port::Port;

const SCHOOL: &str = "0750655E";
const SECRET: &str = "licence-code-4711";
const RELAY_PASSWORD: &str = "relay-password-1";
const CONNECTION_PASSWORD: &str = "connection-password-1";

/// The relay in Python, until it is dropped.
struct Relay {
    child: Child,
    lines: BufReader<ChildStdout>,
    port: u16,
}

impl Relay {
    fn start(certificate: &testkit::certificate::Certificate) -> Self {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../notify/tests/relay.py");
        let mut python = Command::new("python3");
        python.arg(script).args([&certificate.certificate, &certificate.key]).args(["hub", RELAY_PASSWORD]);
        let mut child = python.stdout(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        lines.read_line(&mut line).unwrap();
        Relay { child, lines, port: line.trim().parse().unwrap() }
    }

    /// The next mail, as Python reads it.
    fn mail(&mut self) -> Value {
        let mut line = String::new();
        self.lines.read_line(&mut line).unwrap();
        serde_json::from_str(&line).unwrap()
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A backend that does at once whatever a host asks for.
fn backend(world: &World) {
    let home = world.path("backends/10host");
    std::fs::create_dir_all(home.join("bin")).unwrap();
    let actions = ["CREATE", "MOUNT", "OPEN", "ALTER", "DELETE"]
        .map(|action| format!("  HOSTING_{action}:\n    script: main.sh\n    onError: stop\n"))
        .concat();
    let config =
        format!("_version: 1\nname: 10host\ndescription: of a test\nactive: true\nactions:\n{actions}");
    std::fs::write(home.join("config.yml"), config).unwrap();
    let open = json!({"status": 0, "message": "fine", "data": {"connection": {
        "host": "127.0.0.1", "rows": [{"label": "Password", "value": CONNECTION_PASSWORD, "secret": true}],
    }}});
    executable(&home.join("bin/main.sh"), &format!("#!/bin/sh\ncat >/dev/null\necho '{open}'\n"));
}

fn relayed(port: u16, authority: &Path) -> String {
    format!(
        "mail:\n  relay: localhost:{port}\n  user: hub\n  password: {RELAY_PASSWORD}\n  from: École <hub@host.example>\n  authorities: {}\n",
        authority.display()
    )
}

/// How a school stands, once its host was asked.
fn seen(world: &World, rne: &str) -> Value {
    world.run(&["hosting", "watch", rne, "--once", "--json"]).json()
}

fn until(world: &World, rne: &str, what: &str, is_so: impl Fn(&Value) -> bool) -> Value {
    for _ in 0..600 {
        let view = seen(world, rne);
        if is_so(&view) {
            return view;
        }
        std::thread::sleep(Duration::from_millis(200));
    }
    panic!("never {what}: {}", seen(world, rne));
}

#[test]
fn each_step_is_one_mail_which_others_read_without_a_defect_also_when_the_hub_is_killed() {
    let world = World::new();
    backend(&world);
    let certificate = testkit::certificate::make(&world.path("")).unwrap();
    // Nobody listens there yet: mails wait.
    let nowhere = Port::take().unwrap();
    world.configure(&relayed(nowhere.number(), &certificate.certificate));
    let serving = world.serve();
    let followed = world.run_with(
        &[
            "hosting",
            "follow",
            SCHOOL,
            "--griffe",
            "Lycée Moulin",
            "--version",
            "CL",
            "--mail",
            "cdi@lycee.example",
            "--json",
        ],
        format!("{SECRET}\n"),
    );
    assert_eq!((followed.code, followed.json()["how"].as_str()), (0, Some("created")), "{followed:?}");
    until(&world, SCHOOL, "BCDIDBWAIT", |view| view["state"] == "BCDIDBWAIT");
    serving.kill();

    let mut relay = Relay::start(&certificate);
    world.configure(&relayed(relay.port, &certificate.certificate));
    let serving = world.serve();
    let mut mails = Vec::new();
    let waits = |mail: &Value| mail["subject"].as_str().unwrap().contains("vous pouvez envoyer les bases");
    while !mails.last().is_some_and(waits) {
        mails.push(relay.mail());
    }
    // Killed as soon as the relay has it: whether the hub knows that is chance.
    serving.kill();
    let serving = world.serve();
    assert_eq!(world.run(&["hosting", "delete", SCHOOL]).code, 0);
    until(&world, SCHOOL, "BCDIDELETED", |view| view["state"] == "BCDIDELETED");
    let gone = |mail: &Value| mail["subject"].as_str().unwrap().contains("a été supprimé");
    while !mails.last().is_some_and(gone) {
        mails.push(relay.mail());
    }

    let mut ids: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for mail in &mails {
        assert_eq!((&mail["defects"], &mail["to"]), (&json!([]), &json!(["cdi@lycee.example"])), "{mail}");
        let headers = &mail["headers"];
        assert_eq!(
            (&headers["Content-Language"], &headers["Auto-Submitted"]),
            (&json!("fr"), &json!("auto-generated"))
        );
        let stop = headers["List-Unsubscribe"].as_str().unwrap().trim_matches(['<', '>']).to_owned();
        assert_eq!(headers["List-Unsubscribe-Post"], "List-Unsubscribe=One-Click");
        for part in ["text", "html"] {
            let text = mail[part].as_str().unwrap();
            assert!(text.contains("/hosting/v1/school/") && text.contains(&stop), "{stop} in {text}");
            assert!(!text.contains(SECRET) && !text.contains(CONNECTION_PASSWORD), "{text}");
        }
        let word = |name: &str| mail[name].as_str().unwrap().to_owned();
        ids.entry(word("subject")).or_default().insert(word("id"));
    }
    assert!(ids.values().all(|ids| ids.len() == 1), "a repetition has the same id: {ids:#?}");
    let steps = seen(&world, SCHOOL)["steps"].clone();
    let written = steps.as_array().unwrap().iter().filter(|step| step["notice"] == "written").count();
    assert_eq!(written, ids.len(), "one mail for each step that is told: {steps} {ids:#?}");
    for secret in [SECRET, RELAY_PASSWORD, "cdi@lycee.example"] {
        assert!(!serving.log().contains(secret), "{secret}");
    }
}
