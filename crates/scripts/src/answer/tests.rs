use proptest::prelude::*;
use serde_json::json;

use super::*;

fn answer(text: &str) -> (i32, Option<String>) {
    match find(text.as_bytes()) {
        Found::Answer(answer) => (answer.status().unwrap(), answer.message()),
        other => panic!("{text:?} gives {other:?}"),
    }
}

fn status(text: &str) -> i32 {
    answer(text).0
}

#[test]
fn the_last_object_with_a_status_is_the_answer() {
    assert_eq!(status(r#"{"status":1}{"status":2}"#), 2);
    assert_eq!(status("{\"status\":1}\n{\"progress\":50}\n"), 1);
    assert_eq!(status(r#"{"status":3,"data":{"status":0}}"#), 3);
    assert_eq!(status(r#"{"status":0} {"status":"whatever"}"#), 0);
}

#[test]
fn noise_around_it_does_no_harm() {
    let answers = [
        "it's 5\" wide }{ {status: 0}\n{\"status\":7}",
        "{\"status\":7} trailing \" } {",
        "{'status': 1}\nTraceback (most recent call last): {\"x\n{\"status\":7}",
        "{\"open\": [1, 2,\n{\"status\":7}",
        "{\"broken {\"status\":7}",
        "\u{feff}{\"status\":7}",
        "{\r\n  \"status\" : 7,\r\n  \"message\" : \"x\"\r\n}\r\n",
        "[{\"status\":7}]",
        "{\"a\":\"\\x\"} {\"status\":7}",
        "\0\u{1}{\"status\":7}\0",
    ];
    for text in answers {
        assert_eq!(status(text), 7, "{text:?}");
    }
}

#[test]
fn what_is_not_quite_json_is_read_all_the_same() {
    let text = |message| (0, Some(String::from(message)));
    assert_eq!(answer(r#"{"status":0,"message":"m","data":{"x":NaN,"y":-Infinity,"z":1e999}}"#), text("m"));
    assert_eq!(answer("{\"status\":0,\"message\":\"two\nlines\ttab\"}"), text("two\nlines\ttab"));
    assert_eq!(
        answer(r#"{"status":0,"message":"\ud83d\ude00 \ud83d x \udc00\u00e9"}"#),
        text("😀 \u{fffd} x \u{fffd}é")
    );
    assert_eq!(answer(r#"{"status":1,"message":"old","status":0,"message":"new"}"#), text("new"));
    assert_eq!(answer(r#"{"status":0,"message":"it\'s"}"#), text("it's"));
    let latin1 = b"{\"status\":0,\"message\":\"\xe9t\xe9\"}";
    let Found::Answer(found) = find(latin1) else { panic!() };
    assert_eq!(found.message().unwrap(), "\u{fffd}t\u{fffd}");
}

#[test]
fn the_original_takes_names_of_codes_too() {
    assert_eq!(status(r#"{"status":"OK"}"#), 0);
    assert_eq!(status(r#"{"status":"INVALID_CREDENTIALS"}"#), 16);
    assert_eq!(status(r#"{"status":1.0}"#), 1);
    assert_eq!(status(r#"{"status":-1}"#), -1);
    assert_eq!(status(r#"{"status":99999999999}"#), i32::MAX);
    assert_eq!(status(r#"{"status":1e300}"#), i32::MAX);
}

#[test]
fn an_object_whose_status_says_nothing_is_only_a_remark() {
    for text in [
        r#"{"status":"0","message":"m"}"#,
        r#"{"status":null,"message":"m"}"#,
        r#"{"status":true,"message":"m"}"#,
        r#"{"status":0.5,"message":"m"}"#,
        r#"{"message":"m"}"#,
        r#"{"status":[0],"message":"m"}"#,
    ] {
        let Found::Remark(remark) = find(text.as_bytes()) else { panic!("{text}") };
        assert_eq!(remark.message().as_deref(), Some("m"), "{text}");
    }
    for text in ["", "{}", "no answer", "{\"a\":1}", "[0]", "{", "}", "{{{{", "\"{\\\"status\\\":0}\""] {
        assert_eq!(find(text.as_bytes()), Found::Nothing, "{text}");
    }
}

#[test]
fn a_message_of_another_kind_is_shown_as_json() {
    assert_eq!(answer(r#"{"status":1,"message":{"a":1}}"#).1.as_deref(), Some(r#"{"a":1}"#));
    assert_eq!(answer(r#"{"status":1,"message":null}"#).1, None);
    assert_eq!(answer(r#"{"status":1,"message":""}"#).1, None);
}

#[test]
fn retry_after_is_bounded() {
    let after = |value: &str| {
        let Found::Answer(answer) = find(format!(r#"{{"status":1,"retry_after":{value}}}"#).as_bytes())
        else {
            panic!()
        };
        answer.retry_after()
    };
    assert_eq!(after("90"), Some(Duration::from_secs(90)));
    assert_eq!(after("0.5"), Some(Duration::from_millis(500)));
    assert_eq!(after("\"30\""), Some(Duration::from_secs(30)));
    assert_eq!(after("1e300"), Some(Duration::from_hours(30 * 24)));
    for nonsense in ["-1", "NaN", "\"soon\"", "null", "[]", "\"NaN\""] {
        assert_eq!(after(nonsense), None, "{nonsense}");
    }
}

#[test]
fn nesting_beyond_reason_is_told() {
    let deep = format!("{}1{}", "[".repeat(5000), "]".repeat(5000));
    let text = format!(r#"{{"status":0,"message":"kept","data":{deep}}}"#);
    assert_eq!(answer(&text), (0, Some("kept".to_owned())));
    let Found::Answer(found) = find(text.as_bytes()) else { panic!() };
    assert!(found.too_deep);
    let Found::Answer(next) = find(format!(r#"{text} {{"status":0}}"#).as_bytes()) else { panic!() };
    assert!(!next.too_deep, "it is said of the object that it is true of");
    // What is kept can be read back from the journal.
    let stored = found.into_value().to_string();
    assert!(serde_json::from_str::<Value>(&stored).is_ok());
}

#[test]
fn the_place_of_the_answer_is_known() {
    let text = r#"before {"status":0} after"#;
    let Found::Answer(found) = find(text.as_bytes()) else { panic!() };
    assert_eq!(&text[found.place], r#"{"status":0}"#);
}

/// Texts of which a reader that starts again at each brace would read large parts again and again.
#[test]
fn hostile_texts_are_read_in_linear_time() {
    let size = 200_000;
    let hostile = [
        "{".repeat(size),
        r#"{"a":"#.repeat(size / 5),
        r#"{"a":["#.repeat(size / 6),
        r#"{"a":"{"#.repeat(size / 7),
        r#"{"{":1,"#.repeat(size / 7),
        format!("{}{}", r#"{"a":1,"b":{"#.repeat(size / 12), "x".repeat(size)),
        format!("{{{}", r#""{":":",",":"#.repeat(size / 10)),
        format!("{{\"a\":[{}", r#"{"b":{"c":{}}},"#.repeat(size / 15)),
        "{ \n".repeat(size / 3),
        r#"{"\"{\"":"#.repeat(size / 8),
    ];
    for text in hostile {
        let mut reader = Reader::new(text.as_bytes());
        let (mut from, mut work) = (0, 0);
        while let Some(start) = next_brace(text.as_bytes(), from) {
            reader.at = start;
            from = reader.object_at(start).map_or(start + 1, |(_, end)| end);
            work += reader.at - start;
        }
        assert!(work <= 8 * text.len(), "{work} steps for {} bytes of {:?}…", text.len(), &text[..30]);
    }
}

fn json_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        // Whole ones are written as JavaScript does.
        any::<f64>().prop_filter("no whole number", |number| number.fract() != 0.0).prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(6, 64, 8, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..8).prop_map(Value::from),
            prop::collection::vec((any::<String>(), inner), 0..8)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn no_text_is_too_strange(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let _ = find(&bytes);
    }

    #[test]
    fn no_text_of_json_pieces_is_too_strange(
        pieces in prop::collection::vec(prop::sample::select(vec![
            "{", "}", "[", "]", "\"", "\\", ":", ",", "status", "\"status\"", "0", "1e9", "null", "NaN", "\\u", "d800", " ", "\n", "é",
        ]), 0..200),
    ) {
        let text = format!("{}{}", pieces.concat(), r#" {"status": 4}"#);
        // Nothing before the answer can make it a part of something else: no object is closed after it.
        let Found::Answer(answer) = find(text.as_bytes()) else { panic!("{text:?}") };
        prop_assert_eq!((answer.status(), answer.place.end), (Some(4), text.len()));
    }

    /// All that is JSON is read as the standard says.
    #[test]
    fn it_agrees_with_the_standard(data in json_value(), pretty: bool) {
        let whole = json!({"status": 0, "data": data});
        let text = if pretty { format!("{whole:#}") } else { whole.to_string() };
        let Found::Answer(answer) = find(text.as_bytes()) else { panic!("{text}") };
        let standard: Value = serde_json::from_str(&text).unwrap();
        prop_assert_eq!(answer.into_value(), standard);
    }
}
