use proptest::prelude::*;
use serde_json::json;

use super::*;

const SOFTERROR: &[u8] = include_bytes!("golden/softerror.json");
const TESTING_KEY: &[u8] = include_bytes!("golden/testing_key.json");
const CUT: &[u8] = include_bytes!("golden/cut.json");

fn headers(headers: Value) -> Properties {
    let Value::Object(headers) = headers else { panic!("headers are an object") };
    Properties { headers, ..Properties::default() }
}

fn v1(body: &[u8]) -> Result<Message, Poison> {
    decode("request.gapps.account.create", &Properties::default(), body)
}

/// The first golden message with one change.
fn changed(change: impl FnOnce(&mut Map<String, Value>)) -> Result<Message, Poison> {
    let mut body: Value = serde_json::from_slice(SOFTERROR).unwrap();
    change(body.as_object_mut().unwrap());
    v1(body.to_string().as_bytes())
}

#[test]
fn the_golden_messages_are_read() {
    let message = v1(SOFTERROR).unwrap();
    assert_eq!(message.version, Version::V1);
    assert_eq!(message.id.as_deref(), Some("88d818a1-c77c-44e6-ad0c-8aa893468e94"));
    assert_eq!((message.kind, message.sender.as_deref()), (Kind::Request, Some("gram")));
    assert_eq!(message.data, json!({ "id": "12453" }));
    assert_eq!(message.errors[0].error_message, "Google API Unavailable");
    assert_eq!((message.softfails, message.tried_before()), (0, 1));
    let other = decode("testing_key", &Properties::default(), TESTING_KEY).unwrap();
    assert_eq!((other.kind, other.data), (Kind::Event, json!({ "test_data": "testing_message" })));
}

#[test]
fn the_golden_messages_are_written_as_they_were() {
    for (key, golden) in [("request.gapps.account.create", SOFTERROR), ("testing_key", TESTING_KEY)] {
        let (_, body) = encode(&decode(key, &Properties::default(), golden).unwrap());
        let parsed: (Value, Value) =
            (serde_json::from_slice(&body).unwrap(), serde_json::from_slice(golden).unwrap());
        assert_eq!(parsed.0, parsed.1);
    }
}

#[test]
fn the_cut_message_is_poison() {
    assert_eq!(
        v1(CUT).unwrap_err().to_string(),
        "the body cannot be read as JSON: line 1, column 13: not JSON: trailing characters"
    );
}

#[test]
fn version_1_is_as_strict_as_its_schema() {
    let says = |result: Result<Message, Poison>, words: &str| {
        let why = result.unwrap_err().to_string();
        assert!(why.contains(words), "{why}");
    };
    says(changed(|m| drop(m.remove("data"))), "missing field `data`");
    says(changed(|m| drop(m.insert("more".into(), json!(1)))), "unknown field `more`");
    let wrong = |field: &str, value: Value| changed(|m| drop(m.insert(field.into(), value)));
    says(wrong("data", json!("s3cret")), "data is a text, and has to be an object");
    says(wrong("data", Value::Null), "data is null, and has to be an object");
    says(wrong("event_sender_id", json!(49152)), "event_sender_id is a number, and has to be a text");
    says(wrong("errors_count", Value::Null), "errors_count is null, and has to be a whole number");
    says(wrong("errors_count", json!(u64::MAX)), "errors_count is no whole number of at most 63 bits");
    says(wrong("errors", json!({})), "errors is an object, and has to be a list");
    says(wrong("errors", json!(["x"])), "errors[0] is a text, and has to be an object");
    says(
        changed(|m| m["errors"][0]["error_debug"] = json!([])),
        "errors[0].error_debug is a list, and has to be an object",
    );
    says(v1(b"[]"), "it is a list, and has to be an object");
    says(changed(|m| drop(m.insert("event_uuid".into(), json!("x")))), "event_uuid");
    says(
        changed(|m| drop(m.insert("event_name".into(), json!("request.googleapps.user.create2")))),
        "event_name",
    );
    says(
        changed(|m| drop(m.insert("event_creation_time".into(), json!("2016-13-01")))),
        "event_creation_time",
    );
    for (field, value) in [
        ("error_type", json!("fatal")),
        ("error_uuid", json!("none")),
        ("timestamp", json!("now")),
        ("error_debug", Value::Null),
        ("error_debug", json!("text")),
    ] {
        let result = changed(|m| m["errors"][0][field] = value);
        assert!(result.is_err(), "{field}");
    }
    let why = changed(|m| drop(m.insert("data".into(), json!("s3cret")))).unwrap_err().to_string();
    assert!(!why.contains("s3cret"), "{why}");
}

#[test]
fn headers_choose_the_version() {
    assert!(decode("request.a", &headers(json!({ "soa-version": "1.0" })), SOFTERROR).is_ok());
    assert!(decode("request.a", &headers(json!({ "soa-version": "2.1" })), b"[1]").is_ok());
    assert!(decode("request.a", &headers(json!({ "soa-version": 2 })), b"null").is_ok());
    for wrong in [json!("3.0"), json!(""), json!(true), json!([])] {
        assert!(decode("request.a", &headers(json!({ "soa-version": wrong })), b"1").is_err());
    }
}

#[test]
fn the_count_of_failures_is_read_however_it_is_written() {
    let count = |count: Value| {
        decode("request.a", &headers(json!({ "soa-version": "2.0", "softfail-count": count })), b"1")
    };
    for (said, counted) in [(json!(3), 3), (json!("3"), 3), (Value::Null, 0), (json!(u64::MAX), u32::MAX)] {
        assert_eq!(count(said).unwrap().softfails, counted);
    }
    for wrong in [json!("three"), json!(-1), json!([])] {
        assert!(count(wrong).is_err());
    }
}

#[test]
fn version_2_finds_out_what_the_message_is_for() {
    let kind = |key: &str, kind: Option<&str>| {
        let properties =
            Properties { kind: kind.map(str::to_owned), ..headers(json!({ "soa-version": "2.0" })) };
        decode(key, &properties, b"{}").map(|message| message.kind)
    };
    assert_eq!(kind("notify.account.updated", None), Ok(Kind::Event));
    assert_eq!(kind("reply.googleapps.user.create", None), Ok(Kind::Reply));
    assert_eq!(kind("anything.else", Some("request")), Ok(Kind::Request));
    assert!(kind("anything.else", None).is_err());
    assert!(kind("request.a", Some("question")).is_err());
}

#[test]
fn a_compressed_body_says_so() {
    let why =
        decode("request.a", &headers(json!({ "soa-version": "2.0" })), &[0x78, 0x9c, 0xab]).unwrap_err();
    assert!(why.to_string().contains("compressed"), "{why}");
}

#[test]
fn what_we_send_is_what_the_peers_can_read() {
    let message = Message { version: Version::V2, softfails: 2, ..v1(SOFTERROR).unwrap() };
    for message in [Message { version: Version::V1, ..message.clone() }, message] {
        let (properties, _) = encode(&message);
        let soa = if message.version == Version::V1 { "1.0" } else { "2.0" };
        assert_eq!(properties.headers["soa-version"], soa);
        assert_eq!(properties.headers["softfail-count"], 2);
        assert_eq!((properties.timestamp, properties.content_encoding), (None, None));
        assert_eq!(properties.kind.as_deref(), Some("request"));
    }
}

#[test]
fn version_2_carries_its_failures_in_a_header_of_bounded_size() {
    let entry = |n: usize| ErrorEntry {
        error_message: "é".repeat(100_000),
        error_code: Some("x".repeat(100_000)),
        error_uuid: uuid::Uuid::from_u128(n as u128).to_string(),
        ..v1(SOFTERROR).unwrap().errors.remove(0)
    };
    let message =
        Message { version: Version::V2, errors: (0..20).map(entry).collect(), ..v1(SOFTERROR).unwrap() };
    let (properties, body) = encode(&message);
    assert!(serde_json::to_string(&properties).unwrap().len() < 8_192);
    let read = decode(&message.routing_key, &properties, &body).unwrap();
    assert_eq!((read.errors.len(), read.tried_before()), (8, 8), "the last ones");
    assert_eq!(read.errors[7].error_uuid, message.errors[19].error_uuid);
    assert!(!read.headers.contains_key("errors"));
    // A header of this name that is somebody else's is kept as it is.
    let other = headers(json!({ "soa-version": "2.0", "errors": ["none of ours"] }));
    let read = decode("request.a", &other, b"1").unwrap();
    assert_eq!((read.errors.len(), &read.headers["errors"]), (0, &json!(["none of ours"])));
}

#[test]
fn an_id_that_no_property_holds_is_the_uuid_in_it() {
    let uuid = "88d818a1-c77c-44e6-ad0c-8aa893468e94";
    let about = |id: String| {
        let message = Message { correlation_id: Some(id), ..v1(SOFTERROR).unwrap() };
        encode(&message).0.correlation_id
    };
    assert_eq!(about("x".repeat(255)), Some("x".repeat(255)));
    assert_eq!(about("x".repeat(256)), None);
    assert_eq!(about(format!("{}{uuid}", "x".repeat(300))).as_deref(), Some(uuid));
}

fn text() -> impl Strategy<Value = String> {
    "[a-zé ]{1,12}"
}

fn data() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        text().prop_map(Value::from)
    ];
    leaf.prop_recursive(3, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(text(), inner, 0..4)
                .prop_map(|m| Value::Object(m.into_iter().collect())),
        ]
    })
}

fn object() -> impl Strategy<Value = Map<String, Value>> {
    prop::collection::btree_map(text(), data(), 0..4).prop_map(|m| m.into_iter().collect())
}

prop_compose! {
    fn entry()(id: u128, kind in 0..5_usize, message in text(), code in prop::option::of(text()), debug in prop::option::of(object())) -> ErrorEntry {
        ErrorEntry {
            error_type: ["debug", "info", "warning", "softerror", "harderror"][kind].to_owned(),
            error_uuid: uuid::Uuid::from_u128(id).to_string(),
            error_sender: "gdd".to_owned(),
            error_code: code,
            error_message: message,
            timestamp: "2016-05-29T15:03:50Z".to_owned(),
            error_debug: debug,
        }
    }
}

prop_compose! {
    fn message()(
        first: bool,
        id: u128,
        kind in 0..4_usize,
        key in "[a-z]{1,6}(\\.[a-z0-9-]{1,6}){0,3}",
        sender in text(),
        reply_to in prop::option::of(text()),
        correlation_id in prop::option::of(text()),
        any_data in data(),
        fields in object(),
        errors in prop::collection::vec(entry(), 0..3),
        softfails: u32,
        headers in object(),
    ) -> Message {
        let version = if first { Version::V1 } else { Version::V2 };
        Message {
            version,
            id: Some(uuid::Uuid::from_u128(id).to_string()),
            kind: [Kind::Event, Kind::Request, Kind::Reply, Kind::Log][kind],
            routing_key: key,
            sender: Some(sender),
            created: first.then(|| "2016-05-29T15:03:50Z".to_owned()),
            reply_to,
            correlation_id,
            data: if first { Value::Object(fields) } else { any_data },
            errors: errors
                .into_iter()
                .map(|entry| if first { entry } else { ErrorEntry { error_debug: None, ..entry } })
                .collect(),
            softfails,
            headers,
        }
    }
}

proptest! {
    #[test]
    fn what_is_written_is_read_as_it_was(message in message()) {
        let (properties, body) = encode(&message);
        prop_assert_eq!(decode(&message.routing_key, &properties, &body).unwrap(), message);
    }

    #[test]
    fn anything_is_read_or_refused(key: String, body: Vec<u8>, version in prop::option::of("[12]\\.0"), kind: Option<String>) {
        let mut properties = Properties { kind, ..Properties::default() };
        properties.headers.extend(version.map(|version| ("soa-version".to_owned(), version.into())));
        let _ = decode(&key, &properties, &body);
    }

    #[test]
    fn any_key_becomes_the_name_of_an_event(key: String) {
        prop_assert!(check::is_event_name(&check::event_name(&key)));
    }
}
