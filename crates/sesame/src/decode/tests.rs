#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use jiff::SignedDuration;
use model::Class;
use proptest::prelude::*;
use serde_json::json;

use super::*;

const ID: &str = "66c22991bdc3c9a7563a9d4f";
const PAUSE: Duration = Duration::from_millis(50);

fn at(millis: i64) -> Timestamp {
    Timestamp::from_millisecond(millis).unwrap()
}

fn message(data: &Value) -> Message {
    Message {
        id: ID.to_owned(),
        name: "IDENTITY_UPDATE".to_owned(),
        data: data.to_string(),
        timestamp: Some(5_000),
        keep: None,
    }
}

fn read(data: &Value) -> Request {
    decode(&message(data), "main", PAUSE, at(6_000)).unwrap()
}

fn reply(request: &Request) -> Reply {
    serde_json::from_value(request.reply.clone().unwrap()).unwrap()
}

#[test]
fn a_synchronisation_is_read_whole_and_in_its_order() {
    let data =
        json!({ "payload": { "z": null, "a": 1.5 }, "concernedTo": "x", "options": { "async": true } });
    let request = read(&data);
    assert_eq!(request.body.to_string(), data.to_string());
    assert_eq!(request.external_id.as_deref(), Some(ID));
    assert_eq!((request.action.as_str(), request.source.as_str()), ("IDENTITY_UPDATE", "main"));
    assert_eq!((request.class, request.deadline), (None, None));
    assert_eq!(reply(&request), Reply { job: ID.to_owned(), not_before: at(5_050), keep: None });
}

#[test]
fn who_waits_is_served_first_and_only_a_discarded_answer_has_a_deadline() {
    for waits in
        [json!({ "async": false }), json!({}), json!(null), json!({ "async": null }), json!({ "async": 0 })]
    {
        let waits = read(&json!({ "options": waits }));
        assert_eq!((waits.class, waits.deadline), (Some(Class::Interactive), None));
    }
    assert_eq!(
        read(&json!({})).class,
        Some(Class::Interactive),
        "without options nobody says that nobody waits"
    );
    for nobody in [json!(true), json!("false"), json!(1), json!({})] {
        assert_eq!(read(&json!({ "options": { "async": nobody } })).class, None, "{nobody}");
    }
    let discards = read(&json!({ "options": { "timeoutDiscard": true } }));
    assert_eq!((discards.class, discards.deadline), (Some(Class::Interactive), Some(at(35_000))));
    for wait in [json!(15_000), json!("15000"), json!(15_000.0)] {
        let said = read(&json!({ "options": { "timeoutDiscard": true, "syncTimeout": wait } }));
        assert_eq!(said.deadline, Some(at(20_000)));
    }
    for nonsense in [json!(-1), json!(0), json!("soon"), json!(null), json!(1e300), json!([1])] {
        let said = read(&json!({ "options": { "timeoutDiscard": true, "syncTimeout": nonsense } }));
        assert_eq!(said.deadline, Some(at(35_000)));
    }
    let no_boolean = read(&json!({ "options": { "timeoutDiscard": "true", "async": true } }));
    assert_eq!((no_boolean.class, no_boolean.deadline), (None, None));
}

#[test]
fn an_answer_is_held_back_from_the_earlier_of_adding_and_receipt() {
    let later = Message { timestamp: Some(9_000), ..message(&json!({})) };
    assert_eq!(reply(&decode(&later, "main", PAUSE, at(6_000)).unwrap()).not_before, at(6_050));
    let none = Message { timestamp: None, ..message(&json!({})) };
    assert_eq!(reply(&decode(&none, "main", PAUSE, at(6_000)).unwrap()).not_before, at(6_050));
}

#[test]
fn what_is_no_request_says_why_without_quoting() {
    let with = |data: &str| Message { data: data.to_owned(), ..message(&Value::Null) };
    for (data, code) in
        [("[1]", "invalid_payload"), ("\"x\"", "invalid_payload"), ("{\"pw\":\"s3cret", "unreadable")]
    {
        let why = decode(&with(data), "main", PAUSE, at(0)).unwrap_err();
        assert_eq!(why.code.as_str(), code);
        assert!(!why.message.contains("s3cret"), "{}", why.message);
    }
    let nameless = Message { name: String::new(), ..message(&json!({})) };
    assert!(decode(&nameless, "main", PAUSE, at(0)).unwrap_err().message.contains("no name"));
    assert_eq!(decode(&with("null"), "main", PAUSE, at(0)).unwrap().body, json!({}));
}

#[test]
fn half_a_character_is_read_as_javascript_shows_it() {
    let with = Message { data: r#"{"payload":{"cn":"a\ud800b"}}"#.to_owned(), ..message(&Value::Null) };
    assert_eq!(decode(&with, "main", PAUSE, at(0)).unwrap().body["payload"]["cn"], "a\u{fffd}b");
}

#[test]
fn a_chosen_id_that_comes_again_is_another_job() {
    assert_ne!(external_id("nightly", Some(1), 1), external_id("nightly", Some(2), 1));
    assert_eq!(external_id(ID, Some(1), 1), external_id(ID, Some(2), 1));
    assert_ne!(external_id(ID, Some(1), 1), external_id(ID, Some(1), 2));
}

proptest! {
    #[test]
    fn nothing_that_comes_from_redis_breaks_the_decoder(
        id in any::<String>(),
        name in any::<Vec<u8>>(),
        data in any::<Vec<u8>>(),
        timestamp in any::<Vec<u8>>(),
        now in -1_000_000_000_000_i64..10_000_000_000_000,
    ) {
        let fields = [("name", name), ("data", data), ("timestamp", timestamp), ("other", vec![0xff])];
        let message = Message::from_fields(id, fields.map(|(field, value)| (field.as_bytes().to_vec(), value)));
        let _ = decode(&message, "main", PAUSE, at(now));
        prop_assert_eq!(Message::from_bytes(&message.to_bytes()).unwrap(), message);
    }

    #[test]
    fn whatever_the_options_say_time_stays_in_its_bounds(
        added in any::<i64>(),
        wait in any::<f64>(),
        now in -1_000_000_000_000_i64..10_000_000_000_000,
    ) {
        let data = json!({ "options": { "timeoutDiscard": true, "syncTimeout": wait } });
        let message = Message { timestamp: Some(added), ..message(&data) };
        let request = decode(&message, "main", PAUSE, at(now)).unwrap();
        let not_before = reply(&request).not_before;
        let latest = at(now).checked_add(SignedDuration::from_millis(50)).unwrap();
        prop_assert!(not_before <= latest);
    }

    #[test]
    fn the_journal_s_name_leads_back_to_the_job(
        id in "[a-zA-Z0-9:_@/.-]{1,40}|[0-9a-f]{24}",
        timestamp in proptest::option::of(any::<i64>()),
        round in 1_u32..100,
    ) {
        let name = external_id(&id, timestamp, round);
        prop_assert_eq!(job_of(&name), id);
    }

    #[test]
    fn raw_bytes_never_break_the_reading_of_a_refusal(raw in any::<Vec<u8>>()) {
        let _ = Message::from_bytes(&raw);
    }
}
