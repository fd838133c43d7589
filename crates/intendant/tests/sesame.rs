//! The whole program between a real orchestrator and real scripts: as a source of the hub, and in the place of
//! Sesame's daemon.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![allow(missing_docs, unreachable_pub)]

mod support;

use std::fs;
use std::os::unix::fs::symlink;
use std::process::{Command, Stdio};
use std::time::Duration;

use rustix::process::Signal;
use serde_json::{Value, json};
use support::{Serving, World};
use testkit::bullmq::{Orchestrator, Version};
use testkit::service::{Kind, Service};
use testkit::wait;

const LONG: Duration = Duration::from_mins(2);
const LONG_MS: u64 = 110_000;
const GOOD: &str = r#"cat >/dev/null; echo '{"status": 0, "message": "entry written"}'"#;

fn object_id(n: usize) -> String {
    format!("66c22991bdc3c9a7{n:08x}")
}

fn job(n: usize) -> Value {
    json!({
        "name": "IDENTITY_UPDATE",
        "data": {
            "concernedTo": format!("i{n}"),
            "payload": { "identity": { "action": "IDENTITY_UPDATE", "identity": { "_id": format!("i{n}") } } },
            "options": { "async": true },
        },
        "opts": { "jobId": object_id(n), "attempts": 1 },
        "ms": LONG_MS,
    })
}

fn jobs(count: usize) -> Value {
    json!({ "jobs": (0..count).map(job).collect::<Vec<_>>() })
}

fn ids(count: usize) -> Value {
    json!({ "ids": (0..count).map(object_id).collect::<Vec<_>>(), "ms": LONG_MS })
}

/// A world whose hub has a queue on this Redis.
fn world(redis: &Service) -> World {
    let world = World::new();
    world.configure(&format!("sesame:\n  main:\n    redis: {}\n", redis.url()));
    world
}

fn orchestrator(redis: &Service) -> Orchestrator {
    Orchestrator::start(Version::V5, redis.url(), "sesame").unwrap()
}

fn redis_cli(redis: &Service, words: &[&str]) -> String {
    let port = redis.address().port().to_string();
    let output = Command::new("redis-cli").args(["-p", &port]).args(words).output().unwrap();
    String::from_utf8(output.stdout).unwrap().trim_end().to_owned()
}

/// How ready the hub says it is.
fn readiness(world: &World) -> Value {
    let output = Command::new("curl")
        .args(["-s", "--unix-socket", &world.text("socket"), "http://hub/readyz"])
        .output()
        .unwrap();
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn a_job_of_the_orchestrator_runs_a_script_that_learns_nothing_of_redis() {
    let redis = Kind::Redis.start().unwrap();
    redis_cli(&redis, &["CONFIG", "SET", "requirepass", "r3dis-s3cret"]);
    let url = redis.url().replace("redis://", "redis://:r3dis-s3cret@");
    let world = World::new();
    world.file("password", "r3dis-s3cret\n");
    let more = format!(
        "sesame:\n  main:\n    redis: {}\n    password: file:password\nlog: {{level: trace}}\n",
        redis.url()
    );
    world.configure(&more);
    world.backend(
        "10ldap",
        r#"cat >../seen; env >../environment; echo '{"status": 0, "message": "written"}'"#,
    );
    let hub = world.serve();
    let mut node = Orchestrator::start(Version::V6, &url, "sesame").unwrap();
    let answer = node.ask("ask", job(1)).unwrap();
    assert_eq!(
        answer["data"],
        json!([{
            "backend": "10ldap",
            "status": 0,
            "output": { "status": 0, "message": "written" },
        }])
    );
    let home = world.path("backends/10ldap");
    assert_eq!(fs::read_to_string(home.join("seen")).unwrap(), job(1)["data"].to_string());
    let environment = fs::read_to_string(home.join("environment")).unwrap();
    assert!(environment.contains("INTENDANT_ACTION=IDENTITY_UPDATE"));
    for text in [environment, hub.log()] {
        assert!(!text.contains("r3dis-s3cret"), "{text}");
    }
    // Written once the answer may leave.
    let told = || hub.log().contains("IDENTITY_UPDATE for identity:i1 succeeded after").then_some(());
    wait::until(LONG, told).expect("the job's line in the log");
    let list = node.ask("ask", json!({ "name": "LIST_BACKENDS", "data": {}, "ms": LONG_MS })).unwrap();
    assert_eq!((&list["data"][0]["name"], &list["data"][0]["path"]), (&json!("10ldap"), &json!(home)));
    assert_eq!(list["data"][0]["actions"]["IDENTITY_UPDATE"]["script"], "main.sh");
    let listed = world.run(&["jobs", "list", "--json"]).json();
    assert_eq!(listed["jobs"][0]["external_id"], json!(object_id(1)));
    assert_eq!(hub.stop(), Some(0));
}

/// Writes whom it is asked about, line by line.
const NOTES: &str = r#"who=$(sed -n 's/.*"concernedTo":"\([^"]*\)".*/\1/p'); [ -n "$who" ] && echo "$who" >>../seen; echo '{"status": 0}'"#;

fn seen(world: &World) -> Vec<String> {
    let text = fs::read_to_string(world.path("backends/10ldap/seen")).unwrap_or_default();
    text.lines().map(str::to_owned).collect()
}

#[test]
fn three_crashes_in_a_row_lose_nothing_and_fail_nothing() {
    let count: usize = std::env::var("INTENDANT_HELD_JOBS").map_or(1_500, |text| text.parse().unwrap());
    let redis = Kind::Redis.start().unwrap();
    let world = world(&redis);
    world.backend("10ldap", NOTES);
    let mut node = orchestrator(&redis);
    let mut hub = world.serve();
    node.ask("addBulk", jobs(count)).unwrap();
    let mut ran = 0;
    for _ in 0..3 {
        let more = ran + count / 10;
        wait::until(LONG, || (seen(&world).len() >= more).then_some(())).expect("some to run");
        hub.kill();
        ran = seen(&world).len();
        assert!(ran < count, "it was killed in the middle");
        hub = world.serve();
    }
    node.ask("waitAll", ids(count)).unwrap();
    let counts = node.ask("counts", json!({})).unwrap();
    assert_eq!((&counts["failed"], &counts["active"], &counts["wait"]), (&json!(0), &json!(0), &json!(0)));
    let mut all = seen(&world);
    // A script that ran when the hub was killed may run again; 16 of one backend run at once.
    assert!(all.len() <= count + 3 * 16, "{} executions of {count} jobs", all.len());
    all.sort_unstable();
    all.dedup();
    assert_eq!(all.len(), count);
    assert_eq!(hub.stop(), Some(0));
}

#[test]
fn what_runs_when_the_hub_is_told_to_stop_is_answered_and_the_rest_waits_for_the_next_one() {
    let redis = Kind::Redis.start().unwrap();
    let world = world(&redis);
    world.gates();
    world.backend_with("10ldap", "stop", "concurrency: 1\n", &world.gated_script());
    let mut node = orchestrator(&redis);
    let mut hub = world.serve();
    node.ask("addBulk", jobs(2)).unwrap();
    world.wait_until_started();
    hub.signal(Signal::TERM);
    assert_eq!(hub.notice(), "STOPPING=1");
    world.open_gate();
    assert_eq!(hub.wait(), Some(0));
    let answer = node.ask("wait", json!({ "id": object_id(0), "ms": LONG_MS })).unwrap();
    assert_eq!(answer["data"][0]["output"]["message"], "let in");
    assert_eq!(node.ask("state", json!({ "id": object_id(1) })).unwrap(), "active", "it stays ours");

    let hub = world.serve();
    world.wait_until_started();
    world.open_gate();
    assert_eq!(node.ask("wait", json!({ "id": object_id(1), "ms": LONG_MS })).unwrap()["status"], 0);
    assert_eq!(hub.stop(), Some(0));
}

#[test]
fn a_lost_redis_is_seen_in_the_readiness_and_heals() {
    let mut redis = Kind::Redis.start().unwrap();
    let world = world(&redis);
    world.backend("10ldap", GOOD);
    let hub = world.serve();
    let ready = |expected: bool| {
        wait::until(LONG, || (readiness(&world)["ready"] == expected).then_some(()))
            .expect("the readiness to change");
    };
    ready(true);
    redis.crash();
    ready(false);
    let parts = readiness(&world)["parts"].clone();
    let part = parts.as_array().unwrap().iter().find(|part| part["name"] == "redis main").unwrap();
    assert!(part["why"].as_str().unwrap().contains("Redis at 127.0.0.1"), "{part}");
    let doctor = world.run(&["doctor"]).stdout;
    assert!(doctor.contains("source main: Redis at 127.0.0.1"), "{doctor}");
    redis.revive().unwrap();
    ready(true);
    redis_cli(&redis, &["CONFIG", "SET", "maxmemory-policy", "allkeys-lru"]);
    let doctor = world.run(&["doctor"]).stdout;
    assert!(doctor.contains("may throw jobs away"), "{doctor}");
    let mut node = orchestrator(&redis);
    assert_eq!(node.ask("ask", job(1)).unwrap()["status"], 0);
    assert_eq!(hub.stop(), Some(0));
}

/// The command under the daemon's old name, with its own variables.
fn daemon(world: &World, variables: &[(&str, &str)]) -> Command {
    let link = world.path("sesame-daemon");
    if !link.exists() {
        symlink(env!("CARGO_BIN_EXE_intendant"), &link).unwrap();
    }
    let mut command = Command::new(link);
    let like = world.command::<&str>(&[]);
    command.env_clear().current_dir(world.path("")).stdin(Stdio::null()).stderr(Stdio::piped());
    for (name, value) in like.get_envs() {
        if let Some(value) = value {
            command.env(name, value);
        }
    }
    command.envs(variables.iter().copied());
    command
}

#[test]
fn under_the_old_name_it_takes_the_daemon_s_place() {
    let redis = Kind::Redis.start().unwrap();
    let world = World::new();
    world.backend("10ldap", GOOD);
    fs::rename(world.path("backends"), world.path("theirs")).unwrap();
    world.file(".env", "SESAME_NAME_QUEUE=other\nSESAME_LOG_LEVEL=DEBUG\n");
    let backends = world.text("theirs");
    let hub = Serving::start(
        &world,
        daemon(
            &world,
            &[
                ("SESAME_REDIS_URI", redis.url()),
                ("SESAME_BACKENDS_PATH", &backends),
                ("SESAME_NAME_QUEUE", "sesame"),
            ],
        ),
    );
    assert!(hub.log().contains("queue sesame on Redis at 127.0.0.1"), "{}", hub.log());
    let mut node = orchestrator(&redis);
    let answer = node.ask("ask", job(1)).unwrap();
    assert_eq!((&answer["status"], &answer["data"][0]["backend"]), (&json!(0), &json!("10ldap")));
    let dump = node.ask("ask", json!({ "name": "DUMP_PACKAGE_CONFIG", "data": {}, "ms": LONG_MS })).unwrap();
    assert_eq!(dump["data"][0]["version"], env!("CARGO_PKG_VERSION"));
    // The commands find the hub as ever.
    assert_eq!(world.run(&["jobs", "list", "--json"]).json()["jobs"].as_array().unwrap().len(), 1);

    // New backends after a reload, in what runs and in what is listed.
    world.backend("20ad", GOOD);
    fs::rename(world.path("backends/20ad"), world.path("theirs/20ad")).unwrap();
    let mut hub = hub;
    hub.signal(Signal::HUP);
    assert_eq!((hub.notice().as_str(), hub.notice().as_str()), ("RELOADING=1", "READY=1"));
    let list = node.ask("ask", json!({ "name": "LIST_BACKENDS", "data": {}, "ms": LONG_MS })).unwrap();
    assert_eq!(list["data"].as_array().unwrap().len(), 2);
    assert_eq!(node.ask("ask", job(2)).unwrap()["data"].as_array().unwrap().len(), 2);
    assert_eq!(hub.stop(), Some(0));
}

#[test]
fn under_the_old_name_wait_is_data_as_any_other() {
    let redis = Kind::Redis.start().unwrap();
    let world = World::new();
    let answer = r#"{"status": 0, "message": "entry written", "wait": 30, "wait_for": "backend"}"#;
    world.backend("10ldap", &format!("cat >/dev/null; echo '{answer}'"));
    fs::rename(world.path("backends"), world.path("theirs")).unwrap();
    let theirs = world.text("theirs");
    let variables = [("SESAME_REDIS_URI", redis.url()), ("SESAME_BACKENDS_PATH", &theirs)];
    let hub = Serving::start(&world, daemon(&world, &variables));
    let mut node = orchestrator(&redis);
    for number in [1, 2] {
        let told = node.ask("ask", job(number)).unwrap();
        let expected: Value = serde_json::from_str(answer).unwrap();
        assert_eq!((&told["status"], &told["data"][0]["output"]), (&json!(0), &expected), "{told}");
    }
    assert_eq!(hub.stop(), Some(0));
}

#[test]
fn what_is_wrong_with_the_settings_ends_it_as_it_ends_the_original() {
    let world = World::new();
    let output = daemon(&world, &[("SESAME_REDIS_URI", "red://bob:s3cret@h")]).output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("sesame.sesame.redis") && !said.contains("s3cret"), "{said}");
}

#[test]
fn the_commands_know_what_the_hub_knows_by_its_variables() {
    let redis = Kind::Redis.start().unwrap();
    let world = World::new();
    world.backend(
        "10ldap",
        r#"cat >/dev/null; echo '{"status": 4, "message": "no s3cret-word for you"}'; exit 4"#,
    );
    fs::rename(world.path("backends"), world.path("theirs")).unwrap();
    // Somebody else has the address of the console.
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let theirs = world.text("theirs");
    let variables = [
        ("SESAME_REDIS_URI", redis.url()),
        ("SESAME_BACKENDS_PATH", &theirs),
        ("INTENDANT_HTTP__LISTEN", &address),
    ];
    let hub = Serving::start(&world, daemon(&world, &variables));
    assert!(hub.log().contains("there is no console, the rest works"), "{}", hub.log());

    let doctor = world.run(&["doctor"]);
    assert!(doctor.stdout.contains(&theirs), "{doctor:?}");
    let check = world.run(&["backends", "check", "--json"]).json();
    assert_eq!((&check["folder"], &check["backends"]), (&json!(theirs), &json!(1)));
    let made = world.run(&["backends", "new", "another"]);
    assert!(made.stdout.contains(&theirs), "{made:?}");

    let mut node = orchestrator(&redis);
    let mut reset = job(1);
    reset["name"] = json!("IDENTITY_PASSWORD_RESET");
    reset["data"]["payload"] = json!({ "uid": "u1", "newPassword": "s3cret-word" });
    assert_eq!(node.ask("ask", reset).unwrap()["status"], 4);
    let told = world.run(&["jobs", "show", &object_id(1), "--json"]).json();
    assert_eq!(
        (&told["job"]["external_id"], &told["job"]["state"]),
        (&json!(object_id(1)), &json!("failed"))
    );
    world.run(&["jobs", "show", &object_id(2)]).said(1, &["there is no job", &object_id(2)]);

    let log = hub.log();
    let line = log.lines().find(|line| line.contains("failed on 10ldap")).unwrap_or_else(|| panic!("{log}"));
    assert!(line.contains("WARN") && line.contains("IDENTITY_PASSWORD_RESET for identity:"), "{line}");
    assert!(line.contains("for you") && !log.contains("s3cret-word"), "{log}");
    assert_eq!(hub.stop(), Some(0));

    // And where none runs, what its variables say.
    let mut doctor = world.command(&["doctor"]);
    let doctor = doctor.envs(variables).output().unwrap();
    let said = String::from_utf8(doctor.stdout).unwrap();
    assert!(said.contains(&theirs) && said.contains("queue sesame on Redis"), "{said}");
}

#[test]
fn one_queue_under_two_names_is_refused_at_start() {
    let redis = Kind::Redis.start().unwrap();
    let world = world(&redis);
    world.backend("10ldap", GOOD);
    let elsewhere = redis.url().replace("127.0.0.1", "localhost");
    let refused = daemon(&world, &[("SESAME_REDIS_URI", &elsewhere)]).output().unwrap();
    let said = String::from_utf8(refused.stderr).unwrap();
    assert_eq!(refused.status.code(), Some(1), "{said}");
    assert!(said.contains("sources main and sesame are both queue sesame on the same Redis"), "{said}");
}
