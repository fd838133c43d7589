//! The whole program on a real RabbitMQ, with the routes of `examples/google` and doubles of Google and GrAM: what
//! requesters hear, and what is left when the hub is killed at each call that it makes.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![allow(missing_docs, unreachable_pub)]

mod support;

use std::collections::HashSet;
use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI32, Ordering};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use support::{Serving, World, examples};
use testgoogle::{Google, Gram, Moment, Then};
use testkit::peer::{Language, Peer};
use testkit::service::{Kind, Service};
use testkit::wait;

const LONG: Duration = Duration::from_mins(2);
const EVENTS: &str = "agoram_event_exchange";
const UUID: &str = "36a7e016-a300-4f52-85f4-6804dede6c6b";
const ADA: &str = "ada.lovelace@gadz.org";
const CREATE: &str = "request.googleapps.user.create";
const UPDATE: &str = "request.googleapps.user.update";
const DELETE: &str = "request.googleapps.user.delete";

struct Bed {
    _broker: Service,
    google: Google,
    gram: Gram,
    world: World,
    peer: Peer,
    /// Ids of messages that were taken.
    seen: HashSet<String>,
}

impl Bed {
    fn new() -> Self {
        let (google, gram) = (Google::start(), Gram::start());
        let (broker, world) = (Kind::RabbitMq.start().unwrap(), World::new());
        let (user, password) = gram.client();
        world.file("google.json", google.service_account().to_string());
        world.file("gram.password", password);
        for schema in ["create", "update", "delete", "gapps"] {
            let name = format!("{schema}.json");
            fs::copy(examples().join("google").join(&name), world.path(&name)).unwrap();
        }
        let example = fs::read_to_string(examples().join("google/intendant.yml")).unwrap();
        let config = example
            .replace("https://gram.example.org/api/v2/", &gram.url())
            .replace("    user: intendant", &format!("    user: {user}"))
            .replace(
                "  subject: admin@example.org",
                &format!("  subject: {}\n  url: {}\n  settle: 5s", google.admin(), google.url()),
            )
            .replace("amqp://mq.example.org", &format!("{}\n    deferred: 1s", broker.url()));
        world.configure(&config);
        let mut peer = Peer::connect(Language::Python, broker.url()).unwrap();
        peer.ask("exchange", json!({ "name": "gorg_mail.reply" })).unwrap();
        peer.ask("queue", json!({ "name": "replies", "bindings": [["gorg_mail.reply", "#"]] })).unwrap();
        // Exchanges, queue and bindings are there before anything is asked.
        let declared = world.run(&["bus", "declare"]);
        assert_eq!(declared.code, 0, "{declared:?}");
        Bed { _broker: broker, google, gram, world, peer, seen: HashSet::new() }
    }

    /// Starts the hub, with somebody who listens to what it tells all.
    fn serve(&mut self) -> Serving {
        let hub = self.world.serve();
        let bindings = json!([[EVENTS, "notify.googleapps.#"], [EVENTS, "notify.gapps.#"]]);
        self.peer.ask("queue", json!({ "name": "told", "bindings": bindings })).unwrap();
        hub
    }

    fn publish(&mut self, key: &str, id: usize, data: &Value) {
        let properties = json!({
            "message_id": format!("88d818a1-c77c-44e6-ad0c-{id:012x}"), "app_id": "gorg_mail",
            "reply_to": "gorg_mail.reply", "delivery_mode": 2, "headers": { "soa-version": "2.0" },
        });
        let message =
            json!({ "exchange": EVENTS, "key": key, "properties": properties, "body": data.to_string() });
        self.peer.ask("publish", json!({ "messages": [message] })).unwrap();
    }

    /// The next message that was not there before: a hub that dies before it has noted that a message left sends the
    /// same one again, with its id.
    fn taken(&mut self, queue: &str, seconds: u32) -> Option<Value> {
        loop {
            let asked = json!({ "queue": queue, "count": 1, "seconds": seconds });
            let taken = self.peer.ask("get", asked).unwrap().as_array().unwrap().first()?.clone();
            if self.seen.insert(taken["properties"]["message_id"].as_str().unwrap().to_owned()) {
                return Some(taken);
            }
        }
    }

    /// The next reply: status, name and data.
    fn reply(&mut self) -> (i64, Value, Value) {
        let taken = self.taken("replies", 110);
        let reply = taken.unwrap_or_else(|| panic!("no reply: {}", self.world.run(&["jobs", "list"]).stdout));
        let headers = &reply["properties"]["headers"];
        let body: Value = serde_json::from_str(reply["body"].as_str().unwrap()).unwrap();
        (headers["status-code"].as_i64().unwrap(), headers["error-name"].clone(), body)
    }

    /// What everybody is told next: routing key and data.
    fn told(&mut self) -> (String, Value) {
        let told = self.taken("told", 110).expect("a notification");
        let body: Value = serde_json::from_str(told["body"].as_str().unwrap()).unwrap();
        (body["event_name"].as_str().unwrap().to_owned(), body["data"].clone())
    }
}

fn create(uuid: &str, address: &str) -> Value {
    json!({ "gram_account_uuid": uuid, "primary_email": address, "aliases": [address.replace('@', ".too@")] })
}

#[test]
fn a_requester_of_the_bus_hears_what_became_of_an_account() {
    let mut bed = Bed::new();
    let hash = bed.gram.add_person(UUID, 12453, "Ada", "Lovelace");
    let hub = bed.serve();

    bed.publish(CREATE, 1, &create(UUID, ADA));
    let (status, _, data) = bed.reply();
    let id = bed.gram.gapps_id(UUID).unwrap();
    let expected = json!({ "uuid": UUID, "google_id": id });
    assert_eq!((status, &data), (200, &expected));
    assert_eq!(bed.told(), ("notify.googleapps.user.created".to_owned(), expected.clone()));

    // Once more it is registered already.
    bed.publish(CREATE, 2, &create(UUID, ADA));
    let (status, name, data) = bed.reply();
    assert_eq!((status, name.as_str()), (409, Some("GoogleAccountAlreadyRegisteredInGram")));
    assert_eq!(
        (data["error_data"]["uuid"].as_str(), data["error_data"]["gapps_primary_email"].as_str()),
        (Some(UUID), Some(ADA))
    );

    // What does not fit the schema is told place by place.
    bed.publish(CREATE, 3, &json!({ "gram_account_uuid": format!("x{UUID}") }));
    let (status, name, data) = bed.reply();
    assert_eq!((status, name.as_str()), (422, Some("InvalidPayload")));
    assert!(!data["error_data"]["errors"].as_array().unwrap().is_empty(), "{data}");
    assert_eq!(data["error_data"]["schema"]["title"], "Create Google Account message schema");

    // What changed in GrAM reaches Google; what the hub wrote there does not come back.
    bed.publish("notify.account.updated", 4, &json!({ "key": UUID, "changes": { "gapps_id": [null, id] } }));
    assert_eq!(bed.reply().0, 204);
    bed.gram.change(UUID, json!({ "firstname": "Augusta" }));
    bed.publish(
        "notify.account.updated",
        5,
        &json!({ "key": UUID, "changes": { "firstname": ["Ada", "Augusta"] } }),
    );
    assert_eq!(bed.reply(), (200, Value::Null, expected.clone()));
    assert_eq!(bed.told(), ("notify.googleapps.user.updated".to_owned(), expected.clone()));
    assert_eq!(bed.google.user(ADA).unwrap()["name"]["givenName"], "Augusta");
    let jobs = bed.world.run(&["jobs", "list", "--json"]).json();
    let story = bed.world.run(&["jobs", "show", jobs["jobs"][0]["id"].as_str().unwrap(), "--json"]).json();
    assert!(story.to_string().contains("notify.account.updated"), "{story}");
    bed.publish("notify.account.updated", 6, &json!({ "changes": {} }));
    assert_eq!(bed.reply().0, 422);

    bed.publish(
        UPDATE,
        7,
        &json!({ "gram_account_uuid": UUID, "primary_email": "augusta@gadz.org", "aliases": [] }),
    );
    assert_eq!(bed.reply(), (200, Value::Null, expected));
    bed.told();
    bed.publish(DELETE, 8, &json!({ "google_account_key": "augusta@gadz.org" }));
    assert_eq!(bed.reply(), (200, Value::Null, json!({ "key": id })));
    assert_eq!(bed.told(), ("notify.googleapps.user.deleted".to_owned(), json!({ "key": id })));
    assert_eq!(bed.gram.gapps_id(UUID), None);

    // What is asked for otherwise is told of, too.
    let asked = json!({ "action": CREATE, "payload": create(UUID, ADA) }).to_string();
    bed.world.submit(&asked);
    assert_eq!(bed.told().0, "notify.googleapps.user.created");

    // The hash of the password is nowhere.
    assert!(!hub.log().contains(&hash));
    let exported = bed.world.run(&["jobs", "export"]).stdout;
    assert!(!exported.contains(&hash));
    assert_eq!(hub.stop(), Some(0));
    assert_eq!(found(&bed.world, &hash), Vec::<String>::new());
}

/// The files of a world in which a text is.
fn found(world: &World, text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut folders = vec![world.path("")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.is_file() {
                let content = fs::read(&path).unwrap();
                if content.windows(text.len()).any(|window| window == text.as_bytes()) {
                    found.push(path.display().to_string());
                }
            }
        }
    }
    found
}

/// The calls of each action, and whether GrAM is called.
const CALLS: [(&str, &str, bool); 10] = [
    (CREATE, "accounts.get", true),
    (CREATE, "users.insert", false),
    (CREATE, "accounts.update", true),
    (CREATE, "users.aliases.insert", false),
    (UPDATE, "users.get", false),
    (UPDATE, "users.update", false),
    (UPDATE, "users.aliases.delete", false),
    (DELETE, "users.get", false),
    (DELETE, "users.delete", false),
    (DELETE, "accounts.update", true),
];

/// A person whose account is there, where the action needs one; what is asked for.
fn prepared(bed: &mut Bed, action: &str, id: u64) -> (String, Value) {
    let (uuid, address) = (format!("00000000-0000-4000-8000-{id:012}"), format!("p{id}@gadz.org"));
    bed.gram.add_person(&uuid, id, "Some", "Body");
    if action != CREATE {
        let entries = json!([{ "type": "organization", "value": uuid }]);
        let google_id = bed.google.add(json!({
            "primaryEmail": address, "name": { "givenName": "Old", "familyName": "Name" },
            "externalIds": entries, "aliases": [format!("old{id}@gadz.org")],
        }));
        bed.gram.change(&uuid, json!({ "gapps_id": google_id }));
    }
    let asked = match action {
        CREATE => create(&uuid, &address),
        UPDATE => {
            json!({ "gram_account_uuid": uuid, "primary_email": format!("new{id}@gadz.org"), "aliases": [] })
        }
        _ => json!({ "google_account_key": address }),
    };
    (uuid, asked)
}

/// How the account has to stand afterwards: it is there once, or not at all, and GrAM knows.
fn stands(bed: &Bed, action: &str, uuid: &str, id: u64, at: &str) {
    let (address, google_id) = (format!("p{id}@gadz.org"), bed.gram.gapps_id(uuid));
    let carries = |user: &&Value| user["externalIds"].to_string().contains(uuid);
    let own: Vec<Value> = bed.google.users().iter().filter(carries).cloned().collect();
    match action {
        CREATE => {
            assert_eq!(own.len(), 1, "{at}: {own:?}");
            assert_eq!(own[0]["id"].as_str(), google_id.as_deref(), "{at}");
            assert_eq!(own[0]["aliases"], json!([address.replace('@', ".too@")]), "{at}");
        }
        UPDATE => {
            assert_eq!(own.len(), 1, "{at}: {own:?}");
            assert_eq!(own[0]["primaryEmail"], format!("new{id}@gadz.org"), "{at}");
            assert_eq!(own[0]["name"]["givenName"], "Some", "{at}");
            assert!(own[0]["aliases"].as_array().is_none_or(Vec::is_empty), "{at}: {own:?}");
        }
        _ => {
            assert_eq!(own, Vec::<Value>::new(), "{at}");
            assert_eq!(google_id, None, "{at}");
        }
    }
}

#[test]
fn a_hub_that_is_killed_at_any_call_does_all_once_and_says_so_once() {
    let mut bed = Bed::new();
    let mut hub = bed.serve();
    let mut id = 0;
    for (action, call, of_gram) in CALLS {
        for moment in [Moment::Arrived, Moment::Done, Moment::Answered] {
            id += 1;
            let at = format!("{action}: {call} {moment:?}");
            let (uuid, asked) = prepared(&mut bed, action, id);
            let pid = AtomicI32::new(i32::try_from(hub.pid()).unwrap());
            let killed = Arc::new(AtomicBool::new(false));
            let done = Arc::clone(&killed);
            let desk = if of_gram { bed.gram.desk() } else { bed.google.desk() };
            desk.watch(move |seen, now| {
                if seen.method != call || now != moment {
                    return Then::GoOn;
                }
                let Some(pid) = Pid::from_raw(pid.swap(0, Ordering::SeqCst)) else { return Then::GoOn };
                kill_process(pid, Signal::KILL).unwrap();
                done.store(true, Ordering::SeqCst);
                Then::HangUp
            });
            bed.publish(action, usize::try_from(id).unwrap(), &asked);
            let dead = || killed.load(Ordering::SeqCst).then_some(());
            assert!(wait::until(LONG, dead).is_some(), "{at}: it was not called: {}", hub.log());
            hub.kill();
            let desk = if of_gram { bed.gram.desk() } else { bed.google.desk() };
            desk.unwatch();
            hub = bed.serve();
            let (status, _, data) = bed.reply();
            assert_eq!(status, 200, "{at}: {data}");
            bed.told();
            stands(&bed, action, &uuid, id, &at);
        }
    }
    assert_eq!(bed.taken("replies", 1), None, "nobody is told twice");
    assert_eq!(bed.taken("told", 1), None, "nobody is told twice");
    assert_eq!(hub.stop(), Some(0));
}
