//! How commands end that are not let to their end, help, and what is refused before a hub starts.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![allow(clippy::disallowed_methods, reason = "the command is a program of its own here")]
#![allow(missing_docs, unreachable_pub)]

mod support;

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpListener;
use std::os::unix::net::UnixListener;
use std::process::{Child, Stdio};
use std::time::Duration;

use http::Problem;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use support::{Ran, World};

const GOOD: &str = r#"cat >/dev/null; echo '{"status":0,"message":"entry written"}'"#;

fn update(uid: &str) -> String {
    format!(r#"{{"action":"IDENTITY_UPDATE","concernedTo":"{uid}","payload":{{}}}}"#)
}

#[test]
fn whoever_reads_a_result_may_leave() {
    let world = World::new();
    world.backend("00first", GOOD);
    let _hub = world.serve();
    let job = world.submit(&update("alice"));
    assert_eq!(world.run(&["jobs", "watch", &job]).code, 0);
    let many: Vec<String> = (0..200).map(|n| update(&n.to_string())).collect();
    let lines = world.file("many.ndjson", many.join("\n"));
    let commands = [
        vec!["--help"],
        vec!["--version"],
        vec!["help", "jobs"],
        vec!["jobs", "list"],
        vec!["jobs", "list", "--json"],
        vec!["jobs", "show", &job],
        vec!["jobs", "export"],
        vec!["jobs", "stdin", &job],
        vec!["jobs", "refusals", "list", "--json"],
        vec!["submit", "--ndjson", "--json", &lines],
        vec!["backends", "list"],
        vec!["backends", "check"],
        vec!["backends", "ping"],
        vec!["identities", "list", "--json"],
        vec!["identities", "export", "--format", "csv"],
        vec!["failsafe", "list"],
        vec!["token", "list", "--json"],
        vec!["config", "check", "--all"],
        vec!["doctor"],
        vec!["openapi"],
        vec!["completions", "bash"],
        vec!["manual"],
    ];
    for args in commands {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let ran = world.command(&args).stdout(writer).output().unwrap();
        // Remarks are no complaints: they are indented.
        let ran = Ran::from(ran);
        let complaints: Vec<&str> = ran.stderr.lines().filter(|line| !line.starts_with("  ")).collect();
        assert_eq!((ran.code, complaints), (0, vec![]), "{args:?}");
    }
}

/// Waits until a program deals with Ctrl-C itself.
fn until_it_listens(child: &Child) {
    const SIGINT: u64 = 1 << 1;
    let status = format!("/proc/{}/status", child.id());
    loop {
        let said = fs::read_to_string(&status).unwrap();
        let caught = said.lines().find_map(|line| line.strip_prefix("SigCgt:")).unwrap().trim().to_owned();
        if u64::from_str_radix(&caught, 16).unwrap() & SIGINT != 0 {
            return;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
}

fn interrupt(child: &Child) {
    kill_process(Pid::from_child(child), Signal::INT).unwrap();
}

#[test]
fn who_stops_waiting_is_told_that_the_job_goes_on() {
    let world = World::new();
    world.gates();
    world.backend("10slow", &world.gated_script());
    let _hub = world.serve();
    let request = world.file("request.json", update("alice"));
    let left = world.file("left.json", update("bob"));
    let child = world.command(&["submit", "--wait", &request, &left]).spawn().unwrap();
    world.wait_until_started();
    interrupt(&child);
    let ran = Ran::from(child.wait_with_output().unwrap());
    assert_eq!(ran.code, 130, "{ran:?}");
    for words in ["was accepted and goes on", "intendant jobs watch", "not handed in", "left.json"] {
        assert!(ran.stderr.contains(words), "{words} is missing: {ran:?}");
    }
    world.open_gate();
    let id = ran.stderr.split("job ").nth(1).unwrap().split(' ').next().unwrap();
    assert_eq!(world.run(&["jobs", "watch", id]).code, 0);
}

#[test]
fn who_stops_waiting_before_the_hub_has_answered_is_told_the_same() {
    let world = World::new();
    world.gates();
    world.backend("10slow", &world.gated_script());
    let hub = world.serve();
    let request = world.file("request.json", update("alice"));
    let hub_process = Pid::from_raw(hub.pid().try_into().unwrap()).unwrap();
    // A hub that stands still has taken the connection, and answers later.
    kill_process(hub_process, Signal::STOP).unwrap();
    let mut child = world.command(&["submit", "--wait", &request]).stderr(Stdio::piped()).spawn().unwrap();
    until_it_listens(&child);
    interrupt(&child);
    let mut told = BufReader::new(child.stderr.take().unwrap());
    let mut words = String::new();
    told.read_line(&mut words).unwrap();
    assert!(words.contains("the hub is about to answer"), "{words}");
    kill_process(hub_process, Signal::CONT).unwrap();
    told.read_to_string(&mut words).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(130));
    assert!(words.contains("was accepted and goes on"), "{words}");
    let id = words.split("job ").nth(1).unwrap().split(' ').next().unwrap();
    world.wait_until_started();
    world.open_gate();
    assert_eq!(world.run(&["jobs", "watch", id]).code, 0);
}

#[test]
fn what_was_handed_in_before_an_interruption_is_counted_and_the_rest_is_named() {
    let world = World::new();
    world.backend("00first", GOOD);
    let _hub = world.serve();
    let mut child =
        world.command(&["submit", "--ndjson", "--json", "-"]).stdin(Stdio::piped()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    for uid in ["a", "b", "c"] {
        writeln!(stdin, "{}", update(uid)).unwrap();
    }
    let mut answers = BufReader::new(child.stdout.take().unwrap());
    for _ in 0..3 {
        let mut line = String::new();
        answers.read_line(&mut line).unwrap();
        assert!(line.contains("\"job\""), "{line}");
    }
    // Standard input stays open: only Ctrl-C can end it.
    interrupt(&child);
    let mut rest = String::new();
    answers.read_to_string(&mut rest).unwrap();
    assert_eq!(rest, "");
    let ran = Ran::from(child.wait_with_output().unwrap());
    assert_eq!(ran.code, 130, "{ran:?}");
    assert!(ran.stderr.contains("interrupted after line 3"), "{ran:?}");
    assert!(ran.stderr.contains("tail -n +4"), "{ran:?}");
    drop(stdin);
    assert_eq!(world.run(&["jobs", "list", "--json"]).json()["jobs"].as_array().unwrap().len(), 3);
}

#[test]
fn an_import_that_is_interrupted_says_how_to_go_on() {
    let world = World::new();
    world.backend("00first", GOOD);
    let hub = world.serve();
    let file = world.file("people.csv", "uid,cn,sn\nalice,Alice,A\n");
    // Nobody answers meanwhile.
    hub.signal(Signal::STOP);
    let child = world.command(&["identities", "import", &file]).spawn().unwrap();
    until_it_listens(&child);
    interrupt(&child);
    let ran = Ran::from(child.wait_with_output().unwrap());
    hub.signal(Signal::CONT);
    ran.said(130, &["interrupted", "the same command goes on"]);
    assert_eq!(world.run(&["identities", "import", &file]).code, 0);
}

/// Answers the next one who asks for events as a hub does that goes away behind these words; what was asked.
fn tells(hub: &UnixListener, head: &str, words: &str) -> String {
    let (mut link, _) = hub.accept().unwrap();
    let request = BufReader::new(link.try_clone().unwrap()).lines().map(Result::unwrap);
    let request: Vec<String> = request.take_while(|line| !line.is_empty()).collect();
    write!(link, "HTTP/1.1 {head}\r\nconnection: close\r\n\r\n{words}").unwrap();
    request[0].trim_start_matches("GET /api/v1/events").trim_end_matches(" HTTP/1.1").to_owned()
}

#[test]
fn a_watch_goes_on_behind_all_that_it_has_seen_whoever_answers_next() {
    let world = World::new();
    let hub = UnixListener::bind(world.path("socket")).unwrap();
    let child = world.command(&["jobs", "watch", "--json"]).spawn().unwrap();
    let event = |seq: &str, position: &str| {
        let data = json!({ "seq": seq, "at": "2026-11-27T10:00:00Z", "kind": "refused" });
        format!("id: {position}\ndata: {data}\n\n")
    };
    let stream = "200 OK\r\ncontent-type: text/event-stream";
    let later = "503 Service Unavailable\r\ncontent-type: application/problem+json";
    let stands_by = Problem::later("standing_by", 10, "this hub stands by: turn to that one");
    let stands_by = serde_json::to_value(stands_by).unwrap();
    let asked = [
        // Nothing happens before it goes away.
        tells(&hub, stream, "id: 120,3:55\n\n"),
        // It goes away in the middle of a word.
        tells(&hub, stream, &(event("3:56", "120,3:56") + "id: 121,3:56\ndata: {\"seq\":")),
        // What answers cannot tell anything now: another hub that stands by, or a proxy that finds none.
        tells(&hub, later, &stands_by.to_string()),
        tells(&hub, later, &stands_by.to_string()),
        tells(&hub, "502 Bad Gateway", "<html>"),
        tells(&hub, stream, &event("121", "121,3:56")),
        tells(&hub, "404 Not Found", ""),
    ];
    assert_eq!(asked[..2], ["", "?after=120%2C3%3A55"]);
    assert_eq!(asked[2..6], ["?after=120%2C3%3A56"; 4]);
    assert_eq!(asked[6], "?after=121%2C3%3A56");
    let ran = Ran::from(child.wait_with_output().unwrap());
    let told: Vec<_> =
        ran.lines().iter().map(|line| (line["seq"].clone(), line["position"].clone())).collect();
    assert_eq!(told, [(json!("3:56"), json!("120,3:56")), (json!("121"), json!("121,3:56"))], "{ran:?}");
    for (words, times) in [("the hub went away", 3), ("this hub stands by", 1), ("the hub is back", 2)] {
        assert_eq!(ran.stderr.matches(words).count(), times, "{words}: {ran:?}");
    }
}

#[test]
fn a_listing_goes_on_until_it_has_found_enough_or_seen_all() {
    let world = World::new();
    let hub = UnixListener::bind(world.path("socket")).unwrap();
    let row = |n: u8| json!({ "what": format!("job {n}"), "why": "of a test" });
    let ask = |args: &[&str], pages: &[Value]| {
        let child = world.command(&[&["jobs"], args].concat()).spawn().unwrap();
        let asked: Vec<_> = pages.iter().map(|page| tells(&hub, "200 OK", &page.to_string())).collect();
        let asked = asked.iter().map(|asked| asked.split_once('?').unwrap().1.to_owned()).collect::<Vec<_>>();
        (asked, Ran::from(child.wait_with_output().unwrap()))
    };

    let pages = [
        json!({ "jobs": [], "next": 900, "looked_at": 100 }),
        json!({ "jobs": [], "damaged": [row(1)], "next": 800, "looked_at": 200 }),
        json!({ "jobs": [], "damaged": [row(2), row(3)], "next": 700 }),
    ];
    let (asked, ran) = ask(&["list", "--json", "--limit", "3"], &pages);
    assert_eq!(asked, ["limit=3", "before=900&limit=3", "before=800&limit=2"]);
    assert_eq!(ran.json(), json!({ "jobs": [], "next": 700, "damaged": [row(1), row(2), row(3)] }));

    // "Nothing" is said when all was looked at, and not before.
    let none = |of: &str| [json!({ of: [], "next": 9 }), json!({ of: [], "next": 5 }), json!({ of: [] })];
    for (list, of, words) in [
        (vec!["list"], "jobs", "no job fits"),
        (vec!["refusals", "list", "--dead"], "records", "no refusal fits"),
        (vec!["deliveries", "list"], "deliveries", "no delivery fits"),
    ] {
        let mut pages = none(of);
        if of == "jobs" {
            pages[..2].iter_mut().for_each(|page| page["looked_at"] = json!(100));
        }
        let (asked, ran) = ask(&list, &pages);
        assert!(asked[1].contains("before=9&") && asked[2].contains("before=5&"), "{asked:?}");
        assert!(ran.stderr.contains(words) && !ran.stderr.contains("--before"), "{ran:?}");
    }
}

#[test]
fn who_waits_for_a_job_waits_for_a_hub_that_is_started_anew() {
    let world = World::new();
    world.gates();
    world.backend("00first", &world.gated_script());
    let hub = world.serve();
    let mut waiting =
        world.command(&["submit", "--wait", "--json", "-"]).stdin(Stdio::piped()).spawn().unwrap();
    waiting.stdin.take().unwrap().write_all(update("alice").as_bytes()).unwrap();
    world.wait_until_started();
    hub.kill();
    let mut told = BufReader::new(waiting.stderr.take().unwrap());
    let mut said = String::new();
    told.read_line(&mut said).unwrap();
    assert!(said.contains("the hub went away"), "{said}");
    let _hub = world.serve();
    world.wait_until_started();
    world.open_gate();
    let ran = Ran::from(waiting.wait_with_output().unwrap());
    told.read_to_string(&mut said).unwrap();
    assert!(said.contains("the hub is back"), "{said}");
    assert_eq!((ran.code, &ran.json()["status"]), (0, &json!(0)), "{ran:?} {said}");
}

#[test]
fn help_is_a_command_too() {
    let world = World::new();
    for command in
        [vec!["jobs", "list"], vec!["submit"], vec!["identities", "import"], vec!["backends", "new"]]
    {
        let asked = world.run(&[vec!["help"], command.clone()].concat());
        let by_option = world.run(&[command, vec!["--help"]].concat());
        assert_eq!((asked.code, asked.stdout), (0, by_option.stdout));
    }
    assert!(world.run(&["help"]).stdout.contains("Hand requests to the running hub"));
}

/// What is wrong, what a command says of it, and the settings.
fn faults(world: &World, taken: u16) -> Vec<(&'static str, String)> {
    let backends = world.text("backends");
    let with = |more: &str| format!("backends:\n  folder: {backends}\n{more}");
    vec![
        ("go together", with("http:\n  certificate: a.pem\n")),
        ("a.pem", with("http:\n  certificate: a.pem\n  key: b.pem\n")),
        ("oidc", with("http:\n  oidc:\n    issuer: https://login.example.org\n")),
        ("unknown key", with("retention:\n  jbos: 3d\n")),
        ("must not lie in the data folder", with("data:\n  folder: data\nkey: file:data/intendant.key\n")),
        ("this name too", with("sesame:\n  main: {}\nbus:\n  main: {}\n")),
        ("in use", with(&format!("http:\n  listen: 127.0.0.1:{taken}\n"))),
    ]
}

#[test]
fn what_serve_refuses_doctor_and_config_check_refuse_too() {
    let world = World::new();
    world.backend("00first", GOOD);
    let other = TcpListener::bind("127.0.0.1:0").unwrap();
    for (words, settings) in faults(&world, other.local_addr().unwrap().port()) {
        world.file("intendant.yml", &settings);
        let run = |args: &[&str]| {
            let mut command = world.command(args);
            Ran::from(command.env_remove("INTENDANT_HTTP__LISTEN").output().unwrap())
        };
        let served = run(&["serve"]);
        assert_ne!(served.code, 0, "{settings}: {served:?}");
        assert!(served.stderr.contains(words), "{words}: {served:?}");
        let examined = run(&["doctor"]);
        assert_eq!(examined.code, 1, "{settings}: {examined:?}");
        let said = examined.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(said.contains(words), "{words}: {said}");
        // Whether an address is free is nothing that the configuration says.
        if words != "in use" {
            let checked = run(&["config", "check"]);
            assert_eq!(checked.code, 2, "{settings}: {checked:?}");
            assert!(checked.stderr.contains(words), "{words}: {checked:?}");
        }
    }
}
