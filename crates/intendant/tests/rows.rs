//! One bad row stays one: everything else is served, it is named wherever it would stand, it ends or can be erased, and
//! grants nothing.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![allow(missing_docs, unreachable_pub)]

mod support;

use std::process::Command;

use serde_json::Value;
use support::{Ran, Serving, World};

/// Does harm to the journal of a hub that is stopped, as a bad disk would.
fn harm(world: &World, sql: &str) {
    let done = Command::new("sqlite3")
        .arg(world.path("data").join("journal.db"))
        .arg(format!("{sql}; SELECT total_changes();"))
        .output()
        .expect("this test needs sqlite3 (apt install sqlite3)");
    let changed = String::from_utf8_lossy(&done.stdout).trim().parse::<u64>();
    assert!(done.status.success() && changed.is_ok_and(|changed| changed > 0), "{sql}: {done:?}");
}

fn done(ran: Ran) -> Ran {
    assert_eq!(ran.code, 0, "{ran:?}");
    ran
}

/// What a caller over TCP is answered: status and body.
fn ask(serving: &Serving, path: &str, token: &str) -> (u16, String) {
    let mut curl = Command::new("curl");
    curl.args(["-s", "-w", "\n%{http_code}"]);
    if !token.is_empty() {
        curl.arg("-H").arg(format!("Authorization: Bearer {token}"));
    }
    let out = curl.arg(format!("{}{path}", serving.url())).output().unwrap();
    let text = String::from_utf8(out.stdout).unwrap();
    let (body, status) = text.rsplit_once('\n').unwrap();
    (status.parse().unwrap(), body.to_owned())
}

fn part<'v>(ready: &'v Value, name: &str) -> Option<&'v Value> {
    ready["parts"].as_array().unwrap().iter().find(|part| part["name"] == name)
}

#[test]
fn of_identities_the_others_are_listed_exported_and_synchronised() {
    let world = World::new();
    world.backend("10ok", "cat >/dev/null; echo '{\"status\":0}'");
    let serving = world.serve();
    let people = world.file("people.csv", "uid,cn,sn\na,A One,One\nb,B Two,Two\nc,C Three,Three\n");
    done(world.run(&["identities", "import", "--validated", &people]));
    assert_eq!(serving.stop(), Some(0));
    harm(&world, "UPDATE entity SET sealed = zeroblob(60) WHERE kind = 'identity' AND label LIKE 'B Two%'");

    let serving = world.serve();
    let list = done(world.run(&["identities", "list", "--json"])).json();
    assert_eq!(list["identities"].as_array().unwrap().len(), 2, "{list}");
    let broken = list["damaged"][0]["what"].as_str().unwrap().to_owned();
    let listed = done(world.run(&["identities", "list"]));
    assert!(listed.stdout.contains(&format!("{broken} cannot be read")), "{listed:?}");
    let lines = done(world.run(&["identities", "export"])).lines();
    assert_eq!(lines.len(), 3, "{lines:?}");
    assert!(lines.iter().any(|line| line["damaged"]["what"] == broken), "{lines:?}");
    let table = done(world.run(&["identities", "export", "--format", "csv"])).stdout;
    assert!(table.contains(&format!("{broken},damaged")) && table.contains("C Three"), "{table}");

    let synced = world.run(&["identities", "sync", "--json"]);
    assert_eq!((synced.code, &synced.json()["done"], &synced.json()["left"]), (1, &2.into(), &1.into()));
    assert_eq!(synced.json()["examples"][0]["code"], "damaged", "{synced:?}");
    let shown = world.run(&["identities", "show", &broken]);
    assert!(shown.code == 1 && shown.stderr.contains("identities erase"), "{shown:?}");
    let again = world.run(&["identities", "import", &people]);
    assert!(again.code == 1 && format!("{again:?}").contains("cannot be read back"), "{again:?}");

    done(world.run(&["identities", "erase", &broken]));
    let again = done(world.run(&["identities", "import", "--json", &people]));
    assert_eq!(again.json()["new"], 1, "{again:?}");
    let list = done(world.run(&["identities", "list", "--json"])).json();
    assert_eq!(list["identities"].as_array().unwrap().len(), 3, "{list}");
    let log = serving.log();
    assert_eq!(log.matches("is left out").count(), 1, "the log says it once: {log}");
    assert_eq!(serving.stop(), Some(0));
}

#[test]
fn a_damaged_job_ends_and_is_seen_and_the_others_are_exported() {
    let world = World::new();
    world.backend("10ok", "cat >/dev/null; echo '{\"status\":0}'");
    let serving = world.serve();
    done(world.run(&["backends", "pause", "10ok"]));
    let document = |n: u8| {
        format!(r#"{{"action":"IDENTITY_UPDATE","concernedTo":"s{}","payload":{{"n":{n}}}}}"#, n.min(2))
    };
    let jobs: Vec<String> = (1..=3).map(|n| world.submit(&document(n))).collect();
    assert_eq!(serving.stop(), Some(0));
    // The second one and the third are about the same.
    harm(&world, "UPDATE body SET sealed = zeroblob(60) WHERE seq = 2");

    let serving = world.serve();
    done(world.run(&["backends", "resume", "10ok"]));
    let waited = world.run(&["jobs", "watch", &jobs[2]]);
    assert_eq!(waited.code, 0, "the next one of its subject runs: {waited:?}");
    let shown = done(world.run(&["jobs", "show", "--json", &jobs[1]])).json();
    assert_eq!((&shown["job"]["state"], &shown["job"]["code"]), (&"failed".into(), &"damaged".into()));
    assert!(shown["damaged"][0].as_str().unwrap().contains("body"), "{shown}");
    let text = done(world.run(&["jobs", "show", &jobs[1]])).stdout;
    assert!(text.contains("cannot be read back"), "{text}");
    let lines = done(world.run(&["jobs", "export", "--documents"])).lines();
    assert_eq!(lines.iter().filter(|line| line.get("document").is_some()).count(), 2, "{lines:?}");
    assert!(lines.iter().any(|line| line.get("damaged").is_some()), "{lines:?}");

    let (status, ready) = ask(&serving, "/readyz", "");
    let ready: Value = serde_json::from_str(&ready).unwrap();
    assert_eq!((status, &ready["ready"]), (200, &true.into()), "one bad row stops nobody: {ready}");
    let rows = part(&ready, "journal rows").expect("it is seen");
    assert!(rows["why"].as_str().unwrap().contains("job number 2"), "{ready}");
    let doctor = world.run(&["doctor"]);
    assert!(doctor.code == 1 && doctor.stdout.contains("body 2"), "{doctor:?}");
    assert_eq!(serving.stop(), Some(0));
}

#[test]
fn a_damaged_token_grants_nothing_and_keeps_nobody_else_out() {
    let world = World::new();
    let serving = world.serve();
    let make = |name: &str| {
        let made = done(world.run(&["token", "make", name, "--scope", "read", "--json"])).json();
        (made["secret"].as_str().unwrap().to_owned(), made["id"].as_str().unwrap_or_default().to_owned())
    };
    let ((good, _), (bad, _)) = (make("good"), make("bad"));
    assert_eq!(ask(&serving, "/api/v1/jobs", &bad).0, 200);
    assert_eq!(serving.stop(), Some(0));
    harm(&world, "UPDATE entity SET sealed = zeroblob(60) WHERE kind = 'token' AND label = 'bad'");
    let serving = world.serve();
    assert_eq!(ask(&serving, "/api/v1/jobs", &bad).0, 401);
    assert_eq!(ask(&serving, "/api/v1/jobs", &good).0, 200);
    let id = bad.split('_').nth(1).unwrap();
    done(world.run(&["token", "revoke", id]));
    assert_eq!(serving.stop(), Some(0));
    let serving = world.serve();
    assert!(!serving.log().contains("void"), "{}", serving.log());
    assert_eq!(serving.stop(), Some(0));
}
