//! Request documents: what is understood, and in which words the rest is refused.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

use intendant_api::decode::{Beside, request};
use jiff::Timestamp;
use model::{Class, Request};
use proptest::prelude::*;
use serde_json::{Value, json};

const NOW: &str = "2026-11-30T12:00:00Z";

fn now() -> Timestamp {
    NOW.parse().unwrap()
}

fn read(document: impl AsRef<[u8]>) -> Request {
    request(document.as_ref(), "http", &Beside::default(), now()).unwrap()
}

/// The code and the sentence with which it is refused.
fn refused(document: impl AsRef<[u8]>) -> (String, String) {
    let why = request(document.as_ref(), "http", &Beside::default(), now()).unwrap_err();
    (why.code.to_string(), why.message)
}

fn sentence(document: impl AsRef<[u8]>) -> String {
    let (code, message) = refused(document);
    assert_eq!(code, "unreadable");
    message.strip_prefix("the document is refused: ").unwrap().to_owned()
}

#[test]
fn the_seeds_own_document_is_taken_as_it_is() {
    let text = r#"{"concernedTo":"66c2","payload":{"identity":{"action":"IDENTITY_UPDATE","identity":{"z":null,"a":1.5}}},"options":{}}"#;
    let request = read(text);
    assert_eq!(request.action, "IDENTITY_UPDATE");
    assert_eq!(request.source, "http");
    assert_eq!(serde_json::to_string(&request.body).unwrap(), text);
    assert_eq!((request.external_id, request.subject, request.class), (None, None, None));
}

#[test]
fn our_members_are_taken_out_and_the_rest_keeps_its_order() {
    let request = read(
        r#"{"options":{"b":1,"a":2},"id":"x-1","payload":{"uid":"u"},"action":"DO","trace":"t-9","class":"interactive",
            "concernedTo":null,"subject":"account:36a7:b","deadline":"2026-11-30T18:00:00.1234+01:00"}"#,
    );
    assert_eq!(
        serde_json::to_string(&request.body).unwrap(),
        r#"{"options":{"b":1,"a":2},"payload":{"uid":"u"},"concernedTo":null}"#
    );
    assert_eq!(request.action, "DO");
    assert_eq!(request.external_id.as_deref(), Some("x-1"));
    assert_eq!(request.subject.as_ref().unwrap().kind(), "account");
    assert_eq!(request.subject.as_ref().unwrap().value(), "36a7:b");
    assert_eq!(request.class, Some(Class::Interactive));
    assert_eq!(request.trace.as_deref(), Some("t-9"));
    assert_eq!(request.deadline, Some("2026-11-30T17:00:00.123Z".parse().unwrap()));
}

#[test]
fn a_deadline_may_be_seconds_from_now() {
    let deadline = |value: &str| read(format!(r#"{{"action":"DO","deadline":{value}}}"#)).deadline;
    assert_eq!(deadline("90"), Some("2026-11-30T12:01:30Z".parse().unwrap()));
    assert_eq!(deadline("0.25"), Some("2026-11-30T12:00:00.250Z".parse().unwrap()));
    assert_eq!(deadline("null"), None);
    for wrong in ["-1", "1e300", "true", r#""soon""#, r#""2026-11-30""#, "[]"] {
        let sentence = sentence(format!(r#"{{"action":"DO","deadline":{wrong}}}"#));
        assert!(sentence.starts_with(r#""deadline" must be a time such as"#), "{wrong}: {sentence}");
    }
}

#[test]
fn a_byte_order_mark_is_tolerated() {
    assert_eq!(read(b"\xef\xbb\xbf{\"action\":\"DO\"}").action, "DO");
}

#[test]
fn what_is_said_beside_the_document_counts_too() {
    let beside = |action: Option<&str>, id: Option<&str>| Beside {
        action: action.map(str::to_owned),
        id: id.map(str::to_owned),
        trace: None,
    };
    let take =
        |document: &Value, beside: &Beside| request(document.to_string().as_bytes(), "http", beside, now());

    // Before Sesame's own wrapper, and not against the document.
    let wrapped = json!({"payload": {"identity": {"action": "IDENTITY_UPDATE"}}});
    let given = take(&wrapped, &beside(Some("IDENTITY_DELETE"), Some("k"))).unwrap();
    assert_eq!((given.action.as_str(), given.external_id.as_deref()), ("IDENTITY_DELETE", Some("k")));

    let named = json!({"action": "DO", "id": "k"});
    assert!(take(&named, &beside(Some("DO"), Some("k"))).is_ok());
    let message = take(&named, &beside(Some("UNDO"), None)).unwrap_err().message;
    assert!(message.contains("the action in the document is not the one given beside it"), "{message}");
    let message = take(&named, &beside(None, Some("other"))).unwrap_err().message;
    assert!(message.contains("the id in the document is not the one given beside it"), "{message}");
}

#[test]
fn what_is_not_json_is_refused_with_its_place() {
    let cases: [(&[u8], &str); 14] = [
        (b"", "it is empty"),
        (b" \n\t ", "it is empty"),
        (b"\xef\xbb\xbf", "it is empty"),
        (b"\xff\xfe{\0", "it is written in UTF-16: save it as UTF-8"),
        (b"{\n \"a\": \"caf\xe9\"}", "line 2, column 11: not UTF-8"),
        (b"hello", "line 1, column 1: not JSON: expected value"),
        (b"{'action': 1}", "line 1, column 2: not JSON: key must be a string"),
        (b"{\"action\": \"DO\",}", "line 1, column 17: not JSON: trailing comma"),
        (
            b"{\"action\":\n \"DO\"",
            "it breaks off at line 2, column 5 (EOF while parsing an object): is it whole?",
        ),
        (b"{\"action\": \"DO\"} x", "line 1, column 18: not JSON: trailing characters"),
        (b"{\"action\": NaN}", "line 1, column 12: not JSON: expected value"),
        (b"{\"payload\": 1e999}", "line 1, column 17: number out of range"),
        (
            b"{\"id\": \"a\nb\"}",
            "line 2, column 0: not JSON: control character (\\u0000-\\u001F) found while parsing a string",
        ),
        (b"{\"id\": \"\\ud800\"}", "line 1, column 15: not JSON: unexpected end of hex escape"),
    ];
    for (document, expected) in cases {
        assert_eq!(sentence(document), expected, "{}", String::from_utf8_lossy(document));
    }
}

#[test]
fn duplicate_members_are_refused_at_any_depth() {
    assert_eq!(
        sentence("{\"action\": \"DO\",\n\"payload\": {\"uid\": 1,\n \"uid\": 2}}"),
        "line 3, column 6: \"uid\" is given twice"
    );
    assert!(sentence(r#"{"action":"DO","action":"DO"}"#).contains("\"action\" is given twice"));
    assert!(sentence(r#"{"action":"DO","payload":{"a":[{"b":1,"b":1}]}}"#).contains("\"b\" is given twice"));
}

#[test]
fn too_deep_is_refused_without_harm() {
    let depth = 200_000;
    let deep = format!("{{\"payload\": {}{}}}", "[".repeat(depth), "]".repeat(depth));
    assert!(sentence(deep).ends_with("nested deeper than 96 levels"));
    let nested = |levels: usize| {
        format!("{{\"action\":\"DO\",\"payload\":{{\"a\":{}{}}}}}", "[".repeat(levels), "]".repeat(levels))
    };
    read(nested(94));
    assert!(sentence(nested(95)).ends_with("nested deeper than 96 levels"));
}

#[test]
fn what_would_take_too_much_memory_is_refused_with_a_code_of_its_own() {
    let many = format!("{{\"action\":\"DO\",\"payload\":{{\"a\":[{}{{}}]}}}}", "{},".repeat(2_000_000));
    let (code, message) = refused(many);
    assert_eq!(code, "too_many_values");
    assert!(message.contains("send it in several parts"), "{message}");
}

#[test]
fn whole_numbers_keep_their_digits() {
    let text = r#"{"payload":{"n":123456789012345680000,"m":700700700700700700701}}"#;
    let request = read(text.replacen('{', r#"{"action":"DO","#, 1));
    assert_eq!(request.body.to_string(), text);
}

#[test]
fn shapes_are_refused_in_words() {
    assert!(sentence("[]").starts_with("an array, where one object is expected"));
    for single in ["1", "null", "true", "\"text\""] {
        assert!(sentence(single).starts_with("a single value, where one object is expected"));
    }
    assert!(sentence("{}").starts_with("no action: name it in the member \"action\""));
    assert_eq!(sentence(r#"{"action":7}"#), "\"action\" must be a string, not a number");
    assert_eq!(sentence(r#"{"action":""}"#), "\"action\" is empty: leave it out, or say something");
    assert_eq!(
        sentence(r#"{"action":"DO","class":"urgent"}"#),
        "\"class\" must be \"interactive\" (someone waits) or \"bulk\""
    );
    assert_eq!(sentence(r#"{"action":"DO","id":["a"]}"#), "\"id\" must be a string, not an array");
    assert_eq!(
        sentence(r#"{"action":"DO","payload":"{}"}"#),
        "\"payload\" must be an object or null, not a string"
    );
    assert_eq!(
        sentence(r#"{"action":"DO","payload":[]}"#),
        "\"payload\" must be an object or null, not an array"
    );
    assert_eq!(
        sentence(r#"{"action":"DO","options":true}"#),
        "\"options\" must be an object or null, not a boolean"
    );
    assert_eq!(
        sentence(r#"{"action":"DO","concernedTo":{}}"#),
        "\"concernedTo\" must be a string or null, not an object"
    );
    assert_eq!(
        sentence(r#"{"action":"DO","trace":"a\u0000b"}"#),
        "\"trace\" holds control characters (a line break, for example)"
    );
    assert!(
        sentence(format!(r#"{{"action":"DO","id":"{}"}}"#, "x".repeat(513)))
            .contains("longer than 512 bytes")
    );
    for name in ["@backend", "two words", "a\\u0000b", "é", "-x", "a*"] {
        let sentence = sentence(format!(r#"{{"action":"{name}"}}"#));
        assert!(sentence.contains("action") && !sentence.contains(name), "{name}: {sentence}");
    }
    let (code, message) = refused(r#"{"action":"DO","subject":"nocolon"}"#);
    assert_eq!(code, "bad_subject");
    assert!(message.contains("kind:value") && !message.contains("nocolon"), "{message}");
}

#[test]
fn an_unknown_member_is_named_with_what_was_probably_meant() {
    assert_eq!(
        sentence(r#"{"action":"DO","paylaod":{}}"#),
        "unknown member \"paylaod\": did you mean \"payload\"?"
    );
    assert_eq!(sentence(r#"{"Action":"DO"}"#), "unknown member \"Action\": did you mean \"action\"?");
    assert_eq!(
        sentence(r#"{"concerned_to":"x"}"#),
        "unknown member \"concerned_to\": did you mean \"concernedTo\"?"
    );
    assert!(sentence(r#"{"uid":"x"}"#).contains("known are action, subject, id"));
    assert!(sentence(r#"{"inetOrgPerson":{}}"#).contains("known are action, subject, id"));
    let long = sentence(format!("{{\"{}\":1}}", "k".repeat(5000)));
    assert!(long.len() < 250, "{long}");
}

#[test]
fn no_value_is_ever_repeated() {
    let canary = "C4n4ry-7719";
    let documents = [
        canary.to_owned(),
        format!("\"{canary}\""),
        format!("{{\"action\": {canary}}}"),
        format!("{{\"action\": \"{canary} with blanks\"}}"),
        format!("{{\"action\":\"DO\",\"payload\":\"{canary}\"}}"),
        format!("{{\"action\":\"DO\",\"payload\":{{\"password\":\"{canary}\""),
        format!("{{\"action\":\"DO\",\"payload\":{{\"password\":\"{canary}\",\"password\":\"{canary}\"}}}}"),
        format!("{{\"action\":\"DO\",\"subject\":\"{canary}\"}}"),
        format!("{{\"action\":\"DO\",\"class\":\"{canary}\"}}"),
        format!("{{\"action\":\"DO\",\"deadline\":\"{canary}\"}}"),
        format!("{{\"action\":\"DO\",\"id\":\"{canary}\\n\"}}"),
        format!("{{\"action\":\"DO\",\"unknown\":\"{canary}\"}}"),
        format!("{{\"action\":\"DO\",\"payload\":{{\"a\":\"{canary}\\q\"}}}}"),
    ];
    for document in documents {
        let (_, message) = refused(&document);
        assert!(!message.contains(canary), "{document}: {message}");
    }
}

proptest! {
    #[test]
    fn any_bytes_are_taken_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = request(&bytes, "http", &Beside::default(), now());
    }

    #[test]
    fn any_text_like_json_is_taken_or_refused(text in r#"[{}\[\]:,"0-9a-z\\ \n-]{0,80}"#) {
        let _ = request(text.as_bytes(), "http", &Beside::default(), now());
    }

    /// However a document is cut off, it is refused, and never read as something shorter.
    #[test]
    fn a_document_that_is_cut_off_is_refused(payload in json(), cut in any::<prop::sample::Index>()) {
        let whole = json!({"action": "DO", "payload": {"a": payload}}).to_string();
        prop_assert!(request(&whole.as_bytes()[..cut.index(whole.len())], "http", &Beside::default(), now()).is_err());
    }

    /// What backends read has exactly the values that were sent, in the order in which they were sent.
    #[test]
    fn a_document_reaches_backends_unchanged(payload in json(), options in json()) {
        let body = json!({"options": {"o": options}, "concernedTo": "c", "payload": {"p": payload}});
        let mut document = body.clone();
        document["action"] = json!("DO");
        document["id"] = json!("i");
        let request = read(document.to_string());
        prop_assert_eq!(serde_json::to_string(&request.body).unwrap(), serde_json::to_string(&body).unwrap());
    }
}

/// Any JSON value, a few levels deep.
fn json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        // Whole ones are written as JavaScript does.
        prop::num::f64::NORMAL
            .prop_filter("no whole number", |number| number.fract() != 0.0)
            .prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 32, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::vec((any::<String>(), inner), 0..6)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}
