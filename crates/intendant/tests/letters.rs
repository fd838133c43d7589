//! Commands about what somebody has to decide on: refused messages, deliveries that could not be made, what is held.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![allow(clippy::disallowed_methods, reason = "the other side of a webhook is a thread here")]
#![allow(missing_docs, unreachable_pub)]

mod support;

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::{Value, json};
use support::{Ran, World};
use testkit::wait;

const LONG: Duration = Duration::from_mins(2);
const GOOD: &str = r#"cat >/dev/null; echo '{"status": 0, "message": "entry written"}'"#;

#[track_caller]
fn shows(ran: &Ran, words: &[&str]) {
    assert_eq!(ran.code, 0, "{ran:?}");
    for word in words {
        assert!(ran.stdout.contains(word) || ran.stderr.contains(word), "{word:?} is missing: {ran:?}");
    }
}

#[test]
fn refused_messages_are_listed_by_cause_handed_in_again_and_set_aside() {
    let world = World::new();
    world.backend("00first", GOOD);
    let hub = world.serve();
    let no_action = world.file("no-action.json", r#"{"concernedTo":"alice","payload":{}}"#);
    let broken = world.file("broken.json", r#"{"action":"#);
    for file in [&no_action, &no_action, &broken] {
        assert_eq!(world.run(&["submit", file]).code, 2);
    }
    let causes = world.run(&["jobs", "refusals", "causes", "--json"]).json();
    let groups = causes["causes"].as_array().unwrap();
    assert_eq!(groups.len(), 2, "{causes}");
    let twice = groups.iter().find(|group| group["letters"] == 2).expect("a group of two");
    let cause = twice["id"].as_str().unwrap();
    shows(&world.run(&["jobs", "refusals", "causes"]), &[cause, "no action", "--cause CAUSE"]);
    let listed = world.run(&["jobs", "refusals", "list", "--cause", cause, "--json"]).json();
    assert_eq!(listed["records"].as_array().unwrap().len(), 2);

    // What is as wrong as before is refused once more, and says so.
    let again = world.run(&["jobs", "refusals", "resubmit", "--all", "--cause", cause]);
    assert_eq!(again.code, 1, "{again:?}");
    assert!(again.stdout.contains("0 messages accepted") && again.stdout.contains("no action"), "{again:?}");

    let missing = world.run(&["jobs", "refusals", "aside", "--all", "--cause", cause]);
    assert!(missing.code == 2 && missing.stderr.contains("--reason"), "{missing:?}");
    let aside = ["jobs", "refusals", "aside", "--all", "--cause", cause, "--reason", "a test of ours"];
    shows(&world.run(&aside), &["2 dead letters set aside"]);
    let dead = world.run(&["jobs", "refusals", "list", "--dead", "--json"]).json();
    let dead = dead["records"].as_array().unwrap();
    assert_eq!(dead.len(), 1, "{dead:?}");
    let last = dead[0]["seq"].to_string();
    shows(&world.run(&["jobs", "refusals", "show", &last]), &["it breaks off"]);
    let one = world.run(&["jobs", "refusals", "resubmit", &last]);
    assert!(one.code == 1 && one.stderr.contains(&format!("refusal {last}: ")), "{one:?}");
    shows(
        &world.run(&["jobs", "refusals", "aside", &last, "--reason", "cut off"]),
        &["1 dead letter set aside"],
    );
    shows(&world.run(&["jobs", "refusals", "list", "--dead"]), &["no refusal fits"]);
    let kept = world.run(&["jobs", "refusals", "show", "--json", &last]).json();
    assert_eq!(kept["seq"].to_string(), last, "{kept}");
    assert_eq!(hub.stop(), Some(0));
}

/// Takes webhooks, and answers each with the status that it has just then.
struct Taker {
    url: String,
    status: Arc<AtomicU32>,
    taken: Arc<AtomicUsize>,
}

impl Taker {
    fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/hook", listener.local_addr().unwrap());
        let (status, taken) = (Arc::new(AtomicU32::new(410)), Arc::new(AtomicUsize::new(0)));
        let (given, counted) = (Arc::clone(&status), Arc::clone(&taken));
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = BufReader::new(stream.unwrap());
                let (mut length, mut line) = (0, String::new());
                while stream.read_line(&mut line).unwrap() > 2 {
                    if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                        length = value.trim().parse().unwrap();
                    }
                    line.clear();
                }
                stream.read_exact(&mut vec![0; length]).unwrap();
                let status = given.load(Ordering::SeqCst);
                write!(
                    stream.get_mut(),
                    "HTTP/1.1 {status} Said\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
                )
                .unwrap();
                if status == 204 {
                    counted.fetch_add(1, Ordering::SeqCst);
                }
            }
        });
        Taker { url, status, taken }
    }
}

#[test]
fn deliveries_that_were_given_up_are_listed_by_cause_sent_again_and_dropped() {
    let world = World::new();
    world.backend("00first", GOOD);
    let taker = Taker::new();
    world.configure(&format!(
        "webhooks:\n  crm:\n    url: {}\n    secret: whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n",
        taker.url
    ));
    let hub = world.serve();
    for person in ["a", "b", "c"] {
        world.submit(
            &json!({ "action": "IDENTITY_UPDATE", "concernedTo": person, "payload": {} }).to_string(),
        );
    }
    let list = |state: &str| -> Vec<Value> {
        let told = world.run(&["jobs", "deliveries", "list", "--state", state, "--json"]).json();
        told["deliveries"].as_array().unwrap().clone()
    };
    wait::until(LONG, || (list("undeliverable").len() == 3).then_some(())).expect("three that are given up");
    shows(&world.run(&["jobs", "deliveries", "list"]), &["webhook", "crm", "410 Gone"]);
    let causes = world.run(&["jobs", "deliveries", "causes", "--json"]).json();
    assert_eq!((causes["causes"].as_array().unwrap().len(), &causes["causes"][0]["letters"]), (1, &json!(3)));
    let cause = causes["causes"][0]["id"].as_str().unwrap();
    shows(&world.run(&["jobs", "deliveries", "causes"]), &[cause, "does not want it any more", "COURIER"]);

    // One of them is dropped for a reason, the others go out once the other side wants them.
    let ids: Vec<String> =
        list("undeliverable").iter().map(|one| one["id"].as_str().unwrap().to_owned()).collect();
    let unreasoned = world.run(&["jobs", "deliveries", "drop", &ids[0]]);
    assert!(unreasoned.code == 2 && unreasoned.stderr.contains("--reason"), "{unreasoned:?}");
    let dropped = world.run(&["jobs", "deliveries", "drop", &ids[0], "--reason", "nobody reads it"]);
    shows(&dropped, &["1 delivery dropped"]);
    taker.status.store(204, Ordering::SeqCst);
    shows(&world.run(&["jobs", "deliveries", "retry", &ids[1]]), &["1 delivery to be sent again"]);
    let others = ["jobs", "deliveries", "retry", "--all", "--courier", "webhook", "--cause", cause];
    shows(&world.run(&others), &["1 delivery to be sent again"]);
    wait::until(LONG, || (list("delivered").len() == 2).then_some(())).expect("two that are delivered");
    assert_eq!(taker.taken.load(Ordering::SeqCst), 2);
    assert_eq!((list("dropped").len(), list("undeliverable").len()), (1, 0));
    shows(&world.run(&["jobs", "deliveries", "list"]), &["no delivery fits"]);
    let none = world.run(&["jobs", "deliveries", "retry", &ids[0]]);
    assert!(
        none.code == 1 && none.stderr.contains("1 of those named"),
        "what was dropped stays so: {none:?}"
    );
    assert_eq!(hub.stop(), Some(0));
}

/// People who are in the directory, of whom more are deleted at once than the failsafe lets through.
fn held(world: &World, people: u32) -> String {
    let rows: Vec<String> = (0..people).map(|n| format!("p{n},p{n},PERSON {n},PERSON")).collect();
    let file = world.file("people.csv", format!("_id,uid,cn,sn\n{}\n", rows.join("\n")));
    assert_eq!(world.run(&["identities", "import", "--validated", &file]).code, 0);
    assert_eq!(world.run(&["identities", "sync", "--wait"]).code, 0);
    let deleted = world.run(&["identities", "delete", "--all"]);
    assert_eq!(deleted.code, 0, "{deleted:?}");
    let sets = || world.run(&["failsafe", "list", "--json"]).json()["sets"].clone();
    let is_whole = || (sets()[0]["jobs"].as_u64()? == u64::from(people) - 2).then_some(());
    wait::until(LONG, is_whole).unwrap_or_else(|| panic!("held but for two: {}", sets()));
    sets()[0]["name"].as_str().unwrap().to_owned()
}

#[test]
fn what_is_held_is_decided_on_with_its_number() {
    let world = World::new();
    world.backend("00first", GOOD);
    world.configure("failsafe:\n  delete: 2\n  window: 1h\n");
    let hub = world.serve();
    let set = held(&world, 9);
    shows(&world.run(&["failsafe", "list"]), &[&set, "7", "00first", "delete", "none yet"]);
    shows(&world.run(&["failsafe", "show", &set]), &["PERSON"]);
    let unnamed = world.run(&["failsafe", "approve", &set]);
    assert!(unnamed.code == 2 && unnamed.stderr.contains("--jobs"), "{unnamed:?}");
    world.run(&["failsafe", "approve", &set, "--jobs", "8"]).said(2, &["holds 7 jobs, not 8"]);
    world.run(&["failsafe", "reject", &set, "--jobs", "6"]).said(2, &["holds 7 jobs, not 6"]);
    assert_eq!(world.run(&["jobs", "list", "--json", "--state", "cancelled"]).json()["jobs"], json!([]));
    shows(&world.run(&["failsafe", "approve", &set, "--jobs", "7"]), &["7 jobs run now"]);
    let deleted = || world.run(&["identities", "list", "--in", "deleted", "--json"]).json()["total"] == 9;
    wait::until(LONG, || deleted().then_some(())).expect("all are deleted");
    assert_eq!(hub.stop(), Some(0));
}

#[test]
fn what_is_rejected_is_cancelled() {
    let world = World::new();
    world.backend("00first", GOOD);
    world.configure("failsafe:\n  delete: 2\n  window: 1h\n");
    let hub = world.serve();
    let set = held(&world, 5);
    shows(&world.run(&["failsafe", "reject", &set, "--jobs", "3"]), &["3 jobs were cancelled"]);
    let cancelled = world.run(&["jobs", "list", "--json", "--state", "cancelled"]).json();
    assert_eq!(cancelled["jobs"].as_array().unwrap().len(), 3);
    assert_eq!(hub.stop(), Some(0));
}
