//! The pages for authors of backends show what scripts are really given: each action of Sesame's orchestrator and of the
//! register, captured from a script, stands there word for word.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![allow(missing_docs, unreachable_pub)]

mod support;

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};
use support::{World, request};
use testkit::wait;

/// Where each page is.
const PAGES: [&str; 2] = ["docs/en/actions.md", "docs/fr/actions.md"];
/// All actions of the vocabulary, and the example of each in the shape in which Sesame's orchestrator sends it.
const ACTIONS: [(&str, &str); 9] = [
    ("IDENTITY_CREATE", "identity-create.json"),
    ("IDENTITY_UPDATE", "identity-update.json"),
    ("IDENTITY_DELETE", "identity-delete.json"),
    ("IDENTITY_DISABLE", "identity-disable.json"),
    ("IDENTITY_ENABLE", "identity-enable.json"),
    ("IDENTITY_PASSWORD_CHANGE", "identity-password-change.json"),
    ("IDENTITY_PASSWORD_RESET", "identity-password-reset.json"),
    ("IDENTITY_LIFECYCLE_CHANGED", "identity-lifecycle-changed.json"),
    ("PING_TARGET", "ping-target.json"),
];
/// Only a test that fails waits so long.
const LONG: Duration = Duration::from_mins(2);
/// Widest line of a page, in characters.
const WIDTH: usize = 110;

/// A backend that keeps what it is given, for every action.
fn keeping(world: &World) {
    let home = world.path("backends/10all");
    fs::create_dir_all(home.join("bin")).unwrap();
    let mapped = ACTIONS.map(|(action, _)| format!("  {action}: {{script: keep.sh}}\n")).concat();
    let config = format!("_version: 1\nname: 10all\ndescription: ''\nactive: true\nactions:\n{mapped}");
    fs::write(home.join("config.yml"), config).unwrap();
    let script = format!(
        "#!/bin/sh\ncat >'{}/'$INTENDANT_ACTION\necho '{{\"status\": 0, \"message\": \"kept\"}}'\n",
        world.text("kept")
    );
    support::executable(&home.join("bin/keep.sh"), &script);
    fs::create_dir(world.path("kept")).unwrap();
}

fn kept(world: &World, action: &str) -> Value {
    let text = fs::read_to_string(world.path("kept").join(action)).unwrap_or_default();
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{action}: {error}: {text:?}"))
}

/// What is given for what Sesame's orchestrator sends.
fn of_sesame() -> Vec<(String, Value)> {
    let world = World::new();
    keeping(&world);
    let given = ACTIONS.map(|(action, example)| {
        let ran = world.run(&["run", &request(example)]);
        assert_eq!(ran.code, 0, "{example}: {ran:?}");
        (format!("sesame {action}"), kept(&world, action))
    });
    given.into()
}

/// What is given for what the register sends of the same person.
fn of_register() -> Vec<(String, Value)> {
    let world = World::new();
    keeping(&world);
    let example: Value =
        serde_json::from_str(&fs::read_to_string(request("identity-update.json")).unwrap()).unwrap();
    let person = &example["payload"]["identity"]["identity"];
    let id = person["_id"].as_str().unwrap().to_owned();
    let file = world.file("person.json", json!([person]).to_string());
    let _hub = world.serve();
    let done = |args: &[&str], stdin: &str| {
        let ran = world.run_with(&[&["identities"], args].concat(), stdin);
        assert_eq!(ran.code, 0, "{args:?}: {ran:?}");
    };
    done(&["import", &file, "--validated"], "");
    let mut given = Vec::new();
    for (deed, action) in [
        ("sync", "IDENTITY_UPDATE"),
        ("disable", "IDENTITY_DISABLE"),
        ("enable", "IDENTITY_ENABLE"),
        ("change", "IDENTITY_PASSWORD_CHANGE"),
        ("password", "IDENTITY_PASSWORD_RESET"),
        ("delete", "IDENTITY_DELETE"),
    ] {
        match deed {
            "change" => done(&["password", &id, "--change"], "correct horse\nbattery staple\n"),
            "password" => done(&["password", &id], "battery staple\n"),
            deed => done(&[deed, &id], ""),
        }
        let done = wait::until(LONG, || {
            let listed = world.run(&["identities", "list", "--in", "synchronising", "--json"]).json();
            let at_rest = listed["identities"].as_array().unwrap().is_empty();
            (world.path("kept").join(action).exists() && at_rest).then_some(())
        });
        assert!(done.is_some(), "{action} does not come to an end");
        let mut document = kept(&world, action);
        settle(&mut document, &person["metadata"]);
        given.push((format!("register {action}"), document));
    }
    given
}

/// Puts the example's times and names in the place of this run's.
fn settle(value: &mut Value, metadata: &Value) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                match name.as_str() {
                    "metadata" => member.clone_from(metadata),
                    "lastBackendSync" if member.is_string() => member.clone_from(&metadata["lastUpdatedAt"]),
                    _ => settle(member, metadata),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| settle(item, metadata)),
        _ => {}
    }
}

/// A document in one line.
fn inline(value: &Value) -> String {
    let join = |all: Vec<String>| all.join(", ");
    match value {
        Value::Object(members) => {
            format!(
                "{{{}}}",
                join(members.iter().map(|(name, one)| format!("{}: {}", json!(name), inline(one))).collect())
            )
        }
        Value::Array(items) => format!("[{}]", join(items.iter().map(inline).collect())),
        other => other.to_string(),
    }
}

/// A document as it stands on the page: what fits a line is in one, and plain members fill lines.
fn shown(value: &Value, indent: usize, out: &mut String) {
    let whole = inline(value);
    let members = match value {
        Value::Object(members) if indent + whole.len() > WIDTH => members,
        _ => return out.push_str(&whole),
    };
    out.push('{');
    let (mut room, last) = (0, members.len() - 1);
    for (place, (name, member)) in members.iter().enumerate() {
        let mut text = format!("{}: ", json!(name));
        shown(member, indent + 2, &mut text);
        text.push_str(if place == last { "" } else { "," });
        if member.is_object() || text.len() >= room {
            write!(out, "\n{:1$}{text}", "", indent + 2).unwrap();
            room = if member.is_object() { 0 } else { WIDTH.saturating_sub(indent + 2 + text.len()) };
        } else {
            write!(out, " {text}").unwrap();
            room -= text.len() + 1;
        }
    }
    write!(out, "\n{:1$}}}", "", indent).unwrap();
}

fn block((name, document): &(String, Value)) -> String {
    let mut text = String::new();
    shown(document, 0, &mut text);
    format!("```json {name}\n{text}\n```\n")
}

/// The blocks of a page, in their order.
fn blocks(page: &str) -> Vec<String> {
    let starts = page.match_indices("```json ").map(|(at, _)| &page[at..]);
    starts
        .map(|rest| rest[..rest[3..].find("\n```\n").map_or(rest.len(), |end| end + 8)].to_owned())
        .collect()
}

/// The names of all members, but for those below further classes: what is there is the school's own.
fn names(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                found.insert(name.clone());
                if name != "attributes" {
                    names(member, found);
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| names(item, found)),
        _ => {}
    }
}

#[test]
fn the_pages_for_authors_show_what_scripts_are_given() {
    let (sesame, register) = (of_sesame(), of_register());
    let mut wanted = Vec::new();
    let mut members = BTreeSet::new();
    for (action, _) in ACTIONS {
        let of_action =
            sesame.iter().chain(&register).filter(|(name, _)| name.ends_with(&format!(" {action}")));
        for given in of_action {
            wanted.push(block(given));
            names(&given.1, &mut members);
        }
    }
    for page in PAGES {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(page);
        let text = fs::read_to_string(path).unwrap_or_default();
        assert!(blocks(&text) == wanted, "{page} should have these blocks:\n\n{}", wanted.join("\n"));
        let lacking: Vec<_> =
            members.iter().filter(|name| !text.contains(&format!("| `{name}` |"))).collect();
        assert!(lacking.is_empty(), "{page} does not say what these mean: {lacking:?}");
    }
}
