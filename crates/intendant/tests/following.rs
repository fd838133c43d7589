//! Schools that are followed, as programs of their own: mails to a relay that wants encryption and a password, a hub that is
//! killed in between, and a host that is another hub.
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
use support::{Ran, Serving, World, executable};
use testkit::port::Port;

const SCHOOL: &str = "0750655E";
const NEIGHBOUR: &str = "0750654D";
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

/// It ended with this code, and said all of these.
#[track_caller]
fn said(ran: &Ran, code: i32, words: &[&str]) {
    assert_eq!(ran.code, code, "{ran:?}");
    for word in words {
        assert!(ran.stdout.contains(word) || ran.stderr.contains(word), "{word:?} is missing: {ran:?}");
    }
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
    said(&world.run(&["hosting", "delete", SCHOOL]), 0, &[]);
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

/// A hub that hosts, at an address that it has again after a restart.
fn host(world: &World, port: u16) -> Serving {
    let mut command = world.command(&["serve"]);
    command.env("INTENDANT_HTTP__LISTEN", format!("127.0.0.1:{port}"));
    Serving::start(world, command)
}

#[test]
fn a_table_of_schools_at_another_hub_is_followed_and_a_host_that_is_down_is_shown() {
    let (there, here) = (World::new(), World::new());
    backend(&there);
    let port = Port::take().unwrap();
    let hosting = host(&there, port.number());
    let made = there.run(&["token", "make", "shop", "--scope", "hosting:client", "--json"]);
    let token = made.json()["secret"].as_str().unwrap().to_owned();
    here.file("client.key", format!("{token}\n"));
    here.configure(&format!(
        "hosts:\n  bcdi:\n    url: http://127.0.0.1:{}\n    key: file:client.key\n",
        port.number()
    ));
    let serving = here.serve();

    let bad = here.file("bad.csv", "rne;griffe;code;version\n0750655F;x;y;CL\n");
    said(&here.run(&["hosting", "follow", "--csv", &bad]), 1, &["bad.csv:2", "would be E"]);
    said(&here.run(&["hosting", "watch", SCHOOL, "--once"]), 1, &["not followed"]);
    let table = here.file(
        "schools.csv",
        b"RNE;Griffe;Code;Version;Courriel;Host\r\n0750655E;Coll\xe8ge;k-1;CL;cdi@lycee.example;bcdi\r\n0750654D;Lyc\xe9e;k-2;sp;;bcdi\r\n",
    );
    let follow = || here.run(&["hosting", "follow", "--csv", &table, "--json"]).json();
    let done = follow();
    assert_eq!(
        (&done["created"], &done["encoding"], &done["bad"]),
        (&json!(2), &json!("Windows-1252"), &json!([]))
    );
    let view = until(&here, NEIGHBOUR, "BCDIDBWAIT", |view| view["state"] == "BCDIDBWAIT");
    assert_eq!((&view["griffe"], &view["host"]), (&json!("Lycée"), &json!("bcdi")));
    assert_eq!(follow()["known"], 2);

    hosting.kill();
    let view = until(&here, SCHOOL, "in trouble", |view| !view["trouble"].is_null());
    let why = view["trouble"]["message"].as_str().unwrap();
    assert!(why.contains("cannot be reached") && !why.contains(&port.number().to_string()), "{why}");
    assert!(view["steps"].as_array().is_some_and(|steps| !steps.is_empty()), "what was seen is kept: {view}");
    let hosting = host(&there, port.number());
    until(&here, SCHOOL, "well again", |view| view["trouble"].is_null());
    said(&here.run(&["hosting", "unfollow", SCHOOL]), 0, &["told nothing"]);
    said(&here.run(&["hosting", "unfollow", SCHOOL]), 1, &["not followed"]);
    said(&there.run(&["hosting", "show", SCHOOL]), 0, &[]);
    for serving in [&serving, &hosting] {
        assert!(!serving.log().contains(&token) && !serving.log().contains("k-1"), "{}", serving.log());
    }
    let configuration = here.run(&["doctor"]);
    assert!(!configuration.stdout.contains(&token) && !configuration.stderr.contains(&token));
}
