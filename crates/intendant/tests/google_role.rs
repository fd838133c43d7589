//! In the place of the Google directory daemon: told by its file and its variables, between a real RabbitMQ and doubles of
//! Google and of the referential.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![allow(missing_docs, unreachable_pub)]

mod support;

use std::fs;
use std::process::Command;
use std::time::Duration;

use rustix::process::Signal;
use serde_json::{Value, json};
use support::{Serving, World};
use testgoogle::{Google, Gram};
use testkit::peer::{Language, Peer};
use testkit::service::Kind;
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

#[test]
fn it_works_as_the_daemon_did_and_ends_as_it_did() {
    let broker = Kind::RabbitMq.start().unwrap();
    let (google, gram) = (Google::start(), Gram::start());
    let hash = gram.add_person(UUID, 84_189, "Alice", "Martin");
    let world = world("  rabbitmq_host: \"127.0.0.1\"\n");
    world.configure(&format!("google:\n  url: {}\n", google.url()));
    google.key_file(&world.path("secrets"));
    let (port, gram_url, admin) = (broker.address().port().to_string(), gram.url(), google.admin());
    let (user, password) = gram.client();
    let variables = [
        ("GDD_RABBITMQ_PORT", port.as_str()),
        ("GDD_RABBITMQ_PASSWORD", "guest"),
        ("GDD_RABBITMQ_USER", "guest"),
        ("GDD_GRAM_API_HOST", &gram_url),
        ("GDD_GRAM_API_USER", user),
        ("GDD_GRAM_API_PASSWORD", password),
        ("GDD_ADMIN_USER_ID", &admin),
    ];
    let out = fs::File::create(world.path("out")).unwrap();
    let mut command = told(world.command(&[ROLE]), &variables);
    command.stdout(out);
    let mut hub = Serving::start(&world, command);

    let mut peer = Peer::connect(Language::Python, broker.url()).unwrap();
    peer.ask("exchange", json!({ "name": "gorg.reply" })).unwrap();
    peer.ask("queue", json!({ "name": "replies", "bindings": [["gorg.reply", "#"]] })).unwrap();
    let properties = json!({
        "message_id": "88d818a1-c77c-44e6-ad0c-000000000001", "app_id": "gorg", "reply_to": "gorg.reply",
        "headers": { "soa-version": "2.0" },
    });
    let asked =
        json!({ "gram_account_uuid": UUID, "primary_email": "alice@gadz.org", "aliases": ["a.m@gadz.org"] });
    let message = json!({
        "exchange": "agoram_event_exchange", "key": "request.googleapps.user.create", "properties": properties,
        "body": asked.to_string(),
    });
    let bound = wait::until(LONG, || {
        let bindings = broker.rabbitmqctl(&["list_bindings", "source_name", "routing_key"]).unwrap();
        bindings.contains("request.googleapps.user.create").then_some(())
    });
    assert!(bound.is_some(), "{}", fs::read_to_string(world.path("out")).unwrap());
    peer.ask("publish", json!({ "messages": [message] })).unwrap();
    let taken = peer.ask("get", json!({ "queue": "replies", "count": 1, "seconds": 110 })).unwrap();
    let log = fs::read_to_string(world.path("out")).unwrap();
    let body = taken[0]["body"].as_str().unwrap_or_else(|| panic!("no reply: {log}"));
    let reply: Value = serde_json::from_str(body).unwrap();
    let user = google.user("alice@gadz.org").unwrap_or_else(|| panic!("no account: {body} {log}"));
    assert_eq!((&reply["uuid"], &reply["google_id"]), (&json!(UUID), &user["id"]), "{reply}");
    assert_eq!(user["aliases"], json!(["a.m@gadz.org"]));
    assert_eq!(gram.gapps_id(UUID), user["id"].as_str().map(str::to_owned));
    assert_eq!(google.password("alice@gadz.org").unwrap().0, hash);
    assert!(log.contains("in the place of google-directory-daemon") && !log.contains(&hash), "{log}");

    hub.signal(Signal::INT);
    assert_eq!(hub.notice(), "STOPPING=1");
    assert_eq!(hub.wait(), Some(0));
}
