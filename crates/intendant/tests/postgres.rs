//! The hub with its journal on PostgreSQL: killed, left without its server, standing by beside another, moved there and back.
#![cfg(feature = "postgres")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![allow(missing_docs, unreachable_pub)]
#![allow(clippy::disallowed_methods, reason = "it waits for what another process does")]

#[path = "support/hub.rs"]
mod hub;
#[path = "postgres/kept.rs"]
mod kept;
mod support;
#[path = "support/views.rs"]
mod views;

use std::fs;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::sleep;
use std::time::{Duration, Instant};

use api::client::{Client, Submission};
use rustix::process::Signal;
use serde_json::{Value, json};
use support::{Serving, World};
use testkit::oracle::{self, JobView};
use testkit::service::{Kind, Service};

use hub::{ACTION, HubProcess};
use views::{stories, view};

/// How long something may take that takes a second. Only a test that fails waits so long.
const PATIENCE: Duration = Duration::from_mins(2);
const GOOD: &str = r#"cat >/dev/null; echo '{"status": 0, "message": "entry written"}'"#;

fn server() -> Service {
    Kind::PostgreSql.start().unwrap()
}

fn on(url: &str) -> String {
    format!("journal:\n  url: {url}\n")
}

/// A world whose journal is on a server.
fn world_on(url: &str) -> World {
    let world = World::new();
    world.backend("00first", GOOD);
    world.configure(&on(url));
    world
}

fn sql(url: &str, statement: &str) -> String {
    let ran = Command::new("psql").args(["-X", "-q", "-A", "-t", "-c", statement, url]).output().unwrap();
    assert!(ran.status.success(), "{statement}: {}", String::from_utf8_lossy(&ran.stderr));
    String::from_utf8_lossy(&ran.stdout).trim().to_owned()
}

fn update(person: &str) -> String {
    json!({ "action": "IDENTITY_UPDATE", "concernedTo": person, "payload": { "uid": person } }).to_string()
}

fn until(what: &str, holds: impl Fn() -> bool) {
    let begun = Instant::now();
    while !holds() {
        assert!(begun.elapsed() < PATIENCE, "{what}: not within {PATIENCE:?}");
        sleep(Duration::from_millis(50));
    }
}

fn ready(socket: &str) -> Value {
    let told =
        Command::new("curl").args(["-s", "--unix-socket", socket, "http://hub/readyz"]).output().unwrap();
    serde_json::from_slice(&told.stdout).unwrap_or_default()
}

/// What doctor says of one thing.
fn findings(world: &World, name: &str) -> Vec<Value> {
    let said = world.run(&["doctor", "--json"]).json();
    let of = |finding: &&Value| finding["name"] == name;
    said["checks"].as_array().unwrap().iter().filter(of).cloned().collect()
}

/// A start is refused for what somebody has to correct; all that it said.
#[track_caller]
fn refused(world: &World, words: &[&str]) -> String {
    let ran = world.run(&["serve"]);
    assert_eq!(ran.code, 2, "{ran:?}");
    for word in words {
        assert!(ran.stderr.contains(word), "{word} is missing: {ran:?}");
    }
    ran.stderr
}

#[test]
fn the_main_job_is_done_and_goes_on_after_a_kill() {
    let server = server();
    let world = World::new();
    world.gates();
    world.backend("00first", &world.gated_script());
    world.configure(&on(server.url()));
    let hub = world.serve();
    let id = world.submit(&update("alice"));
    world.wait_until_started();
    hub.kill();
    let hub = world.serve();
    world.wait_until_started();
    world.open_gate();
    assert_eq!(world.run(&["jobs", "watch", &id]).code, 0);
    let shown = world.run(&["jobs", "show", "--json", &id]).json();
    assert_eq!((&shown["job"]["state"], &shown["steps"][0]["attempts"]), (&json!("succeeded"), &json!(2)));
    assert!(!world.path("data/journal.db").exists());
    assert_eq!(findings(&world, "journal")[0]["level"], "ok", "{:?}", findings(&world, "journal"));
    assert!(!findings(&world, "postgresql").is_empty());
    let settings = world.run(&["config", "show", "--json"]).stdout;
    assert!(!settings.contains(server.url()), "an address may have a password in it: {settings}");
    assert_eq!(hub.stop(), Some(0));
}

/// A world on another machine, with the same journal and the same key.
fn beside(first: &World, url: &str) -> World {
    let second = world_on(url);
    fs::copy(first.path("key"), second.path("key")).unwrap();
    second
}

/// Starts a hub that stands by, and waits until it says so.
fn stand_by(world: &World) -> Serving {
    let mut hub = Serving::begin(world, world.command(&["serve"]));
    stands_by(&mut hub);
    hub
}

fn stands_by(hub: &mut Serving) {
    while !hub.notice().starts_with("READY=1\nSTATUS=it stands by: the hub in process ") {}
}

/// Waits until a hub that stood by works.
fn works(hub: &mut Serving) {
    while hub.notice() != "READY=1" {}
}

fn nodes(world: &World) -> Vec<(Value, Value, Value)> {
    let told = world.run(&["nodes", "list", "--json"]).json();
    let shown = |node: &Value| (node["process"].clone(), node["role"].clone(), node["own"].clone());
    told["nodes"].as_array().unwrap().iter().map(shown).collect()
}

#[test]
fn a_second_hub_stands_by_and_takes_over_when_the_first_one_ends() {
    let server = server();
    let first = world_on(server.url());
    let mut hub = first.serve();
    let second = beside(&first, server.url());
    // The one that has the key of another journal is told that.
    fs::write(second.path("key"), "7".repeat(64)).unwrap();
    refused(&second, &["the key does not open the journal"]);
    fs::copy(first.path("key"), second.path("key")).unwrap();
    let mut standby = stand_by(&second);
    let (one, other) = (json!(hub.pid()), json!(standby.pid()));

    let told = ready(&second.text("socket"));
    assert_eq!(told["ready"], false);
    assert!(told.to_string().contains(&format!("the one in process {one} of ")), "{told}");
    let submitted = second.run_with(&["submit", "-"], update("alice"));
    assert_ne!(submitted.code, 0);
    assert!(submitted.stderr.contains("this hub stands by"), "{submitted:?}");
    let expect = |at_work: &Value, stands_by: &Value, own_is_at_work: bool| {
        [
            (at_work.clone(), json!("at_work"), json!(own_is_at_work)),
            (stands_by.clone(), json!("stands_by"), json!(!own_is_at_work)),
        ]
    };
    assert_eq!(nodes(&second), expect(&one, &other, false));
    until("the one at work sees it", || nodes(&first) == expect(&one, &other, true));
    let third = beside(&first, server.url());
    third.run(&["journal", "move", "--to", &third.text("data")]).said(2, &["in use by another hub"]);

    assert_eq!(first.run_with(&["submit", "--wait", "-"], update("alice")).code, 0);
    assert_eq!(hub.stop(), Some(0));
    works(&mut standby);
    assert_eq!(nodes(&second), [(other.clone(), json!("at_work"), json!(true))]);
    assert_eq!(second.run(&["jobs", "list", "--json"]).json()["jobs"].as_array().unwrap().len(), 1);
    assert_eq!(second.run_with(&["submit", "--wait", "-"], update("bruno")).code, 0);
    assert_eq!(findings(&second, "journal")[0]["level"], "ok", "{:?}", findings(&second, "journal"));

    // Now the first one stands by, and the machine of the second one is lost.
    hub = stand_by(&first);
    standby.kill();
    works(&mut hub);
    assert!(hub.log().contains(&format!("the hub in process {other} of ")), "{}", hub.log());
    assert_eq!(first.run_with(&["submit", "--wait", "-"], update("chloe")).code, 0);
    // One that only stood by leaves as it came.
    let standby = stand_by(&second);
    assert_eq!(standby.stop(), Some(0));
    assert_eq!(hub.stop(), Some(0));
}

#[test]
fn a_hub_that_stood_still_finds_its_life_over_and_stands_by() {
    let server = server();
    let first = gated_on(server.url());
    let mut hub = first.serve();
    let second = gated_on(server.url());
    fs::copy(first.path("key"), second.path("key")).unwrap();
    let mut standby = stand_by(&second);
    let id = first.submit(&update("alice"));
    first.wait_until_started();
    hub.signal(Signal::STOP);
    works(&mut standby);
    second.wait_until_started();
    hub.signal(Signal::CONT);
    stands_by(&mut hub);
    assert!(hub.log().contains("this life of the journal is over: another hub has taken"), "{}", hub.log());
    second.open_gate();
    assert_eq!(second.run(&["jobs", "watch", &id]).code, 0);
    assert_eq!(attempts(&second, &id), (json!("succeeded"), json!(2)));
    // It is the next one.
    assert_eq!(standby.stop(), Some(0));
    works(&mut hub);
    assert_eq!(first.run(&["jobs", "list", "--json"]).json()["jobs"].as_array().unwrap().len(), 1);
    assert_eq!(hub.stop(), Some(0));
}

/// A world whose backend waits at a gate.
fn gated_on(url: &str) -> World {
    let world = World::new();
    world.gates();
    world.backend("00first", &world.gated_script());
    world.configure(&on(url));
    world
}

fn attempts(world: &World, job: &str) -> (Value, Value) {
    let shown = world.run(&["jobs", "show", "--json", job]).json();
    (shown["job"]["state"].clone(), shown["steps"][0]["attempts"].clone())
}

#[test]
fn what_runs_is_ended_while_nobody_can_be_sure_and_runs_again_when_nobody_took_over() {
    let mut server = server();
    let first = gated_on(server.url());
    let hub = first.serve();
    let second = gated_on(server.url());
    fs::copy(first.path("key"), second.path("key")).unwrap();
    let standby = stand_by(&second);
    until("the one at work sees it", || nodes(&first).len() == 2);
    let id = first.submit(&update("alice"));
    first.wait_until_started();
    server.crash();
    let socket = first.text("socket");
    until("it says what it has done", || ready(&socket).to_string().contains("what ran has been ended"));
    server.revive().unwrap();
    // It runs for the second time.
    first.wait_until_started();
    first.open_gate();
    assert_eq!(first.run(&["jobs", "watch", &id]).code, 0);
    assert_eq!(attempts(&first, &id), (json!("succeeded"), json!(2)));
    assert!(!hub.log().contains("life of the journal is over"), "{}", hub.log());
    assert_eq!(standby.stop(), Some(0));
    assert_eq!(hub.stop(), Some(0));
}

#[test]
fn what_runs_goes_on_while_postgresql_is_away_from_a_hub_that_is_alone() {
    let mut server = server();
    let world = gated_on(server.url());
    let hub = world.serve();
    let id = world.submit(&update("alice"));
    world.wait_until_started();
    let socket = world.text("socket");
    server.crash();
    until("it says that it is not ready", || ready(&socket)["ready"] == false);
    // Longer than one that is not alone would have waited.
    sleep(Duration::from_secs(6));
    world.open_gate();
    server.revive().unwrap();
    until("it is ready again", || ready(&socket)["ready"] == true);
    assert_eq!(world.run(&["jobs", "watch", &id]).code, 0);
    assert_eq!(attempts(&world, &id), (json!("succeeded"), json!(1)));
    assert_eq!(hub.stop(), Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_lost_or_done_twice_while_postgresql_is_killed() {
    const SUBJECTS: usize = 8;
    const KILLS: usize = 3;
    let mut server = server();
    let mut hub = HubProcess::new(&[("witness", "", "")]);
    hub.configure(&on(server.url()));
    hub.spawn(|_| {});
    let socket = hub.path("socket");
    let shown = socket.display().to_string();
    let client = Client::new(&socket);
    until("the hub is ready", || ready(&shown)["ready"] == true);

    let over = Arc::new(AtomicBool::new(false));
    let submitters: Vec<_> = (0..SUBJECTS)
        .map(|subject| tokio::spawn(submit(client.clone(), subject, Arc::clone(&over))))
        .collect();
    for kill in 0..KILLS {
        let before = witnessed(&hub);
        until("work goes on", || witnessed(&hub) >= before + 2 * SUBJECTS);
        server.crash();
        until("it says that it is not ready", || {
            let said = ready(&shown);
            said["ready"] == false && said.to_string().contains("PostgreSQL")
        });
        server.revive().unwrap();
        until("it is ready again", || ready(&shown)["ready"] == true);
        assert!(hub.child().id() > 0, "kill {kill}");
    }
    over.store(true, Ordering::Relaxed);
    let mut acknowledged = Vec::new();
    for submitter in submitters {
        acknowledged.extend(submitter.await.unwrap());
    }
    let live = async || {
        let status = client.status().await.unwrap();
        status.jobs.iter().filter(|tally| !tally.state.is_terminal()).map(|tally| tally.jobs).sum::<u64>()
    };
    let begun = Instant::now();
    while live().await > 0 {
        assert!(begun.elapsed() < PATIENCE, "jobs are left; the log:\n{}", hub.log());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let witness = oracle::read(&fs::read_to_string(hub.path("witness")).unwrap()).unwrap();
    let stories = stories(&client, 0).await;
    let journal: Vec<JobView> = stories.iter().map(view).collect();
    assert_eq!(oracle::verify(&witness, &acknowledged, &journal, true), [], "the log:\n{}", hub.log());
    assert_eq!(stories.len(), acknowledged.len(), "a request became two jobs");
}

/// Hands in one request of a subject after the other, each until it is acknowledged.
async fn submit(client: Client, subject: usize, over: Arc<AtomicBool>) -> Vec<String> {
    let document = json!({"concernedTo": format!("s{subject}"), "payload": {}}).to_string();
    let mut acknowledged = Vec::new();
    while !over.load(Ordering::Relaxed) {
        let id = Some(format!("{subject}-{}", acknowledged.len()));
        let submission = Submission { action: Some(ACTION.to_owned()), id, wait: None };
        loop {
            match client.submit(document.clone(), &submission).await {
                Ok(submitted) => break acknowledged.push(submitted.job.expect("a job").to_string()),
                Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
            }
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    acknowledged
}

fn witnessed(hub: &HubProcess) -> usize {
    fs::read_to_string(hub.path("witness")).unwrap().lines().count()
}

#[test]
fn a_journal_is_moved_there_and_back_with_all_that_is_in_it() {
    let server = server();
    let world = World::new();
    let failing = r#"cat >/dev/null; case $(cat /dev/null; echo "$INTENDANT_ACTION") in IDENTITY_DELETE) echo '{"status": 9, "message": "target says no"}';; *) echo '{"status": 0}';; esac"#;
    world.backend("00first", failing);
    let hub = world.serve();
    for person in ["alice", "bruno", "chloe"] {
        assert_eq!(world.run_with(&["submit", "--wait", "-"], update(person)).code, 0);
    }
    let delete = json!({ "action": "IDENTITY_DELETE", "concernedTo": "alice", "payload": {} }).to_string();
    assert_eq!(world.run_with(&["submit", "--wait", "-"], delete).code, 1);
    let people = world.file("people.csv", "uid,sn,cn,mail\ndora,Dupont,Dora Dupont,dora@example.org\n");
    assert_eq!(world.run(&["identities", "import", &people]).code, 0);
    let busy = world.run(&["journal", "move", "--to", server.url()]);
    assert_eq!(busy.code, 2, "a hub uses it: {busy:?}");
    assert_eq!(hub.stop(), Some(0));

    let moved = world.run(&["journal", "move", "--to", server.url(), "--json"]);
    assert_eq!(moved.code, 0, "{moved:?}");
    let rows = moved.json()["rows"].clone();
    assert_eq!((&rows["done"], &rows["live"]), (&json!(4), &json!(0)), "{moved:?}");
    refused(&world, &["was moved to postgres://postgres@127.0.0.1:"]);
    world.configure(&on(server.url()));
    let hub = world.serve();
    holds(&world, &hub, 4);
    assert_eq!(world.run_with(&["submit", "--wait", "-"], update("emile")).code, 0, "it works on");
    assert_eq!(hub.stop(), Some(0));

    let back = world.run(&["journal", "move", "--to", &world.text("data")]);
    assert_eq!(back.code, 0, "{back:?}");
    assert!(
        back.stderr.contains("without journal.url") || back.stdout.contains("without journal.url"),
        "{back:?}"
    );
    world.configure("");
    let hub = world.serve();
    holds(&world, &hub, 5);
    assert_eq!(hub.stop(), Some(0));
}

/// What was put in is there and is found.
fn holds(world: &World, hub: &Serving, jobs: usize) {
    let listed = |more: &[&str]| -> usize {
        let ran = world.run(&[&["jobs", "list", "--json"][..], more].concat());
        ran.json()["jobs"].as_array().unwrap_or_else(|| panic!("{ran:?}")).len()
    };
    assert_eq!(listed(&[]), jobs);
    assert_eq!((listed(&["--state", "failed"]), listed(&["--text", "target says"])), (1, 1));
    assert!(world.run(&["jobs", "causes", "--json"]).stdout.contains("target says no"));
    let people = world.run(&["identities", "list", "--text", "dupont", "--json"]);
    assert!(people.stdout.contains("dora"), "{people:?}");
    let console = Command::new("curl")
        .args(["-s", "-o", "/dev/null", "-w", "%{http_code}", "-L", &format!("{}/sign-in", hub.url())])
        .output();
    assert_eq!(String::from_utf8_lossy(&console.unwrap().stdout), "200");
    assert_eq!(findings(world, "journal")[0]["level"], "ok", "{:?}", findings(world, "journal"));
}

#[test]
fn what_is_wrong_with_the_database_is_said_with_the_way_out() {
    let server = server();
    let address = server.address();
    let world = world_on(&format!("postgres://hub:wrong@{address}/work"));
    sql(server.url(), "CREATE ROLE hub LOGIN PASSWORD 'right'");
    let rules = server.folder().join("data/pg_hba.conf");
    let before = fs::read_to_string(&rules).unwrap();
    fs::write(&rules, format!("host all hub 127.0.0.1/32 scram-sha-256\n{before}")).unwrap();
    sql(server.url(), "SELECT pg_reload_conf()");

    let said = refused(&world, &["does not let the hub in", "journal.password"]);
    assert!(!said.contains("wrong"), "no password is shown: {said}");
    fs::write(world.path("password"), "right\n").unwrap();
    let more = format!("journal:\n  url: postgres://hub@{address}/work\n  password: file:password\n");
    world.configure(&more);
    refused(&world, &["\"work\" does not exist", "CREATE DATABASE"]);
    sql(server.url(), "CREATE DATABASE work OWNER hub");
    world.configure(&format!("{more}  require_synchronous: true\n"));
    refused(&world, &["no standby, and one is required"]);
    world.configure(&more.replace("/work", "/work?sslmode=require"));
    refused(&world, &["the server has no TLS"]);
    world.configure(&more);
    assert_eq!(world.serve().stop(), Some(0));

    world.run(&["backup", &world.text("copy")]).said(2, &["pg_dump"]);
    // A database that is empty again is not begun anew in silence.
    sql(server.url(), "DROP DATABASE work WITH (FORCE)");
    sql(server.url(), "CREATE DATABASE work OWNER hub");
    refused(&world, &["is not there any more", "--new-journal", "from its backup"]);
    // Nor is one in the folder while it is there.
    world.configure("");
    refused(&world, &["intendant journal move --from postgres://"]);
}

#[test]
fn a_start_waits_for_postgresql() {
    let mut server = server();
    let world = world_on(server.url());
    assert_eq!(world.serve().stop(), Some(0));
    server.crash();
    let told = findings(&world, "journal");
    assert_eq!(told[0]["level"], "error");
    assert!(told[0]["what"].as_str().unwrap().contains("does not answer"), "{told:?}");
    let mut hub = Serving::begin(&world, world.command(&["serve"]));
    let socket = world.text("socket");
    until("it says what it waits for", || {
        ready(&socket).to_string().contains("waits until PostgreSQL answers")
    });
    server.revive().unwrap();
    while hub.notice() != "READY=1" {}
    assert_eq!(world.run_with(&["submit", "--wait", "-"], update("alice")).code, 0);
    assert_eq!(hub.stop(), Some(0));
}
