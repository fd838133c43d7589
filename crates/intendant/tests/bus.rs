//! The whole program on a real RabbitMQ: a service of the bus that is nothing but configuration and a script, the
//! commands beside it, and its end in the middle of the work.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![allow(missing_docs, unreachable_pub)]

mod support;

use std::collections::BTreeMap;
use std::fs;
use std::process::Stdio;
use std::time::Duration;

use serde_json::{Value, json};
use support::{Ran, Serving, World, executable};
use testkit::peer::{Language, Peer};
use testkit::service::{Kind, Service};
use testkit::wait;

const LONG: Duration = Duration::from_mins(2);
const KEY: &str = "request.mailinglist.update";

/// Keeps a list of whom it was asked about, and answers with data. One whose hub was killed may find nothing to read.
const GOOD: &str = r#"
who=$(sed -n 's/.*"concernedTo":"\([^"]*\)".*/\1/p'); [ -n "$who" ] && echo "$who" >>../seen
echo "{\"status\": 0, \"message\": \"written\", \"data\": {\"list\": \"$who\"},
 \"notices\": [{\"name\": \"notify.mailinglist.seen\", \"data\": {\"list\": \"$who\"}}, {\"data\": 1}, 2]}"
"#;

/// A world whose hub serves mailing lists on this broker.
fn world(broker: &Service, script: &str) -> World {
    let world = World::new();
    world.file("schema.json", r#"{"type": "object", "required": ["list"]}"#);
    world.configure(&format!(
        "bus:\n  lists:\n    url: {}\n    user: guest\n    password: file:password\n    env_prefix: GMLD\n    deferred: 1s\n\
         \x20   routes:\n      {KEY}:\n        about: Writes a mailing list\n        action: LIST_UPDATE\n        schema: schema.json\n\
         \x20       concerned_to: /list\n        notify: notify.mailinglist.updated\n\
         \x20       depends_on: [{{name: GrAM, url: 'http://127.0.0.1:1/api', why: members}}]\n",
        broker.url().replace("guest:guest@", "guest:wrong@")
    ));
    world.file("password", "guest\n");
    let home = world.path("backends/10lists");
    fs::create_dir_all(home.join("bin")).unwrap();
    let config = "_version: 1\nname: 10lists\ndescription: of a test\nactive: true\nactions:\n  LIST_UPDATE:\n    script: main.sh\n";
    fs::write(home.join("config.yml"), config).unwrap();
    executable(&home.join("bin/main.sh"), &format!("#!/bin/sh\n{script}\n"));
    world
}

fn seen(world: &World) -> Vec<String> {
    let text = fs::read_to_string(world.path("backends/10lists/seen")).unwrap_or_default();
    text.lines().map(str::to_owned).collect()
}

fn request(n: usize) -> Value {
    let properties = json!({
        "message_id": format!("88d818a1-c77c-44e6-ad0c-{n:012x}"),
        "app_id": "gorg_mail",
        "reply_to": "asker.reply",
        "delivery_mode": 2,
        "headers": { "soa-version": "2.0" },
    });
    json!({
        "exchange": "lists.request", "key": KEY, "properties": properties,
        "body": json!({ "list": format!("l{n}") }).to_string(),
    })
}

/// It ended with this code, and all of these are somewhere in what it printed.
#[track_caller]
fn shows(ran: &Ran, code: i32, words: &[&str]) {
    let printed = format!("{} {}", ran.stdout, ran.stderr);
    let printed = printed.split_whitespace().collect::<Vec<_>>().join(" ");
    assert_eq!(ran.code, code, "{printed}");
    for words in words {
        assert!(printed.contains(words), "{words:?} is missing: {printed}");
    }
}

fn asker(broker: &Service) -> Peer {
    asker_at(broker.url())
}

fn asker_at(url: &str) -> Peer {
    let mut peer = Peer::connect(Language::Python, url).unwrap();
    peer.ask("exchange", json!({ "name": "asker.reply" })).unwrap();
    peer.ask("queue", json!({ "name": "replies", "bindings": [["asker.reply", "#"]] })).unwrap();
    peer
}

fn replies(peer: &mut Peer, count: usize) -> Vec<Value> {
    let taken = peer.ask("get", json!({ "queue": "replies", "count": count, "seconds": 110 })).unwrap();
    assert_eq!(taken.as_array().unwrap().len(), count, "{taken}");
    taken.as_array().unwrap().clone()
}

#[test]
fn a_service_is_configuration_and_a_script() {
    let broker = Kind::RabbitMq.start().unwrap();
    let world = world(&broker, GOOD);
    let doctor = world.run(&["doctor"]).stdout;
    assert!(doctor.contains("queue lists_job_q on RabbitMQ at 127.0.0.1"), "{doctor}");
    assert!(doctor.contains("made when the hub first starts"), "{doctor}");
    assert!(doctor.contains("GrAM at http://127.0.0.1:1/api (members) is not reached"), "{doctor}");
    assert_eq!(world.run(&["bus", "declare", "--json"]).json()["notes"], json!([]));

    let hub = world.serve();
    let mut peer = asker(&broker);
    let mut tail = world.command(&["bus", "tail", "--json", "--key", "notify.#", "--limit", "2"]);
    let tail = tail.stdout(Stdio::piped()).spawn().unwrap();
    let log = wait::until(LONG, || {
        let queues = broker.rabbitmqctl(&["list_queues", "name", "consumers"]).unwrap();
        queues.lines().any(|line| line.starts_with("amq.gen") && line.ends_with('1')).then_some(queues)
    });
    assert!(log.is_some(), "somebody listens");
    peer.ask("publish", json!({ "messages": [request(1)] })).unwrap();
    let reply = replies(&mut peer, 1).remove(0);
    assert_eq!(reply["body"], r#"{"list":"l1"}"#);
    assert_eq!(reply["properties"]["headers"]["status-code"], 200);
    let passed = String::from_utf8(tail.wait_with_output().unwrap().stdout).unwrap();
    let passed: Vec<Value> = passed.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    for (passed, key) in passed.iter().zip(["notify.mailinglist.updated", "notify.mailinglist.seen"]) {
        assert_eq!(passed["raw"]["routing_key"], key);
        assert_eq!(passed["message"]["data"], json!({ "list": "l1" }));
    }

    // By hand, checked before it leaves.
    let publish = ["bus", "publish", KEY, "-", "--reply-to", "asker.reply", "--json"];
    world.run_with(&publish, "{}").said(2, &["does not fit the schema", "list"]);
    let published = world.run_with(&publish, r#"{"list": "l2"}"#);
    assert_eq!(published.code, 0, "{published:?}");
    let reply = replies(&mut peer, 1).remove(0);
    assert_eq!(reply["properties"]["correlation_id"], published.json()["id"]);
    assert_eq!(seen(&world), ["l1", "l2"]);

    // The secrets of the broker reach neither scripts nor log.
    assert!(!hub.log().contains("guest:"), "{}", hub.log());
    let jobs = world.run(&["jobs", "list", "--json"]).json();
    assert_eq!(jobs["jobs"][0]["source"], "lists");
    assert_eq!(hub.stop(), Some(0));
}

/// The same application with the same names on both, asked under the same ids.
#[test]
fn virtual_hosts_of_one_broker_do_not_mix() {
    const COUNT: usize = 20;
    let vhosts = ["north", "south"];
    let broker = Kind::RabbitMq.start().unwrap();
    let world = world(&broker, GOOD);
    let section = |vhost: &str| {
        broker.rabbitmqctl(&["add_vhost", vhost]).unwrap();
        broker.rabbitmqctl(&["set_permissions", "-p", vhost, "guest", ".*", ".*", ".*"]).unwrap();
        format!(
            "  {vhost}:\n    url: {}\n    vhost: {vhost}\n    application_id: lists\n    routes:\n      {KEY}:\n\
             \x20       action: LIST_UPDATE\n        concerned_to: /list\n        notify: notify.mailinglist.updated\n",
            broker.url()
        )
    };
    world.configure(&format!("bus:\n{}", vhosts.map(section).concat()));
    let hub = world.serve();
    let at = |vhost: &str| broker.url().replace("%2f", vhost);
    for vhost in vhosts {
        assert_eq!(world.run(&["bus", "declare", "--bus", vhost, "--json"]).json()["notes"], json!([]));
    }
    let mut peers = vhosts.map(|vhost| (vhost, asker_at(&at(vhost))));
    for (vhost, peer) in &mut peers {
        peer.ask("queue", json!({ "name": "events", "bindings": [["agoram_event_exchange", "notify.#"]] }))
            .unwrap();
        let mut messages: Vec<Value> = (0..COUNT).map(request).collect();
        for message in &mut messages {
            message["body"] = json!(json!({ "list": vhost }).to_string());
        }
        peer.ask("publish", json!({ "messages": messages })).unwrap();
    }
    for (vhost, peer) in &mut peers {
        let own = json!({ "list": vhost }).to_string();
        let mut ids: Vec<String> = Vec::new();
        for reply in replies(peer, COUNT) {
            assert_eq!(reply["body"], own);
            ids.push(reply["properties"]["correlation_id"].as_str().unwrap().to_owned());
        }
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), COUNT, "each was answered once");
        let told = peer.ask("get", json!({ "queue": "events", "count": 2 * COUNT, "seconds": 110 })).unwrap();
        let said = |event: &Value| event["body"].as_str().unwrap().contains(&own);
        assert!(
            told.as_array().unwrap().len() == 2 * COUNT && told.as_array().unwrap().iter().all(said),
            "{told}"
        );
    }
    let jobs = world.run(&["jobs", "list", "--json", "--limit", "100"]).json();
    let of =
        |vhost: &str| jobs["jobs"].as_array().unwrap().iter().filter(|job| job["source"] == vhost).count();
    assert_eq!(vhosts.map(of), [COUNT, COUNT]);
    for (_, peer) in &mut peers {
        for queue in ["replies", "events"] {
            assert_eq!(peer.ask("exists", json!({ "queue": queue })).unwrap(), 0);
        }
    }
    assert_eq!(hub.stop(), Some(0));
}

#[test]
fn dead_letters_go_back_to_the_bus() {
    let broker = Kind::RabbitMq.start().unwrap();
    let world = world(&broker, r#"cat >/dev/null; echo '{"status": 1, "message": "no such list"}'"#);
    let hub = world.serve();
    let mut peer = asker(&broker);
    peer.ask("exchange", json!({ "name": "parking" })).unwrap();
    peer.ask("queue", json!({ "name": "parked", "bindings": [["parking", "#"]] })).unwrap();
    let v1 = json!({
        "event_uuid": "88d818a1-c77c-44e6-ad0c-8aa893468e94", "event_name": "request.mailinglist.update",
        "event_creation_time": "2016-05-29T15:03:50+00:00", "event_sender_id": "gram", "data": { "list": "l9", "password": "s3cret" },
    });
    let broken = json!({ "exchange": "lists.request", "key": KEY, "body": "{broken" });
    let good = json!({ "exchange": "lists.request", "key": KEY, "body": v1.to_string() });
    peer.ask("publish", json!({ "messages": [broken, good] })).unwrap();
    let job = wait::until(LONG, || {
        let jobs = world.run(&["jobs", "list", "--json", "--state", "failed"]).json();
        jobs["jobs"][0]["id"].as_str().map(str::to_owned)
    });
    let job = job.expect("a failed job");
    let refusals = world.run(&["jobs", "refusals", "list", "--json"]).json();
    let refusal = refusals["records"][0]["seq"].to_string();
    // What reaches nobody was not moved.
    world.run(&["bus", "move", &job, "--exchange", "nowhere"]).said(1, &["there is no exchange nowhere"]);
    peer.ask("exchange", json!({ "name": "deaf" })).unwrap();
    world.run(&["bus", "move", &job, "--exchange", "deaf"]).said(1, &["no queue is bound to exchange deaf"]);
    let moved = world.run(&["bus", "move", &job, &refusal, "--exchange", "parking", "--json"]);
    assert_eq!(moved.code, 0, "{moved:?}");
    let parked = peer.ask("get", json!({ "queue": "parked", "count": 2 })).unwrap();
    let id = moved.lines()[0]["id"].as_str().unwrap().to_owned();
    assert_eq!(parked[0]["properties"]["message_id"], id.as_str());
    let message: Value = serde_json::from_str(parked[0]["body"].as_str().unwrap()).unwrap();
    assert_eq!(message["data"], json!({ "list": "l9", "password": "s3cret" }), "whole, as it came");
    assert_eq!((&message["event_sender_id"], &message["errors_count"]), (&json!("gram"), &json!(1)));
    assert_eq!(message["errors"][0]["error_message"], "no such list");
    assert_eq!(parked[0]["properties"]["correlation_id"], v1["event_uuid"]);
    assert_ne!(message["event_uuid"], v1["event_uuid"]);
    assert_eq!((&parked[1]["body"], &parked[1]["key"]), (&json!("{broken"), &json!(KEY)));
    // Each of them is marked, and once is enough.
    for dead in [&job, &refusal] {
        let again = ["bus", "move", dead, "--exchange", "parking"];
        world.run(&again).said(1, &["was moved to exchange parking", "--again"]);
        assert_eq!(world.run(&[&again[..], &["--again"]].concat()).code, 0);
    }
    peer.ask("get", json!({ "queue": "parked", "count": 2 })).unwrap();
    shows(
        &world.run(&["jobs", "show", &job]),
        0,
        &["moved", "to exchange parking under request.mailinglist.update"],
    );
    shows(&world.run(&["jobs", "refusals", "show", &refusal]), 0, &["to exchange parking"]);

    // In version 2 the failures go along too, and whoever asked knows the answer to the moved message.
    let asked = request(7);
    peer.ask("publish", json!({ "messages": [asked] })).unwrap();
    assert_eq!(replies(&mut peer, 1)[0]["properties"]["headers"]["error-type"], "hardfail");
    let failed = world.run(&["jobs", "list", "--json", "--state", "failed"]).json();
    let job = failed["jobs"][0]["id"].as_str().unwrap().to_owned();
    assert_eq!(world.run(&["bus", "move", &job, "--exchange", "parking"]).code, 0);
    let parked = peer.ask("get", json!({ "queue": "parked", "count": 1 })).unwrap();
    let headers = &parked[0]["properties"]["headers"];
    assert_eq!(headers["errors"][0]["error_message"], "no such list");
    assert_eq!(headers["original-id"], asked["properties"]["message_id"]);
    assert_eq!(world.run(&["bus", "move", &job, "--again"]).code, 0);
    let reply = replies(&mut peer, 1).remove(0);
    assert_eq!(reply["properties"]["correlation_id"], asked["properties"]["message_id"]);
    assert_eq!(hub.stop(), Some(0));
}

#[test]
fn the_log_says_once_what_is_wrong_with_a_connection() {
    let broker = Kind::RabbitMq.start().unwrap();
    let world = world(&broker, GOOD);
    world.file("password", "guess\n");
    let configuration = fs::read_to_string(world.path("intendant.yml")).unwrap();
    let redis = "sesame:\n  main:\n    redis: redis://127.0.0.1:1\n";
    fs::write(world.path("intendant.yml"), format!("{configuration}{redis}")).unwrap();
    shows(&world.run(&["doctor"]), 1, &["it does not let user guest in: the user or the password is wrong"]);
    let hub = world.serve();
    let told = |log: &str, words: &str| log.lines().filter(|line| line.contains(words)).count();
    let wrong = "lists: RabbitMQ at 127.0.0.1";
    let until = |words: &str| wait::until(LONG, || hub.log().contains(words).then_some(())).expect(words);
    until("the user or the password is wrong");
    until("main: Redis at 127.0.0.1:1");
    // Several tries later still once.
    let tries = || {
        let files = fs::read_dir(broker.folder())
            .unwrap()
            .filter_map(|file| fs::read_to_string(file.unwrap().path()).ok());
        files.map(|text| text.matches("user 'guest' - invalid credentials").count()).sum::<usize>()
    };
    let first = tries();
    wait::until(LONG, || (tries() > first + 3).then_some(())).expect("more tries");
    broker.rabbitmqctl(&["change_password", "guest", "guess"]).unwrap();
    until("lists: connected again after");
    let log = hub.log();
    assert_eq!(told(&log, wrong), 1, "{log}");
    assert!(log.contains("next try in") && log.contains("down since"), "{log}");
    assert_eq!(told(&log, "main: Redis at 127.0.0.1:1"), 1, "{log}");
    assert!(log.contains("nobody listens there"), "{log}");
    assert_eq!(told(&log, "connected again"), 1, "{log}");
    assert_eq!((told(&log, "ERROR"), told(&log, "lapin")), (0, 0), "{log}");
    assert_eq!(hub.stop(), Some(0));
}

#[test]
fn what_cannot_be_made_or_reaches_nobody_is_told() {
    let broker = Kind::RabbitMq.start().unwrap();
    let world = world(&broker, GOOD);
    broker.rabbitmqctl(&["set_permissions", "guest", "^$", "^$", "^$"]).unwrap();
    shows(&world.run(&["bus", "declare"]), 1, &["queue lists_job_q could not be made: 403"]);
    shows(&world.run(&["doctor"]), 1, &["may not make queue lists_job_q", "rabbitmqctl set_permissions"]);
    broker.rabbitmqctl(&["set_permissions", "guest", ".*", ".*", ".*"]).unwrap();
    shows(&world.run(&["bus", "declare"]), 0, &["lists_job_q is there"]);
    let publish = |key: &str| world.run_with(&["bus", "publish", key], r#"{"list": "board", "members": []}"#);
    shows(&publish(KEY), 0, &["published"]);
    shows(&publish("notify.nobody.listens"), 1, &["no queue is bound to exchange agoram_event_exchange"]);
}

#[test]
fn a_backend_of_the_hubs_own_does_nothing_and_says_so() {
    let world = World::new();
    let hub = Serving::start(&world, world.command(&["serve", "--noop", "MEASURED", "--noop", "ALSO"]));
    assert!(hub.log().contains("MEASURED, ALSO: the hub was started with --noop"), "{}", hub.log());
    let request = r#"{"concernedTo": "x", "payload": {}}"#;
    for action in ["MEASURED", "ALSO"] {
        let ran = world.run_with(&["submit", "--wait", "--action", action, "-"], request);
        assert_eq!(ran.code, 0, "{ran:?}");
    }
    shows(&world.run(&["backends", "list"]), 0, &["noop", "and nothing is"]);
    // It stays when everything is read anew.
    assert_eq!(world.run(&["backends", "reload"]).code, 0);
    shows(&world.run(&["backends", "list"]), 0, &["noop"]);
    assert_eq!(hub.stop(), Some(0));
}

#[test]
fn crashes_and_stops_lose_nothing() {
    let count: usize = std::env::var("INTENDANT_BUS_REQUESTS").map_or(600, |text| text.parse().unwrap());
    let broker = Kind::RabbitMq.start().unwrap();
    let world = world(&broker, GOOD);
    let mut hub = world.serve();
    let mut peer = asker(&broker);
    let messages: Vec<Value> = (0..count).map(request).collect();
    peer.ask("publish", json!({ "messages": messages })).unwrap();
    let mut killed = 0;
    for round in 0..3 {
        let more = count * (round + 1) / 5;
        wait::until(LONG, || (seen(&world).len() >= more).then_some(())).expect("some to run");
        if round == 1 {
            assert_eq!(hub.stop(), Some(0));
        } else {
            hub.kill();
            killed += 1;
        }
        hub = world.serve();
    }
    let mut answered: Vec<String> = Vec::new();
    while answered.len() < count {
        for reply in replies(&mut peer, 1) {
            answered.push(reply["properties"]["correlation_id"].as_str().unwrap().to_owned());
        }
        answered.sort_unstable();
        answered.dedup();
    }
    let mut all = seen(&world);
    // A script that ran when the hub was killed may run again; 16 of one backend run at once.
    assert!(all.len() <= count + killed * 16, "{} executions of {count} requests", all.len());
    all.sort_unstable();
    all.dedup();
    assert_eq!(all.len(), count);
    assert_eq!(hub.stop(), Some(0));
    assert_eq!(peer.ask("exists", json!({ "queue": "lists_job_q" })).unwrap(), 0);
}

/// As on a platform whose disks are new at each start: the journal goes with every hub that is killed.
#[test]
fn killed_at_any_moment_and_without_its_journal_it_loses_nothing() {
    const EACH: usize = 16;
    const COUNT: usize = 5 * EACH;
    let broker = Kind::RabbitMq.start().unwrap();
    let slow = format!(
        "{GOOD}\nsleep 0.05\ncase $who in *[05]) [ -e ../failed-$who ] || {{ : >../failed-$who; exit 75; }};; esac"
    );
    let world = world(&broker, &slow);
    let configuration = fs::read_to_string(world.path("intendant.yml")).unwrap();
    let configuration = configuration.replace("    deferred: 1s\n", "    deferred: 5s\n    hold: 3s\n");
    fs::write(world.path("intendant.yml"), configuration).unwrap();
    let start = || {
        let mut command = world.command(&["serve"]);
        command.env("DYNO", "worker.1");
        Serving::start(&world, command)
    };
    let shown = world.command(&["config", "check", "--json"]).env("DYNO", "worker.1").output().unwrap();
    let shown = String::from_utf8(shown.stdout).unwrap();
    assert!(shown.contains("lists: RabbitMQ keeps each message until its job has ended"), "{shown}");
    assert!(shown.contains(r#""origin":"$DYNO""#) || shown.contains(r#""origin": "$DYNO""#), "{shown}");

    // What is published before its queue is there goes nowhere.
    let declared = world.command(&["bus", "declare"]).env("DYNO", "worker.1").status().unwrap();
    assert!(declared.success());
    let mut hub = start();
    assert!(hub.log().contains("the journal does not last (journal.durable is false)"), "{}", hub.log());
    let mut peer = asker(&broker);
    for (round, more) in [1, 6, 0, 12, 3].into_iter().enumerate() {
        let before = seen(&world).len();
        let messages: Vec<_> = (round * EACH..(round + 1) * EACH).map(request).collect();
        peer.ask("publish", json!({ "messages": messages })).unwrap();
        let worked = wait::until(LONG, || (seen(&world).len() >= before + more).then_some(()));
        assert!(worked.is_some(), "{}", hub.log());
        hub.kill();
        fs::remove_dir_all(world.path("data")).unwrap();
        hub = start();
    }
    let mut ends: BTreeMap<String, String> = BTreeMap::new();
    let mut note = |reply: Value| {
        let properties = &reply["properties"];
        if properties["headers"]["status-code"] == 200 {
            let [asked, id] =
                ["correlation_id", "message_id"].map(|name| properties[name].as_str().unwrap().to_owned());
            let known = ends.entry(asked.clone()).or_insert_with(|| id.clone());
            assert_eq!(*known, id, "whoever asked sees that this is the answer to {asked} once more");
        }
        ends.len()
    };
    while note(replies(&mut peer, 1).remove(0)) < COUNT {}
    // Whatever was under way a second time is done with as well, and the broker keeps none of it.
    let done = wait::until(LONG, || {
        let queues = broker.rabbitmqctl(&["list_queues", "name", "messages"]).unwrap();
        let empty = |queue: &str| queues.lines().any(|line| line == format!("{queue}\t0"));
        (empty("lists_job_q") && empty("lists_request-mailinglist-update_deferred_q")).then_some(())
    });
    assert!(done.is_some(), "{}", hub.log());
    let left = peer.ask("exists", json!({ "queue": "replies" })).unwrap().as_u64().unwrap();
    for _ in 0..left {
        note(replies(&mut peer, 1).remove(0));
    }
    assert_eq!(hub.stop(), Some(0));
}
