//! Whatever a door takes can be read back after the journal was closed and opened again, and what could not be is
//! refused at once: each door, around the depth at which this turns.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use api::Documents;
use bus::envelope::Properties;
use bus::route::{RouteSpec, Routes};
use bus::{Access, Body, RawMessage};
use engine::port::{Catalogue, Decoder};
use engine::{Accepted, ActionTable, Actor, Clock, Hub, Replay, Setup, wiring};
use identities::Register;
use identities::import::{Format, Mapping};
use identities::register::{File, Options, Portions};
use journal::{Key, Life};
use model::json::DEEPEST;
use model::{Effects, JobId};
use serde_json::{Value, json};
use sesame::BuiltIn;
use uuid::Uuid;

/// Deeper than anything that could be read back.
const LEVELS: std::ops::Range<usize> = DEEPEST - 30..140;
const ROUTE: &str = "request.ldapd.account.update";

/// Arrays and objects by turns, and a number that is no double at the bottom.
fn nested(levels: usize) -> String {
    let around = |level: usize| if level.is_multiple_of(2) { ("[", "]") } else { ("{\"b\":", "}") };
    let (open, close): (Vec<_>, Vec<_>) = (0..levels).map(around).unzip();
    let close: String = close.into_iter().rev().collect();
    format!("{}700700700700700700701{close}", open.concat())
}

/// A document as each door gets it, around this value.
type Dress = fn(&str) -> Vec<u8>;

fn doors() -> Vec<(&'static str, Arc<dyn Decoder>, Dress)> {
    let clock = Clock::system();
    let sesame =
        sesame::Settings::new("sesame", sesame::Address::new("redis://localhost", None, None).unwrap());
    let (life, built_in) = (Life::new("host:seat", 1), BuiltIn::new(Value::Null));
    let sesame = sesame::Source::new(sesame, Uuid::nil(), life, clock.clone(), built_in).decoder();
    let address = bus::Address::new("amqp://localhost", Access::default()).unwrap();
    let routes = Routes::new([(ROUTE.to_owned(), RouteSpec::default())]).unwrap();
    let bus = bus::Source::new(bus::Settings::new("bus", address), routes, clock.clone()).decoder();
    vec![
        ("http", Arc::new(Documents { clock }), |value| {
            format!(r#"{{"action":"DO","payload":{{"a":{value}}}}}"#).into_bytes()
        }),
        ("sesame", sesame, |value| {
            let data = format!(r#"{{"concernedTo":"p","payload":{{"a":{value}}}}}"#);
            json!({"id": "7", "name": "IDENTITY_UPDATE", "data": data, "timestamp": 1})
                .to_string()
                .into_bytes()
        }),
        ("bus, version 1", Arc::clone(&bus), |value| {
            let id = "6a3b3dd5-2a42-4a5c-a2c8-9d5a3f8a4e0b";
            message(
                &json!({}),
                &format!(
                    r#"{{"event_uuid":"{id}","event_name":"{ROUTE}","event_sender_id":"x","event_creation_time":"2026-01-01T00:00:00Z","data":{{"a":{value}}}}}"#
                ),
            )
        }),
        ("bus, version 2", bus, |value| {
            message(&json!({"soa-version": "2.0"}), &format!(r#"{{"a":{value}}}"#))
        }),
    ]
}

fn message(headers: &Value, body: &str) -> Vec<u8> {
    let raw = RawMessage {
        exchange: "x".to_owned(),
        routing_key: ROUTE.to_owned(),
        redelivered: false,
        properties: Properties {
            headers: headers.as_object().unwrap().clone(),
            message_id: Some("6a3b3dd5-2a42-4a5c-a2c8-9d5a3f8a4e0b".to_owned()),
            ..Properties::default()
        },
        body: Body::Body(body.to_owned()),
    };
    raw.to_bytes()
}

async fn hub(folder: &Path) -> Hub {
    let (observer, wires) = wiring();
    let options = journal::Options::new(folder, Key::from_bytes([7; 32]));
    let journal = journal::open(options, observer).unwrap();
    let nothing = Catalogue { entries: Vec::new() };
    let setup = Setup::new(nothing, ActionTable::new([]).unwrap());
    Hub::start(journal, wires, Clock::system(), setup).await.unwrap()
}

fn actor() -> Actor {
    Actor("account:alice".to_owned())
}

/// What was taken: jobs with their bodies. Of each door something is, and something is not.
async fn take(hub: &Hub) -> Vec<(JobId, Value)> {
    let mut kept = Vec::new();
    for (door, decoder, dress) in doors() {
        let before = kept.len();
        for (n, levels) in LEVELS.enumerate() {
            let request = match decoder.decode(&dress(&nested(levels))) {
                Ok(request) => request,
                Err(why) => {
                    assert!(why.message.contains("nested deeper"), "{door}, {levels}: {}", why.message);
                    continue;
                }
            };
            // Each a request of its own.
            let request = model::Request { external_id: Some(format!("{door} {n}")), ..request };
            let body = request.body.clone();
            match hub.accept(request, Effects::default()).await.unwrap() {
                Accepted::New(job) => kept.push((job, body)),
                Accepted::Refused(why) => assert!(why.message.contains("nested deeper"), "{}", why.message),
                other => panic!("{door}, {levels}: {other:?}"),
            }
        }
        assert!((1..LEVELS.count()).contains(&(kept.len() - before)), "{door} took {}", kept.len() - before);
    }
    kept
}

/// Edits of what has failed: a document anew, and a value set in the old one.
async fn edit(hub: &Hub, jobs: &[JobId]) -> Vec<(JobId, Value)> {
    let mut kept = Vec::new();
    for (levels, job) in LEVELS.zip(jobs) {
        hub.wait(*job, Duration::from_mins(1)).await.unwrap();
        let value: Value = serde_json::from_str(&nested(levels.min(110))).unwrap();
        let value = if levels > 110 { json!([[[[[[[[[[value]]]]]]]]]]) } else { value };
        let whole = json!({"payload": {"a": value.clone()}});
        let replay = if levels.is_multiple_of(2) {
            Replay { document: Some(whole.clone()), ..Replay::default() }
        } else {
            Replay { set: vec![("/payload/a".to_owned(), value)], ..Replay::default() }
        };
        match hub.retry(*job, &replay, &actor()).await {
            Ok(new) => kept.push((new, whole)),
            Err(why) => assert!(why.to_string().contains("nested deeper"), "{levels}: {why}"),
        }
    }
    assert!((1..LEVELS.count()).contains(&kept.len()), "{} edits were taken", kept.len());
    kept
}

/// Identities by each of the register's doors: ids of those that are there.
async fn register(hub: &Hub) -> Vec<String> {
    let register = Register::new(hub.clone());
    let (mut ids, mut refused) = (Vec::new(), 0);
    let mut lines = String::new();
    let (mut heading, mut row) = ("uid".to_owned(), "csv".to_owned());
    for levels in LEVELS {
        let text =
            format!(r#"{{"_id":"i{levels}","inetOrgPerson":{{"uid":"{levels}","a":{}}}}}"#, nested(levels));
        let another = text.replace(r#""_id":"i"#, r#""_id":"n"#).replace(r#""uid":""#, r#""uid":"n"#);
        lines.push_str(&another);
        lines.push('\n');
        match model::json::read_around(text.as_bytes()) {
            Ok(document) => match register.create(document, &actor()).await {
                Ok(identity) => ids.push(identity.id),
                Err(why) => {
                    assert!(why.to_string().contains("nested deeper"), "{why}");
                    refused += 1;
                }
            },
            Err(_) => refused += 1,
        }
        // A heading that leads too deep takes its row with it.
        if levels < DEEPEST - 18 {
            write!(heading, ",inetOrgPerson.c{levels}{}", ".b".repeat(levels - 1)).unwrap();
            row.push_str(",1");
        }
    }
    assert!(!ids.is_empty() && refused > 0);
    for (format, file) in [(Format::Ndjson, lines), (Format::Csv, format!("{heading}\n{row}\n"))] {
        let bytes = file.into_bytes().into();
        let file = File { bytes, format, encoding: None, mapping: Mapping::default(), memory: None };
        let portions = Portions::open(file).await.unwrap();
        let report = register.import(portions, Options::default(), &actor(), |_| {}).await.unwrap();
        assert!(report.new > 0, "{format:?}: {report:?}");
        for refused in report.bad() {
            assert!(refused.reason.contains("nested deeper"), "{refused:?}");
        }
    }
    let found = register.find(&identities::register::Filter::default(), None, 1000).await.unwrap();
    let all: Vec<String> = found.identities.into_iter().map(|identity| identity.id).collect();
    assert!(ids.iter().all(|id| all.contains(id)) && all.len() > ids.len());
    all
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_a_door_takes_can_be_read_back() {
    let folder = tempfile::tempdir().unwrap();
    let first = hub(folder.path()).await;
    let mut kept = take(&first).await;
    // Those without a backend have failed: they may be edited.
    let jobs: Vec<JobId> = kept.iter().map(|(job, _)| *job).collect();
    kept.extend(edit(&first, &jobs).await);
    let people = register(&first).await;
    first.stop(Duration::ZERO).await;

    let again = hub(folder.path()).await;
    for (job, body) in &kept {
        assert_eq!(&again.body(*job).await.unwrap(), body);
        again.story(*job).await.unwrap();
    }
    let register = Register::new(again.clone());
    for id in &people {
        register.get(id).await.unwrap();
    }
    let found = register.find(&identities::register::Filter::default(), None, 1000).await.unwrap();
    assert_eq!(found.identities.len(), people.len(), "one that cannot be read closes the listing to all");
    again.stop(Duration::ZERO).await;
}
