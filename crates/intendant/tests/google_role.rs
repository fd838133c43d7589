//! In the place of the Google directory daemon: told by its file and its variables, between a real RabbitMQ and doubles of
//! Google and of the referential.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![allow(missing_docs, unreachable_pub)]

mod support;

use std::collections::BTreeSet;
use std::fs;
use std::process::Command;
use std::time::Duration;

use rustix::process::Signal;
use serde_json::{Value, json};
use support::{Serving, World};
use testgoogle::{Google, Gram, Order};
use testkit::peer::{Language, Peer};
use testkit::service::{Kind, Service};
use testkit::wait;

const LONG: Duration = Duration::from_mins(2);
const ROLE: &str = "google-directory-daemon";
const UUID: &str = "36a7e016-a300-4f52-85f4-6804dede6c6b";

/// A world with the file of the original.
fn world(development: &str) -> World {
    let world = World::new();
    fs::create_dir_all(world.path("config")).unwrap();
    fs::create_dir_all(world.path("secrets")).unwrap();
    let shared =
        "application_id: \"gdd\"\n  rabbitmq_host: \"nowhere.invalid\"\n  rabbitmq_password: \"s3cret\"";
    world.file(
        "config/config.yml",
        format!("default: &default\n  {shared}\ndevelopment:\n  <<: *default\n{development}"),
    );
    world
}

fn told(mut command: Command, variables: &[(&str, &str)]) -> Command {
    command.envs(variables.iter().copied());
    command
}

#[test]
fn each_value_is_shown_with_where_it_comes_from() {
    let world = world("  rabbitmq_host: \"mq.example.org\"\n");
    let variables = [("GDD_RABBITMQ_PORT", "5673"), ("GDD_AUTHORIZER", "x"), ("LOGGER_LEVEL", "WARN")];
    let command = world.command(&["config", "check", "--role", ROLE, "--json"]);
    let output = told(command, &variables).output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(0), "{said} {}", String::from_utf8_lossy(&output.stderr));
    let told: Value = serde_json::from_str(&said).unwrap();
    let value = |key: &str| {
        let all = told["values"].as_array().unwrap();
        let one =
            all.iter().find(|value| value["key"] == key).unwrap_or_else(|| panic!("no {key}: {told:#}"));
        (one["value"].as_str().unwrap(), one["origin"].as_str().unwrap())
    };
    assert_eq!(value("bus.gdd.host"), ("mq.example.org", "config/config.yml:7"));
    assert_eq!(value("bus.gdd.application_id"), ("gdd", "config/config.yml:2"));
    assert_eq!(value("bus.gdd.port"), ("5673", "$GDD_RABBITMQ_PORT"));
    assert_eq!(value("log.level"), ("warn", "$LOGGER_LEVEL"));
    assert_eq!(value("bus.gdd.password").1, "config/config.yml:4");
    assert_eq!(told["remarks"], json!(["authorizer, said in $GDD_AUTHORIZER, has no meaning here"]));
    assert!(!said.contains("s3cret"), "{said}");
}

#[test]
fn what_is_wrong_in_the_file_ends_it_with_a_remedy() {
    let world = world("  log_routing_key:\"logging.key\"\n  rabbitmq_port: 1\n");
    let refused = world.run(&[ROLE]);
    refused.said(1, &["config/config.yml: line 7", "log_routing_key: \"logging.key\""]);
}

/// All that the daemon had around it.
struct Around {
    broker: Service,
    google: Google,
    gram: Gram,
    world: World,
    peer: Peer,
}

impl Around {
    /// With more of our own configuration.
    fn new(more: &str) -> Self {
        let broker = Kind::RabbitMq.start().unwrap();
        let (google, gram) = (Google::start(), Gram::start());
        let world = world("  rabbitmq_host: \"127.0.0.1\"\n");
        world.configure(&format!("google:\n  url: {}\n  settle: 2s\n{more}", google.url()));
        google.key_file(&world.path("secrets"));
        let mut peer = Peer::connect(Language::Python, broker.url()).unwrap();
        peer.ask("exchange", json!({ "name": "gorg.reply" })).unwrap();
        peer.ask("queue", json!({ "name": "replies", "bindings": [["gorg.reply", "#"]] })).unwrap();
        Around { broker, google, gram, world, peer }
    }

    /// Starts the hub in the daemon's place, and waits until it listens.
    fn daemon(&self) -> Serving {
        let (port, gram_url, admin) =
            (self.broker.address().port().to_string(), self.gram.url(), self.google.admin());
        let (user, password) = self.gram.client();
        let variables = [
            ("GDD_RABBITMQ_PORT", port.as_str()),
            ("GDD_RABBITMQ_PASSWORD", "guest"),
            ("GDD_RABBITMQ_USER", "guest"),
            ("GDD_GRAM_API_HOST", &gram_url),
            ("GDD_GRAM_API_USER", user),
            ("GDD_GRAM_API_PASSWORD", password),
            ("GDD_ADMIN_USER_ID", &admin),
        ];
        let mut command = told(self.world.command(&[ROLE]), &variables);
        command.stdout(fs::File::options().create(true).append(true).open(self.world.path("out")).unwrap());
        let hub = Serving::start(&self.world, command);
        let bound = wait::until(LONG, || {
            let bindings = self.broker.rabbitmqctl(&["list_bindings", "source_name", "routing_key"]).unwrap();
            bindings.contains("request.googleapps.user.create").then_some(())
        });
        assert!(bound.is_some(), "{}", self.log());
        hub
    }

    /// What it wrote on its standard output.
    fn log(&self) -> String {
        fs::read_to_string(self.world.path("out")).unwrap()
    }

    fn create(&mut self, number: u32, uuid: &str, address: &str, alias: &str) {
        let properties = json!({
            "message_id": format!("88d818a1-c77c-44e6-ad0c-{number:012}"), "app_id": "gorg",
            "reply_to": "gorg.reply", "delivery_mode": 2, "headers": { "soa-version": "2.0" },
        });
        let asked = json!({ "gram_account_uuid": uuid, "primary_email": address, "aliases": [alias] });
        let message = json!({
            "exchange": "agoram_event_exchange", "key": "request.googleapps.user.create",
            "properties": properties, "body": asked.to_string(),
        });
        self.peer.ask("publish", json!({ "messages": [message] })).unwrap();
    }

    /// The data of the next reply.
    fn reply(&mut self) -> Value {
        let taken = self.peer.ask("get", json!({ "queue": "replies", "count": 1, "seconds": 110 })).unwrap();
        let body = taken[0]["body"].as_str().unwrap_or_else(|| panic!("no reply: {}", self.log()));
        serde_json::from_str(body).unwrap()
    }
}

#[test]
fn it_works_as_the_daemon_did_and_ends_as_it_did() {
    let mut around = Around::new("");
    let hash = around.gram.add_person(UUID, 84_189, "Alice", "Martin");
    let mut hub = around.daemon();
    around.create(1, UUID, "alice@gadz.org", "a.m@gadz.org");
    let reply = around.reply();
    let log = around.log();
    let user = around.google.user("alice@gadz.org").unwrap_or_else(|| panic!("no account: {reply} {log}"));
    assert_eq!((&reply["uuid"], &reply["google_id"]), (&json!(UUID), &user["id"]), "{reply}");
    assert_eq!(user["aliases"], json!(["a.m@gadz.org"]));
    assert_eq!(around.gram.gapps_id(UUID), user["id"].as_str().map(str::to_owned));
    assert_eq!(around.google.password("alice@gadz.org").unwrap().0, hash);
    assert!(log.contains("in the place of google-directory-daemon") && !log.contains(&hash), "{log}");

    hub.signal(Signal::INT);
    assert_eq!(hub.notice(), "STOPPING=1");
    assert_eq!(hub.wait(), Some(0));
}

#[test]
fn the_platforms_patience_is_longer_than_a_stop() {
    let world = world("");
    let told = world.run(&["config", "check", "--role", ROLE, "--all", "--json"]).json();
    let all = told["values"].as_array().unwrap();
    let grace = all.iter().find(|value| value["key"] == "stop.grace").unwrap_or_else(|| panic!("{told:#}"));
    // Five seconds are left for what follows, of the 25 that it may take.
    assert_eq!(grace["value"], "20s", "{grace}");
}

#[test]
fn a_stop_lets_work_end_and_leaves_what_cannot_to_the_next_start() {
    const OTHER: &str = "36a7e016-a300-4f52-85f4-6804dede6c6c";
    let mut around = Around::new("stop:\n  grace: 10s\n");
    around.gram.add_person(UUID, 84_189, "Alice", "Martin");
    around.gram.add_person(OTHER, 84_190, "Bob", "Petit");
    // Of one account GrAM takes the id late, the making of the other is never answered.
    let late = Duration::from_millis(1_500);
    around.gram.order(Order::on("accounts.update").key(UUID).slow(late));
    around.google.order(Order::on("users.insert").key("bob@gadz.org").never_answer());
    let mut hub = around.daemon();
    around.create(1, UUID, "alice@gadz.org", "a.m@gadz.org");
    around.create(2, OTHER, "bob@gadz.org", "b.p@gadz.org");
    let both = wait::until(LONG, || {
        let insert =
            around.google.desk().calls_of("users.insert").iter().any(|call| call.key == "bob@gadz.org");
        let update = around.gram.desk().calls_of("accounts.update").iter().any(|call| call.key == UUID);
        (insert && update).then_some(())
    });
    assert!(both.is_some(), "{}", around.log());
    hub.signal(Signal::TERM);
    assert_eq!(hub.notice(), "STOPPING=1");
    assert_eq!(hub.wait(), Some(0), "{}", around.log());
    // What could end has ended, whole.
    let alice = around.google.user("alice@gadz.org").unwrap();
    assert_eq!(around.gram.gapps_id(UUID).as_deref(), alice["id"].as_str());
    assert_eq!(alice["aliases"], json!(["a.m@gadz.org"]));
    assert_eq!(around.gram.gapps_id(OTHER), None);

    let hub = around.daemon();
    let mut replied = BTreeSet::new();
    while replied.len() < 2 {
        replied.insert(around.reply()["uuid"].as_str().unwrap().to_owned());
    }
    assert_eq!(replied, [UUID, OTHER].map(str::to_owned).into());
    assert_eq!(around.google.users().len(), 2, "each is there once");
    let bob = around.google.user("bob@gadz.org").unwrap();
    assert_eq!(around.gram.gapps_id(OTHER).as_deref(), bob["id"].as_str());
    assert_eq!(bob["aliases"], json!(["b.p@gadz.org"]));
    assert_eq!(hub.stop(), Some(0));
}

/// On a platform whose disks are new at each start: the account is made, and the hub is gone with its journal before anybody
/// hears of it.
#[test]
fn without_a_journal_that_lasts_an_account_is_made_once_and_told_of() {
    let broker = Kind::RabbitMq.start().unwrap();
    let (google, gram) = (Google::start(), Gram::start());
    gram.add_person(UUID, 84_189, "Alice", "Martin");
    let world = world("  rabbitmq_host: \"127.0.0.1\"\n");
    world.configure(&format!("google:\n  url: {}\n", google.url()));
    google.key_file(&world.path("secrets"));
    let (port, gram_url, admin) = (broker.address().port().to_string(), gram.url(), google.admin());
    let (user, password) = gram.client();
    let variables = [
        ("DYNO", "worker.1"),
        ("GDD_RABBITMQ_PORT", port.as_str()),
        ("GDD_RABBITMQ_PASSWORD", "guest"),
        ("GDD_RABBITMQ_USER", "guest"),
        ("GDD_GRAM_API_HOST", &gram_url),
        ("GDD_GRAM_API_USER", user),
        ("GDD_GRAM_API_PASSWORD", password),
        ("GDD_ADMIN_USER_ID", &admin),
    ];
    let start = || {
        let mut command = told(world.command(&[ROLE]), &variables);
        command.stdout(fs::File::create(world.path("out")).unwrap());
        Serving::start(&world, command)
    };
    let hub = start();
    let log = fs::read_to_string(world.path("out")).unwrap();
    assert!(log.contains("the journal does not last") && log.contains("google.adopt: uuid"), "{log}");

    let mut peer = Peer::connect(Language::Python, broker.url()).unwrap();
    peer.ask("exchange", json!({ "name": "gorg.reply" })).unwrap();
    peer.ask("queue", json!({ "name": "replies", "bindings": [["gorg.reply", "#"]] })).unwrap();
    let key = "request.googleapps.user.create";
    let bound = wait::until(LONG, || {
        let bindings = broker.rabbitmqctl(&["list_bindings", "source_name", "routing_key"]).unwrap();
        bindings.contains(key).then_some(())
    });
    assert!(bound.is_some());
    let properties = json!({
        "message_id": "88d818a1-c77c-44e6-ad0c-000000000001", "app_id": "gorg", "reply_to": "gorg.reply",
        "delivery_mode": 2, "headers": { "soa-version": "2.0" },
    });
    let body = json!({ "gram_account_uuid": UUID, "primary_email": "alice@gadz.org" }).to_string();
    let message = json!({
        "exchange": "agoram_event_exchange", "key": key, "properties": properties, "body": body,
    });
    peer.ask("publish", json!({ "messages": [message] })).unwrap();
    assert!(wait::until(LONG, || google.user("alice@gadz.org")).is_some(), "the account is made");
    hub.kill();
    fs::remove_dir_all(world.path("data")).unwrap();
    let hub = start();

    // How far the first one came is chance: the word of it is the same.
    let taken = peer.ask("get", json!({ "queue": "replies", "count": 1, "seconds": 110 })).unwrap();
    let log = fs::read_to_string(world.path("out")).unwrap();
    let reply = taken[0]["body"].as_str().unwrap_or_else(|| panic!("no reply: {log}"));
    let reply: Value = serde_json::from_str(reply).unwrap();
    let made = google.user("alice@gadz.org").unwrap();
    assert_eq!((&reply["uuid"], &reply["google_id"]), (&json!(UUID), &made["id"]), "{reply} {log}");
    let known = wait::until(LONG, || gram.gapps_id(UUID));
    assert_eq!(known.as_deref(), made["id"].as_str());
    assert_eq!(hub.stop(), Some(0));
}
