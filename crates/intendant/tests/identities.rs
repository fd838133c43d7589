//! The register of the whole program: from a file to the backends, through failures, kills and restarts.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![allow(missing_docs, unreachable_pub)]

mod support;

use std::collections::HashSet;
use std::fs;
use std::time::Duration;

use serde_json::{Value, json};
use support::{Ran, World};
use testkit::wait;

/// Only a test that fails waits so long.
const LONG: Duration = Duration::from_mins(2);

/// Writes down whom it was asked about; fails for `bad`, while the file `broken` is there.
fn script(world: &World) -> String {
    let (asked, broken, reset) = (world.text("asked"), world.text("broken"), world.text("reset"));
    format!(
        r#"body=$(cat)
uid=$(echo "$body" | sed 's/.*"uid":"\([^"]*\)".*/\1/')
echo "$INTENDANT_ACTION $uid" >>'{asked}'
if [ "$INTENDANT_ACTION" = IDENTITY_PASSWORD_RESET ]; then echo "$body" >'{reset}'; fi
if [ "$uid" = bad ] && [ -e '{broken}' ]; then echo '{{"status": 1, "message": "the mail is not allowed"}}'; exit 1; fi
echo '{{"status": 0, "message": "written"}}'"#
    )
}

const CSV: &str = "LOGIN;NOM;PRENOM\ngood;ONE;Ann\nbad;TWO;Bob\n;THREE;Cat\nshort\n";
const MAPPING: &str = "separator: ';'\nfields: {uid: LOGIN, sn: NOM, cn: '{NOM} {PRENOM}'}\n";

/// Waits until nothing is synchronising.
fn at_rest(world: &World) -> Value {
    for _ in 0..600 {
        let busy = world.run(&["identities", "list", "--in", "synchronising", "--json"]).json();
        if busy["identities"].as_array().unwrap().is_empty() {
            return world.run(&["identities", "list", "--json"]).json();
        }
        // Each look is a process of its own: there is no need to pause between two.
    }
    panic!("it does not come to an end");
}

fn states(world: &World) -> Vec<(String, String)> {
    let mut states: Vec<_> = at_rest(world)["identities"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| (one["label"].as_str().unwrap().to_owned(), one["state"].as_str().unwrap().to_owned()))
        .collect();
    states.sort();
    states
}

fn pair(label: &str, state: &str) -> (String, String) {
    (label.to_owned(), state.to_owned())
}

#[test]
fn from_a_file_to_the_backends() {
    let world = World::new();
    world.backend("10directory", &script(&world));
    let (file, mapping) = (world.file("people.csv", CSV), world.file("mapping.yml", MAPPING));
    world.file("broken", "");
    let hub = world.serve();

    let import = ["identities", "import", file.as_str(), "--mapping", mapping.as_str()];
    let ran = world.run(&import);
    assert_eq!(ran.code, 1, "{ran:?}");
    for said in ["people.csv:4: it has no uid", "people.csv:5: it has 1 cells", "2 new"] {
        assert!(ran.stdout.contains(said), "{said}: {ran:?}");
    }
    let again = world.run(&[&import[..], &["--json"]].concat());
    assert_eq!((&again.json()["unchanged"], &again.json()["new"]), (&2.into(), &0.into()));

    let ran = world.run(&["identities", "state", "to_synchronise", "--in", "to_validate"]);
    assert!(ran.code == 0 && ran.stdout.contains("2 identities are to synchronise now"), "{ran:?}");
    let ran = world.run(&["identities", "sync", "--json"]);
    assert_eq!((ran.code, &ran.json()["done"]), (0, &2.into()), "{ran:?}");
    let found = states(&world);
    assert_eq!(found, [pair("ONE Ann · good", "synchronised"), pair("TWO Bob · bad", "in_error")]);
    let bad = world.run(&["identities", "list", "--in", "in_error", "--json"]).json();
    let id = bad["identities"][0]["id"].as_str().unwrap().to_owned();
    let shown = world.run(&["identities", "show", &id]);
    assert!(shown.stdout.contains("the mail is not allowed"), "{shown:?}");

    fs::remove_file(world.path("broken")).unwrap();
    assert_eq!(world.run(&["identities", "sync", &id]).code, 0);
    let found = states(&world);
    assert!(found.iter().all(|(_, state)| state == "synchronised"), "{found:?}");

    let ran = world.run_with(&["identities", "password", &id], "\u{feff}new-Password-1\r\n");
    assert!(ran.code == 0 && ran.stdout.contains("the password is set"), "{ran:?}");
    let reset = fs::read_to_string(world.path("reset")).unwrap();
    assert!(
        reset.contains(r#""newPassword":"new-Password-1""#),
        "a byte order mark is no part of it: {reset}"
    );
    let ran = world.run(&["identities", "delete"]);
    assert_eq!(ran.code, 2, "nothing was selected: {ran:?}");
    assert_eq!(world.run(&["identities", "delete", &id]).code, 0);
    assert!(states(&world).contains(&pair("TWO Bob · bad", "deleted")));
    let exported = world.run(&["identities", "export", "--format", "csv", "--text", "one"]);
    assert!(
        exported.stdout.lines().nth(1).unwrap().contains(",synchronised,good,ONE Ann,ONE,"),
        "{exported:?}"
    );
    let asked = fs::read_to_string(world.path("asked")).unwrap();
    assert_eq!(asked.lines().filter(|line| *line == "IDENTITY_UPDATE bad").count(), 2, "{asked}");
    assert!(
        asked.contains("IDENTITY_PASSWORD_RESET bad") && asked.contains("IDENTITY_DELETE bad"),
        "{asked}"
    );
    let good = exported.stdout.lines().nth(1).unwrap().split(',').next().unwrap().to_owned();
    world.run(&["identities", "erase", &good]).said(1, &["delete it from the backends first"]);
    let erased = world.run(&["identities", "erase", &id]);
    assert!(erased.code == 0 && erased.stdout.contains("its data is erased"), "{erased:?}");
    world.run(&["identities", "show", &id]).said(1, &["there is no identity"]);
    assert_eq!(states(&world), [pair("ONE Ann · good", "synchronised")]);
    drop(hub);
}

/// What the README says, word for word: import, validate, synchronise.
#[test]
fn the_sequence_of_the_readme_works_as_it_is_written() {
    for readme in ["README.md", "README.fr.md"] {
        let world = World::new();
        world.backend("10directory", &script(&world));
        world.file("people.csv", "uid,cn,sn\ngood,ONE Zoé,ONE\nbad,TWO Bob,TWO\nworse,THREE Cat,THREE\n");
        world.file("broken", "");
        let hub = world.serve();
        let text = fs::read_to_string(support::examples().join("..").join(readme)).unwrap();
        let lines = text.lines().filter_map(|line| line.strip_prefix("intendant identities "));
        let commands: Vec<&str> = lines.map(|line| line.split('#').next().unwrap().trim()).collect();
        assert!(commands.len() == 3 && commands[2].starts_with("sync"), "{commands:?}");
        let mut ran = Vec::new();
        for command in commands {
            let words = command
                .split(' ')
                .map(|word| if word == "people.csv" { world.text(word) } else { word.to_owned() });
            let words: Vec<String> = std::iter::once("identities".to_owned()).chain(words).collect();
            ran.push(world.run(&words.iter().map(String::as_str).collect::<Vec<_>>()));
        }
        assert!(ran[0].code == 0 && ran[0].stdout.contains("3 new"), "{ran:?}");
        assert!(ran[1].code == 0 && ran[1].stdout.contains("3 identities are to be synchronised"), "{ran:?}");
        assert_eq!(ran[2].code, 1, "one has failed: {ran:?}");
        for said in ["2 succeeded", "1 failed", "1 × 10directory: the mail is not allowed"] {
            assert!(ran[2].stdout.contains(said), "{said}: {ran:?}");
        }
        let runs = world.run(&["identities", "runs", "--json"]).json();
        let run = &runs["runs"][0];
        assert_eq!(
            (&run["succeeded"], &run["failed"], &run["stage"]),
            (&2.into(), &1.into(), &"ended".into()),
            "{runs}"
        );
        let jobs = world.run(&[
            "jobs",
            "list",
            "--state",
            "failed",
            "--text",
            run["id"].as_str().unwrap(),
            "--json",
        ]);
        assert!(jobs.stdout.contains("the mail is not allowed"), "{jobs:?}");
        drop(hub);
    }
}

#[test]
fn a_kill_in_the_middle_of_an_import_is_made_good_by_the_same_command() {
    const PEOPLE: u64 = 10_000;
    let world = World::new();
    world.backend("10directory", &script(&world));
    let person = |n| json!({"inetOrgPerson": {"uid": format!("u{n}"), "cn": format!("U{n} X"), "sn": "X"}});
    let people: Vec<String> = (0..PEOPLE).map(|n| person(n).to_string()).collect();
    let file = world.file("people.ndjson", people.join("\n"));
    let import = ["identities", "import", "--json", &file];
    let hub = world.serve();
    let broken_off = world.command(&import).spawn().unwrap();
    // The first ones are in.
    let begun = wait::until(LONG, || {
        let listed = world.run(&["identities", "list", "--limit", "1", "--json"]).json();
        (!listed["identities"].as_array().unwrap().is_empty()).then_some(())
    });
    assert!(begun.is_some(), "{}", hub.log());
    hub.kill();
    let broken_off = Ran::from(broken_off.wait_with_output().unwrap());
    assert_eq!(broken_off.code, 1, "it was over before the kill: {broken_off:?}");

    let hub = world.serve();
    let report = world.run(&import).json();
    let [new, unchanged] = ["new", "unchanged"].map(|name| report[name].as_u64().unwrap());
    assert!(new > 0 && unchanged > 0, "killed in the middle: {report}");
    assert_eq!((new + unchanged, &report["changed"], &report["bad"]), (PEOPLE, &json!(0), &json!([])));
    let again = world.run(&import).json();
    assert_eq!((&again["new"], &again["unchanged"]), (&json!(0), &json!(PEOPLE)));
    let listed = world.run(&["identities", "list", "--limit", "1"]);
    assert!(listed.stderr.contains(&format!("in all: {PEOPLE} to validate")), "{listed:?}");
    let exported = world.run(&["identities", "export"]).lines();
    let people: HashSet<&str> =
        exported.iter().map(|one| one["inetOrgPerson"]["uid"].as_str().unwrap()).collect();
    assert_eq!(
        (exported.len() as u64, people.len() as u64),
        (PEOPLE, PEOPLE),
        "nobody is missing or there twice"
    );
    drop(hub);
}

#[test]
fn a_kill_in_the_middle_loses_nobody_and_asks_nobody_twice() {
    let world = World::new();
    world.backend("10directory", &script(&world));
    let person = |n: u32| format!(r#"{{"inetOrgPerson": {{"uid": "u{n}", "cn": "U{n} X", "sn": "X"}}}}"#);
    let people: Vec<String> = (0..60).map(person).collect();
    let file = world.file("people.ndjson", people.join("\n"));
    let hub = world.serve();
    let ran = world.run(&["identities", "import", &file, "--validated"]);
    assert!(ran.code == 0 && ran.stdout.contains("60 new"), "{ran:?}");
    assert_eq!(world.run(&["identities", "sync", "--json"]).json()["done"], 60);
    hub.kill();
    let hub = world.serve();
    let again = world.run(&["identities", "sync", "--json"]).json();
    assert_eq!(again["done"], 0, "all were accepted before the kill");
    let found = states(&world);
    assert_eq!(found.len(), 50, "a page");
    assert!(found.iter().all(|(_, state)| state == "synchronised"), "{found:?}");
    let jobs = world.run(&["jobs", "list", "--limit", "1000", "--source", "identities", "--json"]).json();
    assert_eq!(jobs["jobs"].as_array().unwrap().len(), 60, "one job each");
    drop(hub);
}

#[test]
fn the_schedule_presses_the_button() {
    let world = World::new();
    world.configure("identities:\n  schedule: '* * * * * *'\n  time_zone: UTC\n");
    world.backend("10directory", &script(&world));
    let one = r#"{"inetOrgPerson": {"uid": "a", "cn": "A B", "sn": "B"}}"#;
    let file = world.file("one.ndjson", one);
    let hub = world.serve();
    assert_eq!(world.run(&["identities", "import", &file, "--validated"]).code, 0);
    let done = (0..600).any(|_| {
        let shown = world.run(&["identities", "list", "--in", "synchronised", "--json"]).json();
        !shown["identities"].as_array().unwrap().is_empty()
    });
    assert!(done, "nobody pressed a button: {}", hub.log());
    assert_eq!(fs::read_to_string(world.path("asked")).unwrap(), "IDENTITY_UPDATE a\n");
    assert_eq!(hub.stop(), Some(0));
    world.configure("identities:\n  schedule: every night\n");
    world.run(&["serve"]).said(2, &["identities.schedule", "0 2 * * *"]);
}
